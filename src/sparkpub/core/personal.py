"""Personal fields: where an editor wants a reader's own value, and what stands there for everybody else.

    {{ reader.name | default("reader") }}        a name or any attribute, with what stands there without one
    {{ reader.unsubscribe }}  {{ reader.preferences }}    the reader's own links

The same forms mean the same in Markdown, in an issue's footer and preheader, and in email templates. In a message
the value is spliced in, or the default where the reader has none: so one edition serves every reader, and nothing can
depend on a value. Pages and feeds, which are everybody's, show the default; a link of the reader's is no link there.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

import jinja2

from sparkpub.core.model import Issue
from sparkpub.core.sentinels import Sentinels
from sparkpub.errors import Fault

LINKS = {"unsubscribe": "unsubscribe_url", "preferences": "preferences_url"}
"""The links by the names that editors know, and the fields they are."""

_FORM = '{{ reader.name | default("reader") }}'
_LONGEST_DEFAULT = 200
_SHOWN = 60
_MENTION = re.compile(r"\{\{-?[ \t]*reader\b(?:[^\n{}]*\}\})?", re.IGNORECASE)
_FIELD = re.compile(
    r"\{\{[ \t]*reader\.(?P<name>[a-z][a-z0-9_]*)"
    r"(?:[ \t]*\|[ \t]*default\([ \t]*(?P<quote>[\"'])(?P<default>[^\"'{}\n]*)(?P=quote)[ \t]*\))?[ \t]*\}\}"
)
_EDITABLE = ("footer", "preheader")
_PUBLIC = ("title", "kicker", "summary")

Plant = Callable[[str], str]
"""Gives the sentinel of a field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldUse:
    """A personal field in a text; `line` counts from 1. A faulty one has a `message` and its `cure`.

    `default` is None for the links. `typed` is the field as the editor wrote it.
    """

    name: str
    default: str | None
    line: int
    typed: str
    message: str = ""
    cure: str = ""

    @property
    def is_link(self) -> bool:
        """Whether the value is an address on the web."""
        return self.default is None

    @property
    def key(self) -> str:
        """What the field is called in an edition: two with the same name and default are one."""
        return LINKS[self.name] if self.default is None else f"{self.name}:{self.default}"

    def word(self, plant: Plant | None) -> str:
        """What stands for it: a sentinel in an edition, what everybody may see elsewhere, itself if it is faulty."""
        if self.message:
            return self.typed
        return plant(self.key) if plant else self.default or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldText:
    """A text with a word of letters and digits in place of each field, and the fields by those words."""

    text: str
    fields: dict[str, FieldUse]

    def restored(self, text: str, word: Callable[[FieldUse], str]) -> str:
        """A part of the text with `word` of each field back in its place."""
        for mark, use in self.fields.items():
            if mark in text:
                text = text.replace(mark, word(use))
        return text


def field_name(column: str) -> str:
    """The name that editors write for a column of the readers' list: `First name` is `first_name`."""
    return column if column.isidentifier() and column.islower() else re.sub(r"\W+", "_", column.lower()).strip("_")


def fields_in(text: str) -> list[FieldUse]:
    """Every personal field of a text, faulty ones too, in order."""
    return [_read(found, text) for found in _MENTION.finditer(text)]


def taken_out(text: str) -> FieldText:
    """A text whose fields are replaced by words that no parser cuts or changes; its lines stay what they are."""
    if "{{" not in text:
        return FieldText(text=text, fields={})
    stem = f"spf{sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"
    fields: dict[str, FieldUse] = {}

    def word(found: re.Match[str]) -> str:
        mark = f"{stem}x{len(fields):04}z"
        fields[mark] = _read(found, text)
        return mark

    return FieldText(text=_MENTION.sub(word, text), fields=fields)


def planted(text: str, plant: Plant | None) -> str:
    """One line of front matter with its fields planted, or with what everybody may see."""
    return _MENTION.sub(lambda found: _read(found, text).word(plant), text) if "{{" in text else text


def for_all(text: str) -> str:
    """A line of front matter as everybody may see it, the defaults in place of its fields."""
    return planted(text, None)


def front_matter_faults(issue: Issue) -> list[Fault]:
    """What is wrong with the personal fields of an issue's front matter: only footer and preheader are mail's alone."""
    faults = []
    for key in (*_EDITABLE, *_PUBLIC):
        for use in fields_in(str(getattr(issue, key))):
            line = _line_of(issue, key)
            if key in _PUBLIC:
                message = f"a personal field in {key}, which page and feeds show as well"
                cure = "keep it to the body, the footer and the preheader"
                faults.append(Fault(path=issue.path, line=line, message=message, cure=cure))
            elif use.message:
                faults.append(Fault(path=issue.path, line=line, message=use.message, cure=use.cure))
    return faults


