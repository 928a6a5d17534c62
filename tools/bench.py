"""Measure sparkpub beside a peer, in turns within one run: what counts is the ratio, machines are noisy.

usage: python tools/bench.py [startup|message|edition|schedule]...
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from email.message import EmailMessage
from pathlib import Path

import jinja2

from sparkpub.adapters.secrets import PUBLIC_KEY
from sparkpub.adapters.templates import theme_css
from sparkpub.articles import placed, read_media
from sparkpub.core.article import Article
from sparkpub.core.decisions import Due
from sparkpub.core.email import email_source, render_edition
from sparkpub.core.inline import inline_css
from sparkpub.core.mail import Compiled, compile_message, message_head, reader_values
from sparkpub.core.model import Edition, Issue
from sparkpub.core.schedule import numbered, occurrences
from sparkpub.core.sentinels import sentinels
from sparkpub.core.tokens import Tokens
from sparkpub.press import Publication, open_publication
from sparkpub.shelf import read_shelf

ROOT = Path(__file__).parents[1]
SAMPLE = "october"
A_MESSAGE = 84_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the report: ours and the peer's seconds for one piece of work, and which ratio is wanted."""

    name: str
    ours: float
    peer_name: str
    peer: float
    wanted: str = ""

    def __str__(self) -> str:
        """The ratio with what it is made of."""
        ratio = self.peer / self.ours
        shown = f"{ratio:8.1f} times as fast as" if ratio >= 1 else f"{1 / ratio:8.2f} times the time of"
        wanted = f"  ({self.wanted})" if self.wanted else ""
        return f"{self.name:<44} {shown} {self.peer_name}: {self.ours * 1e3:.3f} ms, {self.peer * 1e3:.3f} ms{wanted}"


def in_turns(*works: Callable[[], object], rounds: int = 7) -> list[float]:
    """The median seconds of each work, run in turns after one warm-up, so that a slow minute slows all."""
    seconds: list[list[float]] = [[] for _ in works]
    for turn in range(rounds + 1):
        for taken, work in zip(seconds, works, strict=True):
            begun = time.perf_counter()
            work()
            if turn:
                taken.append(time.perf_counter() - begun)
    return [statistics.median(taken) for taken in seconds]


def startup() -> Iterator[Figure]:
    """`sparkpub --help` beside an empty interpreter and beside click's own import."""
    python = sys.executable
    command = str(Path(python).with_name("sparkpub"))

    def running(*words: str) -> Callable[[], object]:
        return lambda: subprocess.run(words, check=True, capture_output=True)

    ours, empty, click = in_turns(
        running(command, "--help"), running(python, "-c", "pass"), running(python, "-c", "import click"), rounds=15
    )
    budget = 4 * empty + (click - empty)
    yield Figure(name="sparkpub --help", ours=ours, peer_name="python -c pass", peer=empty)
    yield Figure(
        name="sparkpub --help",
        ours=ours,
        peer_name="4 x python -c pass + click's import",
        peer=budget,
        wanted="wanted: at most the time of it",
    )


