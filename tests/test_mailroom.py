"""Letters to single readers: each once for the wish that it answers, in the reader's language, to be left by."""

import email
import email.policy
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cli_runner import sparkpub
from sample_press import KEY, SETTINGS, edition, open_sample, release, with_relay
from smtp_sink import DROP, TAKE_AND_DROP, Script, Sink, no_script, running
from sparkpub.adapters.dkim_key import read_signers
from sparkpub.core.lint import lint_email
from sparkpub.core.records import DeliveryState, Letter, LetterKind, Subscriber, SubscriberState
from sparkpub.core.settings import DkimSettings, InboxSettings, Settings, WebSettings
from sparkpub.core.tokens import Purpose, Tokens
from sparkpub.core.wishes import Rhythm, Wishes
from sparkpub.errors import BusyError, InputError, TransportError, UsageError
from sparkpub.mailroom import EXPIRED, NOT_WANTED, PostReport, forget_old_asks, post_letters
from sparkpub.press import Press

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WEB = WebSettings(url="https://press.example.org/readers")


def settings(port: int, **delivery: Any) -> Settings:
    return replace(with_relay(port, **delivery), web=WEB)


@pytest.fixture
def press(tmp_path: Path) -> Iterator[Press]:
    """A press that rehearses."""
    made = open_sample(tmp_path, replace(SETTINGS, delivery=replace(SETTINGS.delivery, transport="maildir"), web=WEB))
    yield made
    made.ledger.close()


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path) -> None:
    open_sample(tmp_path, create=True).ledger.close()


def reader(
    press: Press, address: str = "ada@example.org", state: SubscriberState = SubscriberState.UNCONFIRMED, **given: Any
) -> Subscriber:
    press.ledger.add_subscriber(address, state=state, at=AT, **given)
    found = press.ledger.find_subscriber(address)
    assert found is not None
    return found


def ask(press: Press, who: Subscriber, kind: LetterKind = LetterKind.CONFIRM) -> None:
    assert press.ledger.queue_letter(kind, who.subscriber_id, wished_at=AT, at=AT)


def posted(press: Press) -> list[EmailMessage]:
    """The letters in the outbox."""
    paths = sorted((press.outbox / "new").glob("*"))
    return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text


def state_of(press: Press, who: Subscriber) -> tuple[DeliveryState, str]:
    ((_, state, _, code),) = press.ledger.letters_of(who.subscriber_id)
    return state, code


def test_a_confirmation_has_a_link_for_that_wish_alone_and_nothing_a_stranger_typed(press: Press) -> None:
    ask(press, reader(press, name="Buy Watches At http://evil.example"))
    assert post_letters(press, now=AT).sent == 1
    (message,) = posted(press)
    text, html = body(message, "plain"), body(message, "html")
    (url,) = set(re.findall(r"https://press\.example\.org/readers/c/[\w.-]+", text + html))
    assert Tokens(KEY).read_wish(url.rpartition("/")[2]) == (1, AT)
    assert "evil" not in message.as_string() + text + html
    assert message["Subject"] == "Please confirm: On This Day"
    assert message["To"] == "ada@example.org"
    assert message["Date"].datetime == AT
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None
    assert "/u/" not in text + html


def test_a_welcome_lets_its_reader_leave_with_one_click_and_says_what_comes(press: Press) -> None:
    wishes = Wishes(rhythm=Rhythm.WEEKLY)
    who = reader(press, state=SubscriberState.ACTIVE, name="Ada")
    press.ledger.set_subscriber(replace(who, wishes=wishes), at=AT)
    ask(press, who, LetterKind.WELCOME)
    post_letters(press, now=AT)
    (message,) = posted(press)
    leave = f"https://press.example.org/readers/u/{Tokens(KEY).sign(Purpose.LEAVE, 1)}"
    assert message["Subject"] == "Welcome to On This Day"
    assert message["To"] == "Ada <ada@example.org>"
    assert message["List-Unsubscribe"] == f"<{leave}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for kind in ("plain", "html"):
        assert leave in body(message, kind)
        assert "on Sundays at 18:00" in " ".join(body(message, kind).split())


