"""Lengths of time as settings write them: `24h`, `7d`, `90m`, `1d12h`."""

import re

_SHAPE = re.compile(r"(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?")
_SECONDS = (86_400, 3_600, 60, 1)
_LONGEST = 36_525 * 86_400  # a century: more is a slip, and would leave the calendar when taken from an instant


def seconds(text: str) -> int:
    """The seconds in a duration of days, hours, minutes and seconds, in that order, each at most once.

    Raises:
        ValueError: it is no such text, or longer than a century.
    """
    match = _SHAPE.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise ValueError(f"'{text}' is no duration; write it like 24h, 7d, 90m or 1d12h")
    total = sum(int(count or 0) * unit for count, unit in zip(match.groups(), _SECONDS, strict=True))
    if total > _LONGEST:
        raise ValueError(f"'{text}' is longer than a century; write it like 24h, 7d, 90m or 1d12h")
    return total
