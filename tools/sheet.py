"""A sheet of paper and a pen, for the pictures of the example publication."""

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
FONTS = Path("/usr/share/fonts/truetype/dejavu")  # Debian's fonts-dejavu: Latin, Cyrillic, Arabic, Hebrew
SCALE = 2  # drawn at twice the size and reduced, which smooths every edge
WIDTH = 1200
BLENDS = 8  # shades between two colours of the palette

PAPER = "#fffdf8"
INK = "#1f1d1a"
MUTED = "#6b655b"
FAINT = "#cfc6b4"
WATER = "#dfe4e2"
ACCENT = "#8c1c13"

Point = tuple[float, float]


class Sheet:
    """A sheet of paper with a pen, in units of the finished picture."""

    def __init__(self, height: int) -> None:
        """An empty sheet, WIDTH wide."""
        self.height = height
        self.image = Image.new("RGB", (WIDTH * SCALE, height * SCALE), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def line(self, points: Sequence[Point], colour: str = INK, width: float = 2) -> None:
        """A line with round joints through all points."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.pen.line(scaled, fill=colour, width=round(width * SCALE), joint="curve")
        for x, y in scaled:  # round ends: a polyline's own are cut square
            radius = width * SCALE / 2 - 0.5
            self.pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def dashes(self, start: Point, end: Point, colour: str = MUTED, width: float = 2) -> None:
        """A dashed line."""
        length = math.dist(start, end)
        steps = max(1, round(length / 14))
        for step in range(steps):
            near, far = step / steps, (step + 0.55) / steps
            self.line([_between(start, end, near), _between(start, end, far)], colour, width)

    def box(self, corners: tuple[float, float, float, float], fill: str | None, edge: str | None = None) -> None:
        """A rectangle, filled or outlined or both."""
        scaled = tuple(round(value * SCALE) for value in corners)
        self.pen.rectangle(scaled, fill=fill, outline=edge, width=2 * SCALE if edge else 0)

    def disc(self, centre: Point, radius: float, fill: str | None, edge: str | None = None, width: float = 2) -> None:
        """A circle, filled or outlined or both."""
        x, y = centre[0] * SCALE, centre[1] * SCALE
        reach = radius * SCALE
        around = (x - reach, y - reach, x + reach, y + reach)
        self.pen.ellipse(around, fill=fill, outline=edge, width=round(width * SCALE))

    def area(self, points: Sequence[Point], fill: str) -> None:
        """A filled polygon."""
        self.pen.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=fill)

    def words(
        self, at: Point, text: str, *, size: int = 26, colour: str = INK, anchor: str = "lm", face: str = "Serif"
    ) -> None:
        """Words; `anchor` as Pillow has it (`lm`: their left middle is at the point)."""
        font = ImageFont.truetype(str(FONTS / f"DejaVu{face}.ttf"), size * SCALE)
        align = {"l": "left", "m": "center", "r": "right"}[anchor[0]]
        self.pen.text((at[0] * SCALE, at[1] * SCALE), text, font=font, fill=colour, anchor=anchor, align=align)

    def label(self, at: Point, text: str, anchor: str, colour: str = INK) -> None:
        """The name of a place, with a margin that keeps lines off it."""
        font = ImageFont.truetype(str(FONTS / "DejaVuSerif.ttf"), 24 * SCALE)
        x, y = at[0] * SCALE, at[1] * SCALE
        self.pen.text((x, y), text, font=font, fill=PAPER, anchor=anchor, stroke_width=4 * SCALE, stroke_fill=PAPER)
        self.pen.text((x, y), text, font=font, fill=colour, anchor=anchor)

    def save(self, path: str) -> None:
        """The finished picture as a small PNG."""
        small = self.image.resize((WIDTH, self.height), Image.Resampling.LANCZOS)
        few = small.quantize(palette=_palette(), dither=Image.Dither.NONE)
        target = ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        few.save(target, optimize=True)


def _between(start: Point, end: Point, share: float) -> Point:
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def _palette() -> Image.Image:
    """The six colours and the shades that smooth edges have between any two of them."""
    colours = [ImageColor.getrgb(colour)[:3] for colour in (PAPER, INK, MUTED, FAINT, WATER, ACCENT)]
    shades = dict.fromkeys(
        tuple(round(one + (other - one) * step / BLENDS) for one, other in zip(first, second, strict=True))
        for first, second in itertools.combinations(colours, 2)
        for step in range(BLENDS + 1)
    )
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for shade in shades for part in shade])
    return palette


def smooth(points: Sequence[Point]) -> list[Point]:
    """A curve through all points (Catmull-Rom)."""
    padded = [points[0], *points, points[-1]]
    curve: list[Point] = []
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(12):
            share = step / 12
            curve.append(
                (
                    _bend(before[0], start[0], end[0], after[0], share),
                    _bend(before[1], start[1], end[1], after[1], share),
                )
            )
    return [*curve, points[-1]]


def _bend(before: float, start: float, end: float, after: float, share: float) -> float:
    linear = end - before
    square = 2 * before - 5 * start + 4 * end - after
    cube = 3 * start - before - 3 * end + after
    return 0.5 * (2 * start + linear * share + square * share**2 + cube * share**3)


def _margin(sheet: Sheet) -> None:
    """Clear what was drawn over the frame."""
    for edge in (
        (0, 0, WIDTH, 11),
        (0, sheet.height - 11, WIDTH, sheet.height),
        (0, 0, 11, sheet.height),
        (WIDTH - 11, 0, WIDTH, sheet.height),
    ):
        sheet.box(edge, PAPER)


def frame(sheet: Sheet) -> None:
    """A double line around the sheet; what was drawn over it is cleared."""
    _margin(sheet)
    sheet.box((12, 12, WIDTH - 12, sheet.height - 12), None, INK)
    sheet.box((20, 20, WIDTH - 20, sheet.height - 20), None, FAINT)
