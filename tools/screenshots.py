"""Draw the pictures in docs/images again: the email and the archive of the example publication, as people see them."""

import io
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
    sheet = beside(*pictures).quantize(128)
    sheet.save(IMAGES / f"{name}.png", optimize=True)


def main() -> None:
    """Simulate the year 2017 and photograph what came of it."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        out = Path(scratch)
        try:
            year = ["--from", "2017-01-01", "--until", "2017-11-01", "--out", str(out)]
            sparkpub(["simulate", "--publication", str(ROOT), *year, "--quiet"])
        except SystemExit as ended:
            if ended.code:
                raise
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        draw(browser, out / "email.html", "email")
        draw(browser, out / "site" / "index.html", "archive")
        browser.close()
    sys.stdout.write(f"written to {IMAGES.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
