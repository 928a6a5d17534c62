"""Put personal fields back into a parsed body: sentinels for an email, defaults for what everybody may see."""

import html
import re
from collections.abc import Sequence
from dataclasses import replace

from markdown_it.token import Token

from sparkpub.core.personal import FieldText, FieldUse, Plant

_AS_TYPED = frozenset({"code_inline", "code_block", "fence"})
_HTML = frozenset({"html_inline", "html_block"})
_OPEN_HREF = re.compile(r"<a\s[^<>]*\bhref\s*=\s*[\"']?(?P<start>[^\"'<>]*)\Z", re.IGNORECASE)

NOWHERE = "reader:"
"""Begins the address of a reader's link where there is no reader: no link is made of it."""


def settle(tokens: Sequence[Token], taken: FieldText, plant: Plant | None) -> tuple[FieldUse, ...]:
    """Change the tokens of `taken.text` in place; the fields that count, in order: one in code is only an example.

    Values stand in text and in the address of a link. In other attributes, alt texts say, the default stands.
    """
    settler = _Settler(taken, plant)
    for token in tokens:
        settler.settle(token)
    return tuple(settler.uses[mark] for mark in taken.fields if mark in settler.uses)


class _Settler:
    """Walks the tokens and notes which fields it met, with what is wrong with their places."""

    def __init__(self, taken: FieldText, plant: Plant | None) -> None:
        self.taken, self.plant = taken, plant
        self.uses: dict[str, FieldUse] = {}

    def settle(self, token: Token) -> None:
        if token.type in _AS_TYPED:
            token.content = self.taken.restored(token.content, lambda use: use.typed)
        elif token.type in _HTML:
            token.content = self._html(token.content)
        else:
            token.content = self._text(token.content)
        for name, value in token.attrs.items():
            if isinstance(value, str):
                token.attrs[name] = self._href(value) if name == "href" else self._public(value)
        if caption := token.meta.get("caption"):
            token.meta["caption"] = self._public(caption)
        token.info = self.taken.restored(token.info, lambda use: use.typed)
        plant, self.plant = self.plant, None if token.type == "image" else self.plant  # its children are its alt text
        for child in token.children or []:
            self.settle(child)
        self.plant = plant

    def _text(self, text: str) -> str:
        for mark, use in self._met(text):
            text = text.replace(mark, use.word(self.plant))
        return text

    def _public(self, text: str) -> str:
        for mark, use in self._met(text):
            text = text.replace(mark, use.word(None))
        return text

    def _href(self, href: str) -> str:
        for mark, use in self._met(href):
            is_whole, is_first = href == mark, href.startswith(mark)
            if use.is_link and not is_whole:
                self._blame(mark, "a reader's own link is the whole address or none of it", "let it stand alone")
            elif is_first and not use.is_link:
                cure = "begin with https:// and a host of your own"
                self._blame(mark, "the address of a link begins with a reader's value", cure)
            href = href.replace(mark, self._address(use))
        return href

    def _html(self, source: str) -> str:
        """Raw HTML with values in its text and in `href`, and defaults in all other attributes."""
        for mark, use in self._met(source):
            *before, last = source.split(mark)
            done = ""
            for piece in before:
                done += piece
                done += html.escape(self._in_html(mark, use, done))
            source = done + last
        return source

    def _in_html(self, mark: str, use: FieldUse, before: str) -> str:
        if before.rfind("<") <= before.rfind(">"):
            return use.word(self.plant)
        href = _OPEN_HREF.search(before)
        return self._href(href["start"] + mark)[len(href["start"]) :] if href else use.word(None)

    def _address(self, use: FieldUse) -> str:
        return use.word(self.plant) if self.plant or not use.is_link else f"{NOWHERE}{use.name}"

    def _met(self, text: str) -> list[tuple[str, FieldUse]]:
        met = [(mark, use) for mark, use in self.taken.fields.items() if mark in text]
        for mark, use in met:
            self.uses.setdefault(mark, use)
        return met

    def _blame(self, mark: str, message: str, cure: str) -> None:
        if not self.uses[mark].message:
            self.uses[mark] = replace(self.uses[mark], message=message, cure=cure)
