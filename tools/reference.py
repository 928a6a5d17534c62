"""The generated parts of docs/reference: each function returns Markdown made from the code itself."""

import dataclasses
import enum
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from sparkpub import errors, press
from sparkpub.adapters import ledger
from sparkpub.adapters.config import config_schema
from sparkpub.cli import COMMANDS, SECTIONS, sparkpub
from sparkpub.core import article, bounces, cards, decisions, email, model, pages, records, reports, settings
from sparkpub.core.issues import issue_schema
from sparkpub.core.lint import LINTS

WIDTH = 96
TEMPLATES = Path(__file__).parent.parent / "templates"


def cli() -> str:
    """Every command with its help, as a terminal of 96 columns shows it."""
    top = click.Context(
        sparkpub,
        info_name="sparkpub",
        max_content_width=WIDTH,
        terminal_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    parts = [f"```text\n{sparkpub.get_help(top).rstrip()}\n```\n"]
    for section, subtitle in SECTIONS.items():
        parts.append(f"## {section}: {subtitle}\n")
        for name, (_, where, _) in COMMANDS.items():
            command = sparkpub.get_command(top, name)
            if where == section and command is not None:
                parts += _sections(command, name, top, level=3)
    return "\n".join(parts).rstrip()


def _sections(command: click.Command, name: str, above: click.Context, *, level: int) -> Iterator[str]:
    """A command and those below it, each as a section."""
    context = click.Context(command, info_name=name, parent=above)
    yield f"{'#' * level} `{context.command_path}`\n\n```text\n{_without_shared(command.get_help(context))}\n```\n"
    if isinstance(command, click.Group):
        for sub_name, sub in command.commands.items():
            yield from _sections(sub, sub_name, context, level=level + 1)


_SHARED = re.compile(r"\n  (?:--publication DIR|--now INSTANT|--json|--quiet|-h, --help) [^\n]*")


def _without_shared(text: str) -> str:
    """A help text without the options that every command takes, and without the heading if no other is left."""
    return _SHARED.sub("", text).rstrip().removesuffix("\n\nOptions:")


def config() -> str:
    """Every table and key of sparkpub.toml."""
    schema = config_schema()
    definitions = schema.get("$defs", {})
    parts = []
    for table, value in schema["properties"].items():
        definition, is_named = _definition(value, definitions)
        head = f"[{table}.NAME]" if is_named else f"[{table}]"
        required = set(definition.get("required", ()))
        rows = [
            (f"`{key}`", "required" if key in required else _default(field), _meaning(field))
            for key, field in definition.get("properties", {}).items()
        ]
        parts.append(f"## `{head}`\n\n{definition.get('description', '').strip()}\n")
        parts.append(_grid(("key", "default", "means"), rows) + "\n")
    return "\n".join(parts).rstrip()


def front_matter() -> str:
    """Every key of an issue file's front matter, the keys below a key in tables of their own."""
    schema = issue_schema()
    definitions = schema.get("$defs", {})
    required = set(schema.get("required", ()))
    rows, below = [], []
    for key, field in schema["properties"].items():
        note = " **Required.**" if key in required else ""
        rows.append((f"`{key}`", _meaning(field) + note))
        definition, _ = _definition(field, definitions)
        if inner := definition.get("properties"):
            cells = [(f"`{sub}`", _meaning(value)) for sub, value in inner.items()]
            below.append(f"## Below `{key}:`\n\n{_meaning(field)}\n\n{_grid(('key', 'means'), cells)}")
    return "\n\n".join(["## Keys\n\n" + _grid(("key", "means"), rows), *below])


def _definition(value: dict[str, Any], definitions: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The table behind a property, and whether there may be several of it under names."""
    is_named = isinstance(value.get("additionalProperties"), dict)
    inner = value["additionalProperties"] if is_named else value
    for option in (inner, *inner.get("anyOf", ())):
        if "$ref" in option:
            return definitions[option["$ref"].rpartition("/")[2]], is_named
    return inner, is_named


def _default(field: dict[str, Any]) -> str:
    """A default as TOML writes it; a dash where there is none."""
    default = field.get("default")
    if default is None or default in ("", [], {}):
        return "–"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, str):
        text = default.removesuffix(":00") if re.fullmatch(r"\d\d:\d\d:00", default) else default
        return f"`'{text}'`" if '"' in text else f'`"{text}"`'
    return f"`{default}`"


def _meaning(field: dict[str, Any]) -> str:
    """A key's description, with the values it may have."""
    words = " ".join(field.get("description", "").split())
    values = [f"`{value}`" for value in field.get("enum", ()) if value]
    return f"{words} One of {', '.join(values)}." if len(values) > 1 else words


def glossary() -> str:
    """Every noun with the first paragraph of its class docstring, and the words for its states."""
    more = (
        settings.PublicationSettings,
        settings.SeriesSettings,
        settings.AudienceSettings,
        press.Press,
        article.Article,
        ledger.Inquiry,
        bounces.Meaning,
        bounces.Score,
        reports.Report,
        reports.ReportKind,
        reports.Voucher,
    )
    rows = {_noun(cls): _meaning_of(cls) for cls in (*more, *_classes(model), *_classes(records), *_classes(decisions))}
    rows["ledger"] = (ledger.__doc__ or "").partition("\n")[0].removeprefix("The ledger: ").capitalize()
    return _grid(("word", "means"), [(f"**{word}**", rows[word]) for word in sorted(rows)])


def _noun(cls: type) -> str:
    """A class as a word: `delivery state`."""
    name = cls.__name__.removesuffix("Settings")
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


def _meaning_of(cls: type) -> str:
    """What a class is, in the first paragraph of its docstring; of a set of words, the words."""
    sentence = " ".join(inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].split())
    if not issubclass(cls, enum.Enum):
        return sentence
    words = [str(member.value) for member in cls]
    return sentence if all(word in sentence for word in words) else f"{sentence} {', '.join(f'`{w}`' for w in words)}."


def _classes(module: Any) -> Iterator[type]:  # noqa: ANN401 - any module
    """The public classes that a module defines, in the order it does."""
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__ and not value.__name__.startswith("_"):
            yield value


def lints() -> str:
    """Every lint with its code, severity and summary."""
    rows = [(f"`{lint.code}`", lint.severity.value, lint.summary) for lint in LINTS.values()]
    return _grid(("code", "severity", "what it finds"), rows)


_WAITING = "missed, held, stopped, uncertain, mail for you, rows refused by an import, warnings under `--strict`"
_EXITS = (
    ("0", "done; `tick`, `send` and `run --once` also when there was nothing to do"),
    ("1", f"done, and something waits for a person: {_WAITING}"),
    ("2", "faults in the input or in how the command was used; also where a question was not answered with yes"),
    ("3", "the ledger is missing (this is a copy), foreign, broken or unwilling"),
    ("4", "the relay, the Maildir or the mailbox cannot be used"),
    ("70", "sparkpub itself failed; `SPARKPUB_DEBUG=1` shows the traceback to report"),
    ("75", "another process works here, or the disk is full: try again later"),
    ("130", "ended by Ctrl-C; nothing is lost, the same command goes on"),
)


def exits() -> str:
    """The exit codes, and the tree of errors as its module draws it."""
    drawing = inspect.cleandoc(errors.__doc__ or "").partition("\n\n")[2].partition("\n\n")[0]
    return f"{_grid(('code', 'means'), _EXITS)}\n\n## The tree of errors\n\n```text\n{drawing}\n```"


def template_values() -> str:
    """What templates may name: the email's own list, and the classes that it and the pages are given."""
    comment = re.match(
        r"\{#\s*\n(.*?)#\}", (TEMPLATES / "email" / "email.html.j2").read_text(encoding="utf-8"), re.DOTALL
    )
    listed = inspect.cleandoc(comment[1] if comment else "")
    parts = [f"## An email\n\n```text\n{listed}\n```\n\n## Values and their fields"]
    classes = (
        model.Issue,
        article.Article,
        article.Neighbour,
        email.LeadImage,
        settings.PublicationSettings,
        settings.SeriesSettings,
        pages.Page,
        cards.Card,
        cards.Picture,
    )
    return "\n\n".join([*parts, *(_fields(cls) for cls in classes)])


_MODULE = re.compile(r"\b[a-z_]+\.(?:[a-z_]+\.)*")


def _fields(cls: Any) -> str:  # noqa: ANN401 - any dataclass
    """A dataclass with its docstring and its fields."""
    rows = []
    for field in dataclasses.fields(cls):
        kind = field.type if isinstance(field.type, str) else inspect.formatannotation(field.type)
        rows.append((f"`{field.name}`", f"`{_MODULE.sub('', kind)}`"))
    return f"### {cls.__name__}\n\n{inspect.cleandoc(cls.__doc__ or '')}\n\n{_grid(('field', 'type'), rows)}"


def _grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [" | ".join(cells) for cells in (head, ("---",) * len(head))]
    lines += [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)
