"""A tick by the index does what a tick with the whole shelf does, whatever happens to files, ledger and index."""

import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from press_room import NO_SPACING, SETTINGS, instant, issue_text
from sparkpub.adapters.clock import monotonic
from sparkpub.adapters.files import list_issues
from sparkpub.adapters.ledger import open_ledger
from sparkpub.adapters.shelf_index import FileFacts, ShelfIndex
from sparkpub.adapters.zones import zone
from sparkpub.core.issues import parse_issue
from sparkpub.core.model import Issue
from sparkpub.core.rule_text import read_rule_text, write_rule
from sparkpub.errors import AlreadyReleased, Fault, InputError, UsageError
from sparkpub.press import Press, open_publication
from sparkpub.publishing import due_by_hand, release_by_hand, resume_everything, stop_everything, tick
from sparkpub.queueing import hold, queue, skip
from sparkpub.shelf import read_shelf
from sparkpub.ticking import Ear, Ticker

INDEX = Path("var/cache/shelf.db")
START = instant("2017-09-01")
MODES = [
    f'queue = "{queue_}"\napproval = "{approval}"\n'
    for queue_ in ("command", "ready")
    for approval in ("loose", "strict")
]
RULES = (
    {"of": "1917-09-02"},
    {"of": "1917-09-03"},
    {"of": "1917-09-04", "choice": "years: [100]"},
    {"release": '"2017-09-02 07:30"'},
    {"release": '"2017-09-03 06:00"'},
    {"of": "1917-08-21", "choice": "every: 1, calendar: russia, match: converted"},
)


@dataclass
class Twins:
    """One folder of issue files and two presses: one reads the whole shelf at each tick, the other has an index."""

    folder: Path
    whole: Press
    indexed: Press
    now: datetime = START
    changed: set[str] = field(default_factory=set)
    written: int = 0

    def __post_init__(self) -> None:
        self.ticker = Ticker(self.indexed)

    def close(self) -> None:
        self.ticker.close()
        self.whole.ledger.close()
        self.indexed.ledger.close()

    def path(self, file: int) -> Path:
        return self.folder / ("issues", "issues/more")[file % 2] / f"f{file}.md"

    def write(self, file: int, id_: int, rule: int, extra: int) -> None:
        """Write one of a few files as one of a few issues, sound or not; each writing has another text."""
        self.written += 1
        front = dict(RULES[rule % len(RULES)])
        front["status"] = ("ready", "ready", "ready", "draft", "hold")[extra % 5]
        if extra % 7 == 0:
            front["slug"] = f"i{(id_ + 1) % 4}"
        if extra % 6 == 0:
            front["feed_id"] = f"urn:i{(id_ + extra // 6) % 4}"
        if extra % 4 == 0:
            front["corrections"] = f'["2017-09-0{2 + extra % 5}: mended {extra % 3}"]'
        body = "![a map](map.png)\n\n" if extra % 11 == 10 else ""
        text = issue_text(f"i{id_}", body=f"{body}Text {self.written:05}.", **front)
        if extra % 9 == 0:
            text = text.replace("title:", "titel:")
        self.path(file).write_text(text, encoding="utf-8")
        self.changed.add(self.path(file).relative_to(self.folder).as_posix())

    def rename(self, file: int, to: int) -> None:
        if self.path(file).exists() and file != to:
            self.path(file).rename(self.path(to))
            self.changed |= {self.path(each).relative_to(self.folder).as_posix() for each in (file, to)}

    def delete(self, file: int) -> None:
        self.path(file).unlink(missing_ok=True)
        self.changed.add(self.path(file).relative_to(self.folder).as_posix())

    def edit(self, file: int) -> None:
        """The same length, a moment later."""
        if self.path(file).exists():
            self.written += 1
            text = self.path(file).read_text(encoding="utf-8")
            self.path(file).write_text(text[:-7] + f"{self.written:05}.\n", encoding="utf-8")
            self.changed.add(self.path(file).relative_to(self.folder).as_posix())

    def correct(self, file: int, days: int) -> None:
        """Add a correction dated some days from now."""
        if self.path(file).exists():
            self.written += 1
            text = self.path(file).read_text(encoding="utf-8").partition("corrections:")
            line = f'corrections: ["{(self.now + timedelta(days=days)).date()}: mended {self.written}"]'
            rest = text[2].partition("\n")[2] or "---\nText.\n"
            head = text[0] if text[1] else text[0].partition("\n---")[0] + "\n"
            self.path(file).write_text(f"{head}{line}\n{rest}", encoding="utf-8")
            self.changed.add(self.path(file).relative_to(self.folder).as_posix())

    def decide(self, word: str, id_: int, number: int) -> None:
        """What a person says, to both presses."""
        issue = read_shelf(self.whole.publication).issues.get(f"i{id_}")
        for press in (self.whole, self.indexed):
            try:
                self._decide(press, word, issue, number)
            except (UsageError, AlreadyReleased, InputError):
                continue

    def _decide(self, press: Press, word: str, issue: Issue | None, number: int) -> None:
        match word:
            case "stop":
                stop_everything(press, now=self.now)
            case "resume":
                resume_everything(press, now=self.now)
        if issue is None:
            return
        match word:
            case "queue":
                queue(press, [issue], now=self.now)
            case "hold":
                hold(press, issue, reason="by hand", now=self.now)
            case "skip":
                skip(press, issue, number, now=self.now)
            case "release":
                release_by_hand(press, due_by_hand(press, issue, None, now=self.now), now=self.now)

    def break_index(self, how: str, chance: int) -> None:
        """Close the index, as a process that ends does, and perhaps do something to its file."""
        self.ticker.close()
        path = self.folder / INDEX
        if how == "delete":
            path.unlink(missing_ok=True)
        elif how == "spoil" and path.exists():
            data = bytearray(path.read_bytes())
            for at in random.Random(chance).sample(range(len(data)), 40):
                data[at] ^= 0xFF
            path.write_bytes(data)
        elif how == "empty":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"no database" * chance)

    def tick(self, hours: float, *, is_watched: bool) -> None:
        """Both presses tick, and must have done the same."""
        self.now += timedelta(hours=hours)
        shelf = read_shelf(self.whole.publication)
        wanted = tick(self.whole, shelf, now=self.now)
        changed = frozenset(self.changed) if is_watched else None
        faults: list[Fault] = []
        report = self.ticker.tick(now=self.now, tell=faults.extend, changed=changed)
        self.changed.clear()
        assert report == wanted
        assert tuple(faults) == shelf.faults
        assert rows(self.indexed) == rows(self.whole)


