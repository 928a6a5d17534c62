"""Pages of the archive."""

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from jinja2 import TemplateError
from lxml import etree, html

from conftest import Golden
from sample_site import (
    BASE_URL,
    SETTINGS,
    anniversary,
    files_of,
    issue,
    many_articles,
    released,
    sample_articles,
    settings_with,
    starter,
)
from sparkpub.core.cards import Cards
from sparkpub.core.settings import EmailSettings, WebSettings
from sparkpub.core.site import known_site, site_of
from sparkpub.core.site_words import SiteWords, site_words
from sparkpub.core.slips import SlipsAtHand, read_facts, slip_of
from sparkpub.core.vocabulary import vocabulary
from sparkpub.errors import InputError

FILES = files_of(sample_articles())
PAGES = sorted(name for name in FILES if name.endswith(".html"))
SEPTEMBER = "issues/september/index.html"
HOSTILE = 'A</script><script>alert(1)</script> "B" & <b>C</b> {{ 7 * 7 }} \x07\u202e\ud800 ]]>'


def tree(name: str, files: dict[str, bytes] = FILES) -> html.HtmlElement:
    return html.document_fromstring(files[name].decode())


def words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


@pytest.mark.parametrize(
    "name",
    ["index.html", SEPTEMBER, "issues/leap/435/index.html", "series/revolution-1917/index.html", "2017/index.html"],
)
def test_page_is_as_it_was(name: str, golden: Golden) -> None:
    golden(f"site/{name.removesuffix('/index.html').replace('/', '-').removesuffix('.html')}.html", FILES[name])


def test_every_address_of_the_contract_is_served() -> None:
    for name in (
        *("index.html", "archive/index.html", "2017/index.html", "series/revolution-1917/index.html"),
        *("tags/papers/index.html", "on-this-day/index.html", "on-this-day/09-04/index.html", "search/index.html"),
        *("issues/september/index.html", "issues/leap/index.html", "issues/leap/435/index.html"),
        *("feed.xml", "atom.xml", "feed.json", "series/revolution-1917/feed.xml", "tags/papers/atom.xml"),
        *("on-this-day/feed.json", "feeds.opml", "sitemap.xml", "robots.txt", "calendar.ics", "404.html"),
    ):
        assert name in FILES


@pytest.mark.parametrize("name", PAGES)
def test_page_has_one_heading_landmarks_and_a_way_past_them(name: str) -> None:
    page = tree(name)
    assert len(page.xpath("//h1")) == 1
    for landmark in ("header", "nav", "main", "footer"):
        assert page.xpath(f"//{landmark}")
    (skip,) = page.xpath("//a[@class='skip']/@href")
    assert page.xpath(f"//*[@id='{skip.removeprefix('#')}']")
    assert page.get("lang") == "en"
    assert page.get("dir") == "ltr"
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    levels = [int(heading.tag[1]) for heading in page.xpath("//main//*[self::h1 or self::h2 or self::h3]")]
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("name", PAGES)
def test_page_names_its_feeds(name: str) -> None:
    types = {link.get("type"): link.get("href") for link in tree(name).xpath("//head/link[@rel='alternate']")}
    assert set(types) == {"application/rss+xml", "application/atom+xml", "application/feed+json"}
    assert types["application/rss+xml"] == f"{BASE_URL}/feed.xml"


@pytest.mark.parametrize("root", ["https://x.org", "http://127.0.0.1:8000", "file:///tmp/public"])
def test_every_link_leads_to_a_file_under_any_root(root: str) -> None:
    for name in PAGES:
        if name == "404.html":
            continue
        address = f"{root}/{name.removesuffix('index.html')}"
        for link in tree(name).xpath(
            "//a[not(starts-with(@href, 'mailto:'))]/@href | //link[@rel='stylesheet']/@href | //@src"
        ):
            target = urljoin(address, link).split("#")[0].split("?")[0]
            if not target.startswith(f"{root}/"):
                assert "example.net" in target, (name, link)
                continue
            path = unquote(target.removeprefix(f"{root}/"))
            file = f"{path}index.html" if not path or path.endswith("/") else path
            assert file in FILES or file.startswith("media/"), (name, link)


