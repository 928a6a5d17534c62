"""Ledger rows of what was made public: releases, editions, the files they show."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sparkpub.adapters.ledger.instants import from_seconds, to_seconds
from sparkpub.adapters.ledger.queue import QueueRows
from sparkpub.adapters.ledger.statements import statements
from sparkpub.core.model import Asset
from sparkpub.core.records import Release, Released, ReleaseDraft, ReleaseState
from sparkpub.errors import AlreadyReleased, LedgerError

_SQL = statements("releases.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEdition:
    """What the ledger keeps of an edition.

    `compiled` is a dumped `core.mail.Compiled`, empty for what is not mailed; `media` maps each image source as
    the issue writes it to the name of its asset.
    """

    compiled: bytes = field(repr=False)
    media: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StopNotes:
    """When and why a release was last stopped, and when it was last resumed."""

    stopped_at: datetime | None
    reason: str
    resumed_at: datetime | None


class ReleaseRows(QueueRows):
    """Releases, editions and assets."""

    def releases(self, issue_id: str | None = None) -> list[Release]:
        """Every release, or those of one issue, in the order they were made public."""
        if issue_id is None:
            return [release_of(row) for row in self._db.rows(_SQL["releases"])]
        return [release_of(row) for row in self._db.rows(_SQL["releases_of_issue"], {"issue_id": issue_id})]

    def newest_releases(self, count: int) -> list[Release]:
        """So many releases of issues that have a text, the newest first."""
        return [release_of(row) for row in self._db.rows(_SQL["newest_releases"], {"count": count})]

    def last_release(self) -> int:
        """The number of the latest release, 0 if there is none."""
        return int(self._db.row(_SQL["last_release"])[0])

    def shown_of_releases(self) -> list[tuple[Any, ...]]:
        """What a page of each release is made from, as a row with its number first; in order of release.

        It is for whoever has to see quickly that nothing changed.
        """
        return [tuple(row) for row in self._db.rows(_SQL["shown_of_releases"])]

    def releases_without_text(self) -> list[Release]:
        """Releases that a restored ledger knows from its mirror alone; they have no page until their text is found."""
        return [release_of(row) for row in self._db.rows(_SQL["releases_without_text"])]

    def digests(self) -> list[Release]:
        """Every digest, in the order they were made."""
        return [release_of(row) for row in self._db.rows(_SQL["digests"])]

    def released(self) -> list[Released]:
        """The mark of every release that made something public, without what that was."""
        return [
            Released(
                issue_id=row["issue_id"],
                number=row["number"],
                on=date.fromisoformat(row["on_date"]),
                released_at=from_seconds(row["released_at"]),
                is_mailed=bool(row["is_mailed"]),
            )
            for row in self._db.rows(_SQL["released"])
        ]

    def last_mailed_at(self) -> datetime | None:
        """The latest instant at which a piece was mailed, None if none ever was."""
        latest = self._db.row(_SQL["last_mailed_at"])[0]
        return None if latest is None else from_seconds(latest)

    def newest_mailed(self) -> Release | None:
        """The piece that was mailed last, None where none was or its text is lost."""
        row = self._db.row(_SQL["newest_mailed"])
        return None if row is None or not row["issue_source"] else release_of(row)

    def release(self, release_id: int) -> Release:
        """One release.

        Raises:
            LedgerError: there is none of that number.
        """
        row = self._db.row(_SQL["release"], {"release_id": release_id})
        if row is None:
            raise LedgerError(f"the ledger has no release {release_id}; `sparkpub status` lists them")
        return release_of(row)

    def releases_in(self, state: ReleaseState) -> list[Release]:
        """The mailed releases in one state, newest first."""
        return [release_of(row) for row in self._db.rows(_SQL["releases_in_state"], {"state": state.value})]

    def release_state(self, release_id: int) -> ReleaseState:
        """How far a release has come, as the ledger says at this moment."""
        return ReleaseState(self._db.row(_SQL["release_state"], {"release_id": release_id})["state"])

    def add_release(self, draft: ReleaseDraft) -> int:
        """Keep the fact of a release; returns its number. One that is not mailed is finished at once.

        Raises:
            AlreadyReleased: a constraint refused it: that number or that date of the issue is out already.
        """
        values = {
            "issue_id": draft.issue_id,
            "number": draft.number,
            "on_date": draft.on.isoformat(),
            "released_at": to_seconds(draft.released_at),
            "updated_at": to_seconds(draft.updated_at),
            "edition_hash": draft.edition_hash,
            "issue_source": draft.issue_source,
            "source_hash": _hash_of(draft.issue_source),
            "issue_path": draft.issue_path,
            "settings_id": self._put_settings(draft.settings),
            "entry_id": draft.entry_id,
            "transport": draft.transport,
            "state": (ReleaseState.SENDING if draft.is_mailed else ReleaseState.FINISHED).value,
            "is_mailed": int(draft.is_mailed),
            "is_digest": int(draft.is_digest),
            "repeats": int(draft.repeats),
            "tzdata": draft.tzdata,
        }
        added = self._db.row(_SQL["add_release"], values)
        if added is None:
            raise AlreadyReleased(
                f"{draft.issue_id}/{draft.number}, due on {draft.on}, is released already; nothing is sent twice"
            )
        return int(added[0])

    def _put_settings(self, text: str) -> int:
        """The number of settings, kept once however many releases were made under them."""
        return int(self._db.row(_SQL["put_settings"], {"text": text})[0])

    def correct_release(
        self, release_id: int, *, source: bytes, settings: str, edition_hash: str, updated_at: datetime
    ) -> None:
        """Let page and feeds show a corrected edition; what was mailed, and is still being mailed, stays."""
        values = {
            "release_id": release_id,
            "source": source,
            "source_hash": _hash_of(source),
            "settings_id": self._put_settings(settings),
            "edition_hash": edition_hash,
            "updated_at": to_seconds(updated_at),
        }
        self._db.write(_SQL["correct_release"], values)

    def put_asset(self, asset: Asset) -> None:
        """Keep a file; the same one again changes nothing."""
        self._db.write(
            _SQL["put_asset"],
            {
                "name": asset.name,
                "media_type": asset.media_type,
                "width": asset.width,
                "height": asset.height,
                "data": asset.data,
            },
        )

    def asset(self, name: str) -> Asset:
        """A kept file.

        Raises:
            LedgerError: there is none of that name.
        """
        row = self._db.row(_SQL["asset"], {"name": name})
        if row is None:
            raise LedgerError(f"the ledger has no file '{name}'; put a backup of it back")
        return Asset(
            name=row["name"],
            data=row["data"],
            media_type=row["media_type"],
            width=row["width"],
            height=row["height"],
        )

    def shown_media(self, release: Release) -> dict[str, Asset]:
        """What the page of a release shows, by its source as the issue writes it, without the data.

        Raises:
            LedgerError: its edition, or a file of it, is not there.
        """
        values = {"edition_hash": release.edition_hash, "issue_id": release.issue_id, "number": release.number}
        row = self._db.row(_SQL["shown_media"], values)
        if row is None:
            raise LedgerError(f"the ledger has no edition {release.edition_hash}; put a backup of it back")
        return {src: self._asset_facts(name) for src, name in json.loads(row["media"]).items()}

    def _asset_facts(self, name: str) -> Asset:
        """A kept file without its data."""
        row = self._db.row(_SQL["asset_facts"], {"name": name})
        if row is None:
            raise LedgerError(f"the ledger has no file '{name}'; put a backup of it back")
        return Asset(data=b"", name=name, media_type=row["media_type"], width=row["width"], height=row["height"])

    def put_edition(
        self, hash_: str, issue_id: str, number: int, *, source: bytes, compiled: bytes, media: Mapping[str, str]
    ) -> None:
        """Keep an edition under its hash; the same one again changes nothing."""
        values = {
            "hash": hash_,
            "issue_id": issue_id,
            "number": number,
            "media": json.dumps(dict(media), ensure_ascii=False, sort_keys=True),
            "source": source,
            "compiled": compiled,
        }
        self._db.write(_SQL["put_edition"], values)

    def edition(self, hash_: str) -> StoredEdition:
        """A kept edition.

        Raises:
            LedgerError: there is none of that hash.
        """
        return _edition(self._db.row(_SQL["edition"], {"hash": hash_}), hash_)

    def mailed_edition(self, release_id: int) -> StoredEdition:
        """The edition that a release mails, whatever was corrected since.

        Raises:
            LedgerError: it is not there.
        """
        return _edition(self._db.row(_SQL["mailed_edition"], {"release_id": release_id}), f"of release {release_id}")

    def stop_release(self, release_id: int, *, reason: str, at: datetime) -> bool:
        """Let nothing more of a release begin; False if it is not being sent."""
        values = {"release_id": release_id, "reason": reason, "at": to_seconds(at)}
        return self._db.write(_SQL["stop_release"], values) > 0

    def resume_release(self, release_id: int, *, at: datetime) -> bool:
        """Go on with a stopped release; False if it is not stopped."""
        return self._db.write(_SQL["resume_release"], {"release_id": release_id, "at": to_seconds(at)}) > 0

    def finish_release(self, release_id: int) -> bool:
        """Mark a release finished if nothing of it is open any more; returns whether it was marked now."""
        return self._db.write(_SQL["finish_release"], {"release_id": release_id}) > 0

    def stop_notes(self, release_id: int) -> StopNotes:
        """When and why a release was stopped."""
        row = self._db.row(_SQL["stop_notes"], {"release_id": release_id})
        return StopNotes(
            stopped_at=None if row["stopped_at"] is None else from_seconds(row["stopped_at"]),
            reason=row["stop_reason"],
            resumed_at=None if row["resumed_at"] is None else from_seconds(row["resumed_at"]),
        )


def _hash_of(source: bytes) -> str:
    """What `source_hash` says of a text."""
    return sha256(source).hexdigest() if source else ""


def _edition(row: Any, name: str) -> StoredEdition:  # noqa: ANN401 - a row
    """A row as an edition."""
    if row is None:
        raise LedgerError(f"the ledger has no edition {name}; put a backup of it back")
    return StoredEdition(compiled=row["compiled"], media=json.loads(row["media"]))


def release_of(row: Any) -> Release:  # noqa: ANN401 - a row
    """A row as a release."""
    return Release(
        release_id=row["release_id"],
        issue_id=row["issue_id"],
        number=row["number"],
        on=date.fromisoformat(row["on_date"]),
        released_at=from_seconds(row["released_at"]),
        updated_at=from_seconds(row["updated_at"]),
        edition_hash=row["edition_hash"],
        issue_source=row["issue_source"],
        issue_path=row["issue_path"],
        settings=sys.intern(row["text"]),  # one text for all releases made under it
        entry_id=row["entry_id"],
        transport=row["transport"],
        state=ReleaseState(row["state"]),
        repeats=bool(row["repeats"]),
        is_mailed=bool(row["is_mailed"]),
        is_digest=bool(row["is_digest"]),
        tzdata=row["tzdata"],
        again_at=None if row["again_at"] is None else from_seconds(row["again_at"]),
    )
