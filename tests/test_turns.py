"""Turns: whoever sends from one ledger shares its paces, a restart included, and what nothing limits costs nothing."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_engines import Engine, LedgerRoom
from sample_press import NOW, add_readers, open_sample, release, with_relay
from smtp_sink import Script, Sink, running
from sparkpub.adapters.ledger import Ledger
from sparkpub.core.pacing import Lane, Turns
from sparkpub.core.settings import DeliverySettings
from sparkpub.outgoing.pacing import Pacing
from sparkpub.sending import send

RELAY = "relay.example.net:25"
PROGRAM = [sys.executable, str(Path(__file__).with_name("breaking_press.py"))]
AT = 1_504_497_600.0


class Clock:
    """Seconds since 1970, as a test says."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> float:
        return self.now


@contextmanager
def ledgers(engine: Engine, count: int) -> Iterator[list[Ledger]]:
    """Several connections to one ledger."""
    with engine() as room:
        yield [room.make(), *(room.open() for _ in range(count - 1))]


def paced(ledger: Ledger, clock: Callable[[], float], **delivery: object) -> Pacing:
    return Pacing(DeliverySettings(**delivery), ledger, clock=clock)  # type: ignore[arg-type]


# The turns themselves


def test_turns_are_even_and_lapse_together() -> None:
    turns = Turns.from_(AT, per_second=10.0)
    assert (turns.left, turns.until) == (5, AT + 0.5)
    taken = []
    now = AT
    while (wait := turns.wait(now)) is not None:
        if wait == 0:
            taken.append(round(now - AT, 3))
            turns = turns.used(now)
        now += wait or 0.001
    assert taken == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert turns.wait(AT + 0.5) is None


def test_a_slow_way_is_taken_a_turn_at_a_time() -> None:
    turns = Turns.from_(AT, per_second=0.1)
    assert (turns.left, turns.until) == (1, AT + 10)
    assert turns.used(AT).wait(AT + 4) == 6


def test_a_sender_that_was_frozen_does_not_make_up_for_it() -> None:
    turns = Turns.from_(AT, per_second=20.0).used(AT)
    for late in (0.33, 0.331):
        assert turns.wait(AT + late) == 0
        turns = turns.used(AT + late)
    assert turns.wait(AT + 0.332) == pytest.approx(0.048, abs=1e-6)


def test_a_clock_that_is_set_back_ends_the_turns() -> None:
    assert Turns.from_(AT, per_second=1.0).wait(AT - 3600) is None
    assert Turns.of_another(AT, wait=5).wait(AT - 3600) is None


# Several senders


@given(
    rate=st.floats(0.5, 50),
    steps=st.lists(st.tuples(st.integers(0, 2), st.floats(0.0, 0.4)), min_size=20, max_size=200),
)
def test_however_often_three_senders_ask_they_get_no_more_turns_than_there_are(
    engine: Engine, rate: float, steps: list[tuple[int, float]]
) -> None:
    with ledgers(engine, 3) as three:
        clock = Clock()
        senders = [paced(ledger, clock, rate_per_second=rate) for ledger in three]
        taken = []
        for number, pause in steps:
            clock.now += pause
            if senders[number].route_wait(RELAY) == 0:
                taken.append(clock.now)
        at_a_time = max(1, int(rate / 2))
        for first in range(len(taken)):
            for last in range(first, len(taken)):
                assert last - first <= (taken[last] - taken[first]) * rate + at_a_time + 1e-6


def test_two_senders_share_a_pace_and_use_all_of_it(engine: Engine) -> None:
    with ledgers(engine, 2) as two:
        clock = Clock()
        senders = [paced(ledger, clock, rate_per_second=40.0) for ledger in two]
        counts = [0, 0]
        while clock.now < AT + 20:
            clock.now += 0.001
            for number in (0, 1) if int(clock.now * 1000) % 2 else (1, 0):
                counts[number] += senders[number].route_wait(RELAY) == 0
        assert 780 <= sum(counts) <= 801
        assert min(counts) >= 200


