"""One message as it lies in an inbox."""

from dataclasses import dataclass, field
from typing import Final

BATCH: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """The first bytes of one message, as many as a report needs, and its name in its inbox."""

    name: str
    data: bytes = field(repr=False)
