"""What the client is given: letters, where they come from, and the relay to bring them to."""

import ssl
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from sparkpub.adapters.smtp.wire import Timeouts
from sparkpub.core.outcomes import Outcome


class Letter(Protocol):
    """One message on its way. `data` ends with CRLF, and no line of it begins with a dot.

    It is 7-bit, but for a recipient in its header that is beyond ASCII (RFC 6532).
    """

    @property
    def sender(self) -> str:
        """The envelope's sender."""

    @property
    def recipient(self) -> str:
        """The envelope's recipient."""

    @property
    def data(self) -> bytes:
        """The message."""


L = TypeVar("L", bound=Letter)


class Post(Protocol[L]):
    """Where letters come from and what became of them goes; every letter taken is settled or given back.

    `route` is the name of the relay that asks, or that answered.
    """

    @property
    def is_paced(self) -> bool:
        """Whether letters must not be taken ahead of their turn."""

    async def next(self, route: str) -> L | None:
        """The next letter, when its turn has come; None when there is none left."""

    async def begin(self, letter: L) -> bool:
        """Commit that a letter's body is about to leave; False if it must not."""

    def settle(self, letter: L, outcome: Outcome, route: str) -> None:
        """Note what became of a letter, to be committed with or before the next `begin`."""

    def give_back(self, letter: L) -> None:
        """Take a letter back that was not tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One relay and how to speak to it. `tls` overrides the trust in the system's certificates."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    hello: str = "localhost"
    timeouts: Timeouts = field(default_factory=Timeouts)
    tls: ssl.SSLContext | None = None

    @property
    def name(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"