def test_page_for_lost_readers_links_from_the_root_of_the_site() -> None:
    links = tree("404.html").xpath("//a[not(starts-with(@href, '#'))]/@href | //link[@rel='stylesheet']/@href")
    assert links
    assert all(link.startswith("/news/") for link in links)


def test_canonical_address_is_the_one_that_mail_and_feeds_give() -> None:
    assert tree(SEPTEMBER).xpath("//link[@rel='canonical']/@href") == [f"{BASE_URL}/issues/september/"]
    for name in ("issues/leap/index.html", "issues/leap/436/index.html"):
        assert tree(name).xpath("//link[@rel='canonical']/@href") == [f"{BASE_URL}/issues/leap/436/"]
    assert tree("404.html").xpath("//link[@rel='canonical']") == []


def test_piece_tells_previews_and_search_engines_what_it_is() -> None:
    page = tree(SEPTEMBER)
    properties = {meta.get("property"): meta.get("content") for meta in page.xpath("//meta[@property]")}
    assert properties["og:type"] == "article"
    assert properties["og:title"] == "Queues & “Quiet”"
    assert properties["og:description"] == "A city reads its paper aloud."
    assert properties["og:image"] == f"{BASE_URL}/media/0123456789abcdef-dots.png"
    assert properties["article:modified_time"] == "2017-09-06T07:00:00+00:00"
    facts = json.loads(page.xpath("//script[@type='application/ld+json']")[0].text)
    assert facts["@type"] == "NewsArticle"
    assert facts["datePublished"] == "2017-09-04T07:00:00+00:00"
    assert [author["name"] for author in facts["author"]] == ["Ada Example", "Ben Sample"]


def test_piece_shows_its_dateline_corrections_neighbours_and_time_to_read() -> None:
    page = tree(SEPTEMBER)
    text = words(page.xpath("//main")[0])
    assert "100 years ago: 4 September 1917, Old Style" in text
    assert "By Ada Example, Ben Sample" in text
    assert "1 min read" in text
    assert "6 September 2017 An earlier text named the wrong queue." in text
    assert page.xpath("//a[@rel='prev']/@href") == ["../july/"]
    assert tree("issues/july/index.html").xpath("//a[@rel='next']/@href") == ["../september/"]


def test_notes_of_a_piece_lead_to_its_own_page() -> None:
    for name in ("issues/leap/index.html", "issues/leap/436/index.html", SEPTEMBER):
        page = tree(name)
        (note,) = page.xpath("//sup/a/@href")
        assert note.startswith("#")
        assert page.xpath(f"//li[@id='{note.removeprefix('#')}']")


def test_pictures_stand_beside_the_page() -> None:
    (picture,) = tree(SEPTEMBER).xpath("//main//img")
    assert picture.get("src") == "../../media/0123456789abcdef-dots.png"
    assert (picture.get("width"), picture.get("height")) == ("800", "400")
    assert picture.get("alt") == "Rows of dots"


def test_release_of_another_year_points_to_the_newest_and_back() -> None:
    old, new = tree("issues/leap/435/index.html"), tree("issues/leap/436/index.html")
    assert [a.get("href") for a in old.xpath("//p[@class='notice']/a")] == ["../436/"]
    assert new.xpath("//p[@class='notice']") == []
    assert [a.get("href") for a in new.xpath("//section[@class='earlier']//a")] == ["../435/"]


