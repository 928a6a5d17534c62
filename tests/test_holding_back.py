"""Holding back: the canary goes first, a relay that asks for less gets less, one that fails is left alone."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sample_press import NOW, add_readers, open_sample, release, with_relay
from smtp_sink import Script, Sink, no_script, running
from sparkpub.adapters.smtp import Route, Timeouts
from sparkpub.adapters.smtp.relays import Relays
from sparkpub.core.records import Release, ReleaseState
from sparkpub.core.settings import SmtpSettings
from sparkpub.errors import TransportError
from sparkpub.press import Press
from sparkpub.sending import find_release, resume_release, send

HALF_AN_HOUR = timedelta(minutes=30)


@contextmanager
def mailing(
    folder: Path, *, readers: int, script: Script = no_script, **delivery: object
) -> Iterator[tuple[Press, Release, Sink]]:
    with running(Sink(script=script)) as sink:
        press = open_sample(folder, with_relay(sink.port, **delivery), create=True)
        add_readers(press, readers)
        yield press, release(press), sink
        press.ledger.close()


def refusing(count: int) -> Script:
    """A relay that refuses the first `count` readers."""
    refused = {f"TO:<r{n}@example.org>" for n in range(count)}
    return lambda verb, argument: "550 5.7.1 no" if verb == "RCPT" and argument in refused else ""


# The canary


@pytest.mark.parametrize(("canary", "first"), [("25", 25), ("1%", 10), ("0.01%", 1)])
def test_a_canary_goes_first_and_the_others_follow_after_its_wait(tmp_path: Path, canary: str, first: int) -> None:
    with mailing(tmp_path, readers=1000, canary=canary) as (press, kept, sink):
        report = send(press, now=NOW)
        assert (report.sent, [r.name for r in report.resting]) == (first, ["soviets/100"])
        assert send(press, now=NOW + timedelta(minutes=29)).sent == 0
        assert send(press, now=NOW + HALF_AN_HOUR).sent == 1000 - first
        assert len({r.recipient for r in sink.received}) == len(sink.received) == 1000
        assert press.ledger.release(kept.release_id).state is ReleaseState.FINISHED


def test_a_canary_that_fares_badly_stops_the_release_until_a_person_resumes_it(tmp_path: Path) -> None:
    with mailing(tmp_path, readers=200, canary="20", script=refusing(3)) as (press, kept, sink):
        assert send(press, now=NOW).failed == 3
        assert send(press, now=NOW + HALF_AN_HOUR).sent == 0
        notes = press.ledger.stop_notes(kept.release_id)
        assert notes.reason == "canary: of the first 20 messages 3 failed, 0 are deferred, 0 uncertain"
        assert press.ledger.release(kept.release_id).state is ReleaseState.STOPPED
        resume_release(press, find_release(press, "soviets/100"), now=NOW + HALF_AN_HOUR)
        assert send(press, now=NOW + HALF_AN_HOUR).sent == 180
        assert len(sink.received) == 197


def test_a_canary_that_died_half_way_goes_on_where_it_stood(tmp_path: Path) -> None:
    with mailing(tmp_path, readers=100, canary="20") as (press, _, sink):
        assert send(press, now=NOW, limit=8).sent == 8
        assert send(press, now=NOW).sent == 12
        assert send(press, now=NOW + HALF_AN_HOUR).sent == 80
        assert len(sink.received) == 100


def test_a_release_smaller_than_its_canary_is_simply_sent(tmp_path: Path) -> None:
    with mailing(tmp_path, readers=5, canary="20") as (press, kept, _):
        assert send(press, now=NOW).sent == 5
        assert press.ledger.release(kept.release_id).state is ReleaseState.FINISHED


# The pace


def test_a_relay_that_asks_for_less_gets_less_and_a_restart_remembers(tmp_path: Path) -> None:
    times: list[float] = []

    def script(verb: str, argument: str) -> str:
        del argument
        if verb == "MAIL":
            times.append(time.monotonic())
            window = [at for at in times if at > times[-1] - 1]
            return "454 4.7.0 too fast" if len(window) > 40 else ""
        return ""

    with mailing(tmp_path, readers=120, script=script, connections=2, retry_seconds=(1,)) as (press, kept, _):
        later = NOW
        while press.ledger.balance(kept.release_id).open and later < NOW + timedelta(hours=2):
            send(press, now=later)
            later += timedelta(minutes=10)
            if press.ledger.paces():
                break
        ((name, lane),) = press.ledger.paces().items()
        assert name.startswith("127.0.0.1:")
        assert lane.per_second is not None
        assert lane.best is not None
        assert 0 < lane.per_second < lane.best
        before = len(times)
        began = time.monotonic()
        send(press, now=later, limit=10)
        assert time.monotonic() - began >= 8 / lane.best
        assert len(times) - before >= 10


def test_a_domain_that_is_too_busy_slows_no_other(tmp_path: Path) -> None:
    def script(verb: str, argument: str) -> str:
        time.sleep(0.002)
        if len(sink.received) == 300:
            (tmp_path / "STOP").touch()
        return "450 4.2.1 busy" if verb == "RCPT" and argument.endswith("@busy.example.com>") else ""

    with running(Sink(script=script)) as sink:
        press = open_sample(tmp_path, with_relay(sink.port, connections=2), create=True)
        add_readers(press, 300, domain="busy.example.com")
        add_readers(press, 300)
        release(press)
        send(press, now=NOW)
        assert list(press.ledger.paces()) == ["@busy.example.com"]
        assert Counter(r.recipient.partition("@")[2] for r in sink.received) == {"example.org": 300}
        press.ledger.close()


# The circuit breaker


def test_a_dead_relay_is_not_knocked_at_again_for_each_connection() -> None:
    async def scene(dead: Route, good: Route) -> tuple[list[str], float]:
        relays = Relays([dead, good])
        names = []
        for _ in range(6):
            connection = await relays.connect()
            names.append(connection.route.name)
            connection.hang_up()
        return names, time.monotonic()

    greetings = Counter[str]()

    def never(verb: str, argument: str) -> str:
        del argument
        greetings[verb] += 1
        return "554 5.7.0 not you" if verb == "GREETING" else ""

    quick = Timeouts(connect=2, greeting=2)
    with running(Sink(script=never)) as bad, running(Sink()) as good:
        routes = [Route(host="127.0.0.1", port=sink.port, security="none", timeouts=quick) for sink in (bad, good)]
        names, _ = asyncio.run(scene(routes[0], routes[1]))
    assert names == [routes[1].name] * 6
    assert greetings["GREETING"] == 2


def test_an_open_breaker_says_why_and_another_run_begins_anew() -> None:
    async def scene(route: Route) -> list[str]:
        relays, said = Relays([route]), []
        for _ in range(3):
            with pytest.raises(TransportError) as fault:
                await relays.connect()
            said.append(str(fault.value))
        return said

    with running(Sink(script=lambda verb, _: "554 5.7.0 not you" if verb == "GREETING" else "")) as bad:
        said = asyncio.run(scene(Route(host="127.0.0.1", port=bad.port, security="none")))
        assert bad.connections == 2
    assert len(set(said)) == 1
    assert "554 5.7.0 not you" in said[0]


def test_a_relay_that_fails_in_the_middle_is_taken_over_by_the_next(tmp_path: Path) -> None:
    taken = Counter[str]()

    def failing(verb: str, argument: str) -> str:
        del argument
        taken[verb] += 1
        if taken["BODY"] >= 50:
            return {"GREETING": "421 4.3.2 down", "MAIL": "421 4.3.2 down"}.get(verb, "")
        return ""

    with running(Sink(script=failing)) as first, running(Sink()) as second:
        settings = with_relay(first.port, connections=2, retry_seconds=(1,))
        spare = SmtpSettings(host="127.0.0.1", port=second.port, security="none")
        press = open_sample(tmp_path, replace(settings, smtp={**settings.smtp, "spare": spare}), create=True)
        add_readers(press, 300)
        kept = release(press)
        send(press, now=NOW)
        send(press, now=NOW + timedelta(minutes=1))
        balance = press.ledger.balance(kept.release_id)
        press.ledger.close()
    assert (balance.sent, balance.open) == (300, 0)
    assert len(second.received) >= 200
    assert Counter(r.recipient for r in (*first.received, *second.received)).most_common(1)[0][1] == 1


def test_a_connection_is_begun_anew_after_a_thousand_letters(tmp_path: Path) -> None:
    with mailing(tmp_path, readers=2100, connections=1) as (press, _, sink):
        assert send(press, now=NOW).sent == 2100
        assert sink.connections == 3
        assert sink.commands.count("QUIT") == 3
