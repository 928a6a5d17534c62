"""The shelf: every issue file as it is now, the sound ones as issues, the others as faults."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from sparkpub.adapters.files import read_issues
from sparkpub.adapters.zones import zone
from sparkpub.core.issues import parse_issue
from sparkpub.core.model import Issue
from sparkpub.errors import Fault, InputError, UsageError
from sparkpub.press import Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The issues of a publication by id, in the order of their paths, and the faults of the files that are none.

    `doubled` are the faults, by id, of files that are sound but have their id or slug in common with another: none of
    them goes out before somebody has told them apart.
    """

    issues: Mapping[str, Issue]
    faults: tuple[Fault, ...]
    doubled: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)

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
    faults: list[Fault] = []
    for path, data in read_issues(publication.folder):
        parsed = parse_issue(data, path=path, settings=publication.settings, zones=zone)
        if isinstance(parsed, Issue):
            sound.append(parsed)
        else:
            faults.extend(parsed)
    doubled: dict[str, tuple[Fault, ...]] = {}
    for key in ("id", "slug"):
        sound, found = _told_apart(sound, key)
        for issue_id, fault in found:
            doubled[issue_id] = (*doubled.get(issue_id, ()), fault)
    faults.extend(fault for alike in doubled.values() for fault in alike)
    return Shelf(
        issues={issue.id: issue for issue in sorted(sound, key=lambda issue: issue.path)},
        faults=tuple(sorted(faults, key=lambda fault: (fault.path, fault.line))),
        doubled=doubled,
    )


def _told_apart(issues: list[Issue], key: str) -> tuple[list[Issue], list[tuple[str, Fault]]]:
    """The issues whose `key` no other has, and for each of the rest its id and a fault."""
    single: list[Issue] = []
    faults: list[tuple[str, Fault]] = []
    for value, group in groupby(sorted(issues, key=lambda i: str(getattr(i, key))), key=lambda i: getattr(i, key)):
        alike = list(group)
        if len(alike) == 1:
            single.extend(alike)
            continue
        for issue in alike:
            other = next(i.path for i in alike if i is not issue)
            message = f"{key} '{value}' is also in {other}"
            faults.append(
                (issue.id, Fault(path=issue.path, line=2, message=message, cure=f"give one of them another {key}"))
            )
    return single, faults
