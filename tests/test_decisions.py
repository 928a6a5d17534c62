"""What a tick decides, as a table of everyday and of bad days; nothing here touches a file or a clock."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from sparkpub.adapters.zones import zone
from sparkpub.core.decisions import (
    Account,
    Agenda,
    Due,
    Pace,
    decide,
    midnight,
    occurrence_state,
    order,
    queued,
    review,
    rule_hash,
)
from sparkpub.core.model import Anniversary, Calendar, Every, FixedDate, Issue, LeapDay, Match, Status, Years
from sparkpub.core.printed import parse_printed
from sparkpub.core.records import Decision, IssueState, OccurrenceState, QueueState, Release, ReleaseState, Verdict
from sparkpub.core.schedule import numbered

TABLE = Path(__file__).parent / "vectors" / "decisions.txt"
PACE = Pace(grace=timedelta(hours=24), max_gap=timedelta(days=7), min_spacing=timedelta(hours=1))
HUNDREDTH = "2017-09-04T07:00"
"""The instant at which the issue of most scenarios is due for the first time."""


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def anniversary(of: str = "1917-09-04", **given: object) -> Anniversary:
    base = Anniversary(
        of=parse_printed(of, Calendar.GREGORIAN),
        calendar=Calendar.GREGORIAN,
        match=Match.NOMINAL,
        choice=Every(step=1),
        time=time(7),
        zone=zone("UTC"),
    )
    return replace(base, **given)  # type: ignore[arg-type]


def issue(id_: str = "a", rule: FixedDate | Anniversary | None = None, **given: object) -> Issue:
    base = Issue(
        id=id_,
        slug=id_,
        title=id_.upper(),
        status=Status.READY,
        language="en",
        body="",
        body_line=1,
        path=f"issues/{id_}.md",
        source=b"",
        content_hash="first",
        rule=rule or anniversary(),
    )
    return replace(base, **given)  # type: ignore[arg-type]


@dataclass
class Desk:
    """A press of values only: it does with `review` and `decide` what a tick does with a ledger."""

    issues: dict[str, Issue] = field(default_factory=lambda: {"a": issue()})
    pace: Pace = PACE
    is_strict: bool = False
    queues_ready: bool = False
    states: dict[str, IssueState] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    decisions: dict[tuple[str, int], Decision] = field(default_factory=dict)
    watermark: datetime | None = None
    resumed_at: datetime | None = None
    waiting_since: date | None = None
    stopped: str = ""
    broken: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)

    @property
    def account(self) -> Account:
        return Account(
            states=self.states,
            releases=tuple(self.releases),
            decisions=tuple(self.decisions.values()),
            watermark=self.watermark,
            resumed_at=self.resumed_at,
            waiting_since=self.waiting_since,
            stopped=self.stopped,
        )

    def tick(self, now: datetime) -> Agenda:
        for state in review(
            self.issues.values(), self.account, now=now, queues_ready=self.queues_ready, is_strict=self.is_strict
        ):
            self.states[state.issue_id] = state
            if state.state is QueueState.HELD:
                self.log.append(f"held {state.issue_id}")
        sound = [one for one in self.issues.values() if one.id not in self.broken]
        agenda = decide(sound, self.account, now=now, pace=self.pace, series_order={})
        if agenda.pause:
            self.log.append("paused")
            return agenda
        for due in agenda.to_release:
            self.release(due, now)
        for due in agenda.missed:
            name = (due.issue.id, due.occurrence.number)
            self.decisions[name] = Decision(
                issue_id=name[0], number=name[1], on=due.occurrence.on, verdict=Verdict.MISSED, decided_at=now
            )
            self.log.append(f"missed {name[0]}/{name[1]}")
        self.watermark = now
        self.waiting_since = min((due.occurrence.on for due in agenda.waiting), default=None)
        return agenda

    def release(self, due: Due, now: datetime, *, is_mailed: bool = True) -> None:
        number, on = due.occurrence.number, due.occurrence.on
        assert all((r.issue_id, r.number) != (due.issue.id, number) for r in self.releases), "released twice"
        assert all((r.issue_id, r.on) != (due.issue.id, on) for r in self.releases), "released twice"
        self.releases.append(
            Release(
                release_id=len(self.releases) + 1,
                issue_id=due.issue.id,
                number=number,
                on=on,
                released_at=now,
                updated_at=now,
                edition_hash="",
                issue_source=b"",
                issue_path=due.issue.path,
                settings="",
                entry_id="",
                transport="maildir",
                state=ReleaseState.SENDING,
                repeats=True,
                is_mailed=is_mailed,
            )
        )
        self.log.append(f"{now:%Y-%m-%d %H:%M} {due.issue.id}/{number}")

    def state(self, now: datetime, number: int = 100, id_: str = "a") -> OccurrenceState:
        return occurrence_state(due(self.issues[id_], number), self.account, now=now, pace=self.pace)


def due(one: Issue, number: int = 100) -> Due:
    assert one.rule is not None
    found = numbered(one.rule, number)
    assert found is not None
    return Due(issue=one, occurrence=found)


Step = Callable[[Desk, datetime], object]


def tick(desk: Desk, now: datetime) -> None:
    desk.tick(now)


def queue(desk: Desk, now: datetime) -> None:
    for one in desk.issues.values():
        desk.states[one.id] = queued(one, now, desk.states.get(one.id))


def hold(desk: Desk, now: datetime) -> None:
    desk.states["a"] = replace(desk.states.get("a") or queued(desk.issues["a"], now), state=QueueState.HELD, reason="x")


def stop(desk: Desk, _: datetime) -> None:
    desk.stopped = "stopped by hand"


def resume(desk: Desk, now: datetime) -> None:
    desk.stopped, desk.resumed_at = "", now


def skip(desk: Desk, now: datetime) -> None:
    on = due(desk.issues["a"]).occurrence.on
    desk.decisions["a", 100] = Decision(issue_id="a", number=100, on=on, verdict=Verdict.SKIPPED, decided_at=now)


def by_hand(desk: Desk, now: datetime) -> None:
    desk.release(due(desk.issues["a"]), now)


def strict(desk: Desk, _: datetime) -> None:
    desk.is_strict = True


def queueing_ready(desk: Desk, _: datetime) -> None:
    desk.queues_ready = True


def breaks(desk: Desk, _: datetime) -> None:
    desk.broken = {"a"}


def mended(desk: Desk, _: datetime) -> None:
    desk.broken = set()


def edit(**given: object) -> Step:
    """A new version of the file."""

    def step(desk: Desk, _: datetime) -> None:
        desk.issues["a"] = replace(desk.issues["a"], **given)  # type: ignore[arg-type]

    return step


def rule(of: str = "1917-09-04", **given: object) -> Step:
    """A new rule, and so a new version of the file."""
    return edit(rule=anniversary(of, **given), content_hash=f"{of} {given}")


def more(*ids: str) -> Step:
    """Further issues on the same slot."""

    def step(desk: Desk, _: datetime) -> None:
        desk.issues.update({id_: issue(id_) for id_ in ids})

    return step


VERBS: dict[str, Step] = {
    "queue": queue,
    "tick": tick,
    "hold": hold,
    "stop": stop,
    "resume": resume,
    "skip": skip,
    "by-hand": by_hand,
    "breaks": breaks,
    "mended": mended,
    "strict": strict,
    "queues-ready": queueing_ready,
    "edit": edit(content_hash="second"),
    "file-holds": edit(status=Status.HOLD),
    "file-drafts": edit(status=Status.DRAFT),
    "file-ready": edit(status=Status.READY),
    "series-edit": edit(rule=anniversary("1917-09-05")),
    "time-09": rule(time=time(9)),
    "with-b": more("b"),
    "with-b-c": more("b", "c"),
}


def scenarios() -> dict[str, tuple[list[tuple[str, Step]], list[str]]]:
    """The table of tests/vectors/decisions.txt: a name, steps each with its instant, and what was done, in order."""
    found = {}
    for block in TABLE.read_text(encoding="utf-8").split("\n\n"):
        name, _, rest = block.partition("\n")
        given, _, expected = " ".join(rest.split()).partition(" => ")
        steps = [step.rsplit(" ", 1) for step in given.split(", ")]
        done = [] if expected == "nothing" else expected.split(", ")
        assert name not in found
        found[name] = [(at, step_of(verb)) for at, verb in steps], done
    return found


def step_of(verb: str) -> Step:
    """What a verb of the table does; `of-1917-09-05` writes that date into the rule."""
    return rule(verb.removeprefix("of-")) if verb.startswith("of-") else VERBS[verb]


SCENARIOS = scenarios()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_press_releases_what_the_table_says(name: str) -> None:
    steps, expected = SCENARIOS[name]
    desk = Desk()
    for at, step in steps:
        step(desk, instant(at))
    assert desk.log == expected


def test_thirty_on_one_slot_all_go_out_an_hour_apart() -> None:
    ids = [f"i{n:02}" for n in range(30)]
    desk = Desk(issues={id_: issue(id_) for id_ in ids})
    queue(desk, instant("2017-09-01"))
    now = instant("2017-09-04T06:53")
    while now < instant("2017-09-07"):  # a clumsy cron line: every seven minutes
        desk.tick(now)
        now += timedelta(minutes=7)
    assert [r.issue_id for r in desk.releases] == ids
    gaps = [b.released_at - a.released_at for a, b in pairwise(desk.releases)]
    assert all(PACE.min_spacing <= gap < PACE.min_spacing + timedelta(minutes=7) for gap in gaps)
    assert not desk.decisions


def test_without_spacing_all_that_is_due_goes_at_once_in_order() -> None:
    older = issue("z", anniversary("1817-09-04"))
    desk = Desk(issues={"a": issue(), "z": older}, pace=replace(PACE, min_spacing=timedelta()))
    queue(desk, instant("2017-09-01"))
    desk.tick(instant(HUNDREDTH))
    assert [r.issue_id for r in desk.releases] == ["z", "a"]


def test_a_waiting_one_says_when_to_look_again() -> None:
    desk = Desk(issues={"a": issue(), "b": issue("b")})
    queue(desk, instant("2017-09-01"))
    agenda = desk.tick(instant(HUNDREDTH))
    assert [one.issue.id for one in agenda.waiting] == ["b"]
    assert agenda.look_again_at == instant("2017-09-04T08:00")


def test_an_archive_taken_in_takes_no_turn_and_is_never_released_again() -> None:
    desk = Desk(issues={"a": issue(), "b": issue("b")})
    queue(desk, instant("2017-09-01"))
    desk.release(due(desk.issues["b"]), instant("2017-09-04T06:59"), is_mailed=False)
    desk.tick(instant(HUNDREDTH))
    desk.tick(instant("2017-09-04T09:00"))
    assert [r.issue_id for r in desk.releases] == ["b", "a"]


def test_only_dates_in_the_window_count() -> None:
    desk = Desk()
    queue(desk, instant("2017-09-01"))
    outside = (date(2017, 9, 5), date(2018, 1, 1))
    agenda = decide(
        desk.issues.values(), desk.account, now=instant(HUNDREDTH), pace=PACE, series_order={}, window=outside
    )
    assert agenda == Agenda()


@pytest.mark.parametrize("now", ["0001-01-01", "9999-12-31T23:00"])
def test_a_clock_at_either_end_of_time_breaks_nothing(now: str) -> None:
    desk = Desk()
    queue(desk, instant(now))
    assert desk.tick(instant(now)) == Agenda()


def test_order_is_instant_then_original_date_then_series_then_id() -> None:
    def key(one: Issue) -> tuple[datetime, date, int, str]:
        return order(due(one, 0 if isinstance(one.rule, FixedDate) else 100), {"first": 1, "second": 2})

    fixed = FixedDate(on=date(2017, 9, 4), time=time(7), zone=zone("UTC"))
    in_order = [
        issue("z", anniversary("1917-09-04", time=time(6))),
        issue("y", anniversary("1917-09-04"), series="first"),
        issue("w", anniversary("1917-09-04"), series="second"),
        issue("x", anniversary("1917-09-04"), series="second"),
        issue("a", fixed),
    ]
    assert sorted([*in_order[3:], *in_order[:3]], key=key) == in_order


STATES: Iterable[tuple[str, list[tuple[str, Step]], str, OccurrenceState]] = [
    ("not queued, coming", [], "2017-09-01", OccurrenceState.UNQUEUED),
    ("not queued, gone", [], "2017-09-05", OccurrenceState.PAST),
    ("queued, coming", [("2017-09-01", queue)], "2017-09-02", OccurrenceState.QUEUED),
    ("queued, just due", [("2017-09-01", queue)], "2017-09-04T08:00", OccurrenceState.QUEUED),
    ("queued, grace gone", [("2017-09-01", queue)], "2017-09-06", OccurrenceState.MISSED),
    ("queued after it", [("2017-09-04T07:01", queue)], "2017-09-04T08:00", OccurrenceState.PAST),
    ("held, coming", [("2017-09-01", hold)], "2017-09-02", OccurrenceState.HELD),
    ("held over its slot", [("2017-09-01", hold)], "2017-09-05", OccurrenceState.HELD),
    ("taken up after its slot", [("2017-09-01", hold), ("2017-09-05", queue)], "2017-09-05", OccurrenceState.PAST),
    ("held in the file", [("2017-09-01", edit(status=Status.HOLD))], "2017-09-02", OccurrenceState.HELD),
    ("held in the file, gone", [("2017-09-01", edit(status=Status.HOLD))], "2017-09-05", OccurrenceState.PAST),
    (
        "queued, then a draft",
        [("2017-09-01", queue), ("2017-09-01", edit(status=Status.DRAFT))],
        "2017-09-02",
        OccurrenceState.HELD,
    ),
    ("skipped", [("2017-09-01", queue), ("2017-09-01", skip)], "2017-09-02", OccurrenceState.SKIPPED),
    ("missed", [("2017-09-01", queue), ("2017-09-06", tick)], "2017-09-06", OccurrenceState.MISSED),
    ("released", [("2017-09-01", queue), (HUNDREDTH, tick)], "2017-09-06", OccurrenceState.RELEASED),
    (
        "missed, then released by hand",
        [("2017-09-01", queue), ("2017-09-06", tick), ("2017-09-07", by_hand)],
        "2017-09-08",
        OccurrenceState.RELEASED,
    ),
]


@pytest.mark.parametrize(("steps", "now", "expected"), [row[1:] for row in STATES], ids=[row[0] for row in STATES])
def test_the_state_of_an_occurrence(steps: list[tuple[str, Step]], now: str, expected: OccurrenceState) -> None:
    desk = Desk()
    for at, step in steps:
        step(desk, instant(at))
    assert desk.state(instant(now)) is expected


def test_one_that_waits_its_turn_beyond_grace_is_not_missed() -> None:
    desk = Desk(issues={id_: issue(id_) for id_ in "ab"}, pace=replace(PACE, min_spacing=timedelta(hours=30)))
    queue(desk, instant("2017-09-01"))
    desk.tick(instant(HUNDREDTH))
    assert desk.state(instant("2017-09-05T12:00"), id_="b") is OccurrenceState.QUEUED
    desk.tick(instant("2017-09-05T12:00"))
    desk.tick(instant("2017-09-05T13:00"))
    assert [r.issue_id for r in desk.releases] == ["a", "b"]


@pytest.mark.parametrize(
    ("edited", "is_same"),
    [
        (anniversary(time=time(9)), True),
        (anniversary(zone=zone("Europe/Moscow")), True),
        (anniversary(from_on=date(2017, 1, 1), until_on=date(2018, 1, 1)), True),
        (anniversary("1917-09-04?"), True),
        (anniversary("1917-09-05"), False),
        (anniversary("1917-09"), False),
        (anniversary(calendar=Calendar.RUSSIA), False),
        (anniversary(match=Match.CONVERTED), False),
        (anniversary(choice=Every(step=2)), False),
        (anniversary(choice=Years(numbers=frozenset({1}))), False),
        (anniversary(leap_day=LeapDay.OMIT), False),
        (FixedDate(on=date(2017, 9, 4), time=time(7), zone=zone("UTC")), False),
        (None, False),
    ],
)
def test_a_rule_is_another_if_it_moves_a_date_or_a_number(
    edited: FixedDate | Anniversary | None, *, is_same: bool
) -> None:
    assert (rule_hash(edited) == rule_hash(anniversary())) is is_same


def test_midnight_is_in_utc() -> None:
    assert midnight(date(2017, 9, 4)) == datetime(2017, 9, 4, tzinfo=UTC)
