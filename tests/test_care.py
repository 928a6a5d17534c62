"""Backups, restores and moves never mail anything twice; the doctor says what is not well."""

import json
import shutil
from pathlib import Path

import pytest

from cli_runner import sparkpub
from press_room import READERS, SETTINGS, PressRoom, instant, issue_text, new_room, opened
from restoring import go_on, lose, put_back
from sparkpub.adapters.ledger import ReaderRow
from sparkpub.core.records import DeliveryState, QueueState, ReleaseState
from sparkpub.errors import LedgerError, UsageError
from sparkpub.examining import examine, zones_finding
from sparkpub.keeping import back_up, hand_over, restore
from sparkpub.press import MACHINE, STOPPED, open_publication
from sparkpub.publishing import resume_everything

DAY, EVENING = "2017-09-04 07:00", "2017-09-04 20:00"


@pytest.fixture
def backup(room: PressRoom, tmp_path: Path) -> Path:
    """A backup of the press when a was queued, before anything was released."""
    room.queue("a", at="2017-09-01")
    path = tmp_path / "backup.db"
    back_up(room.press, path, now=instant("2017-09-02"))
    return path


def test_a_backup_is_one_file_for_its_owner_and_replaces_only_a_backup(room: PressRoom, backup: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in backup.parent.glob("backup*")] == ["backup.db"]
    back_up(room.press, backup, now=instant(DAY))
    other = backup.with_name("letter.txt")
    other.write_text("Dear Ada")
    for path in (other, backup.parent, room.folder / "var/ledger.db"):
        with pytest.raises(UsageError):
            back_up(room.press, path, now=instant(DAY))
    assert other.read_text() == "Dear Ada"


def test_a_backup_is_made_while_another_process_writes(room: PressRoom, backup: Path) -> None:
    other = opened(room.folder)
    with other.ledger.transaction():
        other.ledger.set_fact("x", "not committed")
        room.press.ledger.copy_to(backup.with_name("second.db"))
    other.ledger.close()


def test_an_older_backup_and_a_newer_mirror_release_and_mail_nothing_twice(room: PressRoom, backup: Path) -> None:
    room.tick(DAY)
    assert room.send(DAY) == 3
    shutil.rmtree(room.press.outbox)
    lose(room)
    done = put_back(room, backup, at=EVENING)
    assert [release.number for release in done.learned.releases] == [100]
    assert (done.learned.without_text, done.learned.changed_texts, done.learned.called_off) == ([], [], 0)
    assert room.press.stopped().startswith("restored on 2017-09-04")
    assert not room.tick(EVENING).released
    assert go_on(room, EVENING) == ([], 0)
    assert not room.press.outbox.exists() or not list((room.press.outbox / "new").iterdir())
    (release,) = room.press.ledger.releases()
    balance = room.press.ledger.balance(release.release_id)
    assert (release.state, balance.eligible, balance.sent) == (ReleaseState.FINISHED, 3, 3)
    assert "Sound text." in (room.build() / "issues/a/100/index.html").read_text()


@pytest.mark.parametrize(
    ("verb", "subject", "detail"),
    [
        ("closed", "a/100", "batch 0, readers 1 to 3: all sent but failed x"),
        ("closed", "a/100", "batch 0, readers 1 to 3: all sent but lost 2"),
        ("claimed", "a/100", f"batch 0, readers 1 to {10**30}"),
        ("missed", "a", "100, due on 2017-99-99"),
        ("corrected", "a", "100, dated 2017-02-30"),
    ],
)
def test_a_line_of_the_mirror_that_nobody_can_read_is_named(
    room: PressRoom, backup: Path, verb: str, subject: str, detail: str
) -> None:
    room.tick(DAY)
    lose(room)
    mirror = room.folder / "var/ledger.jsonl"
    last = json.loads(mirror.read_text().splitlines()[-1])
    line = {"n": last["n"] + 1, "at": last["at"], "verb": verb, "subject": subject, "detail": detail}
    mirror.write_text(mirror.read_text() + json.dumps(line) + "\n")
    with pytest.raises(LedgerError, match=rf"line {line['n']}, '{verb} {subject} at .*mend it"):
        put_back(room, backup, at=EVENING)


def tell_of_digest(room: PressRoom, kind: str, **more: str) -> None:
    """Have the mirror tell of its releases as if they were digests."""
    mirror = room.folder / "var/ledger.jsonl"
    lines = [json.loads(text) for text in mirror.read_text().splitlines()]
    for line in lines:
        if line["verb"] == "released":
            line["release"] |= {"issue_id": kind, "is_digest": True}
            line.update(more)
    mirror.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


