"""Write src/sparkpub/core/lint/clients_table.py anew from the npm package `caniemail`.

    python tools/refresh_clients.py [PACKAGE.tgz]     without a file, `npm pack caniemail` fetches the newest

The table keeps, of every feature that some widely used mail client leaves out, the day it was last tested, how many
of those clients were, and which of them leave it out, each by a letter.
"""

import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from string import ascii_lowercase
from typing import Any

TARGET = Path(__file__).parents[1] / "src" / "sparkpub" / "core" / "lint" / "clients_table.py"

CLIENTS = {
    "apple-mail/macos": "Apple Mail",
    "apple-mail/ios": "Apple Mail on iPhones",
    "gmail/desktop-webmail": "Gmail",
    "gmail/ios": "Gmail on iPhones",
    "gmail/android": "Gmail on Android",
    "gmail/mobile-webmail": "Gmail in a phone's browser",
    "outlook/windows": "Outlook for Windows",
    "outlook/windows-mail": "Windows Mail",
    "outlook/macos": "Outlook for Mac",
    "outlook/outlook-com": "Outlook.com",
    "outlook/ios": "Outlook on iPhones",
    "outlook/android": "Outlook on Android",
    "yahoo/desktop-webmail": "Yahoo",
    "yahoo/ios": "Yahoo on iPhones",
    "yahoo/android": "Yahoo on Android",
    "samsung-email/android": "Samsung Email",
    "thunderbird/macos": "Thunderbird",
}

# Titles of features that stand for several names.
SEVERAL = {
    "block-size & inline-size": "block-size inline-size",
    "border-inline & border-block": "border-inline border-block",
    "border-inline & border-block individual logical properties": (
        "border-block-end border-block-start border-inline-end border-inline-start"
    ),
    "border-radius logical properties": (
        "border-end-end-radius border-end-start-radius border-start-end-radius border-start-start-radius"
    ),
    "color-scheme CSS property": "color-scheme",
    "css column properties": "column-fill column-rule column-span column-width columns",
    "CSS calc() function": "calc()",
    "CSS Variables (Custom Properties)": "var()",
    "gap, column-gap, row-gap": "gap column-gap row-gap",
    "grid-template-* properties": ("grid-template grid-template-areas grid-template-columns grid-template-rows"),
    "HTML5 semantics": (
        "<article> <aside> <details> <figcaption> <figure> <footer> <header> <main> <mark> <nav> <section> "
        "<summary> <time>"
    ),
    "Image maps": "<map>",
    "Embedded <svg> image": "<svg>",
    "left, right, top, bottom": "left right top bottom",
    "margin-block-start & margin-block-end": "margin-block-start margin-block-end",
    "margin-inline & margin-block": "margin-inline margin-block",
    "margin-inline-start & margin-inline-end": "margin-inline-start margin-inline-end",
    "padding-block-start & padding-block-end": "padding-block-start padding-block-end",
    "padding-inline & padding-block": "padding-inline padding-block",
    "padding-inline-start & padding-inline-end": "padding-inline-start padding-inline-end",
    "lch(), oklch(), lab(), oklab()": "lch() oklch() lab() oklab()",
    "AVIF image format": ".avif",
    "Animated PNG image format": ".apng",
    "BMP image format": ".bmp",
    "HEIF image format": ".heif .heic",
    "SVG image format": ".svg",
    "TIFF image format": ".tiff .tif",
    "webP image format": ".webp",
}

# How other titles are written in the table.
FORMS = {
    r"([a-z][a-z-]*|[a-z-]+\(\)|@[a-z-]+|<[a-z]+>)": r"\1",
    r"([a-z-]+): ?([a-z-]+)": r"\1:\2",
    r"(?!initial)(\w+) unit": r"1\1",
    r"([a-z-]+) attribute": r"[\1]",
}

HEAD = '''"""What mail clients leave out; written by tools/refresh_clients.py from caniemail {version}, do not edit.

The tests are those of caniemail.com as of {updated}, by Rémi Parmentier and contributors, in the npm package
`caniemail`, which is under this licence:

{licence}
"""

from collections.abc import Mapping

CLIENTS: Mapping[str, str] = {{
{clients}
}}
"""The clients that count here, by letter: those that most readers use."""

LEFT_OUT: Mapping[str, tuple[str, int, str]] = {{
{rows}
}}
"""Feature to the day of its last test, the number of clients tested, and the letters of those without it.

A feature is written `property`, `property:value`, `function()`, `1unit`, `<element>`, `[attribute]`, `@rule` or
`.format`.
"""
'''


def main() -> None:
    """Fetch, derive, write."""
    with tempfile.TemporaryDirectory() as scratch:
        package = Path(sys.argv[1]) if sys.argv[1:] else fetched(Path(scratch))
        with tarfile.open(package) as archive:
            tests, about = (json.loads(member(archive, name)) for name in ("data/caniemail.json", "package.json"))
            licence = member(archive, "LICENSE")
    TARGET.write_text(table(tests, about["version"], licence), encoding="utf-8")
    print(f"wrote {TARGET.name} from caniemail {about['version']}, tests of {tests['last_update_date'][:10]}")


def fetched(folder: Path) -> Path:
    """The newest package, as npm has it."""
    subprocess.run(["npm", "pack", "--silent", "caniemail@latest"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("caniemail-*.tgz"))


def member(archive: tarfile.TarFile, name: str) -> str:
    """A file of the package as text."""
    file = archive.extractfile(f"package/{name}")
    if file is None:
        raise SystemExit(f"the package has no {name}")
    return file.read().decode()


def table(tests: Any, version: str, licence: str) -> str:  # noqa: ANN401 - JSON
    """The module's source."""
    letters = dict(zip(CLIENTS, ascii_lowercase, strict=False))
    rows = {key: row for feature in tests["data"] for key, row in entries(feature, letters)}
    return HEAD.format(
        version=version,
        updated=tests["last_update_date"][:10],
        licence="\n".join(wrapped(licence)),
        clients="\n".join(f'    "{letters[key]}": "{name}",' for key, name in CLIENTS.items()),
        rows="\n".join(f'    "{key}": ("{day}", {count}, "{out}"),' for key, (day, count, out) in sorted(rows.items())),
    )


def wrapped(text: str) -> Iterator[str]:
    """A text in lines of at most 116 characters, its empty lines kept."""
    for paragraph in text.strip().splitlines():
        yield from re.findall(r"\S.{0,115}(?=\s|$)", paragraph) or [""]


def entries(feature: Any, letters: dict[str, str]) -> Iterator[tuple[str, tuple[str, int, str]]]:  # noqa: ANN401 - JSON
    """The rows of one feature, none if every client has it."""
    verdicts = {}
    for client, letter in letters.items():
        family, platform = client.split("/")
        if versions := feature["stats"].get(family, {}).get(platform):
            verdicts[letter] = list(versions.values())[-1][0]  # the newest stands last
    out = "".join(letter for letter, verdict in verdicts.items() if verdict == "n")
    year, month, day = map(int, feature["last_test_date"].split("-"))
    for name in names(feature["title"]) if out else ():
        yield name, (f"{year}-{month:02}-{day:02}", len(verdicts), out)


def names(title: str) -> list[str]:
    """How a feature is written in the table; nothing for those that a lint does not look for."""
    if title in SEVERAL:
        return SEVERAL[title].split()
    plain = title.strip().removesuffix(" property").removesuffix(" shorthand").removesuffix(" element")
    for pattern, form in FORMS.items():
        if found := re.fullmatch(pattern, plain):
            return [found.expand(form)]
    return []


if __name__ == "__main__":
    main()
