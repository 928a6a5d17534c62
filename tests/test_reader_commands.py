"""One reader's record by hand: changed, moved, erased, suppressed; and what a restored ledger makes of it."""

import json
import shutil
from email import message_from_bytes
from email.utils import parseaddr
from pathlib import Path

import pytest

from cli_runner import Ran, sparkpub, write_issue
from press_room import PressRoom, instant
from sparkpub.adapters.ledger import Inquiry, ReaderRow, ReportRow, open_ledger
from sparkpub.core.records import DeliveryState
from sparkpub.keeping import back_up, restore
from sparkpub.press import open_publication
from sparkpub.readers.readership import move_reader

ADA, NEW = "ada@example.org", "ada@lovelace.example"
AT = ("--now", "2026-02-01T12:00")


def subscribers(*words: str, cwd: Path) -> Ran:
    return sparkpub("subscribers", *words, cwd=cwd)


@pytest.fixture
def press(gazette: Path) -> Path:
    """A press with two readers, a series, and a piece that is due on 1 February 2026."""
    with (gazette / "sparkpub.toml").open("a") as settings:
        settings.write('\n[series.war]\ntitle = "The War"\n')
    write_issue(gazette, "now", 'title: "Now"\nseries: war\nrelease: "2026-02-01 07:00"')
    for address in (ADA, "bo@example.org"):
        subscribers("add", address, "--name", "Some Body", "--confirmed", "by post", "--now", "2026-01-02", cwd=gazette)
    sparkpub("queue", "now", "--now", "2026-01-02", cwd=gazette)
    return gazette


def test_what_is_named_of_a_reader_is_changed_and_the_rest_stays(press: Path) -> None:
    words = ("--name", "Ada  Lovelace", "--language", "en-GB", "--tag", "maths", "--tag", "history")
    first = subscribers("set", "Ada@example.org", *words, "--attribute", "Town=Łódź", "--json", cwd=press).json
    assert (first["name"], first["language"], first["tags"]) == ("Ada Lovelace", "en-GB", ["maths", "history"])
    wishes = ("--without-series", "war", "--rhythm", "weekly", "--round-only", "--without-tag", "gore")
    then = subscribers("set", ADA, "--untag", "maths", *wishes, "--json", cwd=press).json
    assert (then["name"], then["tags"], then["attributes"]) == ("Ada Lovelace", ["history"], {"town": "Łódź"})
    assert then["wishes"] == ["without-series=war", "without-tag=gore", "round-only", "rhythm=weekly"]
    back = ("--with-series", "war", "--with-tag", "gore", "--rhythm", "each", "--every-piece", "--attribute", "town=")
    last = subscribers("set", ADA, *back, "--from-beginning", "war", "--json", cwd=press).json
    assert (last["wishes"], last["attributes"]) == (["from-beginning=war"], {})
    assert (last["status"], last["evidence"], last["asked_at"]) == ("active", "by post", "2026-01-02T00:00:00Z")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing to change was named"),
        (["--language", "klingon!!"], "is no language tag"),
        (["--without-series", "wra"], "did you mean 'war'?"),
        (["--from-beginning", ""], "unknown series"),
        (["--attribute", "town"], "has no ="),
        (["--attribute", "email=x@example.org"], "can name no attribute"),
        (["--tag", "a;b"], "without , and ;"),
        (["--name", "A\nBcc: b@example.org"], "write it in one line"),
        (["--tag", "x" * 301], "too long"),
    ],
)
def test_what_cannot_stand_in_a_record_is_refused_with_the_cure(words: list[str], said: str, press: Path) -> None:
    ran = subscribers("set", ADA, *words, cwd=press)
    assert (ran.code, ran.out, said in ran.err) == (2, "", True), ran.err


def test_all_that_is_kept_of_a_reader_is_shown(press: Path) -> None:
    sparkpub("run", "--once", *AT, cwd=press)
    known = subscribers("show", ADA, "--json", cwd=press).json
    assert (known["email"], known["evidence"], known["suppressed"]) == (ADA, "by post", None)
    assert [(row["release"], row["state"]) for row in known["deliveries"]] == [("now/0", "sent")]
    text = subscribers("show", ADA, cwd=press).out
    assert "by post" in text
    assert "now/0" in text
    assert subscribers("show", "nobody@example.org", cwd=press).code == 2


