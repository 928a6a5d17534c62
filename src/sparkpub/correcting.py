"""Correct what is released: new `corrections` lines of an issue reach its page and feeds; nothing is mailed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sparkpub.articles import issue_of
from sparkpub.core.model import Correction, Issue
from sparkpub.core.records import Release
from sparkpub.errors import Fault, InputError
from sparkpub.press import Press, Publication
from sparkpub.rendering import correct_edition
from sparkpub.shelf import Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What came of a look for corrections: the releases whose pages changed, and what kept others from it."""

    releases: tuple[Release, ...] = ()
    faults: tuple[Fault, ...] = ()


def correct(press: Press, shelf: Shelf, *, now: datetime) -> Corrected:
    """Bring new `corrections` lines of released issues to their pages and feeds; nothing is mailed.

    A line belongs to the newest release on or before its date, and waits for that date. With it the file as it is now
    takes the place of the released one. The feed's `updated` moves to the line's date at the schedule's time.
    """
    today = now.astimezone(press.publication.zone).date()
    releases: list[Release] = []
    faults: list[Fault] = []
    for issue in shelf.issues.values():
        for release, latest in _uncorrected(press, issue, today) if issue.corrections else ():
            try:
                releases.append(_correct(press, issue, release, latest, now=now))
            except InputError as error:  # one broken correction keeps no other from its page
                faults.extend(error.faults)
    return Corrected(releases=tuple(releases), faults=tuple(faults))


def _uncorrected(press: Press, issue: Issue, today: date) -> Iterator[tuple[Release, date]]:
    """Each release of an issue that has a line which its page lacks, with the newest date of these lines."""
    releases = press.ledger.releases(issue.id)
    for release in releases:
        if release.issue_source == issue.source:
            continue
        known = issue_of(release).corrections
        new = [
            line.on
            for line in issue.corrections
            if line not in known and line.on <= today and _meant(press.publication, line, releases) is release
        ]
        if new:
            yield release, max(new)


def _meant(publication: Publication, line: Correction, releases: list[Release]) -> Release:
    """The newest of an issue's releases on or before the date of a correction; the first if all are later."""
    earlier = [r for r in releases if min(r.on, r.released_at.astimezone(publication.zone).date()) <= line.on]
    return (earlier or releases[:1])[-1]


def _correct(press: Press, issue: Issue, release: Release, latest: date, *, now: datetime) -> Release:
    """Let page and feeds of a release show the issue as it is now."""
    ledger, publication = press.ledger, press.publication
    edition = correct_edition(publication, issue, release)
    at = datetime.combine(latest, publication.settings.schedule.time, publication.zone)
    with ledger.transaction():
        for asset in edition.assets:
            ledger.put_asset(asset)
        ledger.put_edition(
            edition.hash, issue.id, release.number, source=issue.source, compiled=b"", media=edition.media
        )
        ledger.correct_release(
            release.release_id,
            source=issue.source,
            settings=publication.source,
            edition_hash=edition.hash,
            updated_at=max(at, release.updated_at),
        )
        ledger.record(now, "corrected", issue.id, f"{release.number}, dated {latest}")
    return ledger.release(release.release_id)
