"""What was released stays readable and mailable, whatever becomes of the settings."""

from pathlib import Path

from press_room import PressRoom, instant, issue_text, new_room
from sparkpub.articles import issue_of

SERIES = '[series.war]\ntitle = "The War"\ncalendar = "russia"\nevery = 10\n'
NO_SERIES = "\n"


def released_in_a_series(folder: Path) -> PressRoom:
    text = issue_text("a", series="war", anniversary='{of: "1917-09-04"}')
    room = new_room(folder, schedule=SERIES, issues={"a": text})
    room.queue("a", at="2017-01-01")
    room.tick("2017-09-04 07:00")
    return room


def test_a_series_that_is_dropped_from_the_settings_leaves_its_releases_readable(tmp_path: Path) -> None:
    room = released_in_a_series(tmp_path / "press")
    room.set(NO_SERIES)
    (release,) = room.press.ledger.releases()
    assert issue_of(release).series == "war"
    page = (room.build() / "issues" / "a" / "100" / "index.html").read_text(encoding="utf-8")
    assert "100 years ago: 4 September 1917, Old Style" in page


def test_a_release_is_sent_although_its_series_is_gone(tmp_path: Path) -> None:
    room = released_in_a_series(tmp_path / "press")
    room.set(NO_SERIES)
    assert room.send("2017-09-04 08:00") == 3


def test_the_same_settings_are_kept_once(tmp_path: Path) -> None:
    room = new_room(tmp_path / "press", schedule='min_spacing = "0s"\n', issues={i: issue_text(i) for i in "abc"})
    room.queue("a", "b", "c", at="2017-01-01")
    room.tick("2017-09-04 07:00")
    texts = {id(release.settings) for release in room.press.ledger.releases()}
    assert len(room.released) == 3
    assert len(texts) == 1


def test_a_correction_is_read_by_the_settings_of_its_own_day(tmp_path: Path) -> None:
    room = released_in_a_series(tmp_path / "press")
    room.set(SERIES.replace("The War", "The War and After"))
    text = issue_text(
        "a", series="war", anniversary='{of: "1917-09-04"}', corrections='["2017-09-06: A name was wrong."]'
    )
    (room.folder / "issues" / "a.md").write_text(text, encoding="utf-8")
    room.tick("2017-09-07 07:00")
    (release,) = room.press.ledger.releases()
    assert "The War and After" in release.settings
    assert release.updated_at == instant("2017-09-06 07:00")