def test_a_reader_who_moves_keeps_history_and_wishes_and_gets_what_waits(press: Path) -> None:
    subscribers("set", ADA, "--rhythm", "daily", "--tag", "maths", cwd=press)
    subscribers("set", ADA, "--rhythm", "each", "--without-tag", "gore", cwd=press)
    sparkpub("tick", *AT, cwd=press)
    moved = subscribers("move", ADA, NEW, *AT, "--json", cwd=press).json
    assert (moved["email"], moved["tags"], moved["wishes"]) == (NEW, ["maths"], ["without-tag=gore"])
    assert moved["evidence"] == "by post; moved to this address by hand on 2026-02-01"
    assert sparkpub("send", *AT, cwd=press).code == 0
    assert mailed(press) == {NEW, "bo@example.org"}
    assert subscribers("show", NEW, "--json", cwd=press).json["deliveries"][0]["state"] == "sent"
    assert subscribers("show", ADA, cwd=press).code == 2


def mailed(folder: Path) -> set[str]:
    heads = [message_from_bytes(path.read_bytes()) for path in (folder / "var/outbox/new").iterdir()]
    return {parseaddr(head["To"])[1] for head in heads}


def test_no_list_brings_an_address_back_that_was_moved_away_from_but_its_reader_can(press: Path) -> None:
    subscribers("move", ADA, NEW, cwd=press)
    (press / "old.csv").write_text(f"email,status\n{ADA},active\n")
    subscribers("import", "old.csv", cwd=press)
    assert subscribers("list", "--status", "active", "--json", cwd=press).json[0]["email"] == NEW
    assert ADA not in statuses(press)
    subscribers("add", ADA, "--confirmed", "asked anew", cwd=press)
    assert statuses(press)[ADA] == "active"


def test_who_has_not_confirmed_is_moved_nowhere(press: Path) -> None:
    (press / "new.csv").write_text("email,status\nnew@example.org,unconfirmed\n")
    subscribers("import", "new.csv", cwd=press)
    ran = subscribers("move", "new@example.org", NEW, cwd=press)
    assert (ran.code, ran.out) == (2, "")
    assert f"`sparkpub subscribers add {NEW}` asks there" in ran.err


def test_evidence_of_an_active_reader_is_added_to_and_never_lost(press: Path) -> None:
    for evidence in ("at the fair; by hand", " at the fair;  by hand", "by post"):
        ran = subscribers("add", ADA, "--confirmed", evidence, "--json", cwd=press)
        assert (ran.code, ran.json["evidence"], ran.json["name"]) == (0, "by post; at the fair; by hand", "Some Body")
        assert "was active already" in ran.err


def test_adding_a_suppressed_address_says_that_it_is_not_mailed(press: Path) -> None:
    subscribers("suppress", "troll@example.org", "--reason", "rang up", cwd=press)
    ran = subscribers("add", "troll@example.org", "--confirmed", "asked", cwd=press)
    assert "never mailed: rang up; `sparkpub subscribers unsuppress troll@example.org`" in ran.err


def test_who_has_left_and_is_added_stays_away_until_they_confirm(press: Path) -> None:
    with (press / "sparkpub.toml").open("a") as settings:
        settings.write('\n[web]\nurl = "https://t.example.org"\n')
    subscribers("unsubscribe", ADA, "--now", "2026-01-03", cwd=press)
    ran = subscribers("add", ADA, "--now", "2026-01-04", cwd=press)
    assert ran.out == f"{ADA} is unsubscribed\n"
    assert f"{ADA} had left, and stays so until the letter is answered" in ran.err
    assert "a confirmation was sent" in ran.err
    sparkpub("run", "--once", "--now", "2026-03-04", cwd=press)
    assert statuses(press)[ADA] == "unsubscribed"


def statuses(folder: Path) -> dict[str, str]:
    return {row["email"]: row["status"] for row in subscribers("list", "--json", cwd=folder).json}


