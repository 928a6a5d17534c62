"""Proofs: an issue as a marked message to somebody who is no reader of it, outside the ledger."""

from dataclasses import replace
from datetime import datetime

from sparkpub.core.mail import Addressing, compile_message, message_head
from sparkpub.core.model import Issue
from sparkpub.core.tokens import Tokens
from sparkpub.outgoing.sealing import signers_of, splice_of
from sparkpub.press import Press
from sparkpub.rendering import look_at

_NOBODY = 0  # no reader has this number: a link of a proof lets nobody leave


def proof(press: Press, issue: Issue, number: int | None, *, to: str, mark: str, now: datetime) -> bytes:
    """The message that readers will get, its subject marked, made for `to`; no link in it changes anything.

    Where there is a sandbox it is addressed to that.

    Without a number the next occurrence is meant. A reader of that address is greeted by name.

    Raises:
        UsageError: it has no such occurrence.
        InputError: the issue's pictures or the theme's templates have faults, or `[dkim]` names no usable key.
    """
    settings = press.publication.settings
    look = look_at(press.publication, issue, number, now=now)
    edition = replace(look.edition, subject=f"[{mark}] {look.edition.subject}")
    head = message_head(settings, issue_id=issue.id, number=look.article.number, released_at=now)
    compiled = compile_message(edition, head=head)
    reader = press.ledger.find_subscriber(to)
    release = f"{mark.lower()}/{issue.id}/{look.article.number}/{now:%Y%m%d%H%M%S}/{to}"
    values = Addressing(settings, Tokens(press.key), release=release).values(
        _NOBODY,
        address=settings.delivery.sandbox or to,
        name=reader.name if reader else "",
        attributes=reader.attributes if reader else {},
    )
    return splice_of(compiled, signers_of(press), at=now)(values)
