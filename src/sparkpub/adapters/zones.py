"""Time zones from the pinned tzdata package, never from the system's files, which may be older by years."""

import difflib
from datetime import tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo  # noqa: TID251 - this is the one place that may

import tzdata  # type: ignore[import-untyped]

_PACKAGE = Path(tzdata.__file__).parent
_SYSTEM = Path("/usr/share/zoneinfo")


class UnknownZone(KeyError):  # noqa: N818 - it names what was met, as in "except UnknownZone"
    """No zone has this name; the message suggests the nearest one."""

    def __str__(self) -> str:
        """The message itself: a KeyError would quote it."""
        return str(self.args[0])


@cache
def zone_names() -> frozenset[str]:
    """The names of all zones, links among them, as the tzdata package lists them."""
    return frozenset((_PACKAGE / "zones").read_text(encoding="utf-8").split())


@cache
def zone(name: str) -> tzinfo:
    """The zone with an IANA name, the same object each time.

    Raises:
        UnknownZone: there is none.
    """
    # Checked against the list, so that no name is ever read as a path of its own.
    if name not in zone_names():
        near = difflib.get_close_matches(name, zone_names(), n=1)
        raise UnknownZone(f"unknown zone '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""))
    with (_PACKAGE / "zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def tzdata_version() -> str:
    """The IANA release that the zones are from, like `2026a`; it is stored with each release."""
    return str(tzdata.IANA_VERSION)


def system_tzdata_version(folder: Path = _SYSTEM) -> str | None:
    """The IANA release of the system's own files, None where they do not tell."""
    for name, prefix in (("tzdata.zi", "# version "), ("+VERSION", "")):
        try:
            with (folder / name).open(encoding="utf-8") as file:
                line = file.readline().strip()
        except (OSError, UnicodeDecodeError):
            continue
        if line.startswith(prefix) and len(line) > len(prefix):
            return line.removeprefix(prefix)
    return None