def sample(size: int = 0) -> tuple[Publication, Article]:
    """An instalment of the example publication, its text repeated until the HTML has about `size` bytes."""
    publication = open_publication(ROOT)
    issue = read_shelf(publication).issues[SAMPLE]
    if size:
        issue = replace(issue, body=f"{issue.body}\n\n" * max(1, size // (2 * len(issue.body))))
    return publication, article_of(publication, issue)


def article_of(publication: Publication, issue: Issue) -> Article:
    """An issue at its hundredth anniversary."""
    occurrence = numbered(issue.rule, 100) if issue.rule else None
    if occurrence is None:
        raise SystemExit(f"{issue.id} has no hundredth anniversary; choose another sample")
    due = Due(issue=issue, occurrence=occurrence)
    return placed(publication, due, released_at=occurrence.at, media=read_media(publication, issue))


def compiled(publication: Publication, article: Article) -> tuple[Edition, Compiled]:
    """An article's edition and its message."""
    css = theme_css(publication.folder, publication.settings.email.theme)
    edition = render_edition(article, settings=publication.settings, templates=publication.templates, css=css)
    head = message_head(
        publication.settings, issue_id=article.issue.id, number=article.number, released_at=article.released_at
    )
    return edition, compile_message(edition, head=head)


def message() -> Iterator[Figure]:
    """A message for one more reader: splicing beside what a program without compiled messages does."""
    publication, article = sample(A_MESSAGE)
    edition, ready = compiled(publication, article)
    tokens = Tokens(PUBLIC_KEY)
    template = jinja2.Environment(autoescape=True).from_string(
        edition.html.replace(sentinels(edition.hash)["unsubscribe_url"], "{{ url }}")
    )
    count = 50

    def splice() -> int:
        sizes = 0
        for reader in range(count):
            values = reader_values(
                publication.settings,
                tokens,
                release="october/100",
                subscriber_id=reader,
                address=f"reader-{reader}@example.org",
                name="Zoë Müller",
            )
            sizes += len(ready.splice(values))
        return sizes

    def by_library() -> int:
        sizes = 0
        for reader in range(5):
            letter = EmailMessage()
            letter["From"], letter["To"] = "letters@example.org", f"Zoë Müller <reader-{reader}@example.org>"
            letter["Subject"] = edition.subject
            letter.set_content(edition.text)
            letter.add_alternative(template.render(url=f"https://example.org/u/{reader}"), subtype="html")
            sizes += len(letter.as_bytes())
        return sizes

    data = b"x" * (splice() // count)
    ours, peer, floor = in_turns(splice, by_library, lambda: [bytearray(data) for _ in range(count)])
    kilobytes = len(data) // 1000
    name = f"a spliced message of {kilobytes} KB"
    yield Figure(name=name, ours=ours / count, peer_name="Jinja2 + EmailMessage", peer=peer / 5, wanted="wanted: 100")
    yield Figure(name=name, ours=ours / count, peer_name="copying its bytes", peer=floor / count)


def edition() -> Iterator[Figure]:
    """One edition from its article to its compiled message, beside premailer's own part in it."""
    publication, article = sample()
    css = theme_css(publication.folder, publication.settings.email.theme)
    marks = sentinels("bench")
    source = email_source(article, settings=publication.settings, templates=publication.templates, css=css, marks=marks)
    ours, peer = in_turns(lambda: compiled(publication, article), lambda: inline_css(source.html, source.css))
    yield Figure(
        name="an edition, from article to message",
        ours=ours,
        peer_name="premailer alone",
        peer=peer,
        wanted="wanted: at most 2.5 times",
    )


def schedule() -> Iterator[Figure]:
    """A week's occurrences of every issue beside listing all years; and a simulated year beside one check."""
    publication = open_publication(ROOT)
    rules = [issue.rule for issue in read_shelf(publication).issues.values() if issue.rule]
    week = (date(2027, 2, 22), date(2027, 3, 1))
    ours, peer = in_turns(
        lambda: [occurrences(rule, *week) for rule in rules],
        lambda: [[o for o in occurrences(rule, date.min, week[1]) if o.on >= week[0]] for rule in rules],
    )
    yield Figure(name="a week's occurrences of the example", ours=ours, peer_name="listing every year", peer=peer)
    with tempfile.TemporaryDirectory() as scratch:
        command = str(Path(sys.executable).with_name("sparkpub"))
        year = ["simulate", "--from", "2017-01-01", "--until", "2018-01-01", "--out", scratch, "--quiet"]
        ours, peer = in_turns(
            lambda: subprocess.run([command, "--publication", ROOT, *year], check=True, capture_output=True),
            lambda: subprocess.run(
                [command, "--publication", ROOT, "check", "--quiet"], check=True, capture_output=True
            ),
            rounds=3,
        )
        yield Figure(name="a simulated year of the example", ours=ours, peer_name="sparkpub check", peer=peer)


MEASURES = {"startup": startup, "message": message, "edition": edition, "schedule": schedule}


def main(names: list[str]) -> None:
    """Print the figures of the measures named, or of all."""
    print(f"Python {sys.version.split()[0]}; medians, in turns")
    for name in names or MEASURES:
        for figure in MEASURES[name]():
            print(figure)


if __name__ == "__main__":
    main(sys.argv[1:])
