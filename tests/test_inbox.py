"""The inbox: what is heard has its effect once, whatever way it comes, and a mailbox can do a press no harm."""

import io
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli_runner import SPARKPUB, process, sparkpub
from imap_server import DROP, STALL, Mailbox, client_context, serving
from press_room import PressRoom, instant
from sample_reports import TO_LEAVE, Sent, arf, fields, notification, outlook_full, person, postfix, vacation, wish
from sparkpub.adapters.inbox import ImapInbox, open_files, single_message
from sparkpub.adapters.ledger import ReaderRow
from sparkpub.core.bounces import Meaning, Tally
from sparkpub.core.records import ReleaseState, SubscriberState
from sparkpub.core.reports import Report, ReportKind, Voucher
from sparkpub.core.reports.mime import SIZE_MAX
from sparkpub.core.tokens import Tokens
from sparkpub.errors import LedgerError, TransportError, UsageError
from sparkpub.hearing import Heard, fetch_inbox, hear, read_inbox
from sparkpub.leaving import refuse_release
from sparkpub.mailroom import forget_old_asks

NOW = instant("2017-09-05")
INBOX = f'[inbox]\naddress = "bounces@press.example.org"\nunsubscribe_address = "{TO_LEAVE}"\nmaildir = "var/inbox"\n'


@pytest.fixture
def sent(room: PressRoom) -> Sent:
    """A press whose release a/100 was sent to Ada, Grace and Zoe, and the letter that Ada has."""
    room.set(INBOX)
    release = room.release("a", 100, at="2017-09-04 07:00")
    room.send("2017-09-04 07:00")
    reader = room.press.ledger.find_subscriber("ada@example.org")
    assert reader is not None
    return Sent(
        address=reader.address,
        subscriber_id=reader.subscriber_id,
        release_id=release.release_id,
        release=release.name,
        tokens=Tokens(room.press.key),
    )


def read(room: PressRoom, *mails: str, at: str = "2017-09-05") -> Heard:
    """What some mail comes to, each read from a pipe of its own."""
    total = Heard()
    for mail in mails:
        total += read_inbox(room.press, single_message(io.BytesIO(mail.encode())), now=instant(at))
    return total


def state_of(room: PressRoom, address: str = "ada@example.org") -> tuple[SubscriberState, str | None]:
    reader = room.press.ledger.find_subscriber(address)
    assert reader is not None
    return reader.state, room.press.ledger.suppression(address)


def test_who_is_gone_is_never_mailed_again(room: PressRoom, sent: Sent) -> None:
    heard = read(room, postfix(sent))
    assert (heard.gone, heard.suppressed, heard.all) == (1, 1, 1)
    state, why = state_of(room)
    assert state is SubscriberState.ACTIVE
    assert why is not None
    assert why.startswith("bounced: 550 5.1.1")
    assert room.press.ledger.report_counts(sent.release_id).gone == 1


def test_the_same_bounce_read_again_counts_once(room: PressRoom, sent: Sent) -> None:
    assert read(room, outlook_full(sent)).bounced == 1
    again = read(room, outlook_full(sent), outlook_full(sent).replace("wasn't delivered", "was not delivered"))
    assert (again.bounced, again.known) == (0, 2)
    assert room.press.ledger.report_counts(sent.release_id).bounced == 1
    assert room.press.ledger.score(sent.address).value == 1.0


def test_that_an_address_is_gone_outweighs_what_was_said_before(room: PressRoom, sent: Sent) -> None:
    read(room, outlook_full(sent))
    assert read(room, postfix(sent)).gone == 1
    counts = room.press.ledger.report_counts(sent.release_id)
    assert (counts.gone, counts.bounced) == (1, 0)


