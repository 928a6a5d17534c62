"""One connection to a relay, and every letter that goes over it.

    post.next() ─▶ MAIL RCPT DATA ─▶ 354 ─▶ post.begin() ─▶ body [MAIL RCPT DATA of the following] ─▶ post.settle()

Where the relay announces PIPELINING the envelope is one write, and the following letter's envelope goes out with the
body, so that a letter costs one round trip; the following letter is made before `begin`, so that nothing stands between
that and the body. Between `begin` and the reply nothing can be known: a line lost there is
an uncertain outcome, a line lost before is a deferred one.
"""

import asyncio
import base64
import ssl
from functools import lru_cache
from typing import Final

from sparkpub.adapters.smtp.post import L, Letter, Post, Route
from sparkpub.adapters.smtp.wire import LineLostError, Reply, Wire
from sparkpub.core.addresses import is_address
from sparkpub.core.bounces import Meaning
from sparkpub.core.outcomes import Fate, Outcome, outcome_of_reply, unspeakable
from sparkpub.errors import TransportError

_CLOSING: Final = 421
_GO_AHEAD: Final = 354
_GREETING: Final = 220
_CONTINUE: Final = 334
_LETTERS_MOST: Final = 1000  # then begin anew: relays dislike lines without an end, and a better route may be back
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_outcome = lru_cache(maxsize=256)(outcome_of_reply)  # most replies are one and the same