def test_a_welcome_leads_to_the_newest_piece(press: Press) -> None:
    source = b"---\nid: soviets\ntitle: The Soviets\nstatus: ready\nrelease: 2017-09-04\n---\nText.\n"
    made = release(press)
    toml = '[publication]\ntitle = "T"\nbase_url = "https://p.example"\nfrom = "a@b.example"\npostal_address = "S"\n'
    press.ledger.correct_release(
        made.release_id, source=source, settings=toml, edition_hash=made.edition_hash, updated_at=AT
    )
    ask(press, reader(press, state=SubscriberState.ACTIVE), LetterKind.WELCOME)
    post_letters(press, now=AT)
    (message,) = posted(press)
    assert "https://press.example.org/issues/soviets/" in body(message, "plain")
    assert "The Soviets" in body(message, "html")


def test_who_asks_once_more_is_told_that_they_are_in(press: Press) -> None:
    ask(press, reader(press, state=SubscriberState.ACTIVE), LetterKind.KNOWN)
    post_letters(press, now=AT)
    (message,) = posted(press)
    assert message["Subject"] == "You receive On This Day already"
    assert f"/readers/p/{Tokens(KEY).sign(Purpose.PREFERENCES, 1)}" in body(message, "html")


@pytest.mark.parametrize("language", ["en", "fr", "de", "es", "ru", "ar", "xx"])
@pytest.mark.parametrize("kind", LetterKind)
def test_a_letter_is_whole_in_every_language(press: Press, language: str, kind: LetterKind) -> None:
    state = SubscriberState.UNCONFIRMED if kind is LetterKind.CONFIRM else SubscriberState.ACTIVE
    ask(press, reader(press, state=state, language=language), kind)
    assert post_letters(press, now=AT).sent == 1
    (message,) = posted(press)
    assert message["Content-Language"] == language
    html = body(message, "html")
    assert f'lang="{language}"' in html
    assert ('dir="rtl"' in html) is (language == "ar")
    assert "%(" not in html + body(message, "plain") + message["Subject"]
    assert not re.search(r"sp[0-9a-f]{30}", html + body(message, "plain"))
    assert max(map(len, body(message, "plain").split("\n"))) <= 120


@pytest.mark.parametrize("kind", LetterKind)
def test_a_letter_keeps_the_rules_of_email(press: Press, kind: LetterKind) -> None:
    state = SubscriberState.UNCONFIRMED if kind is LetterKind.CONFIRM else SubscriberState.ACTIVE
    ask(press, reader(press, state=state), kind)
    post_letters(press, now=AT)
    (message,) = posted(press)
    found = lint_email(
        edition().issue,
        html=body(message, "html"),
        text=body(message, "plain"),
        subject=message["Subject"],
        body_bytes=len(body(message, "html").encode()),
        expected={"postal_address": SETTINGS.publication.postal_address},
        assets=(),
    )
    without_a_way_to_leave = {"SPK014"} if kind is LetterKind.CONFIRM else set()
    assert {finding.code for finding in found} == without_a_way_to_leave


def test_editors_write_their_own_welcome(press: Press) -> None:
    folder = press.publication.folder / "templates" / "web" / "letters"
    folder.mkdir(parents=True)
    frame = '{% extends "web/letters/letter.txt.j2" %}'
    own = frame + "{% block subject %}Hi!{% endblock %}{% block text %}Ours.{% endblock %}"
    (folder / "welcome.txt.j2").write_text(own, encoding="utf-8")
    ask(press, reader(press, state=SubscriberState.ACTIVE), LetterKind.WELCOME)
    post_letters(press, now=AT)
    (message,) = posted(press)
    assert message["Subject"] == "Hi!"
    assert body(message, "plain").startswith("Ours.")


def test_a_template_with_a_fault_is_named_and_the_letter_waits(press: Press) -> None:
    folder = press.publication.folder / "templates" / "web" / "letters"
    folder.mkdir(parents=True)
    (folder / "confirm.txt.j2").write_text("{{ nobody }}", encoding="utf-8")
    ask(press, reader(press))
    with pytest.raises(InputError) as error:
        post_letters(press, now=AT)
    assert error.value.faults[0].path == "templates/web/letters/confirm.txt.j2"
    assert press.ledger.count_letters() == 1


