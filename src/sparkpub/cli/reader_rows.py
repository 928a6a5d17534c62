"""A reader as commands show one: a document, a row of a table."""

from typing import Any

from sparkpub.core.instants import instant_text
from sparkpub.core.records import Subscriber
from sparkpub.core.wishes import wish_lines


def reader_json(reader: Subscriber) -> dict[str, Any]:
    """A reader as one document."""
    return {
        "email": reader.address,
        "name": reader.name,
        "status": reader.state.value,
        "suppressed": reader.is_suppressed,
        "language": reader.language,
        "tags": list(reader.tags),
        "attributes": dict(reader.attributes),
        "wishes": list(wish_lines(reader.wishes)),
        "evidence": reader.evidence,
        "asked_at": reader.asked_at and instant_text(reader.asked_at),
    }


def reader_row(reader: Subscriber) -> dict[str, str]:
    """A reader as a row of a table."""
    status = f"{reader.state}, suppressed" if reader.is_suppressed else reader.state.value
    return {
        "email": reader.address,
        "name": reader.name,
        "status": status,
        "language": reader.language,
        "tags": ", ".join(reader.tags),
    }
