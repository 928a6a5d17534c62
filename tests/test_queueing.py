"""The editors' queue on a real ledger: what may go out, what is held back, and what is said of it."""

from datetime import date

import pytest

from press_room import NO_SPACING, PressRoom, instant
from sparkpub.core.records import OccurrenceState, QueueState
from sparkpub.errors import InputError, UsageError
from sparkpub.publishing import _review
from sparkpub.queueing import NO_ACCOUNT, account, calendar, has_no_end, upcoming

DUE = "2017-09-04 07:00"


def state_of(room: PressRoom, number: int = 100, *, at: str = "2017-09-03") -> OccurrenceState:
    return room.states("2017-09-01", "2019-01-01", at=at)[f"a/{number}"]


def test_what_was_skipped_or_released_is_never_named_as_coming(room: PressRoom) -> None:
    room.queue("a", at="2017-01-01")
    room.skip("a", 100, at="2017-01-02")
    room.release("a", 101, at="2017-01-03")
    (issue,) = room.shelf().pick(["a"])
    rows = upcoming(room.press.publication, issue, account(room.press.ledger), now=instant("2017-01-04"), count=2)
    assert [row.due.occurrence.number for row in rows] == [102, 103]


def test_queueing_activates_from_now_on(room: PressRoom) -> None:
    assert state_of(room) is OccurrenceState.UNQUEUED
    room.queue("a", at="2017-09-01")
    assert state_of(room) is OccurrenceState.QUEUED
    assert room.history("a") == ["queued"]


def test_a_late_approval_sends_nothing_by_itself(room: PressRoom) -> None:
    room.queue("a", at="2017-09-04 07:01")
    assert not room.tick("2017-09-04 07:02").released
    assert state_of(room, at="2017-09-04 07:02") is OccurrenceState.PAST


