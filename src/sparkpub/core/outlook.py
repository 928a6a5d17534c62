"""What is to be said of a rule before it fires: that it never will, and why."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from sparkpub.core.model import Anniversary, FixedDate, LeapDay, Occurrence, Years
from sparkpub.core.schedule import next_occurrences, numbered


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """Why a rule falls on no day: the front-matter key to blame, what is wrong, and what to write instead."""

    key: str
    message: str
    cure: str


def never(rule: FixedDate | Anniversary) -> Never | None:
    """Why a rule falls on no day at all; None if it falls on one, be that long past."""
    if next_occurrences(rule, date.min, 1):
        return None
    if isinstance(rule, FixedDate):
        return _beyond("release")
    unbounded = replace(rule, from_on=None, until_on=None)
    if first := next_occurrences(unbounded, date.min, 1):
        return _shut_out(rule, unbounded, first[0])
    if rule.leap_day is LeapDay.OMIT and next_occurrences(replace(unbounded, leap_day=LeapDay.BACKWARD), date.min, 1):
        return Never(
            key="leap_day",
            message="it never falls: no year chosen has its day, and `leap_day: omit` leaves such years out",
            cure="write `leap_day: backward` or `forward`, or choose other years",
        )
    return _beyond("years" if isinstance(rule.choice, Years) else "of")


def _beyond(key: str) -> Never:
    """What is outside the time that can be reckoned with."""
    return Never(key=key, message="it never falls within the years 1 to 9999", cure="choose a nearer one")


def _shut_out(rule: Anniversary, unbounded: Anniversary, first: Occurrence) -> Never:
    """Why `from` and `until` leave nothing of a rule that would fall otherwise."""
    if rule.until_on and first.on > rule.until_on:
        return Never(
            key="until",
            message=f"it never falls: until {rule.until_on} is before its first anniversary, {_words(first)}",
            cure="write a later `until`, or choose other years",
        )
    last = _last(unbounded, rule.choice.numbers) if isinstance(rule.choice, Years) else None
    if rule.from_on and last and last.on < rule.from_on:
        return Never(
            key="from",
            message=f"it never falls: from {rule.from_on} is after its last anniversary, {_words(last)}",
            cure="write an earlier `from`, or choose other years",
        )
    return Never(
        key="until",
        message=f"it never falls: no anniversary chosen is from {rule.from_on} to {rule.until_on}",
        cure="widen `from` and `until`, or choose other years",
    )


def _last(rule: Anniversary, numbers: Iterable[int]) -> Occurrence | None:
    """The last occurrence of a rule that chooses these numbers."""
    found = (numbered(rule, number) for number in sorted(numbers, reverse=True))
    return next((one for one in found if one is not None), None)


def _words(occurrence: Occurrence) -> str:
    """An occurrence as messages name it: its date and number."""
    return f"{occurrence.on} (N = {occurrence.number})"
