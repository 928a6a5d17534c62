"""Lints of links: where they lead, and whether their words say so."""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from urllib.parse import SplitResult, parse_qsl, urlsplit

from sparkpub.core.lint.registry import Finding, Manuscript, manuscript_lint
from sparkpub.errors import Severity

_VAGUE_WORDS = """
here, click here, click, this, this link, this page, link, more, read more, learn more, see here, continue,
hier, mehr, weiterlesen, ici, cliquez ici, lire la suite, en savoir plus, aquí, haga clic aquí, leer más,
здесь, тут, подробнее, читать далее
"""
_VAGUE = frozenset(word.strip() for word in _VAGUE_WORDS.split(","))
_SCRIPT = re.compile(r"[\s\x00-\x1f]*(javascript|vbscript|data):", re.IGNORECASE)
_SHORTENER_HOSTS = """
bit.ly, buff.ly, cutt.ly, dlvr.it, fb.me, geni.us, goo.gl, ift.tt, is.gd, j.mp, lnkd.in, mailchi.mp, ow.ly, rb.gy,
rebrand.ly, shorturl.at, soo.gd, t.co, t.ly, tiny.cc, tinyurl.com, tr.im, trib.al, v.gd, x.co
"""
_SHORTENERS = frozenset(host.strip() for host in _SHORTENER_HOSTS.split(","))
_TRACKING = re.compile(
    r"(?:utm_\w+|fbclid|gclid|dclid|msclkid|mc_eid|mc_cid|igshid|yclid|_hsenc|_hsmi|mkt_tok|vero_id|oly_\w+_id)$",
    re.IGNORECASE,
)
_ENDINGS = "com|org|net|edu|gov|info|eu|uk|de|fr|es|it|nl|ch|at|ru|us"
_SHOWN_ADDRESS = re.compile(
    rf"(?:https?://(?:[\w-]+\.)+[a-z]{{2,}}|www\.(?:[\w-]+\.)+[a-z]{{2,}}|(?:[\w-]+\.)+(?:{_ENDINGS}))(?=[/?#:]|$)\S*$",
    re.IGNORECASE,
)
_PRIVATE_NAMES = (".local", ".localhost", ".internal", ".lan", ".test", ".invalid")


@manuscript_lint("SPK007", Severity.FAULT)
def dead_link(manuscript: Manuscript) -> Iterator[Finding]:
    """A link that leads nowhere, or to a script."""
    from sparkpub.core.markup import absolute_link

    for line, href, text in _links(manuscript):
        if absolute_link(href, "https://example.org") is None:
            where = "to a script" if _SCRIPT.match(href) else f"to '{href[:40]}'" if href else "nowhere"
            message = f"the link '{text[:40]}' leads {where}"
            yield Finding(line=line, message=message, cure="link to a page: https://…")


@manuscript_lint("SPK008", Severity.WARNING)
def vague_link(manuscript: Manuscript) -> Iterator[Finding]:
    """A link whose words do not say where it leads."""
    for line, _, text in _links(manuscript):
        words = re.sub(r"[\s.…:»›→>]+$", "", text.strip().casefold())
        if words in _VAGUE:
            message = f"the link '{text}' does not say where it leads"
            yield Finding(line=line, message=message, cure="put the name of what it leads to into the link")


@manuscript_lint("SPK038", Severity.WARNING)
def shortened_link(manuscript: Manuscript) -> Iterator[Finding]:
    """A link through a shortener: filters distrust it, readers do not see its goal, and it dies with the shortener."""
    for line, address, _ in web_addresses(manuscript):
        if address.hostname in _SHORTENERS:
            yield Finding(line=line, message=f"a link through {address.hostname}", cure="link to the page itself")


