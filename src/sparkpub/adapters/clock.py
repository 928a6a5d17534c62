"""The only place that reads a clock; everything else is given `now`."""

import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Linux stops CLOCK_MONOTONIC while the machine sleeps; CLOCK_BOOTTIME goes on.
_SINCE_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> datetime:
    """This instant in UTC, to the whole second."""
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - this is the one place that may


def since_1970() -> float:
    """Seconds since 1970-01-01 UTC with their fraction, as all processes and machines that send together know them.

    It may be set back: for durations there is `monotonic`.
    """
    return time.time()  # noqa: TID251 - this is the one place that may


def monotonic() -> float:
    """Seconds since the machine started, sleep included; never set back."""
    return time.clock_gettime(_SINCE_BOOT)


@cache
def boot_id() -> str:
    """A text that is another one after each start of the machine, and the same in every process until then.

    Where the kernel gives none it is the minute of the start, which a clock set anew may change: then a start is
    seen that was none, and deliveries in flight are asked about rather than repeated.
    """
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return f"{(time.time() - monotonic()) // 60:.0f}"  # noqa: TID251 - this is the one place that may