def field_faults(issue: Issue, uses: Iterable[FieldUse]) -> list[Fault]:
    """What is wrong with these personal fields of an issue's body, each with its line in the file."""
    return [
        Fault(path=issue.path, line=issue.body_line + use.line - 1, message=use.message, cure=use.cure)
        for use in uses
        if use.message
    ]


def _line_of(issue: Issue, key: str) -> int:
    """The line of a key in an issue's file, 0 if it cannot be told."""
    lines = issue.source.decode("utf-8", "replace").split("\n")[: issue.body_line]
    return next((number for number, line in enumerate(lines, 1) if line.startswith(f"{key}:")), 0)


def _read(found: re.Match[str], text: str) -> FieldUse:
    """A mention of a reader's field, with what is wrong with it."""
    typed = found[0]
    form = _FIELD.fullmatch(typed)
    name, default = (form["name"], form["default"]) if form else ("", "")
    message, cure = _fault(name, default) if form else _misspelt(typed)
    return FieldUse(
        name=name,
        default=None if name in LINKS else default or "",
        line=text.count("\n", 0, found.start()) + 1,
        typed=typed,
        message=f"{typed[:_SHOWN]}: {message}" if message else "",
        cure=cure,
    )


def _misspelt(typed: str) -> tuple[str, str]:
    """Message and cure of what is no field."""
    closed = "" if typed.endswith("}}") else " and its }} on the same line"
    return "no personal field is written like this", f"write {_FORM}, with straight quotes{closed}"


def _fault(name: str, default: str | None) -> tuple[str, str]:
    """Message and cure of a field; both empty where nothing is wrong."""
    if known := meant(name):
        return f"readers have no field '{name}'", f"did you mean '{known}'?"
    if name in LINKS and default is not None:
        return "every reader has this link", f"leave the default out: {{{{ reader.{name} }}}}"
    if name not in LINKS and default is None:
        return f"some readers have no {name}", f'say what they see: {{{{ reader.{name} | default("reader") }}}}'
    if len(default or "") > _LONGEST_DEFAULT:
        return f"a default of {len(default or '')} characters", f"keep it to {_LONGEST_DEFAULT}"
    return "", ""


def meant(name: str) -> str:
    """The known field that a name is a slip of the fingers for, "" if it is one, or an attribute's own name."""
    known = ("name", *LINKS)
    if name in known:
        return ""
    swapped = [one for one in known if sorted(one) == sorted(name)]
    longer = [one for one in LINKS if name.startswith(one[:-2]) or (name + "_url").startswith(LINKS[one])]
    return next(iter([*swapped, *longer]), "")


class ReaderFields:
    """`reader` in an email template: each of its fields gives the sentinel of a reader's own value."""

    __slots__ = ("_marks",)

    def __init__(self, marks: Sentinels) -> None:
        """Plant into these sentinels."""
        self._marks = marks

    def __getattr__(self, name: str) -> "str | NeedsDefault":
        """The sentinel of a link; of anything else what asks for its default first."""
        if name in LINKS:
            return self._marks.plant(LINKS[name])
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise AttributeError(name)
        if known := meant(name):
            raise jinja2.TemplateRuntimeError(f"readers have no field '{name}': did you mean '{known}'?")
        return NeedsDefault(name, self._marks)


class NeedsDefault:
    """A reader's value in a template, until its default is said. It cannot be shown or asked for its truth.

    A template is rendered once for all readers, so that nothing in it can depend on one.
    """

    __slots__ = ("_marks", "_name")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str, marks: Sentinels) -> None:
        """A field of this name."""
        self._name, self._marks = name, marks

    def with_default(self, default: object) -> str:
        """The field's sentinel.

        Raises:
            jinja2.TemplateRuntimeError: the default is no line of text.
        """
        if not isinstance(default, str) or len(default) > _LONGEST_DEFAULT or not default.isprintable():
            raise jinja2.TemplateRuntimeError(f"the default of reader.{self._name} is a line of text in quotes")
        return self._marks.plant(f"{self._name}:{default}")

    def _refuse(self, *_: object) -> str:
        form = f'{{{{ reader.{self._name} | default("…") }}}}'
        raise jinja2.TemplateRuntimeError(
            f"reader.{self._name} is known only when a message is sent, and not every reader has one: write {form}"
        )

    __str__ = __html__ = _refuse
    __bool__ = __eq__ = __len__ = __iter__ = _refuse  # type: ignore[assignment]


def default(value: object, otherwise: object = "", boolean: bool = False) -> object:
    """Jinja2's filter of that name, which knows personal fields as well."""
    if isinstance(value, NeedsDefault):
        return value.with_default(otherwise)
    return otherwise if isinstance(value, jinja2.Undefined) or (boolean and not value) else value
