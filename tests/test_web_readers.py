"""The readers' pages: asked, confirmed, respected; a GET changes nothing, and nobody learns who is known."""

import json
import re
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from press_room import PressRoom, instant
from sparkpub.adapters import probe
from sparkpub.adapters.spool import Leaving, Spool
from sparkpub.core.consent import CONFIRM_WITHIN, caps, network, usable_name
from sparkpub.core.records import LetterKind, SubscriberState
from sparkpub.core.tokens import Purpose, Tokens
from sparkpub.core.wishes import EVERYTHING, Rhythm, Wishes
from sparkpub.errors import UsageError
from sparkpub.mailroom import forget_old_asks, post_letters
from sparkpub.press import HANDED_OVER, open_publication
from sparkpub.readers.wishing import absorb
from sparkpub.web.desk import open_desk
from web_room import ENVIRON, KEY, WebRoom, new_press, rows, web_room

ACTIVE, UNCONFIRMED, LEFT = SubscriberState.ACTIVE, SubscriberState.UNCONFIRMED, SubscriberState.UNSUBSCRIBED


def test_a_stranger_asks_confirms_and_is_a_reader(web: WebRoom) -> None:
    answer = web.client.post(
        "/subscribe",
        data={"email": " New@Example.org ", "name": "Nell", "language": "fr", "form": "footer"},
        environ_base={"REMOTE_ADDR": "192.0.2.77"},
    )
    assert answer.status_code == 200
    reader = web.reader("new@example.org")
    assert (reader.state, reader.name, reader.language) == (UNCONFIRMED, "Nell", "fr")
    assert re.fullmatch(
        r"asked 2026-11-24 12:00:00 UTC by the form footer, wording [0-9a-f]{8} from 192\.0\.2\.0/24", reader.evidence
    )
    (letter,) = web.letters()
    assert (letter.kind, letter.reader.address) == (LetterKind.CONFIRM, "New@example.org")
    web.later(hours=1)
    page = web.client.get(web.confirm_path(reader))
    assert page.status_code == 200
    assert b"<form" in page.data
    assert web.reader("new@example.org").state is UNCONFIRMED
    assert web.client.post(web.confirm_path(reader)).status_code == 200
    reader = web.reader("new@example.org")
    assert reader.state is ACTIVE
    assert "; confirmed 2026-11-24 13:00:00 UTC by the link from 127.0.0.0/24" in reader.evidence
    assert [each.kind for each in web.letters()] == [LetterKind.CONFIRM, LetterKind.WELCOME]


def test_confirming_again_changes_nothing_and_welcomes_once(web: WebRoom) -> None:
    web.ask("a@example.org")
    path = web.confirm_path(web.reader("a@example.org"))
    for _ in range(3):
        assert web.client.post(path).status_code == 200
    assert [each.kind for each in web.letters()].count(LetterKind.WELCOME) == 1


def test_a_link_to_confirm_expires(web: WebRoom) -> None:
    web.ask("a@example.org")
    path = web.confirm_path(web.reader("a@example.org"))
    web.now += CONFIRM_WITHIN + timedelta(seconds=1)
    assert web.client.get(path).status_code == web.client.post(path).status_code == 410
    assert web.reader("a@example.org").state is UNCONFIRMED


def test_an_old_link_brings_nobody_back_who_has_left(web: WebRoom) -> None:
    web.ask("a@example.org")
    reader = web.reader("a@example.org")
    path = web.confirm_path(reader)
    web.client.post(path)
    web.later(minutes=10)
    web.client.post(web.leave_path(reader))
    web.later(minutes=10)
    assert web.client.post(path).status_code == 410
    assert web.reader("a@example.org").state is LEFT
    web.ask("a@example.org")  # somebody, whoever it is, asks anew: that alone changes nothing
    assert web.reader("a@example.org").state is LEFT
    assert web.client.post(path).status_code == 410
    assert web.client.post(web.confirm_path(web.reader("a@example.org"))).status_code == 200
    assert web.reader("a@example.org").state is ACTIVE