def test_a_mailbox_that_is_full_issue_after_issue_is_given_up(room: PressRoom, sent: Sent) -> None:
    heard = []
    for week in range(5):
        report = Report(
            kind=ReportKind.BOUNCE,
            voucher=Voucher.PROVIDER,
            meaning=Meaning.FULL,
            addresses=(sent.address,),
            mail=f"{week}",
        )
        room.press.ledger._db.write("DELETE FROM report")  # each week another release
        heard.append(hear(room.press, [report], now=NOW + timedelta(weeks=week)).suppressed)
    assert heard == [0, 0, 0, 1, 0]
    assert "again and again" in (room.press.ledger.suppression(sent.address) or "")


def test_a_complaint_is_never_mailed_again(room: PressRoom, sent: Sent) -> None:
    heard = read(room, arf(sent))
    assert (heard.complained, heard.suppressed) == (1, 1)
    assert room.press.ledger.suppression(sent.address) == "complained: abuse"
    assert room.press.ledger.report_counts(sent.release_id).complained == 1


def test_a_wish_by_mail_lets_a_reader_go(room: PressRoom, sent: Sent) -> None:
    assert read(room, wish(sent)).left == 1
    assert state_of(room) == (SubscriberState.UNSUBSCRIBED, None)
    assert room.press.ledger.report_counts(sent.release_id).left == 1


def test_an_old_wish_read_again_does_not_undo_a_new_one(room: PressRoom, sent: Sent) -> None:
    read(room, wish(sent))
    reader = room.press.ledger.find_subscriber(sent.address)
    assert reader is not None
    room.press.ledger.set_subscriber(replace(reader, state=SubscriberState.ACTIVE), at=NOW)
    assert read(room, wish(sent)).known == 1
    assert state_of(room)[0] is SubscriberState.ACTIVE
    assert read(room, wish(sent).replace("else@", "elsewhere@")).left == 1


def forged(sent: Sent) -> Sent:
    """The same, by somebody without our key."""
    return replace(sent, tokens=Tokens("guessed"))


@pytest.mark.parametrize("make", [postfix, arf, wish, lambda sent: person(sent.address)])
def test_nothing_that_is_forged_changes_anything(room: PressRoom, sent: Sent, make: Callable[[Sent], str]) -> None:
    heard = read(room, make(forged(sent)))
    assert (heard.gone, heard.complained, heard.left, heard.suppressed) == (0, 0, 0, 0)
    assert state_of(room) == (SubscriberState.ACTIVE, None)
    assert heard.waiting == 1
    (inquiry,) = room.press.ledger.inquiries()
    assert inquiry.verb in ("suppress", "unsubscribe", "")


def test_a_forged_bounce_of_a_stranger_is_not_even_shown(room: PressRoom, sent: Sent) -> None:
    stranger = replace(forged(sent), address="nobody@example.net")
    assert read(room, postfix(stranger), arf(stranger)).ignored == 2
    assert room.press.ledger.inquiries() == []


def test_a_bounce_behind_another_address_costs_this_one_nothing_at_once(room: PressRoom, sent: Sent) -> None:
    behind = notification(sent.return_address, "failed", fields("member@list.example"))
    assert (read(room, behind).bounced, state_of(room)[1]) == (1, None)
    assert room.press.ledger.score(sent.address).value == 1.0


def test_a_vacation_note_changes_nothing(room: PressRoom, sent: Sent) -> None:
    assert read(room, vacation(sent)).ignored == 1
    assert state_of(room) == (SubscriberState.ACTIVE, None)


def test_a_reader_who_writes_about_something_else_is_nobodys_case(room: PressRoom, sent: Sent) -> None:
    assert read(room, person(sent.address, to="bounces@press.example.org", body="A lovely piece!")).ignored == 1


def test_a_bounce_of_a_reader_who_was_erased_is_counted_and_suppresses_nobody(room: PressRoom, sent: Sent) -> None:
    room.press.ledger.erase(sent.address, NOW)
    heard = read(room, postfix(sent))
    assert (heard.gone, heard.suppressed) == (1, 0)
    assert room.press.ledger.report_counts(sent.release_id).gone == 1


