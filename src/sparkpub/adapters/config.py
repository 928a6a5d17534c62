"""Read `sparkpub.toml`: find it, name every fault with its line, and give it as settings.

    text ──tomllib──▶ data ──pydantic, core.settings_checks──▶ faults, or a mark in var/cache that it is sound
                        └──────────────settings_of───────────▶ Settings

The settings are always made by `settings_of`; pydantic only judges. So a file that was found sound before is read
without importing it.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from sparkpub import __version__
from sparkpub.core import settings as settings_module
from sparkpub.core.addresses import parse_address
from sparkpub.core.settings import Settings
from sparkpub.errors import Fault, InputError, UsageError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

FILE = "sparkpub.toml"
_MARK = Path("var", "cache", "settings.sha256")
_MAX_BYTES = 1_000_000
_MAX_DEPTH = 12
_NUMBER_MAX = 2**63 - 1  # as TOML has it
_LONG_NUMBER = re.compile(r"[+-]?[0-9][0-9A-Za-z_]{15,}")
_NAMED = ("series", "audience")
_CHOICES = frozenset({"years", "every", "milestones"})
_WORD = r"(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[A-Za-z0-9_-]+)"
_DOTTED = rf"{_WORD}(?:\s*\.\s*{_WORD})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_DOTTED})\s*=")
_EXAMPLES = {
    "title": '"Your Newsletter"',
    "base_url": '"https://newsletter.example.org"',
    "from": '"Your Newsletter <editor@newsletter.example.org>"',
    "postal_address": '"Your Name, Your Street 1, Your Town"',
}
_EXPECTED = {
    "string_type": "a text in quotation marks",
    "int_type": "a whole number without quotation marks",
    "int_from_float": "a whole number",
    "float_type": "a number without quotation marks",
    "bool_type": "true or false",
    "tuple_type": "a list: […]",
    "mapping_type": "a table",
    "dict_type": "a table",
    "dataclass_type": "a table",
    "time_type": "a time of day: HH:MM",
    "time_parsing": "a time of day: HH:MM",
}

_ADDRESSES = (("delivery", "sandbox"), ("inbox", "address"), ("inbox", "unsubscribe_address"), ("alerts", "to"))

Place = tuple[str, ...]
Made = TypeVar("Made")


def find_publication(start: Path) -> Path:
    """The folder of the nearest `sparkpub.toml`, from `start` upwards.

    Raises:
        UsageError: there is none.
    """
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    raise UsageError(f"no {FILE} in {here} or above; `sparkpub init DIR` starts a publication, --publication names one")


def load_settings(folder: Path) -> Settings:
    """The settings of the publication in `folder`.

    Raises:
        InputError: they have faults; every one is named, with its line.
    """
    source = _read(folder / FILE)
    text, data = _parse(source)
    digest = _digest(source)
    if _is_known(folder, digest):
        # A mark that lies, or one from another version, must not get further than a mark that is missing.
        with contextlib.suppress(TypeError, ValueError, KeyError, AttributeError):
            return settings_of(data)
    if faults := find_faults(text, data):
        raise InputError(*faults)
    _remember(folder, digest)
    return settings_of(data)


def sound_part(folder: Path) -> Settings:
    """The settings of the publication in `folder` as far as they are sound: to read issues by till they are mended.

    What has a fault counts as left out, but a series or an audience that is named at all is there, so that no issue is
    blamed for naming it.
    """
    source = (folder / FILE).read_bytes()[:_MAX_BYTES]
    text, data = source.decode("utf-8", "replace"), dict[str, Any]()
    with contextlib.suppress(InputError):
        text, data = _parse(source)
    for place, _ in sorted(_found(text, data).values(), reverse=True):
        _leave_out(data, place)
    try:
        return settings_of(_completed(data, text))
    except (TypeError, ValueError, KeyError, AttributeError):
        return settings_of(_completed({}, text))


def _leave_out(data: dict[str, Any], place: Place) -> None:
    """Take what has a fault out of settings: the key, or of what issues are not read by, the table."""
    if place[0] not in {"publication", "schedule", "series", "audience"}:
        place = place[:1]
    inner: Any = data
    for part in place[:-1]:
        inner = inner.get(part) if isinstance(inner, dict) else None
    if isinstance(inner, dict):
        inner.pop(place[-1], None)
    in_series = 3
    if place[0] == "series" and len(place) == in_series and isinstance(inner, dict) and not _CHOICES & inner.keys():
        inner["every"] = 1  # it may have said which anniversaries its issues mean, and each would seem to lack that


def _completed(data: dict[str, Any], text: str) -> dict[str, Any]:
    """Settings with stand-ins for what must be there."""
    stand_ins = {key: example.strip('"') for key, example in _EXAMPLES.items()}
    named = {table: [place[1] for place in key_lines(text) if place[0] == table and place[1:]] for table in _NAMED}
    given: list[dict[str, Any]] = [data.get(table) or {} for table in _NAMED]
    series, audiences = given
    return {
        **data,
        "publication": stand_ins | (data.get("publication") or {}),
        "series": {name: {"title": name} | (series.get(name) or {"every": 1}) for name in {*named["series"], *series}},
        "audience": {name: audiences.get(name) or {} for name in {*named["audience"], *audiences}},
    }


def find_faults(text: str, data: Mapping[str, Any]) -> list[Fault]:
    """Every fault of parsed settings, in the order of their lines in `text`."""
    return sorted(fault for _, fault in _found(text, data).values())


def _found(text: str, data: Mapping[str, Any]) -> dict[tuple[int, str], tuple[Place, Fault]]:
    """Every fault of parsed settings with its place."""
    from pydantic import TypeAdapter, ValidationError

    from sparkpub.core.settings_checks import value_faults

    lines = key_lines(text)
    found: dict[tuple[int, str], tuple[Place, Fault]] = {}
    try:
        TypeAdapter(Settings).validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False, include_context=True):
            _add(found, lines, _place(detail["loc"], data), _sentence(detail, data))
    from importlib import resources  # settings that were found sound before are not looked at again

    zone_names = resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    for place, fault in value_faults(data, frozenset(zone_names)):
        _add(found, lines, place, f"{_name(place)}: {fault}")
    return found


def config_schema() -> dict[str, Any]:
    """The JSON Schema of `sparkpub.toml`."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(Settings).json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "sparkpub.toml"}