def rows(press: Press) -> tuple[object, ...]:
    """Everything that ticks write."""
    ledger = press.ledger
    facts = [ledger.fact(key) for key in ("watermark", "waiting_since", "stopped")]
    return ledger.issue_states(), ledger.releases(), ledger.decisions(), list(ledger.events_after(0)), facts


def twins(folder: Path, schedule: str = "") -> Twins:
    (folder / "issues" / "more").mkdir(parents=True)
    (folder / "sparkpub.toml").write_text(SETTINGS + schedule, encoding="utf-8")
    publication = open_publication(folder)
    press = Press(
        publication=publication,
        ledger=open_ledger("sqlite://", folder),
        key="key",
        state=folder / "var",
        outbox=folder / "var/outbox",
        stop_file=folder / "STOP",
    )
    return Twins(folder=folder, whole=press, indexed=replace(press, ledger=open_ledger("sqlite://", folder)))


FILES, IDS, SMALL = st.integers(0, 4), st.integers(0, 3), st.integers(0, 40)
STEPS = st.one_of(
    st.tuples(st.just("write"), FILES, IDS, SMALL, SMALL),
    st.tuples(st.just("write"), FILES, IDS, SMALL, SMALL),
    st.tuples(st.just("rename"), FILES, FILES),
    st.tuples(st.just("delete"), FILES),
    st.tuples(st.just("edit"), FILES),
    st.tuples(st.just("correct"), FILES, st.integers(-1, 2)),
    st.tuples(
        st.just("decide"), st.sampled_from(["queue", "queue", "queue", "hold", "skip", "release"]), IDS, st.just(100)
    ),
    st.tuples(st.just("decide"), st.sampled_from(["stop", "resume", "resume"]), IDS, st.just(100)),
    st.tuples(st.just("break"), st.sampled_from(["close", "delete", "spoil", "empty"]), st.integers(0, 99)),
    st.tuples(st.just("tick"), st.sampled_from([0, 1, 7, 24, 24, 31, 60, 200, -3]), st.booleans()),
    st.tuples(st.just("tick"), st.sampled_from([1, 7, 24]), st.booleans()),
)


