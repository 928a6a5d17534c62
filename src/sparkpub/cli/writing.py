"""Write: start a publication, begin an issue, find its faults, look at it."""

import json
import os
import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from sparkpub.adapters.config import FILE, find_publication, sound_part
from sparkpub.cli.arguments import issue_ids
from sparkpub.cli.face import Face, common, from_here, instant, plural, progress
from sparkpub.cli.standings import known_account
from sparkpub.cli.tables import table
from sparkpub.core.model import Issue
from sparkpub.errors import Fault, InputError, Severity, UsageError
from sparkpub.press import Publication
from sparkpub.queueing import due_within
from sparkpub.shelf import Shelf, read_shelf


@click.command("init")
@click.argument("folder", metavar="[DIR]", type=click.Path(file_okay=False), required=False)
@click.option("--press", is_flag=True, help="DIR is a publication already: give it a ledger and a key.")
@common
def init_command(face: Face, folder: str | None, press: bool) -> int:
    """Start a new publication, or make this clone the press.

    The new publication in DIR holds settings, a theme, one example issue, an empty ledger and a fresh key, and
    rehearses until its settings say otherwise. With --press, DIR (here, unless given) is a publication already, a
    clone say, and becomes the one that holds the ledger.
    """
    from sparkpub.starting import init_press, init_publication

    place = folder or face.publication_folder or (os.curdir if press else None)
    if place is None:
        raise UsageError("say where: `sparkpub init DIR` starts a publication in a new folder")
    start = init_press if press else init_publication
    made = start(Path(place), now=_beginning(face, Path(place), is_new=not press), environ=os.environ)
    following = "sparkpub" if Path(place).resolve() == Path.cwd() else f"cd {shlex.quote(place)} && sparkpub"
    document = {"publication": str(Path(place).resolve()), "made": made, "next": following}
    face.show(document, lambda: f"made {', '.join(made)} in {place}")
    face.say(f"next: `{following}` says what to do")
    return 0


def _beginning(face: Face, folder: Path, *, is_new: bool) -> datetime:
    """The instant at which a press begins; one that mails cannot pretend it.

    Raises:
        UsageError: `--now` is given, and the press mails.
    """
    if face.pretended_now is None:
        return face.now()
    if is_new:
        return instant(face.pretended_now, UTC)
    return Face(publication_folder=str(folder), pretended_now=face.pretended_now).now_to_write()


@click.command("new")
@click.argument("title")
@click.option("--series", default="", metavar="ID", help="The series it belongs to.")
@click.option("--of", default="", metavar="DATE", help="The date of an event, as printed: an anniversary piece.")
@click.option("--release", default="", metavar="DATE", help="The date of a piece that goes out once.")
@common
def new_command(face: Face, title: str, series: str, of: str, release: str) -> int:
    """Begin an issue: a file with everything in place but the text.

    It is a draft until its file says `status: ready`. With --of it is an anniversary piece, with --release one that
    goes out once; without either it has no date yet.
    """
    from sparkpub.adapters.zones import zone
    from sparkpub.core.issues import new_issue_text, parse_issue
    from sparkpub.core.slugs import slugify
    from sparkpub.starting import new_issue

    if of and release:
        raise UsageError("--of and --release exclude each other: an issue has one rule")
    publication = face.publication
    if series and series not in publication.settings.series:
        raise UsageError(f"there is no series '{series}'; add [series.{series}] with a title to sparkpub.toml first")
    name = slugify(title)
    taken = set(read_shelf(publication).issues)
    id_ = next(c for c in (name, *(f"{name}-{n}" for n in range(2, 1000))) if c not in taken)
    text = new_issue_text(title, id=id_, series=series, of=of, release=release)
    faults = parse_issue(text.encode(), path=f"issues/{id_}.md", settings=publication.settings, zones=zone)
    if not isinstance(faults, Issue):
        raise UsageError("; ".join(f"{fault.message}; {fault.cure}" for fault in faults))
    path = new_issue(publication, id_, text)
    face.show({"issue": id_, "path": path}, lambda: str(from_here(publication.folder / path)))
    face.say(f"next: write it, then `sparkpub check {id_}`")
    return 0