@pytest.mark.parametrize("pieces", ["a/x", "a/", f"a/{10**30}", "a/100 a/-"])
def test_a_digest_of_pieces_that_nobody_can_read_is_named(room: PressRoom, backup: Path, pieces: str) -> None:
    room.tick(DAY)
    lose(room)
    tell_of_digest(room, "digest:daily", detail=f"20170904, due on 2017-09-04, of {pieces}")
    with pytest.raises(LedgerError, match=r"line \d+, 'released a at .*mend it"):
        put_back(room, backup, at=EVENING)


@pytest.mark.parametrize("named", ["digest:hourly", "digest:"])
def test_a_digest_of_a_kind_that_there_is_not_is_named(room: PressRoom, backup: Path, named: str) -> None:
    room.tick(DAY)
    lose(room)
    tell_of_digest(room, named)
    with pytest.raises(LedgerError, match=r"line \d+, 'released a at .*mend it"):
        put_back(room, backup, at=EVENING)


def test_an_older_ledger_that_was_put_back_by_hand_is_restored_where_it_lies(room: PressRoom, backup: Path) -> None:
    room.tick(DAY)
    room.send(DAY)
    lose(room)
    place = room.folder / "var/ledger.db"
    shutil.copy(backup, place)
    with pytest.raises(LedgerError, match="older than its mirror"):
        opened(room.folder)
    done = put_back(room, place, at=EVENING)
    assert (done.learned.rows, room.released) == (4, [f"{DAY} a/100"])
    assert go_on(room, EVENING) == ([], 0)


def test_a_restored_press_goes_on_with_the_next_anniversary(room: PressRoom, backup: Path) -> None:
    room.tick(DAY)
    room.send(DAY)
    lose(room)
    put_back(room, backup, at=EVENING)
    go_on(room, EVENING)
    room.tick("2018-09-01 07:00")
    resume_everything(room.press, now=instant("2018-09-01 07:00"))
    assert [release.name for release in room.tick("2018-09-04 07:00").released] == ["a/101"]
    assert room.send("2018-09-04 07:00") == 3


def test_a_half_sent_release_goes_on_with_those_whom_no_claim_covers(room: PressRoom, tmp_path: Path) -> None:
    room.queue("a", at="2017-09-01")
    room.tick(DAY)
    backup = tmp_path / "backup.db"
    back_up(room.press, backup, now=instant(DAY))
    (release,) = room.press.ledger.releases()
    epoch = room.press.ledger.begin_run(boot="b", pid=1, at=instant(DAY))
    claim = room.press.ledger.claim_batch(release, epoch=epoch, count=1, at=instant(DAY))
    assert claim is not None
    lose(room)
    put_back(room, backup, at=EVENING)
    balance = room.press.ledger.balance(release.release_id)
    assert (balance.uncertain, balance.pending) == (1, 2)
    (room.folder / "sparkpub.toml").write_text(f'{SETTINGS}\n[delivery]\nuncertain = "resend"\n')
    room.reopen()
    assert go_on(room, EVENING) == ([], 2)
    assert room.press.ledger.balance(release.release_id).uncertain == 1


def test_a_claim_that_was_open_when_the_backup_was_made_is_doubted(room: PressRoom, tmp_path: Path) -> None:
    room.queue("a", at="2017-09-01")
    room.tick(DAY)
    (release,) = room.press.ledger.releases()
    ledger = room.press.ledger
    epoch = ledger.begin_run(boot="b", pid=1, at=instant(DAY))
    claim = ledger.claim_batch(release, epoch=epoch, count=2, at=instant(DAY))
    assert claim is not None
    back_up(room.press, tmp_path / "backup.db", now=instant(DAY))
    for due, state in zip(claim.due, (DeliveryState.SENT, DeliveryState.FAILED), strict=True):
        assert ledger.intend(due, epoch=epoch, at=instant(DAY))
        ledger.settle(due, epoch=epoch, state=state, code="", at=instant(DAY), tried_at=instant(DAY))
    mirror = (room.folder / "var/ledger.jsonl").read_bytes()
    ledger.close_claim(claim.claim_id, at=instant(DAY))
    put_back(room, tmp_path / "backup.db", at=EVENING)
    balance = room.press.ledger.balance(release.release_id)
    assert (balance.sent, balance.failed, balance.pending) == (1, 1, 1)
    lose(room)
    (room.folder / "var/ledger.jsonl").write_bytes(mirror)
    put_back(room, tmp_path / "backup.db", at=EVENING)
    assert room.press.ledger.balance(release.release_id).uncertain == 2


