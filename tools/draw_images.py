"""Draw the pictures of the example publication: the same bytes each time, from the same Pillow and fonts.

Run `python tools/draw_images.py` after a change here and commit the PNGs; nothing at run time draws.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence

from sheet import ACCENT, FAINT, INK, MUTED, PAPER, SCALE, WATER, Point, Sheet, frame, smooth


def _compass(sheet: Sheet, at: Point) -> None:
    x, y = at
    sheet.area([(x, y - 46), (x + 11, y + 12), (x, y + 3)], INK)
    sheet.area([(x, y - 46), (x - 11, y + 12), (x, y + 3)], FAINT)
    sheet.words((x, y - 66), "N", size=32, anchor="mm")


def _projection(west: float, north: float, unit: float, *, slant: float) -> Callable[[float, float], Point]:
    """Degrees to sheet: `unit` is the size of a degree of latitude, `slant` the cosine of the middle latitude."""

    def place(longitude: float, latitude: float) -> Point:
        return (longitude - west) * unit * slant, (north - latitude) * unit

    return place


def draw_petrograd() -> None:
    """The rivers of Petrograd and the places that the letters of 1917 name, at their true positions."""
    sheet = Sheet(860)
    place = _projection(30.2235, 59.9775, 12200, slant=0.5008)
    neva = (
        (
            (30.412, 59.900),
            (30.3955, 59.918),
            (30.3965, 59.931),
            (30.4025, 59.9425),
            (30.4000, 59.9520),
            (30.387, 59.9566),
        ),
        (
            (30.370, 59.9558),
            (30.3495, 59.9522),
            (30.335, 59.9510),
            (30.327, 59.9488),
            (30.316, 59.9452),
            (30.3082, 59.9414),
        ),
        ((30.297, 59.937), (30.2893, 59.9345), (30.270, 59.9275), (30.2235, 59.915), (30.20, 59.909)),
    )
    malaya = (
        (30.316, 59.9452),
        (30.3035, 59.9466),
        (30.2846, 59.9492),
        (30.262, 59.953),
        (30.2235, 59.958),
        (30.20, 59.961),
    )
    nevka = ((30.341, 59.9515), (30.3372, 59.9576), (30.331, 59.966), (30.325, 59.973), (30.317, 59.979))
    fontanka = (
        (
            (30.3375, 59.950),
            (30.3385, 59.941),
            (30.3434, 59.9333),
            (30.331, 59.9265),
            (30.318, 59.9233),
            (30.295, 59.9175),
        ),
        ((30.280, 59.9163), (30.268, 59.9195), (30.258, 59.9242)),
    )
    courses = ((44, [*itertools.chain(*neva)]), (32, malaya), (32, nevka), (9, [*itertools.chain(*fontanka)]))
    for width, course in courses:
        sheet.line(smooth([place(*point) for point in course]), WATER, width)
    for street in (((30.3085, 59.9375), (30.362, 59.931), (30.389, 59.9237)), ((30.349, 59.9505), (30.348, 59.9327))):
        sheet.line([place(*point) for point in street], FAINT, 7)
    _name_districts(sheet, place)
    _mark_places(sheet, place)
    frame(sheet)
    _compass(sheet, (1130, 130))
    sheet.save("issues/1917/images/petrograd.png")


def _name_districts(sheet: Sheet, place: Callable[[float, float], Point]) -> None:
    districts = (
        (30.367, 59.9690, "VYBORG SIDE"),
        (30.291, 59.9620, "PETROGRAD SIDE"),
        (30.259, 59.9425, "VASILYEVSKY I."),
    )
    for longitude, latitude, name in districts:
        sheet.words(place(longitude, latitude), name, size=33, colour=MUTED, anchor="mm")
    sheet.words(place(30.4082, 59.9300), "Neva", size=33, colour=MUTED, anchor="mm", face="Serif-Italic")
    sheet.words(place(30.3225, 59.9185), "Fontanka", size=33, colour=MUTED, anchor="mm", face="Serif-Italic")
    sheet.words((1000, 704), "Nevsky Prospect", size=33, colour=MUTED, anchor="rm", face="Serif-Italic")


def _mark_places(sheet: Sheet, place: Callable[[float, float], Point]) -> None:
    """The places with their names, large enough to be read on a phone, where the sheet is a quarter as wide."""
    marks = (
        (30.3563, 59.9560, "Finland Station", "lm", (-62, -50)),
        (30.3763, 59.9478, "Tauride Palace", "mm", (-18, -40)),
        (30.3945, 59.9463, "Smolny", "mm", (-54, 40)),
        (30.3134, 59.9396, "Winter\nPalace", "lm", (18, -16)),
        (30.3167, 59.9502, "Peter and Paul", "mm", (-44, -42)),
        (30.3247, 59.9342, "Kazan\nCathedral", "rm", (-10, 52)),
        (30.3620, 59.9310, "Znamenskaya\nSquare", "lm", (-66, -64)),
    )
    for longitude, latitude, name, anchor, (right, down) in marks:
        x, y = place(longitude, latitude)
        sheet.disc((x, y), 9, ACCENT)
        sheet.disc((x, y), 3.5, PAPER)
        sheet.words((x + right, y + down), name, size=37, anchor=anchor)


def draw_congress() -> None:
    """The Bolshevik share of two congresses of Soviets."""
    sheet = Sheet(520)
    sheet.words((60, 62), "Bolshevik delegates", size=30, colour=ACCENT)
    rows = (
        ("First Congress, June 1917", 105, 822, "delegates with a vote"),
        ("Second Congress, October 1917", 300, 670, "delegates"),
    )
    longest = 822
    for index, (title, part, whole, kind) in enumerate(rows):
        top = 112 + index * 190
        width = 1080 * whole / longest
        sheet.words((60, top + 14), title, size=26)
        sheet.box((60, top + 40, 60 + width, top + 112), FAINT)
        sheet.box((60, top + 40, 60 + width * part / whole, top + 112), ACCENT)
        sheet.words((60 + width * part / whole - 12, top + 76), str(part), size=28, colour=PAPER, anchor="rm")
        label = f"of {whole} {kind}: {part / whole:.0%}"
        sheet.words((60 + width * part / whole + 16, top + 76), label, size=26)
        sheet.line([(60, top + 112), (60 + width, top + 112)], INK, 2)
    sheet.save("issues/1917/images/congress.png")


def _leaf(head: str, foot: str, weekdays: str, weeks: Iterable[Sequence[str]], path: str) -> None:
    """A leaf of a wall calendar."""
    rows = list(weeks)
    height = 330 + 96 * len(rows)
    sheet = Sheet(height)
    sheet.box((120, 30, 1080, height - 30), None, INK)
    sheet.box((120, 30, 1080, 140), ACCENT)
    for hole in (220, 980):
        sheet.disc((hole, 85), 13, PAPER)
    sheet.words((600, 92), head, size=52, colour=PAPER, anchor="mm", face="Serif-Bold")
    for column, name in enumerate(weekdays.split()):
        sheet.words((198 + column * 134, 184), name, size=24, colour=MUTED, anchor="mm")
    sheet.line([(150, 212), (1050, 212)], FAINT, 2)
    for row, week in enumerate(rows):
        for column, day in enumerate(week):
            centre = (198 + column * 134, 264 + row * 96)
            if day.startswith("!"):
                sheet.disc(centre, 40, None, ACCENT, 3)
            sheet.words(centre, day.strip("!"), size=44, anchor="mm", colour=ACCENT if day.startswith("!") else INK)
    sheet.words((600, height - 62), foot, size=26, colour=MUTED, anchor="mm", face="Serif-Italic")
    sheet.save(path)


def draw_february_1918() -> None:
    """February 1918 in Russia, Monday first, from the 14th."""
    weeks = (
        ("", "", "", "!14", "15", "16", "17"),
        ("18", "19", "20", "21", "22", "23", "24"),
        ("25", "26", "27", "28", "", "", ""),
    )
    foot = "Wednesday 31 January is followed by Thursday 14 February"
    _leaf("ФЕВРАЛЬ 1918", foot, "Пн Вт Ср Чт Пт Сб Вс", weeks, "static/images/february-1918.png")


def draw_september_1752() -> None:
    """September 1752 in Britain, Sunday first, as almanacs printed it."""
    weeks = (
        ("", "", "1", "!2", "!14", "15", "16"),
        ("17", "18", "19", "20", "21", "22", "23"),
        ("24", "25", "26", "27", "28", "29", "30"),
    )
    foot = "Wednesday the 2nd is followed by Thursday the 14th"
    _leaf("SEPTEMBER 1752", foot, "Su Mo Tu We Th Fr Sa", weeks, "static/images/september-1752.png")


def draw_gap() -> None:
    """By how many days the Gregorian calendar is ahead of the Julian, and who changed when."""
    sheet = Sheet(620)
    left, right, top, bottom = 110, 1150, 80, 520

    def at(year: float, days: float) -> Point:
        return left + (year - 1550) / 600 * (right - left), bottom - (days - 9) / 5 * (bottom - top)

    for days in range(10, 15):
        sheet.line([at(1550, days), at(2150, days)], FAINT, 1)
        sheet.words((left - 16, at(1550, days)[1]), str(days), size=26, anchor="rm")
    for year in range(1600, 2101, 100):
        sheet.line([at(year, 9), (at(year, 9)[0], bottom + 10)], INK, 2)
        sheet.words((at(year, 9)[0], bottom + 34), str(year), size=24, anchor="mm")
    sheet.line([at(1550, 9), at(2150, 9)], INK, 2)
    steps = ((1550, 10), (1700, 10), (1700, 11), (1800, 11), (1800, 12), (1900, 12), (1900, 13), (2100, 13), (2100, 14))
    sheet.line([at(*step) for step in (*steps, (2150, 14))], ACCENT, 6)
    changes = ((1582, 10, "Italy 1582", "lm"), (1752, 11, "Britain 1752", "rm"), (1918, 13, "Russia 1918", "lm"))
    for year, days, name, anchor in changes:
        sheet.dashes(at(year, 9), at(year, days))
        sheet.disc(at(year, days), 10, ACCENT)
        sheet.words((at(year, days)[0] + 6, at(year, days)[1] - 30), name, size=24, anchor=anchor)
    sheet.words((left - 60, 40), "Days between the Julian and the Gregorian calendar", size=28)
    sheet.save("static/images/calendar-gap.png")


def draw_eclipse() -> None:
    """Sun, Earth, shadow and Moon; not to scale."""
    sheet = Sheet(520)
    middle = 260.0
    sun: Point = (40, middle)
    earth: Point = (560, middle)
    radius, broad = (
        84,
        141,
    )  # of the Earth and of the Sun, so that the Sun's edge, the Earth's and the shadow's are in line
    for side in (-1, 1):
        sheet.line([(sun[0], middle + side * broad), (earth[0], middle + side * radius)], FAINT, 2)
        sheet.dashes((sun[0], middle - side * broad), (earth[0], middle + side * radius), FAINT)
        sheet.dashes((earth[0], middle + side * radius), (900, middle + side * 231))
    sheet.area(
        [(earth[0], middle - radius), (1174, middle - 17), (1174, middle + 17), (earth[0], middle + radius)], MUTED
    )
    sheet.disc(sun, broad, FAINT, INK, 2)
    sheet.disc(earth, radius, PAPER, INK, 3)
    night = (earth[0] - radius, middle - radius, earth[0] + radius, middle + radius)
    sheet.pen.pieslice([round(value * SCALE) for value in night], 270, 90, fill=INK)
    sheet.disc((950, middle), 27, ACCENT, INK, 2)
    sheet.words((70, middle), "Sun", size=30, anchor="lm")
    sheet.words((earth[0], middle + 122), "Earth", size=30, anchor="mm")
    sheet.words((950, middle - 76), "Moon", size=30, colour=ACCENT, anchor="mm")
    sheet.words((950, middle + 84), "umbra", size=24, colour=MUTED, anchor="mm", face="Serif-Italic")
    sheet.words((1010, middle + 186), "penumbra", size=24, colour=MUTED, anchor="mm", face="Serif-Italic")
    frame(sheet)
    sheet.save("issues/on-this-day/images/eclipse.png")


def draw_route() -> None:
    """Ibn Battuta's way from Tangier to Mecca: true positions, straight lines between them."""
    sheet = Sheet(620)
    place = _projection(-11.4, 39.9, 25.4, slant=0.87)
    for meridian in range(-10, 35, 10):
        sheet.line([place(meridian, 40), place(meridian, 16)], FAINT, 1)
        name = f"{abs(meridian)}° {'W' if meridian < 0 else 'E'}"
        sheet.words((place(meridian, 40)[0] + 6, 588), name, size=18, colour=MUTED)
    for parallel in (20, 25, 30, 35):
        sheet.line([place(-11, parallel), place(45, parallel)], FAINT, 1)
        sheet.words((32, place(0, parallel)[1] - 12), f"{parallel}° N", size=18, colour=MUTED)
    stations = (
        (-5.81, 35.77, "Tangier", "lm", (-10, -28)),
        (-1.32, 34.88, "Tlemcen", "mm", (0, 28)),
        (3.06, 36.75, "Algiers", "mm", (-6, -26)),
        (5.08, 36.75, "Béjaïa", "lm", (-2, 28)),
        (10.18, 36.81, "Tunis", "lm", (12, -14)),
        (10.76, 34.74, "Sfax", "rm", (-14, 2)),
        (13.19, 32.89, "Tripoli", "mm", (-4, 28)),
        (29.92, 31.20, "Alexandria", "mm", (-20, -30)),
        (31.24, 30.04, "Cairo", "rm", (-16, 10)),
        (35.23, 31.78, "Jerusalem", "lm", (14, 20)),
        (36.29, 33.51, "Damascus", "mm", (-6, -28)),
        (39.61, 24.47, "Medina", "rm", (-14, 0)),
        (39.83, 21.42, "Mecca", "rm", (-16, 8)),
    )
    sheet.line([place(longitude, latitude) for longitude, latitude, *_ in stations], INK, 3)
    detour = ((31.24, 30.04), (32.76, 25.92), (36.49, 22.33))
    for start, end in itertools.pairwise(detour):
        sheet.dashes(place(*start), place(*end), ACCENT, 3)
    port = place(*detour[-1])
    sheet.label((port[0] - 14, port[1] + 4), "ʿAydhāb", "rm", ACCENT)
    sheet.disc(port, 7, ACCENT)
    for longitude, latitude, name, anchor, (right, down) in stations:
        x, y = place(longitude, latitude)
        sheet.label((x + right, y + down), name, anchor)
        sheet.disc((x, y), 8, ACCENT if name in {"Tangier", "Mecca"} else INK)
    frame(sheet)
    sheet.save("issues/on-this-day/images/route.png")


def main() -> None:
    """Draw them all."""
    draw_petrograd()
    draw_congress()
    draw_february_1918()
    draw_september_1752()
    draw_gap()
    draw_eclipse()
    draw_route()


if __name__ == "__main__":
    main()
