"""The shelf: every issue file as it is now, the sound ones as issues, the others as faults."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Protocol, TypeVar

from sparkpub.adapters.files import list_issues, read_issue
from sparkpub.adapters.zones import zone
from sparkpub.core.decisions import Account
from sparkpub.core.issues import parse_issue
from sparkpub.core.model import Issue
from sparkpub.errors import Fault, InputError, UsageError
from sparkpub.press import Publication


class Named(Protocol):
    """What must be its issue's own: a file may be moved, but its names are for ever."""

    @property
    def id(self) -> str:
        """The permanent name."""

    @property
    def slug(self) -> str:
        """The name in addresses."""

    @property
    def feed_id(self) -> str:
        """The id of its entry in feeds, "" where it is made."""

    @property
    def path(self) -> str:
        """The file."""


_Named = TypeVar("_Named", bound=Named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The issues of a publication by id, in the order of their paths, and the faults of the files that are none.

    `doubled` are the faults, by id, of files that are sound but have their id, slug or feed_id in common with another:
    none of them goes out before somebody has told them apart. `twins` are these files.

    A part of a shelf (`is_whole` is False) has the issues alone that a tick must look at, and says whether one of the
    queue has no sound file (`lacks_queued`).
    """

    issues: Mapping[str, Issue]
    faults: tuple[Fault, ...]
    doubled: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)
    is_whole: bool = True
    lacks_queued: bool = False
    twins: tuple[Issue, ...] = ()

    @property
    def all_issues(self) -> tuple[Issue, ...]:
        """Every sound file, those that are not told apart among them, in the order of their paths."""
        return tuple(sorted([*self.issues.values(), *self.twins], key=lambda issue: issue.path))

    def mark_doubled(self, known: Account) -> Account:
        """The same account, in which the twins are held."""
        return replace(known, doubled={id_: faults[0].message for id_, faults in self.doubled.items()})

    def pick(self, ids: Iterable[str]) -> list[Issue]:
        """The issues with these ids.

        Raises:
            InputError: a file with that id has faults, or two have it.
            UsageError: there is no such issue.
        """
        return [self._one(id_) for id_ in ids]

    def _one(self, id_: str) -> Issue:
        if id_ in self.issues:
            return self.issues[id_]
        if id_ in self.doubled:
            raise InputError(*self.doubled[id_])
        if stem := [fault for fault in self.faults if f"/{id_}.md" in f"/{fault.path}"]:
            raise InputError(*stem)
        import difflib

        close = difflib.get_close_matches(id_, self.issues, n=1)
        cure = f"did you mean '{close[0]}'?" if close else "`sparkpub list` names them"
        raise UsageError(f"there is no issue '{id_}'; {cure}")


def read_shelf(publication: Publication) -> Shelf:
    """Parse every issue file; one broken file never stops the others, and of two with one id neither counts."""
    sound: list[Issue] = []
    listing = list_issues(publication.folder)
    faults: list[Fault] = [*listing.faults]
    for path, _ in listing.stamps:
        data = read_issue(publication.folder, path)
        if not isinstance(data, bytes):
            faults.extend([data] if data else [])
            continue
        parsed = parse_issue(data, path=path, settings=publication.settings, zones=zone)
        if isinstance(parsed, Issue):
            sound.append(parsed)
        else:
            faults.extend(parsed)
    doubled: dict[str, tuple[Fault, ...]] = {}
    every = sound
    sound, found = tell_apart(sound)
    for issue, fault in found:
        doubled[issue.id] = (*doubled.get(issue.id, ()), fault)
    faults.extend(fault for alike in doubled.values() for fault in alike)
    return Shelf(
        issues={issue.id: issue for issue in sorted(sound, key=lambda issue: issue.path)},
        faults=tuple(sorted(faults, key=lambda fault: (fault.path, fault.line))),
        doubled=doubled,
        twins=tuple(issue for issue in every if issue.id in doubled),
    )


def tell_apart(issues: list[_Named]) -> tuple[list[_Named], list[tuple[_Named, Fault]]]:
    """The issues that have their names for themselves, and each of the rest with its fault. Give them by path."""
    faults: list[tuple[_Named, Fault]] = []
    for key in ("id", "slug", "feed_id"):
        issues, found = _told_apart(issues, key)
        faults.extend(found)
    return issues, faults


def _told_apart(issues: list[_Named], key: str) -> tuple[list[_Named], list[tuple[_Named, Fault]]]:
    """The issues whose `key` no other has, and each of the rest with a fault."""
    single: list[_Named] = []
    faults: list[tuple[_Named, Fault]] = []
    for value, group in groupby(sorted(issues, key=lambda i: str(getattr(i, key))), key=lambda i: getattr(i, key)):
        alike = list(group)
        if len(alike) == 1 or not value:
            single.extend(alike)
            continue
        for issue in alike:
            other = next(i.path for i in alike if i is not issue)
            message = f"{key} '{value}' is also in {other}"
            faults.append(
                (issue, Fault(path=issue.path, line=2, message=message, cure=f"give one of them another {key}"))
            )
    return single, faults