@click.command("check")
@click.argument("ids", nargs=-1, metavar="[ID]...", shell_complete=issue_ids)
@click.option("--strict", is_flag=True, help="Exit 1 on warnings too.")
@click.option(
    "--sarif", type=click.Path(dir_okay=False), metavar="FILE", help="Write the findings as SARIF, for code hosts."
)
@click.option("--due", metavar="TIME", help="Only what comes due within that time, like 14d; asks its links too.")
@common
def check_command(face: Face, ids: tuple[str, ...], strict: bool, sarif: str | None, due: str | None) -> int:
    """Find every fault in settings and issues, with line and cure.

    Each issue is parsed, rendered and linted as its next occurrence would be. A lint is waived in front matter:
    `allow: [SPK012: why]`. Exit 2 with faults; with warnings alone 0, or 1 under --strict.

    With --due, what was written long ago is looked at again before it goes out. Where `[alerts] check_links` is on,
    each page that it links to is asked for, and a link that gives none is a warning.
    """
    findings, checked = _findings(face, ids, _span(due) if due is not None else None)
    if sarif:
        from sparkpub.adapters.files import write_if_changed
        from sparkpub.core.lint.sarif import sarif_report

        write_if_changed(Path(sarif), sarif_report(findings))
    face.show([_finding_json(f) for f in findings], lambda: "\n".join(_finding_text(f) for f in findings))
    if not (findings or (_folder(face) / "issues").is_dir()):
        face.say("there is no folder issues/ here; `sparkpub new TITLE` makes it, with the first issue in it")
        return 0
    return _verdict(face, findings, checked=checked, strict=strict)


def _span(text: str) -> timedelta:
    """A time as `--due` takes it.

    Raises:
        UsageError: it is none.
    """
    from sparkpub.core.durations import seconds

    try:
        return timedelta(seconds=seconds(text))
    except (ValueError, OverflowError):
        raise UsageError(f"--due '{text}' is no time; write it like 14d or 12h") from None


def _findings(face: Face, ids: tuple[str, ...], due: timedelta | None) -> tuple[list[Fault], int]:
    """Everything that is wrong, in the order of files and lines, and how many issues were looked at."""
    from sparkpub.adapters.files import list_static
    from sparkpub.core.lint import lint_shelf
    from sparkpub.rendering import check_issue

    try:
        publication, now = face.publication, face.now()
    except UsageError:
        raise
    except InputError as broken:
        return _findings_beside(face, ids, broken.faults)
    shelf = read_shelf(publication)
    issues, findings = _chosen(shelf, ids) if ids else (list(shelf.issues.values()), list(shelf.faults))
    findings += () if ids else list_static(publication.folder)[1]
    if due is not None:
        issues = due_within(publication, issues, known_account(face), now=now, span=due)
        findings += _dead_links(face, issues)
    with progress(face, "checking") as advance:
        for count, issue in enumerate(issues, 1):
            findings += check_issue(publication, issue, now=now)
            advance(count, len(issues))
    findings += [*lint_shelf(shelf.issues.values(), of=issues), *_theme_faults(face, issues)]
    return sorted(set(findings), key=lambda f: (f.path, f.line, f.code, f.message)), len(issues)


def _findings_beside(face: Face, ids: tuple[str, ...], faults: tuple[Fault, ...]) -> tuple[list[Fault], int]:
    """The faults of the settings, and those of issues as far as these can be read meanwhile."""
    folder = _folder(face)
    shelf = read_shelf(Publication(folder=folder, settings=sound_part(folder)))
    try:
        issues, found = _chosen(shelf, ids) if ids else (list(shelf.issues.values()), list(shelf.faults))
    except UsageError:
        issues, found = [], []
    face.say("sparkpub.toml has faults: until they are mended issues are read, and not rendered")
    return sorted({*faults, *found}, key=lambda f: (f.path != FILE, f.path, f.line, f.message)), len(issues)


def _folder(face: Face) -> Path:
    """The folder of the publication, whatever its settings say."""
    return find_publication(Path(face.publication_folder or os.curdir))


def _dead_links(face: Face, issues: list[Issue]) -> list[Fault]:
    """The links that give no page any more, where the settings let us ask."""
    from sparkpub.rendering import check_links

    if not face.publication.settings.alerts.check_links:
        return []
    with progress(face, "asking links") as advance:
        return check_links(issues, progress=advance)


