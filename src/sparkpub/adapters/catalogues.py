"""The words of pages and letters in readers' languages: gettext catalogues, one a language, read through Babel."""

from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from io import BytesIO

_FALLBACK = "en"
_LOCALE = resources.files("sparkpub") / "locale"


@cache
def languages() -> tuple[str, ...]:
    """The languages that have a catalogue, by their BCP 47 tags in the order of the alphabet."""
    return tuple(sorted(folder.name.replace("_", "-") for folder in _LOCALE.iterdir() if folder.is_dir()))


@cache
def own_names() -> Mapping[str, str]:
    """Those languages' names in themselves, as a list shows them: `Français` for `fr`."""
    from babel import Locale

    names = {tag: Locale.parse(tag, sep="-").get_display_name() or tag for tag in languages()}
    return {tag: name[:1].upper() + name[1:] for tag, name in names.items()}


def catalogue(language: str) -> NullTranslations:
    """The words of a language by its BCP 47 tag, whole or its first part; English where there are none of it.

    A message that nobody has translated is given back as it is.
    """
    known = {tag.lower(): tag for tag in languages()}
    tag = language.lower()
    return _read(known.get(tag) or known.get(tag.partition("-")[0]) or _FALLBACK)


@cache
def _read(language: str) -> NullTranslations:
    from babel.messages.mofile import write_mo  # Babel takes 70 ms to import
    from babel.messages.pofile import read_po

    path = _LOCALE / language.replace("-", "_") / "LC_MESSAGES" / "sparkpub.po"
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, abort_invalid=True))
    compiled.seek(0)
    return GNUTranslations(compiled)