def test_a_day_that_the_year_lacks_is_told_on_its_page() -> None:
    """As in the email; whatever the zone of the rule is."""
    rule = anniversary(date(1916, 2, 29), zone=timezone(timedelta(hours=9)))
    articles = [
        released(issue("last", rule=rule), date(2016, 2, 29), 100),
        released(issue("lack", rule=rule), date(2017, 2, 28), 101),
        released(issue("fixed"), date(2017, 2, 28)),
    ]
    slips = [slip_of(article, Cards(SETTINGS), starter()) for article in articles]
    known = read_facts((number, slip.facts) for number, slip in enumerate(slips))
    site = known_site(known, SETTINGS, starter(), kept=SlipsAtHand(slips))
    files = {output.file: output.render() for outputs in site.stages() for output in outputs}
    assert files == files_of(articles)
    told = {
        name: [words(line) for line in tree(f"issues/{name}/index.html", files).xpath("//div[@class='facts']/p")]
        for name in ("last", "lack", "fixed")
    }
    assert told["lack"][1] == "2017 has no 29 February; this day is kept on 28 February."
    assert "has no" not in str((told["last"], told["fixed"]))


def test_series_is_told_in_the_order_of_its_events() -> None:
    page = tree("series/revolution-1917/index.html")
    assert [words(stop) for stop in page.xpath("//p[@class='stop-date']")] == [
        "3 July 1917",
        "4 September 1917, Old Style",
    ]
    assert [words(head) for head in page.xpath("//ol//h2")] == ["The july piece", "Queues & “Quiet”"]


def test_series_without_a_release_has_no_page() -> None:
    assert not [name for name in FILES if name.startswith("series/empty/")]


def test_tags_that_differ_in_spelling_only_share_a_page() -> None:
    page = tree("tags/street-square/index.html")
    assert words(page.xpath("//h1")[0]) == "Street & Square"
    assert len(page.xpath("//article")) == 2


def test_day_shows_every_year() -> None:
    page = tree("on-this-day/10-15/index.html")
    assert words(page.xpath("//h1")[0]) == "15 October"
    assert [a.get("href") for a in page.xpath("//main//article//a")] == [
        "../../issues/leap/436/",
        "../../issues/leap/435/",
    ]


def test_pieces_in_other_languages_say_so() -> None:
    (piece,) = tree("issues/notice/index.html").xpath("//article")
    assert (piece.get("lang"), piece.get("dir")) == ("ar", "rtl")
    (card,) = tree("on-this-day/11-01/index.html").xpath("//article")
    assert (card.get("lang"), card.get("dir")) == ("ar", "rtl")


def test_sitemap_lists_what_readers_should_find() -> None:
    sitemap = etree.fromstring(FILES["sitemap.xml"])
    found = [loc.text for loc in sitemap.iter("{*}loc")]
    assert len(found) == len(set(found))
    for address in found:
        path = urlsplit(address).path.removeprefix("/news/")
        assert f"{path}index.html" in FILES
    assert f"{BASE_URL}/issues/leap/435/" in found
    assert not [address for address in found if "404" in address or "search" in address]


def test_list_of_feeds_names_each_feed() -> None:
    outlines = etree.fromstring(FILES["feeds.opml"]).findall(".//outline")
    for outline in outlines:
        assert outline.get("xmlUrl").removeprefix(f"{BASE_URL}/") in FILES
    assert [outline.get("text") for outline in outlines][:2] == ["The Daily Centenary", "1917"]


def test_search_index_has_each_piece_once_and_leads_to_it() -> None:
    rows = json.loads(FILES["search/index.json"])
    assert [row[0] for row in rows] == ["إعلان: a notice", "A Leap", "Queues & “Quiet”", "The july piece"]
    assert all(f"{row[2].removeprefix('../')}index.html" in FILES for row in rows)


def test_calendar_has_released_occurrences_only() -> None:
    assert FILES["calendar.ics"].count(b"BEGIN:VEVENT") == len(sample_articles())


def test_site_without_a_release_is_whole() -> None:
    files = files_of([])
    assert b"Nothing is released yet" in files["index.html"]
    for name in ("archive/index.html", "on-this-day/index.html", "feed.xml", "sitemap.xml", "calendar.ics"):
        assert files[name]