def test_a_seal_of_a_release_that_never_was_counts_for_the_newest(room: PressRoom, sent: Sent) -> None:
    assert read(room, postfix(replace(sent, release_id=99))).gone == 1
    assert room.press.ledger.report_counts(sent.release_id).gone == 1


def test_a_suppression_outlives_erasure_and_import(room: PressRoom, sent: Sent) -> None:
    read(room, postfix(sent))
    room.press.ledger.erase(sent.address, NOW)
    room.press.ledger.import_subscribers([ReaderRow(address="Ada@Example.org")], NOW)
    assert room.press.ledger.suppression(sent.address)
    assert room.press.ledger.count_audience(None) == 2
    room.release("a", at="2018-09-04 07:00")
    assert room.send("2018-09-04 07:00") == 2


def test_a_score_outlives_erasure_too_and_names_nobody(room: PressRoom, sent: Sent) -> None:
    read(room, outlook_full(sent))
    room.press.ledger.erase(sent.address, NOW)
    room.press.ledger.import_subscribers([ReaderRow(address=sent.address)], NOW)
    assert room.press.ledger.score(sent.address).value == 1.0
    kept = room.press.ledger._db.rows("SELECT mark FROM bounce_score")
    assert all("ada" not in row["mark"] for row in kept)


def test_what_a_person_has_seen_to_waits_no_more(room: PressRoom, sent: Sent) -> None:
    read(room, person(sent.address))
    room.press.ledger.unsubscribe(sent.address, NOW)
    room.press.ledger.settle_answered(at=NOW)
    assert room.press.ledger.inquiries() == []


def test_a_flood_of_forgeries_does_not_fill_the_ledger(room: PressRoom, sent: Sent) -> None:
    reports = [
        Report(kind=ReportKind.PERSON, sender=f"a{n}@example.net", is_to_leave=True, wants_out=True, mail=str(n))
        for n in range(600)
    ]
    assert hear(room.press, reports, now=NOW).waiting == 500
    assert state_of(room, sent.address)[0] is SubscriberState.ACTIVE


# A release that stops itself.


@pytest.fixture
def crowd(room: PressRoom) -> PressRoom:
    """A release of which 300 letters are out and 700 are not."""
    room.set(INBOX)
    room.press.ledger.import_subscribers([ReaderRow(address=f"r{n}@example.org") for n in range(997)], NOW)
    release = room.release("a", 100, at="2017-09-04 07:00")
    room.press.ledger._db.write(
        "UPDATE delivery SET state = 2 WHERE release_id = :id AND subscriber_id <= 300", {"id": release.release_id}
    )
    return room


def told(crowd: PressRoom, readers: range, kind: ReportKind, at: str = "2017-09-05") -> tuple[str, ...]:
    reports = [
        Report(kind=kind, voucher=Voucher.SEAL, meaning=Meaning.TRANSIENT, subscriber_id=n, release_id=1, words="spam")
        for n in readers
    ]
    return hear(crowd.press, reports, now=instant(at)).stopped


@pytest.mark.parametrize(
    ("kind", "count", "word"), [(ReportKind.BOUNCE, 31, "came back"), (ReportKind.COMPLAINT, 3, "spam")]
)
def test_a_release_of_which_too_much_comes_back_stops_itself(
    crowd: PressRoom, kind: ReportKind, count: int, word: str
) -> None:
    assert told(crowd, range(1, count), kind) == ()
    assert told(crowd, range(count, count + 1), kind) == ("a/100",)
    (release,) = crowd.press.ledger.releases_in(ReleaseState.STOPPED)
    assert word in crowd.press.ledger.stop_notes(release.release_id).reason
    assert crowd.send("2017-09-05") == 0
    status = sparkpub("status", cwd=crowd.folder)
    assert status.code == 1
    assert "resume a/100" in status.err


