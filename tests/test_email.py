import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jinja2
import pytest
from lxml import etree

from conftest import Golden
from sample_email import ARTICLE, BASE_URL, ISSUE, MEDIA, ROOT, SETTINGS, asset, render_sample, sample_article
from sparkpub.adapters.templates import environment, template_fault, theme_css
from sparkpub.core.colours import contrast
from sparkpub.core.email import edition_hash, email_source, fill
from sparkpub.core.inline import parse_html
from sparkpub.core.model import Edition, Image
from sparkpub.core.scripts import direction
from sparkpub.core.sentinels import counts, sentinels
from sparkpub.core.settings import EmailSettings, PublicationSettings, WebSettings
from sparkpub.errors import InputError

TITLES = [
    "Ends & <b>bold</b> \"quoted\" 'odd'",
    "{{ 7 * 7 }} {% raw %}",
    "שלום \u202ex",
    "x" * 300,
    "日本語の題名",
    "a\u0301e😀",
]


@pytest.fixture(scope="module")
def edition() -> Edition:
    return render_sample()


def elements(edition: Edition, path: str) -> list[etree._Element]:
    return list(parse_html(edition.html).xpath(path))


def words(edition: Edition, path: str) -> str:
    return " ".join("".join(element.itertext()) for element in elements(edition, path))


def test_the_sample_edition_is_as_kept(edition: Edition, golden: Golden) -> None:
    golden("email/thirteen-days.html", edition.html)
    golden("email/thirteen-days.txt", edition.text)


def test_everything_a_reader_should_see_is_there(edition: Edition) -> None:
    seen = words(edition, "//body")
    for text in (
        SETTINGS.publication.title,
        SETTINGS.publication.tagline,
        SETTINGS.publication.motto.text if SETTINGS.publication.motto else "",
        "— the editors",
        ISSUE.kicker,
        ISSUE.title,
        ISSUE.summary,
        "100 years ago: 24 January 1918, Old Style",
        "24 January 2018",
        "Ada Example, Ben Sample",
        "How the Calendar Moved",
        "Eleven Days in September",
        "Drawn for this issue.",
        "26 January 2018: An earlier text",
        "The decree is quoted in our own translation.",
        "You receive The Daily Centenary because you asked for it.",
        SETTINGS.publication.postal_address,
    ):
        assert " ".join(text.split()) in " ".join(seen.split())


def test_the_text_twin_says_the_same_in_72_columns(edition: Edition) -> None:
    for text in (ISSUE.title, "100 years ago: 24 January 1918, Old Style", "Eleven Days in September", "Exampleton"):
        assert text in edition.text
    assert "> The first day after 31 January" in edition.text
    long = [line for line in edition.text.split("\n") if len(line) > 72]
    assert all("Donau" in line or "://" in line for line in long)
    assert not re.search(r"[ \t]$|\n\n\n", edition.text, re.MULTILINE)


def test_language_and_direction_stand_on_html_and_on_the_article(edition: Edition) -> None:
    for path in ("/html", "//body//div[@role='article']"):
        (element,) = elements(edition, path)
        assert (element.get("lang"), element.get("dir")) == ("en", "ltr")
    (article,) = elements(edition, "//*[@role='article']")
    assert article.get("aria-roledescription") == "email"
    assert article.get("aria-label") == ISSUE.title


def test_the_head_has_what_mail_clients_ask_for(edition: Edition) -> None:
    assert edition.html.startswith("<!DOCTYPE html>\n<html")
    names = {meta.get("name"): meta.get("content") for meta in elements(edition, "//head/meta[@name]")}
    assert names["viewport"] == "width=device-width, initial-scale=1"
    assert names["color-scheme"] == names["supported-color-schemes"] == "light dark"
    assert "x-apple-disable-message-reformatting" in names
    assert "telephone=no" in names["format-detection"]
    assert elements(edition, "//head/meta[@charset='utf-8']")
    assert words(edition, "//head/title") == ISSUE.title


def test_there_is_one_h1_and_it_is_the_headline(edition: Edition) -> None:
    assert words(edition, "//h1") == ISSUE.title


