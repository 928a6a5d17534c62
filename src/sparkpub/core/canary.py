"""The canary's measure: how many go first, and whether they went well enough for the others to follow."""

from sparkpub.core.records import Balance

_HUNDRED = 100


def canary_size(canary: str, eligible: int) -> int:
    """How many readers go first: a number like `50`, or a share of all like `1%`, at least one.

    Raises:
        ValueError: it is neither.
    """
    text = canary.strip()
    if text.endswith("%"):
        try:
            share = float(text[:-1])
        except ValueError:
            share = 0.0
        if not 0 < share <= _HUNDRED:
            raise ValueError(f"'{canary}' is no share of the readers; write it like 1%")
        return max(1, int(eligible * share / _HUNDRED))
    if not text.isdecimal() or not int(text):
        raise ValueError(f"'{canary}' is neither; write it like 50 or 1%")
    return int(text)


def verdict(balance: Balance, *, most_failed: float) -> str:
    """Why the others must not follow, "" if they may.

    `most_failed` is the share of those tried that may have failed or be in doubt; of what is only deferred, as by
    greylisting, half is borne.
    """
    tried = balance.sent + balance.failed + balance.deferred + balance.uncertain
    if balance.failed + balance.uncertain <= tried * most_failed and balance.deferred * 2 <= tried:
        return ""
    return (
        f"canary: of the first {tried} messages {balance.failed} failed, {balance.deferred} are deferred, "
        f"{balance.uncertain} uncertain"
    )
