"""Alerts: what waits for a person is told once, with what to type; a proof comes the day before."""

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

from press_room import PressRoom, instant, issue_text, new_room, room
from sparkpub.alerting import Told, alert
from sparkpub.publishing import stop_everything
from sparkpub.sending import find_release, stop_release

__all__ = ["room"]

ALERTS = '\n[alerts]\nto = "desk@press.example.org"\n'


def told(room: PressRoom, at: str) -> Told:
    return alert(room.press, room.shelf(), now=instant(at))


def letters(room: PressRoom) -> list[EmailMessage]:
    """What the editors got, oldest first."""
    new = room.press.outbox / "new"
    paths = sorted(new.iterdir()) if new.exists() else []
    read = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
    return [letter for letter in read if letter["To"] == "desk@press.example.org"]


def text(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_without_an_address_nobody_is_told(room: PressRoom) -> None:
    stop_everything(room.press, now=instant("2017-09-01"))
    assert told(room, "2017-09-01") == Told()
    assert letters(room) == []


def test_a_stop_is_told_once_with_the_command_that_ends_it(room: PressRoom) -> None:
    room.set(ALERTS)
    stop_everything(room.press, now=instant("2017-09-01"))
    assert [each.command for each in told(room, "2017-09-01").waiting] == ["sparkpub resume"]
    assert told(room, "2017-09-01 00:01").waiting == ()
    (letter,) = letters(room)
    assert letter["Subject"] == "[The Small Press] Everything is stopped: stopped by hand"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "\n    sparkpub resume\n" in text(letter)


def test_what_has_passed_and_comes_again_is_told_again(room: PressRoom) -> None:
    room.set(ALERTS)
    stop = room.folder / "STOP"
    for hour in (1, 2):
        stop.touch()
        assert [each.command for each in told(room, f"2017-09-01 0{hour}:00").waiting] == ["rm STOP"]
        stop.unlink()
        assert told(room, f"2017-09-01 0{hour}:30").waiting == ()


def test_held_missed_stopped_and_uncertain_are_told_in_one_letter(tmp_path: Path) -> None:
    made = new_room(
        tmp_path / "press",
        schedule='min_spacing = "0s"\n' + ALERTS,
        issues={"a": issue_text("a"), "b": issue_text("b", of="1917-09-01"), "c": issue_text("c")},
    )
    made.queue("a", "b", "c", at="2017-08-31")
    made.tick("2017-08-31")
    made.hold("c", at="2017-08-31")
    made.tick("2017-09-04 07:00")  # b is too late
    ledger = made.press.ledger
    kept = find_release(made.press, "a/100")
    epoch = ledger.begin_run(boot="another boot", pid=1, at=instant("2017-09-04 07:00"))
    claim = ledger.claim_batch(kept, epoch=epoch, count=1, at=instant("2017-09-04 07:00"))
    assert claim is not None
    (run,) = ledger.open_runs(besides=0)
    from sparkpub.core.records import DeliveryState

    assert ledger.intend(claim.due[0], epoch=epoch, at=instant("2017-09-04 07:00"))
    ledger.recover_run(
        run, release=kept, state=DeliveryState.UNCERTAIN, is_new_boot=False, at=instant("2017-09-04 07:01")
    )
    stop_release(made.press, kept, now=instant("2017-09-04 07:02"))
    commands = {each.command for each in told(made, "2017-09-04 07:03").waiting}
    assert commands == {
        "sparkpub queue c",
        "sparkpub release b --number 100",
        "sparkpub resume a/100",
        "sparkpub uncertain a/100",
    }
    (letter,) = [letter for letter in letters(made) if "and 3 more" in letter["Subject"]]
    assert all(command in text(letter) for command in commands)
    assert told(made, "2017-09-04 07:04").waiting == ()
    made.press.ledger.close()


def test_the_day_before_the_editors_get_the_proof_once(room: PressRoom) -> None:
    room.set(ALERTS)
    room.queue("a", at="2017-09-01")
    assert told(room, "2017-09-03 06:59").proofs == ()
    assert told(room, "2017-09-03 07:01").proofs == ("a/100 2017-09-04",)
    assert told(room, "2017-09-03 07:02").proofs == ()
    word, proof = sorted(letters(room), key=lambda letter: letter["Subject"])
    assert proof["Subject"] == "[Proof] The piece a"
    assert "Sound text." in text(proof)
    assert word["Subject"] == "Tomorrow: The piece a"
    assert "at 2017-09-04 07:00 +0000 to 3 readers" in text(word)
    assert "sparkpub hold a" in text(word)
    assert "for the first time" in text(word)


def test_a_proof_says_what_has_changed_since_the_last_time(room: PressRoom) -> None:
    room.set(ALERTS)
    room.queue("a", at="2016-09-01")
    room.tick("2016-09-04 07:00")
    room.press.ledger.set_fact("watermark", instant("2017-09-02").isoformat())
    told(room, "2017-09-03 08:00")
    assert "word for word what went out on 2016-09-04" in text(letters(room)[-1]) + text(letters(room)[0])
    room.press.ledger.set_fact("proofed", "[]")
    for path in (room.press.outbox / "new").iterdir():
        path.unlink()
    room.write("a", body="Other text.")
    told(room, "2017-09-03 09:00")
    (word,) = [letter for letter in letters(room) if letter["Subject"].startswith("Tomorrow")]
    assert "\n-Sound text.\n+Other text.\n" in text(word)


def test_a_proof_of_a_broken_piece_says_what_is_wrong(room: PressRoom) -> None:
    room.set(ALERTS)
    room.queue("a", at="2017-09-01")
    room.write("a", body="![a picture](nowhere.png)")
    assert told(room, "2017-09-03 08:00").proofs == ("a/100 2017-09-04",)
    (word,) = letters(room)
    assert "It cannot go out as it is" in text(word)
    assert "nowhere.png" in text(word)


def test_what_could_not_be_told_is_told_later(room: PressRoom) -> None:
    relay = '\n[delivery]\ntransport = "smtp"\n[smtp.main]\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n'
    room.set(ALERTS)
    maildir = room.press
    (room.folder / "secrets.env").write_text("SPARKPUB_SECRET_KEY=0123456789abcdef0123456789abcdef\n")
    (room.folder / "secrets.env").chmod(0o600)
    room.set(ALERTS + relay)
    stop_everything(room.press, now=instant("2017-09-01"))
    assert "could not be told" in told(room, "2017-09-01").fault
    room.press = replace(room.press, publication=maildir.publication)
    assert len(told(room, "2017-09-01").waiting) == 1