def test_layout_tables_are_presentation_and_tables_of_figures_are_not(edition: Edition) -> None:
    layout, data = elements(edition, "//table[@role='presentation']"), elements(edition, "//table[not(@role)]")
    assert all(table.get("cellpadding") == table.get("cellspacing") == table.get("border") == "0" for table in layout)
    assert not any(table.findall(".//th") for table in layout if table.get("class", "") != "sheet")
    assert len(data) == 1
    assert len(data[0].findall(".//th")) == 4


def test_every_image_has_an_absolute_address_alt_and_a_width_within_the_column(edition: Edition) -> None:
    found = elements(edition, "//img")
    assert {image.get("src") for image in found} == {f"{BASE_URL}/media/{one.name}" for one in MEDIA.values()}
    assert all(image.get("alt") for image in found)
    assert all(0 < int(image.get("width")) <= 520 for image in found)


def test_word_gets_a_table_of_600_pixels_and_no_vml(edition: Edition) -> None:
    comments = [comment.text for comment in parse_html(edition.html).iter(etree.Comment)]
    ghost = [text for text in comments if "<table" in text]
    assert len(ghost) == 1
    assert 'role="presentation" width="600" align="center"' in ghost[0]
    assert all(text.startswith("[if mso]>") and text.endswith("<![endif]") for text in comments)
    assert "<v:" not in edition.html
    assert "urn:schemas-microsoft-com:vml" not in edition.html


def test_colours_have_six_digits_and_every_text_can_be_read(edition: Edition) -> None:
    styles = [element.get("style") for element in elements(edition, "//*[@style]")]
    assert not re.findall(r"#[0-9a-fA-F]{3}(?![0-9a-fA-F])", " ".join(styles) + words(edition, "//style"))
    theme = SETTINGS.email
    for style in styles:
        colour = re.search(r"(?:^|; )color:(#[0-9a-f]{6})", style)
        ground = re.search(r"background-color:(#[0-9a-f]{6})", style)
        if colour and "display:none" not in style:
            for behind in [ground[1]] if ground else [theme.paper, theme.desk]:
                assert contrast(colour[1], behind) >= 4.5 or "height:1px" in style, style


def test_the_inbox_shows_the_preheader_and_nothing_after_it(edition: Edition) -> None:
    (hidden,) = elements(edition, "//div[@class='preheader']")
    assert hidden.text.startswith(ISSUE.summary)
    assert set(hidden.text.removeprefix(ISSUE.summary)) == set("\u034f\u200c\u2007")
    assert len(hidden.text) >= 140
    assert "display:none" in hidden.get("style")
    chosen = render_sample(sample_article(preheader="Look inside"))
    assert elements(chosen, "//div[@class='preheader']")[0].text.startswith("Look inside\u034f")


def test_links_say_where_they_lead(edition: Edition) -> None:
    found = {" ".join(link.itertext()): link.get("href") for link in elements(edition, "//a")}
    assert found["Read in your browser"] == ARTICLE.url
    assert found["How the Calendar Moved"] == f"{BASE_URL}/series/calendars/"
    assert found["Eleven Days in September"] == f"{BASE_URL}/issues/eleven-days/100/"
    assert found["Unsubscribe"] == sentinels(edition.hash)["unsubscribe_url"]
    assert found["Preferences"] == sentinels(edition.hash)["preferences_url"]


def test_a_readers_links_stand_once_in_each_twin(edition: Edition) -> None:
    marks = sentinels(edition.hash)
    assert counts(edition.html, marks) == {"unsubscribe_url": 1, "preferences_url": 1}
    assert counts(edition.text, marks) == {"unsubscribe_url": 1, "preferences_url": 1}


def test_a_publication_without_a_web_face_has_no_link_to_preferences() -> None:
    edition = render_sample(settings=replace(SETTINGS, web=WebSettings()))
    marks = sentinels(edition.hash)
    assert counts(edition.html, marks) == {"unsubscribe_url": 1, "preferences_url": 0}
    assert "Preferences" not in edition.html + edition.text


