"""What readers type into and press a button on: subscribe, confirm, leave, preferences, and the probe.

A GET changes nothing, ever: programs that look at mail open every link in it. There is no cookie anywhere; the token in
an address is all that lets somebody in, and only the mailbox it was sent to has it.
"""

import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException, NotFound

from sparkpub.adapters import probe
from sparkpub.adapters.catalogues import languages, own_names
from sparkpub.core.addresses import address_key, parse_address
from sparkpub.core.consent import form_name, network
from sparkpub.core.records import Subscriber, SubscriberState
from sparkpub.core.tokens import Purpose
from sparkpub.core.wishes import NO_SERIES, Rhythm, Wishes
from sparkpub.errors import SparkpubError
from sparkpub.readers.subscribing import everything_about
from sparkpub.readers.wishing import Ask, Asked, Confirmed, ask, change, confirm, confirmation_of, forget
from sparkpub.web.desk import Desk
from sparkpub.web.logs import note
from sparkpub.web.offers import Offers
from sparkpub.web.pages import ReaderPages

_QUESTION = re.compile(r"[0-9a-f]{32}")
_HONEYPOT = "website"
_SECONDS_TO_WAIT = "60"


def readers_blueprint(desk: Desk, *, root: str) -> Blueprint:
    """Every address that letters and forms lead to, below the path `root` of [web] url."""
    face = _Face(desk, ReaderPages(desk.publication, root))
    readers = Blueprint("readers", __name__)
    rules: tuple[tuple[str, str, Callable[..., Response]], ...] = (
        ("GET", "/subscribe", face.subscribe),
        ("POST", "/subscribe", face.ask),
        ("GET", "/c/<token>", face.confirmation),
        ("POST", "/c/<token>", face.confirm),
        ("GET", "/u/<token>", face.leaving),
        ("POST", "/u/<token>", face.leave),
        ("GET", "/p/<token>", face.preferences),
        ("POST", "/p/<token>", face.change),
        ("POST", "/p/<token>/export", face.export),
        ("POST", "/p/<token>/erase", face.erase),
        ("POST", "/p/<token>/back", face.come_back),
        ("GET", "/probe/<question>", face.probe),
    )
    for method, address, view in rules:
        endpoint = f"{method.lower()}{address.replace('/', '-')}".translate(str.maketrans("", "", "<>"))
        readers.add_url_rule(address, endpoint, view, methods=[method])
    readers.register_error_handler(NotFound, face.unknown)
    readers.register_error_handler(HTTPException, face.refuse)
    readers.register_error_handler(SparkpubError, face.wait)
    readers.register_error_handler(Exception, face.fail)
    return readers


