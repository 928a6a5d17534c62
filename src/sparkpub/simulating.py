"""Simulate: the whole press against a simulated clock, in a scratch ledger; the real one is never touched.

    issues ──all queued──▶ tick, send, tick, send … to the end of the window ──▶ site, Maildir, calendar, releases

Nothing here knows how to release or send: it is the same `tick`, `send` and `build` that a press runs.
"""

import email
import email.policy
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sparkpub.adapters.files import write_if_changed
from sparkpub.adapters.ledger import ReaderRow, open_ledger
from sparkpub.adapters.secrets import PUBLIC_KEY
from sparkpub.articles import subject_of
from sparkpub.building import build
from sparkpub.core.decisions import midnight
from sparkpub.core.ics import CalendarItem, calendar_ics
from sparkpub.core.model import Anniversary, Issue, Status
from sparkpub.core.records import Subscriber, SubscriberState
from sparkpub.core.words import event_words
from sparkpub.errors import Fault, UsageError
from sparkpub.gathering import next_turn
from sparkpub.glancing import Coming
from sparkpub.press import Press, Publication
from sparkpub.publishing import TickReport, tick
from sparkpub.queueing import NO_ACCOUNT, Standing, calendar, queue
from sparkpub.sending import send, status_rows
from sparkpub.shelf import Shelf
from sparkpub.ticking import with_gathered

_SAMPLES = (("Ada Sample", "en"), ("Zoë Müller-Łukasiewicz", "de"), ("", ""))
_RELEASES, _MARK = "releases.json", ".simulation"
_A_DAY = timedelta(days=1)
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What a simulated press did.

    `rows` are the releases in order, each with its balance and what there is to say of its date (the keys of
    `status`, and `title event local why`); `reports` are the ticks that missed something or met a fault.
    """

    rows: tuple[dict[str, Any], ...]
    messages: int
    ticks: int
    reports: tuple[TickReport, ...]

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Each fault that kept something from being released, once, however often it was met."""
        return tuple(dict.fromkeys(fault for report in self.reports for fault in report.faults))


def sample_readers(count: int) -> list[Subscriber]:
    """`count` invented readers: with a plain name, a name that needs encoding, no name, and so on around."""
    return [
        Subscriber(
            subscriber_id=index + 1,
            address=f"reader-{index + 1}@example.org",
            name=_SAMPLES[index % len(_SAMPLES)][0],
            state=SubscriberState.ACTIVE,
            language=_SAMPLES[index % len(_SAMPLES)][1],
        )
        for index in range(count)
    ]


def simulate(
    publication: Publication,
    shelf: Shelf,
    *,
    window: tuple[date, date],
    out: Path,
    readers: list[Subscriber],
    progress: Callable[[int, int], None],
) -> Simulated:
    """Run the press from the first date of the half-open `window` to its end, and leave everything in `out`.

    Every ready issue counts as queued at the start. The clock ticks daily and at every due instant. What an earlier
    simulation left in `out`, broken off or not, goes first, so that the same inputs always end in the same bytes.

    Raises:
        UsageError: `out` is a folder of the publication, or holds what no simulation wrote.
    """
    _refuse_others(publication, out)
    _clear(out)
    with tempfile.TemporaryDirectory(prefix="sparkpub-") as scratch:
        press = _scratch_press(publication, Path(scratch), out)
        try:
            return _simulated(press, shelf, window=window, out=out, readers=readers, progress=progress)
        finally:
            press.ledger.close()


def _refuse_others(publication: Publication, out: Path) -> None:
    """See that nothing is written over but what an earlier simulation wrote."""
    cure = "name another folder with --out, or leave it out for var/simulation"
    home, place = publication.folder.resolve(), out.resolve()
    own = [home / name for name in ("issues", "static", "templates", publication.settings.site.out)]
    own += [home / "var" / name for name in ("outbox", "cache")]
    if home.is_relative_to(place) or any(place.is_relative_to(one.resolve()) for one in own):
        raise UsageError(f"{out} belongs to the publication; {cure}")
    if out.exists() and not (out / _MARK).exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is not empty, and no simulation wrote it; {cure}")


def _clear(out: Path) -> None:
    """Take away what an earlier simulation left, and mark the folder."""
    for name in ("mail", "site"):
        shutil.rmtree(out / name, ignore_errors=True)
    for name in (_RELEASES, "calendar.ics", "email.html"):
        (out / name).unlink(missing_ok=True)
    write_if_changed(out / _MARK, b"sparkpub simulate writes here: the next one begins anew\n")


def _scratch_press(publication: Publication, scratch: Path, out: Path) -> Press:
    """A press that rehearses into `out` and remembers in a ledger that is thrown away.

    The key is the public one, so that no simulated link can ever be used, and every machine writes the same bytes.
    """
    settings = publication.settings
    delivery = replace(settings.delivery, transport="maildir", sandbox="")
    rehearsal = Publication(folder=publication.folder, settings=replace(settings, delivery=delivery))
    ledger = open_ledger("sqlite://", scratch)
    return Press(
        publication=rehearsal,
        ledger=ledger,
        key=PUBLIC_KEY,
        state=scratch,
        outbox=out / "mail",
        stop_file=scratch / "STOP",
    )