def test_hostile_text_stays_text_on_every_page() -> None:
    settings = settings_with(title=HOSTILE, tagline=HOSTILE, postal_address=HOSTILE)
    piece = issue(
        "x",
        title=HOSTILE,
        kicker=HOSTILE,
        summary=HOSTILE,
        authors=(HOSTILE,),
        tags=(HOSTILE,),
        footer=HOSTILE,
        body=HOSTILE,
    )
    files = files_of([released(piece, date(2018, 1, 1))], settings)
    for name in (name for name in files if name.endswith(".html")):
        page = tree(name, files)
        scripts = page.xpath("//script[not(@src)]")
        assert all(script.get("type") == "application/ld+json" for script in scripts)
        for script in scripts:
            assert "alert(1)" in json.dumps(json.loads(script.text))
        assert not page.xpath("//main//b[text()='C'][not(ancestor::div[@class='text'])]")
        assert b"49" not in re.sub(rb"[\w-]{16,}", b"", files[name])


def test_old_addresses_lead_to_the_piece_and_to_nothing_else() -> None:
    site = site_of(sample_articles(), SETTINGS, starter())
    stubs = {output.path: output.render().decode() for output in site.redirects()}
    assert set(stubs) == {"/old/september.html", "/2009/september/", "/archive/"}
    assert 'url=../issues/september/"' in stubs["/old/september.html"]
    assert 'url=../../issues/september/"' in stubs["/2009/september/"]


def test_slug_of_an_earlier_release_leads_on() -> None:
    first = released(issue("a", slug="old-name"), date(2017, 1, 1), 1, repeats=True)
    second = released(issue("a", slug="new-name"), date(2018, 1, 1), 2, repeats=True)
    site = site_of([first, second], SETTINGS, starter())
    assert [output.path for output in site.redirects()] == ["/issues/old-name/"]
    files = files_of([first, second])
    assert "issues/old-name/1/index.html" in files
    assert "issues/new-name/index.html" in files


def test_archive_taken_in_late_is_ordered_by_its_own_dates() -> None:
    new = released(issue("new"), date(2018, 1, 1))
    old = released(issue("old"), date(1998, 1, 1))
    files = files_of([new, old])
    titles = [words(a) for a in tree("archive/index.html", files).xpath("//li[@class='row']//a")]
    assert titles == ["The new piece", "The old piece"]
    assert "1998/index.html" in files


def test_unreadable_colours_are_refused_with_their_names() -> None:
    settings = replace(SETTINGS, email=EmailSettings(paper="#ffffff", ink="#fefefe"))
    with pytest.raises(InputError, match="ink"):
        site_of([], settings, starter()).pages.stylesheet()


def test_page_for_a_preview_needs_no_other_file() -> None:
    site = site_of(sample_articles(), SETTINGS, starter())
    page = html.document_fromstring(site.pages.issue_alone(sample_articles()[1]).decode())
    assert page.xpath("//link[@rel='stylesheet'] | //script[@src]") == []
    assert page.xpath("//style")
    assert all(src.startswith("data:image/png;base64,") for src in page.xpath("//img/@src"))


def test_updated_day_of_a_corrected_piece_is_in_the_sitemap() -> None:
    corrected = replace(sample_articles()[1], updated_at=datetime(2019, 5, 6, tzinfo=UTC))
    assert b"<lastmod>2019-05-06</lastmod>" in files_of([corrected])["sitemap.xml"]


def test_long_archive_has_a_page_for_each_year() -> None:
    files = files_of(many_articles(80))
    assert {"2015/index.html", "2016/index.html", "2017/index.html"} <= set(files)
    page = tree("2016/index.html", files)
    assert [a.get("href") for a in page.xpath("//a[@rel='prev' or @rel='next']")] == ["../2015/", "../2017/"]


def test_author_has_a_page_that_each_piece_leads_to() -> None:
    assert tree(SEPTEMBER).xpath("//a[@rel='author']/@href") == [
        "../../authors/ada-example/",
        "../../authors/ben-sample/",
    ]
    page = tree("authors/ada-example/index.html")
    assert words(page.xpath("//h1")[0]) == "Ada Example"
    assert page.xpath("//main//article//h2/a/@href") == ["../../issues/september/"]
    assert "../authors/ben-sample/" in tree("archive/index.html").xpath("//a/@href")