def test_queueing_again_while_it_is_due_loses_nothing(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.queue("a", at="2017-09-04 07:01")
    assert room.tick("2017-09-04 07:02").released


def test_drafts_and_held_files_are_refused_all_at_once_and_nothing_is_queued(room: PressRoom) -> None:
    room.write("b", status="draft")
    room.write("c", status="hold")
    with pytest.raises(UsageError, match=r"b\.md: status is draft.*\n.*c\.md: status is hold"):
        room.queue("a", "b", "c", at="2017-09-01")
    assert room.press.ledger.issue_states() == {}


def test_a_held_issue_stays_back_and_is_past_when_it_is_taken_up_late(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.hold("a", at="2017-09-02")
    assert state_of(room) is OccurrenceState.HELD
    assert not room.tick(DUE).released
    room.queue("a", at="2017-09-04 08:00")
    assert not room.tick("2017-09-04 08:01").released
    assert state_of(room, at="2017-09-04 08:01") is OccurrenceState.PAST
    assert state_of(room, 101, at="2017-09-04 08:01") is OccurrenceState.QUEUED


def test_a_held_issue_taken_up_in_time_goes_out(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.hold("a", at="2017-09-02")
    room.queue("a", at="2017-09-03")
    assert room.tick(DUE).released


def test_a_hold_comes_before_any_queueing(room: PressRoom) -> None:
    room.set('queue = "ready"\n')
    room.hold("a", at="2017-09-01")
    room.tick("2017-09-02")
    assert not room.tick(DUE).released


def test_a_hold_in_the_file_holds_and_ends_with_it(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.write("a", status="hold")
    assert room.tick("2017-09-02").held == (("a", "its file says hold"),)
    assert not room.tick("2017-09-02 01:00").held
    room.write("a")
    room.tick("2017-09-03")
    assert room.tick(DUE).released


def test_a_hold_in_the_ledger_outlasts_one_in_the_file(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.write("a", status="hold")
    room.tick("2017-09-02")
    room.hold("a", at="2017-09-02")
    room.write("a")
    assert not room.tick(DUE).released


def test_a_skipped_occurrence_never_goes_out_and_the_next_one_does(room: PressRoom) -> None:
    room.set('max_gap = "400d"\n')
    room.queue("a", at="2017-09-01")
    room.skip("a", 100, at="2017-09-02")
    assert state_of(room) is OccurrenceState.SKIPPED
    assert not room.tick(DUE).released
    assert [r.name for r in room.tick("2018-09-04 07:00").released] == ["a/101"]


def test_a_missed_one_may_be_skipped_so_that_nobody_is_asked_again(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.tick("2017-09-06")
    room.skip("a", 100, at="2017-09-06")
    assert state_of(room, at="2017-09-06") is OccurrenceState.SKIPPED


@pytest.mark.parametrize("number", [100, 0, 9999])
def test_what_is_released_skipped_or_does_not_exist_is_not_skipped(room: PressRoom, number: int) -> None:
    room.release("a", at=DUE)
    room.skip("a", 101, at=DUE)
    for refused in (number, 101):
        with pytest.raises(UsageError):
            room.skip("a", refused, at=DUE)
    assert [(d.issue_id, d.number) for d in room.press.ledger.decisions()] == [("a", 101)]


def test_under_strict_approval_an_edit_holds_until_it_is_approved(room: PressRoom) -> None:
    room.set('approval = "strict"\n')
    room.queue("a", at="2017-09-01")
    room.write("a", body="Not what was approved.")
    assert room.tick("2017-09-02").held == (("a", "it was edited after it was approved"),)
    assert not room.tick("2017-09-02 12:00").held
    room.queue("a", at="2017-09-03")
    assert room.tick(DUE).released


def test_under_strict_approval_what_was_approved_goes_out(room: PressRoom) -> None:
    room.set('approval = "strict"\n')
    room.queue("a", at="2017-09-01")
    assert room.tick(DUE).released


def test_a_rule_edited_before_release_counts_from_now_on(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.write("a", of="1917-09-05")
    assert not room.tick(DUE).released
    assert [str(r.on) for r in room.tick("2017-09-05 07:00").released] == ["2017-09-05"]


def test_a_rule_edited_into_the_past_sends_nothing_by_itself(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.write("a", of="1917-09-03")
    assert not room.tick("2017-09-03 12:00").released
    assert not room.tick(DUE).released


def test_a_rule_edited_after_a_release_is_held_once_and_its_number_stays_blocked(room: PressRoom) -> None:
    room.set('max_gap = "400d"\n')
    room.queue("a", at="2017-09-01")
    room.tick(DUE)
    room.write("a", of="1917-09-06")
    assert room.tick("2017-09-05").held == (("a", "its rule was edited after a release"),)
    room.queue("a", at="2017-09-05")
    assert not room.tick("2017-09-06 07:00").released
    assert [r.name for r in room.tick("2018-09-06 07:00").released] == ["a/101"]


def test_another_number_for_a_released_date_stays_blocked(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.tick(DUE)
    room.write("a", of="1916-09-04")
    room.tick("2017-09-04 08:00")
    room.queue("a", at="2017-09-04 08:00")
    room.tick("2017-09-04 09:00")
    assert room.released == ["2017-09-04 07:00 a/100"]


@pytest.mark.parametrize("edit", ['time: "09:00"', "zone: Europe/London", "until: 2030-01-01"])
def test_time_zone_and_limits_hold_nothing(room: PressRoom, edit: str) -> None:
    room.queue("a", at="2017-09-01")
    room.tick(DUE)
    room.write("a", choice=f"every: 1, {edit}")
    assert not room.tick("2017-09-04 12:00").held
    assert room.press.ledger.issue_states()["a"].state is QueueState.QUEUED


def test_a_hold_placed_while_a_tick_reads_the_files_is_not_overwritten(room: PressRoom) -> None:
    """A tick has seen that the rule was edited; before it can note so, another process holds the issue."""
    room.queue("a", at="2017-09-01")
    room.write("a", of="1917-09-05")
    seen = account(room.press.ledger)
    room.hold("a", at="2017-09-02")
    assert _review(room.press, room.shelf(), seen, instant("2017-09-02")) == []
    assert room.press.ledger.issue_states()["a"].state is QueueState.HELD


def test_a_broken_file_is_named_where_its_id_is_asked_for(room: PressRoom) -> None:
    (room.folder / "issues" / "bad.md").write_text("---\nid: bad\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"issues/bad\.md"):
        room.shelf().pick(["bad"])


def test_an_unknown_id_is_answered_with_the_nearest(room: PressRoom) -> None:
    room.write("soviets-september")
    with pytest.raises(UsageError, match="did you mean 'soviets-september'"):
        room.shelf().pick(["soviet-september"])


def test_the_calendar_shows_all_but_drafts_in_the_order_of_release(room: PressRoom) -> None:
    room.write("draft", status="draft")
    room.write("held", status="hold", of="1917-09-03")
    room.write("older", of="1817-09-04")
    assert room.states("2017-09-01", "2017-10-01", at="2017-09-01") == {
        "held/100": OccurrenceState.HELD,
        "older/200": OccurrenceState.UNQUEUED,
        "a/100": OccurrenceState.UNQUEUED,
    }


def test_the_calendar_says_what_shares_a_slot(room: PressRoom) -> None:
    room.write("b")
    rows = calendar(
        room.press.publication,
        room.shelf().issues.values(),
        NO_ACCOUNT,
        start=date(2017, 1, 1),
        end=date(2018, 1, 1),
        now=instant("2017-01-01"),
    )
    assert [row.why for row in rows] == [("two on this slot",)] * 2


def test_upcoming_tells_the_next_ones_even_where_the_day_began_elsewhere(room: PressRoom) -> None:
    room.write("a", anniversary='{of: "1917-09-04", every: 1, zone: Pacific/Kiritimati}')
    known = account(room.press.ledger)
    issue = room.shelf().issues["a"]
    rows = upcoming(room.press.publication, issue, known, now=instant("2017-09-03 17:00"), count=3)
    assert [row.due.occurrence.number for row in rows] == [100, 101, 102]
    rows = upcoming(room.press.publication, issue, known, now=instant("2017-09-03 17:01"), count=1)
    assert [row.due.occurrence.number for row in rows] == [101]


def test_an_issue_that_comes_back_for_ever_is_known(room: PressRoom) -> None:
    room.write("b", choice="years: [100]")
    issues = room.shelf().issues
    assert has_no_end(issues["a"])
    assert not has_no_end(issues["b"])


def test_facts_of_the_press_survive_another_process(room: PressRoom) -> None:
    room.set(NO_SPACING)
    room.queue("a", at="2017-09-01")
    room.tick("2017-09-02")
    room.reopen()
    assert account(room.press.ledger).watermark == instant("2017-09-02")
    assert room.tick(DUE).released
