"""The part of a shelf that a tick must look at, found without opening the other files.

    issue files ──stamps──▶ changed ones read ──▶ index ─┬─ due, and not settled in the ledger ─┐
                                                         ├─ changed, or named in its history ───┼─▶ read anew ─▶ Shelf
                                                         └─ corrections whose day has come ─────┘

The index says which files to read and nothing more: every issue on the shelf was read and parsed just now. A tick
with it does what a tick with the whole shelf does. Deleting it costs time alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256

from sparkpub.adapters.files import changed_at_ns, file_clock_ns, issue_stamp, list_issues, read_issue
from sparkpub.adapters.ledger import Ledger
from sparkpub.adapters.programs import program_key
from sparkpub.adapters.shelf_index import FileFacts, ShelfIndex, discard
from sparkpub.adapters.zones import tzdata_version, zone
from sparkpub.core.build_keys import key_of
from sparkpub.core.decisions import Account, doubt_of_clock, looked_at, midnight, review
from sparkpub.core.fault_text import read_faults, write_faults
from sparkpub.core.issues import parse_issue
from sparkpub.core.model import Anniversary, FixedDate, Issue, Status
from sparkpub.core.records import QueueState
from sparkpub.core.rule_text import read_rule_text, write_rule
from sparkpub.core.schedule import occurrences
from sparkpub.errors import Fault
from sparkpub.glancing import open_issues, press_account
from sparkpub.press import Publication
from sparkpub.shelf import Shelf, tell_apart

_FILE = "var/cache/shelf.db"
_AHEAD_DAYS, _BEFORE_DAYS = 400, 30
_TRIES = 10
_HORIZON, _EVENT, _LAST, _MODE, _CORRECTED = "horizon", "event", "last_event", "mode", "corrected_on"
# A file system's clock moves in steps: what was written in the last one may be written again under the same stamp.
_STEP_NS = 50_000_000
_ANEW = "?"
Rule = FixedDate | Anniversary


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What a tick must look at, and what is to be noted once it has.

    `corrected` are those of its issues that have corrections: where the tick came to none, they are looked at again.
    """

    shelf: Shelf
    corrected: tuple[str, ...]
    notes: Mapping[str, str]
    is_in_doubt: bool
    files: int


@dataclass(frozen=True, slots=True)
class _Known:
    """An issue as the index knows it, for its review."""

    facts: FileFacts

    @property
    def id(self) -> str:
        return self.facts.id

    @property
    def status(self) -> Status:
        return Status(self.facts.status)

    @property
    def rule(self) -> FixedDate | Anniversary | None:
        return read_rule_text(self.facts.rule, zone) if self.facts.rule else None

    @property
    def content_hash(self) -> str:
        return self.facts.content_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where an issue's names stand."""

    path: str
    id: str
    slug: str
    feed_id: str