def test_a_domain_s_pace_is_shared_as_well_and_no_other_domain_waits(engine: Engine) -> None:
    with ledgers(engine, 2) as two:
        clock = Clock()
        one, other = (paced(ledger, clock, per_domain={"example.net": 0.5}) for ledger in two)
        assert one.domain_wait("example.net") == 0
        assert other.domain_wait("example.net") == pytest.approx(2)
        assert (one.domain_wait("example.com"), other.domain_wait("example.com")) == (0, 0)
        clock.now += 2
        assert other.domain_wait("example.net") == 0
        assert one.domain_wait("example.net") == pytest.approx(2)


def test_a_restart_goes_on_at_the_same_pace(ledger_room: LedgerRoom) -> None:
    clock = Clock()
    for number in range(5):
        ledger = ledger_room.open() if number else ledger_room.make()
        wait = paced(ledger, clock, rate_per_second=0.5).route_wait(RELAY)
        ledger.close()
        assert wait == (0 if number == 0 else pytest.approx(2 - number / 10))
        clock.now += 0.1


def test_nobody_waits_for_turns_that_were_taken_under_a_clock_that_was_wrong(engine: Engine) -> None:
    with ledgers(engine, 2) as two:
        clock = Clock()
        clock.now += 3600
        assert paced(two[0], clock, rate_per_second=2.0).route_wait(RELAY) == 0
        clock.now = AT
        assert paced(two[1], clock, rate_per_second=2.0).route_wait(RELAY) == 0
        assert paced(two[0], clock, rate_per_second=2.0).route_wait(RELAY) > 0


def test_what_one_sender_has_learned_the_others_take_over(engine: Engine) -> None:
    with ledgers(engine, 2) as (here, there):
        other = paced(there, Clock())
        waits = []
        for lane in (Lane(), Lane(per_second=3.0, best=6.0), Lane()):
            here.keep_pace(RELAY, lane)
            other.keep()
            waits.append((other.is_limited, other.route_wait(RELAY) > 0, other.route_wait(RELAY) > 0))
        assert waits == [(False, False, False), (True, False, True), (False, False, False)]


# Real letters


def times_of(times: list[float]) -> Script:
    def script(verb: str, argument: str) -> str:
        del argument
        if verb == "BODY":
            times.append(time.monotonic())
        return ""

    return script


def test_two_processes_send_no_faster_than_one_may(tmp_path: Path) -> None:
    times: list[float] = []
    rate = 50.0
    with running(Sink(script=times_of(times))) as sink:
        press = open_sample(tmp_path, with_relay(sink.port), create=True)
        add_readers(press, 150)
        kept = release(press)
        words = [*PROGRAM, "zombie", str(tmp_path), str(sink.port), str(rate)]
        senders = [subprocess.Popen(words) for _ in range(2)]
        assert [sender.wait(60) for sender in senders] == [0, 0]
        balance = press.ledger.balance(kept.release_id)
        press.ledger.close()
    assert (balance.sent, balance.open) == (150, 0)
    assert len({received.recipient for received in sink.received}) == len(sink.received) == 150
    times.sort()
    assert times[-1] - times[0] >= (150 - 25 - 5) / rate
    for first, last in zip(times, times[60:], strict=False):
        assert last - first >= (60 - 25 - 5) / rate


def test_a_press_that_is_started_again_and_again_sends_at_its_pace(tmp_path: Path) -> None:
    times: list[float] = []
    with running(Sink(script=times_of(times))) as sink:
        press = open_sample(tmp_path, with_relay(sink.port, rate_per_second=5.0), create=True)
        add_readers(press, 4)
        release(press)
        while send(press, now=NOW, limit=1).sent:
            pass
        press.ledger.close()
    assert len(times) == 4
    assert all(later - earlier >= 0.15 for earlier, later in pairwise(times))


def test_what_nothing_limits_takes_no_turns(tmp_path: Path) -> None:
    with running(Sink()) as sink:
        press = open_sample(tmp_path, with_relay(sink.port), create=True)
        add_readers(press, 600)
        release(press)
        statements: list[str] = []
        press.ledger._db._connection.set_trace_callback(statements.append)
        assert send(press, now=NOW).sent == 600
        paces = [statement for statement in statements if "pace" in statement.split("--")[0]]
        assert press.ledger._db.rows("SELECT * FROM pace") == []
        press.ledger.close()
    assert all(statement.startswith("SELECT") for statement in paces)
    assert len(paces) <= 12  # at the start, when a batch is looked for, at the end; not for each letter