@settings(max_examples=settings().max_examples // 5)
@given(mode=st.sampled_from(MODES), is_spaced=st.booleans(), steps=st.lists(STEPS, min_size=8, max_size=30))
def test_a_tick_by_the_index_does_what_a_tick_with_the_whole_shelf_does(
    mode: str, *, is_spaced: bool, steps: list[tuple[str | int | bool, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        pair = twins(Path(scratch) / "press", mode + ("" if is_spaced else NO_SPACING))
        try:
            for file in range(3):
                pair.write(file, file, file, 1)
            for word, *given_ in [*steps, ("tick", 24, False)]:
                run_step(pair, word, given_)
        finally:
            pair.close()


def run_step(pair: Twins, word: object, given_: Sequence[object]) -> None:
    match word, given_:
        case "write", [int(file), int(id_), int(rule), int(extra)]:
            pair.write(file, id_, rule, extra)
        case "rename", [int(file), int(to)]:
            pair.rename(file, to)
        case "delete", [int(file)]:
            pair.delete(file)
        case "edit", [int(file)]:
            pair.edit(file)
        case "correct", [int(file), int(days)]:
            pair.correct(file, days)
        case "decide", [str(what), int(id_), int(number)]:
            pair.decide(what, id_, number)
        case "break", [str(how), int(chance)]:
            pair.break_index(how, chance)
        case "tick", [int(hours), bool(is_watched)]:
            pair.tick(hours, is_watched=is_watched)
        case _:
            raise AssertionError(word, given_)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Twins]:
    made = twins(tmp_path / "press", NO_SPACING)
    yield made
    made.close()


def opened_index(pair: Twins) -> sqlite3.Connection:
    """The index as a file of SQLite, closed by its owner."""
    pair.ticker.close()
    return sqlite3.connect(pair.folder / INDEX)


def queue_piece(pair: Twins, file: int = 1) -> None:
    """A piece due on 2 September at 07:00, queued and seen by a tick."""
    pair.write(file, file, 0, 1)
    pair.decide("queue", file, 100)
    pair.tick(0, is_watched=False)


def test_a_quiet_tick_opens_no_issue_file(pair: Twins) -> None:
    queue_piece(pair)
    path = pair.path(1)
    text = path.read_bytes()
    path.unlink()
    os.mkfifo(path)  # whoever opens it waits for ever
    pair.now += timedelta(hours=1)
    faults: list[Fault] = []
    assert not pair.ticker.tick(now=pair.now, tell=faults.extend, changed=frozenset()).released
    path.unlink()
    path.write_bytes(text)


def test_an_edit_that_nobody_heard_of_is_seen_before_the_release(pair: Twins) -> None:
    queue_piece(pair)
    pair.write(1, 1, 0, 4)  # on hold now
    pair.changed.clear()
    pair.tick(31, is_watched=True)
    assert not pair.indexed.ledger.releases()


def test_a_twin_that_nobody_heard_of_keeps_both_from_going_out(pair: Twins) -> None:
    queue_piece(pair)
    pair.write(3, 1, 0, 1)
    pair.changed.clear()
    pair.tick(31, is_watched=True)
    assert not pair.indexed.ledger.releases()


def test_the_newest_text_goes_out_though_the_index_says_the_file_is_the_same(pair: Twins) -> None:
    queue_piece(pair)
    pair.edit(1)
    ((path, stamp),) = list_issues(pair.folder).stamps
    with opened_index(pair) as db:
        row = db.execute("SELECT * FROM file").fetchone()
        facts = FileFacts(**dict(zip(FACTS, row[1:], strict=False)))
        lie = replace(facts, stamp=stamp)
        db.execute("UPDATE file SET stamp = ?, seal = ?", (lie.stamp, lie.seal))
    db.close()
    pair.tick(31, is_watched=False)
    (release,) = pair.indexed.ledger.releases()
    assert release.issue_source == (pair.folder / path).read_bytes()


FACTS = ("path", "stamp", "content_hash", "id", "slug", "feed_id", "status", "rule", "awaits", "faults")


@pytest.mark.parametrize("column", ["id", "slug", "feed_id", "status", "rule", "content_hash", "faults", "stamp"])
def test_a_row_that_the_disk_has_spoilt_is_read_anew(pair: Twins, column: str) -> None:
    queue_piece(pair)
    pair.write(3, 1, 0, 1)  # a twin
    pair.tick(1, is_watched=False)
    with opened_index(pair) as db:
        db.execute(f"UPDATE file SET {column} = 'spoilt', doubled = ''")  # noqa: S608 - names of columns
    db.close()
    pair.tick(31, is_watched=False)
    assert not pair.indexed.ledger.releases()


def test_an_index_that_cannot_be_kept_is_done_without(pair: Twins) -> None:
    (pair.folder / INDEX).mkdir(parents=True)
    queue_piece(pair)
    pair.tick(31, is_watched=False)
    assert [release.name for release in pair.indexed.ledger.releases()] == ["i1/100"]


def test_another_ledger_is_looked_at_from_its_beginning(pair: Twins) -> None:
    queue_piece(pair)
    pair.ticker.close()
    other = twins_of_other_ledgers(pair)
    other.decide("queue", 1, 100)
    other.path(1).unlink()
    other.tick(0, is_watched=False)
    other.close()


def twins_of_other_ledgers(pair: Twins) -> Twins:
    """The same folder and index with new ledgers."""
    whole, indexed = (replace(pair.whole, ledger=open_ledger("sqlite://", pair.folder)) for _ in range(2))
    return Twins(folder=pair.folder, whole=whole, indexed=indexed, now=pair.now)


def test_a_horizon_moves_on_with_the_years(pair: Twins) -> None:
    queue_piece(pair)
    for _ in range(3):
        pair.tick(366 * 24, is_watched=True)  # longer than max_gap: a person has to go on
        pair.decide("resume", 1, 100)
        pair.tick(0, is_watched=True)


@given(text=st.sampled_from(["of: 1917-09, day: last", "of: 1917-02-28, leap_day: omit", 'of: "1917-09-04?"']))
def test_rules_are_read_back_as_they_were(text: str) -> None:
    choices = ("years: [1, 100]", "every: 25", "milestones: wikipedia", "every: 1, from: 2017-01-01, until: 2018-01-01")
    fronts = [f"anniversary: {{{text}, {choice}}}" for choice in choices]
    fronts += ['release: "2017-09-02 07:30"\nzone: Europe/Moscow']
    fronts += ['anniversary: {of: "5774-M05L-05", calendar: hebrew, observance: yahrzeit, every: 1}']
    publication = open_publication(Path(__file__).parents[1])
    for front in fronts:
        data = f"---\nid: a\ntitle: A\nstatus: ready\n{front}\n---\n".encode()
        issue = parse_issue(data, path="a.md", settings=publication.settings, zones=zone)
        assert isinstance(issue, Issue)
        assert issue.rule is not None
        assert read_rule_text(write_rule(issue.rule), zone) == issue.rule


def test_an_index_made_under_another_key_is_begun_anew(tmp_path: Path) -> None:
    index = ShelfIndex(tmp_path / "shelf.db", "one")
    index.put(FileFacts(path="issues/a.md", stamp="1", content_hash="2"), ())
    index.close()
    index = ShelfIndex(tmp_path / "shelf.db", "two")
    assert index.stamps() == {}
    index.close()


def test_an_ear_hears_what_changes_and_says_so_when_it_cannot_tell(pair: Twins) -> None:
    ear = Ear(pair.folder)
    try:
        assert ear.take() is None
        until = monotonic() + 20
        heard: set[str] = set()
        while "issues/f2.md" not in heard and monotonic() < until:
            pair.write(2, 1, 0, 1)
            time.sleep(0.2)
            heard |= ear.take() or set()
        assert "issues/f2.md" in heard
        ear.forget()
        assert ear.take() is None
    finally:
        ear.close()
    assert ear.take() is None


def test_a_correction_comes_on_its_day_and_a_broken_one_once_it_is_mended(pair: Twins) -> None:
    queue_piece(pair)
    pair.tick(31, is_watched=False)
    pair.correct(1, 2)
    for hours in (1, 24, 24, 1):
        pair.tick(hours, is_watched=True)
    (release,) = pair.indexed.ledger.releases()
    assert release.issue_source == pair.path(1).read_bytes()
    sound = pair.path(1).read_text(encoding="utf-8")
    pair.path(1).write_text(f"{sound}\n![a map](map.png)\n", encoding="utf-8")
    pair.correct(1, 0)
    for _ in range(3):
        pair.tick(1, is_watched=True)
    pair.path(1).write_text(sound, encoding="utf-8")
    pair.correct(1, 0)
    pair.tick(1, is_watched=True)
    (release,) = pair.indexed.ledger.releases()
    assert release.issue_source == pair.path(1).read_bytes()


def test_pieces_wait_their_turn_and_what_is_broken_stays_due(tmp_path: Path) -> None:
    pair = twins(tmp_path / "press")
    for file in range(3):
        pair.write(file, file, 0, 10 if file == 2 else 1)  # f2 lacks its picture
        pair.decide("queue", file, 100)
    for hours in (0, 31, 0.5, 0.5, 1, 1, 24):
        pair.tick(hours, is_watched=True)
    assert [release.name for release in pair.indexed.ledger.releases()] == ["i0/100", "i1/100"]
    assert [decision.issue_id for decision in pair.indexed.ledger.decisions()] == ["i2"]
    pair.close()