def test_a_form_that_a_stranger_fills_in_does_not_undo_that_somebody_left(web: WebRoom) -> None:
    """Even where all that is known of them is a keyed hash, and the one who asks never confirms."""
    reader = web.add("a@example.org")
    web.client.post(web.leave_path(reader))
    web.press.ledger.erase("a@example.org", web.now)
    assert web.ask("a@example.org") == 200
    post_letters(web.press, now=web.now)
    web.later(days=40)
    assert forget_old_asks(web.press, now=web.now) == 1
    assert web.add("a@example.org").state is LEFT
    web.ask("a@example.org")
    web.client.post(web.confirm_path(web.reader("a@example.org")))
    assert web.reader("a@example.org").state is ACTIVE


def test_the_answer_is_the_same_whoever_asks(web: WebRoom) -> None:
    web.add("known@example.org")
    web.add("gone@example.org")
    web.press.ledger.unsubscribe("gone@example.org", instant("2021-01-01"))
    web.press.ledger.suppress("bounced@example.org", "hard bounce", instant("2021-01-01"))
    addresses = ("new@example.org", "known@example.org", "gone@example.org", "bounced@example.org", "new@example.org")
    answers = [web.client.post("/subscribe", data={"email": address}) for address in addresses]
    assert len({(a.status_code, a.data, str(sorted(a.headers))) for a in answers}) == 1
    assert sorted((each.kind.value, each.reader.address) for each in web.letters()) == [
        ("confirm", "gone@example.org"),
        ("confirm", "new@example.org"),
        ("known", "known@example.org"),
    ]


def test_a_stranger_cannot_be_bombed(web: WebRoom) -> None:
    for _ in range(30):
        assert web.ask("victim@example.org", name="x") in (200, 429)
        web.later(minutes=6)
    assert len(web.letters()) == 3


def test_one_network_cannot_ask_for_many(web: WebRoom) -> None:
    statuses = [web.ask(f"r{n}@example.org") for n in range(25)]
    assert statuses == [200] * 20 + [429] * 5
    assert len(web.letters()) == 20
    web.later(hours=1, seconds=1)
    assert web.ask("later@example.org") == 200


def test_all_networks_together_have_a_cap(tmp_path: Path) -> None:
    settings = '[web]\nurl = "https://press.example.org"\nasks_per_hour = 3\n'
    with web_room(tmp_path / "press", settings) as web:
        statuses = [
            web.client.post(
                "/subscribe", data={"email": f"r{n}@example.org"}, environ_base={"REMOTE_ADDR": f"198.51.{n}.1"}
            ).status_code
            for n in range(5)
        ]
    assert statuses == [200, 200, 200, 429, 429]


def test_who_fills_in_what_nobody_sees_is_answered_and_forgotten(web: WebRoom) -> None:
    assert web.ask("bot@example.org", website="https://spam.example") == 200
    assert web.press.ledger.find_subscriber("bot@example.org") is None
    assert not web.letters()


@pytest.mark.parametrize(
    "typed", ["", "nobody", "a@b", "a@example.org\r\nBcc: x@example.org", "a" * 300 + "@example.org"]
)
def test_what_is_no_address_is_asked_for_again(web: WebRoom, typed: str) -> None:
    answer = web.client.post("/subscribe", data={"email": typed})
    assert answer.status_code == 400
    assert b'role="alert"' in answer.data
    assert not web.letters()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada   Lovelace ", "Ada Lovelace"),
        ("Zoë O’Hara", "Zoë O’Hara"),
        ("win at http://spam.example", ""),
        ("visit www.spam.example", ""),
        ("x@example.org", ""),
        ("<b>bold</b>", ""),
        ("{{ reader }}", ""),
        ("n" * 101, ""),
        ("two\r\nlines", "two lines"),
    ],
)
def test_a_name_that_says_more_than_a_name_is_left_out(typed: str, kept: str) -> None:
    assert usable_name(typed) == kept


@pytest.mark.parametrize(
    ("remote", "kept"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("unix:", ""),
        ("", ""),
    ],
)
def test_of_a_network_address_a_part_is_kept(remote: str, kept: str) -> None:
    assert network(remote) == kept


def test_caps_name_each_asker() -> None:
    assert {cap.asker.value for cap in caps(10)} == {"address", "network", "all"}