def test_what_never_left_of_a_release_whose_message_is_lost_is_called_off(room: PressRoom, backup: Path) -> None:
    room.tick(DAY)
    lose(room)
    done = put_back(room, backup, at=EVENING)
    assert done.learned.called_off == 3
    assert go_on(room, EVENING) == ([], 0)
    (release,) = room.press.ledger.releases()
    assert (release.state, room.press.ledger.balance(release.release_id).cancelled) == (ReleaseState.CANCELLED, 3)


def test_a_release_whose_file_is_gone_still_blocks_its_date_and_has_no_page(room: PressRoom, backup: Path) -> None:
    room.tick(DAY)
    room.send(DAY)
    (room.folder / "issues/a.md").rename(room.folder / "a.md")
    lose(room)
    assert put_back(room, backup, at=EVENING).learned.without_text == ["a/100"]
    assert not (room.build() / "issues/a").exists()
    (room.folder / "a.md").rename(room.folder / "issues/a.md")
    assert go_on(room, EVENING) == ([], 0)
    assert put_back(room, backup, at=EVENING).learned.without_text == []
    assert (room.build() / "issues/a/100/index.html").exists()


def test_who_left_or_was_suppressed_or_erased_since_stays_away(room: PressRoom, backup: Path) -> None:
    ledger = room.press.ledger
    ledger.add_subscriber("new@example.org", at=instant("2017-09-03"))
    ledger.add_subscriber("newer@example.org", at=instant("2017-09-03"))
    ledger.unsubscribe("ada@example.org", instant("2017-09-03"))
    ledger.suppress("grace@example.org", "complaint", instant("2017-09-03"))
    ledger.erase("zoe@example.org", instant("2017-09-03"))
    ledger.unsubscribe("new@example.org", instant("2017-09-03"))
    ledger.suppress("newer@example.org", "bounce", instant("2017-09-03"))
    lose(room)
    put_back(room, backup, at=DAY)
    ledger = room.press.ledger
    assert ledger.count_audience(None) == 0
    assert ledger.find_subscriber(READERS[2]) is None
    assert ledger.suppression("NEWER@example.org")
    assert taken_in(room, "new@example.org", "newer@example.org", "fresh@example.org") == 3
    assert ledger.count_audience(None) == 1
    fresh = ledger.find_subscriber("fresh@example.org")
    assert fresh is not None
    assert fresh.subscriber_id > 5


def taken_in(room: PressRoom, *addresses: str) -> int:
    """Take in a list, as after a loss."""
    return room.press.ledger.import_subscribers([ReaderRow(address=a) for a in addresses], instant(DAY)).added


def test_what_was_held_or_skipped_since_stays_so(tmp_path: Path) -> None:
    issues = {name: issue_text(name) for name in ("held", "skipped", "again", "missed")}
    room = new_room(tmp_path / "press", issues=issues)
    room.queue(*issues, at="2017-09-01")
    back_up(room.press, tmp_path / "backup.db", now=instant("2017-09-01"))
    room.hold("held", at="2017-09-02")
    room.hold("again", at="2017-09-02")
    room.queue("again", at="2017-09-03")
    room.skip("skipped", 100, at="2017-09-02")
    lose(room)
    put_back(room, tmp_path / "backup.db", at="2017-09-03")
    states = room.press.ledger.issue_states()
    assert (states["held"].state, states["again"].state) == (QueueState.HELD, QueueState.QUEUED)
    resume_everything(room.press, now=instant("2017-09-04"))
    assert room.tick(DAY).released[0].name == "again/100"
    assert "skipped/100" not in [r for at in (9, 11, 13) for r in names(room, f"2017-09-04 {at:02}:00")]
    room.press.ledger.close()


def names(room: PressRoom, at: str) -> list[str]:
    return [release.name for release in room.tick(at).released]


def test_a_restore_can_be_repeated_and_moves_the_old_ledger_aside(room: PressRoom, backup: Path) -> None:
    room.tick(DAY)
    room.send(DAY)
    first = put_back(room, backup, at=EVENING)
    second = put_back(room, backup, at="2017-09-04 21:00")
    assert first.aside
    assert second.aside
    assert first.aside != second.aside
    assert first.aside.is_file()
    assert go_on(room, "2017-09-04 22:00") == ([], 0)


