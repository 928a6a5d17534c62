"""Pelican with its own simple theme: articles, years, tags, series as categories, feeds in two kinds."""

SITENAME = "The Bench"
SITEURL = "https://bench.example.org"
AUTHOR = "The Bench"
TIMEZONE = "UTC"
DEFAULT_LANG = "en"
PATH = "content"
THEME = "simple"
ARTICLE_URL = "issues/{slug}/"
ARTICLE_SAVE_AS = "issues/{slug}/index.html"
YEAR_ARCHIVE_SAVE_AS = "{date:%Y}/index.html"
TAG_SAVE_AS = "tags/{slug}/index.html"
CATEGORY_SAVE_AS = "series/{slug}/index.html"
FEED_ALL_ATOM = "atom.xml"
FEED_ALL_RSS = "feed.xml"
TAG_FEED_ATOM = "tags/{slug}/atom.xml"
TAG_FEED_RSS = "tags/{slug}/feed.xml"
CATEGORY_FEED_ATOM = "series/{slug}/atom.xml"
CATEGORY_FEED_RSS = "series/{slug}/feed.xml"
FEED_MAX_ITEMS = 25
RSS_FEED_SUMMARY_ONLY = False
DEFAULT_PAGINATION = False
MARKDOWN = {
    "extension_configs": {
        "markdown.extensions.extra": {},
        "markdown.extensions.smarty": {},
        "markdown.extensions.meta": {},
    },
    "output_format": "html5",
}