@manuscript_lint("SPK039", Severity.WARNING)
def misleading_link(manuscript: Manuscript) -> Iterator[Finding]:
    """A link that shows one address and leads to another: what phishing does."""
    for line, address, text in web_addresses(manuscript):
        shown = _SHOWN_ADDRESS.match(text.strip())
        host = (address.hostname or "").removeprefix("www.")
        name = re.split(r"[/?#:]", re.sub(r"^https?://", "", shown[0].lower()))[0].removeprefix("www.") if shown else ""
        if name and not f".{host}".endswith(f".{name}") and not f".{name}".endswith(f".{host}"):
            message = f"the link shows '{name}' and leads to '{host}'"
            yield Finding(line=line, message=message, cure="show where it leads, or link words instead")


@manuscript_lint("SPK040", Severity.ADVICE)
def plain_http_link(manuscript: Manuscript) -> Iterator[Finding]:
    """A link by http: whoever sits between can read and change the page."""
    for line, address, _ in web_addresses(manuscript):
        if address.scheme == "http" and not _is_private(address.hostname or ""):
            message = f"'{address.geturl()[:60]}' is not encrypted"
            yield Finding(line=line, message=message, cure="write https:// if the page is there too")


@manuscript_lint("SPK041", Severity.ADVICE)
def tracked_link(manuscript: Manuscript) -> Iterator[Finding]:
    """A link that carries somebody's tracking mark, as addresses copied from newsletters and social networks do."""
    for line, address, _ in web_addresses(manuscript):
        marks = [name for name, _ in parse_qsl(address.query, keep_blank_values=True) if _TRACKING.match(name)]
        if marks:
            message = f"the link to {address.hostname} carries {', '.join(marks)[:60]}"
            yield Finding(line=line, message=message, cure="cut that part off the address")


@manuscript_lint("SPK042", Severity.WARNING)
def private_link(manuscript: Manuscript) -> Iterator[Finding]:
    """A link to a machine that only its author can reach."""
    for line, address, _ in web_addresses(manuscript):
        if _is_private(address.hostname or ""):
            yield Finding(
                line=line, message=f"readers cannot reach '{address.netloc[:60]}'", cure="link to the public page"
            )


@manuscript_lint("SPK043", Severity.WARNING)
def suspicious_link(manuscript: Manuscript) -> Iterator[Finding]:
    """A link with a number for a host, or with a user name: mail filters take it for fraud."""
    for line, address, _ in web_addresses(manuscript):
        host = address.hostname or ""
        what = "a user name" if "@" in address.netloc else "a number for a host" if _is_number(host) else ""
        if what and not _is_private(host):
            yield Finding(
                line=line, message=f"the link '{address.geturl()[:60]}' has {what}", cure="link by name alone"
            )


@manuscript_lint("SPK044", Severity.ADVICE)
def ambiguous_links(manuscript: Manuscript) -> Iterator[Finding]:
    """Two links of the same words that lead to different pages: in a list of links they cannot be told apart."""
    seen: dict[str, str] = {}
    for line, href, text in _links(manuscript):
        words = " ".join(text.casefold().split())
        if words and seen.setdefault(words, href) != href:
            message = f"two links say '{text[:40]}' and lead to different pages"
            yield Finding(line=line, message=message, cure="let each say where it leads")


def _links(manuscript: Manuscript) -> Sequence[tuple[int, str, str]]:
    """Every link of the body but the reader's own: line of the file, address as typed, words."""
    from sparkpub.core.markup.fields import NOWHERE

    uses = (use for use in manuscript.links if not use.href.startswith(NOWHERE))
    return [(manuscript.body_line(use.line), use.href, use.text) for use in uses]


def web_addresses(manuscript: Manuscript) -> Iterator[tuple[int, SplitResult, str]]:
    """Every link to the web, its address taken apart."""
    for line, href, text in _links(manuscript):
        if re.match(r"https?://", href, re.IGNORECASE):
            try:
                address = urlsplit(href)
                _ = address.hostname, address.port
            except ValueError:  # no address at all; a browser will say so
                continue
            yield line, address, text


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.isdecimal()
    return True


def _is_private(host: str) -> bool:
    """Whether a name or number means one's own machine or house."""
    if host == "localhost" or host.endswith(_PRIVATE_NAMES):
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