def test_the_head_keeps_a_stylesheet_that_gmail_accepts_and_that_wins(edition: Edition) -> None:
    (style,) = elements(edition, "//style")
    assert len(style.text.encode()) <= 8192
    assert style.text.count("@") == 3
    declarations = [d for block in re.findall(r"\{([^{}]*)\}", style.text) for d in block.split(";") if d.strip()]
    assert len(declarations) > 30
    assert all(d.strip().endswith("!important") for d in declarations)


def test_every_class_of_the_email_is_known_to_a_stylesheet(edition: Edition) -> None:
    css = theme_css(ROOT, "")
    known = set(re.findall(r"\.([a-z][a-z0-9-]*)", css.inline + css.embed))
    used = {name for element in elements(edition, "//body//*[@class]") for name in element.get("class").split()}
    assert used <= known | {"address", "table"}


def test_the_edition_is_known_by_its_content(edition: Edition) -> None:
    assert render_sample() == edition
    assert re.fullmatch(r"[0-9a-f]{64}", edition.hash)
    others = [
        render_sample(sample_article(title="Another")),
        render_sample(sample_article(body="Another.")),
        render_sample(replace(ARTICLE, media={**MEDIA, "lead.png": asset("lead.png", 10, 10, "a")})),
        render_sample(settings=replace(SETTINGS, email=EmailSettings(accent="#123456"))),
    ]
    assert len({one.hash for one in [edition, *others]}) == 5
    assert edition_hash("a", "b", "", ()) != edition_hash("ab", "", "", ())


def test_the_same_bytes_come_out_of_any_process(edition: Edition) -> None:
    code = "import json, sample_email as s; e = s.render_sample(); print(json.dumps([e.hash, e.html, e.text]))"
    for seed in ("1", "2"):
        environ = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent), "LC_ALL": "C", "TZ": "Asia/Tokyo"}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environ)
        assert json.loads(done.stdout) == [edition.hash, edition.html, edition.text]


def test_an_edition_carries_its_pictures_once_each(edition: Edition) -> None:
    assert {one.name for one in edition.assets} == {one.name for one in MEDIA.values()}
    doubled = render_sample(replace(ARTICLE, media={**MEDIA, "./lead.png": MEDIA["lead.png"]}))
    assert doubled.assets == edition.assets


@pytest.mark.parametrize("title", TITLES)
def test_a_title_is_shown_as_typed_and_never_as_markup(title: str) -> None:
    edition = render_sample(sample_article(title=title, body="Text.", summary=title, kicker=title))
    assert edition.subject == title
    shown = words(edition, "//h1")
    assert re.sub(r"[“”‘’]", "'", shown) == title.replace('"', "'")
    assert len(elements(edition, "//h1")) == 1
    assert not elements(edition, "//h1//b")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "ltr"),
        ("ar", "rtl"),
        ("he-IL", "rtl"),
        ("fa", "rtl"),
        ("ur", "rtl"),
        ("az-Arab", "rtl"),
        ("ur-Latn", "ltr"),
    ],
)
def test_a_language_has_its_direction(language: str, expected: str) -> None:
    assert direction(language, SETTINGS) == expected


def test_the_settings_decide_the_direction_of_the_publications_language() -> None:
    settings = replace(SETTINGS, publication=replace(SETTINGS.publication, language="xx", direction="rtl"))
    assert direction("xx", settings) == "rtl"
    assert direction("en", settings) == "ltr"


def test_an_issue_in_hebrew_runs_from_right_to_left_under_an_english_masthead() -> None:
    edition = render_sample(
        sample_article(language="he", title="שלושה עשר יום", body="טקסט.\n\n> ציטוט\n>\n> -- מישהו")
    )
    assert elements(edition, "/html")[0].get("dir") == "rtl"
    assert "text-align:right" in elements(edition, "//td[contains(@class, 'opening')]")[0].get("style")
    assert elements(edition, "//div[@class='nameplate']")[0].get("dir") == "ltr"
    assert "ביטול הרשמה" in edition.html
    assert "letter-spacing:1" not in edition.html


