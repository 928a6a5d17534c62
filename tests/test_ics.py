"""Calendars for calendar programs."""

from dataclasses import replace
from datetime import UTC, date, datetime

from icalendar import Calendar

from sample_site import SETTINGS, anniversary, issue, sample_articles
from sparkpub.core.ics import CalendarItem, calendar_ics
from sparkpub.core.model import Occurrence

AT = datetime(2017, 9, 4, 7, tzinfo=UTC)
OCCURRENCE = Occurrence(number=100, on=date(2017, 9, 4), at=AT, local=AT)


def test_occurrence_is_an_event_with_the_reason_for_its_date() -> None:
    piece = issue("soviets", title="The Soviets", series="revolution-1917", rule=anniversary(date(1917, 9, 4)))
    item = CalendarItem.of(
        piece, replace(OCCURRENCE, why=("as printed", "New Style 17 Sep")), settings=SETTINGS, stamp=AT
    )
    calendar = Calendar.from_ical(calendar_ics([item], title="Paper"))
    (event,) = calendar.walk("VEVENT")
    assert event["SUMMARY"] == "The Soviets (100)"
    assert event["UID"] == "soviets/100@paper.example.org"
    assert event.decoded("DTSTART") == AT
    assert "as printed; New Style 17 Sep" in str(event["DESCRIPTION"])
    assert event["URL"] == "https://paper.example.org/news/issues/soviets/"


def test_hostile_titles_stay_one_property() -> None:
    piece = issue("x", title="A\r\nBEGIN:VALARM\x07,; \\n \u202e", tags=("a,b", "c;d\ne"))
    item = CalendarItem.of(piece, replace(OCCURRENCE, why=("\nEND:VEVENT",)), settings=SETTINGS, stamp=AT)
    data = calendar_ics([item], title="T\nX:1")
    (event,) = Calendar.from_ical(data).walk("VEVENT")
    assert event["SUMMARY"] == "A BEGIN:VALARM,; \\n \u202e (100)"
    assert data.count(b"\r\nEND:VEVENT\r\n") == 1
    assert not [line for line in data.split(b"\r\n") if b"\n" in line or len(line) > 75]


def test_same_items_make_the_same_bytes() -> None:
    items = [CalendarItem.released(article, settings=SETTINGS) for article in sample_articles()]
    assert calendar_ics(items, title="T") == calendar_ics(items, title="T")


def test_calendar_without_items_is_a_calendar() -> None:
    assert Calendar.from_ical(calendar_ics([], title="T")).walk("VEVENT") == []


def test_first_and_last_years_can_be_written() -> None:
    for year in (1, 9999):
        at = AT.replace(year=year)
        item = CalendarItem.of(issue("x"), replace(OCCURRENCE, at=at), settings=SETTINGS, stamp=AT)
        (event,) = Calendar.from_ical(calendar_ics([item], title="T")).walk("VEVENT")
        assert event.decoded("DTSTART") == at