def settings_of(data: Mapping[str, Any]) -> Settings:
    """Sound data as settings; what is left out has its default. Addresses are spelled as relays take them."""
    tables: dict[str, Any] = {**data}
    for table, key in _ADDRESSES:
        if address := tables.get(table, {}).get(key):
            tables[table] = {**tables[table], key: parse_address(address)}
    return _made(Settings, tables)


def _made(kind: type[Made], data: Mapping[str, Any]) -> Made:
    """A dataclass from a table."""
    hints = get_type_hints(kind)
    fields = {field.name.rstrip("_"): field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{fields[key]: _value(hints[fields[key]], value) for key, value in data.items()})


def _value(hint: Any, value: Any) -> Any:  # noqa: ANN401 - types of settings and what TOML knows
    """A value as the type that its field has."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _made(hint, value)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        inner = [argument for argument in arguments if argument is not type(None)]
        return _value(inner[0], value) if len(inner) == 1 else value
    if origin is tuple:
        return tuple(_value(arguments[0], item) for item in value)
    if origin is Mapping:
        return {key: _value(arguments[1], item) for key, item in value.items()}
    if hint is time:
        from sparkpub.core.checks import parse_time

        return parse_time(value)
    return float(value) if hint is float else value


def _read(path: Path) -> bytes:
    """The bytes of the file, if it is of a size that settings have."""
    with path.open("rb") as file:
        source = file.read(_MAX_BYTES + 1)
    if len(source) > _MAX_BYTES:
        raise InputError(Fault(path=FILE, line=0, message="larger than 1 MB", cure="settings are a few lines of text"))
    return source


def _parse(source: bytes) -> tuple[str, dict[str, Any]]:
    """The text of the file and what it says; dates and times as texts."""
    try:
        text = source.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{source[error.start]:02x} is not UTF-8"
        raise InputError(Fault(path=FILE, line=line, message=message, cure="save the file as UTF-8")) from None
    try:
        data = tomllib.loads(text)
        return text, {key: _plain(value, 1) for key, value in data.items()}
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        message = f"broken TOML ({str(error).partition(' (at ')[0]})"
        cure = "texts stand in quotation marks, tables in [brackets]; see https://toml.io"
        raise InputError(Fault(path=FILE, line=line, message=message, cure=cure)) from None
    except RecursionError:
        fault = Fault(path=FILE, line=1, message="nested too deep", cure="no setting needs that")
        raise InputError(fault) from None
    except ValueError:  # more digits than Python reads, or than a setting could mean
        found = _LONG_NUMBER.search(text)
        line = text.count("\n", 0, found.start()) + 1 if found else 1
        fault = Fault(path=FILE, line=line, message="a number beyond 64 bits", cure="no setting needs that")
        raise InputError(fault) from None


def _plain(value: Any, depth: int) -> Any:  # noqa: ANN401 - whatever TOML knows
    """A value of TOML in JSON's types."""
    if depth > _MAX_DEPTH:
        raise RecursionError
    if isinstance(value, dict):
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, int) and abs(value) > _NUMBER_MAX:
        raise ValueError
    return value.isoformat() if isinstance(value, date | datetime | time) else value


def _digest(source: bytes) -> str:
    """What decides whether a file is sound: its bytes, and this version's idea of settings."""
    classes = [kind for kind in vars(settings_module).values() if dataclasses.is_dataclass(kind)]
    shape = [(field.name, str(field.type)) for kind in classes for field in dataclasses.fields(kind)]
    return hashlib.sha256(repr((__version__, shape)).encode() + source).hexdigest()


