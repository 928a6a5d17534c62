"""Draw the pictures in docs/images again: the email and the archive of the example publication, as people see them."""

import io
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from sparkpub.cli import main as sparkpub

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
GAP, TABLE = 40, "#d8d3c8"


def shot(browser: Browser, page: Path, *, size: tuple[int, int], scheme: str) -> Image.Image:
    """What a window of this size shows of a page at first."""
    tab = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)  # type: ignore[arg-type]
    tab.goto(page.as_uri())
    picture = Image.open(io.BytesIO(tab.screenshot()))
    tab.close()
    return picture.convert("RGB")


def beside(*pictures: Image.Image) -> Image.Image:
    """Pictures side by side on a table."""
    width = sum(p.width for p in pictures) + GAP * (len(pictures) + 1)
    sheet = Image.new("RGB", (width, max(p.height for p in pictures) + 2 * GAP), TABLE)
    left = GAP
    for picture in pictures:
        sheet.paste(picture, (left, GAP))
        left += picture.width + GAP
    return sheet


def draw(browser: Browser, page: Path, name: str) -> None:
    """One page on a desk by day and on a phone by night."""
    pictures = (
        shot(browser, page, size=(800, 900), scheme="light"),
        shot(browser, page, size=(390, 900), scheme="dark"),
    )
    sheet = beside(*pictures).quantize(128, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    sheet.save(IMAGES / f"{name}.png", optimize=True)


def run(*arguments: str) -> None:
    """One command of sparkpub, as if typed.

    Raises:
        SystemExit: it failed.
    """
    try:
        sparkpub(list(arguments))
    except SystemExit as ended:
        if ended.code:
            raise


def in_theme(theme: str, folder: Path) -> Path:
    """A copy of the example publication in another theme."""
    for name in ("issues", "static", "templates"):
        shutil.copytree(ROOT / name, folder / name)
    settings = (ROOT / "sparkpub.toml").read_text(encoding="utf-8")
    changed = settings.replace("[email]\n", f'[email]\ntheme = "{theme}"\n')
    (folder / "sparkpub.toml").write_text(changed, encoding="utf-8")
    return folder


def main() -> None:
    """Simulate the year 2017 and photograph what came of it; one of its emails in the second theme too."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        out, letters = Path(scratch) / "year", Path(scratch) / "letters"
        year = ("--from", "2017-01-01", "--until", "2017-11-01", "--out", str(out))
        run("simulate", "--publication", str(ROOT), *year, "--quiet")
        copy = str(in_theme("letter", letters))
        run("render", "soviets-september", "--publication", copy, "--number", "100", "--out", str(out / "letter"))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        draw(browser, out / "email.html", "email")
        draw(browser, out / "letter" / "email.html", "letter")
        draw(browser, out / "site" / "index.html", "archive")
        browser.close()
    sys.stdout.write(f"written to {IMAGES.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
