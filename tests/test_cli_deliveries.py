"""Single deliveries on the command line: cancel, retry-failed, uncertain, why, test-send."""

import email
import email.policy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli_runner import sparkpub
from sparkpub.adapters.ledger import open_ledger
from sparkpub.core.records import DeliveryState

DUE = ("--now", "2026-10-15T07:00")
READERS = ("ada@example.org", "grace@example.org", "zoe@example.org")


@pytest.fixture
def press(gazette: Path) -> Path:
    """A press with three readers and a release of which nothing is sent yet."""
    for address in READERS:
        sparkpub("subscribers", "add", address, "--confirmed", "asked at the desk", cwd=gazette)
    assert sparkpub("queue", "hello", "--now", "2026-10-14", cwd=gazette).code == 0
    assert sparkpub("tick", *DUE, cwd=gazette).code == 0
    return gazette


def settle_by_hand(press: Path, state: DeliveryState, code: str) -> None:
    """Let the first reader's delivery have come to this."""
    ledger = open_ledger("sqlite:///var/ledger.db", press)
    (release,) = ledger.releases()
    epoch = ledger.begin_run(boot="b", pid=1, at=release.released_at)
    claim = ledger.claim_batch(release, epoch=epoch, count=1, at=release.released_at)
    assert claim is not None
    assert ledger.intend(claim.due[0], epoch=epoch, at=release.released_at)
    at = release.released_at
    assert ledger.settle(claim.due[0], epoch=epoch, state=state, code=code, at=at, tried_at=at)
    ledger.close_run(epoch, at=at)
    ledger.close()


def counts(press: Path) -> dict[str, int]:
    (row,) = sparkpub("status", "--json", cwd=press).json["releases"]
    return {state: row[state] for state in ("sent", "pending", "failed", "uncertain", "cancelled")}


def test_cancel_asks_and_calls_the_rest_off_for_good(press: Path) -> None:
    refused = sparkpub("cancel", "hello/444", *DUE, cwd=press)
    assert (refused.code, counts(press)["pending"]) == (2, 3)
    assert "0 messages sent, 3 will never be sent" in refused.err
    assert sparkpub("cancel", "hello/444", "--yes", *DUE, cwd=press).out == "hello/444 is cancelled\n"
    assert counts(press)["cancelled"] == 3
    assert sparkpub("send", *DUE, cwd=press).out == ""
    again = sparkpub("cancel", "hello/444", "--yes", *DUE, cwd=press)
    assert (again.code, "is cancelled, so it cannot be" in again.err) == (2, True)


def test_retry_failed_tries_again_what_is_not_suppressed(press: Path) -> None:
    settle_by_hand(press, DeliveryState.FAILED, "550 5.7.1 no")
    sparkpub("send", *DUE, cwd=press)
    assert counts(press)["failed"] == 1
    assert sparkpub("retry-failed", "hello/444", *DUE, cwd=press).code == 2
    ran = sparkpub("retry-failed", "hello/444", "--yes", *DUE, cwd=press)
    assert ran.out == "1 message will be tried again\n"
    assert "next: `sparkpub send hello/444`" in ran.err
    assert sparkpub("send", "hello/444", *DUE, cwd=press).out == "1 sent\nfinished   hello/444\n"
    assert counts(press) == {"sent": 3, "pending": 0, "failed": 0, "uncertain": 0, "cancelled": 0}


def test_retry_failed_is_not_stopped_by_a_grace_that_ran_out_long_ago(press: Path) -> None:
    settle_by_hand(press, DeliveryState.FAILED, "550 5.7.1 no")
    sparkpub("send", *DUE, cwd=press)
    later = ("--now", "2026-10-20T07:00")
    sparkpub("retry-failed", "hello/444", "--yes", *later, cwd=press)
    assert sparkpub("send", *later, cwd=press).out == "1 sent\nfinished   hello/444\n"


def test_retry_failed_leaves_a_suppressed_address_alone(press: Path) -> None:
    settle_by_hand(press, DeliveryState.FAILED, "550 5.1.1 no such user")
    ledger = open_ledger("sqlite:///var/ledger.db", press)
    ledger.suppress(READERS[0], "asked on the telephone", datetime(2026, 10, 15, tzinfo=UTC))
    ledger.close()
    ran = sparkpub("retry-failed", "hello/444", "--yes", *DUE, cwd=press)
    assert (ran.code, ran.out) == (0, "0 messages will be tried again\n")
    assert counts(press)["failed"] == 1


