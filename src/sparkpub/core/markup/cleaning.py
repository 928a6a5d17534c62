"""The two gates: no character that the formats forbid comes in or goes out, and no element that nobody foresaw."""

import re
from functools import lru_cache

import nh3

from sparkpub.core.markup.raw import TAGS

# Control characters, lone surrogates and non-characters: no mail, feed or page may hold them.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029]")


def printable(text: str) -> str:
    """`text` without the characters that no mail, feed or page may hold, and one kind of line end."""
    if text.replace("\n", "").isprintable():  # most are, and it is far quicker to ask
        return text
    return _UNPRINTABLE.sub("", _LINE_ENDS.sub("\n", text))


def sanitised(source: str) -> str:
    """HTML as written here, balanced and let through by the allow-list; empty or ended by a line end."""
    clean = printable(_cleaner().clean(source)).strip()
    return clean + "\n" if clean else ""


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    """The last gate: balances what raw HTML left open, and lets nothing through that was not foreseen."""
    cell = {"colspan", "rowspan", "scope", "style", "class"}
    attributes = {
        "*": {"class", "dir", "lang", "title"},
        "a": {"href", "id"},
        "img": {"src", "alt", "width", "height"},
        "li": {"id", "value"},
        "ol": {"start"},
        "col": {"span"},
        "colgroup": {"span"},
        "td": cell,
        "th": cell,
        "time": {"datetime"},
    }
    return nh3.Cleaner(
        tags=set(TAGS) - {"h1"},
        attributes=attributes,
        filter_style_properties={"text-align"},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    )
