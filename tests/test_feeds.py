"""Feeds, read back by a feed reader's own parser."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Golden
from sample_site import BASE_URL, SETTINGS, files_of, issue, many_articles, per_feed, released, sample_articles, starter
from sparkpub.core.feeds import ATOM, EPOCH, JSON, MAX_BYTES, RSS, Entry, Feed, chained, json_feed, xml_safe
from sparkpub.core.feedxml import atom, rss
from sparkpub.core.site import site_of

AT = datetime(2017, 9, 4, 4, tzinfo=UTC)
HOSTILE = (
    "A\x00\x07\x1b & B &amp; C &amp;amp; <b>D</b> ]]> E \ud800 \ufffe \u202eFGH\u202c "
    "\U0001f5de\ufe0f \u05d0\u05d1 -- \r\n <script>alert(1)</script> </content> &#0; %s {{ x }}"
)


def entry(number: int = 1, **changes: Any) -> Entry:
    at = AT + timedelta(days=number)
    made = Entry(
        id=f"tag:example.org,2017:piece/{number}",
        title=f"Piece {number}",
        url=f"https://example.org/issues/piece/{number}/",
        published_at=at,
        updated_at=at,
        summary="In short.",
        html="<p>In full.</p>",
    )
    return replace(made, **changes)


def feed(*entries: Entry) -> Feed:
    return Feed(
        base_url="https://example.org",
        folder="/",
        title="The Paper",
        description="Daily",
        home="/",
        language="en",
        author="The Paper",
        entries=entries,
    )


def read(data: bytes) -> Any:
    parsed = feedparser.parse(data, sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo, parsed.get("bozo_exception")
    return parsed


@pytest.mark.parametrize(
    "name", ["feed.xml", "atom.xml", "feed.json", "2017/atom.xml", "series/revolution-1917/feed.xml"]
)
def test_feed_is_as_it_was(name: str, golden: Golden) -> None:
    golden(f"feeds/{name.replace('/', '-')}", files_of(sample_articles())[name])


@pytest.mark.parametrize("folder", ["", "series/revolution-1917/", "tags/papers/", "on-this-day/", "2017/"])
def test_three_kinds_say_the_same(folder: str) -> None:
    files = files_of(sample_articles())
    in_rss, in_atom = read(files[folder + RSS]), read(files[folder + ATOM])
    in_json = json.loads(files[folder + JSON])
    ids = [item["id"] for item in in_json["items"]]
    assert ids
    assert ids == [e.id for e in in_rss.entries] == [e.id for e in in_atom.entries]
    assert (
        [i["title"] for i in in_json["items"]]
        == [e.title for e in in_atom.entries]
        == [e.title for e in in_rss.entries]
    )
    assert [i["url"] for i in in_json["items"]] == [e.link for e in in_rss.entries] == [e.link for e in in_atom.entries]
    assert [e.published_parsed for e in in_rss.entries] == [e.published_parsed for e in in_atom.entries]
    assert [e.updated_parsed for e in in_rss.entries if "updated_parsed" in e]
    for item, one, other in zip(in_json["items"], in_rss.entries, in_atom.entries, strict=True):
        assert item["content_html"] == one.content[0].value == other.content[0].value
        assert item.get("summary") == unescape(one.summary) == other.summary
        assert item["date_published"] == other.published
        assert item["date_modified"] == other.updated


def test_newest_entry_comes_first_and_dates_the_feed() -> None:
    files = files_of(sample_articles())
    assert read(files[ATOM]).entries[0].title == "إعلان: a notice"
    assert read(files[ATOM]).feed.updated == "2018-11-01T07:00:00+00:00"
    assert read(files[RSS]).feed.updated == "Thu, 01 Nov 2018 07:00:00 +0000"


def test_correction_moves_updated_alone() -> None:
    entries = {e.id: e for e in read(files_of(sample_articles())[ATOM]).entries}
    corrected = entries["tag:paper.example.org,2017:september/100"]
    assert corrected.published == "2017-09-04T07:00:00+00:00"
    assert corrected.updated == "2017-09-06T07:00:00+00:00"
    assert "An earlier text named the wrong queue." in corrected.content[0].value


def test_second_release_of_an_issue_is_a_new_entry() -> None:
    ids = [e.id for e in read(files_of(sample_articles())[ATOM]).entries]
    assert "tag:paper.example.org,2017:leap/435" in ids
    assert "tag:paper.example.org,2018:leap/436" in ids


def test_every_address_in_a_feed_is_absolute() -> None:
    for item in json.loads(files_of(sample_articles())[JSON])["items"]:
        html = item["content_html"]
        links = [part.split('"', 1)[0] for attribute in ('href="', 'src="') for part in html.split(attribute)[1:]]
        assert all(link.startswith("https://") for link in links)


def test_rss_channel_links_to_its_page_and_itself() -> None:
    parsed = read(files_of(sample_articles())["series/revolution-1917/feed.xml"])
    assert parsed.feed.link == f"{BASE_URL}/series/revolution-1917/"
    assert [link.href for link in parsed.feed.links if link.rel == "self"] == [
        f"{BASE_URL}/series/revolution-1917/feed.xml"
    ]
    assert parsed.feed.title == "1917 – The Daily Centenary"
    assert parsed.feed.language == "en"


def test_authors_are_those_of_the_piece_else_the_publication() -> None:
    by_title = {e.title: e for e in read(files_of(sample_articles())[RSS]).entries}
    assert by_title["Queues & “Quiet”"].authors == [{"name": "Ada Example"}, {"name": "Ben Sample"}] or (
        by_title["Queues & “Quiet”"].author in {"Ada Example", "Ben Sample"}
    )
    assert by_title["A Leap"].author == "The Daily Centenary"


def test_hostile_text_never_breaks_a_feed() -> None:
    made = feed(entry(title=HOSTILE, summary=HOSTILE, html=f"<p>{HOSTILE}", authors=(HOSTILE,), tags=(HOSTILE,)))
    made = replace(made, title=HOSTILE, description=HOSTILE, author=HOSTILE)
    clean = xml_safe(HOSTILE)
    for data in (rss(made), atom(made)):
        parsed = read(data)
        assert len(parsed.entries) == 1
        assert parsed.entries[0].content[0].value == f"<p>{clean}"
    (item,) = json.loads(json_feed(made))["items"]
    assert item["title"] == clean
    assert item["content_html"] == f"<p>{clean}"


@given(st.text(st.characters(codec=None), max_size=200))
def test_any_text_makes_sound_feeds(text: str) -> None:
    made = feed(entry(title=text, summary=text, html=text, tags=(text,), authors=(text,)))
    for data in (rss(made), atom(made)):
        assert len(feedparser.parse(data).entries) == 1
        data.decode("utf-8")
    assert len(json.loads(json_feed(made))["items"]) == 1


def test_hostile_issue_survives_the_whole_way() -> None:
    body = "Text ]]> &amp;amp; \x0b <b>open <script>x</script> <p onclick=x>\u202e \U0001f5de\n\n</div></body></html>"
    piece = released(
        issue("x", title=HOSTILE, body=body, summary=HOSTILE, tags=(HOSTILE,), authors=(HOSTILE,)), date(2018, 1, 1)
    )
    files = files_of([piece])
    for name in ("feed.xml", "atom.xml"):
        (one,) = read(files[name]).entries
        assert "<script" not in one.content[0].value
        assert "onclick" not in one.content[0].value
    assert len(json.loads(files["feed.json"])["items"]) == 1
    feedparser.parse(files["feeds.opml"])


def test_feed_without_entries_is_a_feed() -> None:
    for data in (rss(feed()), atom(feed())):
        assert read(data).entries == []
    assert feed().updated_at == EPOCH
    assert json.loads(json_feed(feed()))["items"] == []


def test_feed_holds_at_most_per_feed_entries() -> None:
    files = files_of(many_articles(40), per_feed(25))
    assert len(read(files["feed.xml"]).entries) == 25
    assert len(read(files["atom.xml"]).entries) == 25


def test_no_document_is_longer_than_its_limit() -> None:
    long = [entry(n, html=f"<p>{'&quot; “Wörter” ' * 6000}</p>") for n in range(12)]
    documents = chained(feed(), long, 25)
    assert len(documents[0].entries) < 12
    for document in documents:
        assert max(len(rss(document)), len(atom(document)), len(json_feed(document))) <= MAX_BYTES


def test_piece_that_is_longer_than_a_feed_is_summed_up_with_a_link() -> None:
    (document, *_) = chained(feed(), [entry(html="<p>" + "x" * 600_000)], 25)
    (one,) = read(atom(document)).entries
    assert one.content[0].value.startswith("<p>In short.</p>")
    assert one.link in one.content[0].value


@pytest.mark.parametrize(("count", "limit"), [(0, 25), (1, 25), (7, 3), (40, 25), (110, 10)])
def test_archive_chain_holds_every_entry(count: int, limit: int) -> None:
    files = files_of(many_articles(count), per_feed(limit))
    for kind in (RSS, ATOM):
        seen: set[str] = set()
        name: str | None = kind
        while name:
            parsed = read(files[name])
            seen |= {e.id for e in parsed.entries}
            assert len(parsed.entries) <= limit
            older = [link.href for link in parsed.feed.links if link.rel == "prev-archive"]
            name = older[0].removeprefix(f"{BASE_URL}/") if older else None
        assert len(seen) == count
    url: str | None = f"{BASE_URL}/{JSON}"
    found = 0
    while url:
        document = json.loads(files[url.removeprefix(f"{BASE_URL}/")])
        found += len(document["items"])
        url = document.get("next_url")
    assert found >= count


def test_no_feed_points_to_a_document_that_is_not_there() -> None:
    tagged = [replace(one, issue=replace(one.issue, tags=("bread",), authors=("Ada",))) for one in many_articles(9)]
    files = files_of(tagged, per_feed(2))
    pointed = {
        link.href.removeprefix(f"{BASE_URL}/")
        for name, data in files.items()
        if name.endswith(".xml") and name != "sitemap.xml"
        for link in read(data).feed.links
        if link.rel in {"prev-archive", "next-archive", "current", "self"}
    }
    assert "tags/bread/feed.xml" in pointed
    assert pointed <= files.keys()


def test_archive_documents_point_both_ways_and_never_change_by_a_new_release() -> None:
    articles = many_articles(60)
    before, after = files_of(articles[:-1], per_feed(10)), files_of(articles, per_feed(10))
    archives = [name for name in before if name.endswith("atom.xml") and name[:2] == "20"] + [
        name for name in before if "/atom-" in name
    ]
    assert len(archives) >= 4
    changed = [name for name in archives if before[name] != after[name]]
    assert len(changed) <= 1  # only the last may learn of a successor
    parsed = read(before["2015/atom.xml"])
    rels = {link.rel for link in parsed.feed.links}
    assert {"current", "next-archive", "self"} <= rels
    assert b"<fh:archive/>" in before["2015/atom.xml"]
    assert b"<fh:archive/>" not in before["atom.xml"]
    assert parsed.feed.id == read(before["atom.xml"]).feed.id


def test_feeds_are_the_same_in_any_locale_and_hash_seed(tmp_path: Any) -> None:
    import subprocess
    import sys
    from pathlib import Path

    code = (
        "import sys, hashlib, locale; sys.path.insert(0, sys.argv[1]); locale.setlocale(locale.LC_ALL, '');"
        "import sample_site as s; f = s.files_of(s.sample_articles());"
        "print(hashlib.sha256(repr(sorted(f.items())).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code, str(Path(__file__).parent)],
            env={"LC_ALL": locale_, "TZ": zone, "PYTHONHASHSEED": seed, "PATH": "/usr/bin"},
            cwd=tmp_path,
            capture_output=True,
            check=True,
        ).stdout
        for locale_, zone, seed in (("C", "UTC", "1"), ("C.UTF-8", "Pacific/Apia", "2"))
    }
    assert len(seen) == 1


def test_feedgen_still_needs_mending() -> None:
    """When one of these fails, upstream has mended it and our adapter can shrink."""
    from feedgen.entry import FeedEntry
    from feedgen.feed import FeedGenerator

    one = FeedEntry()
    one.id("x")
    one.title("x")
    one.link(href="https://example.org/", rel="alternate")
    one.content("x")
    (link,) = one.atom_entry().findall("link")
    assert link.get("rel") is None
    made = FeedGenerator()
    made.link(href="https://example.org/", rel="alternate")
    made.link(href="https://example.org/feed", rel="self")
    assert made._FeedGenerator__rss_link == "https://example.org/feed"
    one.title("\x07")
    with pytest.raises(ValueError, match="XML compatible"):
        one.atom_entry()


def test_settings_of_the_sample_are_not_shared() -> None:
    assert per_feed(3).site.per_feed == 3
    assert SETTINGS.site.per_feed == 25


def with_audio() -> dict[str, bytes]:
    body = (
        f"[Listen](/audio/hand%20bill.mp3?v=2), [again](/audio/hand%20bill.mp3?v=2), [more]({BASE_URL}/audio/b.ogg), "
    )
    body += "[lost](/audio/lost.mp3), [elsewhere](https://example.net/audio/b.ogg), [text](/audio/b.txt)"
    piece = released(issue("x", body=body), date(2018, 1, 1))
    sizes = {"audio/hand bill.mp3": 4321, "audio/b.ogg": 7, "audio/b.txt": 9}
    site = site_of([piece], SETTINGS, starter(), audio=sizes)
    return {output.file: output.render() for outputs in site.stages() for output in outputs}


def test_sound_files_of_the_publication_that_a_piece_links_to_are_enclosed() -> None:
    files = with_audio()
    first = {"href": f"{BASE_URL}/audio/hand%20bill.mp3?v=2", "type": "audio/mpeg", "length": "4321"}
    second = {"href": f"{BASE_URL}/audio/b.ogg", "type": "audio/ogg", "length": "7"}
    (in_rss,), (in_atom,) = read(files[RSS]).entries, read(files[ATOM]).entries
    assert [{**one, "rel": None} for one in in_rss.enclosures] == [{**first, "rel": None}]
    assert [{k: one[k] for k in first} for one in in_atom.enclosures] == [first, second]
    assert in_atom.link == in_rss.link == f"{BASE_URL}/issues/x/"
    (item,) = json.loads(files[JSON])["items"]
    assert item["attachments"] == [
        {"url": one["href"], "mime_type": one["type"], "size_in_bytes": int(one["length"])} for one in (first, second)
    ]


def test_feeds_name_their_hub_while_they_are_announced() -> None:
    site = replace(SETTINGS.site, announce=True, hub="https://hub.example.org/", per_feed=2)
    files = files_of(sample_articles(), replace(SETTINGS, site=site))

    def hubs(name: str) -> list[str]:
        return [link.href for link in read(files[name]).feed.links if link.rel == "hub"]

    for folder in ("", "series/revolution-1917/", "tags/papers/"):
        assert hubs(folder + RSS) == hubs(folder + ATOM) == ["https://hub.example.org/"]
        assert json.loads(files[folder + JSON])["hubs"] == [{"type": "WebSub", "url": "https://hub.example.org/"}]
        assert [link.rel for link in read(files[folder + RSS]).feed.links].count("self") == 1
    assert hubs("2017/feed.xml") == hubs("2017/atom.xml") == []
    assert b"rel='hub'" not in files_of(sample_articles())[ATOM]
    assert b'rel="hub"' not in files_of(sample_articles())[ATOM]


def test_archive_links_stand_in_both_kinds_of_xml() -> None:
    files = files_of(sample_articles(), per_feed(2))
    rels = {
        kind: {link.rel: link.href for link in read(files[f"2017/{kind}"]).feed.links if link.rel != "alternate"}
        for kind in (RSS, ATOM)
    }
    assert set(rels[RSS]) == set(rels[ATOM]) >= {"self", "current", "next-archive"}
    for kind in (RSS, ATOM):
        assert rels[kind]["current"] == f"{BASE_URL}/{kind}"
        assert b"<fh:archive/>" in files[f"2017/{kind}"]


def test_a_summary_is_text_in_atom_and_text_written_as_html_in_rss() -> None:
    made = feed(entry(summary="1 < 2 & <b>3</b>"))
    (in_rss,), (in_atom,) = read(rss(made)).entries, read(atom(made)).entries
    assert in_rss.summary == "1 &lt; 2 &amp; &lt;b&gt;3&lt;/b&gt;"
    assert in_atom.summary == "1 < 2 & <b>3</b>"