class Indexed:
    """The shelf of a publication by its index; to be closed."""

    def __init__(self, publication: Publication) -> None:
        """Open the index of a publication, or begin one."""
        self._publication = publication
        self._folder = publication.folder
        self._store = ShelfIndex(self._folder / _FILE, _key(publication))
        self._is_checked = False
        self._left_out: tuple[Fault, ...] = ()

    def close(self) -> None:
        """Let the index go."""
        self._store.close()

    def look(self, ledger: Ledger, *, now: datetime, changed: frozenset[str] | None = None) -> Glance:
        """What a tick at `now` must look at.

        `changed` are the paths that may have changed since the last look, where somebody watches; None if nobody does.
        Before anything that is due is released, every file is looked at all the same.
        """
        known, notes = press_account(ledger), self._notes(ledger, now)
        is_in_doubt = bool(doubt_of_clock(known, now=now, pace=self._publication.pace))
        window = looked_at(known, now=now, pace=self._publication.pace)
        self._reach(*window)
        is_full = changed is None or not self._is_checked
        self._refresh(None if is_full else changed)
        for _ in range(_TRIES):
            due = [] if known.stopped or is_in_doubt else self._due(ledger, now=now, window=window)
            if due and not is_full:
                is_full = True
                self._refresh(None)
                continue
            issues, stale = self._read({*due, *self._news(ledger, now=now)})
            if not stale:
                break
            self._refresh(stale)
        return Glance(
            shelf=Shelf(
                issues={issue.id: issue for issue in issues},
                faults=self._faults(),
                is_whole=False,
                lacks_queued=self._store.has_missing(),
            ),
            corrected=tuple(issue.id for issue in issues if issue.corrections),
            notes=notes,
            is_in_doubt=is_in_doubt,
            files=self._store.count(),
        )

    def settle(self, glance: Glance, *, is_paused: bool, has_faults: bool) -> None:
        """Note that a tick has looked: what it looked at is looked at again only when it changes, or is due."""
        if glance.is_in_doubt:
            return  # then nothing was reviewed
        with self._store.transaction():
            self._store.settle(glance.corrected if is_paused or has_faults else ())
            for name, value in glance.notes.items():
                if not (is_paused and name == _CORRECTED):
                    self._store.set_fact(name, value)

    def _reach(self, first: date, last: date) -> None:
        """Have the instants of these dates in the index."""
        start, _, end = self._store.fact(_HORIZON).partition(" ")
        if start and start <= first.isoformat() and last.isoformat() <= end:
            return
        with self._store.transaction():
            horizon = (_moved(first, -_BEFORE_DAYS), _moved(last, _AHEAD_DAYS))
            self._store.set_fact(_HORIZON, f"{horizon[0]} {horizon[1]}")
            self._store.renew_due(lambda rule: _instants(read_rule_text(rule, zone), *horizon))

    def _refresh(self, changed: frozenset[str] | None) -> None:
        """Bring the index up to date with these files, or with all."""
        with self._store.transaction():
            if not self._is_checked and self._store.drop_unsealed():
                self._store.set_fact(_EVENT, "")
            told = None if changed is None else self._stamps_of(changed)
            if told is None:
                known, listing = self._store.stamps(), list_issues(self._folder)
                self._left_out = listing.faults
                there = [(path, _shown(path), stamp) for path, stamp in listing.stamps]
                new = {path: stamp for path, shown, stamp in there if known.get(shown) != stamp}
                gone = known.keys() - {shown for _, shown, _ in there}
            else:
                new = {path: stamp for path, stamp in told.items() if stamp is not None}
                gone = {_shown(path) for path, stamp in told.items() if stamp is None}
            lost = [facts for facts in map(self._store.facts, gone) if facts]
            is_renamed = self._take_out(lost) | self._take_in(new, lost)
            if is_renamed or not self._is_checked or self._store.has_doubled():
                self._tell_apart()
        self._is_checked = True

    def _stamps_of(self, changed: frozenset[str]) -> dict[str, str | None] | None:
        """The stamps of files that changed, None for one that is gone; None if only a look at all files can tell."""
        try:
            return {path: issue_stamp(self._folder, path) for path in changed if f"{path}/".startswith("issues/")}
        except (OSError, ValueError):
            return None

    def _take_out(self, lost: Iterable[FileFacts]) -> bool:
        """Forget files that are gone; returns whether a name went with one."""
        is_renamed = False
        for facts in lost:
            self._store.drop(facts.path)
            self._store.touch([facts.id])
            is_renamed = is_renamed or bool(facts.id)
        return is_renamed

    def _take_in(self, stamps: Mapping[str, str], lost: Iterable[FileFacts]) -> bool:
        """Read files that are new or changed; returns whether names came or went. What was moved is not parsed."""
        is_renamed = False
        moved = {facts.content_hash: facts for facts in lost if facts.id}
        written_up_to = file_clock_ns(self._store.path.parent) - _STEP_NS if stamps else 0
        horizon = [date.fromisoformat(text) for text in self._store.fact(_HORIZON).split()]
        for path, stamp in stamps.items():
            before, data = self._store.facts(_shown(path)), read_issue(self._folder, path)
            is_broken = isinstance(data, Fault)  # what cannot be read now may be later, and its stamp does not tell
            hash_ = "" if isinstance(data, Fault) else sha256(data or b"").hexdigest()
            kept = stamp if changed_at_ns(stamp) < written_up_to and not is_broken else f"{_ANEW}{stamp}"
            if before and data is not None and before.content_hash == hash_:
                self._store.put_stamp(replace(before, stamp=kept))
                continue
            names = _names(before) if before else ("", "", "")
            is_lost = self._take_out([before] if before else [])
            if data is None:
                is_renamed = is_renamed or is_lost
                continue
            bare = FileFacts(path=_shown(path), stamp=kept, content_hash=hash_)
            facts, rule = (
                self._moved(moved[hash_], bare)
                if hash_ in moved and path.isascii() and path.isprintable()
                else self._facts(bare, path, data)
            )
            self._store.put(facts, _instants(rule, *horizon) if rule and facts.status == Status.READY else ())
            self._store.touch([facts.id])
            is_renamed = is_renamed or names != _names(facts)
        return is_renamed

    def _moved(self, facts: FileFacts, bare: FileFacts) -> tuple[FileFacts, Rule | None]:
        """What a file says that was somewhere else before."""
        rule = read_rule_text(facts.rule, zone) if facts.rule else None
        return replace(facts, path=bare.path, stamp=bare.stamp), rule

    def _facts(self, bare: FileFacts, path: str, data: bytes | Fault) -> tuple[FileFacts, Rule | None]:
        """What a file says."""
        if isinstance(data, Fault):
            return replace(bare, faults=write_faults([data])), None
        parsed = parse_issue(data, path=path, settings=self._publication.settings, zones=zone)
        if not isinstance(parsed, Issue):
            return replace(bare, faults=write_faults(parsed)), None
        facts = replace(
            bare,
            id=parsed.id,
            slug=parsed.slug,
            feed_id=parsed.feed_id,
            status=parsed.status.value,
            rule=write_rule(parsed.rule) if parsed.rule else "",
            awaits=" ".join(sorted({line.on.isoformat() for line in parsed.corrections})),
        )
        return facts, parsed.rule

    def _tell_apart(self) -> None:
        """Find which files have a name in common."""
        places = [
            _Place(path=path, id=id_, slug=slug, feed_id=feed_id) for path, id_, slug, feed_id in self._store.alike()
        ]
        doubled: dict[str, tuple[Fault, ...]] = {}
        for place, fault in tell_apart(places)[1]:
            doubled[place.path] = (*doubled.get(place.path, ()), fault)
        self._store.set_doubled({path: write_faults(faults) for path, faults in doubled.items()})

    def _due(self, ledger: Ledger, *, now: datetime, window: tuple[date, date]) -> list[str]:
        """The issues that may have to be released or missed."""
        return open_issues(ledger, self._store.due(midnight(_moved(window[0], -1)), now), window=window)

    def _news(self, ledger: Ledger, *, now: datetime) -> set[str]:
        """The issues whose files or whose rows in the ledger changed, as far as that may come to anything."""
        named = self._named(ledger)
        if named is None:
            rows, states = list(self._store.all_sound()), ledger.issue_states()
            ids: set[str] = {facts.id for facts in rows} | states.keys()
        else:
            ids = {*named, *self._store.touched(), *self._store.awaited(self._store.fact(_CORRECTED), self._today(now))}
            rows = [facts for facts in map(self._store.sound, ids) if facts]
            states = {id_: state for id_, state in ((id_, ledger.issue_state(id_)) for id_ in ids) if state}
        lacking = {id_ for id_, state in states.items() if state.state is QueueState.QUEUED}
        lacking -= {facts.id for facts in rows}
        with self._store.transaction():
            if named is None:
                self._store.clear_missing()
            self._store.set_missing(lacking, ids - lacking)
        changes = review(
            map(_Known, rows),
            Account(states=states, releases=(), decisions=()),
            now=now,
            queues_ready=self._publication.settings.schedule.queue == "ready",
            is_strict=self._publication.settings.schedule.approval == "strict",
        )
        return {change.issue_id for change in changes} | {facts.id for facts in rows if facts.awaits}

    def _named(self, ledger: Ledger) -> set[str] | None:
        """The issues that the ledger's history names since the last tick; None if this is another history."""
        number = self._store.fact(_EVENT)
        if not number or self._store.fact(_MODE) != self._mode or _text(ledger, int(number)) != self._store.fact(_LAST):
            return None
        return {event.subject.partition("/")[0] for _, event in ledger.events_after(int(number))}

    def _notes(self, ledger: Ledger, now: datetime) -> dict[str, str]:
        """Up to where everything was looked at, once the tick that begins now has ended."""
        last = ledger.last_event()
        event = {_EVENT: str(last), _LAST: _text(ledger, last)} if last else {_EVENT: "", _LAST: ""}
        return {**event, _MODE: self._mode, _CORRECTED: self._today(now)}

    @property
    def _mode(self) -> str:
        """The settings under which issues are reviewed."""
        schedule = self._publication.settings.schedule
        return f"{schedule.queue} {schedule.approval}"

    def _today(self, now: datetime) -> str:
        """The date by which corrections come."""
        return now.astimezone(self._publication.zone).date().isoformat()

    def _read(self, ids: Iterable[str]) -> tuple[list[Issue], frozenset[str]]:
        """The issues as their files are now, by path, and the paths of those that are not as the index has them."""
        found = (self._store.sound(id_) for id_ in ids)
        issues, stale = [], set()
        for facts in sorted((facts for facts in found if facts), key=lambda facts: facts.path):
            data = read_issue(self._folder, facts.path)
            if not isinstance(data, bytes) or sha256(data).hexdigest() != facts.content_hash:
                stale.add(facts.path)
                continue
            parsed = parse_issue(data, path=facts.path, settings=self._publication.settings, zones=zone)
            if isinstance(parsed, Issue) and parsed.id == facts.id:
                issues.append(parsed)
            else:
                stale.add(facts.path)
        return issues, frozenset(stale)

    def _faults(self) -> tuple[Fault, ...]:
        """The faults of all files, as a whole shelf has them."""
        faults = (fault for text in self._store.faults() for fault in read_faults(text))
        return tuple(sorted([*faults, *self._left_out], key=lambda fault: (fault.path, fault.line)))


