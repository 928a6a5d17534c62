"""Addresses of the archive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkpub.core import links

WORDS = st.text(alphabet=st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=40)
PATHS = st.lists(st.sampled_from(["a", "b", "issues", "on-this-day", "é"]), max_size=4).flatmap(
    lambda parts: st.sampled_from(["", "feed.xml"]).map(lambda last: "/" + "".join(f"{p}/" for p in parts) + last)
)


def test_host_is_lower_case_ascii_without_port() -> None:
    assert links.host("https://News.Example.org:8443/paper") == "news.example.org"
    assert links.host("https://zürich.example") == "xn--zrich-kva.example"


def test_entry_id_is_a_tag_uri() -> None:
    assert links.entry_id("example.org", 2017, "soviets", 100) == "tag:example.org,2017:soviets/100"


def test_base_url_may_have_a_path() -> None:
    assert links.issue_url("https://x.org/news/", "soviets") == "https://x.org/news/issues/soviets/"
    assert links.release_url("https://x.org/news", "leap", 3, repeats=True) == "https://x.org/news/issues/leap/3/"
    assert links.release_url("https://x.org", "leap", 3, repeats=False) == "https://x.org/issues/leap/"
    assert links.path_of("https://x.org/news", "https://x.org/news/issues/leap/3/") == "/issues/leap/3/"


@pytest.mark.parametrize("url", ["https://x.org/newspaper/", "https://y.org/news/a/", "https://x.org/news"])
def test_address_elsewhere_has_no_path_here(url: str) -> None:
    assert links.path_of("https://x.org/news", url) == ""


@given(PATHS)
def test_path_survives_its_address(path: str) -> None:
    assert links.path_of("https://x.org/news", links.absolute("https://x.org/news", path)) == path


@pytest.mark.parametrize(
    ("page", "target", "expected"),
    [
        ("/", "/", "./"),
        ("/", "/issues/a/", "issues/a/"),
        ("/issues/a/", "/", "../../"),
        ("/issues/a/", "/issues/b/", "../b/"),
        ("/issues/a/", "/issues/a/100/", "100/"),
        ("/issues/a/100/", "/issues/a/", "../"),
        ("/series/x/", "/series/x/feed.xml", "./feed.xml"),
        ("/archive/", "/feed.xml", "../feed.xml"),
        ("/archive/", "/tags/été/", "../tags/%C3%A9t%C3%A9/"),
        ("/404.html", "/archive/", "archive/"),
    ],
)
def test_relative_link(page: str, target: str, expected: str) -> None:
    assert links.relative(page, target) == expected


@given(PATHS, PATHS)
def test_relative_link_leads_to_its_target_under_any_root(page: str, target: str) -> None:
    from urllib.parse import unquote, urljoin

    for root in ("https://x.org", "https://x.org/deep/down"):
        assert unquote(urljoin(root + page, links.relative(page, target))) == root + target


@given(WORDS)
def test_any_word_becomes_one_safe_part_of_a_path(word: str) -> None:
    part = links.segment(word)
    assert part
    assert part not in {".", ".."}
    assert not set(part) & set('/\\:*?"<>|#% \x00\n')
    assert len(part.encode()) <= 200


def test_words_of_any_script_name_their_own_tag() -> None:
    assert links.tag_path("Printing & Books") == "/tags/printing-books/"
    assert links.tag_path("История") == "/tags/история/"
    assert links.tag_path("!!!") != links.tag_path("???")


@pytest.mark.parametrize(
    ("alias", "expected"),
    [
        ("/old/url/", "/old/url/"),
        ("/old/url", "/old/url/"),
        ("/2009/piece.html", "/2009/piece.html"),
        ("/piece.php", "/piece.php/"),
        ("/%D1%81%D1%82%D0%B0%D1%80%D0%BE/", "/старо/"),
        ("/../etc/passwd", None),
        ("/a/%2e%2e/%2e%2e/b", None),
        ("/a/..%2f..%2fb", None),
        ("//evil.example/", None),
        ("https://evil.example/", None),
        ("/.git/config", None),
        ("/?p=12", None),
        ("/a\\..\\b", None),
        ("/a\x00b", None),
        ("/a\nb", None),
        ("/", None),
        ("", None),
        ("/" + "x" * 300, None),
    ],
)
def test_alias_stands_only_at_a_plain_path(alias: str, expected: str | None) -> None:
    assert links.alias_path(alias) == expected


@given(st.text(max_size=60))
def test_no_alias_leaves_the_site(alias: str) -> None:
    path = links.alias_path("/" + alias)
    if path is not None:
        parts = links.file_of(path).split("/")
        assert all(part and not part.startswith(".") for part in parts)
