"""How the scripts of languages are set: which way they run, and whether their letters slant."""

from sparkpub.core.settings import Settings

_RTL_LANGUAGES = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"})
_RTL_SCRIPTS = frozenset({"adlm", "arab", "aran", "hebr", "nkoo", "rohg", "syrc", "thaa"})
_UPRIGHT = _RTL_LANGUAGES | _RTL_SCRIPTS | {"ja", "jpan", "zh", "hans", "hant", "ko", "kore", "th", "thai"}


def direction(language: str, settings: Settings) -> str:
    """`ltr` or `rtl`: what the publication says for its own language, else by script and language (BCP 47)."""
    if settings.publication.direction and language == settings.publication.language:
        return settings.publication.direction
    code, *subtags = language.lower().split("-")
    script = next((tag for tag in subtags if len(tag) == len("Arab") and tag.isalpha()), "")
    return "rtl" if (script in _RTL_SCRIPTS if script else code in _RTL_LANGUAGES) else "ltr"


def slant(language: str) -> str:
    """`italic`, or `normal` where the language's script has no slanted letters, which browsers would only tilt."""
    code, *subtags = language.lower().split("-")
    script = next((tag for tag in subtags if len(tag) == len("Latn") and tag.isalpha()), "")
    return "normal" if (script or code) in _UPRIGHT else "italic"