class Connection:
    """A connection to a relay that has greeted us, inside TLS and logged in where the route says so."""

    def __init__(self, route: Route, wire: Wire) -> None:
        """Use a line that was just opened."""
        self.route, self._wire, self._wait = route, wire, route.timeouts
        self._carried = 0
        self._has_offered = False
        self._features: dict[str, str] = {}
        self._is_pipelining, self._size_most, self._known_sender = False, 0, ""
        self._in_utf8 = ""
        self._has_transaction = False
        self._is_closing = False
        self.has_succeeded = False
        self.was_withdrawn = False

    @classmethod
    async def open(cls, route: Route) -> "Connection":
        """Connect, greet, encrypt, log in.

        Raises:
            TransportError: any of it failed; the message says what and the cure.
        """
        is_tls = route.security == "tls"
        tls = (route.tls or ssl.create_default_context()) if is_tls else None
        connection = None
        try:
            wire = await Wire.open(route.host, route.port, tls=tls, seconds=route.timeouts.connect)
            connection = cls(route, wire)
            await connection._greet()
        except LineLostError as error:
            if connection:
                connection.hang_up()
            raise TransportError(f"{route.name}: {error}; check [smtp] host, port and security") from error
        except BaseException:
            if connection:
                connection.hang_up()
            raise
        return connection

    async def _greet(self) -> None:
        """Everything before the first letter."""
        greeting = await self._wire.reply(seconds=self._wait.greeting)
        if greeting.code != _GREETING:
            raise self._refused("it greets", greeting, "try again later")
        await self._hello()
        if self.route.security == "starttls":
            if "STARTTLS" not in self._features:
                raise TransportError(
                    f'{self.route.name} offers no STARTTLS; set security = "tls" with its port for TLS, or "none" '
                    "if it stands on this machine"
                )
            reply = await self._ask(b"STARTTLS")
            if reply.code != _GREETING:
                raise self._refused("it will not start TLS", reply, "ask its operator")
            context = self.route.tls or ssl.create_default_context()
            await self._wire.start_tls(context, self.route.host, seconds=self._wait.command)
            await self._hello()
        if self.route.username:
            await self._log_in()

    async def _hello(self) -> None:
        """Say who we are, and note what the relay can do."""
        name = self.route.hello.encode("ascii")
        reply = await self._ask(b"EHLO " + name)
        self._features, self._is_pipelining, self._size_most, self._in_utf8 = {}, False, 0, ""
        if reply.is_good:
            for line in reply.lines[1:]:
                keyword, _, rest = line.strip().partition(" ")
                self._features[keyword.upper()] = rest
            limit = self._features.get("SIZE", "")
            self._size_most = int(limit) if limit.isdecimal() else 0
            self._is_pipelining = "PIPELINING" in self._features
            if "SMTPUTF8" in self._features:  # which is announced with 8BITMIME (RFC 6531 §3.1)
                self._in_utf8 = f"{' BODY=8BITMIME' if '8BITMIME' in self._features else ''} SMTPUTF8"
            return
        reply = await self._ask(b"HELO " + name)
        if not reply.is_good:
            raise self._refused("it will not speak to us", reply, "ask its operator")

    async def _log_in(self) -> None:
        """Prove who we are, never in the clear on a network."""
        if not self._wire.is_encrypted and self.route.host not in _LOOPBACK:
            raise TransportError(
                f'{self.route.name}: the password would be sent in the clear; set security = "starttls" or "tls"'
            )
        user, password = self.route.username.encode(), self.route.password.encode()
        methods = self._features.get("AUTH", "").upper().split()
        if "LOGIN" in methods and "PLAIN" not in methods:
            reply = await self._ask(b"AUTH LOGIN")
            for answer in (user, password):
                if reply.code == _CONTINUE:
                    reply = await self._ask(base64.b64encode(answer))
        else:
            reply = await self._ask(b"AUTH PLAIN " + base64.b64encode(b"\0" + user + b"\0" + password))
        if not reply.is_good:
            cure = "check [smtp] username and SPARKPUB_SMTP_PASSWORD in secrets.env"
            raise self._refused("it does not let us in", reply, cure)

    def _refused(self, what: str, reply: Reply, cure: str) -> TransportError:
        said = outcome_of_reply(reply.code, reply.text).code
        return TransportError(f"{self.route.name}: {what}: {said}; {cure}")

    async def _ask(self, command: bytes, seconds: float | None = None) -> Reply:
        """Send one command and read its reply."""
        wait = self._wait.command if seconds is None else seconds
        await self._wire.write(command + b"\r\n", seconds=wait)
        return await self._wire.reply(seconds=wait)

    async def carry(self, letter: L, post: Post[L]) -> L | None:
        """Deliver a letter and all that follow, until there are none or the line is gone.

        Returns a letter that was taken but not tried, if the line was gone before.

        Raises:
            TransportError: the relay cannot take such letters at all; the letter was given back.
        """
        current: L | None = letter
        is_offered = False
        try:
            while current is not None:
                has_line, following = await self._deliver(current, post, is_offered=is_offered)
                if not has_line:
                    self.hang_up()
                    return following
                is_offered = self._has_offered
                if following is None and self._carried >= _LETTERS_MOST:
                    current = None
                    break
                current = following or await post.next(self.route.name)
        except BaseException as error:
            self.hang_up()
            if current is not None and isinstance(error, TransportError):
                post.give_back(current)
            raise
        await self._quit()
        return None

    async def _deliver(self, letter: L, post: Post[L], *, is_offered: bool) -> tuple[bool, L | None]:
        """Deliver one letter; whether the line can take another, and the letter that was taken ahead, if any."""
        following: L | None = None
        has_begun = self._has_offered = False
        try:
            outcome = await self._offer(letter, is_offered=is_offered)
            if outcome is None:
                self._carried += 1
                if self._is_pipelining and not post.is_paced and self._carried < _LETTERS_MOST:
                    following = await post.next(self.route.name)
                if not await post.begin(letter):
                    self.was_withdrawn = True
                    if following is not None:
                        post.give_back(following)
                    return False, None
                has_begun = True
                self._has_transaction = False  # the body ends it, whatever the relay says to it
                ahead = self._envelope(following) if following else b""
                self._has_offered = bool(ahead)
                outcome = await self._send(letter.data, ahead)
        except LineLostError as error:
            fate = Fate.UNCERTAIN if has_begun else Fate.DEFERRED
            post.settle(letter, Outcome(fate=fate, code=str(error)), self.route.name)
            return False, following
        post.settle(letter, outcome, self.route.name)
        self.has_succeeded = self.has_succeeded or outcome.fate is not Fate.DEFERRED
        return not self._is_closing, following

    async def _send(self, data: bytes, ahead: bytes) -> Outcome:
        """Send a body, and what may go ahead with it; what the relay says to the body."""
        await self._wire.write(b"".join((data, b".\r\n", ahead)), seconds=self._wait.block)
        reply = self._heard(await self._wire.reply(seconds=self._wait.final))
        if reply.code == _GO_AHEAD:
            raise LineLostError("its reply to the message makes no sense")
        return _outcome(reply.code, reply.text)

    async def _offer(self, letter: Letter, *, is_offered: bool) -> Outcome | None:
        """Offer a letter's envelope; None if its body is awaited, else why it is not."""
        envelope = b"" if is_offered else self._envelope(letter)
        if not (envelope or is_offered):
            if letter.sender == self._known_sender and is_address(letter.recipient):
                await asyncio.sleep(0)  # many in a row must not keep what became of them from being written down
                return unspeakable(self.route.name)
            return Outcome(fate=Fate.REJECTED, code="its address is none that can be mailed", meaning=Meaning.GONE)
        if 0 < self._size_most < len(letter.data):
            raise TransportError(
                f"{self.route.name} takes no message over {self._size_most} bytes, and this one has "
                f"{len(letter.data)}; make it smaller or use another relay"
            )
        if not self._is_pipelining:
            return await self._offer_step_by_step(envelope)
        if envelope:
            await self._wire.write(envelope, seconds=self._wait.command)
        if self._has_transaction:
            self._heard(await self._wire.reply(seconds=self._wait.command))
        mail, recipient, data = self._wire.replies(3) or await self._three_replies()
        self._has_transaction = mail.is_good
        if mail.is_good and recipient.is_good and data.code == _GO_AHEAD:
            return None
        self._is_closing = self._is_closing or _CLOSING in (mail.code, recipient.code, data.code)
        refused = next((reply for reply in (mail, recipient) if not reply.is_good), None)
        if data.code == _GO_AHEAD:
            # RFC 2920 §3.1: it waits for a body although nobody is to get it; an empty one ends that.
            self._heard(await self._ask(b"."))
            self._has_transaction = False
        return self._unless_accepted(refused or data)

    async def _three_replies(self) -> tuple[Reply, Reply, Reply]:
        """What the relay says to MAIL, RCPT and DATA, each in its time."""
        mail = await self._wire.reply(seconds=self._wait.command)
        recipient = await self._wire.reply(seconds=self._wait.command)
        return mail, recipient, await self._wire.reply(seconds=self._wait.data)

    async def _offer_step_by_step(self, envelope: bytes) -> Outcome | None:
        """The same, one command at a time."""
        if self._has_transaction:
            self._heard(await self._ask(b"RSET"))
        commands = envelope.split(b"\r\n")[-4:-1]
        for command, seconds in zip(commands, (self._wait.command, self._wait.command, self._wait.data), strict=True):
            reply = self._heard(await self._ask(command, seconds))
            is_last = command == b"DATA"
            self._has_transaction = self._has_transaction or reply.is_good
            if not (reply.code == _GO_AHEAD if is_last else reply.is_good):
                return self._unless_accepted(reply)
        return None

    @staticmethod
    def _unless_accepted(reply: Reply) -> Outcome:
        """What a refusal before the body means; a 2yz here makes no sense."""
        if reply.is_good:
            raise LineLostError("its reply to DATA makes no sense")
        return _outcome(reply.code, reply.text)

    def _heard(self, reply: Reply) -> Reply:
        """Note that the relay is about to hang up, if that is what it says."""
        if reply.code == _CLOSING:
            self._is_closing = True
        return reply

    def _envelope(self, letter: Letter) -> bytes:
        """RSET where a transaction was left open, MAIL, RCPT and DATA; b"" if an address is none that can be said here.

        A recipient beyond ASCII stands in the header as well, so the message needs SMTPUTF8, and has 8 bits (RFC 6531
        §3.4, §3.6). Senders are ours, and ASCII.
        """
        if letter.sender != self._known_sender:
            if not (letter.sender.isascii() and is_address(letter.sender)):
                return b""
            self._known_sender = letter.sender
        recipient = letter.recipient
        if not is_address(recipient):
            return b""
        options = f" SIZE={len(letter.data)}" if "SIZE" in self._features else ""
        if not recipient.isascii():
            if not self._in_utf8:
                return b""
            options += self._in_utf8
        reset = "RSET\r\n" if self._has_transaction else ""
        return (f"{reset}MAIL FROM:<{letter.sender}>{options}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n").encode()

    async def _quit(self) -> None:
        """Take leave; whether it is heard does not matter any more."""
        try:
            await self._ask(b"QUIT", self._wait.quit)
        except LineLostError:
            pass
        finally:
            self.hang_up()

    def hang_up(self) -> None:
        """Close the line without a word."""
        self._wire.close()
