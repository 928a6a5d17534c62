"""Zones come from the pinned package, whatever the system has, and the clock is read in one place."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sparkpub.adapters import clock
from sparkpub.adapters.zones import UnknownZone, system_tzdata_version, tzdata_version, zone, zone_names


def test_every_zone_that_is_listed_can_be_read() -> None:
    at = datetime(2017, 9, 4, 7, tzinfo=UTC)
    assert len(zone_names()) > 500
    assert all(at.astimezone(zone(name)).utcoffset() is not None for name in zone_names())


def test_a_zone_is_the_same_object_each_time() -> None:
    assert zone("Europe/Moscow") is zone("Europe/Moscow")


@pytest.mark.parametrize(
    "name", ["Europe/Mosow", "", ".", "../zones", "/etc/localtime", "europe/moscow", "Europe", "\0"]
)
def test_a_name_that_is_not_listed_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone):
        zone(name)


def test_a_slip_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UnknownZone) as caught:
        zone("Europe/Mosow")
    assert str(caught.value) == "unknown zone 'Europe/Mosow'; did you mean 'Europe/Moscow'?"


@pytest.mark.parametrize("system", ["", "/nowhere"])
@pytest.mark.parametrize("tz", ["UTC", "Pacific/Apia", "America/New_York"])
def test_neither_tz_nor_the_systems_zone_files_have_a_say(system: str, tz: str) -> None:
    script = (
        "from datetime import date, time\n"
        "from sparkpub.adapters.zones import zone\n"
        "from sparkpub.core.model import FixedDate\n"
        "from sparkpub.core.schedule import occurrences\n"
        "rule = FixedDate(on=date(2017, 3, 12), time=time(2, 30), zone=zone('America/New_York'))\n"
        "print(occurrences(rule, date.min, date.max)[0].at.isoformat())\n"
    )
    environ = {**os.environ, "TZ": tz, "PYTHONTZPATH": system, "LC_ALL": "C"}
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "2017-03-12T07:30:00+00:00\n"


def test_the_version_is_that_of_the_package() -> None:
    assert tzdata_version()[:4].isdigit()


def test_the_systems_version_is_read_where_it_is_told(tmp_path: Path) -> None:
    assert system_tzdata_version(tmp_path) is None
    (tmp_path / "+VERSION").write_text("2023c\n")
    assert system_tzdata_version(tmp_path) == "2023c"
    (tmp_path / "tzdata.zi").write_text("# version 2024a\n# This zic input file is in the public domain.\n")
    assert system_tzdata_version(tmp_path) == "2024a"


def test_the_clock_gives_whole_seconds_in_utc_and_never_runs_back() -> None:
    assert clock.now().tzinfo is UTC
    assert clock.now().microsecond == 0
    earlier = clock.monotonic()
    assert clock.monotonic() >= earlier
    assert clock.boot_id() == clock.boot_id() != ""