def test_one_click_lets_a_reader_leave(web: WebRoom) -> None:
    reader = web.add("ada@example.org")
    answer = web.client.post(web.leave_path(reader), data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert web.reader("ada@example.org").state is LEFT
    assert web.client.post(web.leave_path(reader)).status_code == 200


def test_who_was_erased_is_told_that_they_have_left(web: WebRoom) -> None:
    reader = web.add("ada@example.org")
    web.press.ledger.erase("ada@example.org", web.now)
    assert web.client.post(web.leave_path(reader)).status_code == 200
    assert web.client.get(web.leave_path(reader)).status_code == 200
    assert web.client.get(web.preferences_path(reader)).status_code == 404


def test_looking_changes_nothing(web: WebRoom) -> None:
    reader = web.add("ada@example.org", "Ada")
    web.ask("new@example.org")
    paths = [
        "/subscribe",
        "/probe/" + "0" * 32,
        web.leave_path(reader),
        web.preferences_path(reader),
        web.confirm_path(web.reader("new@example.org")),
    ]
    before = rows(web)
    for path in paths:
        assert web.client.get(path).status_code == web.client.head(path).status_code == 200
        assert not web.client.get(path).headers.getlist("Set-Cookie")
    assert rows(web) == before


def test_preferences_are_shown_saved_and_obeyed(web: WebRoom) -> None:
    reader = web.add("ada@example.org", "Ada")
    page = web.client.get(web.preferences_path(reader)).get_data(as_text=True)
    assert "Art &amp; Letters" in page
    form = {
        "rhythm": "weekly",
        "pieces": "round",
        "series": ["revolution"],
        "beginning": ["revolution"],
        "name": "Ada L.",
        "language": "de",
    }
    assert web.client.post(web.preferences_path(reader), data=form).status_code == 200
    changed = web.reader("ada@example.org")
    assert (changed.name, changed.language, changed.state) == ("Ada L.", "de", ACTIVE)
    assert changed.wishes.without_series == ("art", "")
    assert changed.wishes.rhythm is Rhythm.WEEKLY
    assert changed.wishes.is_round_only
    assert changed.wishes.from_beginning == ("revolution",)
    back = {"rhythm": "each", "pieces": "every", "series": ["revolution", "art", ""], "name": "Ada", "language": "de"}
    web.client.post(web.preferences_path(reader), data=back)
    assert web.reader("ada@example.org").wishes == EVERYTHING


def test_preferences_offer_the_subjects_of_what_came_out_though_digests_came_out_too(web: WebRoom) -> None:
    reader = web.add("ada@example.org")
    web.press.ledger.set_subscriber(replace(reader, wishes=Wishes(rhythm=Rhythm.DAILY)), at=instant("2026-08-01"))
    room = PressRoom(press=web.press)
    room.queue("a", at="2026-09-01")
    for at in ("2026-09-03 19:00", "2026-09-04 07:00", "2026-09-04 18:00"):
        room.tick(at)
    assert [digest.name for digest in web.press.ledger.digests()] == ["digest:daily/20260904"]
    page = web.client.get(web.preferences_path(reader))
    assert page.status_code == 200
    assert 'name="tag" value="letters" checked' in page.get_data(as_text=True)


def test_a_request_without_the_form_changes_no_wish(web: WebRoom) -> None:
    reader = web.add("ada@example.org", "Ada")
    before = rows(web)
    assert web.client.post(web.preferences_path(reader)).status_code == 200
    assert web.client.post(web.preferences_path(reader), data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert rows(web) == before


def test_preferences_take_nothing_that_was_not_offered(web: WebRoom) -> None:
    reader = web.add("ada@example.org")
    form = {
        "rhythm": "hourly",
        "pieces": "none",
        "series": ["revolution", "art", "", "x\ny"],
        "beginning": ["nonsense", "art"],
        "language": "<script>",
        "name": "x@example.org",
    }
    assert web.client.post(web.preferences_path(reader), data=form).status_code == 200
    changed = web.reader("ada@example.org")
    assert changed.wishes.from_beginning == ("art",)
    assert (changed.wishes.without_series, changed.wishes.rhythm, changed.language) == ((), Rhythm.EACH, "")


def test_a_reader_takes_everything_known_of_them_along(web: WebRoom) -> None:
    reader = web.add("ada@example.org", "Ada")
    answer = web.client.post(f"{web.preferences_path(reader)}/export")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert json.loads(answer.data)["email"] == "ada@example.org"


def test_a_reader_has_themselves_erased(web: WebRoom) -> None:
    reader = web.add("ada@example.org")
    path = f"{web.preferences_path(reader)}/erase"
    assert web.client.post(path, data={"address": "bob@example.org"}).status_code == 400
    assert web.press.ledger.find_subscriber("ada@example.org") is not None
    assert web.client.post(path, data={"address": "Ada@example.org "}).status_code == 200
    assert web.press.ledger.find_subscriber("ada@example.org") is None


def test_who_has_left_comes_back_by_a_letter(web: WebRoom) -> None:
    reader = web.add("ada@example.org")
    web.client.post(web.leave_path(reader))
    assert b"/back" in web.client.get(web.preferences_path(reader)).data
    web.later(minutes=1)
    assert web.client.post(f"{web.preferences_path(reader)}/back").status_code == 200
    assert web.reader("ada@example.org").state is LEFT
    web.client.post(web.confirm_path(web.reader("ada@example.org")))
    assert web.reader("ada@example.org").state is ACTIVE


@pytest.mark.parametrize("kind", ["u", "p", "c"])
@pytest.mark.parametrize("token", ["x", "1.x", "..", "1." + "A" * 43, "%00", "é", "1" * 5000])
def test_tokens_that_we_never_signed_are_worth_nothing(web: WebRoom, kind: str, token: str) -> None:
    for method in ("GET", "POST"):
        assert web.client.open(f"/{kind}/{token}", method=method).status_code == 404


def test_a_token_is_worth_nothing_for_another_purpose(web: WebRoom) -> None:
    reader = web.add("ada@example.org")
    for purpose in Purpose:
        token = web.tokens.sign(purpose, reader.subscriber_id)
        statuses = {kind: web.client.post(f"/{kind}/{token}").status_code for kind in "upc" if kind != purpose}
        assert set(statuses.values()) == {404}, statuses
    forged = Tokens("another key").sign(Purpose.LEAVE, reader.subscriber_id)
    assert web.client.post(f"/u/{forged}").status_code == 404
    assert web.reader("ada@example.org").state is ACTIVE


def test_the_probe_is_answered_with_the_key(web: WebRoom) -> None:
    question = "0123456789abcdef" * 2
    assert web.client.get(f"/probe/{question}").get_data(as_text=True) == probe.answer(KEY, question)
    assert web.client.get("/probe/hello").status_code == 404


def test_every_page_is_strict_about_what_it_loads(web: WebRoom) -> None:
    reader = web.add("ada@example.org")
    for path in ("/subscribe", web.leave_path(reader), web.preferences_path(reader), "/u/nonsense"):
        answer = web.client.get(path)
        page = answer.get_data(as_text=True)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "<script" not in page
        assert not re.search(r"<[^>]+ style=", page)
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_the_protocol_refuses_has_a_page_too(web: WebRoom) -> None:
    assert web.client.put("/subscribe").status_code == 405
    assert web.client.post("/subscribe", data={"email": "x" * 100_000}).status_code == 413


def test_names_are_shown_as_text(web: WebRoom) -> None:
    reader = web.add("ada@example.org", '"><script>alert(1)</script>')
    page = web.client.get(web.preferences_path(reader)).get_data(as_text=True)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_pages_speak_the_readers_language(web: WebRoom) -> None:
    answer = web.client.get("/subscribe", headers={"Accept-Language": "xx, de;q=0.8, en;q=0.1"})
    assert answer.headers["Content-Language"] == "de"
    assert '<html lang="de" dir="ltr">' in answer.get_data(as_text=True)
    egyptian = web.client.get("/subscribe", headers={"Accept-Language": "ar-EG, en;q=0.5"})
    assert egyptian.headers["Content-Language"] == "ar"
    web.ask("ada@example.org", language="ar")
    page = web.client.get(web.confirm_path(web.reader("ada@example.org")), headers={"Accept-Language": "de"})
    assert '<html lang="ar" dir="rtl">' in page.get_data(as_text=True)


def test_leaving_works_while_the_ledger_cannot_be_written(web: WebRoom) -> None:
    reader = web.add("ada@example.org")
    blocker = sqlite3.connect(web.folder / "var/ledger.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        answer = web.client.post(web.leave_path(reader))
        assert answer.status_code == 200
    finally:
        blocker.close()
    assert web.reader("ada@example.org").state is ACTIVE
    assert absorb(web.press) == 1
    assert web.reader("ada@example.org").state is LEFT
    assert absorb(web.press) == 0


def test_what_waits_in_the_spool_is_absorbed_when_the_ledger_is_opened_again(web: WebRoom) -> None:
    reader = web.add("ada@example.org")
    web.desk.spool.append(Leaving(subscriber_id=reader.subscriber_id, at=web.now))
    desk = open_desk(web.desk.publication, ENVIRON, clock=lambda: web.now)
    desk.close()
    assert web.reader("ada@example.org").state is LEFT
    assert desk.spool.is_empty


def test_who_asked_again_after_leaving_stays(web: WebRoom) -> None:
    reader = web.add("ada@example.org")
    web.desk.spool.append(Leaving(subscriber_id=reader.subscriber_id, at=instant("2019-01-01")))
    assert absorb(web.press) == 1
    assert web.reader("ada@example.org").state is ACTIVE


def test_a_line_torn_off_costs_no_other(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "var" / "spool.jsonl")
    entries = [Leaving(subscriber_id=n, at=instant("2026-01-01")) for n in range(3)]
    spool.append(entries[0])
    with spool.path.open("ab") as file:
        file.write(b'{"reader": 7, "at": "20')
    spool.append(entries[1])
    with spool.path.open("ab") as file:
        file.write(b"\xff\xfe[[[{}\n" + b"[" * 100_000 + b"\n")
    spool.append(entries[2])
    taken: list[Leaving] = []
    assert spool.absorb(taken.extend) == 3
    assert taken == entries
    assert spool.is_empty
    assert oct(spool.path.stat().st_mode & 0o777) == "0o600"


def test_what_cannot_be_absorbed_waits_on(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.jsonl")
    spool.append(Leaving(subscriber_id=1, at=instant("2026-01-01")))

    def refuse(entries: Sequence[Leaving]) -> None:
        raise UsageError(f"not now: {len(entries)}")

    with pytest.raises(UsageError):
        spool.absorb(refuse)
    assert not spool.is_empty


def test_asking_while_the_ledger_cannot_be_written_is_told(web: WebRoom) -> None:
    blocker = sqlite3.connect(web.folder / "var/ledger.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        answer = web.client.post("/subscribe", data={"email": "new@example.org"})
    finally:
        blocker.close()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_a_press_that_was_handed_over_answers_no_more(web: WebRoom) -> None:
    reader = web.add("ada@example.org")
    assert web.client.get(web.leave_path(reader)).status_code == 200
    web.press.ledger.set_fact(HANDED_OVER, "to another machine")
    assert web.client.post(web.leave_path(reader)).status_code == 503
    assert web.desk.spool.is_empty


def test_many_leave_at_once_and_none_is_lost(web: WebRoom) -> None:
    readers = [web.add(f"r{n}@example.org") for n in range(200)]
    app = web.client.application
    statuses: list[int] = []

    def press_button(part: int) -> None:
        with app.test_client() as client:
            statuses.extend(client.post(web.leave_path(reader)).status_code for reader in readers[part::8])

    threads = [threading.Thread(target=press_button, args=(part,)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 200
    assert {reader.state for reader in web.press.ledger.subscribers()} == {LEFT}


def test_readers_pages_need_a_key_of_their_own(tmp_path: Path) -> None:
    new_press(tmp_path / "press")
    with pytest.raises(UsageError, match="SPARKPUB_SECRET_KEY"):
        open_desk(open_publication(tmp_path / "press"), {}, clock=lambda: instant("2026-01-01"))


def test_a_mail_service_whose_secret_is_here_is_heard(tmp_path: Path) -> None:
    with web_room(tmp_path / "press", environ={**ENVIRON, "SPARKPUB_HOOK_POSTMARK_SECRET": "told to Postmark"}) as web:
        web.add("ada@example.org")
        event = {"RecordType": "Bounce", "Type": "HardBounce", "ID": 1, "Email": "ada@example.org", "BouncedAt": ""}
        known = {"X-Sparkpub-Secret": "told to Postmark"}
        assert (
            web.client.post("/hooks/postmark", json=event, headers={"X-Sparkpub-Secret": "guessed"}).status_code == 403
        )
        assert web.press.ledger.suppression("ada@example.org") is None
        assert web.client.post("/hooks/mailgun", json=event, headers=known).status_code == 404
        assert web.client.get("/hooks/postmark", headers=known).status_code in (404, 405)
        assert web.client.post("/hooks/postmark", json=event, headers=known).status_code == 200
        assert web.press.ledger.suppression("ada@example.org")
