"""Release by itself and by hand, on a real ledger: once for ever, with the deliveries, whatever else is broken."""

import email
import email.policy
from pathlib import Path

import pytest

from press_room import NO_SPACING, PressRoom, instant, issue_text, new_room, opened, with_template
from sparkpub.adapters.templates import starter_templates
from sparkpub.core.records import OccurrenceState, ReleaseState
from sparkpub.errors import AlreadyReleased, InputError, UsageError
from sparkpub.publishing import due_by_hand, release_by_hand, release_past, resume_everything, stop_everything
from sparkpub.ticking import Ticker

DUE = "2017-09-04 07:00"
BROKEN = "---\nid: a\ntitel: a slip\n---\n"


def test_a_queued_issue_goes_out_once_on_its_day_to_every_reader(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    assert not room.tick("2017-09-04 06:59").released
    assert [r.name for r in room.tick(DUE).released] == ["a/100"]
    assert room.eligible() == {"a/100": 3}
    assert room.send(DUE) == 3


def test_further_ticks_do_nothing(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.tick(DUE)
    history = room.history("a")
    for at in (DUE, "2017-09-04 07:01", "2017-09-05 07:00", "2017-09-10 12:00"):
        report = room.tick(at)
        assert (report.released, report.missed, report.faults, report.held) == ((), (), (), ())
    assert room.released == ["2017-09-04 07:00 a/100"]
    assert room.history("a") == history


def test_the_next_year_is_another_release(room: PressRoom) -> None:
    room.set('max_gap = "400d"\n')
    room.queue("a", at="2017-09-01")
    room.tick(DUE)
    room.tick("2018-09-04 07:00")
    assert room.released == ["2017-09-04 07:00 a/100", "2018-09-04 07:00 a/101"]
    assert room.eligible() == {"a/100": 3, "a/101": 3}


def test_the_release_knows_what_it_was_made_of(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    (release,) = room.tick(DUE).released
    assert release.issue_source == (room.folder / "issues" / "a.md").read_bytes()
    assert release.entry_id == "tag:press.example.org,2017:a/100"
    assert (release.transport, release.repeats, release.is_mailed) == ("maildir", True, True)
    assert release.updated_at == release.released_at == instant(DUE)
    assert release.tzdata


def test_nothing_fires_on_a_cold_start(room: PressRoom) -> None:
    room.set('queue = "ready"\n')
    assert not room.tick("2017-09-04 07:01").released
    assert room.states("2017-09-01", "2017-10-01", at="2017-09-04 07:01") == {"a/100": OccurrenceState.PAST}


def test_a_ready_issue_queues_itself_where_merging_is_approving(room: PressRoom) -> None:
    room.set('queue = "ready"\n')
    room.tick("2017-09-01")
    assert [r.name for r in room.tick(DUE).released] == ["a/100"]


def test_without_a_queue_nothing_goes_out(room: PressRoom) -> None:
    assert not room.tick("2017-09-01").released
    assert not room.tick(DUE).released


def test_late_within_grace_it_still_goes_out(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.tick("2017-09-03")
    assert [r.name for r in room.tick("2017-09-05 07:00").released] == ["a/100"]


def test_later_than_grace_it_is_missed_once_and_a_person_decides(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.tick("2017-09-03")
    report = room.tick("2017-09-05 07:01")
    assert [(d.issue.id, d.occurrence.number) for d in report.missed] == [("a", 100)]
    assert not room.tick("2017-09-05 07:02").missed
    assert room.history("a") == ["queued", "missed"]
    assert room.states("2017-09-01", "2017-10-01", at="2017-09-06") == {"a/100": OccurrenceState.MISSED}
    assert room.release("a", at="2017-09-06").name == "a/100"


def test_after_a_long_gap_the_press_is_stopped_until_a_person_resumes_it(room: PressRoom) -> None:
    room.queue("a", at="2017-08-01")
    room.tick("2017-08-01")
    assert "longer than max_gap" in room.tick(DUE).agenda.pause
    assert room.press.stopped()
    assert room.tick("2017-09-04 08:00").agenda.pause
    resume_everything(room.press, now=instant("2017-09-04 09:00"))
    assert [r.name for r in room.tick("2017-09-04 09:00").released] == ["a/100"]


def test_what_was_due_in_a_long_gap_is_missed_not_mailed(room: PressRoom) -> None:
    room.queue("a", at="2017-08-01")
    room.tick("2017-08-01")
    room.tick("2017-09-20")
    resume_everything(room.press, now=instant("2017-09-20"))
    report = room.tick("2017-09-20")
    assert not report.released
    assert [d.issue.id for d in report.missed] == ["a"]


def test_a_clock_that_went_back_releases_nothing_and_stops_nothing(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.tick("2017-09-04 06:30")
    assert "clock went back" in room.tick("2017-09-03").agenda.pause
    assert not room.press.stopped()
    assert [r.name for r in room.tick(DUE).released] == ["a/100"]


@pytest.mark.parametrize("wrong", ["1970-01-01", "2030-01-01"])
def test_a_clock_in_doubt_queues_nothing(room: PressRoom, wrong: str) -> None:
    room.set('queue = "ready"\n')
    room.tick("2017-09-04 06:00")
    room.write("b", of="1917-09-04")
    assert room.tick(wrong).agenda.pause
    assert list(room.press.ledger.issue_states()) == ["a"]
    resume_everything(room.press, now=instant("2017-09-04 06:30"))
    room.tick("2017-09-04 06:31")
    room.tick(DUE)
    room.tick("2017-09-04 08:00")
    assert [name.split()[-1] for name in room.released] == ["a/100", "b/100"]


def test_a_paused_tick_moves_no_watermark(room: PressRoom) -> None:
    room.tick("2017-09-01")
    stop_everything(room.press, now=instant("2017-09-02"))
    room.tick("2017-09-05")
    assert room.press.ledger.fact("watermark") == instant("2017-09-01").isoformat()


def test_a_stop_lasts_until_resume(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    stop_everything(room.press, now=instant("2017-09-03"))
    assert room.tick(DUE).agenda.pause == "stopped by hand"
    resume_everything(room.press, now=instant("2017-09-04 09:00"))
    assert [r.name for r in room.tick("2017-09-04 09:00").released] == ["a/100"]


def test_a_file_stop_in_the_folder_stops_a_tick_and_leaves_no_other_trace(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    (room.folder / "STOP").touch()
    assert "STOP" in room.tick(DUE).agenda.pause
    (room.folder / "STOP").unlink()
    assert [r.name for r in room.tick("2017-09-04 07:01").released] == ["a/100"]


def test_spacing_delays_and_never_drops(room: PressRoom) -> None:
    for id_ in "bcd":
        room.write(id_)
    room.queue(*"abcd", at="2017-09-01")
    report = room.tick(DUE)
    assert [d.issue.id for d in report.agenda.waiting] == ["b", "c", "d"]
    assert report.agenda.look_again_at == instant("2017-09-04 08:00")
    for at in ("2017-09-04 07:59", "2017-09-04 08:00", "2017-09-04 09:30", "2017-09-04 10:00", "2017-09-04 10:30"):
        room.tick(at)
    assert room.released == [
        "2017-09-04 07:00 a/100",
        "2017-09-04 08:00 b/100",
        "2017-09-04 09:30 c/100",
        "2017-09-04 10:30 d/100",
    ]


def test_a_file_that_cannot_be_parsed_stops_no_other(room: PressRoom) -> None:
    room.write("b")
    room.queue("a", "b", at="2017-09-01")
    path = room.folder / "issues" / "a.md"
    sound = path.read_text(encoding="utf-8")
    path.write_text(BROKEN, encoding="utf-8")
    assert [r.name for r in room.tick(DUE).released] == ["b/100"]
    path.write_text(sound, encoding="utf-8")
    assert [r.name for r in room.tick("2017-09-05 06:00").released] == ["a/100"]


def test_a_file_mended_after_its_grace_is_missed_however_late_that_is(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    path = room.folder / "issues" / "a.md"
    sound = path.read_text(encoding="utf-8")
    path.write_text(BROKEN, encoding="utf-8")
    for day in range(3, 30, 2):
        room.tick(f"2017-09-{day:02}")
    path.write_text(sound, encoding="utf-8")
    report = room.tick("2017-09-30")
    assert not report.released
    assert [d.issue.id for d in report.missed] == ["a"]
    assert not room.press.ledger.fact("waiting_since")


def test_an_issue_that_cannot_be_rendered_is_named_and_takes_no_other_slot(room: PressRoom) -> None:
    room.write("a", body="![a map](map.png)")
    room.write("b")
    room.queue("a", "b", at="2017-09-01")
    report = room.tick(DUE)
    assert [r.name for r in report.released] == ["b/100"]
    assert [f"{fault.path}: {fault.message}" for fault in report.faults] == [
        "issues/a.md: there is no picture 'map.png'"
    ]


def test_a_broken_issue_is_tried_until_its_grace_runs_out_then_missed(room: PressRoom) -> None:
    room.write("a", body="![a map](map.png)")
    room.queue("a", at="2017-09-01")
    for at in (DUE, "2017-09-04 20:00", "2017-09-05 07:00"):
        assert room.tick(at).faults
    report = room.tick("2017-09-05 07:01")
    assert not report.faults
    assert [d.issue.id for d in report.missed] == ["a"]


def test_a_broken_issue_mended_within_its_grace_goes_out(room: PressRoom) -> None:
    room.write("a", body="![a map](map.png)")
    room.queue("a", at="2017-09-01")
    room.tick(DUE)
    room.write("a")
    assert [r.name for r in room.tick("2017-09-04 12:00").released] == ["a/100"]


def test_a_template_with_a_fault_releases_nothing_and_loses_nothing(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    with_template(room, "email/email.html.j2", "{{ no_such_thing }}")
    report = room.tick(DUE)
    assert [fault.path for fault in report.faults] == ["templates/email/email.html.j2"]
    (room.folder / "templates" / "email" / "email.html.j2").unlink()
    room.reopen()
    assert [r.name for r in room.tick("2017-09-04 08:00").released] == ["a/100"]


def test_content_edited_before_release_goes_out_as_it_is_newest(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.write("a", body="The newest words.")
    room.tick(DUE)
    room.send(DUE)
    letter = next((room.press.outbox / "new").iterdir()).read_bytes()
    text = email.message_from_bytes(letter, policy=email.policy.default).get_body(("plain",))
    assert text is not None
    assert "The newest words." in text.get_content()


def test_a_renamed_file_is_the_same_issue(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.tick(DUE)
    (room.folder / "issues" / "a.md").rename(room.folder / "issues" / "another.md")
    room.tick("2017-09-04 07:30")
    assert room.released == ["2017-09-04 07:00 a/100"]
    assert room.states("2017-09-01", "2019-01-01", at="2017-09-05") == {
        "a/100": OccurrenceState.RELEASED,
        "a/101": OccurrenceState.QUEUED,
    }


def test_a_deleted_file_fires_nothing_and_its_release_stays_on_the_site(room: PressRoom) -> None:
    room.set('max_gap = "400d"\n')
    room.queue("a", at="2017-09-01")
    room.tick(DUE)
    (room.folder / "issues" / "a.md").unlink()
    assert not room.tick("2018-09-04 07:00").released
    assert (room.build() / "issues" / "a" / "index.html").exists()


def test_a_file_that_is_missing_for_a_moment_at_its_slot_goes_out_when_it_is_back(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    path = room.folder / "issues" / "a.md"
    path.rename(room.folder / "away.md")
    room.tick(DUE)
    (room.folder / "away.md").rename(path)
    assert [r.name for r in room.tick("2017-09-04 07:01").released] == ["a/100"]


def test_of_two_files_with_one_id_neither_goes_out_until_they_are_told_apart(room: PressRoom) -> None:
    room.write("b")
    room.queue("a", "b", at="2017-09-01")
    room.write("a", name="copy")
    shelf = room.shelf()
    assert {fault.path for fault in shelf.doubled["a"]} == {"issues/a.md", "issues/copy.md"}
    with pytest.raises(InputError, match=r"is also in issues/copy\.md"):
        room.queue("a", at="2017-09-02")
    assert [r.name for r in room.tick(DUE).released] == ["b/100"]
    (room.folder / "issues" / "copy.md").unlink()
    assert [r.name for r in room.tick("2017-09-04 08:00").released] == ["a/100"]


def test_of_two_issues_with_one_slug_neither_goes_out(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.write("b", slug="a")
    assert not room.tick(DUE).released
    assert set(room.shelf().doubled) == {"a", "b"}


def test_of_two_issues_with_one_feed_id_neither_goes_out(room: PressRoom) -> None:
    room.write("b", feed_id="urn:old:1")
    room.write("c", feed_id="urn:old:1")
    assert {(fault.path, fault.message) for fault in room.shelf().faults} == {
        ("issues/b.md", "feed_id 'urn:old:1' is also in issues/c.md"),
        ("issues/c.md", "feed_id 'urn:old:1' is also in issues/b.md"),
    }
    room.queue("a", at="2017-09-01")
    with pytest.raises(InputError, match="feed_id"):
        room.queue("b", at="2017-09-01")


def test_what_passed_between_queueing_and_the_first_tick_is_missed_not_lost(room: PressRoom) -> None:
    room.queue("a", at="2017-01-01")
    assert [due.occurrence.number for due in room.tick("2019-01-01").missed] == [100, 101]
    assert {decision.number for decision in room.press.ledger.decisions()} == {100, 101}
    assert not room.tick("2019-01-02").missed


def test_a_first_tick_long_after_the_queueing_finds_what_was_missed(room: PressRoom) -> None:
    room.queue("a", at="2017-01-01")
    ticker = Ticker(room.press)
    try:
        report = ticker.tick(now=instant("2019-01-01"), tell=lambda _: None)
    finally:
        ticker.close()
    assert [due.occurrence.number for due in report.missed] == [100, 101]


def test_a_release_by_hand_is_the_latest_that_has_come(room: PressRoom) -> None:
    assert room.release("a", at="2017-12-24").name == "a/100"
    assert room.eligible() == {"a/100": 3}


def test_a_date_has_come_by_the_calendar_of_the_issue_s_own_zone(room: PressRoom) -> None:
    room.write("a", anniversary='{of: "1917-09-04", every: 1, zone: Pacific/Kiritimati}')
    assert room.release("a", at="2017-09-03 12:00").name == "a/100"


def test_a_coming_one_goes_out_by_hand_only_with_its_number(room: PressRoom) -> None:
    room.write("b", release='"2017-09-04"')
    with pytest.raises(UsageError, match="has come yet"):
        room.release("b", at="2017-09-01")
    assert room.release("b", 0, at="2017-09-01").name == "b/0"
    room.queue("b", at="2017-09-01")
    assert not room.tick(DUE).released


def test_what_is_released_is_refused_by_number_and_when_nothing_is_left(room: PressRoom) -> None:
    room.write("b", release='"2017-09-04"')
    room.release("b", at="2017-09-05")
    with pytest.raises(AlreadyReleased, match="b/0, due on 2017-09-04, is released already"):
        room.release("b", 0, at="2017-09-05")
    with pytest.raises(AlreadyReleased, match="all of b that has come"):
        room.release("b", at="2017-09-05")


def test_a_number_that_does_not_exist_is_refused(room: PressRoom) -> None:
    with pytest.raises(UsageError, match="has no occurrence 0"):
        room.release("a", 0, at="2017-09-05")


def test_two_people_release_one_occurrence_once(room: PressRoom) -> None:
    (issue,) = room.shelf().pick(["a"])
    due = due_by_hand(room.press, issue, None, now=instant("2017-09-05"))
    release_by_hand(room.press, due, now=instant("2017-09-05"))
    with pytest.raises(AlreadyReleased):
        release_by_hand(room.press, due, now=instant("2017-09-05"))
    assert room.eligible() == {"a/100": 3}


def test_a_skipped_one_is_not_the_latest_that_has_come_but_may_be_named(room: PressRoom) -> None:
    room.skip("a", 100, at="2017-09-01")
    assert room.release("a", at="2017-09-05").name == "a/99"
    assert room.release("a", 100, at="2017-09-05").name == "a/100"


@pytest.mark.parametrize("status", ["draft", "hold"])
def test_what_its_file_does_not_call_ready_is_not_released_by_hand(room: PressRoom, status: str) -> None:
    room.write("a", status=status)
    with pytest.raises(UsageError, match="status: ready"):
        room.release("a", at="2017-09-05")


def test_an_archive_is_taken_in_at_its_own_dates_and_mailed_to_nobody(room: PressRoom) -> None:
    room.write("old", release='"2015-03-01 18:30"')
    room.write("coming", release='"2018-03-01"')
    room.write("unfinished", release='"2015-03-02"', status="draft")
    shelf = room.shelf()
    taken = release_past(room.press, shelf.issues.values(), now=instant("2017-09-05"))
    assert sorted(r.name for r in taken.released) == ["a/100", "old/0"]
    assert room.released == ["2015-03-01 18:30 old/0", "2017-09-04 07:00 a/100"]
    assert room.eligible() == {"old/0": 0, "a/100": 0}
    assert {r.state for r in room.press.ledger.releases()} == {ReleaseState.FINISHED}
    assert [r.entry_id for r in taken.released if r.issue_id == "old"] == ["tag:press.example.org,2015:old/0"]
    assert room.send("2017-09-05") == 0


def test_an_archive_taken_in_twice_is_the_same(room: PressRoom) -> None:
    now = instant("2017-09-05")
    release_past(room.press, room.shelf().issues.values(), now=now)
    assert not release_past(room.press, room.shelf().issues.values(), now=now).released
    with pytest.raises(AlreadyReleased):
        room.release("a", 100, at="2017-09-05")


def test_a_broken_piece_keeps_no_other_out_of_the_archive(room: PressRoom) -> None:
    room.write("broken", release='"2015-03-01"', body="![a map](map.png)")
    taken = release_past(room.press, room.shelf().issues.values(), now=instant("2017-09-05"))
    assert [r.name for r in taken.released] == ["a/100"]
    assert [fault.path for fault in taken.faults] == ["issues/broken.md"]


def test_the_skipped_stay_out_of_the_archive(room: PressRoom) -> None:
    room.write("old", release='"2015-03-01"')
    room.skip("old", 0, at="2017-09-01")
    taken = release_past(room.press, room.shelf().pick(["old"]), now=instant("2017-09-05"))
    assert not taken.released


def test_a_feed_id_of_its_own_names_only_the_first_release(room: PressRoom) -> None:
    room.set('max_gap = "400d"\n')
    room.write("a", feed_id="https://old.example.org/?p=7")
    room.queue("a", at="2017-09-01")
    room.tick(DUE)
    room.tick("2018-09-04 07:00")
    assert [r.entry_id for r in room.press.ledger.releases()] == [
        "https://old.example.org/?p=7",
        "tag:press.example.org,2018:a/101",
    ]


def test_releases_and_their_readers_follow_the_segment(tmp_path: Path) -> None:
    schedule = NO_SPACING + '\n[audience.germans]\nlanguage = ["de"]\n'
    room = new_room(tmp_path / "press", schedule=schedule, issues={"a": issue_text("a", audience="germans")})
    room.press.ledger.add_subscriber("hedwig@example.org", language="de", at=instant("2017-01-01"))
    room.queue("a", at="2017-09-01")
    room.tick(DUE)
    assert room.eligible() == {"a/100": 1}


def test_a_hold_or_a_skip_while_the_edition_is_rendered_is_obeyed(room: PressRoom) -> None:
    """The theme is slow: while it renders a, a person at another terminal says no."""
    for id_ in "bc":
        room.write(id_)
    room.set(NO_SPACING)
    room.queue(*"abc", at="2017-09-01")
    other = PressRoom(press=opened(room.folder))

    def say_no() -> str:
        other.hold("b", at=DUE)
        other.skip("c", 100, at=DUE)
        return ""

    skeleton = (starter_templates() / "email" / "email.html.j2").read_text(encoding="utf-8")
    with_template(room, "email/email.html.j2", skeleton + "{{ say_no() if article.issue.id == 'a' }}")
    room.press.publication.templates.globals["say_no"] = say_no
    report = room.tick(DUE)
    other.press.ledger.close()
    assert ([r.name for r in report.released], report.faults) == (["a/100"], ())