class _Face:
    """The views, with the desk that they turn to and the pages that they answer with."""

    def __init__(self, desk: Desk, pages: ReaderPages) -> None:
        self._desk, self._pages = desk, pages
        self._offers = Offers(desk)

    def subscribe(self) -> Response:
        """The form."""
        return self._form()

    def _form(self, *, fault: str = "", address: str = "", name: str = "", status: int = 200) -> Response:
        return self._pages.show("subscribe", status=status, fault=fault, address=address[:254], name=name[:100])

    def ask(self) -> Response:
        """Somebody typed an address: the answer is the same, whoever's it is."""
        typed, name = request.form.get("email", ""), request.form.get("name", "")
        language = self._pages.language(request.form.get("language", ""))
        if request.form.get(_HONEYPOT):
            return self._answered(language)
        try:
            address = parse_address(typed)
        except ValueError:
            return self._form(fault="address", address=typed, name=name, status=HTTPStatus.BAD_REQUEST)
        return self._asked(address, language=language, form=form_name(request.form.get("form", "")), name=name)

    def _asked(self, address: str, *, language: str, form: str, name: str = "") -> Response:
        """Write down who asks, by which form; the letter to confirm follows."""
        asked = Ask(
            address=address,
            name=name,
            language=language,
            form=form,
            wording=self._pages.wording(language),
            net=network(request.remote_addr or ""),
        )
        now = self._desk.clock()
        if self._desk.write(lambda press: ask(press, asked, now=now)) is Asked.TOO_MANY:
            return self._pages.show("too-many", language=language, status=HTTPStatus.TOO_MANY_REQUESTS)
        self._desk.wake()
        return self._answered(language)

    def _answered(self, language: str) -> Response:
        return self._pages.show("asked", language=language)

    def confirmation(self, token: str) -> Response:
        """What a link to confirm would do, with a button that does it."""
        now = self._desk.clock()
        state, reader = self._desk.read(lambda press: confirmation_of(press, token, now=now))
        return self._confirmed(state, reader, is_asked=True)

    def confirm(self, token: str) -> Response:
        """The button was pressed."""
        now, net = self._desk.clock(), network(request.remote_addr or "")
        state, reader = self._desk.write(lambda press: confirm(press, token, net=net, now=now))
        if state is Confirmed.ACTIVE:
            self._desk.wake()
        return self._confirmed(state, reader, is_asked=False)

    def _confirmed(self, state: Confirmed, reader: Subscriber | None, *, is_asked: bool) -> Response:
        language = reader.language if reader else ""
        if reader is None or state is Confirmed.UNKNOWN:
            raise NotFound
        if state is Confirmed.EXPIRED:
            return self._pages.show("expired", language=language, status=HTTPStatus.GONE)
        if state is Confirmed.ACTIVE and is_asked:
            return self._pages.show("confirm", language=language, reader=reader)
        return self._pages.show("confirmed", language=language, reader=reader, preferences=self._preferences(reader))

    def leaving(self, token: str) -> Response:
        """A button to leave with."""
        reader = self._desk.look(self._number(Purpose.LEAVE, token))
        if reader is None or reader.state is SubscriberState.UNSUBSCRIBED:
            return self._left(reader)
        return self._pages.show("leave", language=reader.language, reader=reader, preferences=self._preferences(reader))

    def leave(self, token: str) -> Response:
        """The button was pressed, or a mail program did so for its reader (RFC 8058)."""
        return self._left(self._desk.leave(self._number(Purpose.LEAVE, token)))

    def _left(self, reader: Subscriber | None) -> Response:
        preferences = self._preferences(reader) if reader else ""
        return self._pages.show("left", language=reader.language if reader else "", preferences=preferences)

    def _preferences(self, reader: Subscriber) -> str:
        """The way to a reader's preferences, below the root."""
        return f"/p/{self._desk.tokens.sign(Purpose.PREFERENCES, reader.subscriber_id)}"

    def preferences(self, token: str, *, is_saved: bool = False, fault: str = "") -> Response:
        """What a reader gets, as a form."""
        reader = self._reader(token)
        language = self._pages.language(reader.language)
        if reader.state is not SubscriberState.ACTIVE:
            return self._pages.show("away", language=language, reader=reader, here=f"/p/{token}")
        status = HTTPStatus.BAD_REQUEST if fault else HTTPStatus.OK
        return self._pages.show(
            "preferences",
            language=language,
            status=status,
            reader=reader,
            here=f"/p/{token}",
            leave=f"/u/{self._desk.tokens.sign(Purpose.LEAVE, reader.subscriber_id)}",
            offers=self._offers.to(reader),
            languages=own_names(),
            is_saved=is_saved,
            fault=fault,
        )

    def change(self, token: str) -> Response:
        """What a reader wants from now on."""
        reader = self._reader(token)
        form = request.form
        if "rhythm" not in form:  # it always stands in the form: whoever sent this filled in none
            return self.preferences(token)
        offers = self._offers.to(reader)
        rhythm, language = form.get("rhythm", ""), form.get("language", "")
        wishes = Wishes(
            without_series=_left_out([*(id_ for id_, _ in offers.series), NO_SERIES], form.getlist("series")),
            without_tags=_left_out(offers.tags, form.getlist("tag")),
            is_round_only=form.get("pieces") == "round",
            rhythm=Rhythm(rhythm) if rhythm in set(Rhythm) else reader.wishes.rhythm,
            from_beginning=tuple(id_ for id_, _ in offers.series if id_ in form.getlist("beginning")),
        )
        number = reader.subscriber_id
        spoken = language if language in languages() else reader.language
        name, now = form.get("name", ""), self._desk.clock()
        self._desk.write(lambda press: change(press, number, name=name, language=spoken, wishes=wishes, now=now))
        return self.preferences(token, is_saved=True)

    def export(self, token: str) -> Response:
        """Everything that is known of a reader, as a file."""
        reader = self._reader(token)
        known = self._desk.read(lambda press: everything_about(press, reader))
        text = json.dumps(known, ensure_ascii=False, indent=2)
        response = Response(f"{text}\n", content_type="application/json; charset=utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
        response.headers["Cache-Control"] = "no-store"
        return response

    def erase(self, token: str) -> Response:
        """Forget a reader, who typed their address to show that they mean it."""
        reader = self._reader(token)
        if not _is_same(request.form.get("address", ""), reader.address):
            return self.preferences(token, fault="address")
        number, now = reader.subscriber_id, self._desk.clock()
        self._desk.write(lambda press: forget(press, number, now=now))
        with suppress(SparkpubError):  # it is forgotten; what SQLite keeps beside its file goes another time
            self._desk.read(lambda press: press.ledger.shred())
        return self._pages.show("erased", language=reader.language)

    def come_back(self, token: str) -> Response:
        """Who has left asks again, as anybody may: by a letter to confirm."""
        reader = self._reader(token)
        return self._asked(reader.address, language=self._pages.language(reader.language), form="preferences")

    def _number(self, purpose: Purpose, token: str) -> int:
        """The number of the reader whom a link was signed for."""
        number = self._desk.reader(purpose, token)
        if number is None:
            raise NotFound
        return number

    def _reader(self, token: str) -> Subscriber:
        """Whose preferences a link is about."""
        reader = self._desk.look(self._number(Purpose.PREFERENCES, token))
        if reader is None:
            raise NotFound
        return reader

    def probe(self, question: str) -> Response:
        """Show that these links are answered with the press's key."""
        if not _QUESTION.fullmatch(question):
            raise NotFound
        return Response(probe.answer(self._desk.key, question), content_type="text/plain; charset=us-ascii")

    def unknown(self, error: NotFound) -> Response:
        """A page for links that were never signed, or whose reader is forgotten."""
        del error  # it knows no more
        return self._pages.show("unknown", status=HTTPStatus.NOT_FOUND)

    def refuse(self, error: HTTPException) -> Response:
        """A page for what the protocol refuses: a wrong method, a body too long."""
        response = self._pages.show("refused", status=error.code or 400, reason=error.name)
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    def wait(self, error: SparkpubError) -> Response:
        """A page for when the ledger cannot be used."""
        del error  # the press's own business; `sparkpub doctor` says it to whoever runs it
        response = self._pages.show("later", status=HTTPStatus.SERVICE_UNAVAILABLE)
        response.headers["Retry-After"] = _SECONDS_TO_WAIT
        return response

    def fail(self, error: Exception) -> Response:
        """A page for a fault of ours; the reader is told nothing of it."""
        note(error)
        return self._pages.show("later", status=HTTPStatus.INTERNAL_SERVER_ERROR)


def _is_same(typed: str, address: str) -> bool:
    """Whether somebody typed this address, however it is spelled."""
    with suppress(ValueError):
        typed = parse_address(typed)
    return address_key(typed) == address_key(address)


def _left_out(offered: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """What was offered and is not wanted."""
    chosen = set(wanted)
    return tuple(each for each in offered if each not in chosen)