def test_a_truncated_mirror_is_completed_from_a_ledger_that_is_whole(room: PressRoom, backup: Path) -> None:
    room.tick(DAY)
    room.send(DAY)
    (room.folder / "var/ledger.jsonl").write_text("")
    put_back(room, backup, at=EVENING)
    assert go_on(room, EVENING) == ([], 0)


def test_a_saved_mirror_is_read_where_the_one_here_is_gone_or_shorter(room: PressRoom, backup: Path) -> None:
    room.tick(DAY)
    room.send(DAY)
    mirror = room.folder / "var/ledger.jsonl"
    saved = backup.with_name("saved.jsonl")
    shutil.copy(mirror, saved)
    lose(room)
    mirror.write_bytes(saved.read_bytes()[:400].rpartition(b"\n")[0] + b"\n")
    assert put_back(room, backup, mirror=saved, at=EVENING).learned.rows == 4
    assert go_on(room, EVENING) == ([], 0)
    assert mirror.read_bytes().startswith(saved.read_bytes())


def test_another_ledgers_mirror_or_backup_is_refused(room: PressRoom, backup: Path, tmp_path: Path) -> None:
    other = new_room(tmp_path / "other", issues={"b": issue_text("b")})
    other.queue("b", at="2017-08-01")
    other.press.ledger.close()
    publication = room.press.publication
    foreign = other.folder / "var/ledger.jsonl"
    with pytest.raises(LedgerError, match="tell of two ledgers"):
        restore(publication, {}, backup, mirror=foreign, texts={}, now=instant(DAY))
    with pytest.raises(LedgerError, match="no backup of the ledger that the mirror belongs to"):
        restore(publication, {}, other.folder / "var/ledger.db", mirror=None, texts={}, now=instant(DAY))
    (tmp_path / "torn.db").write_bytes(backup.read_bytes()[:5000])
    (tmp_path / "text.db").write_text("not a ledger" * 900)
    for name in ("torn.db", "text.db"):
        with pytest.raises(LedgerError):
            restore(publication, {}, tmp_path / name, mirror=None, texts={}, now=instant(DAY))
    assert not list((room.folder / "var").glob(".*.new*"))
    room.reopen()


def test_a_press_that_was_handed_over_writes_no_more_and_goes_on_elsewhere(room: PressRoom, tmp_path: Path) -> None:
    room.queue("a", at="2017-09-01")
    room.tick(DAY)
    room.send(DAY)
    hand_over(room.press, tmp_path / "moved.db", now=instant(DAY))
    with pytest.raises(LedgerError, match=r"handed over: on 2017-09-04, as moved.db"):
        opened(room.folder)
    clone = tmp_path / "clone"
    shutil.copytree(room.folder, clone, ignore=shutil.ignore_patterns("var"))
    here = open_publication(clone)
    done = restore(here, {}, tmp_path / "moved.db", mirror=None, texts=room.shelf().issues, now=instant(EVENING))
    assert done.mirror is None
    moved = PressRoom(press=opened(clone))
    assert go_on(moved, EVENING) == ([], 0)
    verbs = [json.loads(line)["verb"] for line in (clone / "var/ledger.jsonl").read_text().splitlines()]
    assert verbs[-3:] == ["handed over", "restored", "resumed"]
    moved.press.ledger.close()


def test_a_ledger_that_finds_itself_on_another_machine_stands_still(room: PressRoom) -> None:
    if not room.press.ledger.fact(MACHINE):
        pytest.skip("this machine has no id")
    room.queue("a", at="2017-09-01")
    room.press.ledger.set_fact(MACHINE, "another")
    room.reopen()
    assert "kept on another machine" in (room.press.ledger.fact(STOPPED) or "")
    assert not room.tick(DAY).released
    resume_everything(room.press, now=instant(DAY))
    room.reopen()
    assert [release.name for release in room.tick(DAY).released] == ["a/100"]


def findings(gazette: Path, *more: str) -> dict[str, tuple[bool, str]]:
    ran = sparkpub("doctor", "--json", "--now", "2026-01-02", *more, cwd=gazette)
    rows = {row["check"]: (row["ok"], f"{row['message']}; {row['cure']}") for row in ran.json}
    assert ran.code == (0 if all(ok for ok, _ in rows.values()) else 1)
    return rows


def test_the_doctor_finds_a_new_press_well_but_for_its_placeholders(gazette: Path) -> None:
    found = findings(gazette)
    assert [name for name, (ok, _) in found.items() if not ok] == ["settings"]
    assert {"versions", "tzdata", "ledger", "mirror", "key", "secrets", "disk", "clock", "press"} <= found.keys()