def test_what_the_publication_itself_wrote_does_not_say_its_name_again() -> None:
    title = SETTINGS.publication.title
    piece = issue("own", authors=(title, "Ada Example"))
    name = "issues/own/index.html"
    page = tree(name, files_of([released(piece, date(2017, 9, 4))]))
    assert [words(a) for a in page.xpath("//a[@rel='author']")] == ["Ada Example"]
    alone = tree(name, files_of([released(replace(piece, authors=(title,)), date(2017, 9, 4))]))
    assert alone.xpath("//a[@rel='author']") == []
    (facts,) = alone.xpath("//script[@type='application/ld+json']/text()")
    assert json.loads(facts)["author"] == [json.loads(facts)["publisher"]]


def test_the_feed_of_all_days_is_not_called_as_a_series_may_be() -> None:
    outlines = etree.fromstring(FILES["feeds.opml"]).findall(".//outline")
    assert "Every day of the year" in [one.get("text") for one in outlines]
    assert "On this day" not in [one.get("text") for one in outlines]


def test_each_page_has_its_sign_within_itself() -> None:
    publication = replace(SETTINGS.publication, title="&c. & Co")
    for settings, letter in (
        (SETTINGS, SETTINGS.publication.title[0].upper()),
        (replace(SETTINGS, publication=publication), "&"),
    ):
        (sign,) = tree("archive/index.html", files_of([], settings)).xpath("//link[@rel='icon']/@href")
        kind, _, drawing = sign.partition(",")
        assert kind == "data:image/svg+xml"
        svg = etree.fromstring(unquote(drawing))
        assert "".join(svg.itertext()) == letter
        assert svg[0].get("fill") == settings.email.accent


def test_subscribing_is_explained_with_whom_to_write_to_or_a_form() -> None:
    page = tree("subscribe/index.html")
    assert page.xpath("//main//a[starts-with(@href, 'mailto:')]/@href") == ["mailto:editor@paper.example.org"]
    assert page.xpath("//form") == []
    web = replace(SETTINGS, web=WebSettings(url="https://letters.example.org"))
    (form,) = tree("subscribe/index.html", files_of([], web)).xpath("//form")
    assert (form.get("action"), form.get("method")) == ("https://letters.example.org/subscribe", "post")
    assert form.xpath(".//input[@type='email']/@id") == form.xpath(".//label/@for")


LABELS = starter().get_template("site/labels.j2").module.labels  # type: ignore[attr-defined] # the template sets it
LANGUAGES = ("en", "fr", "de", "es", "ru", "ar")


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_the_site_are_whole_in_each_language(language: str) -> None:
    table = LABELS[language]
    assert table.keys() == LABELS["en"].keys()
    plurals = vocabulary(language).plurals
    for name, text in table.items():
        if isinstance(text, list):
            numbers = Counter(map(plurals.name_of, range(300)))
            for form, words_ in zip(plurals.names, text, strict=True):
                assert words_.count("{}") == 1 or (numbers[form] == 1 and "{" not in words_), form
        else:
            assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", LABELS["en"][name])), name


@pytest.mark.parametrize(
    ("language", "piece", "front"),
    [
        ("fr-CA", "Par Ada Example, Ben Sample", "Une"),
        ("de", "Von Ada Example, Ben Sample", "Titelseite"),
        ("es", "Por Ada Example, Ben Sample", "Portada"),
        ("ru", "Автор: Ada Example, Ben Sample", "Главная"),
        ("ar", "بقلم Ada Example، Ben Sample", "الصفحة الأولى"),
        ("tlh", "By Ada Example, Ben Sample", "Front page"),
    ],
)
def test_site_speaks_the_language_of_its_publication(language: str, piece: str, front: str) -> None:
    files = files_of(sample_articles(), settings_with(language=language))
    page = tree(SEPTEMBER, files)
    assert (page.get("lang"), page.get("dir")) == (language, "rtl" if language == "ar" else "ltr")
    assert piece in words(page.xpath("//main")[0])
    assert front in [words(a) for a in page.xpath("//header//nav//a")]
    if language != "tlh":
        english = {"Skip to the text", "Archive", "Search", "Subscribe", "Before", "After", "Lately"}
        for name in (name for name in files if name.endswith(".html")):
            shown = {words(e) for e in tree(name, files).xpath("//a | //h1 | //h2 | //span | //label | //button")}
            assert not english & shown, name


