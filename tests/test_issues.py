"""Issue files: an issue, or every fault of the file at once."""

import string
from datetime import UTC, date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkpub.adapters.config import settings_of
from sparkpub.adapters.zones import zone
from sparkpub.core.issues import issue_schema, new_issue_text, parse_issue
from sparkpub.core.keys import ANNIVERSARY_KEYS, ISSUE_KEYS
from sparkpub.core.model import (
    Anniversary,
    Calendar,
    Correction,
    Every,
    FixedDate,
    Image,
    Issue,
    LeapDay,
    Match,
    Milestones,
    Observance,
    Status,
    Years,
)
from sparkpub.core.slugs import is_slug, slugify

SETTINGS = settings_of(
    {
        "publication": {
            "title": "The Paper",
            "base_url": "https://paper.example.org",
            "from": "The Paper <editor@paper.example.org>",
            "postal_address": "1 Street, Town",
            "timezone": "Europe/London",
            "language": "en-GB",
            "audience": "friends",
        },
        "schedule": {"time": "06:30", "leap_day": "forward"},
        "series": {
            "town": {"title": "Our Town"},
            "1917": {
                "title": "1917",
                "calendar": "russia",
                "match": "converted",
                "every": 10,
                "zone": "Europe/Moscow",
                "time": "08:00",
                "leap_day": "omit",
                "day": "last",
                "observance": "birthday",
                "from": "2017-01-01",
                "until": "2030-12-31",
            },
            "one-day": {"title": "One Day", "of": "1917-03-08", "milestones": "wikipedia"},
        },
        "audience": {"friends": {}, "press": {"tags": ["press"]}},
    }
)


def parse(front: str, body: str = "Body\n", path: str = "issues/a.md") -> Issue | list[str]:
    parsed = parse_issue(f"---\n{front}\n---\n{body}".encode(), path=path, settings=SETTINGS, zones=zone)
    return parsed if isinstance(parsed, Issue) else [str(fault) for fault in parsed]


def sound(front: str, body: str = "Body\n") -> Issue:
    parsed = parse("id: a\ntitle: T\n" + front, body)
    assert isinstance(parsed, Issue), parsed
    return parsed


def faults(front: str) -> list[str]:
    parsed = parse("id: a\ntitle: T\n" + front)
    assert not isinstance(parsed, Issue)
    return parsed


def rule(front: str) -> Anniversary:
    found = sound(front).rule
    assert isinstance(found, Anniversary)
    return found


def test_every_key_arrives_in_the_issue() -> None:
    issue = sound(
        """slug: a-slug
kicker: September
summary: >
  One sentence.
  Another.
preheader: Before all
status: ready
series: town
audience: press
feed_id: urn:uuid:1
aliases: [/old/url/, /older.html]
authors: [Ada L., Zoë]
tags: [history, "a: b"]
language: de
image: {src: p.png, alt: A street, caption: The street in 1917}
footer: The end
release: "2026-12-01 07:45"
zone: Europe/Berlin
corrections: ["2026-12-06: two", "2026-12-05: one: and more"]
allow: [SPK012: a long piece, SPK008: it is a joke]""",
        "\nText\n",
    )
    assert issue.slug == "a-slug"
    assert issue.summary == "One sentence. Another."
    assert issue.status is Status.READY
    assert (issue.kicker, issue.preheader, issue.series, issue.audience) == ("September", "Before all", "town", "press")
    assert (issue.feed_id, issue.aliases) == ("urn:uuid:1", ("/old/url/", "/older.html"))
    assert (issue.authors, issue.tags) == (("Ada L.", "Zoë"), ("history", "a: b"))
    assert issue.image == Image(src="p.png", alt="A street", caption="The street in 1917")
    assert (issue.language, issue.footer) == ("de", "The end")
    assert issue.rule == FixedDate(on=date(2026, 12, 1), time=time(7, 45), zone=zone("Europe/Berlin"))
    assert issue.corrections == (
        Correction(on=date(2026, 12, 5), text="one: and more"),
        Correction(on=date(2026, 12, 6), text="two"),
    )
    assert issue.allow == {"SPK012": "a long piece", "SPK008": "it is a joke"}
    assert (issue.body, issue.body_line) == ("\nText\n", 25)


def test_what_is_left_out_comes_from_the_publication() -> None:
    issue = sound('release: "2026-12-01"')
    assert (issue.slug, issue.status, issue.language, issue.audience) == ("a", Status.DRAFT, "en-GB", "friends")
    assert issue.rule == FixedDate(on=date(2026, 12, 1), time=time(6, 30), zone=zone("Europe/London"))