def test_the_doctor_names_what_is_not_well_with_its_cure(gazette: Path) -> None:
    (gazette / "secrets.env").chmod(0o644)
    (gazette / "STOP").touch()
    sparkpub("stop", cwd=gazette)
    found = findings(gazette)
    assert "`chmod 600 secrets.env`" in found["secrets"][1]
    assert "`rm STOP`" in found["stop-file"][1]
    assert "`sparkpub resume`" in found["press"][1]
    sparkpub("tick", "--now", "2026-06-01", cwd=gazette)
    (gazette / "secrets.env").write_text("SPARKPUB_SECRET_KEY=another\n")
    assert "copy secrets.env" in findings(gazette)["key"][1]
    ledger = gazette / "var/ledger.db"
    ledger.write_bytes(ledger.read_bytes()[:6000])
    for name in ("ledger.db-wal", "ledger.db-shm"):
        (gazette / "var" / name).unlink(missing_ok=True)
    assert "sparkpub restore" in findings(gazette)["ledger"][1]
    ledger.unlink()
    assert "lost" in findings(gazette)["ledger"][1]
    shutil.rmtree(gazette / "var")
    assert findings(gazette)["ledger"][0]


def test_the_doctor_sees_a_clock_that_went_back_and_a_mailing_press_without_backup(room: PressRoom) -> None:
    room.tick(DAY)
    found = {f.check: f for f in examine(room.press.publication, {}, now=instant("2017-09-01"))}
    assert "went back" in found["clock"].message
    relay = '[smtp.main]\nhost = "127.0.0.1"\n'
    (room.folder / "sparkpub.toml").write_text(f'{SETTINGS}\n[delivery]\ntransport = "smtp"\n{relay}')
    found = {f.check: f for f in examine(open_publication(room.folder), {}, now=instant(DAY))}
    assert not found["backup"].is_ok
    assert not found["secrets"].is_ok


def test_the_doctor_compares_the_time_zone_data() -> None:
    assert zones_finding("2025b", "2025b").is_ok
    older = zones_finding("2025b", "2024a")
    assert "the system's time zone data (2024a) are older than ours" in older.message
    assert not zones_finding("2024a", "2025b").is_ok


def test_backup_and_restore_speak_plainly_at_the_command_line(gazette: Path, tmp_path: Path) -> None:
    ran = sparkpub("backup", str(tmp_path / "b.db"), cwd=gazette)
    assert ran.code == 0
    assert "copy secrets.env as well" in ran.err
    sparkpub("queue", "hello", cwd=gazette)
    for path in (gazette / "var").glob("ledger.db*"):
        path.unlink()
    for words in (("tick",), ("status",), ("init", "--press")):
        lost = sparkpub(*words, cwd=gazette)
        assert lost.code == 3
        assert "`sparkpub restore FILE`" in lost.err
    assert "  sparkpub restore FILE\n" in sparkpub(cwd=gazette).out
    assert sparkpub("restore", "none.db", cwd=gazette).code == 2
    ran = sparkpub("restore", str(tmp_path / "b.db"), "--json", cwd=gazette)
    assert (ran.code, ran.json["rows"], ran.json["releases"]) == (0, 1, [])
    assert "`sparkpub resume`" in ran.err
    assert "restored on" in sparkpub("status", cwd=gazette).err
    assert sparkpub("backup", str(tmp_path / "c.db"), "--hand-over", cwd=gazette).code == 0
    handed = sparkpub("tick", cwd=gazette)
    assert handed.code == 3
    assert "handed over" in handed.err
    again = sparkpub("backup", str(tmp_path / "c.db"), "--hand-over", cwd=gazette)
    assert again.code == 0
    (gazette / "secrets.env").unlink()
    assert "copy secrets.env" in sparkpub("restore", str(tmp_path / "c.db"), cwd=gazette).err


def test_doctor_tells_whether_readers_links_are_answered(room: PressRoom) -> None:
    path = room.folder / "sparkpub.toml"
    path.write_text(path.read_text() + '[web]\nurl = "http://127.0.0.1:9"\n')
    (room.folder / "secrets.env").write_text(f"SPARKPUB_SECRET_KEY={'k' * 40}\n")
    (room.folder / "secrets.env").chmod(0o600)
    findings = examine(open_publication(room.folder), {}, now=instant("2026-11-24"))
    (web,) = (finding for finding in findings if finding.check == "web")
    assert not web.is_ok
    assert "sparkpub serve" in web.cure