def test_a_bare_issue_leaves_no_empty_places() -> None:
    bare = sample_article(
        kicker="", summary="", series="", authors=(), image=None, corrections=(), footer="", body="Text.", rule=None
    )
    publication = PublicationSettings(title="P", base_url=BASE_URL, from_="p@x.example", postal_address="Street 1")
    edition = render_sample(replace(bare, previous=None), replace(SETTINGS, publication=publication, web=WebSettings()))
    for element in elements(edition, "//body//*[not(self::br or self::img or self::hr)]"):
        assert "".join(element.itertext()).strip() or element.xpath(".//img"), element.get("class")
    assert "Previously" not in edition.html + edition.text


def test_a_picture_without_known_size_is_as_wide_as_the_column() -> None:
    media = {**MEDIA, "lead.png": replace(MEDIA["lead.png"], width=0, height=0)}
    (lead,) = elements(render_sample(replace(ARTICLE, media=media)), "//img[contains(@class, 'lead')]")
    assert (lead.get("width"), lead.get("height")) == ("520", None)


def test_a_small_picture_is_not_blown_up() -> None:
    media = {**MEDIA, "tiny.png": asset("tiny.png", 40, 20, "c")}
    article = replace(sample_article(image=Image(src="tiny.png", alt="Tiny")), media=media)
    (lead,) = elements(render_sample(article), "//img[@alt='Tiny']")
    assert (lead.get("width"), lead.get("height")) == ("40", "20")


def test_a_theme_is_only_files(tmp_path: Path) -> None:
    theme = tmp_path / "templates" / "plain"
    theme.mkdir(parents=True)
    (theme / "inline.css").write_text("h1 { color: {{ light.accent }}; font-family: {{ fonts.display }}; }")
    (theme / "email.html.j2").write_text("<h1>{{ title }}</h1><a href='{{ unsubscribe_url }}'>x</a>{{ body }}")
    edition = render_sample(settings=replace(SETTINGS, email=EmailSettings(theme="plain")), folder=tmp_path)
    assert "<h1 style=\"color:#8c1c13; font-family:Georgia, 'Times New Roman', serif\">" in edition.html
    assert edition.text == render_sample().text.replace(
        sentinels(render_sample().hash)["unsubscribe_url"], sentinels(edition.hash)["unsubscribe_url"]
    ).replace(sentinels(render_sample().hash)["preferences_url"], sentinels(edition.hash)["preferences_url"])


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("<p>{{ body }}</p>", "no link to leave by"),
        ("<!-- {{ unsubscribe_url }} --><p>x</p>", "stands in a style, a script or a comment"),
        ("<style>a { x: {{ unsubscribe_url }} }</style><p>x</p>", "stands in a style, a script or a comment"),
        ("<p>x<script>{{ unsubscribe_url }}</script></p>", "stands in a style, a script or a comment"),
        ("<p title='{{ unsubscribe_url }}'>x</p>", "stands in a style, a script or a comment"),
    ],
)
def test_a_theme_that_puts_a_readers_link_in_a_wrong_place_is_refused(
    tmp_path: Path, template: str, fault: str
) -> None:
    (tmp_path / "templates" / "odd").mkdir(parents=True)
    (tmp_path / "templates" / "odd" / "email.html.j2").write_text(template)
    with pytest.raises(InputError, match=fault) as caught:
        render_sample(settings=replace(SETTINGS, email=EmailSettings(theme="odd")), folder=tmp_path)
    assert caught.value.faults[0].path == "templates/odd/email.html.j2"


def test_an_embedded_stylesheet_that_gmail_would_drop_is_refused(tmp_path: Path) -> None:
    (tmp_path / "templates" / "odd").mkdir(parents=True)
    (tmp_path / "templates" / "odd" / "embed.css").write_text("a { color: #111111 !important; }\n" * 400)
    with pytest.raises(InputError, match=r"templates/odd/embed\.css: 13200 bytes, and Gmail drops"):
        render_sample(settings=replace(SETTINGS, email=EmailSettings(theme="odd")), folder=tmp_path)


