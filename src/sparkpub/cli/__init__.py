"""The command line: words in, one use case, words out.

Only the table below is read for `--help`, so that it stays fast; a command's module is imported when it runs.
"""

import atexit
import gc
import importlib
import io
import os
import sys
from contextlib import suppress
from typing import Any

import click

from sparkpub import __version__
from sparkpub.cli.options import begin_output, has_output, remember, shared_options

# name -> (module, section, first line of its help). A test holds the lines against the commands themselves.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": ("writing", "Write", "Start a new publication, or make this clone the press."),
    "new": ("writing", "Write", "Begin an issue: a file with everything in place but the text."),
    "check": ("writing", "Write", "Find every fault in settings and issues, with line and cure."),
    "preview": ("preview", "Write", "Look at issues as email, page and feed entry while writing."),
    "render": ("writing", "Write", "Write one issue as email, text, message, page and feed entry."),
    "schema": ("writing", "Write", "Print the JSON Schema of an issue or of the settings."),
    "list": ("looking", "Decide", "List the issues with their states and next dates."),
    "show": ("looking", "Decide", "Tell one issue's whole story and its next three occurrences."),
    "queue": ("deciding", "Decide", "Let issues go out on their dates."),
    "hold": ("deciding", "Decide", "Keep an issue back until it is queued again."),
    "skip": ("deciding", "Decide", "Leave out one occurrence of an issue, for good."),
    "calendar": ("looking", "Decide", "List every occurrence with its state and why it falls there."),
    "simulate": ("simulation", "Decide", "Run the whole press against a simulated clock."),
    "tick": ("releasing", "Send", "Release what is due now."),
    "release": ("releasing", "Send", "Release an issue by hand, or take in an archive."),
    "build": ("building", "Send", "Build the site and the feeds."),
    "send": ("mailing", "Send", "Send until nothing is due."),
    "stop": ("mailing", "Send", "Stop one release, or everything, within one message."),
    "resume": ("mailing", "Send", "Go on after a stop."),
    "cancel": ("deliveries", "Send", "Call the rest of a release off, for good."),
    "retry-failed": ("deliveries", "Send", "Try what has failed once more, from the start."),
    "uncertain": ("deliveries", "Send", "List the messages whose end is unknown, or decide about them."),
    "test-send": ("deliveries", "Send", "Send one issue as a marked message, outside the ledger."),
    "status": ("mailing", "Send", "Show the balance: every reader of every release in one column."),
    "why": ("deliveries", "Send", "Tell one address's whole story."),
    "run": ("mailing", "Send", "Do everything in one process: tick, build, send, again."),
    "serve": ("serving", "Send", "Serve the built site and the readers' pages until it is ended."),
    "subscribers": ("readers", "Readers", "The readers: add, list, import, export, unsubscribe."),
    "inbox": ("inbox", "Readers", "What comes back: bounces, complaints, wishes to leave."),
    "backup": ("care", "Care", "Copy the ledger into a file, while everything goes on."),
    "restore": ("care", "Care", "Put a backup in the ledger's place."),
    "doctor": ("care", "Care", "Find what is not well here, each with its cure."),
}
SECTIONS = {
    "Write": "write and check issues",
    "Decide": "what goes out, and when",
    "Send": "release, build and mail",
    "Readers": "who gets it",
    "Care": "keep it well",
}


class SparkpubGroup(click.Group):
    """The top of the command line; it knows the names of its commands before it imports them."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - an exit code, or nothing
        """Run a command; a reader of its output that closes early (`| head`) ends it quietly."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return 0

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the sections."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return the command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"sparkpub.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may be meant."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            import difflib

            close = difflib.get_close_matches(name, COMMANDS, n=1)
            cure = f"did you mean '{close[0]}'?" if close else "`sparkpub --help` lists the commands."
            ctx.fail(f"No such command '{name}'; {cure}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands under their sections, without importing them."""
        del ctx
        width = max(map(len, COMMANDS))
        for section, subtitle in SECTIONS.items():
            rows = [(name.ljust(width), help_) for name, (_, where, help_) in COMMANDS.items() if where == section]
            with formatter.section(f"{section} – {subtitle}"):
                formatter.write_dl(rows)


EPILOG = (
    "Every command takes --publication DIR, --now INSTANT, --json and --quiet. Exit codes: 0 done, 1 something to "
    "attend to, 2 faults in the input or usage, 3 ledger, 4 transport, 75 try again later."
)


@click.group(
    cls=SparkpubGroup,
    invoke_without_command=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sparkpub", message="%(prog)s %(version)s")
@shared_options
@click.pass_context
def sparkpub(ctx: click.Context, /, **given: object) -> int | None:
    """A newsletter press in a folder.

    Editors write Markdown files; sparkpub turns each into an email, feed entries and an archive page, and releases
    each anniversary article on its day, exactly once. Alone, `sparkpub` says what to do next.
    """
    remember(ctx, **given)
    if ctx.invoked_subcommand is not None:
        return None
    from sparkpub.cli.overview import what_next

    code: int | None = ctx.invoke(what_next)
    return code


def main(args: list[str] | None = None) -> None:
    """Run the command line; whatever goes wrong becomes one message and an exit code, never a traceback."""
    atexit.register(gc.freeze)  # the system takes the memory back; Python would look through all of it twice before
    _mind_output()
    begin_output()
    try:
        answer = sparkpub.main(args=args, prog_name="sparkpub", standalone_mode=False)
        code = answer if isinstance(answer, int) else 0
    except (click.Abort, KeyboardInterrupt):
        code = _say("stopped; nothing is lost: run the same command again", 130)
    except click.ClickException as fault:
        fault.show()
        code = 2
        _tell_json(fault.format_message(), code, args)
    except BrokenPipeError:
        code = 0
    except Exception as fault:  # noqa: BLE001 - the one place where everything ends
        code = _say_fault(fault, args)
    _let_go_of_output()
    sys.exit(code)


def _mind_output() -> None:
    """Have somewhere to write even where the caller closed it, and a way to write what its encoding lacks."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        elif isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _let_go_of_output() -> None:
    """Where the result cannot be written any more, keep Python from complaining about it at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(message: str, code: int) -> int:
    """Print a message to stderr and pass the exit code on."""
    click.echo(message, err=True)
    return code


def _say_fault(fault: Exception, args: list[str] | None) -> int:
    """One message for an error of ours, of the disk, or of our own making."""
    from sparkpub.cli.faults import explain

    message, code = explain(fault)
    _tell_json(message, code, args)
    return _say(message, code)


def _tell_json(message: str, code: int, args: list[str] | None) -> None:
    """Where `--json` was asked for and no document was printed yet, print the message as one."""
    if "--json" in (sys.argv[1:] if args is None else args) and not has_output():
        import json

        with suppress(OSError):
            click.echo(json.dumps({"error": message, "exit": code}, indent=2))
