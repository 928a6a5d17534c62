"""Quotes, dashes and ellipses as a language prints them, and the few words that a rendering adds of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it.rules_core import StateCore
from markdown_it.rules_core.smartquotes import process_inlines
from markdown_it.token import Token

# Pairing quotes looks back over all that are open: past this many in one paragraph they stay as typed.
_MOST_QUOTES = 400

_EN, _EM = "–", "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typography:
    """What one language makes of typewriter signs.

    `quotes` are the outer pair and the inner pair. `spaced` is the dash between spaces, `closed` the one between
    letters; between digits it is always an en dash. `is_dialogue` lets a dash open a line of speech.
    """

    quotes: tuple[str, str, str, str]
    spaced: str = _EN
    closed: str = _EM
    is_dialogue: bool = False
    is_spaced_punctuation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The words that stand around notes, links and pictures. `back` takes the note's number."""

    notes: str
    links: str
    image: str
    back: str


_GUILLEMETS = ("«", "»")
_HIGH = ("“", "”", "‘", "’")
_LOW = ("„", "“", "‚", "‘")
_ENGLISH = Typography(quotes=_HIGH)
_GERMAN = Typography(quotes=_LOW, closed=_EN)
_SPANISH = Typography(quotes=(*_GUILLEMETS, "“", "”"), spaced=_EM, is_dialogue=True)
_RUSSIAN = Typography(quotes=(*_GUILLEMETS, "„", "“"), spaced=_EM, is_dialogue=True)
_FRENCH = Typography(
    # U+202F, the narrow no-break space, stands inside guillemets and before double punctuation.
    quotes=("«\u202f", "\u202f»", "“", "”"),
    spaced=_EM,
    is_dialogue=True,
    is_spaced_punctuation=True,
)

# Guillemets are mirrored in a line that runs from right to left; curled quotes are not, and turn their backs.
_ARABIC = Typography(quotes=(*_GUILLEMETS, "‹", "›"), closed=_EN, is_dialogue=True)

_TYPOGRAPHY = {
    "en": _ENGLISH,
    "fr": _FRENCH,
    "de": _GERMAN,
    "de-ch": Typography(quotes=(*_GUILLEMETS, "‹", "›"), closed=_EN),
    "es": _SPANISH,
    "it": _SPANISH,
    "pt": _SPANISH,
    "ca": _SPANISH,
    "el": _SPANISH,
    "ru": _RUSSIAN,
    "uk": _RUSSIAN,
    "be": _RUSSIAN,
    "bg": Typography(quotes=_LOW, spaced=_EM, is_dialogue=True),
    "cs": _GERMAN,
    "sk": _GERMAN,
    "sl": _GERMAN,
    "is": _GERMAN,
    "lt": _GERMAN,
    "pl": Typography(quotes=("„", "”", "«", "»")),
    "ro": Typography(quotes=("„", "”", "«", "»"), is_dialogue=True),
    "hu": Typography(quotes=("„", "”", "»", "«")),
    "sv": Typography(quotes=("”", "”", "’", "’")),
    "fi": Typography(quotes=("”", "”", "’", "’")),
    "nb": Typography(quotes=(*_GUILLEMETS, "‘", "’")),
    "nn": Typography(quotes=(*_GUILLEMETS, "‘", "’")),
    "no": Typography(quotes=(*_GUILLEMETS, "‘", "’")),
    "ar": _ARABIC,
}

_LABELS = {
    "en": Labels(notes="Notes", links="Links", image="Image", back="Back to reference {}"),
    "fr": Labels(notes="Notes", links="Liens", image="Image", back="Retour à l’appel de note {}"),
    "de": Labels(notes="Anmerkungen", links="Links", image="Bild", back="Zurück zur Stelle {}"),
    "es": Labels(notes="Notas", links="Enlaces", image="Imagen", back="Volver a la llamada {}"),
    "it": Labels(notes="Note", links="Link", image="Immagine", back="Torna al richiamo {}"),
    "pt": Labels(notes="Notas", links="Ligações", image="Imagem", back="Voltar à chamada {}"),
    "ru": Labels(notes="Примечания", links="Ссылки", image="Изображение", back="Назад к сноске {}"),
    "uk": Labels(notes="Примітки", links="Посилання", image="Зображення", back="Назад до виноски {}"),
    "ar": Labels(notes="هوامش", links="روابط", image="صورة", back="العودة إلى موضع الهامش {}"),
}


def typography(language: str) -> Typography:
    """The habits of a language by its BCP 47 tag; English where none are known."""
    tag = language.lower()
    return _TYPOGRAPHY.get(tag) or _TYPOGRAPHY.get(tag.partition("-")[0], _ENGLISH)


