"""Faults: whatever breaks, whenever, nobody is mailed twice, nobody is lost, and every doubt is listed by name."""

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from breaking_press import CONNECTIONS, cut_power
from sample_press import NOW, add_readers, open_sample, release, with_relay
from smtp_sink import DROP, RESET, TAKE_AND_DROP, TRICKLE, Script, Sink, no_script, running
from sparkpub.core.records import Release, ReleaseState
from sparkpub.errors import BusyError, LedgerError, TransportError
from sparkpub.press import Press
from sparkpub.sending import doubt_rows, send

PROGRAM = [sys.executable, str(Path(__file__).with_name("breaking_press.py"))]
SENDER = [sys.executable, str(Path(__file__).with_name("sample_press.py"))]


@dataclass
class Scene:
    """A press, its release, and its relay with the truth of what it took."""

    press: Press
    kept: Release
    sink: Sink
    log: Path
    readers: int
    refused: frozenset[str] = frozenset()

    def got(self) -> Counter[str]:
        """How often each reader's message was taken, as written down before the relay said so."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return Counter(json.loads(line)["recipient"] for line in lines)

    def doubts(self) -> set[str]:
        return {row["address"] for row in doubt_rows(self.press, self.kept)}

    def send_to_the_end(self) -> None:
        """Run again and again, an hour later each time, until nothing is open."""
        later = NOW
        send(self.press, now=later)  # also finishes what only lacked its last word
        while self.press.ledger.balance(self.kept.release_id).open:
            later += timedelta(hours=1)
            send(self.press, now=later)

    def hold_the_books(self, *, most_uncertain: int) -> None:
        """Nobody twice, nobody lost, the doubts few and named, the release finished."""
        self.send_to_the_end()
        balance, got, doubts = self.press.ledger.balance(self.kept.release_id), self.got(), self.doubts()
        assert balance.balances
        assert balance.eligible == self.readers
        assert max(got.values(), default=0) <= 1, "somebody was mailed twice"
        assert balance.sent + balance.uncertain + balance.failed + balance.suppressed == self.readers
        assert len(doubts) == balance.uncertain <= most_uncertain
        everybody = {f"r{n}@example.org" for n in range(self.readers)}
        assert everybody - set(got) - doubts <= self.refused, "somebody was lost"
        assert set(got) <= everybody - self.refused
        assert self.press.ledger.release(self.kept.release_id).state is ReleaseState.FINISHED


REFUSED = frozenset({"r13@example.org", "r77@example.org"})


def refusal(verb: str, argument: str) -> str:
    """What two of the readers get for good."""
    address = argument.partition("<")[2].rstrip(">")
    return "550 5.1.1 no such user" if verb == "RCPT" and address in REFUSED else ""


@contextmanager
def scene(folder: Path, *, readers: int, script: Script = no_script, **delivery: object) -> Iterator[Scene]:
    log = folder / "sink.jsonl"
    with running(Sink(script=script, log=log)) as sink:
        press = open_sample(folder, with_relay(sink.port, **{"connections": CONNECTIONS, **delivery}), create=True)
        add_readers(press, readers)
        yield Scene(press, release(press), sink, log, readers)
        press.ledger.close()


# Killed

POINTS = [
    ("INSERT INTO claim", 1),
    ("INSERT INTO claim", 2),
    ("SET state = 1, attempts", 1),
    ("SET state = 1, attempts", 40),
    ("UPDATE delivery SET state = 2, at", 1),
    ("UPDATE delivery SET state = 2, at", 333),
    ("COMMIT", 3),
    ("COMMIT", 4),
    ("COMMIT", 5),
    ("COMMIT", 60),
    ("UPDATE claim SET closed_at", 1),
    ("UPDATE release SET state = 'finished'", 1),
    ("UPDATE run SET ended_at", 1),
]


@pytest.mark.parametrize(("fragment", "nth"), POINTS, ids=[f"{nth}. {text[:24]}" for text, nth in POINTS])
def test_killed_at_a_named_point_it_comes_to_the_same_end(tmp_path: Path, fragment: str, nth: int) -> None:
    with scene(tmp_path, readers=600) as world:
        words = [*PROGRAM, "die", str(tmp_path), str(world.sink.port), fragment, str(nth)]
        assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
        world.hold_the_books(most_uncertain=CONNECTIONS)


@dataclass
class Mixed:
    """Every fault a relay has, by chance, and how many of them may have left a message in doubt.

    A line that is cut before a body may still take with it the answer to the body before, which was on its way.
    """

    chance: random.Random
    doubts: int = 0

    def __call__(self, verb: str, argument: str) -> str:
        if no := refusal(verb, argument):
            return no
        roll = self.chance.random()
        if verb in ("MAIL", "RCPT", "DATA") and roll < 0.01:
            fault = self.chance.choice(("450 4.2.1 later", "421 4.3.2 closing", DROP, RESET, "banana"))
            self.doubts += fault in (DROP, RESET) or fault.startswith("421")
            return fault
        if verb == "BODY" and roll < 0.004:
            fault = self.chance.choice((DROP, RESET, TAKE_AND_DROP))
            self.doubts += 1
            return fault
        if verb == "BODY" and roll < 0.02:
            return "451 4.3.0 mixed fault"
        return ""


def kill_again_and_again(folder: Path, *, readers: int, kills: int, seed: int) -> int:
    """Send with SIGKILLs at chance moments among mixed faults; how many of them met a process at work."""
    chance = random.Random(seed)
    faults = Mixed(random.Random(seed + 1000))
    with scene(folder, readers=readers, script=faults) as world:
        world.refused = REFUSED
        died = 0
        for _ in range(kills):
            goal = len(world.sink.received) + chance.randrange(1, max(2, readers // (2 * kills)))
            with subprocess.Popen(
                [*SENDER, str(folder), str(world.sink.port), str(CONNECTIONS)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ) as sender:
                while len(world.sink.received) < goal and sender.poll() is None:
                    time.sleep(0.0005)
                sender.send_signal(signal.SIGKILL)
            died += sender.returncode == -signal.SIGKILL
            assert world.press.ledger.balance(world.kept.release_id).eligible == readers
        world.hold_the_books(most_uncertain=CONNECTIONS * died + faults.doubts)
        return died


def test_sigkill_at_chance_moments_mails_nobody_twice_and_loses_nobody(tmp_path: Path) -> None:
    assert kill_again_and_again(tmp_path, readers=600, kills=4, seed=1917) >= 3


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(12))
def test_two_hundred_sigkills_among_mixed_faults_mail_nobody_twice_and_lose_nobody(tmp_path: Path, seed: int) -> None:
    assert kill_again_and_again(tmp_path, readers=4000, kills=20, seed=seed) >= 17


# Power


def lose_power(folder: Path, *, readers: int, cuts: int, seed: int) -> None:
    """Send with power cuts at chance moments: what was not on the disk for sure is gone."""
    chance, note = random.Random(seed), folder / "wal-size"

    with scene(folder, readers=readers, script=refusal) as world:
        world.refused = REFUSED
        world.press.ledger.close()
        for _ in range(cuts):
            words = [*PROGRAM, "watch", str(folder), str(world.sink.port), str(note)]
            goal = len(world.sink.received) + chance.randrange(1, readers // cuts)
            with subprocess.Popen(words) as sender:
                while len(world.sink.received) < goal and sender.poll() is None:
                    time.sleep(0.0005)
                sender.send_signal(signal.SIGKILL)
            cut_power(folder, note)
        world.press = open_sample(folder, world.press.publication.settings)
        world.hold_the_books(most_uncertain=1000 * cuts)


def test_a_power_cut_leaves_doubts_and_nobody_twice(tmp_path: Path) -> None:
    lose_power(tmp_path, readers=1500, cuts=2, seed=1917)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_many_power_cuts_leave_doubts_and_nobody_twice(tmp_path: Path, seed: int) -> None:
    lose_power(tmp_path, readers=12_000, cuts=8, seed=seed)


# Frozen


def freeze(folder: Path, *, readers: int, seconds: float, seed: int) -> None:
    """Two senders on the same batches, without a lock between them, each frozen and woken again and again."""
    chance = random.Random(seed)
    with scene(folder, readers=readers) as world:
        words = [*PROGRAM, "zombie", str(folder), str(world.sink.port)]
        senders = [subprocess.Popen(words, stderr=subprocess.DEVNULL) for _ in range(2)]
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(sender.poll() is None for sender in senders):
            frozen = chance.choice(senders)
            frozen.send_signal(signal.SIGSTOP)
            time.sleep(chance.uniform(0.01, 0.15))
            frozen.send_signal(signal.SIGCONT)
            time.sleep(chance.uniform(0.0, 0.05))
        for sender in senders:
            assert sender.wait(120) == 0
        world.hold_the_books(most_uncertain=0)


def test_a_zombie_that_wakes_up_finds_its_letters_taken(tmp_path: Path) -> None:
    freeze(tmp_path, readers=1500, seconds=4, seed=1917)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_zombies_take_nobody_s_letters(tmp_path: Path, seed: int) -> None:
    freeze(tmp_path, readers=20_000, seconds=60, seed=seed)


# The ledger


def test_a_disk_that_fills_up_stops_sending_and_loses_nobody(tmp_path: Path) -> None:
    with scene(tmp_path, readers=3000) as world:
        db = world.press.ledger._db
        db.write(f"PRAGMA max_page_count = {db.row('PRAGMA page_count')[0] + 2}")
        with pytest.raises(BusyError, match="disk is full"):
            send(world.press, now=NOW)
        assert len(world.sink.received) < 3000
        db.write("PRAGMA max_page_count = 1000000")
        world.hold_the_books(most_uncertain=CONNECTIONS)


def test_a_ledger_that_turns_read_only_stops_sending_and_loses_nobody(tmp_path: Path) -> None:
    with scene(tmp_path, readers=300) as world:
        db = world.press.ledger._db

        def on_progress(done: int, total: int) -> None:
            del total
            if done >= 50:
                db.write("PRAGMA query_only = ON")

        with pytest.raises(LedgerError, match="cannot be written"):
            send(world.press, now=NOW, progress=on_progress)
        assert len(world.sink.received) < 300
        db.write("PRAGMA query_only = OFF")
        world.hold_the_books(most_uncertain=CONNECTIONS)


# The relay


@pytest.mark.parametrize("fault", ["450 4.2.1 later", "421 4.3.2 closing", DROP, RESET, "banana"])
@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "DATA"])
def test_a_fault_before_the_body_is_never_a_doubt(tmp_path: Path, verb: str, fault: str) -> None:
    seen = Counter[str]()

    def script(said: str, argument: str) -> str:
        del argument
        seen[said] += 1
        return fault if said == verb and seen[said] % 4 == 2 else ""

    with scene(tmp_path, readers=12, script=script, retry_seconds=(60,)) as world:
        send(world.press, now=NOW)
        world.hold_the_books(most_uncertain=0)
        assert sum(world.got().values()) == 12


def test_a_reset_after_the_body_is_one_named_doubt(tmp_path: Path) -> None:
    def script(verb: str, argument: str) -> str:
        return RESET if verb == "BODY" and argument == "r3@example.org" else ""

    with scene(tmp_path, readers=10, script=script) as world:
        send(world.press, now=NOW)
        world.hold_the_books(most_uncertain=1)
        assert world.doubts() == {"r3@example.org"}


def test_greylisting_delays_everybody_and_loses_nobody(tmp_path: Path) -> None:
    seen = Counter[str]()

    def script(verb: str, argument: str) -> str:
        seen[argument] += verb == "RCPT"
        return "451 4.7.1 greylisted, try again later" if verb == "RCPT" and seen[argument] == 1 else ""

    with scene(tmp_path, readers=40, script=script) as world:
        assert send(world.press, now=NOW).deferred == 40
        world.hold_the_books(most_uncertain=0)
        assert sum(world.got().values()) == 40


def test_replies_that_trickle_in_slowly_are_read_whole(tmp_path: Path) -> None:
    def script(verb: str, argument: str) -> str:
        del argument
        slow = {"MAIL": "250 2.1.0 sender ok", "DATA": "354 go ahead", "BODY": "250 2.0.0 taken in the end"}
        return f"{TRICKLE}{slow[verb]}" if verb in slow else ""

    with scene(tmp_path, readers=12, script=script) as world:
        assert send(world.press, now=NOW).sent == 12
        world.hold_the_books(most_uncertain=0)


def test_a_relay_without_the_tls_that_is_asked_for_gets_nothing(tmp_path: Path) -> None:
    with scene(tmp_path, readers=3) as world:
        from dataclasses import replace

        settings = world.press.publication.settings
        strict = replace(settings.smtp["main"], security="starttls")
        publication = replace(world.press.publication, settings=replace(settings, smtp={"main": strict}))
        with pytest.raises(TransportError, match="offers no STARTTLS"):
            send(replace(world.press, publication=publication), now=NOW)
        assert world.sink.received == []
        world.hold_the_books(most_uncertain=0)


# The clock


def test_a_clock_that_jumps_back_or_ahead_sends_nothing_twice(tmp_path: Path) -> None:
    def script(verb: str, argument: str) -> str:
        return "450 4.2.1 later" if verb == "RCPT" and "r3@" in argument and not world.doubts() else ""

    with scene(tmp_path, readers=10, script=script) as world:
        send(world.press, now=NOW, limit=5)
        assert send(world.press, now=NOW - timedelta(days=400)).sent <= 5
        ahead = send(world.press, now=NOW + timedelta(days=4000))
        assert ahead.sent <= 5
        got = world.got()
        assert max(got.values()) == 1
        balance = world.press.ledger.balance(world.kept.release_id)
        assert balance.balances
        assert balance.sent == sum(got.values())
