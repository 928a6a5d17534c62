"""Issue files: bytes in, an issue or every fault of the file out."""

import hashlib
from datetime import date
from typing import Any

from sparkpub.core.checks import is_refused, language_fault, line_fault, parse_date, shown, slug_fault, suggestion
from sparkpub.core.fields import Fields
from sparkpub.core.frontmatter import Document, Report, read_document
from sparkpub.core.keys import IMAGE_KEYS, ISSUE_KEYS, issue_schema
from sparkpub.core.links import alias_path
from sparkpub.core.model import Correction, Image, Issue, Status
from sparkpub.core.rules import Zones, read_rule
from sparkpub.core.settings import Settings
from sparkpub.errors import Fault

__all__ = ["issue_schema", "new_issue_text", "parse_issue"]

_QUOTED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": " ", "\r": " ", "\t": " ", "\u2028": " ", "\u2029": " "})


def parse_issue(data: bytes, *, path: str, settings: Settings, zones: Zones) -> Issue | tuple[Fault, ...]:
    """The issue in a file, or all its faults, by line. `path` is relative to the publication.

    `zones` finds a zone by its IANA name and raises KeyError for an unknown one. Whatever the bytes are, nothing
    is raised.
    """
    place = path.encode("utf-8", "backslashreplace").decode()
    report = Report(path=place)
    if any(map(is_refused, path)) or "\n" in path:
        report.note(0, "the file's name is not plain UTF-8 text; rename the file")
    document = read_document(data, report)
    issue = None
    if document is not None:
        issue = _read_issue(document, data=data, report=report, settings=settings, zones=zones)
    if report.faults or issue is None:
        return tuple(sorted(set(report.faults)))
    return issue


def _read_issue(document: Document, *, data: bytes, report: Report, settings: Settings, zones: Zones) -> Issue:
    """The issue as far as it can be read; it counts only if nothing was noted."""
    fields = Fields(document.front, report)
    fields.refuse_unknown(key.name for key in ISSUE_KEYS)
    fields.require("id", "a-permanent-name")
    fields.require("title", "The Headline")
    id_ = fields.text("id", check=slug_fault)
    status = fields.choice("status", Status, Status.DRAFT)
    series = fields.text("series", check=lambda text: _stranger(text, "series", settings.series))
    audiences = {"all": None, **settings.audience}
    return Issue(
        id=id_,
        slug=fields.text("slug", id_, check=slug_fault),
        title=fields.text("title"),
        status=status,
        language=fields.text("language", settings.publication.language, check=language_fault),
        body=document.body,
        body_line=document.body_line,
        path=report.path,
        source=data,
        content_hash=hashlib.sha256(data).hexdigest(),
        kicker=fields.text("kicker"),
        summary=fields.prose("summary"),
        preheader=fields.prose("preheader"),
        series=series,
        audience=fields.text(
            "audience", settings.publication.audience, check=lambda text: _stranger(text, "audience", audiences)
        ),
        feed_id=fields.text("feed_id", check=_feed_id_fault),
        aliases=fields.names("aliases", check=_alias_fault),
        authors=fields.names("authors"),
        tags=fields.names("tags"),
        image=_image(fields),
        footer=fields.prose("footer"),
        rule=read_rule(fields, status=status, series=series, settings=settings, zones=zones),
        corrections=_corrections(fields),
        allow=_allowances(fields),
    )


def _stranger(text: str, what: str, known: Any) -> str:  # noqa: ANN401 - mappings of different settings
    """A name that the settings do not know."""
    if text in known:
        return ""
    near = suggestion(text, known)
    cure = near if near.startswith("did") else f"add [{what}.{text if text.isidentifier() else 'ID'}] to sparkpub.toml"
    return f"unknown {what} {shown(text)}; {cure}"


