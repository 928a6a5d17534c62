"""Colours by WCAG's arithmetic: what can be read on what, the dark twin of a theme, and faults of either."""

import re
from dataclasses import dataclass

from sparkpub.core.settings import EmailSettings
from sparkpub.errors import Fault

READABLE = 4.5
"""The least contrast of text (WCAG 2.2, 1.4.3, level AA)."""

_STEPS = 50
_SIX_DIGITS = re.compile(r"#[0-9a-fA-F]{6}")
_THREE_DIGITS = re.compile(r"#([0-9a-fA-F])([0-9a-fA-F])([0-9a-fA-F])(?![\w-])")
# What would end a declaration, a rule or the <style> element cannot stand in the name of a font.
_NOT_IN_FONTS = re.compile(r"[^\w\s,.'\-]")
_NAMES = ("paper", "desk", "ink", "muted", "accent")
_TEXTS = ("ink", "muted", "accent")
_GROUNDS = {"paper": "paper", "desk": "desk", "wash": "the ground of note boxes, half paper and half desk,"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of a theme by day or by night, each as six hex digits with a hash.

    `paper` lies behind the text and `desk` around it; `wash` is the ground of note boxes; `ink`, `muted` and
    `accent` can be read on all three. `line` is drawn between things and never carries text.
    """

    paper: str
    desk: str
    ink: str
    muted: str
    accent: str
    line: str
    wash: str


def light_palette(theme: EmailSettings) -> Palette:
    """The theme's colours as its settings give them."""
    return Palette(
        paper=theme.paper,
        desk=theme.desk,
        ink=theme.ink,
        muted=theme.muted,
        accent=theme.accent,
        line=mixed(theme.paper, theme.ink, 0.2),
        wash=mixed(theme.paper, theme.desk, 0.5),
    )


def dark_palette(theme: EmailSettings) -> Palette:
    """The theme by night: warm near-black, and the accent lifted until it can be read."""
    wash = "#272421"
    return Palette(
        paper="#1c1a18",
        desk="#131211",
        ink="#e9e4da",
        muted="#aba396",
        accent=lifted(theme.accent, wash),
        line="#49443e",
        wash=wash,
    )


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(colour: str, other: str, share: float) -> str:
    """`colour` with `share` (0 to 1) of the other in it."""
    pairs = zip(_rgb(colour), _rgb(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def lifted(colour: str, ground: str) -> str:
    """The nearest lighter shade of a colour that can be read on a dark ground."""
    shades = (mixed(colour, "#ffffff", step / _STEPS) for step in range(_STEPS + 1))
    return next((shade for shade in shades if contrast(shade, ground) >= READABLE), "#ffffff")


def six_digits(style: str) -> str:
    """Declarations with every colour of three digits written with six, as old mail clients need it."""
    return _THREE_DIGITS.sub(r"#\1\1\2\2\3\3", style)


def theme_faults(theme: EmailSettings) -> tuple[Fault, ...]:
    """What is wrong with the colours and fonts of `[email]`: no colour, no name of a font, not to be read."""
    faults = [
        _fault(f"{name} {getattr(theme, name)!r} is no colour", "write # and six hex digits")
        for name in _NAMES
        if not _SIX_DIGITS.fullmatch(getattr(theme, name))
    ]
    for name in ("font_text", "font_display"):
        if found := _NOT_IN_FONTS.search(getattr(theme, name)):
            cure = "write names with commas between them, those with spaces in single quotes"
            faults.append(_fault(f"{name} holds {found.group()!r}", cure))
    return tuple(faults) or _unreadable(light_palette(theme))


def _unreadable(palette: Palette) -> tuple[Fault, ...]:
    """A fault for each text colour too close to a ground."""
    faults = []
    for text in _TEXTS:
        for ground, words in _GROUNDS.items():
            found = contrast(getattr(palette, text), getattr(palette, ground))
            if found < READABLE:
                message = f"{text} on {words} has a contrast of {found:.2f}; readers need {READABLE}"
                faults.append(_fault(message, f"choose colours for {text} and its ground that lie further apart"))
    return tuple(faults)


def _fault(message: str, cure: str) -> Fault:
    return Fault(path="sparkpub.toml", line=0, message=f"[email] {message}", cure=cure)


def _rgb(colour: str) -> tuple[int, int, int]:
    """A colour of six hex digits as numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    """Relative luminance, 0 to 1."""
    red, green, blue = (c / 255 for c in _rgb(colour))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue))  # noqa: PLR2004
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