def test_what_the_publication_itself_wrote_does_not_say_its_name_again() -> None:
    own = replace(ARTICLE, issue=replace(ARTICLE.issue, authors=(SETTINGS.publication.title,)))
    both = replace(ARTICLE, issue=replace(ARTICLE.issue, authors=(SETTINGS.publication.title, "Ada Example")))
    assert 'class="byline"' not in render_sample(own).html
    assert f"By {SETTINGS.publication.title}" not in render_sample(own).text
    assert "By Ada Example" in render_sample(both).html
    assert "By Ada Example" in render_sample(both).text


def test_the_way_to_the_browser_looks_like_a_link() -> None:
    links = re.findall(r"<a [^>]*>Read in your browser", render_sample().html)
    assert len(links) == 2
    assert all("text-decoration:underline" in link for link in links)


def test_an_embedded_stylesheet_that_would_end_its_element_is_refused_for_that(tmp_path: Path) -> None:
    (tmp_path / "templates" / "odd").mkdir(parents=True)
    (tmp_path / "templates" / "odd" / "embed.css").write_text("p { color: #111111; }\n/* </style> */\n")
    with pytest.raises(InputError, match=r"templates/odd/embed\.css:2: it holds '</', which would end the <style>"):
        render_sample(settings=replace(SETTINGS, email=EmailSettings(theme="odd")), folder=tmp_path)


def test_a_fault_in_a_stylesheet_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "templates" / "odd").mkdir(parents=True)
    (tmp_path / "templates" / "odd" / "inline.css").write_text("p {}\np { color: {{ lihgt.ink }}; }")
    with pytest.raises(jinja2.UndefinedError) as caught:
        render_sample(settings=replace(SETTINGS, email=EmailSettings(theme="odd")), folder=tmp_path)
    fault = str(template_fault(caught.value, tmp_path))
    assert fault == "templates/odd/inline.css:2: 'lihgt' is undefined; did you mean 'light'?"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("\n{{ 1 + 'a' }}", "templates/odd/email.txt.j2:2: TypeError: unsupported operand"),
        ("{{ 1 // 0 }}", "templates/odd/email.txt.j2:1: ZeroDivisionError"),
        ("\n\n{{ range(10 ** 9) }}", "templates/odd/email.txt.j2:3: OverflowError: Range too big"),
        ("{% include 'odd/email.txt.j2' %}", "templates/odd/email.txt.j2:1: RecursionError"),
    ],
)
def test_whatever_a_template_does_wrong_is_a_fault_with_its_line(tmp_path: Path, source: str, fault: str) -> None:
    (tmp_path / "templates" / "odd").mkdir(parents=True)
    (tmp_path / "templates" / "odd" / "email.txt.j2").write_text(source)
    with pytest.raises(jinja2.TemplateError) as caught:
        render_sample(settings=replace(SETTINGS, email=EmailSettings(theme="odd")), folder=tmp_path)
    assert str(template_fault(caught.value, tmp_path)).startswith(fault)


def test_colours_nobody_can_read_are_refused() -> None:
    with pytest.raises(InputError, match=r"muted on paper has a contrast of"):
        render_sample(settings=replace(SETTINGS, email=EmailSettings(muted="#aaaaaa")))


def test_the_source_page_is_the_edition_before_inlining() -> None:
    marks = sentinels("x")
    source = email_source(ARTICLE, settings=SETTINGS, templates=environment(ROOT), css=theme_css(ROOT, ""), marks=marks)
    assert re.findall(r' style="([^"]*)"', source.html) == ["text-align:right"] * 4
    assert counts(source.html, marks) == {"unsubscribe_url": 1, "preferences_url": 1}


def test_fill_wraps_at_words_and_leaves_addresses_whole() -> None:
    address = "https://paper.example.org/" + "x" * 80
    assert fill(f"See {address} for\n\nmore").split("\n") == ["See", address, "for more"]


def test_fill_counts_wide_characters_double() -> None:
    lines = fill("日本語の長い文章です。" * 12).split("\n")
    assert len(lines) > 3
    assert max(map(len, lines)) <= 36


def test_an_email_of_a_full_issue_stays_far_below_what_gmail_clips(edition: Edition) -> None:
    assert len(edition.html.encode()) < 30_000
