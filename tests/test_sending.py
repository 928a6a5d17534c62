"""Sending: nobody twice, nobody lost, and every doubt named, whatever breaks and whenever."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sample_press import (
    KEY,
    LEAVABLE,
    NOW,
    SETTINGS,
    add_readers,
    open_sample,
    release,
    with_relay,
)
from smtp_sink import DROP, TAKE_AND_DROP, Script, Sink, no_script, running
from sparkpub.adapters.probe import answer
from sparkpub.adapters.secrets import PUBLIC_KEY
from sparkpub.core.dkim import Signer
from sparkpub.core.records import Balance, Release, ReleaseState, Subscriber, SubscriberState
from sparkpub.core.settings import DkimSettings, Settings, WebSettings
from sparkpub.core.tokens import Purpose, Tokens
from sparkpub.errors import BusyError, LedgerError, TransportError, UsageError
from sparkpub.press import Press
from sparkpub.sending import cancel_release, find_release, resume_release, send, status_rows, stop_release

MAILDIR = replace(SETTINGS, delivery=replace(SETTINGS.delivery, transport="maildir"))


@contextmanager
def mailing(
    folder: Path, *, readers: int = 10, script: Script = no_script, settings: Settings | None = None, **delivery: object
) -> Iterator[tuple[Press, Release, Sink]]:
    """A press with a release to `readers`, and the relay it mails by."""
    with running(Sink(script=script)) as sink:
        relay = with_relay(sink.port, **delivery)
        chosen = relay if settings is None else replace(settings, smtp=relay.smtp, delivery=relay.delivery)
        press = open_sample(folder, chosen, create=True)
        add_readers(press, readers)
        yield press, release(press), sink
        press.ledger.close()


def balance(press: Press, kept: Release) -> Balance:
    found = press.ledger.balance(kept.release_id)
    assert found.balances
    return found


def recipients(sink: Sink) -> Counter[str]:
    return Counter(received.recipient for received in sink.received)


def test_every_reader_gets_it_once_and_the_release_is_finished(tmp_path: Path) -> None:
    with mailing(tmp_path, readers=1234, connections=4) as (press, kept, sink):
        seen: list[tuple[int, int]] = []
        report = send(press, now=NOW, progress=lambda done, total: seen.append((done, total)))
        assert (report.sent, report.finished[0].name, report.stopped) == (1234, "soviets/100", "")
        assert seen[-1] == (1234, 1234)
        assert set(recipients(sink).values()) == {1}
        assert len(sink.received) == 1234
        assert press.ledger.release(kept.release_id).state is ReleaseState.FINISHED
        assert send(press, now=NOW).sent == 0
        assert len(sink.received) == 1234


def test_status_tells_the_balance_in_the_words_of_the_contract(tmp_path: Path) -> None:
    with mailing(tmp_path, readers=3) as (press, _, _):
        send(press, now=NOW, limit=2)
        assert status_rows(press) == [
            {
                "release": "soviets/100",
                "issue": "soviets",
                "number": 100,
                "date": "2017-09-04",
                "released_at": "2017-09-04T04:00:00Z",
                "state": "sending",
                "transport": "smtp",
                "eligible": 3,
                "sent": 2,
                "pending": 1,
                "sending": 0,
                "deferred": 0,
                "failed": 0,
                "uncertain": 0,
                "suppressed": 0,
                "cancelled": 0,
            }
        ]


def test_a_rehearsal_lies_in_the_maildir_under_stable_names(tmp_path: Path) -> None:
    press = open_sample(tmp_path, MAILDIR, create=True)
    add_readers(press, 3)
    release(press)
    report = send(press, now=NOW)
    assert (report.transport, report.sent) == ("maildir", 3)
    names = sorted(path.name for path in (press.outbox / "new").iterdir())
    assert names == [f"1504497600.R1S{n}.press.example.org" for n in (1, 2, 3)]
    message = (press.outbox / "new" / names[0]).read_text()
    assert Tokens(KEY).message_id("soviets/100", 1, "press.example.org") in message
    press.ledger.close()


def test_a_deferred_reader_is_tried_again_when_it_is_time_and_given_up_in_the_end(tmp_path: Path) -> None:
    def script(verb: str, argument: str) -> str:
        return "450 4.2.1 greylisted" if verb == "RCPT" and "r3@" in argument else ""

    with mailing(tmp_path, script=script, retry_seconds=(300, 900), give_up="1h") as (press, kept, sink):
        assert (send(press, now=NOW).deferred, balance(press, kept).sent) == (1, 9)
        tries = [(minutes, send(press, now=NOW + timedelta(minutes=minutes)).deferred) for minutes in (4, 6, 7, 25, 46)]
        assert tries == [(4, 0), (6, 1), (7, 0), (25, 1), (46, 0)]
        assert balance(press, kept).failed == 1
        assert press.ledger.release(kept.release_id).state is ReleaseState.FINISHED
        assert recipients(sink)["r3@example.org"] == 0


def test_an_address_that_does_not_exist_fails_and_is_never_mailed_again(tmp_path: Path) -> None:
    def script(verb: str, argument: str) -> str:
        return "550 5.1.1 no such user" if verb == "RCPT" and "r3@" in argument else ""

    with mailing(tmp_path, script=script) as (press, kept, _):
        send(press, now=NOW)
        assert (balance(press, kept).failed, balance(press, kept).sent) == (1, 9)
        assert press.ledger.suppression("r3@example.org") == "refused: 550 5.1.1 no such user"
        assert press.ledger.count_audience(None) == 9


@pytest.mark.parametrize("ending", [DROP, TAKE_AND_DROP])
def test_a_line_lost_after_the_body_is_uncertain_and_never_resent_unasked(tmp_path: Path, ending: str) -> None:
    def script(verb: str, argument: str) -> str:
        return ending if verb == "BODY" and argument == "r3@example.org" else ""

    with mailing(tmp_path, script=script) as (press, kept, sink):
        assert send(press, now=NOW).uncertain == 1
        assert (balance(press, kept).uncertain, balance(press, kept).sent) == (1, 9)
        assert press.ledger.release(kept.release_id).state is ReleaseState.FINISHED
        send(press, now=NOW)
        assert recipients(sink)["r3@example.org"] == (1 if ending == TAKE_AND_DROP else 0)


def test_the_policy_resend_tries_a_doubt_again_under_the_same_message_id(tmp_path: Path) -> None:
    dropped: list[str] = []

    def script(verb: str, argument: str) -> str:
        if verb == "BODY" and argument == "r3@example.org" and not dropped:
            dropped.append(argument)
            return TAKE_AND_DROP
        return ""

    with mailing(tmp_path, script=script, uncertain="resend") as (press, kept, sink):
        send(press, now=NOW)
        send(press, now=NOW)
        assert balance(press, kept).sent == 10
        twice = [r.data for r in sink.received if r.recipient == "r3@example.org"]
        assert len(twice) == 2
        assert twice[0] == twice[1]


def test_a_stop_file_stops_within_one_message(tmp_path: Path) -> None:
    def script(verb: str, argument: str) -> str:
        if verb == "BODY" and argument == "r3@example.org":
            (tmp_path / "STOP").touch()
        return ""

    with mailing(tmp_path, script=script, connections=1) as (press, kept, sink):
        assert "STOP" in send(press, now=NOW).stopped
        assert len(sink.received) == 4
        assert balance(press, kept).pending == 6
        (tmp_path / "STOP").unlink()
        send(press, now=NOW)
        assert set(recipients(sink).values()) == {1}
        assert len(sink.received) == 10


def test_a_stopped_release_is_not_sent_until_it_is_resumed(tmp_path: Path) -> None:
    with mailing(tmp_path) as (press, kept, sink):
        stop_release(press, kept, now=NOW)
        with pytest.raises(UsageError, match="is stopped"):
            stop_release(press, kept, now=NOW)
        assert send(press, now=NOW).sent == 0
        resume_release(press, kept, now=NOW)
        assert send(press, now=NOW).sent == 10
        assert len(sink.received) == 10


def test_a_release_stopped_while_it_is_sent_stops_within_one_message(tmp_path: Path) -> None:
    def script(verb: str, argument: str) -> str:
        if verb == "BODY" and argument == "r3@example.org":
            other = open_sample(tmp_path, SETTINGS)
            stop_release(other, find_release(other, "soviets/100"), now=NOW)
            other.ledger.close()
        return ""

    with mailing(tmp_path, script=script, connections=1) as (press, kept, sink):
        send(press, now=NOW)
        assert len(sink.received) == 4
        assert balance(press, kept).pending == 6
        assert sink.connections <= 2


def test_a_cancelled_release_sends_nothing_more(tmp_path: Path) -> None:
    with mailing(tmp_path) as (press, kept, sink):
        send(press, now=NOW, limit=4)
        cancel_release(press, kept, now=NOW)
        assert (balance(press, kept).sent, balance(press, kept).cancelled) == (4, 6)
        send(press, now=NOW)
        assert len(sink.received) == 4
        with pytest.raises(UsageError, match="is cancelled"):
            resume_release(press, kept, now=NOW)


def test_who_leaves_while_it_is_sent_is_not_mailed(tmp_path: Path) -> None:
    with mailing(tmp_path) as (press, kept, sink):
        send(press, now=NOW, limit=4)
        press.ledger.unsubscribe("r9@example.org", NOW)
        send(press, now=NOW)
        assert (balance(press, kept).sent, balance(press, kept).suppressed) == (9, 1)
        assert recipients(sink)["r9@example.org"] == 0


def test_what_is_not_begun_within_its_grace_stops_until_resumed(tmp_path: Path) -> None:
    late = NOW + timedelta(hours=25)
    with mailing(tmp_path) as (press, kept, sink):
        report = send(press, now=late)
        assert [r.name for r in report.late] == ["soviets/100"]
        assert press.ledger.release(kept.release_id).state is ReleaseState.STOPPED
        assert send(press, now=late).sent == 0
        resume_release(press, kept, now=late)
        assert send(press, now=late + timedelta(hours=1)).sent == 10
        assert len(sink.received) == 10


def test_a_release_is_never_sent_by_another_transport(tmp_path: Path) -> None:
    press = open_sample(tmp_path, MAILDIR, create=True)
    add_readers(press, 2)
    release(press)
    press.ledger.close()
    with running(Sink()) as sink:
        press = open_sample(tmp_path, with_relay(sink.port))
        report = send(press, now=NOW)
        assert [r.name for r in report.foreign] == ["soviets/100"]
        assert sink.received == []
        press.ledger.close()


def test_the_newest_release_goes_first(tmp_path: Path) -> None:
    with mailing(tmp_path, readers=2, connections=1) as (press, _, sink):
        release(press, number=101, at=NOW + timedelta(minutes=5))
        send(press, now=NOW + timedelta(minutes=6), limit=2)
        ids = [Tokens(KEY).message_id("soviets/101", n, "press.example.org").encode() for n in (1, 2)]
        assert all(id_ in received.data for id_, received in zip(ids, sink.received, strict=True))


def test_a_sandbox_takes_every_message_and_suppresses_nobody(tmp_path: Path) -> None:
    def script(verb: str, argument: str) -> str:
        del argument
        return "550 5.1.1 no" if verb == "RCPT" else ""

    with mailing(tmp_path, readers=3, sandbox="me@example.net", connections=1) as (press, _, sink):
        send(press, now=NOW)
        assert recipients(sink) == {"me@example.net": 3}
        assert b"r0@example.org" not in b"".join(r.data for r in sink.received)
    other = tmp_path / "other"
    other.mkdir()
    with mailing(other, readers=1, sandbox="me@example.net", script=script) as (press, kept, _):
        send(press, now=NOW)
        assert balance(press, kept).failed == 1
        assert press.ledger.suppression("r0@example.org") is None


def test_a_bounce_comes_back_to_an_address_that_names_its_delivery(tmp_path: Path) -> None:
    inbox = replace(SETTINGS, inbox=replace(LEAVABLE, address="bounces@press.example.org"))
    with mailing(tmp_path, readers=1, settings=inbox) as (press, kept, sink):
        send(press, now=NOW)
        sender = sink.received[0].sender.partition("<")[2].partition(">")[0]
        assert Tokens(KEY).read_return_address(sender) == (kept.release_id, 1)


def test_a_link_to_leave_stands_in_both_twins(tmp_path: Path) -> None:
    web = replace(SETTINGS, web=WebSettings(url="https://mail.press.example.org/"))
    with mailing(tmp_path, readers=1, settings=web) as (press, _, sink):
        send(press, now=NOW)
        link = f"https://mail.press.example.org/u/{Tokens(KEY).sign(Purpose.LEAVE, 1)}".encode()
        assert sink.received[0].data.replace(b"=\r\n", b"").count(link) == 3


def test_letters_signed_in_threads_are_each_reader_s_own(tmp_path: Path) -> None:
    keys: dict[str, rsa.RSAPrivateKey | Ed25519PrivateKey] = {
        "s1": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "s2": Ed25519PrivateKey.generate(),
    }
    for selector, key in keys.items():
        path = tmp_path / f"{selector}.pem"
        path.touch(0o600)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    signing = DkimSettings(
        domain="example.org", selector="s1", key_file="s1.pem", ed25519_selector="s2", ed25519_key_file="s2.pem"
    )
    records = {
        f"{selector}._domainkey.example.org.": Signer(domain="example.org", selector=selector, key=key).record()
        for selector, key in keys.items()
    }
    with mailing(tmp_path, readers=60, connections=4, settings=replace(SETTINGS, dkim=signing)) as (press, _, sink):
        assert send(press, now=NOW).sent == 60
    assert set(recipients(sink).values()) == {1}
    for received in sink.received:
        assert BytesParser(policy=default).parsebytes(received.data)["To"].addresses[0].addr_spec == received.recipient
        message = dkim.DKIM(received.data)
        for number in range(2):
            assert message.verify(number, dnsfunc=lambda name, timeout=5: records[name.decode()] if timeout else "")


def test_rates_are_kept(tmp_path: Path) -> None:
    with mailing(tmp_path, readers=6, rate_per_second=20.0, per_domain={"example.org": 50.0}) as (press, _, sink):
        began = time.monotonic()
        send(press, now=NOW)
        assert time.monotonic() - began >= 0.24
        assert len(sink.received) == 6


def test_a_day_takes_no_more_than_it_may(tmp_path: Path) -> None:
    with mailing(tmp_path, rate_per_day=6, warm_up=(2, 3)) as (press, kept, sink):
        days = [send(press, now=NOW + timedelta(hours=hours)).sent for hours in (0, 1, 20)]
        assert days == [2, 0, 3]
        assert len(sink.received) == 5
        assert balance(press, kept).pending == 5


# Refusing to start


def refused(folder: Path, settings: Settings, *, domain: str = "example.org") -> str:
    press = open_sample(folder, settings, create=True)
    add_readers(press, 1, domain=domain)
    release(press)
    try:
        with pytest.raises(UsageError) as fault:
            send(press, now=NOW)
        return str(fault.value)
    finally:
        press.ledger.close()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", "Your Newsletter"),
        ("base_url", "https://newsletter.example.org"),
        ("from_", "Your Newsletter <editor@newsletter.example.org>"),
        ("postal_address", "Your Name, Your Street 1, Your Town"),
    ],
)
def test_nothing_is_mailed_while_a_placeholder_stands(tmp_path: Path, key: str, value: str) -> None:
    publication = replace(SETTINGS.publication, **{key: value})  # type: ignore[arg-type]
    assert "is still" in refused(tmp_path, replace(SETTINGS, publication=publication))


def test_nothing_is_mailed_without_a_relay_or_a_key(tmp_path: Path) -> None:
    assert "[smtp.main]" in refused(tmp_path, replace(SETTINGS, smtp={}))
    press = replace(open_sample(tmp_path), key=PUBLIC_KEY)
    with pytest.raises(UsageError, match="key of its own"):
        send(press, now=NOW)
    press.ledger.close()


def test_real_readers_are_not_mailed_unless_they_can_leave(tmp_path: Path) -> None:
    assert "nobody could leave" in refused(tmp_path, SETTINGS, domain="somewhere.org")


def test_an_address_for_mail_that_nothing_fetches_is_no_way_to_leave(tmp_path: Path) -> None:
    said = refused(tmp_path, replace(SETTINGS, inbox=LEAVABLE), domain="somewhere.org")
    assert "nobody could leave" in said
    assert "no mail is fetched" in said


class _Face(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer(KEY, self.path.removeprefix("/probe/")).encode())

    def log_message(self, *args: object) -> None:
        del args


@contextmanager
def web_face() -> Iterator[Settings]:
    """A web face that answers, and the settings that lead to it."""
    server = HTTPServer(("127.0.0.1", 0), _Face)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield replace(SETTINGS, web=WebSettings(url=f"http://127.0.0.1:{server.server_port}"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_real_readers_are_mailed_where_the_web_face_answers(tmp_path: Path) -> None:
    with web_face() as web, mailing(tmp_path, readers=1, settings=web) as (press, _, sink):
        add_readers(press, 1, domain="somewhere.org")
        release(press, number=101)
        send(press, now=NOW)
        assert len(sink.received) == 3


@pytest.mark.parametrize("before", [SETTINGS, replace(SETTINGS, inbox=LEAVABLE)], ids=["no way", "by mail"])
def test_a_release_from_before_the_web_face_shows_the_way_out_all_the_same(tmp_path: Path, before: Settings) -> None:
    with web_face() as web, mailing(tmp_path, readers=1, settings=before) as (press, _, sink):
        add_readers(press, 1, domain="somewhere.org")
        release(press, number=101)
        settings = replace(press.publication.settings, web=web.web)
        send(replace(press, publication=replace(press.publication, settings=settings)), now=NOW)
        assert len(sink.received) == 3
        for received in sink.received:
            message = BytesParser(policy=default).parsebytes(received.data)
            assert message.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
            (way,) = message.get_all("List-Unsubscribe", [])
            assert f"<{web.web.url}/u/" in way
            assert message["List-Archive"]


# Breaking


def test_a_relay_that_is_away_loses_nobody(tmp_path: Path) -> None:
    with running(Sink()) as sink:
        port = sink.port
    press = open_sample(tmp_path, with_relay(port), create=True)
    add_readers(press, 5)
    kept = release(press)
    with pytest.raises(TransportError):
        send(press, now=NOW)
    assert balance(press, kept).pending == 5
    press.ledger.close()
    with running(Sink()) as sink:
        press = open_sample(tmp_path, with_relay(sink.port))
        assert send(press, now=NOW).sent == 5
        press.ledger.close()


def test_a_second_sender_is_told_to_wait(tmp_path: Path) -> None:
    program = [sys.executable, str(Path(__file__).with_name("sample_press.py")), str(tmp_path)]
    with mailing(tmp_path, readers=3) as (press, kept, sink), press.lock():
        done = subprocess.run([*program, str(sink.port)], capture_output=True, text=True, check=False)
        assert "BusyError" in done.stderr
        assert balance(press, kept).pending == 3


def test_a_ledger_that_is_locked_while_sending_stops_sending_and_loses_nobody(tmp_path: Path) -> None:
    def script(verb: str, argument: str) -> str:
        if verb == "BODY" and argument == "r3@example.org":
            holders[0].ledger._db.write("BEGIN IMMEDIATE")
        return ""

    holders: list[Press] = []
    with running(Sink(script=script)) as sink:
        settings = with_relay(sink.port, connections=1)
        press = open_sample(tmp_path, settings, create=True, busy_seconds=0.2)
        add_readers(press, 10)
        kept = release(press)
        holder = open_sample(tmp_path, settings)
        holder.ledger._db._connection.close()
        import sqlite3

        holder.ledger._db._connection = sqlite3.connect(
            tmp_path / "var/ledger.db", isolation_level=None, check_same_thread=False
        )
        holders.append(holder)
        with pytest.raises(BusyError):
            send(press, now=NOW)
        holder.ledger._db.write("ROLLBACK")
        holder.ledger.close()
        send(press, now=NOW)
        after = balance(press, kept)
        assert after.sent + after.uncertain == 10
        assert after.uncertain <= 1
        assert set(recipients(sink).values()) == {1}
        press.ledger.close()


def test_a_new_boot_makes_what_was_claimed_uncertain(tmp_path: Path) -> None:
    with mailing(tmp_path) as (press, kept, sink):
        epoch = press.ledger.begin_run(boot="another boot", pid=1, at=NOW)
        claim = press.ledger.claim_batch(kept, epoch=epoch, count=4, at=NOW)
        assert claim is not None
        report = send(press, now=NOW)
        assert (report.recovered, report.sent) == (4, 6)
        assert balance(press, kept).uncertain == 4
        assert len(sink.received) == 6


def test_an_older_ledger_put_back_refuses_to_send(tmp_path: Path) -> None:
    with mailing(tmp_path) as (press, _, sink):
        copy = tmp_path / "copy.db"
        press.ledger._db.write(f"VACUUM INTO '{copy}'")
        send(press, now=NOW)
        assert len(sink.received) == 10
        lines = (tmp_path / "var/ledger.jsonl").read_text().splitlines()
        assert [json.loads(line)["verb"] for line in lines] == ["claimed", "closed", "finished"]
        for path in (tmp_path / "var").glob("ledger.db*"):
            path.unlink()
        copy.rename(tmp_path / "var/ledger.db")
        older = open_sample(tmp_path, with_relay(sink.port))
        with pytest.raises(LedgerError, match="older than its mirror"):
            send(older, now=NOW)
        older.ledger.close()
        assert len(sink.received) == 10


def test_a_torn_line_of_the_mirror_is_written_again(tmp_path: Path) -> None:
    with mailing(tmp_path) as (press, _, _):
        send(press, now=NOW, limit=3)
        mirror = tmp_path / "var/ledger.jsonl"
        whole = mirror.read_text()
        mirror.write_text(whole[:-5])
        send(press, now=NOW)
        assert mirror.read_text().startswith(whole)


def test_a_broken_off_rehearsal_is_simply_finished(tmp_path: Path) -> None:
    press = open_sample(tmp_path, MAILDIR, create=True)
    add_readers(press, 3)
    kept = release(press)
    epoch = press.ledger.begin_run(boot="b", pid=1, at=NOW)
    claim = press.ledger.claim_batch(kept, epoch=epoch, count=4, at=NOW)
    assert claim is not None
    assert press.ledger.intend(claim.due[0], epoch=epoch, at=NOW)
    send(press, now=NOW)
    assert balance(press, kept).sent == 3
    assert press.ledger.release(kept.release_id).state is ReleaseState.FINISHED
    press.ledger.close()


def test_ctrl_c_ends_between_two_messages(tmp_path: Path) -> None:
    program = [sys.executable, str(Path(__file__).with_name("sample_press.py")), str(tmp_path)]
    with mailing(tmp_path, readers=3000) as (press, kept, sink):
        with subprocess.Popen([*program, str(sink.port)], stderr=subprocess.PIPE, text=True) as sender:
            while len(sink.received) < 20:
                time.sleep(0.001)
            sender.send_signal(signal.SIGINT)
            assert sender.stderr is not None
            assert "KeyboardInterrupt" in sender.stderr.read()
        after = balance(press, kept)
        assert (after.uncertain, after.sending) == (0, 0)
        assert after.sent == len(sink.received) < 3000


def test_a_reader_who_comes_back_is_mailed_from_the_next_release_on(tmp_path: Path) -> None:
    with mailing(tmp_path, readers=2) as (press, kept, sink):
        press.ledger.unsubscribe("r0@example.org", NOW)
        left = press.ledger.find_subscriber("r0@example.org")
        assert isinstance(left, Subscriber)
        press.ledger.set_subscriber(replace(left, state=SubscriberState.ACTIVE), at=NOW)
        send(press, now=NOW)
        assert recipients(sink) == {"r1@example.org": 1}
        release(press, number=101)
        send(press, now=NOW)
        assert recipients(sink) == {"r1@example.org": 2, "r0@example.org": 1}
        assert balance(press, kept).suppressed == 1