def _theme_faults(face: Face, issues: list[Issue]) -> tuple[Fault, ...]:
    """What is wrong with the pages' templates, as the page and the feed entry of one issue show it."""
    from sparkpub.rendering import preview_files

    for issue in issues[:1]:
        try:
            preview_files(face.publication, issue, None, now=face.now())
        except InputError as error:
            return error.faults
    return ()


def _chosen(shelf: Shelf, ids: tuple[str, ...]) -> tuple[list[Issue], list[Fault]]:
    """The sound ones of the issues named, and the faults of the others."""
    issues: list[Issue] = []
    faults: list[Fault] = []
    for id_ in ids:
        try:
            issues += shelf.pick([id_])
        except UsageError:
            raise
        except InputError as broken:
            faults += broken.faults
    return issues, faults


def _verdict(face: Face, findings: list[Fault], *, checked: int, strict: bool) -> int:
    """Say how it went; exit 2 with faults, 1 with warnings under `--strict`, else 0."""
    faults = sum(f.severity is Severity.FAULT for f in findings)
    warnings = sum(f.severity is Severity.WARNING for f in findings)
    advice = len(findings) - faults - warnings
    found = [plural(count, noun) for count, noun in ((faults, "fault"), (warnings, "warning")) if count]
    found = [*(found or ["nothing to mend"]), *([f"{advice} of advice"] if advice else [])]
    face.say(f"{plural(checked, 'issue')} checked: {', '.join(found)}")
    if faults:
        return 2
    return 1 if warnings and strict else 0


def _finding_text(fault: Fault) -> str:
    """A fault as one line, with its code and, where it is none, its severity; the file as a whole is its line 1."""
    code = f"{fault.code} " if fault.code else ""
    kind = "" if fault.severity is Severity.FAULT else f" ({fault.severity.value})"
    return f"{replace(fault, line=max(fault.line, 1), message=code + fault.message)}{kind}"


def _finding_json(fault: Fault) -> dict[str, str | int]:
    """A fault as a JSON object."""
    return {
        "path": fault.path,
        "line": fault.line,
        "code": fault.code,
        "severity": fault.severity.value,
        "message": fault.message,
        "cure": fault.cure,
    }


@click.command("render")
@click.argument("issue_id", metavar="ID", shell_complete=issue_ids)
@click.option("--number", type=click.IntRange(min=0), metavar="N", help="Which anniversary (default: the next).")
@click.option(
    "--out", required=True, type=click.Path(file_okay=False), metavar="DIR", help="Folder for the five files."
)
@common
def render_command(face: Face, issue_id: str, number: int | None, out: str) -> int:
    """Write one issue as email, text, message, page and feed entry.

    The files are `email.html`, `email.txt`, `message.eml`, `page.html` and `entry.html`, made for a sample reader
    as if the occurrence were released on its date.
    """
    from sparkpub.adapters.files import write_if_changed
    from sparkpub.rendering import preview_files

    publication = face.publication
    (issue,) = read_shelf(publication).pick([issue_id])
    files = preview_files(publication, issue, number, now=face.now())
    for name, data in files.items():
        write_if_changed(Path(out) / name, data)
    face.show({"issue": issue.id, "files": [str(Path(out) / name) for name in files]}, lambda: _sizes(files, out))
    return 0


def _sizes(files: dict[str, bytes], out: str) -> str:
    """The files with their sizes."""
    rows = [{"file": str(Path(out) / name), "bytes": f"{len(data):,}"} for name, data in files.items()]
    return table({"file": "File", "bytes": "Bytes"}, rows)


@click.command("schema")
@click.argument("what", type=click.Choice(["issue", "config"]))
@common
def schema_command(face: Face, what: str) -> int:
    """Print the JSON Schema of an issue or of the settings.

    Text editors complete and check with it, for example through a `# yaml-language-server: $schema=` line.
    """
    from sparkpub.adapters.config import config_schema
    from sparkpub.core.issues import issue_schema

    del face
    click.echo(json.dumps(issue_schema() if what == "issue" else config_schema(), indent=2, ensure_ascii=False))
    return 0
