"""The options that every command takes, before its name or after it."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_SHARED = (
    click.option(
        "--publication", metavar="DIR", help="Folder of the publication (default: here, or the nearest above)."
    ),
    click.option("--now", metavar="INSTANT", help="Pretend it is then, like 2017-09-04T07:00."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document."),
    click.option("--quiet", is_flag=True, help="Say nothing beside the result."),
)


def shared_options(command: F) -> F:
    """Give a command or group the four options; they arrive as `publication now as_json quiet`."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


def remember(ctx: click.Context, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever click read
    """Keep what was given here, over what was given before the name, for all commands below; returns both."""
    ctx.obj = {**(ctx.obj or {}), **{name: value for name, value in given.items() if value}}
    kept: dict[str, Any] = ctx.obj
    return kept


_shown: list[bool] = []


def begin_output() -> None:
    """Begin a run of the command line: nothing was printed as its result yet."""
    _shown.clear()


def note_output() -> None:
    """Note that the result was printed: an error that comes after it prints no second document."""
    _shown.append(True)


def has_output() -> bool:
    """Whether the result was printed."""
    return bool(_shown)