def labels(language: str) -> Labels:
    """The words of a language by its BCP 47 tag; English where none are known."""
    return _LABELS.get(language.lower().partition("-")[0], _LABELS["en"])


class TypographyRule:
    """A rule for markdown-it's core chain that sets every run of text as `habits` print it.

    It stands in for the library's own `replacements` and `smartquotes`, which turn `(c)` into a sign and every
    `--` into the same dash. Code, raw HTML, escaped signs and addresses stay as typed.
    """

    def __init__(self, habits: Typography) -> None:
        """A rule for the habits of one language."""
        self.habits = habits

    def __call__(self, state: StateCore) -> None:
        """Set every block of inline text."""
        for token in state.tokens:
            if token.type == "inline" and token.children:
                self._set(token.children, state)

    def _set(self, tokens: list[Token], state: StateCore) -> None:
        self._dash(tokens)
        texts = [token for token in tokens if token.type == "text"]
        if 0 < sum(t.content.count('"') + t.content.count("'") for t in texts) <= _MOST_QUOTES:
            for text in texts:
                text.content = _CLIPPED_YEAR.sub("’", text.content)
            process_inlines(tokens, state)
            self._finish_quotes(tokens)
        if self.habits.is_spaced_punctuation:
            for text in texts:
                text.content = _BEFORE_COLON.sub("\u00a0", _BEFORE_HIGH.sub("\u202f", text.content))

    def _dash(self, tokens: list[Token]) -> None:
        inside_address = False
        for index, token in enumerate(tokens):
            if token.type in {"link_open", "link_close"} and token.info == "auto":
                inside_address = token.nesting > 0
            elif token.type == "text" and not inside_address and ("--" in token.content or "..." in token.content):
                around = (_last_before(tokens, index), _first_after(tokens, index))
                token.content = _dashed(token.content, around, self.habits)

    def _finish_quotes(self, tokens: Sequence[Token]) -> None:
        """What found no partner: a clipped word, or a quotation that runs on into the next paragraph."""
        for index, token in enumerate(tokens):
            if token.type != "text":
                continue
            if index == 0 and token.content.startswith('"'):
                token.content = self.habits.quotes[0] + token.content[1:]
            token.content = _CLIPPED_WORD.sub("’", token.content)


# An address typed in the text is matched first, so that nothing inside it changes.
# A scheme is looked for at the beginning of a word only: anywhere else a long word would be read once a letter.
_TYPED = re.compile(r"(?P<address>(?<!\w)\w{1,20}://\S+)|(?P<dashes>-{2,})|(?P<dots>\.{3,})")
_CLIPPED_YEAR = re.compile(r"(?<!\w)'(?=\d\ds?\b)")
_CLIPPED_WORD = re.compile(r"'(?=\w)")
_BEFORE_HIGH = re.compile(r"(?<=\S) (?=[;!?»])|(?<=«) ")
_BEFORE_COLON = re.compile(r"(?<=\S) (?=:(?:\s|$))")


def _dashed(text: str, around: tuple[str, str], habits: Typography) -> str:
    """`text` with its dashes and ellipses set; `around` are the characters before and after it."""

    def sign(match: re.Match[str]) -> str:
        typed = match.group()
        if match["address"]:
            return typed
        if match["dots"]:
            return {3: "…", 4: "…."}.get(len(typed), typed)
        before = text[match.start() - 1] if match.start() else around[0]
        after = text[match.end()] if match.end() < len(text) else around[1]
        return _dash(len(typed), before, after, habits) or typed

    return _TYPED.sub(sign, text)


def _dash(length: int, before: str, after: str, habits: Typography) -> str:
    """The dash for so many hyphens between two characters, or nothing where they are not meant as one."""
    three = 3
    if length > three:
        return ""
    if length == three:
        return _EM
    if before.isspace():
        return habits.spaced if after.isspace() or habits.is_dialogue else ""
    if before.isdigit() and after.isdigit():
        return _EN
    return habits.closed


def _last_before(tokens: Sequence[Token], index: int) -> str:
    """The character before a token in the line, a space where a line begins."""
    for token in reversed(tokens[max(0, index - 8) : index]):
        if token.type in {"softbreak", "hardbreak"}:
            break
        if token.content:
            return token.content[-1]
    return " "


def _first_after(tokens: Sequence[Token], index: int) -> str:
    """The character after a token in the line, a space where a line ends."""
    for token in tokens[index + 1 : index + 9]:
        if token.type in {"softbreak", "hardbreak"}:
            break
        if token.content:
            return token.content[0]
    return " "
