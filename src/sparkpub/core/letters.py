"""Letters: messages to one reader that belong to no release, such as the one that asks to confirm.

    templates ──LetterWriter.sheet──▶ Sheet: the same for every reader of one language and rhythm
    Sheet.compiled ──▶ one message, with the reader's own links in it

No word that a stranger could have typed stands in a letter before its reader has confirmed, not even a name: a form can
be filled in for anybody.
"""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo
from email.utils import format_datetime
from hashlib import sha256
from typing import Protocol

import jinja2
from markupsafe import Markup as SafeHtml

from sparkpub.core import links
from sparkpub.core.addresses import parse_mailbox
from sparkpub.core.article import Neighbour
from sparkpub.core.colours import dark_palette, light_palette
from sparkpub.core.consent import CONFIRM_WITHIN
from sparkpub.core.email import template_mistakes, tidy_text
from sparkpub.core.mail import LEAVE, ONE_CLICK, Addressing, Compiled, ReaderValues, encoded_value
from sparkpub.core.mime import CRLF, mailbox_field, quoted_printable, text_field
from sparkpub.core.records import Letter, LetterKind, SubscriberState
from sparkpub.core.scripts import direction, slant
from sparkpub.core.sentinels import Sentinels
from sparkpub.core.settings import Settings
from sparkpub.core.tokens import Tokens
from sparkpub.core.wishes import Rhythm
from sparkpub.core.words import date_words

FOLDER = "web/letters"
"""Where the templates of letters stand below `templates/`."""

CLOCK = "%H:%M"


class Catalogue(Protocol):
    """The words of a language, as `gettext` has them."""

    def gettext(self, message: str) -> str:
        """A message in that language, itself where nobody has translated it."""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """A message in the form that a number asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """All that two letters must have in common to be alike but for their readers' links."""

    kind: LetterKind
    language: str
    on: date
    rhythm: Rhythm = Rhythm.EACH
    series: tuple[str, ...] = ()
    newest: Neighbour | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A letter with words in place of each reader's own links."""

    occasion: Occasion
    subject: str
    html: str = field(repr=False)
    text: str = field(repr=False)
    marks: Mapping[str, str] = field(repr=False)

    def compiled(self, letter: Letter, values: ReaderValues, *, settings: Settings, tokens: Tokens) -> Compiled:
        """The message to a reader: multipart/alternative, CRLF, the same whenever it is made.

        `values` are what `address_letter` gives for the letter.
        """
        named = {
            "unsubscribe_url": values.unsubscribe_url,
            "preferences_url": values.preferences_url,
            "confirm_url": confirm_url(letter, settings=settings, tokens=tokens),
        }
        own = {mark: named[name] for name, mark in self.marks.items()}
        pattern = re.compile("|".join(map(re.escape, own)))
        parts = [
            ("plain", pattern.sub(lambda found: own[found[0]], self.text)),
            ("html", pattern.sub(lambda found: html.escape(own[found[0]]), self.html)),
        ]
        boundary = f"=_sl_{sha256(''.join(text for _, text in parts).encode()).hexdigest()[:40]}"
        body = b"".join(_part(boundary, subtype, text) for subtype, text in parts)
        head = self._header(letter, values, settings)
        kind = f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'
        return Compiled(runs=(head + kind.encode() + body + f"--{boundary}--\r\n".encode(),), holes=())

    def _header(self, letter: Letter, values: ReaderValues, settings: Settings) -> bytes:
        """Every field but Content-Type. It is marked as made by a machine (RFC 3834), so that nothing answers it."""
        publication, reader = settings.publication, letter.reader
        is_known = reader.state is SubscriberState.ACTIVE and letter.kind is not LetterKind.CONFIRM
        fields = [
            mailbox_field("From", *parse_mailbox(publication.from_)),
            mailbox_field("To", reader.name if is_known else "", reader.address),
            text_field("Subject", self.subject),
            f"Date: {format_datetime(letter.queued_at)}\r\nMessage-ID: {values.message_id}\r\n".encode("ascii"),
        ]
        if publication.reply_to:
            fields.append(mailbox_field("Reply-To", *parse_mailbox(publication.reply_to)))
        if letter.kind is not LetterKind.CONFIRM and values.leave_urls:
            fields.append(encoded_value(LEAVE, values))
            if settings.web.url:
                fields.append(ONE_CLICK)
        fields.append(text_field("Content-Language", self.occasion.language))
        fields.append(b"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n")
        return b"".join(fields)


def _part(boundary: str, subtype: str, text: str) -> bytes:
    """One of the twins, quoted-printable."""
    head = f'--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
    return head.encode() + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted_printable(text) + CRLF