@pytest.mark.parametrize("change", ["confirmed", "asked anew", "suppressed", "erased"])
def test_what_nobody_wants_any_more_is_not_posted(press: Press, change: str) -> None:
    who = reader(press)
    ask(press, who)
    match change:
        case "confirmed":
            press.ledger.set_subscriber(replace(who, state=SubscriberState.ACTIVE), at=AT)
        case "asked anew":
            press.ledger.set_subscriber(replace(who, asked_at=AT + timedelta(hours=1)), at=AT)
        case "suppressed":
            press.ledger.suppress(who.address, "it complained", AT)
        case "erased":
            press.ledger.erase(who.address, AT)
    report = post_letters(press, now=AT)
    assert report == PostReport(dropped=int(change != "erased"))
    if change in ("confirmed", "asked anew"):
        assert state_of(press, who) == (DeliveryState.SUPPRESSED, NOT_WANTED)


def test_who_had_left_and_asks_again_gets_the_letter(press: Press) -> None:
    who = reader(press, state=SubscriberState.UNSUBSCRIBED)
    ask(press, who)
    assert post_letters(press, now=AT).sent == 1


def test_the_welcome_can_be_switched_off(press: Press) -> None:
    quiet = replace(press.publication.settings, web=replace(WEB, welcome=False))
    press = replace(press, publication=replace(press.publication, settings=quiet))
    ask(press, reader(press, state=SubscriberState.ACTIVE), LetterKind.WELCOME)
    assert post_letters(press, now=AT).dropped == 1


def test_a_stop_holds_every_letter_back(press: Press) -> None:
    ask(press, reader(press))
    press.stop_file.touch()
    report = post_letters(press, now=AT)
    assert (report.sent, report.waiting, report.stopped) == (0, 1, "there is a file STOP")
    press.stop_file.unlink()
    assert post_letters(press, now=AT).sent == 1
    assert post_letters(press, now=AT).sent == 0


