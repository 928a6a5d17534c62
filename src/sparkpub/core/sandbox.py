"""The room that templates run in: they reach what they are given, and nothing behind it."""

from typing import Any

from jinja2.sandbox import SandboxedEnvironment


class Sandbox(SandboxedEnvironment):
    """A sandbox that remembers what it found safe.

    Whether an attribute is safe depends on the type of its object and on its name alone, and a long list asks for
    the same few of them again and again.
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - whatever Jinja2 takes
        """Begin with nothing known."""
        super().__init__(*args, **options)
        self._known: dict[tuple[type, str], bool] = {}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ANN401 - any object
        """Whether a template may have this attribute."""
        place = (type(obj), attr)
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = bool(super().is_safe_attribute(obj, attr, value))
        return known
