"""A rule as one line of text and back: what an index of many issues keeps instead of their files."""

import json
from datetime import date, time

from sparkpub.core.model import (
    Anniversary,
    Calendar,
    Every,
    FixedDate,
    LeapDay,
    Match,
    Milestones,
    Observance,
    PrintedDate,
    Years,
)
from sparkpub.core.rules import Zones


def write_rule(rule: FixedDate | Anniversary) -> str:
    """A rule as JSON that `read_rule_text` reads back as an equal rule; its zone by name."""
    ground = [rule.time.isoformat(), str(rule.zone)]
    if isinstance(rule, FixedDate):
        return json.dumps([*ground, rule.on.isoformat()], separators=(",", ":"))
    of = rule.of
    match rule.choice:
        case Years(numbers=numbers):
            choice: list[int] | int | None = sorted(numbers)
        case Every(step=step):
            choice = step
        case Milestones():
            choice = None
    parts = [
        *ground,
        [of.text, of.year, of.month, of.day, of.is_leap_month, of.qualifier],
        [rule.calendar, rule.match, rule.leap_day, rule.observance],
        rule.day,
        choice,
        [day.isoformat() if day else None for day in (rule.from_on, rule.until_on)],
    ]
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def read_rule_text(text: str, zones: Zones) -> FixedDate | Anniversary:
    """The rule that `write_rule` wrote.

    Raises:
        ValueError: it wrote no such text.
    """
    try:
        at, zone, *rest = json.loads(text)
        if len(rest) == 1:
            return FixedDate(on=date.fromisoformat(rest[0]), time=time.fromisoformat(at), zone=zones(zone))
        (printed, year, month, of_day, is_leap_month, qualifier), words, day, choice, bounds = rest
        calendar, match, leap_day, observance = words
        from_on, until_on = (date.fromisoformat(bound) if bound else None for bound in bounds)
        return Anniversary(
            of=PrintedDate(
                text=printed, year=year, month=month, day=of_day, is_leap_month=is_leap_month, qualifier=qualifier
            ),
            calendar=Calendar(calendar),
            match=Match(match),
            choice=_choice(choice),
            time=time.fromisoformat(at),
            zone=zones(zone),
            leap_day=LeapDay(leap_day),
            observance=Observance(observance) if observance else None,
            day=day,
            from_on=from_on,
            until_on=until_on,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no rule: {text}") from error


def _choice(kept: list[int] | int | None) -> Years | Every | Milestones:
    """Which anniversaries a kept choice means."""
    if isinstance(kept, int):
        return Every(step=kept)
    return Milestones() if kept is None else Years(numbers=frozenset(kept))
