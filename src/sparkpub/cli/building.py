"""Build: the site and the feeds.

This command stands alone, so that a build which changes nothing imports nothing that releases, renders or mails.
"""

from pathlib import Path

import click

from sparkpub.building import BuildReport, build
from sparkpub.cli.face import Face, common, plural, progress
from sparkpub.press import Press


def build_site(face: Face, press: Press, out: Path | None = None) -> BuildReport:
    """Build with a progress bar, and tell which files were left out."""
    folder = out or press.publication.folder / press.publication.settings.site.out
    with progress(face, "building") as advance:
        report = build(press, out=folder, progress=advance)
    face.tell(report.faults)
    return report


@click.command("build")
@click.option("--out", type=click.Path(file_okay=False), metavar="DIR", help="Folder (default: [site] out).")
@common
def build_command(face: Face, out: str | None) -> int:
    """Build the site and the feeds.

    Everything released is in them, nothing else. Files whose bytes would not change are left alone.
    """
    press = face.press_or_copy()
    report = build_site(face, press, Path(out) if out else None)
    document = {
        "out": str(report.out),
        "pages": report.pages,
        "files": report.files,
        "written": report.written,
        "removed": report.removed,
    }
    face.show(document, lambda: _build_line(report))
    return report.exit_code


def _build_line(report: BuildReport) -> str:
    """A build in a line."""
    return (
        f"{plural(report.pages, 'page')}, {plural(report.files, 'file')}: {report.written:,} written, "
        f"{report.removed:,} removed, in {report.out}"
    )
