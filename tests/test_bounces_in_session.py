"""Refusals while mail is sent: by the same rules as bounces, with the same brake; and one letter's whole way round."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sample_press import NOW, add_readers, open_sample, release, with_relay
from sample_reports import fields, notification
from smtp_sink import Script, Sink, no_script, running
from sparkpub.adapters.inbox import single_message
from sparkpub.core.records import Release, ReleaseState
from sparkpub.core.settings import InboxSettings
from sparkpub.hearing import read_inbox
from sparkpub.press import Press
from sparkpub.sending import resume_release, send


@contextmanager
def mailing(
    folder: Path, readers: int, script: Script = no_script, **delivery: object
) -> Iterator[tuple[Press, Release, Sink]]:
    """A press with an inbox, a release to `readers`, and the relay it mails by."""
    with running(Sink(script=script)) as sink:
        settings = replace(with_relay(sink.port, **delivery), inbox=InboxSettings(address="bounces@press.example.org"))
        press = open_sample(folder, settings, create=True)
        add_readers(press, readers)
        yield press, release(press), sink
        press.ledger.close()


def refusing(reply: str, *, every: int = 1) -> Script:
    """Refuse every n-th reader."""

    def script(verb: str, argument: str) -> str:
        number = argument.partition("<r")[2].partition("@")[0]
        return reply if verb == "RCPT" and number.isdecimal() and int(number) % every == 0 else ""

    return script


@pytest.mark.parametrize(
    ("reply", "is_suppressed", "score"),
    [
        ("550 5.1.1 no such user", True, 0.0),
        ("550 No such user here", True, 0.0),
        ("552 5.2.2 mailbox full", False, 1.0),
        ("550 5.2.1 disabled", False, 1.5),
        ("550 5.1.8 sender refused", False, 0.0),
        ("550 5.7.1 blocked", False, 0.0),
    ],
)
def test_a_refusal_counts_as_a_bounce_would(tmp_path: Path, reply: str, is_suppressed: bool, score: float) -> None:
    with mailing(tmp_path, 1, refusing(reply)) as (press, _, _sink):
        assert send(press, now=NOW).failed == 1
        assert bool(press.ledger.suppression("r0@example.org")) is is_suppressed
        assert press.ledger.score("r0@example.org").value == score


def test_what_is_given_up_counts_once_and_what_waits_not_yet(tmp_path: Path) -> None:
    script = refusing("452 4.2.2 mailbox full")
    with mailing(tmp_path, 1, script, retry_seconds=(3600,), give_up="2h") as (press, _, _sink):
        assert send(press, now=NOW).deferred == 1
        assert press.ledger.score("r0@example.org").value == 0.0
        assert send(press, now=NOW + timedelta(hours=1.5)).failed == 1
        assert press.ledger.score("r0@example.org").value == 1.0


def test_a_release_that_is_refused_all_over_stops_before_all_of_it_is(tmp_path: Path) -> None:
    with mailing(tmp_path, 3000, refusing("550 5.7.1 blocked", every=2), stop_least=100) as (press, kept, _):
        report = send(press, now=NOW)
        assert 100 <= report.failed < 1000
        assert press.ledger.release(kept.release_id).state is ReleaseState.STOPPED
        assert "were refused or came back" in press.ledger.stop_notes(kept.release_id).reason
        balance = press.ledger.balance(kept.release_id)
        assert balance.balances
        assert balance.pending > 1000
        resume_release(press, press.ledger.release(kept.release_id), now=NOW)
        again = send(press, now=NOW)
        assert 100 <= again.failed < 1000


def test_a_release_with_few_refusals_goes_to_its_end(tmp_path: Path) -> None:
    with mailing(tmp_path, 1200, refusing("550 5.7.1 blocked", every=20), stop_least=100) as (press, kept, _):
        send(press, now=NOW)
        assert press.ledger.release(kept.release_id).state is ReleaseState.FINISHED


def test_a_bounce_to_the_return_address_of_a_letter_finds_its_reader(tmp_path: Path) -> None:
    with mailing(tmp_path, 3) as (press, kept, sink):
        send(press, now=NOW)
        letter = next(each for each in sink.received if each.recipient == "r1@example.org")
        bounce = notification(letter.sender, "failed", fields("r1@example.org"), original=letter.data.decode())
        heard = read_inbox(press, single_message(io.BytesIO(bounce.encode())), now=NOW)
        assert (heard.gone, heard.suppressed) == (1, 1)
        assert press.ledger.suppression("r1@example.org")
        assert press.ledger.suppression("r0@example.org") is None
        assert press.ledger.report_counts(kept.release_id).gone == 1


def test_the_letter_itself_tells_where_its_bounce_lost_the_return_address(tmp_path: Path) -> None:
    with mailing(tmp_path, 3) as (press, _, sink):
        inbox = InboxSettings(address="bounces@press.example.org", unsubscribe_address="leave@press.example.org")
        settings = replace(press.publication.settings, inbox=inbox)
        leavable = replace(press, publication=replace(press.publication, settings=settings))
        send(leavable, now=NOW)
        letter = next(each for each in sink.received if each.recipient == "r2@example.org")
        bounce = notification(
            "editor@press.example.org", "failed", fields("r2@example.org"), original=letter.data.decode()
        )
        assert read_inbox(press, single_message(io.BytesIO(bounce.encode())), now=NOW).gone == 1
        assert press.ledger.suppression("r2@example.org")
        assert [past.release for past in press.ledger.reports_of(3)] == ["soviets/100"]
