"""The SMTP client against a relay that misbehaves in every way it can: each letter has one outcome, and it is true."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from smtp_sink import DROP, STALL, TAKE_AND_DROP, Sink, client_context, running
from sparkpub.adapters.smtp import Route, Timeouts, deliver
from sparkpub.core.outcomes import Fate, Outcome
from sparkpub.errors import TransportError

QUICK = Timeouts(connect=5, greeting=0.5, command=0.5, data=0.5, block=0.5, final=0.5, quit=0.2)
PLAIN = ("SIZE 10000000",)
PIPELINED = ("PIPELINING", "SIZE 10000000")
BODY = b"Subject: x\r\n\r\nHello\r\n"


@dataclass(frozen=True)
class OneLetter:
    recipient: str
    sender: str = "press@example.org"
    data: bytes = BODY


@dataclass
class Bag:
    """Letters in memory."""

    letters: list[OneLetter]
    may_begin: Callable[[OneLetter], bool] = lambda letter: True  # noqa: ARG005
    is_paced: bool = False
    begun: list[str] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    async def next(self, route: str) -> OneLetter | None:
        del route
        return self.letters.pop(0) if self.letters else None

    async def begin(self, letter: OneLetter) -> bool:
        self.begun.append(letter.recipient)
        return self.may_begin(letter)

    def settle(self, letter: OneLetter, outcome: Outcome, route: str) -> None:
        del route
        assert letter.recipient not in self.outcomes
        self.outcomes[letter.recipient] = outcome

    def give_back(self, letter: OneLetter) -> None:
        self.letters.insert(0, letter)


def bag(count: int) -> Bag:
    return Bag([OneLetter(f"r{n}@example.org") for n in range(count)])


def route(sink: Sink, **more: object) -> Route:
    settings: dict[str, object] = {"host": "127.0.0.1", "security": "none", "timeouts": QUICK} | more
    return Route(port=sink.port, **settings)  # type: ignore[arg-type]


def post(sink: Sink, letters: Bag, *, connections: int = 1, **more: object) -> None:
    asyncio.run(deliver([route(sink, **more)], letters, connections=connections))


def fates(letters: Bag) -> Counter[Fate]:
    return Counter(outcome.fate for outcome in letters.outcomes.values())


@pytest.mark.parametrize("features", [PLAIN, PIPELINED, ()])
@pytest.mark.parametrize("connections", [1, 4])
def test_every_letter_arrives_once(features: Sequence[str], connections: int) -> None:
    letters = bag(25)
    with running(Sink(features=features)) as sink:
        post(sink, letters, connections=connections)
    assert sorted(r.recipient for r in sink.received) == sorted(f"r{n}@example.org" for n in range(25))
    assert {r.data for r in sink.received} == {BODY}
    assert fates(letters) == {Fate.ACCEPTED: 25}
    assert sink.connections <= connections


def test_a_following_envelope_goes_out_with_the_body_where_pipelining_is_announced() -> None:
    letters = bag(3)
    with running(Sink(features=PIPELINED)) as sink:
        post(sink, letters)
    assert sink.connections == 1
    assert [c.partition(" ")[0] for c in sink.commands] == ["EHLO", *(["MAIL", "RCPT", "DATA"] * 3), "QUIT"]


FAULTS = [
    (verb, reply, fate)
    for verb in ("MAIL", "RCPT", "DATA", "BODY")
    for reply, fate in (("450 4.2.1 later", Fate.DEFERRED), ("550 5.7.1 never", Fate.REJECTED))
]
FAULTS += [(verb, DROP, Fate.DEFERRED) for verb in ("MAIL", "RCPT", "DATA")]
FAULTS += [(verb, STALL, Fate.DEFERRED) for verb in ("MAIL", "RCPT", "DATA")]
FAULTS += [(verb, "banana", Fate.DEFERRED) for verb in ("MAIL", "RCPT", "DATA")]
FAULTS += [(verb, "421 4.7.0 closing", Fate.DEFERRED) for verb in ("MAIL", "RCPT", "DATA", "BODY")]
FAULTS += [("BODY", reply, Fate.UNCERTAIN) for reply in (DROP, TAKE_AND_DROP, STALL, "banana", "2", "354 again")]
FAULTS += [("DATA", "250 what", Fate.DEFERRED), ("RCPT", "550 5.1.1 who\udcff", Fate.REJECTED)]
FAULTS += [("MAIL", "250-no end\r\n" * 300, Fate.DEFERRED), ("MAIL", "250 " + "x" * 20000, Fate.DEFERRED)]


@pytest.mark.parametrize("features", [PLAIN, PIPELINED], ids=["plain", "pipelined"])
@pytest.mark.parametrize(("verb", "reply", "fate"), FAULTS, ids=[f"{v}-{r[:12]}-{f}" for v, r, f in FAULTS])
def test_a_fault_touches_its_own_letter_alone(features: Sequence[str], verb: str, reply: str, fate: Fate) -> None:
    seen = Counter[str]()

    def script(said: str, argument: str) -> str:
        del argument
        seen[said] += 1
        return reply if said == verb and seen[said] == 3 else ""

    letters = bag(6)
    with running(Sink(script=script, features=features)) as sink:
        post(sink, letters)
    taken = Counter(r.recipient for r in sink.received)
    assert letters.outcomes["r2@example.org"].fate is fate
    assert fates(letters) == Counter({Fate.ACCEPTED: 5}) + Counter({fate: 1})
    assert all(taken[f"r{n}@example.org"] == 1 for n in (0, 1, 3, 4, 5))
    assert taken["r2@example.org"] <= (1 if fate is Fate.UNCERTAIN else 0)


def test_an_address_that_the_relay_does_not_know_is_an_address_fault() -> None:
    letters = bag(1)
    with running(Sink(script=lambda verb, _: "550 5.1.1 no such user" if verb == "RCPT" else "")) as sink:
        post(sink, letters)
    outcome = letters.outcomes["r0@example.org"]
    assert outcome.is_address_fault
    assert outcome.code == "550 5.1.1 no such user"
    assert letters.begun == []


def test_a_letter_that_another_has_begun_is_never_sent() -> None:
    letters = Bag([OneLetter("a@example.org"), OneLetter("b@example.org")], may_begin=lambda x: x.recipient[0] != "a")
    with running(Sink()) as sink:
        post(sink, letters)
    assert [r.recipient for r in sink.received] == ["b@example.org"]
    assert list(letters.outcomes) == ["b@example.org"]


def test_a_stop_gives_back_what_was_taken_ahead_and_opens_no_other_line() -> None:
    class Stopped(Bag):
        async def next(self, route: str) -> OneLetter | None:
            return None if self.begun else await super().next(route)

    letters = Stopped(bag(3).letters, may_begin=lambda _: False)
    with running(Sink()) as sink:
        post(sink, letters)
        assert sink.connections == 1
    assert [letter.recipient for letter in letters.letters] == ["r1@example.org", "r2@example.org"]
    assert (sink.received, letters.outcomes) == ([], {})


@pytest.mark.parametrize("address", ["a@example.org>\r\nRCPT TO:<x@y.zz", "a b@example.org", "", "e\u0301@example.org"])
def test_an_address_is_never_spliced_raw_into_a_command(address: str) -> None:
    letters = Bag([OneLetter("ok@example.org"), OneLetter(address), OneLetter("fine@example.org")])
    with running(Sink()) as sink:
        post(sink, letters)
    assert [r.recipient for r in sink.received] == ["ok@example.org", "fine@example.org"]
    assert letters.outcomes[address].fate is Fate.REJECTED


def test_a_relay_that_cannot_be_reached_gives_every_letter_back() -> None:
    letters = bag(3)
    with running(Sink()) as sink:
        port = sink.port
    with pytest.raises(TransportError, match=f"127.0.0.1:{port}"):
        post(Sink(port=port), letters, connections=2)
    assert len(letters.letters) == 3
    assert letters.outcomes == {}


def test_the_next_relay_takes_over_where_the_first_cannot() -> None:
    letters = bag(3)
    with (
        running(Sink(script=lambda verb, _: "554 5.7.0 not you" if verb == "GREETING" else "")) as bad,
        running(Sink()) as good,
    ):
        asyncio.run(deliver([route(bad), route(good)], letters, connections=1))
    assert len(good.received) == 3


def test_a_relay_that_always_hangs_up_is_left_alone_after_a_few_letters() -> None:
    letters = bag(100)
    busy = Sink(script=lambda verb, _: "421 4.3.2 no" if verb == "MAIL" else "")
    with running(busy) as sink, pytest.raises(TransportError, match="again later"):
        post(sink, letters)
    assert len(letters.letters) + len(letters.outcomes) == 100
    assert len(letters.outcomes) <= 6


def test_a_message_over_the_relays_limit_stops_everything_and_loses_nobody() -> None:
    letters = bag(3)
    with running(Sink(features=("PIPELINING", "SIZE 5"))) as sink, pytest.raises(TransportError, match="over 5 bytes"):
        post(sink, letters, connections=2)
    assert len(letters.letters) == 3
    assert sink.received == []


def test_helo_is_said_where_ehlo_is_not_understood() -> None:
    letters = bag(2)
    with running(Sink(script=lambda verb, _: "502 5.5.1 no" if verb == "EHLO" else "")) as sink:
        post(sink, letters)
    assert len(sink.received) == 2


def test_starttls_encrypts_before_anything_is_said_about_a_letter() -> None:
    letters = bag(2)
    with running(Sink(features=("STARTTLS", *PIPELINED))) as sink:
        post(sink, letters, host="localhost", security="starttls", tls=client_context())
    assert [c.split()[0] for c in sink.commands[:4]] == ["EHLO", "STARTTLS", "EHLO", "MAIL"]
    assert len(sink.received) == 2


def test_tls_from_the_first_byte() -> None:
    letters = bag(2)
    with running(Sink(is_implicit_tls=True)) as sink:
        post(sink, letters, host="localhost", security="tls", tls=client_context())
    assert len(sink.received) == 2


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(security: str) -> None:
    letters = bag(1)
    sink = Sink(features=("STARTTLS",), is_implicit_tls=security == "tls")
    with running(sink), pytest.raises(TransportError, match="not trusted"):
        post(sink, letters, host="localhost", security=security)
    assert sink.received == []


def test_a_relay_without_starttls_is_refused_unless_the_settings_say_so() -> None:
    letters = bag(1)
    with running(Sink()) as sink, pytest.raises(TransportError, match="offers no STARTTLS"):
        post(sink, letters, security="starttls")
    assert sink.received == []


def test_words_put_before_tls_by_somebody_between_end_the_talk() -> None:
    letters = bag(1)
    script = lambda verb, _: "220 go\r\n250 injected" if verb == "STARTTLS" else ""  # noqa: E731
    with (
        running(Sink(script=script, features=("STARTTLS",))) as sink,
        pytest.raises(TransportError, match="in the clear"),
    ):
        post(sink, letters, host="localhost", security="starttls", tls=client_context())


@pytest.mark.parametrize("methods", ["AUTH PLAIN LOGIN", "AUTH LOGIN", "AUTH PLAIN"])
def test_it_logs_in_by_the_method_that_is_offered(methods: str) -> None:
    letters = bag(1)
    with running(Sink(features=(methods,), login=("ada", "secret é"))) as sink:
        post(sink, letters, username="ada", password="secret é")
    assert len(sink.received) == 1


def test_a_wrong_password_is_a_fault_of_the_transport_and_is_not_shown() -> None:
    letters = bag(1)
    sink = Sink(features=("AUTH PLAIN",), login=("ada", "secret"))
    with running(sink), pytest.raises(TransportError, match="does not let us in") as fault:
        post(sink, letters, username="ada", password="hunter2")
    assert "hunter2" not in str(fault.value)
    assert len(letters.letters) == 1


def test_a_slow_relay_that_trickles_its_replies_is_waited_for() -> None:
    letters = bag(2)
    with running(Sink(script=lambda verb, _: "250-first\r\n250 second" if verb == "MAIL" else "")) as sink:
        post(sink, letters)
    assert len(sink.received) == 2