def test_another_spelling_is_no_other_address(press: Path) -> None:
    assert subscribers("move", ADA, "Ada@Example.org", "--json", cwd=press).json["email"] == "Ada@example.org"
    assert "moved" not in (press / "var/ledger.jsonl").read_text()
    assert statuses(press)["Ada@example.org"] == "active"


def test_a_suppression_stays_with_the_address_and_keeps_others_from_moving_there(press: Path) -> None:
    subscribers("suppress", ADA, "--reason", "mailbox is gone", cwd=press)
    subscribers("suppress", "full@example.org", cwd=press)
    for new, said in (("full@example.org", "is never mailed: by hand"), ("BO@example.org", "is a reader already")):
        ran = subscribers("move", ADA, new, cwd=press)
        assert (ran.code, said in ran.err) == (2, True)
    assert subscribers("move", ADA, NEW, "--json", cwd=press).json["suppressed"] is False
    assert "mailbox is gone" in sparkpub("why", ADA, cwd=press).out
    assert "Bo" not in subscribers("move", "nobody@example.org", NEW, cwd=press).out


def test_suppressing_needs_no_reader_and_outlives_every_list(press: Path) -> None:
    assert subscribers("suppress", "Troll@example.org", "--json", cwd=press).json["suppressed"] is True
    assert "suppressed already" in subscribers("suppress", "troll@example.org", cwd=press).out
    (press / "all.csv").write_text("email,status\ntroll@example.org,active\n")
    subscribers("import", "all.csv", cwd=press)
    sparkpub("run", "--once", *AT, cwd=press)
    assert mailed(press) == {ADA, "bo@example.org"}
    assert subscribers("suppress", ADA, "--reason", "a\nb", cwd=press).code == 0
    assert subscribers("suppress", ADA, "--reason", " ", cwd=press).code == 2


def test_erasing_asks_first_and_leaves_no_byte_of_the_address(press: Path) -> None:
    sparkpub("run", "--once", *AT, cwd=press)
    note_words_of_relays(press)
    subscribers("suppress", ADA, "--reason", f"550 <{ADA}> unknown", cwd=press)
    unasked = subscribers("erase", ADA, cwd=press)
    assert (unasked.code, "--yes" in unasked.err) == (2, True)
    assert places_of(ADA, press)
    (report,) = subscribers("show", ADA, "--json", cwd=press).json["reports"]
    assert (report["release"], report["kind"]) == ("now/0", "bounce")
    erased = subscribers("erase", "Ada@Example.org", "--yes", "--json", cwd=press)
    assert (erased.code, erased.json["erased"]) == (0, True)
    assert places_of(ADA, press) == []
    assert places_of("Some Body", press) != []  # the other reader's
    (row,) = sparkpub("status", "--json", cwd=press).json["releases"]
    assert (row["eligible"], row["sent"]) == (2, 2)
    assert subscribers("erase", ADA, "--yes", cwd=press).code == 0
    assert subscribers("erase", "nobody@example.org", "--yes", cwd=press).code == 2


def note_words_of_relays(folder: Path) -> None:
    """Let words that name the address stand wherever the ledger keeps any, as after refusals and bounces."""
    said, at = f"550 5.1.1 <{ADA}> unknown", instant("2026-02-01")
    ledger = open_ledger("sqlite:///var/ledger.db", folder)
    ledger._db.write("UPDATE delivery SET code = :code WHERE subscriber_id = 1", {"code": said})
    ledger.add_report(ReportRow(release_id=1, subscriber_id=1, kind="bounce", words=said), at=at)
    ledger.add_inquiry("digest", Inquiry(at=at, address=ADA, subject=f"about {ADA}", why="nobody vouches for it"))
    ledger.close()


def places_of(text: str, folder: Path) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if text.lower().encode() in path.read_bytes().lower()]


