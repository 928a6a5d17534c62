"""Words that stand in an edition where a reader's own values will be spliced in."""

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

FIELDS = ("unsubscribe_url", "preferences_url")
"""The values that every edition may show; those that its editor asks for come beside them."""

LENGTH = 32
_PREFIX = "sp"
SENTINEL = re.compile(rf"{_PREFIX}[0-9a-f]{{{LENGTH - len(_PREFIX)}}}")
"""What a sentinel looks like, whoever's it is."""


class Sentinels(Mapping[str, str]):
    """Field to sentinel: those of `FIELDS` from the start, others from when they are planted."""

    def __init__(self, seed: str, fields: Iterable[str] = ()) -> None:
        """Start with `FIELDS` and these."""
        self.seed = seed
        self._marks: dict[str, str] = {}
        for name in (*FIELDS, *fields):
            self.plant(name)

    def plant(self, name: str) -> str:
        """The sentinel of a field, which is a field of this edition from now on."""
        mark = self._marks.get(name)
        if mark is None:
            digest = sha256(f"{name}/{self.seed}".encode()).hexdigest()
            mark = self._marks[name] = f"{_PREFIX}{digest[: LENGTH - len(_PREFIX)]}"
        return mark

    @property
    def planted(self) -> tuple[str, ...]:
        """The fields beside `FIELDS`, in the order of their names."""
        return tuple(sorted(set(self._marks) - set(FIELDS)))

    def __getitem__(self, name: str) -> str:
        """The sentinel of a field that is planted."""
        return self._marks[name]

    def __iter__(self) -> Iterator[str]:
        """The fields."""
        return iter(self._marks)

    def __len__(self) -> int:
        """How many fields there are."""
        return len(self._marks)


def sentinels(seed: str, fields: Iterable[str] = ()) -> Sentinels:
    """Field to sentinel: 32 lower-case letters and digits, always the same ones for the same seed.

    An edition carries the sentinels of its own hash, `sentinels(edition.hash, edition.fields)`. They pass through
    Jinja2, Markdown and premailer unchanged, never wrap, need no escaping anywhere, and no text can hold one by
    accident or on purpose, since it would have to contain a part of its own hash.
    """
    return Sentinels(seed, fields)


def counts(text: str, marks: Mapping[str, str]) -> Mapping[str, int]:
    """How often each sentinel stands in a text, by field."""
    return {name: text.count(mark) for name, mark in marks.items()}


def replant(text: str, old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """The text with each sentinel of `old` exchanged for that of the same field in `new`."""
    for name, mark in old.items():
        text = text.replace(mark, new[name])
    return text
