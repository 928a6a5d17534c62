"""Which form of a phrase a whole number asks for (Unicode CLDR, plural rules for cardinals)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plurals:
    """The forms that a language has for numbers.

    `names` are CLDR's names of them, in the order in which every table of words has them; the last stands for all
    numbers that no other form is for. `name_of` tells which of them a number takes.
    """

    names: tuple[str, ...]
    name_of: Callable[[int], str]

    def told(self, phrases: Sequence[str], number: int) -> str:
        """The phrase for a number, with the number where it has `{}`: `1 year ago`, `100 years ago`."""
        return phrases[self.names.index(self.name_of(number))].format(number)


def _slavic(number: int) -> str:
    tens, ones = number // 10 % 10, number % 10
    if tens == 1:
        return "many"
    return "one" if ones == 1 else "few" if ones in {2, 3, 4} else "many"


def _arabic(number: int) -> str:
    if small := {0: "zero", 1: "one", 2: "two"}.get(number):
        return small
    part = number % 100
    return "few" if part in range(3, 11) else "many" if part in range(11, 100) else "other"


ONE_OR_OTHER = Plurals(("one", "other"), lambda number: "one" if number == 1 else "other")
"""English, German and most others."""

UP_TO_ONE_OR_OTHER = Plurals(("one", "other"), lambda number: "one" if number <= 1 else "other")
"""French, whose nought is no plural."""

SLAVIC = Plurals(("one", "few", "many"), _slavic)
"""Russian: 1, 21; 2 to 4, 22; all others, 11 to 14 among them."""

ARABIC = Plurals(("zero", "one", "two", "few", "many", "other"), _arabic)
"""Arabic: 0; 1; 2; 3 to 10, 103; 11 to 99, 111; 100 to 102, 200."""