def _is_known(folder: Path, digest: str) -> bool:
    """Whether this file was found sound before."""
    with contextlib.suppress(OSError, ValueError):
        return (folder / _MARK).read_text(encoding="ascii").strip() == digest
    return False


def _remember(folder: Path, digest: str) -> None:
    """Mark this file as sound; where nothing can be written, it is judged again next time."""
    mark = folder / _MARK
    with contextlib.suppress(OSError):
        mark.parent.mkdir(parents=True, exist_ok=True)
        new = mark.with_name(f"{mark.name}.{os.getpid()}")
        new.write_text(digest + "\n", encoding="ascii")
        new.replace(mark)


def key_lines(text: str) -> dict[Place, int]:
    """The line of every table and key of a TOML text that stands at the beginning of a line."""
    lines: dict[Place, int] = {}
    table: Place = ()
    quote = ""
    for number, line in enumerate(text.split("\n"), 1):
        if quote:
            quote = "" if line.count(quote) % 2 else quote
            continue
        if header := _HEADER.match(line):
            table = _words(header[1])
            lines.setdefault(table, number)
        elif assignment := _ASSIGNMENT.match(line):
            place = (*table, *_words(assignment[1]))
            for length in range(len(table) + 1, len(place) + 1):
                lines.setdefault(place[:length], number)
            quote = next((q for q in ('"""', "'''") if line.count(q) % 2), "")
    return lines


def located(fault: Fault, text: str) -> Fault:
    """A fault of the settings that has no line, in the line of the first key of its table that it names.

    It begins with its table: `[email] ink on paper …`.
    """
    named = re.match(r"\[([a-z]+)\] (.*)", fault.message)
    if fault.path != FILE or fault.line or named is None:
        return fault
    lines, table = key_lines(text), named[1]
    places = ((table, word) for word in re.findall(r"\w+", named[2]))
    return dataclasses.replace(fault, line=_line(lines, next((p for p in places if p in lines), (table,))))


def _words(dotted: str) -> Place:
    """The parts of a dotted key."""
    return tuple(word.strip("\"'") for word in re.findall(_WORD, dotted))


def _line(lines: Mapping[Place, int], place: Place) -> int:
    """The line of a place, or of the nearest thing around it."""
    return next((lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), 1)


def _place(loc: tuple[int | str, ...], data: Mapping[str, Any]) -> Place:
    """Where in the file pydantic means, without the names of its own branches."""
    place: list[str] = []
    inner: Any = data
    for part in loc:
        if not isinstance(inner, Mapping):
            break
        place.append(str(part))
        inner = inner.get(part)
    return tuple(place)


def _name(place: Place) -> str:
    """A place as messages call it: `[publication] base_url`."""
    if len(place) == 1:
        return f"[{place[0]}]"
    return f"[{'.'.join(place[:-1])}] {place[-1]}"


def _add(
    found: dict[tuple[int, str], tuple[Place, Fault]], lines: Mapping[Place, int], place: Place, sentence: str
) -> None:
    """Add a fault unless its place has one already."""
    message, _, cure = sentence.partition("; ")
    line = _line(lines, place)
    found.setdefault((line, ".".join(place)), (place, Fault(path=FILE, line=line, message=message, cure=cure)))


def _sentence(detail: "ErrorDetails", data: Mapping[str, Any]) -> str:
    """What pydantic found, in our words: `what is wrong; cure`."""
    place, kind = _place(detail["loc"], data), detail["type"]
    if kind == "missing":
        cure = f"add `{place[-1]} = {_EXAMPLES.get(place[-1], '…')}`" if len(place) > 1 else f"add [{place[0]}]"
        return f"{_name(place)} is missing; {cure}"
    if kind == "unexpected_keyword_argument":
        from sparkpub.core.checks import shown, suggestion

        return f"unknown key {shown(place[-1])}; {suggestion(place[-1], _siblings(place)) or 'delete it'}"
    if kind == "literal_error":
        from sparkpub.core.checks import shown

        value = str(next(iter(_values(data, place)), ""))
        return f"{_name(place)}: {shown(value)} is none of its words; write {detail['ctx']['expected']}"
    return f"{_name(place)} has a value of the wrong kind; write {_EXPECTED.get(kind, detail['msg'])}"


def _values(data: Any, place: Place) -> Iterator[Any]:  # noqa: ANN401
    """The value at a place, if there is one."""
    for part in place:
        if not isinstance(data, Mapping) or part not in data:
            return
        data = data[part]
    yield data


def _siblings(place: Place) -> list[str]:
    """The keys that might have been meant at a place."""
    kind: Any = Settings
    for part in place[:-1]:
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            names = {field.name.rstrip("_"): field.name for field in dataclasses.fields(kind)}
            kind = get_type_hints(kind)[names[part]]
        else:
            kind = get_args(kind)[1]
        if get_origin(kind) in (Union, UnionType):
            kind = get_args(kind)[0]
    return [field.name.rstrip("_") for field in dataclasses.fields(kind)]
