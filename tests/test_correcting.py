"""Corrections: page and feeds change by a new line only, at its date, and nobody is mailed again."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from press_room import PressRoom, instant
from sparkpub.publishing import stop_everything

DUE = "2017-09-04 07:00"
LINE = '["2017-09-06: The date of the meeting was wrong."]'


@pytest.fixture
def released(room: PressRoom) -> PressRoom:
    """The room when its issue has just gone out."""
    room.set('max_gap = "400d"\n')
    room.write("a", body="It met on the 3rd.")
    room.queue("a", at="2017-09-01")
    room.tick(DUE)
    room.send(DUE)
    return room


def page(site: Path, number: int | None = None) -> str:
    folder = site / "issues" / "a"
    return ((folder / str(number) if number else folder) / "index.html").read_text(encoding="utf-8")


def updated(room: PressRoom, number: int = 100) -> datetime:
    (release,) = (r for r in room.press.ledger.releases("a") if r.number == number)
    return release.updated_at.astimezone(UTC)


def test_a_new_line_brings_the_newer_text_to_page_and_feeds(released: PressRoom) -> None:
    released.write("a", body="It met on the 2nd.", corrections=LINE)
    assert [r.name for r in released.tick("2017-09-06 12:00").corrected] == ["a/100"]
    site = released.build()
    for text in (page(site), (site / "atom.xml").read_text(encoding="utf-8")):
        assert "2nd" in text
        assert "3rd" not in text
    assert "The date of the meeting was wrong" in page(site)


def test_updated_moves_to_the_line_s_date_at_the_schedule_s_time(released: PressRoom) -> None:
    released.write("a", corrections=LINE)
    released.tick("2017-09-09 12:00")
    assert updated(released) == instant("2017-09-06 07:00")
    atom = (released.build() / "atom.xml").read_text(encoding="utf-8")
    assert "<published>2017-09-04T07:00:00" in atom
    assert "<updated>2017-09-06T07:00:00" in atom


def test_nobody_is_mailed_a_correction(released: PressRoom) -> None:
    before = sorted(path.name for path in (released.press.outbox / "new").iterdir())
    released.write("a", corrections=LINE)
    released.tick("2017-09-06 12:00")
    assert released.send("2017-09-06 12:00") == 0
    assert sorted(path.name for path in (released.press.outbox / "new").iterdir()) == before
    assert released.released == ["2017-09-04 07:00 a/100"]


def test_a_correction_made_before_all_is_sent_changes_no_letter(room: PressRoom) -> None:
    room.write("a", body="It met on the 3rd.")
    room.queue("a", at="2017-09-01")
    room.tick(DUE)
    room.write("a", body="It met on the 2nd.", corrections='["2017-09-04: wrong"]')
    room.tick("2017-09-04 08:00")
    assert room.send("2017-09-04 08:00") == 3
    assert all(b"met on the 3rd" in path.read_bytes() for path in (room.press.outbox / "new").iterdir())


def test_a_line_is_applied_once(released: PressRoom) -> None:
    released.write("a", corrections=LINE)
    released.tick("2017-09-06 12:00")
    assert not released.tick("2017-09-06 13:00").corrected
    assert released.history("a").count("corrected") == 1


def test_other_edits_wait_for_the_next_release(released: PressRoom) -> None:
    before = page(released.build())
    released.write("a", body="It met on the 2nd.")
    assert not released.tick("2017-09-06").corrected
    assert page(released.build()) == before
    released.tick("2018-09-04 07:00")
    site = released.build()
    assert "3rd" in page(site, 100)
    assert "2nd" in page(site, 101)


def test_the_second_year_keeps_the_first_release_s_page(released: PressRoom) -> None:
    released.write("a", body="Written anew.", title="Another title")
    released.tick("2018-09-04 07:00")
    site = released.build()
    first, second = page(site, 100), page(site, 101)
    assert '<h1 class="headline">The piece a</h1>' in first
    assert "It met on the 3rd." in first
    assert "Written anew." not in first
    assert "Written anew." in second
    assert "Written anew." in page(site)


def test_a_line_belongs_to_the_newest_release_on_or_before_its_date(released: PressRoom) -> None:
    released.write("a", body="Written anew.")
    released.tick("2018-09-04 07:00")
    released.write("a", body="Written well.", corrections='["2018-09-05: a slip"]')
    assert [r.name for r in released.tick("2018-09-05 08:00").corrected] == ["a/101"]
    assert updated(released, 100) == instant(DUE)
    assert updated(released, 101) == instant("2018-09-05 07:00")


def test_a_line_dated_before_an_early_release_still_reaches_its_page(room: PressRoom) -> None:
    room.release("a", 100, at="2017-08-20")
    room.write("a", corrections='["2017-08-22: a slip"]')
    assert [r.name for r in room.tick("2017-08-22 08:00").corrected] == ["a/100"]


def test_a_line_waits_for_its_date(released: PressRoom) -> None:
    released.write("a", corrections=LINE)
    assert not released.tick("2017-09-05 12:00").corrected
    assert released.tick("2017-09-06 00:00").corrected


def test_a_second_line_with_an_earlier_date_moves_updated_back_never(released: PressRoom) -> None:
    released.write("a", corrections=LINE)
    released.tick("2017-09-06 12:00")
    released.write("a", corrections='["2017-09-06: The date of the meeting was wrong.", "2017-09-05: a slip"]')
    assert released.tick("2017-09-07").corrected
    assert updated(released) == instant("2017-09-06 07:00")


def test_a_broken_correction_stops_neither_releases_nor_other_corrections(released: PressRoom) -> None:
    released.write("b", of="1917-09-06")
    released.queue("b", at="2017-09-05")
    released.write("a", corrections=LINE, body="![a map](map.png)")
    report = released.tick("2017-09-06 07:00")
    assert [r.name for r in report.released] == ["b/100"]
    assert [fault.path for fault in report.faults] == ["issues/a.md"]
    released.write("a", corrections=LINE)
    assert [r.name for r in released.tick("2017-09-06 08:00").corrected] == ["a/100"]


def test_a_stopped_press_corrects_nothing_until_it_goes_on(released: PressRoom) -> None:
    stop_everything(released.press, now=instant("2017-09-05"))
    released.write("a", corrections=LINE)
    assert not released.tick("2017-09-06 12:00").corrected


def test_a_file_renamed_and_corrected_is_still_the_same_release(released: PressRoom) -> None:
    (released.folder / "issues" / "a.md").unlink()
    released.write("a", name="elsewhere", corrections=LINE)
    assert [r.name for r in released.tick("2017-09-06 12:00").corrected] == ["a/100"]