def test_numbers_take_the_plural_of_their_language() -> None:
    say = site_words(starter(), "ru")
    assert [say.pieces(n) for n in (1, 3, 5, 21)] == ["1 материал", "3 материала", "5 материалов", "21 материал"]
    assert site_words(starter(), "en-GB").minutes(7) == "7 min read"
    assert [site_words(starter(), "fr").pieces(n) for n in (0, 1, 2)] == ["0 texte", "1 texte", "2 textes"]
    say = site_words(starter(), "ar-EG")
    arabic = ["لا مقالات", "مقال واحد", "مقالان", "3 مقالات", "11 مقالًا", "99 مقالًا", "100 مقال", "103 مقالات"]
    assert [say.pieces(n) for n in (0, 1, 2, 3, 11, 99, 100, 103)] == arabic


def test_words_that_a_table_lacks_are_english_with_english_plurals() -> None:
    say = SiteWords(language="ru", own={"archive": "Архив"}, english=LABELS["en"])
    assert (say.archive, say.search, say.pieces(3)) == ("Архив", "Search", "3 pieces")
    assert say.language_of("pieces") == "en"


def test_a_table_with_too_few_forms_of_a_number_is_a_fault_of_the_theme() -> None:
    say = SiteWords(language="ar", own={"pieces": ["{}", "{}"]}, english=LABELS["en"])
    with pytest.raises(
        TemplateError, match=r"'pieces' needs 6 forms in 'ar' \(zero, one, two, few, many, other\), and has 2"
    ):
        say.pieces(3)


def test_the_page_that_searches_holds_the_forms_of_its_language() -> None:
    found = tree("search/index.html", files_of([], settings_with(language="ar"))).get_element_by_id("found")
    assert found.get("data-language") == "ar"
    assert [found.get(f"data-{name}") for name in ("zero", "two", "few")] == ["لا مقالات", "مقالان", "{} مقالات"]
    assert found.get("data-rest") == found.get("data-other") == "{} مقال"


def test_links_to_pieces_in_other_languages_say_so() -> None:
    assert tree("index.html").xpath("//a[@hreflang]/@hreflang") == ["ar"]
    assert tree("archive/index.html").xpath("//a[@hreflang]/@href") == ["../issues/notice/"]


def test_sitemap_of_more_than_fifty_thousand_pages_is_split() -> None:
    row = ("https://x.org/", "")
    site = site_of(sample_articles(), SETTINGS, starter())
    count = len(etree.fromstring(FILES["sitemap.xml"]))

    class Long(type(site)):  # type: ignore[misc] # a site of the same kind with more pages
        def _listed(self) -> list[tuple[str, str]]:
            return [*super()._listed(), *[row] * (100_001 - count)]

    long = Long(site.archive, site.settings, site.templates, site.cards)
    files = {output.file: output.render() for output in [*long.stages()][-1]}
    maps = [loc.text for loc in etree.fromstring(files["sitemap.xml"]).iter("{*}loc")]
    assert maps == [f"{BASE_URL}/sitemap-{n}.xml" for n in (1, 2, 3)]
    assert [len(etree.fromstring(files[f"sitemap-{n}.xml"])) for n in (1, 2, 3)] == [50_000, 50_000, 1]


def test_hosts_are_told_how_to_serve_the_site() -> None:
    assert b"/media/*\n  Cache-Control: public, max-age=31536000, immutable" in FILES["_headers"]