def _simulated(
    press: Press,
    shelf: Shelf,
    *,
    window: tuple[date, date],
    out: Path,
    readers: list[Subscriber],
    progress: Callable[[int, int], None],
) -> Simulated:
    """The simulation itself, on an open scratch press."""
    # two days before: somewhere on earth it is that date already
    start = midnight(date.fromordinal(max(window[0].toordinal() - 2, 1)))
    _take_in(press, readers, at=start)
    ready = [issue for issue in shelf.issues.values() if issue.status is Status.READY]
    queue(press, ready, now=start)
    standings = calendar(press.publication, ready, NO_ACCOUNT, start=window[0], end=window[1], now=start)
    reports = list(_ticks(press, shelf, standings, window=window, progress=progress))
    build(press, out=out / "site")
    rows = _rows(press, standings)
    _write(press, standings, rows, out=out, stamp=start)
    return Simulated(
        rows=tuple(rows),
        messages=sum(row["sent"] for row in rows),
        ticks=len(reports),
        reports=tuple(report for report in reports if report.faults or report.missed),
    )


def _take_in(press: Press, readers: list[Subscriber], *, at: datetime) -> None:
    """Copy the readers; whom the real press never mails, the simulated one does not either."""
    press.ledger.import_subscribers([ReaderRow.of(reader) for reader in readers], at=at)
    for reader in readers:
        if reader.is_suppressed:
            press.ledger.suppress(reader.address, "as on the press", at)


def _ticks(
    press: Press,
    shelf: Shelf,
    standings: list[Standing],
    *,
    window: tuple[date, date],
    progress: Callable[[int, int], None],
) -> Iterator[TickReport]:
    """Tick daily, at every due instant, and whenever spacing lets a waiting release go.

    A press that stops itself after less than a day without a tick is ticked as often as that asks for.
    """
    coming, pace = Coming(standing.due for standing in standings), press.publication.pace
    first, last = midnight(window[0]), max(midnight(window[1]), coming.last or midnight(window[1]))
    now = min(first, coming.after(_BEFORE_ALL) or first)
    days = max((last - first).days, 1)
    step = min(_A_DAY, pace.max_gap or _A_DAY)
    while True:
        part = coming.part(shelf, press.ledger, now=now, pace=pace, window=window)
        report = with_gathered(press, tick(press, part, now=now, window=window), now=now)
        if report.released or report.digests or report.again:
            send(press, now=now)
        yield report
        progress(min(max((now - first).days, 0), days), days)
        turn = next_turn(press, now)
        instants = [
            coming.after(now),
            report.agenda.look_again_at,
            now + min(step, last - now) if now < last else None,
            turn if turn and turn < last else None,
        ]
        if not any(instants):
            return
        now = min(at for at in instants if at)


def _rows(press: Press, standings: list[Standing]) -> list[dict[str, Any]]:
    """The releases in order, each with its balance and why it fell where it did."""
    by_name = {(s.due.issue.id, s.due.occurrence.number): s for s in standings}
    subjects = {digest.name: (subject_of(digest), digest) for digest in press.ledger.digests()}
    rows = []
    for row in status_rows(press):
        if row["release"] in subjects:
            subject, digest = subjects[row["release"]]
            local = digest.released_at.astimezone(press.publication.zone).isoformat()
            rows.append({**row, "title": subject, "event": "", "local": local, "why": "gathered"})
            continue
        standing = by_name[row["issue"], row["number"]]
        told = {
            "title": standing.due.issue.title,
            "event": _event(standing.due.issue),
            "local": standing.due.occurrence.local.isoformat(),
            "why": "; ".join(standing.why),
        }
        rows.append({**row, **told})
    return rows


def _event(issue: Issue) -> str:
    """The date of the event as its source prints it, "" for a piece with a fixed date."""
    return event_words(issue.rule, issue.language) if isinstance(issue.rule, Anniversary) else ""


def _write(press: Press, standings: list[Standing], rows: list[dict[str, Any]], *, out: Path, stamp: datetime) -> None:
    """The calendar, the list of releases, and the last email as a page to look at."""
    settings = press.publication.settings
    items = [CalendarItem.of(s.due.issue, s.due.occurrence, settings=settings, stamp=stamp) for s in standings]
    write_if_changed(out / "calendar.ics", calendar_ics(items, title=settings.publication.title))
    write_if_changed(out / _RELEASES, (json.dumps(rows, ensure_ascii=False, indent=2) + "\n").encode())
    if newest := _newest(press, out / "mail" / "new"):
        write_if_changed(out / "email.html", _for_the_eye(newest.read_bytes(), settings.publication.base_url))


def _newest(press: Press, folder: Path) -> Path | None:
    """The first message of the last release that mailed anybody."""
    for release in reversed(press.ledger.releases()):
        name = f"{int(release.released_at.timestamp())}.R{release.release_id}S*"
        if found := sorted(folder.glob(name), key=lambda path: (len(path.name), path.name)):
            return found[0]
    return None


def _for_the_eye(message: bytes, base_url: str) -> bytes:
    """The HTML of a message with its pictures taken from the simulated site, since none is served yet."""
    html = email.message_from_bytes(message, policy=email.policy.default).get_body(("html",))
    text = html.get_content() if html else ""
    return text.replace(f"{base_url}/media/", "site/media/").encode()
