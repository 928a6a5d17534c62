"""The room that templates run in: they reach what they are given, and nothing behind it."""

import re
from functools import wraps
from typing import Any

from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

_MOST = 1_000_000
"""So long may become what a template multiplies, raises or pads: an email is a tenth of it."""

_WIDTH = re.compile(r"\d{7,}|\*")
_POWERS = 1_000
_PADDING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})


class Sandbox(SandboxedEnvironment):
    """A sandbox that remembers what it found safe.

    Whether an attribute is safe depends on the type of its object and on its name alone, and a long list asks for
    the same few of them again and again.
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - whatever Jinja2 takes
        """Begin with nothing known."""
        super().__init__(*args, **options)
        self.globals.pop("lipsum", None)
        for name in ("center", "indent", "format"):
            self.filters[name] = _bounded(self.filters[name], is_pattern=name == "format")
        self._known: dict[tuple[type, str], bool] = {}

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401 - any object, any value
        """An attribute, or an item of that name; most were found safe before."""
        if self._known.get((type(obj), attribute)) and not isinstance(obj, str):
            try:
                return getattr(obj, attribute)
            except AttributeError:
                pass
        return super().getattr(obj, attribute)

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401 - any operands
        """Compute, unless that may take for ever or all memory: a slip of the pen stops no press."""
        if operator == "**" and (_is_above(left, _MOST) or _is_above(right, _POWERS)):
            raise SecurityError("** with such numbers is more than a template may compute")
        if operator == "*" and max(_length(left, right), _length(right, left)) > _MOST:
            raise SecurityError("this repeats more than a template may show")
        if operator == "%" and isinstance(left, str):
            _refuse_wide(left)
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ANN401 - any object
        """Whether a template may have this attribute."""
        place = (type(obj), attr)
        known = self._known.get(place)
        if known is None:
            is_padding = isinstance(obj, str) and attr in _PADDING
            known = self._known[place] = not is_padding and bool(super().is_safe_attribute(obj, attr, value))
        return known


def _length(repeated: object, times: object) -> int:
    """How long a text or list becomes that is repeated, 0 if it is neither."""
    is_repeated = isinstance(repeated, str | bytes | list | tuple) and isinstance(times, int)
    return len(repeated) * times if is_repeated else 0  # type: ignore[arg-type, operator]


def _is_above(number: object, most: int) -> bool:
    return isinstance(number, int | float) and abs(number) > most


def _refuse_wide(pattern: str) -> None:
    """See that a pattern of `%` pads to no width that nobody wants."""
    if _WIDTH.search(pattern):
        raise SecurityError("this pads more than a template may show")


def _bounded(filter_: Any, *, is_pattern: bool) -> Any:  # noqa: ANN401 - any filter
    """A filter that pads by at most so many characters; or by a pattern of `%`."""

    @wraps(filter_)
    def bounded(*values: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the filter takes
        if is_pattern:
            _refuse_wide(str(values[0]))
        elif any(_is_above(value, _MOST) for value in (*values, *named.values())):
            raise SecurityError("this pads more than a template may show")
        return filter_(*values, **named)

    return bounded