def test_an_anniversary_has_the_publications_defaults() -> None:
    found = rule('anniversary: {of: "1917-09-04", years: [100, 125]}')
    assert found.calendar is Calendar.GREGORIAN
    assert found.match is Match.NOMINAL
    assert found.choice == Years(numbers=frozenset({100, 125}))
    assert (found.time, found.zone, found.leap_day) == (time(6, 30), zone("Europe/London"), LeapDay.FORWARD)
    assert (found.day, found.from_on, found.until_on, found.observance) == ("first", None, None, None)


def test_a_series_gives_its_issues_their_defaults() -> None:
    found = rule('series: "1917"\nanniversary: {of: 1917-09}')
    assert found.calendar is Calendar.RUSSIA
    assert found.match is Match.CONVERTED
    assert found.choice == Every(step=10)
    assert (found.time, found.zone, found.leap_day) == (time(8), zone("Europe/Moscow"), LeapDay.OMIT)
    assert (found.day, found.from_on, found.until_on) == ("last", date(2017, 1, 1), date(2030, 12, 31))
    assert found.observance is None


def test_an_issue_overrides_its_series() -> None:
    front = 'series: "1917"\nanniversary: {of: 1917-09-04, calendar: julian, match: nominal, years: [100], zone: UTC}'
    found = rule(front)
    assert (found.calendar, found.match) == (Calendar.JULIAN, Match.NOMINAL)
    assert found.choice == Years(numbers=frozenset({100}))
    assert found.zone is zone("UTC")
    assert found.day == "first"


def test_a_series_may_hold_the_event_itself() -> None:
    found = rule("series: one-day\nstatus: ready")
    assert found.of.text == "1917-03-08"
    assert found.choice == Milestones()


def test_dates_without_gregorian_months_match_in_their_own_calendar() -> None:
    found = rule("anniversary: {of: 5774-M05L-05, calendar: hebrew, every: 1, observance: yahrzeit}")
    assert found.match is Match.CALENDAR
    assert found.observance is Observance.YAHRZEIT
    assert rule("anniversary: {of: 1445-09-01, calendar: islamic-civil, every: 1}").match is Match.CALENDAR


def test_a_date_of_the_source_is_checked_in_its_own_calendar() -> None:
    assert rule("anniversary: {of: 1900-02-29, calendar: julian, every: 1}").of.day == 29
    (fault,) = faults("anniversary:\n  every: 1\n  of: 1900-02-29")
    assert fault.startswith("issues/a.md:6: '1900-02-29' is no date")


def test_every_fault_of_a_file_is_named_at_once_in_the_order_of_lines() -> None:
    said = parse(
        """id: A b
titel: x
title: "a\\nb"
status: redy
series: twon
audience: prass
zone: Mars/Olympus
anniversary:
  of: 1917-02-30
  calender: julian
  zone: Europe/Moskow
  years: [0]
  time: "25:00"
  from: 2020-01-01
  until: 2019-01-01
kicker: [x]
image: x.png
tags: a"""
    )
    assert said == [
        "issues/a.md:2: 'A b' may hold a–z, 0–9 and hyphens only, at most 64; write for example 'a-b'",
        "issues/a.md:3: unknown key 'titel'; did you mean 'title'?",
        "issues/a.md:4: 'title' has more than one line; write it on one",
        "issues/a.md:5: 'redy' is no status; did you mean 'ready'?",
        "issues/a.md:6: unknown series 'twon'; did you mean 'town'?",
        "issues/a.md:7: unknown audience 'prass'; did you mean 'press'?",
        "issues/a.md:8: 'zone' belongs beside 'release'; indent it under 'anniversary:', or delete it",
        (
            "issues/a.md:10: '1917-02-30' is no date: Feb 1917 has no day 30 in the gregorian calendar, it ends on 28; "
            "check the date in its source, and `calendar:`"
        ),
        "issues/a.md:11: unknown key 'anniversary.calender'; did you mean 'calendar'?",
        "issues/a.md:12: unknown zone 'Europe/Moskow'; did you mean 'Europe/Moscow'?",
        "issues/a.md:13: '0' is no number of years; write a whole number from 1",
        "issues/a.md:14: '25:00' is no time of day; write it as HH:MM, from 00:00 to 23:59",
        "issues/a.md:16: 'until' is before 'from' (2020-01-01); exchange them",
        "issues/a.md:17: 'kicker' is a list; write one text: `kicker: …`",
        "issues/a.md:18: 'image' is no table; write `image: {src: picture.png, alt: What it shows}`",
        "issues/a.md:19: 'tags' is no list; write `tags: [a]`",
    ]


