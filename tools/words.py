"""Bring the catalogues of readers' languages up to date with the templates, and say what is still to be translated.

usage: tools/words.py [--check]

It reads what `_("…")`, `ngettext` and `{% trans %}` say in templates/web/ and in the program, writes
src/sparkpub/locale/sparkpub.pot and the .po file of each language, a new one for a folder that has none, and ends with
1 if one of them has faults. A message that no template has any more is taken out. The files hold no dates and no line
numbers, so that they change only when words do. `--check` writes nothing, and takes files that are not up to date for a
fault.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from sparkpub.core.vocabulary import vocabulary

ROOT = Path(__file__).parents[1]
LOCALE = ROOT / "src" / "sparkpub" / "locale"
TEMPLATE = LOCALE / "sparkpub.pot"
SOURCE = "en"
METHODS = {"templates/web/**/*.j2": "jinja2.ext:babel_extract", "src/sparkpub/**/*.py": "python"}
OPTIONS = {"encoding": "utf-8", "extensions": "jinja2.ext.i18n", "silent": "false"}
HEADER = "# What readers see on pages and in letters. `make words` keeps it up to date."

# Babel orders the Arabic forms in its own way; every other tool has them in CLDR's order, and so have we.
FORMS = {
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
}
_PLACE = re.compile(r"%\((\w+)\)s")


class Words(Catalog):
    """A catalogue whose file has no dates and no names of people."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """The fields at its beginning."""
        language = self.locale_identifier
        own = [("Language", language), ("Plural-Forms", FORMS.get(language, self.plural_forms))] if language else []
        return [
            ("Project-Id-Version", "sparkpub"),
            *own,
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
        ]


def extracted() -> Words:
    """Every message of the templates and the program, with the files that it stands in, in their order."""
    found = _empty(None)
    for pattern, method in METHODS.items():
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            for line, message, comments, context in extract_from_file(method, path, options=OPTIONS):
                found.add(message, locations=[(name, line)], auto_comments=comments, context=context)
    return found


def updated(path: Path, template: Catalog) -> Words:
    """The catalogue of a language with the template's messages; those of English say themselves."""
    language = path.parts[-3]  # as Babel has it: pt_BR
    held = path.read_text(encoding="utf-8") if path.is_file() else ""
    words = read_po(BytesIO(held.encode())) if held else None
    made = _empty(language)
    for message in template:
        if not message.id:
            continue
        old = words.get(_key(message), message.context) if words else None
        string = message.id if language == SOURCE else old.string if old else ""
        made.add(
            message.id,
            string,
            locations=message.locations,
            flags=(old.flags if old else set()) & {"fuzzy"},
            user_comments=old.user_comments if old else (),
            context=message.context,
        )
    return made


def faults(words: Catalog, language: str) -> Iterator[str]:
    """What keeps readers of a language from seeing every message as it is meant, a sentence each."""
    plurals = vocabulary(language).plurals
    numbers = Counter(map(plurals.name_of, range(300)))
    alone = {index for index, name in enumerate(plurals.names) if numbers[name] == 1}
    for message in words:
        if not message.id:
            continue
        said = _key(message)
        strings = message.string if isinstance(message.string, list | tuple) else (message.string,)
        if message.fuzzy:
            yield f"{said!r} is marked fuzzy: read it again, and take the mark away"
        if message.pluralizable and len(strings) != len(plurals.names):
            yield f"{said!r} needs {len(plurals.names)} forms ({', '.join(plurals.names)}), and has {len(strings)}"
        for index, string in enumerate(strings):
            if not string or not string.strip():
                yield f"{said!r} is not translated"
            else:
                yield from _faults_of(message, string, is_one_number=message.pluralizable and index in alone)


def _faults_of(message: Message, string: str, *, is_one_number: bool) -> Iterator[str]:
    """Places and signs of a translation that are not those of its message; a form of one number may leave it out."""
    said = _key(message)
    meant = set(_PLACE.findall(str(message.id[-1] if message.pluralizable else message.id)))
    places = set(_PLACE.findall(string))
    if places - meant or len(meant - places) > (1 if is_one_number else 0):
        yield f"{string!r} has other places than {said!r}: {', '.join(sorted(places ^ meant))}"
    if "%" in _PLACE.sub("", string):
        yield f"{string!r} has a % that belongs to no place"
    if odd := sorted(set("<>&{}") & set(string)):
        yield f"{string!r} has {' '.join(odd)}: translations are plain text"
    if string != string.strip() or "\n" in string:
        yield f"{string!r} begins or ends with white space, or has more than one line"


def _empty(language: str | None) -> Words:
    return Words(locale=language, header_comment=HEADER, fuzzy=False)


def _key(message: Message) -> str:
    return str(message.id[0] if message.pluralizable else message.id)


def po_text(words: Catalog) -> str:
    """A catalogue as a file has it."""
    written = BytesIO()
    write_po(written, words, width=100, include_lineno=False)
    return written.getvalue().decode()


def main(arguments: list[str]) -> int:
    """Write the files, or compare them; the number of faults, at most 1."""
    is_check = arguments == ["--check"]
    if arguments and not is_check:
        print(__doc__)
        return 2
    template = extracted()
    texts = {TEMPLATE: po_text(template)}
    found: list[str] = []
    for folder in sorted(path for path in LOCALE.iterdir() if path.is_dir()):
        path = folder / "LC_MESSAGES" / "sparkpub.po"
        words = updated(path, template)
        path.parent.mkdir(exist_ok=True)
        texts[path] = po_text(words)
        found += [f"{path.relative_to(ROOT)}: {fault}" for fault in faults(words, folder.name.replace("_", "-"))]
    for path, text in texts.items():
        if not is_check:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            found.append(f"{path.relative_to(ROOT)}: the templates have changed; run `make words`")
    print("\n".join(found) or f"{len(template)} messages, and every language has them all")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