_HOLDER = """
import sys
from pathlib import Path
from sparkpub.adapters.locks import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_process_at_a_time_posts_letters(press: Press) -> None:
    ask(press, reader(press))
    command = [sys.executable, "-c", _HOLDER, str(press.state / "letters.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BusyError):
            post_letters(press, now=AT)
        holder.communicate()
    assert post_letters(press, now=AT).sent == 1


def mailing(folder: Path, script: Script = no_script, **delivery: Any) -> tuple[Press, Sink]:
    sink = Sink(script=script)
    return open_sample(folder, settings(25, **delivery)), sink


def post_to(press: Press, sink: Sink, at: datetime = AT) -> PostReport:
    """Post through a relay of ours."""
    with running(sink):
        through = replace(
            press, publication=replace(press.publication, settings=_at_port(press.publication.settings, sink.port))
        )
        return post_letters(through, now=at)


def _at_port(given: Settings, port: int) -> Settings:
    return replace(given, smtp={"main": replace(given.smtp["main"], port=port)})


def test_letters_leave_over_one_connection(tmp_path: Path) -> None:
    press, sink = mailing(tmp_path)
    for number in range(5):
        ask(press, reader(press, f"r{number}@example.org"))
    assert post_to(press, sink).sent == 5
    assert sink.connections == 1
    assert [one.recipient for one in sink.received] == [f"r{number}@example.org" for number in range(5)]
    assert all(one.sender.startswith("FROM:<editor@press.example.org>") for one in sink.received)


def test_a_letter_that_the_relay_puts_off_is_tried_again_until_it_is_given_up(tmp_path: Path) -> None:
    press, sink = mailing(tmp_path, lambda verb, _: "451 4.3.0 later" if verb == "RCPT" else "")
    who = reader(press)
    ask(press, who)
    assert post_to(press, sink).deferred == 1
    assert state_of(press, who) == (DeliveryState.DEFERRED, "451 4.3.0 later")
    assert post_to(press, sink).deferred == 0  # its time has not come
    assert post_to(press, sink, AT + timedelta(hours=1)).deferred == 1
    assert post_to(press, sink, AT + timedelta(hours=80)).failed == 1
    assert state_of(press, who)[1].startswith("given up")


def test_an_address_that_is_wrong_for_everybody_is_never_mailed_again(tmp_path: Path) -> None:
    press, sink = mailing(tmp_path, lambda verb, _: "550 5.1.1 no such user" if verb == "RCPT" else "")
    who = reader(press)
    ask(press, who)
    assert post_to(press, sink).failed == 1
    assert state_of(press, who) == (DeliveryState.FAILED, "550 5.1.1 no such user")
    assert press.ledger.suppression(who.address) == "refused: 550 5.1.1 no such user"


@pytest.mark.parametrize("fault", [DROP, TAKE_AND_DROP])
def test_a_letter_whose_end_is_not_known_comes_again_as_the_same_message(tmp_path: Path, fault: str) -> None:
    faults = [fault]
    press, sink = mailing(tmp_path, lambda verb, _: faults.pop() if verb == "BODY" and faults else "")
    ask(press, reader(press))
    assert post_to(press, sink).deferred == 1
    assert post_to(press, sink, AT + timedelta(hours=1)).sent == 1
    assert len({one.data for one in sink.received}) == 1


def test_a_process_that_dies_under_way_leaves_a_letter_that_comes_again(tmp_path: Path) -> None:
    press, sink = mailing(tmp_path)
    who = reader(press)
    ask(press, who)
    (letter,) = press.ledger.due_letters(AT)
    assert press.ledger.begin_letter(letter, at=AT)
    assert post_to(press, sink).sent == 1
    assert state_of(press, who)[0] is DeliveryState.SENT


def test_a_relay_that_is_away_costs_no_attempt(tmp_path: Path) -> None:
    press, _ = mailing(tmp_path)
    ask(press, reader(press))
    away = replace(press, publication=replace(press.publication, settings=_at_port(press.publication.settings, 9)))
    with pytest.raises(TransportError):
        post_letters(away, now=AT)
    (letter,) = press.ledger.due_letters(AT)
    assert (letter.attempts, letter.first_at) == (0, None)


def test_letters_are_signed_where_there_is_a_key_and_go_to_the_sandbox_where_there_is_one(tmp_path: Path) -> None:
    press, sink = mailing(tmp_path, sandbox="me@example.org")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "dkim.pem").write_bytes(pem)
    (tmp_path / "dkim.pem").chmod(0o600)
    own = DkimSettings(domain="press.example.org", selector="s", key_file="dkim.pem")
    (signer,) = read_signers(tmp_path, own)
    signing = replace(press.publication.settings, dkim=own, inbox=InboxSettings(address="bounces@press.example.org"))
    press = replace(press, publication=replace(press.publication, settings=signing))
    ask(press, reader(press))
    post_to(press, sink)
    (one,) = sink.received
    assert one.recipient == "me@example.org"
    assert one.sender.startswith("FROM:<bounces@press.example.org>")
    assert b"To: me@example.org" in one.data
    assert dkim.verify(one.data, dnsfunc=lambda *_, **__: signer.record().encode())


def test_the_rates_of_a_day_hold_for_letters(tmp_path: Path) -> None:
    press, sink = mailing(tmp_path, rate_per_day=2)
    for number in range(3):
        ask(press, reader(press, f"r{number}@example.org"))
    assert post_to(press, sink).sent == 2
    assert post_to(press, sink).sent == 0
    assert post_to(press, sink, AT + timedelta(days=1)).sent == 1


def test_a_press_that_is_not_set_up_posts_nothing(tmp_path: Path) -> None:
    press, _ = mailing(tmp_path)
    press = replace(press, publication=replace(press.publication, settings=replace(settings(25), smtp={})))
    assert post_letters(press, now=AT) == PostReport()  # nothing is due
    ask(press, reader(press))
    with pytest.raises(UsageError):
        post_letters(press, now=AT)


def test_a_letter_is_the_same_bytes_whenever_it_is_written(press: Press, tmp_path: Path) -> None:
    ask(press, reader(press))
    post_letters(press, now=AT)
    (path,) = (press.outbox / "new").iterdir()
    before = path.read_bytes()
    path.unlink()
    (letter,) = _again(press)
    assert letter.attempts == 1
    post_letters(press, now=AT + timedelta(days=2))
    assert path.read_bytes() == before
    assert tmp_path in path.parents


def _again(press: Press) -> list[Letter]:
    """The letter as if it had not gone."""
    who = press.ledger.find_subscriber("ada@example.org")
    assert who is not None
    sent = Letter(letter_id=1, kind=LetterKind.CONFIRM, reader=who, wished_at=AT, queued_at=AT, attempts=1, first_at=AT)
    press.ledger.settle_letter(sent, DeliveryState.DEFERRED, code="", at=AT)
    return list(press.ledger.due_letters(AT + timedelta(days=2)))


def test_who_never_confirmed_is_forgotten_after_a_month(press: Press) -> None:
    ask(press, reader(press))
    post_letters(press, now=AT)
    reader(press, "grace@example.org", SubscriberState.ACTIVE)
    press.ledger.note_asks(["all"], AT)
    assert forget_old_asks(press, now=AT + timedelta(days=29)) == 0
    assert press.ledger.count_asks("all", since=AT - timedelta(days=1)) == 0
    assert forget_old_asks(press, now=AT + timedelta(days=30)) == 1
    assert [one.address for one in press.ledger.subscribers()] == ["grace@example.org"]
    assert press.ledger.count_letters() == 0


def test_who_was_never_asked_is_not_forgotten(press: Press) -> None:
    """Of a list that nobody has asked, with a letter that is still to go, or with one for an earlier wish."""
    reader(press, "listed@example.org")
    waiting, anew = reader(press, "waiting@example.org"), reader(press, "anew@example.org")
    ask(press, anew)
    post_letters(press, now=AT)
    ask(press, waiting)
    press.ledger.set_subscriber(replace(anew, asked_at=AT + timedelta(hours=1)), at=AT)
    assert forget_old_asks(press, now=AT + timedelta(days=60)) == 0
    assert press.ledger.count_subscribers() == 3


def test_an_address_that_was_refused_when_it_was_asked_is_forgotten(tmp_path: Path) -> None:
    press, sink = mailing(tmp_path, lambda verb, _: "550 5.1.1 no such user" if verb == "RCPT" else "")
    ask(press, reader(press))
    assert post_to(press, sink).failed == 1
    assert forget_old_asks(press, now=AT + timedelta(days=30)) == 1
    assert press.ledger.suppression("ada@example.org") == "suppressed before; all that was kept of it is a keyed hash"


def test_a_link_that_is_no_good_any_more_is_not_posted(press: Press) -> None:
    who = reader(press)
    ask(press, who)
    press.stop_file.touch()
    assert post_letters(press, now=AT + timedelta(days=6)).waiting == 1
    press.stop_file.unlink()
    assert post_letters(press, now=AT + timedelta(days=7)).dropped == 1
    assert state_of(press, who) == (DeliveryState.SUPPRESSED, EXPIRED)
    assert posted(press) == []


def test_adding_a_reader_posts_the_letter_and_why_tells_of_it(gazette: Path) -> None:
    toml = gazette / "sparkpub.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + '\n[web]\nurl = "https://t.example.org"\n', encoding="utf-8")
    ran = sparkpub("subscribers", "add", "ada@example.org", "--now", "2026-01-02", cwd=gazette)
    assert ran.code == 0, ran.err
    assert "a confirmation was sent" in ran.err
    assert len(list((gazette / "var" / "outbox" / "new").iterdir())) == 1
    assert "confirm" in sparkpub("why", "ada@example.org", cwd=gazette).out


def test_a_letter_that_waits_is_told_of_and_posted_by_the_next_round(gazette: Path) -> None:
    toml = gazette / "sparkpub.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + '\n[web]\nurl = "https://t.example.org"\n', encoding="utf-8")
    (gazette / "STOP").touch()
    ran = sparkpub("subscribers", "add", "ada@example.org", "--now", "2026-01-02", cwd=gazette)
    assert "waits to be posted (there is a file STOP)" in ran.err
    (gazette / "STOP").unlink()
    assert "1 letter to single readers" in sparkpub("status", cwd=gazette).err
    assert "1 letter to single readers" in sparkpub("--now", "2026-01-02", cwd=gazette).out
    ran = sparkpub("run", "--once", "--now", "2026-01-02", cwd=gazette)
    assert "letters    1 sent" in ran.out