@pytest.mark.parametrize(
    ("front", "fault"),
    [
        ("status: ready", "issues/a.md:4: a ready issue has neither 'release' nor 'anniversary'"),
        ("release: 2026-12-01\nanniversary: {of: 1917-09-04}", "issues/a.md:5: 'anniversary' stands beside 'release'"),
        ("release: 2026-02-30", "issues/a.md:4: there is no 2026-02-30; check month and day"),
        ("release: 1.12.2026", "issues/a.md:4: '1.12.2026' is no date; write it as YYYY-MM-DD"),
        ("release: 2026-12-01 24:00", "issues/a.md:4: '24:00' is no time of day"),
        ("release: 2026-12-01 07:00+03:00", "issues/a.md:4: '2026-12-01 07:00+03:00' has an offset"),
        ("release: 2026-12-01\nzone: ../../etc/passwd", "issues/a.md:5: unknown zone '../../etc/passwd'"),
        ("release: 2026-12-01\nzone: Europe", "issues/a.md:5: unknown zone 'Europe'"),
        ("status: ready\nanniversary: {of: 1917-09-04}", "issues/a.md:5: which anniversaries?"),
        ("anniversary: {years: [100]}", "issues/a.md:4: the key 'anniversary.of' is missing"),
        ("anniversary: {of: 1917, every: 1}", "issues/a.md:4: '1917' names no month"),
        ("anniversary: {of: 1917-09-04, every: 0}", "issues/a.md:4: '0' is no number of years"),
        ("anniversary: {of: 1917-09-04, every: x}", "issues/a.md:4: 'x' is no number of years"),
        ("anniversary: {of: 1917-09-04, years: []}", "issues/a.md:4: 'years' names no anniversary"),
        ("anniversary: {of: 1917-09-04, years: 100}", "issues/a.md:4: 'anniversary.years' is no list"),
        ("anniversary: {of: 1917-09-04, milestones: round}", "issues/a.md:4: 'round' is no rule of milestones"),
        ("anniversary: {of: 1917-09-04, every: 1, years: [1]}", "issues/a.md:4: 'every' stands beside 'years'"),
        ("anniversary: {of: 1917-09-04, every: 1, day: 3}", "issues/a.md:4: 'day' is for dates that know the month"),
        ("anniversary: {of: 1917-09, every: 1, day: 32}", "issues/a.md:4: '32' is no day"),
        ("anniversary: {of: 1917-09, every: 1, day: 31}", "issues/a.md:4: day 31 does not exist in '1917-09'"),
        ("anniversary: {of: 1918-02-05, calendar: russia, every: 1}", "issues/a.md:4: '1918-02-05' is no date"),
        (
            "anniversary: {of: 5774-M01-05, calendar: hebrew, match: nominal, every: 1}",
            "issues/a.md:4: match 'nominal' needs months with Gregorian names",
        ),
        ("anniversary: {of: 1917-09-04, observance: yahrzeit, every: 1}", "issues/a.md:4: 'observance' is for hebrew"),
        ("slug: ../up", "issues/a.md:4: '../up' may hold a–z"),
        ("slug: " + "a" * 65, "issues/a.md:4: 'aaaa"),
        ("aliases: [/a/../b]", "issues/a.md:4: '/a/../b' is no old path of this site"),
        ("aliases: ['https://x.org/']", "issues/a.md:4: 'https://x.org/' is no old path"),
        ("feed_id: abc", "issues/a.md:4: 'abc' is no absolute IRI"),
        ('authors: ["a\\r\\nBcc: b"]', "issues/a.md:4: an item of 'authors' has more than one line"),
        ('tags: ["\\a"]', "issues/a.md:4: an item of 'tags' has a control character (U+0007)"),
        ('summary: "\\0"', "issues/a.md:4: 'summary' has a control character (U+0000)"),
        ("tags: [[a]]", "issues/a.md:4: an item of 'tags' is no text"),
        ("language: klingonisch", "issues/a.md:4: 'klingonisch' is no language tag"),
        ("image: {alt: x}", "issues/a.md:4: the key 'image.src' is missing"),
        ("image: {src: x, cation: y}", "issues/a.md:4: unknown key 'image.cation'; did you mean 'caption'?"),
        ("corrections: [hello]", "issues/a.md:4: 'hello' is no date"),
        ('corrections: ["2026-01-01:"]', "issues/a.md:4: the correction of 2026-01-01 says nothing"),
        ("allow: [SPK12: x]", "issues/a.md:4: there is no lint 'SPK12'; did you mean 'SPK012'?"),
        ("allow: [SPK012]", "issues/a.md:4: no reason is given for allowing SPK012"),
        ("anniversary: soon", "issues/a.md:4: 'anniversary' is no table"),
        ("status: ready\nrelease:", "issues/a.md:4: a ready issue has neither"),
        ("title: U", "issues/a.md:4: the key 'title' is there twice, first in line 3; keep one"),
        ("zzz: 1", "issues/a.md:4: unknown key 'zzz'; leave it out"),
    ],
)
def test_what_is_wrong_is_named_with_line_and_cure(front: str, fault: str) -> None:
    said = faults(front)
    assert any(one.startswith(fault) for one in said), said
    assert all("; " in one for one in said), said