def test_what_is_erased_stays_suppressed_and_no_list_brings_it_back(press: Path) -> None:
    for address in (ADA, "bo@example.org"):
        subscribers("suppress" if address == ADA else "unsubscribe", address, cwd=press)
        subscribers("erase", address, "--yes", cwd=press)
    (press / "old.csv").write_text(f"email,status\n{ADA},active\nbo@example.org,active\nnew@example.org,active\n")
    told = "1 reader added, 2 known already and left as they are\n"
    assert subscribers("import", "old.csv", "--dry-run", cwd=press).out == told.replace("added", "would be added")
    assert subscribers("import", "old.csv", cwd=press).out == told
    assert set(statuses(press)) == {"new@example.org"}
    sparkpub("run", "--once", *AT, cwd=press)
    assert mailed(press) == {"new@example.org"}
    assert "all that was kept of it is a keyed hash" in sparkpub("why", ADA, cwd=press).out
    assert "all that is kept of it is a keyed hash" in sparkpub("why", "bo@example.org", cwd=press).err


def test_who_is_erased_before_they_confirmed_is_brought_back_by_no_list(press: Path) -> None:
    (press / "new.csv").write_text("email,status\nnew@example.org,unconfirmed\n")
    subscribers("import", "new.csv", cwd=press)
    subscribers("erase", "new@example.org", "--yes", cwd=press)
    subscribers("import", "new.csv", "--as", "active", cwd=press)
    assert "new@example.org" not in statuses(press)


@pytest.mark.parametrize("is_known", [True, False], ids=["known before", "came since"])
def test_an_older_ledger_mails_nobody_who_moved_or_was_erased_since(room: PressRoom, is_known: bool) -> None:
    """Whether the backup has the address or a list brings it later."""
    ledger, backup = room.press.ledger, room.folder / "backup.db"
    addresses = ("one@example.org", "two@example.org")
    rows = [ReaderRow(address=address) for address in addresses]
    room.queue("a", at="2017-09-01")
    if is_known:
        ledger.import_subscribers(rows, instant("2017-09-01"))
    back_up(room.press, backup, now=instant("2017-09-02"))
    if not is_known:
        ledger.import_subscribers(rows, instant("2017-09-02"))
    move_reader(room.press, addresses[0], NEW, now=instant("2017-09-03"))
    ledger.erase(addresses[1], instant("2017-09-03"))
    ledger.close()
    (room.folder / "var/ledger.db").unlink()
    publication = open_publication(room.folder)
    done = restore(publication, {}, backup, mirror=None, texts=room.shelf().issues, now=instant("2017-09-03"))
    assert done.learned.moved == 1
    room.reopen()
    room.press.ledger.import_subscribers(rows, instant("2017-09-03"))
    assert room.press.ledger.count_audience(None) == 3
    for address in addresses:
        known = room.press.ledger.find_subscriber(address)
        assert known is not None
        assert known.state.value == "unsubscribed"


def test_the_mirror_names_nobody_who_moves_or_is_erased(room: PressRoom) -> None:
    move_reader(room.press, "ada@example.org", NEW, now=instant("2017-09-03"))
    room.press.ledger.erase(NEW, instant("2017-09-04"))
    text = (room.folder / "var/ledger.jsonl").read_text()
    assert [json.loads(line)["verb"] for line in text.splitlines()][-2:] == ["moved", "erased"]
    assert "ada" not in text
    assert f"to {room.press.ledger.mark(NEW)}" in text


def test_erasing_takes_nothing_from_the_balance_and_sends_nothing_that_waits(room: PressRoom) -> None:
    room.queue("a", at="2017-09-01")
    room.tick("2017-09-04 07:00")
    (release,) = room.press.ledger.releases()
    assert room.press.ledger.erase("ada@example.org", instant("2017-09-04 07:01"))
    assert room.send("2017-09-04 07:02") == 2
    balance = room.press.ledger.balance(release.release_id)
    assert (balance.sent, balance.suppressed, balance.balances) == (2, 1, True)
    states = {row.state for row in room.press.ledger.deliveries_of(1)}
    assert states == {DeliveryState.SUPPRESSED}


def test_a_copy_of_the_publication_changes_no_reader(gazette: Path, tmp_path: Path) -> None:
    shutil.copytree(gazette, tmp_path / "copy", ignore=shutil.ignore_patterns("var"))
    for words in (("set", ADA, "--name", "A"), ("move", ADA, NEW), ("erase", ADA, "--yes"), ("suppress", ADA)):
        assert subscribers(*words, cwd=tmp_path / "copy").code == 3