def test_every_doubt_is_listed_by_name(press: Path) -> None:
    settle_by_hand(press, DeliveryState.UNCERTAIN, "connection lost")
    ran = sparkpub("uncertain", "hello/444", cwd=press)
    assert ran.code == 1
    assert READERS[0] in ran.out
    assert "connection lost" in ran.out
    (row,) = sparkpub("uncertain", "hello/444", "--json", cwd=press).json["uncertain"]
    assert (row["address"], row["why"], row["attempts"]) == (READERS[0], "connection lost", 1)


@pytest.mark.parametrize("name", ["hello/" + "9" * 20, "hello/" + "9" * 5000, "hello/x"])
def test_a_release_that_cannot_be_is_none(press: Path, name: str) -> None:
    for arguments in (["uncertain"], ["why", READERS[0]], ["retry-failed"], ["cancel"], ["status"], ["send"], ["stop"]):
        ran = sparkpub(*arguments, name, *DUE, cwd=press)
        assert (arguments, ran.code, f"there is no release '{name}'" in ran.err) == (arguments, 2, True)


def test_a_doubt_is_sent_again_only_when_a_person_says_so(press: Path) -> None:
    settle_by_hand(press, DeliveryState.UNCERTAIN, "connection lost")
    sparkpub("send", *DUE, cwd=press)
    assert counts(press)["uncertain"] == 1
    assert "  sparkpub uncertain hello/444\n" in sparkpub(*DUE, cwd=press).out
    refused = sparkpub("uncertain", "hello/444", "--resend", *DUE, cwd=press)
    assert (refused.code, "some may get it twice" in refused.err) == (2, True)
    assert sparkpub("uncertain", "hello/444", "--resend", "--yes", *DUE, cwd=press).code == 0
    assert sparkpub("send", *DUE, cwd=press).out == "1 sent\nfinished   hello/444\n"


def test_a_dropped_doubt_is_never_sent_again(press: Path) -> None:
    settle_by_hand(press, DeliveryState.UNCERTAIN, "connection lost")
    ran = sparkpub("uncertain", "hello/444", "--drop", *DUE, cwd=press)
    assert (ran.code, ran.out) == (0, "1 message will never be sent again\n")
    assert sparkpub("retry-failed", "hello/444", "--yes", *DUE, cwd=press).out.startswith("0 messages")
    assert sparkpub("send", *DUE, cwd=press).out == "2 sent\nfinished   hello/444\n"
    assert counts(press)["cancelled"] == 1


def test_why_tells_one_address_s_whole_story(press: Path) -> None:
    settle_by_hand(press, DeliveryState.FAILED, "550 5.7.1 no")
    ran = sparkpub("why", READERS[0].upper(), cwd=press)
    assert ran.code == 0
    assert ran.out.startswith("ada@example.org: active (asked at the desk)\n")
    assert "550 5.7.1 no" in ran.out
    story = sparkpub("why", READERS[0], "hello/444", "--json", cwd=press).json
    assert list(story) == [
        "address",
        "name",
        "state",
        "evidence",
        "suppressed",
        "deliveries",
        "reports",
        "gathered",
        "letters",
    ]
    (row,) = story["deliveries"]
    assert (row["release"], row["state"], row["attempts"]) == ("hello/444", "failed", 1)


def test_why_of_somebody_unknown_says_so(press: Path) -> None:
    for address, word in (("nobody@example.org", "knows nothing of"), ("nonsense", "write it like")):
        ran = sparkpub("why", address, cwd=press)
        assert (ran.code, word in ran.err) == (2, True)


def test_test_send_is_marked_and_leaves_no_trace_in_the_ledger(press: Path) -> None:
    before = sparkpub("status", "--json", cwd=press).json
    ran = sparkpub("test-send", "hello", "--to", "me@example.net", "you@example.net", *DUE, cwd=press)
    assert (ran.code, ran.out) == (0, "hello as a test to me@example.net, you@example.net\n")
    paths = sorted((press / "var" / "outbox" / "new").iterdir())
    read = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
    assert [letter["To"] for letter in read] == ["me@example.net", "you@example.net"]
    assert all(letter["Subject"].startswith("[Test] ") for letter in read)
    assert len({letter["Message-ID"] for letter in read}) == 2
    assert sparkpub("status", "--json", cwd=press).json == before


def test_test_send_takes_no_address_that_is_none(press: Path) -> None:
    assert sparkpub("test-send", "hello", "--to", "nonsense", *DUE, cwd=press).code == 2
    assert not (press / "var" / "outbox").exists()
