"""One request to a webhook, and what is read from JSON that anybody may have written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sparkpub.core.addresses import named_address, plain_line

BODY_MAX: Final = 2_000_000
_WORDS_MAX: Final = 200
_EVENTS_MAX: Final = 5000


class HookRefused(Exception):  # noqa: N818 - it reads as what happened
    """A request that does not come from the provider, or that nobody can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRequest:
    """What came in: header fields by their names in lower case, and the body as it was signed."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def document(body: bytes | str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The JSON of a body.

    Raises:
        HookRefused: it is none.
    """
    if len(body) > BODY_MAX:
        raise HookRefused("the body is too long")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise HookRefused("the body is no JSON") from None


def table(value: object) -> Mapping[str, Any]:
    """A value as a table; an empty one if it is none."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """A value as a list; an empty one if it is none."""
    return value[:_EVENTS_MAX] if isinstance(value, list) else []


def text(value: object) -> str:
    """A value as a text; numbers as they are written, "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value) if not isinstance(value, int) or abs(value) < 1 << 64 else ""


def words(*values: object) -> str:
    """Texts as one short line."""
    return plain_line(" ".join(filter(None, map(text, values))))[:_WORDS_MAX].strip()


def addresses(*values: object) -> tuple[str, ...]:
    """The values that are addresses."""
    return tuple(filter(None, dict.fromkeys(named_address(text(value)) for value in values)))


def event_name(provider: str, *parts: object) -> str:
    """What tells an event from every other of its provider; "" where it has no number."""
    return f"{provider} {words(*parts)}" if any(map(text, parts)) else ""
