"""Which of the languages on offer a browser asks for."""

import re
from collections.abc import Sequence

_RANGE = re.compile(r"\s*(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?", re.ASCII)

_MOST = 50
"""Ranges that are read; a browser sends five."""


def choose(accept_language: str, offered: Sequence[str]) -> str:
    """The tag on offer that an Accept-Language field wants most; "" where it wants none of them.

    A range such as `ar-EG` is shortened until something on offer fits, before the next range is looked at (RFC 4647
    section 3.4); `pt` takes `pt-BR` too. `*` is the first on offer that no other range speaks of, and a weight of 0
    refuses (RFC 9110 section 12.5.4). What is not written like a range is passed over.
    """
    parts = accept_language.lower().split(",")[:_MOST]
    found = [match for part in parts if (match := _RANGE.fullmatch(part))]
    wanted = [(match[1], float(match[2] or 1)) for match in found]
    refused = [one for one, weight in wanted if not weight]
    named = [one for one, _ in wanted if one != "*"]
    left = [tag for tag in offered if not any(_lies_in(tag, one) for one in refused)]
    for one, _ in sorted((pair for pair in wanted if pair[1]), key=lambda pair: -pair[1]):
        if one == "*":
            fitting = [tag for tag in left if not any(_lies_in(tag, other) for other in named)]
        else:
            fitting = [tag for tag in left if _lies_in(tag, one)] or _shortened(one, left)
        if fitting:
            return fitting[0]
    return ""


def _lies_in(tag: str, one: str) -> bool:
    """Whether a tag is that of a range or of a part of it (basic filtering, RFC 4647 section 3.3.1)."""
    return tag.lower() == one or tag.lower().startswith(f"{one}-")


def _shortened(one: str, offered: Sequence[str]) -> list[str]:
    """What fits a range once as much of its end as is needed has been taken away."""
    known = {tag.lower(): tag for tag in offered}
    parts = one.split("-")
    names = ("-".join(parts[:length]) for length in range(len(parts) - 1, 0, -1))
    return next(([known[name]] for name in names if name in known), [])