@pytest.mark.parametrize("front", ["", "id:\ntitle:", "title: T", "id: a"])
def test_id_and_title_are_required(front: str) -> None:
    said = parse(front)
    assert not isinstance(said, Issue)
    assert any("'id'" in one or "'title'" in one for one in said)


def test_a_draft_may_leave_open_when_it_falls() -> None:
    assert sound("status: draft").rule is None
    assert sound("status: hold").rule is None
    assert sound("anniversary: {of: 1917-09-04}").rule is None


def test_a_file_name_that_is_no_text_is_a_fault() -> None:
    said = parse("id: a\ntitle: T", path="issues/\udcff\n.md")
    assert not isinstance(said, Issue)
    assert said[0].encode()
    assert "rename the file" in said[0]


@given(st.binary(max_size=500))
def test_random_bytes_are_an_issue_or_faults(data: bytes) -> None:
    for attempt in (data, b"---\n" + data + b"\n---\n", b"---\nid: a\ntitle: T\nanniversary: {" + data + b"}\n---\n"):
        parsed = parse_issue(attempt, path="issues/a.md", settings=SETTINGS, zones=zone)
        assert isinstance(parsed, Issue) or parsed


_KEYS = [key.name for key in (*ISSUE_KEYS, *ANNIVERSARY_KEYS)]
_VALUES = st.one_of(
    st.sampled_from(["", "[]", "{}", "a", "ready", "1917-09-04", "1917-09", "hebrew", "[100]", "[a: b]", "0", "1e9"]),
    st.text(alphabet=string.printable, max_size=20),
)


@given(st.lists(st.tuples(st.sampled_from(_KEYS), _VALUES), max_size=8), st.booleans())
def test_any_value_of_any_key_is_read_or_named(pairs: list[tuple[str, str]], is_nested: bool) -> None:
    indent = "  " if is_nested else ""
    front = ("anniversary:\n" if is_nested else "") + "\n".join(f"{indent}{key}: {value}" for key, value in pairs)
    parsed = parse("id: a\ntitle: T\n" + front)
    assert isinstance(parsed, Issue) or parsed


_TITLES = st.text(min_size=1, max_size=100).filter(lambda t: any(c.isalnum() for c in t))


@given(
    _TITLES,
    st.sampled_from(
        [
            {},
            {"series": "1917"},
            {"of": "1917-09-04"},
            {"release": "2026-12-01"},
            {"of": "1917-09", "series": "1917"},
            {"of": "1917-09-04", "series": "town"},
            {"release": "2026-12-01", "series": "town"},
        ]
    ),
)
def test_a_new_issue_file_is_sound_whatever_its_title(title: str, given_: dict[str, str]) -> None:
    text = new_issue_text(title, id=slugify(title), **given_)
    parsed = parse_issue(text.encode("utf-8", "replace"), path="issues/a.md", settings=SETTINGS, zones=zone)
    assert isinstance(parsed, Issue), parsed
    assert parsed.status is Status.DRAFT
    assert (parsed.rule is not None) is bool(
        given_.get("release") or (given_.get("of") and "town" not in given_.values())
    )


def test_a_new_issue_keeps_its_title_to_the_letter() -> None:
    title = 'He said: "No" \\ # it’s – [really] {so} 100 %'
    issue = parse_issue(
        new_issue_text(title, id="a").encode(), path="issues/a.md", settings=SETTINGS, zones=lambda _: UTC
    )
    assert isinstance(issue, Issue)
    assert issue.title == title


@given(st.text(max_size=200))
def test_every_title_makes_a_slug(title: str) -> None:
    assert is_slug(slugify(title))
    assert slugify(slugify(title)) == slugify(title)


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("The Soviets Change Hands", "the-soviets-change-hands"),
        ("Élan, Œuvre & Straße", "elan-oeuvre-strasse"),
        ("Don’t!", "dont"),
        ("Война и мир", "issue"),
        ("a" * 70, "a" * 64),
        (" ".join(["word"] * 20), "-".join(["word"] * 13)),
    ],
)
def test_slugs_are_what_an_editor_would_write(title: str, slug: str) -> None:
    assert slugify(title) == slug


def test_the_schema_knows_every_key_and_closes_every_table() -> None:
    schema = issue_schema()
    assert set(schema["properties"]) == {key.name for key in ISSUE_KEYS}
    assert set(schema["properties"]["anniversary"]["properties"]) == {key.name for key in ANNIVERSARY_KEYS}
    tables: list[dict[str, Any]] = [schema, *(p for p in schema["properties"].values() if p.get("type") == "object")]
    assert all(table["additionalProperties"] is False for table in tables)
    assert all(p["description"].endswith(".") for p in schema["properties"].values())