def _feed_id_fault(text: str) -> str:
    """The id of a feed entry, which Atom wants to be an IRI."""
    scheme, colon, rest = text.partition(":")
    is_iri = bool(colon and rest) and scheme[:1].isalpha() and scheme.isascii() and text.isprintable()
    if is_iri and not any(c in ' <>"{}|\\^`' for c in text):
        return ""
    return f"{shown(text)} is no absolute IRI; write the old entry's id, or urn:… or tag:… before it"


def _alias_fault(text: str) -> str:
    """An old address on the same site."""
    if "\\" not in text and alias_path(text) is not None:
        return ""
    return f"{shown(text)} is no old path of this site; write it as /old/url/, without host, query or dots"


def _image(fields: Fields) -> Image | None:
    """The lead picture."""
    inner = fields.table("image", "{src: picture.png, alt: What it shows}")
    if inner is None:
        return None
    inner.refuse_unknown(key.name for key in IMAGE_KEYS)
    inner.require("src", "picture.png")
    return Image(src=inner.text("src"), alt=inner.prose("alt"), caption=inner.prose("caption"))


def _corrections(fields: Fields) -> tuple[Correction, ...]:
    """The dated lines of what was mended, oldest first."""
    found: list[Correction] = []
    for day, text, line in fields.pairs("corrections"):
        try:
            on: date = parse_date(day)
        except ValueError as error:
            fields.note_at(line, f"a correction without its day: {error}" if text else str(error))
            continue
        if not text:
            fields.note_at(line, f'the correction of {day} says nothing; write "{day}: what was mended"')
        elif fault := line_fault(text):
            fields.note_at(line, f"the correction has {fault}")
        else:
            found.append(Correction(on=on, text=text))
    return tuple(sorted(found, key=lambda correction: correction.on))


def _allowances(fields: Fields) -> dict[str, str]:
    """The lints that do not count in this issue, by code, with the reason."""
    if "allow" not in fields:
        return {}
    from sparkpub.core.lint import known_codes  # all lints, which most issues have no use for

    allowed = {}
    for code, why, line in fields.pairs("allow"):
        if code not in known_codes():
            near = f"SPK{code[3:].rjust(3, '0')}" if code[:3].upper() == "SPK" else ""
            cure = f"did you mean '{near}'?" if near in known_codes() else "`sparkpub check` names the codes"
            fields.note_at(line, f"there is no lint {shown(code)}; {cure}")
        elif not why:
            fields.note_at(line, f"no reason is given for allowing {code}; write [{code}: why]")
        elif fault := line_fault(why):
            fields.note_at(line, f"the reason for allowing {code} has {fault}")
        else:
            allowed[code] = why
    return allowed


def new_issue_text(title: str, *, id: str, series: str = "", of: str = "", release: str = "") -> str:  # noqa: A002 - the key is called id
    """A new issue file, a draft ready to edit; with `of` or `release` only `status` is left to change."""
    lines = [
        "---",
        f"id: {id}".ljust(32) + " # permanent: rename the file, never the id",
        f"title: {_quoted(title)}",
        'summary: ""'.ljust(32) + " # one or two sentences: feeds and inboxes show them",
        "status: draft".ljust(32) + " # ready lets `sparkpub queue` release it",
    ]
    if series:
        lines.append(f"series: {series}")
    if release:
        lines.append(f"release: {_quoted(release)}")
    elif of or series:
        lines += ["anniversary:", f"  of: {_quoted(of or 'YYYY-MM-DD')}".ljust(32) + " # as printed in the source"]
    if of and not series:
        lines.append("  every: 10".ljust(32) + " # or years: [100], every: 1, milestones: wikipedia")
    if series and not of and not release:
        lines[-2:] = [f"# {line}" for line in lines[-2:]]
    if not (of or release or series):
        lines.append('# release: "2026-12-01"'.ljust(32) + " # or anniversary: with of: and years:")
    return "\n".join([*lines, "---", "", "Write here.", ""])


def _quoted(text: str) -> str:
    """A text as YAML in double quotes, without line ends and controls."""
    plain = "".join(c for c in text.translate(_QUOTED) if not is_refused(c))
    return f'"{plain}"'