def test_who_resumes_has_seen_the_reason_so_only_what_comes_after_counts(crowd: PressRoom) -> None:
    told(crowd, range(1, 41), ReportKind.BOUNCE)
    crowd.press.ledger.resume_release(1, at=NOW)
    assert told(crowd, range(41, 50), ReportKind.BOUNCE) == ()
    assert crowd.press.ledger.tally(1) == Tally(sent=300, bounced=49)
    crowd.press.ledger._db.write("UPDATE delivery SET state = 2 WHERE release_id = 1 AND subscriber_id <= 600")
    assert told(crowd, range(300, 345), ReportKind.BOUNCE) == ("a/100",)


def test_a_finished_release_has_nothing_to_stop(room: PressRoom, sent: Sent) -> None:
    assert read(room, postfix(sent)).stopped == ()
    assert room.press.ledger.release(sent.release_id).state is ReleaseState.FINISHED


# Files.


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def maildir(folder: Path, **mails: str) -> Path:
    for sub in ("tmp", "new", "cur"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    for name, mail in mails.items():
        (folder / "new" / name).write_text(mail)
    return folder


def test_a_maildir_is_read_and_what_was_heard_is_marked(room: PressRoom, sent: Sent, tmp_path: Path) -> None:
    folder = maildir(tmp_path / "m", a=postfix(sent), b=vacation(sent))
    (folder / "cur" / "c:2,F").write_text(wish(sent))
    (folder / "cur" / "d:2,S").write_text(arf(sent))
    heard = read_inbox(room.press, open_files(folder), now=NOW)
    assert (heard.gone, heard.ignored, heard.left, heard.complained) == (1, 1, 1, 0)
    assert names(folder / "cur") == ["a:2,S", "b:2,S", "c:2,FS", "d:2,S"]
    assert read_inbox(room.press, open_files(folder), now=NOW).all == 0


def test_what_the_ledger_could_not_take_stays_unseen(room: PressRoom, sent: Sent, tmp_path: Path) -> None:
    folder = maildir(tmp_path / "m", a=postfix(sent))
    room.press.ledger.close()
    with pytest.raises(Exception, match="closed"):
        read_inbox(room.press, open_files(folder), now=NOW)
    assert names(folder / "new") == ["a"]
    room.reopen()
    assert read_inbox(room.press, open_files(folder), now=NOW).gone == 1


def test_a_folder_an_mbox_and_a_file_are_read(room: PressRoom, sent: Sent, tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    folder.mkdir()
    (folder / "1.eml").write_text(vacation(sent))
    (folder / "2.eml").write_text(wish(sent))
    (folder / ".hidden").write_text(postfix(sent))
    assert read_inbox(room.press, open_files(folder), now=NOW).all == 2
    assert read_inbox(room.press, open_files(folder / "2.eml"), now=NOW).known == 1
    mbox = tmp_path / "mbox"
    line = "From MAILER-DAEMON Mon Sep  4 07:00:00 2017\n"
    body = person(sent.address, body="Stop!\n\n>From here on, unsubscribe me.\n")
    mbox.write_text(f"{line}{postfix(sent)}\n{line}{body}\n{line}{arf(sent)}\n")
    heard = read_inbox(room.press, open_files(mbox), now=NOW)
    assert (heard.gone, heard.waiting, heard.complained) == (1, 1, 1)


def test_an_mbox_with_endless_lines_and_letters_is_read_within_bounds(sent: Sent, tmp_path: Path) -> None:
    mbox = tmp_path / "mbox"
    mbox.write_bytes(b"From x\n" + b"a" * (SIZE_MAX * 4) + b"\n\nFrom y\n" + postfix(sent).encode())
    (first, second) = [mail for batch in open_files(mbox).batches() for mail in batch]
    assert len(first.data) <= SIZE_MAX
    assert b"5.1.1" in second.data


def test_the_pipe_of_a_mail_server_is_read_to_its_end(sent: Sent) -> None:
    stream = io.BytesIO(b"From x Mon Sep\n" + postfix(sent).encode() + b"x" * (SIZE_MAX * 2))
    ((mail,),) = single_message(stream).batches()
    assert mail.data.startswith(b"Return-Path: <>")
    assert stream.read() == b""


def test_links_and_pipes_in_a_folder_are_passed_over(tmp_path: Path) -> None:
    folder = maildir(tmp_path / "m")
    os.mkfifo(folder / "new" / "pipe")
    (folder / "new" / "link").symlink_to("/etc/passwd")
    assert [mail for batch in open_files(folder).batches() for mail in batch] == []


def test_a_path_that_is_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no message, mbox, folder or Maildir"):
        open_files(tmp_path / "nothing")
    inbox = open_files(maildir(tmp_path / "m"))
    (tmp_path / "m" / "new").rmdir()
    with pytest.raises(TransportError, match="Maildir"):
        list(inbox.batches())


# IMAP.


def inbox(server: Mailbox, **more: float) -> ImapInbox:
    return ImapInbox(server.url, server.password, context=client_context(), **more)


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 AUTH=PLAIN", "IMAP4rev1"])
def test_a_mailbox_is_fetched_and_marked_only_once_the_ledger_has_it(
    room: PressRoom, sent: Sent, capabilities: str
) -> None:
    mails = {4: postfix(sent).encode(), 9: wish(sent).encode(), 11: b"\xff\x00"}
    with serving(Mailbox(mails=mails, capabilities=capabilities, password='p "w\\d')) as server:
        heard = read_inbox(room.press, inbox(server), now=NOW)
        assert (heard.gone, heard.left, heard.ignored) == (1, 1, 1)
        assert server.seen == {4, 9, 11}
        assert read_inbox(room.press, inbox(server), now=NOW).all == 0
        assert not any("BODY[]" in command for command in server.commands if "PEEK" not in command)


def test_a_batch_that_the_ledger_could_not_take_stays_unseen_on_the_server(room: PressRoom, sent: Sent) -> None:
    with serving(Mailbox(mails={1: postfix(sent).encode()})) as server:
        room.press.ledger.close()
        with pytest.raises(LedgerError):
            read_inbox(room.press, inbox(server), now=NOW)
        assert server.seen == set()
    room.reopen()


def test_many_letters_come_in_batches(room: PressRoom, sent: Sent) -> None:
    mails = {n: vacation(sent).replace("Monday", f"day {n}").encode() for n in range(1, 46)}
    with serving(Mailbox(mails=mails)) as server:
        assert read_inbox(room.press, inbox(server), now=NOW).ignored == 45
        assert len([c for c in server.commands if c.startswith("FETCH")]) == 3


def test_a_server_that_nobody_vouches_for_gets_no_password(room: PressRoom) -> None:
    with serving(Mailbox(mails={})) as server:
        with pytest.raises(TransportError, match="certificate"):
            read_inbox(room.press, ImapInbox(server.url, "secret"), now=NOW)
        assert server.commands == []


def test_a_wrong_password_and_a_wrong_folder_are_told_without_the_password(room: PressRoom) -> None:
    with serving(Mailbox(mails={}, password="right")) as server:
        with pytest.raises(TransportError, match="AUTHENTICATIONFAILED") as told:
            read_inbox(room.press, ImapInbox(server.url, "wrong-one", context=client_context()), now=NOW)
        assert "wrong-one" not in str(told.value)
        with pytest.raises(TransportError, match="folder Elsewhere"):
            read_inbox(
                room.press,
                ImapInbox(server.url.replace("INBOX", "Elsewhere"), "right", context=client_context()),
                now=NOW,
            )


HUGE = b"* 1 FETCH (UID 1 BODY[]<0> {4000000000}\r\n"
NONSENSE: dict[str, tuple[str, bytes]] = {
    "a literal of four gigabytes": ("FETCH", HUGE + b"x" * 100_000),
    "a literal that ends early": ("FETCH", b"* 1 FETCH (UID 1 BODY[]<0> {50}\r\nshort"),
    "a negative literal": ("FETCH", b"* 1 FETCH (UID 1 BODY[]<0> {-5}\r\n)\r\nTAG OK\r\n"),
    "a line without an end": ("SEARCH", b"* SEARCH " + b"1 " * 500_000),
    "the tag of nobody": ("SEARCH", b"zz OK what\r\n"),
    "bytes": ("SEARCH", bytes(range(256)) + b"\r\n"),
    "silence": ("SEARCH", STALL),
    "a closed line": ("FETCH", DROP),
    "a refusal": ("STORE", b"TAG NO read-only\r\n"),
    "bad": ("SEARCH", b"TAG BAD what?\r\n"),
    "nothing selected": ("SELECT", b"TAG NO\r\n"),
    "no capability": ("CAPABILITY", b"TAG OK\r\n"),
    "a bye": ("SEARCH", b"* BYE now\r\n"),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_of_a_server_is_one_error(room: PressRoom, sent: Sent, name: str) -> None:
    command, answer = NONSENSE[name]

    def script(asked: str, arguments: str) -> bytes | None:
        del arguments
        return answer if asked == command else None

    began = time.monotonic()
    with (
        serving(Mailbox(mails={1: vacation(sent).encode()}, script=script)) as server,
        pytest.raises(TransportError, match="cannot be read"),
    ):
        read_inbox(room.press, inbox(server, seconds=1.0), now=NOW)
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("greeting", [b"* BYE no\r\n", b"hello?\r\n", b"", b"x" * 300_000])
def test_a_greeting_that_is_none_is_one_error(room: PressRoom, greeting: bytes) -> None:
    with (
        serving(Mailbox(mails={}, greeting=greeting)) as server,
        pytest.raises(TransportError, match="cannot be read"),
    ):
        read_inbox(room.press, inbox(server, seconds=1.0), now=NOW)


def test_a_server_that_answers_without_end_is_left(room: PressRoom) -> None:
    def script(asked: str, arguments: str) -> bytes | None:
        del arguments
        return b"* OK still here\r\n" * 5_000_000 if asked == "SEARCH" else None

    with (
        serving(Mailbox(mails={}, script=script)) as server,
        pytest.raises(TransportError, match="too long or sends too much"),
    ):
        read_inbox(room.press, inbox(server, seconds=2.0, total_seconds=2.0), now=NOW)


def test_letters_that_were_not_asked_for_or_are_gone_are_passed_over(room: PressRoom, sent: Sent) -> None:
    def script(asked: str, arguments: str) -> bytes | None:
        del arguments
        if asked == "SEARCH":
            return b"* SEARCH 1 2 x 99999999999\r\nTAG OK done\r\n"
        return b"* 7 FETCH (UID 7 BODY[]<0> {3}\r\nabc)\r\nTAG OK done\r\n" if asked == "FETCH" else None

    with serving(Mailbox(mails={1: wish(sent).encode()}, script=script)) as server:
        assert read_inbox(room.press, inbox(server), now=NOW).all == 0
    assert state_of(room)[0] is SubscriberState.ACTIVE


# Fetching, and leaving by mail.


def set_imap(room: PressRoom, server: Mailbox) -> None:
    room.set(INBOX.replace('maildir = "var/inbox"', f'imap = "{server.url}"'))


def test_the_inbox_of_the_settings_is_fetched_with_the_password_from_the_secrets(room: PressRoom, sent: Sent) -> None:
    with serving(Mailbox(mails={1: postfix(sent).encode()}, password="s3cret")) as server:
        set_imap(room, server)
        with pytest.raises(UsageError, match="SPARKPUB_INBOX_PASSWORD"):
            fetch_inbox(room.press, now=NOW, environ={})
        environ = {"SPARKPUB_INBOX_PASSWORD": "s3cret"}
        assert fetch_inbox(room.press, now=NOW, environ=environ, context=client_context()).gone == 1


def test_without_an_inbox_there_is_nothing_to_fetch(room: PressRoom) -> None:
    with pytest.raises(UsageError, match=r"\[inbox\] imap or maildir"):
        fetch_inbox(room.press, now=NOW, environ={})


def mailing(room: PressRoom) -> None:
    """Let the press mail readers who are real."""
    (room.folder / "secrets.env").write_text("SPARKPUB_SECRET_KEY=0123456789012345678901234567890123456789012\n")
    room.set(f'{INBOX}[delivery]\ntransport = "smtp"\n[smtp.main]\nhost = "relay.example.org"\n')
    room.press.ledger.import_subscribers([ReaderRow(address="ada@somewhere.org")], NOW)


def test_mail_that_is_fetched_lately_is_a_way_to_leave(room: PressRoom) -> None:
    mailing(room)
    with pytest.raises(UsageError, match="sparkpub inbox fetch"):
        refuse_release(room.press, now=NOW)
    maildir(room.folder / "var" / "inbox")
    fetch_inbox(room.press, now=NOW, environ={})
    refuse_release(room.press, now=NOW + timedelta(hours=24))
    with pytest.raises(UsageError, match="nobody could leave"):
        refuse_release(room.press, now=NOW + timedelta(hours=25))
    with pytest.raises(UsageError, match="nobody could leave"):
        refuse_release(room.press, now=NOW - timedelta(hours=1))


def test_the_doctor_sees_an_inbox_that_nobody_fetches(room: PressRoom) -> None:
    room.set(INBOX)
    now = ("--now", "2017-09-05")

    def finding() -> dict[str, object]:
        found = sparkpub("doctor", "--json", *now, cwd=room.folder).json
        findings = found["findings"] if isinstance(found, dict) else found
        (inbox,) = [each for each in findings if each["check"] == "inbox"]
        return dict(inbox)

    assert finding()["ok"] is False
    maildir(room.folder / "var" / "inbox")
    assert sparkpub("inbox", "fetch", *now, cwd=room.folder).code == 0
    assert finding()["ok"] is True


def test_another_address_than_the_one_that_was_fetched_is_no_way_to_leave(room: PressRoom) -> None:
    mailing(room)
    maildir(room.folder / "var" / "inbox")
    fetch_inbox(room.press, now=NOW, environ={})
    path = room.folder / "sparkpub.toml"
    path.write_text(path.read_text().replace(TO_LEAVE, "away@press.example.org"))
    room.reopen()
    with pytest.raises(UsageError, match="nobody could leave"):
        refuse_release(room.press, now=NOW)


def test_an_inbox_that_cannot_be_read_is_no_way_to_leave(room: PressRoom) -> None:
    mailing(room)
    with pytest.raises(TransportError, match="Maildir"):
        fetch_inbox(room.press, now=NOW, environ={})
    with pytest.raises(UsageError, match="nobody could leave"):
        refuse_release(room.press, now=NOW)


@pytest.mark.usefixtures("sent")
def test_who_only_wrote_to_us_can_be_forgotten_too(room: PressRoom) -> None:
    read(room, person("stranger@example.net", to=TO_LEAVE))
    assert [each.address for each in room.press.ledger.inquiries()] == ["stranger@example.net"]
    ran = sparkpub("subscribers", "erase", "Stranger@example.net", "--yes", cwd=room.folder)
    assert (ran.code, ran.out) == (0, "Stranger@example.net is erased; backups made before still have it\n")
    assert room.press.ledger.inquiries() == []
    assert sparkpub("subscribers", "erase", "stranger@example.net", "--yes", cwd=room.folder).code == 2


@pytest.mark.usefixtures("sent")
def test_what_was_settled_a_month_ago_is_forgotten_and_asked_no_more(room: PressRoom) -> None:
    mail = person("stranger@example.net", to=TO_LEAVE)
    read(room, mail)
    (inquiry,) = room.press.ledger.inquiries()
    room.press.ledger.settle_inquiry(inquiry.number, at=NOW)
    forget_old_asks(room.press, now=NOW + timedelta(days=29))
    assert room.press.ledger.has_traces("stranger@example.net")
    forget_old_asks(room.press, now=NOW + timedelta(days=30))
    assert not room.press.ledger.has_traces("stranger@example.net")
    assert read(room, mail).known == 1
    assert room.press.ledger.inquiries() == []


# The commands.


def test_read_says_what_it_heard_and_exits_1_while_something_waits(room: PressRoom, sent: Sent, tmp_path: Path) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_text(postfix(sent))
    ran = sparkpub("inbox", "read", str(mail), "--now", "2017-09-05", cwd=room.folder)
    assert (ran.code, ran.out) == (0, "heard      1 gone\n           1 address is never mailed again\n")
    mail.write_text(person("grace@example.org"))
    ran = sparkpub("inbox", "read", str(mail), "--json", "--now", "2017-09-05", cwd=room.folder)
    assert ran.code == 1
    assert ran.json["waiting"] == 1
    (inquiry,) = ran.json["inquiries"]
    assert inquiry["type"] == "sparkpub subscribers unsubscribe grace@example.org"
    assert sparkpub("inbox", "list", cwd=room.folder).code == 1
    bare = sparkpub("--json", "--now", "2017-09-05", cwd=room.folder)
    assert any(step["type"] == inquiry["type"] and step["pressing"] for step in bare.json["steps"])
    assert sparkpub("inbox", "settle", str(inquiry["number"]), cwd=room.folder).code == 0
    assert sparkpub("inbox", "list", cwd=room.folder).code == 0
    assert sparkpub("inbox", "settle", "99", cwd=room.folder).code == 2
    assert sparkpub("inbox", "settle", "9" * 20, cwd=room.folder).code == 2


def test_the_pipe_of_a_mail_server_never_ends_with_a_code_that_returns_the_message(
    room: PressRoom, sent: Sent, tmp_path: Path
) -> None:
    ran = process("inbox", "read", "-", "--now", "2017-09-05", cwd=room.folder, input=person(sent.address).encode())
    assert ran.code == 0
    assert room.press.ledger.inquiries()
    bare = notification("bounces@press.example.org", "failed", fields(sent.address)).encode()
    ran = process("inbox", "read", "-", "--to", sent.return_address, cwd=room.folder, input=bare)
    assert "1 gone" in ran.out
    (room.folder / "var" / "ledger.db").rename(tmp_path / "elsewhere.db")
    assert process("inbox", "read", "-", cwd=room.folder, input=bare).code == 75
    assert SPARKPUB


def test_a_round_hears_first_and_an_inbox_that_is_away_keeps_nothing_back(room: PressRoom, sent: Sent) -> None:
    now = ("--now", "2017-09-05")
    away = sparkpub("run", "--once", "--json", *now, cwd=room.folder)
    assert away.code == 0
    assert "Maildir" in away.json["inbox"]["fault"]
    maildir(room.folder / "var" / "inbox", a=postfix(sent))
    ran = sparkpub("run", "--once", *now, cwd=room.folder)
    assert ran.code == 0
    assert "heard      1 gone" in ran.out
    assert sparkpub("run", "--once", "--json", *now, cwd=room.folder).json["inbox"]["heard"] == 0


def test_why_tells_what_came_back(room: PressRoom, sent: Sent) -> None:
    read(room, outlook_full(sent))
    told = sparkpub("why", sent.address, "--json", cwd=room.folder).json
    (report,) = told["reports"]
    assert (report["release"], report["kind"], report["meaning"], report["status"]) == (
        "a/100",
        "bounce",
        "full",
        "5.2.2",
    )
    assert "5.2.2" in sparkpub("why", sent.address, cwd=room.folder).out


def test_status_says_how_much_of_a_release_came_back(room: PressRoom, sent: Sent) -> None:
    read(room, postfix(sent), arf(replace(sent, subscriber_id=sent.subscriber_id + 1, address="grace@example.org")))
    assert "a/100: 1 came back, 1 complained of" in sparkpub("status", cwd=room.folder).err