def address_letter(letter: Letter, *, settings: Settings, tokens: Tokens) -> ReaderValues:
    """A letter's Message-ID, which follows from the wish that it answers, and its reader's links to leave."""
    addressing = Addressing(settings, tokens, release=f"{letter.kind}/{letter.wished_at:%Y%m%d%H%M%S}")
    return addressing.values(letter.reader.subscriber_id, address=letter.reader.address, name=letter.reader.name)


def confirm_url(letter: Letter, *, settings: Settings, tokens: Tokens) -> str:
    """Where a reader confirms the wish that a letter asks about."""
    return f"{settings.web.url.rstrip('/')}/c/{tokens.sign_wish(letter.reader.subscriber_id, letter.wished_at)}"


class LetterWriter:
    """Writes the letters of a publication from its templates."""

    def __init__(
        self, settings: Settings, templates: jinja2.Environment, *, zone: tzinfo, words: Callable[[str], Catalogue]
    ) -> None:
        """Write in the words that `words` has for a language."""
        self._settings, self._templates, self._zone, self._words = settings, templates, zone, words
        self._sheets: dict[Occasion, Sheet] = {}

    def sheet(self, letter: Letter, newest: Neighbour | None = None) -> Sheet:
        """The letter but for its reader's links; made once for all that are alike.

        Raises:
            jinja2.TemplateError: a template has faults.
        """
        reader, is_welcome = letter.reader, letter.kind is LetterKind.WELCOME
        series = (
            self._settings.series[id_].title for id_ in reader.wishes.from_beginning if id_ in self._settings.series
        )
        occasion = Occasion(
            kind=letter.kind,
            language=reader.language or self._settings.publication.language,
            on=letter.queued_at.astimezone(self._zone).date(),
            rhythm=reader.wishes.rhythm if is_welcome else Rhythm.EACH,
            series=tuple(series) if is_welcome else (),
            newest=newest if is_welcome else None,
        )
        if occasion not in self._sheets:
            self._sheets[occasion] = self._written(occasion)
        return self._sheets[occasion]

    def _written(self, occasion: Occasion) -> Sheet:
        """A letter as its templates write it."""
        from sparkpub.core.inline import inline_css  # premailer takes a quarter of a second to import

        fields = ("confirm_url",) if occasion.kind is LetterKind.CONFIRM else ()
        marks = Sentinels(f"letter/{occasion.kind}", fields)
        values = self._values(occasion, marks)
        with template_mistakes():
            plain = self._templates.overlay(autoescape=False)
            css, embed = (plain.get_template(f"{FOLDER}/{name}.css").render(**values) for name in ("inline", "embed"))
            # The stylesheet is the theme's own; nothing of a reader's is in it.
            values |= {"embed_css": SafeHtml(embed)}  # noqa: S704
            page = self._templates.get_template(f"{FOLDER}/{occasion.kind}.html.j2").render(**values)
            twin = self._templates.get_template(f"{FOLDER}/{occasion.kind}.txt.j2").render(**values)
        subject, _, text = tidy_text(twin).partition("\n")
        return Sheet(
            occasion=occasion,
            subject=" ".join(subject.split()),
            html=inline_css(page, css),
            text=tidy_text(text),
            marks=marks,
        )

    def _values(self, occasion: Occasion, marks: Mapping[str, str]) -> dict[str, object]:
        """Everything that a template of a letter may name; the comment at the top of `letter.html.j2` lists it."""
        settings, language = self._settings, occasion.language
        publication, catalogue = settings.publication, self._words(language)
        side = direction(language, settings)
        is_confirm = occasion.kind is LetterKind.CONFIRM
        return {
            "_": catalogue.gettext,
            "ngettext": catalogue.ngettext,
            "publication": publication,
            "home_url": links.absolute(publication.base_url.rstrip("/"), "/"),
            "date": date_words(occasion.on, language),
            "language": language,
            "direction": side,
            "publication_direction": direction(publication.language, settings),
            "start": "left" if side == "ltr" else "right",
            "end": "right" if side == "ltr" else "left",
            "slant": slant(language),
            "publication_slant": slant(publication.language),
            "fonts": {"text": settings.email.font_text, "display": settings.email.font_display},
            "light": light_palette(settings.email),
            "dark": dark_palette(settings.email),
            "confirm_url": marks.get("confirm_url"),
            "unsubscribe_url": None if is_confirm else marks["unsubscribe_url"],
            "preferences_url": marks["preferences_url"] if settings.web.url and not is_confirm else None,
            "confirm_days": CONFIRM_WITHIN.days,
            "rhythm": occasion.rhythm.value,
            "digest_time": f"{settings.schedule.digest_time:{CLOCK}}",
            "digest_day": settings.schedule.digest_day,
            "series": occasion.series,
            "newest": occasion.newest,
        }