def forget(publication: Publication) -> None:
    """Throw the index of a publication away, as far as that can be done."""
    discard(publication.folder / _FILE)


def _key(publication: Publication) -> str:
    """A digest of all that decides what a file's bytes say and when that is due, but the bytes."""
    settings = publication.settings
    schedule, own = settings.schedule, settings.publication
    return key_of(
        program_key(),
        tzdata_version(),
        (own.language, own.audience, own.timezone),
        (schedule.time, schedule.match, schedule.leap_day),
        sorted(settings.series.items()),
        sorted(settings.audience),
    )


def _text(ledger: Ledger, event_id: int) -> str:
    """An event of the history in one line, by which the same history is known again."""
    return repr(ledger.event(event_id))


def _instants(rule: FixedDate | Anniversary, first: date, last: date) -> Iterator[tuple[int, int, str]]:
    """When a rule is due on dates from one to another, the last one out."""
    for one in occurrences(rule, first, last):
        yield int(one.at.timestamp()), one.number, one.on.isoformat()


def _names(facts: FileFacts) -> tuple[str, str, str]:
    """What must be a file's own."""
    return facts.id, facts.slug, facts.feed_id


def _moved(on: date, days: int) -> date:
    """A date some days away, the first or last there is where it would lie beyond."""
    return date.fromordinal(min(max(on.toordinal() + days, date.min.toordinal()), date.max.toordinal()))


def _shown(path: str) -> str:
    """A path as text, whatever bytes it has."""
    return path if path.isascii() else path.encode("utf-8", "backslashreplace").decode()
