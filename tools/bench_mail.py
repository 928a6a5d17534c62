"""Measure messages: compiled and spliced, signed, and made anew for each reader as other programs do.

The peers, in the same run: Jinja2 with the library's EmailMessage; npm's nodemailer, fetched into a folder that is
thrown away, with a body that was inlined beforehand, and with its own DKIM. The floor is copying the bytes.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import jinja2
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench_figures import Figure, cpu_in_turns, cpu_seconds, in_turns
from sparkpub.adapters.files import read_issues
from sparkpub.adapters.secrets import PUBLIC_KEY
from sparkpub.adapters.templates import theme_css
from sparkpub.adapters.zones import zone
from sparkpub.articles import placed, read_media
from sparkpub.core.article import Article
from sparkpub.core.decisions import Due
from sparkpub.core.dkim import Seal, Signer
from sparkpub.core.email import email_source, render_edition
from sparkpub.core.inline import inline_css
from sparkpub.core.issues import parse_issue
from sparkpub.core.mail import Addressing, Compiled, ReaderValues, compile_message, message_head
from sparkpub.core.model import Edition, Issue
from sparkpub.core.schedule import numbered
from sparkpub.core.sentinels import sentinels
from sparkpub.core.settings import InboxSettings, WebSettings
from sparkpub.core.tokens import Tokens
from sparkpub.press import Publication, open_publication

ROOT = Path(__file__).parents[1]
SAMPLE = "issues/1917/10-october.md"
A_MESSAGE = 84_000
COUNT = 200
FEW = 5
NAME = "Zoë Müller"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One issue of the example, made long, as a press with a web face and an inbox would mail it."""

    publication: Publication
    edition: Edition
    compiled: Compiled

    def values(self, addressing: Addressing, reader: int) -> ReaderValues:
        """The values of one reader."""
        return addressing.values(reader, address=f"reader-{reader}@example.org", name=NAME)

    def addressing(self) -> Addressing:
        """What makes them."""
        return Addressing(self.publication.settings, Tokens(PUBLIC_KEY), release="october/100")


def publication() -> Publication:
    """The example's, served as a press on the web is."""
    opened = open_publication(ROOT)
    web, inbox = WebSettings(url="https://mail.example.org"), InboxSettings(unsubscribe_address="leave@example.org")
    return replace(opened, settings=replace(opened.settings, web=web, inbox=inbox))


def article_of(opened: Publication, data: bytes) -> Article:
    """An issue's file at its hundredth anniversary."""
    issue = parse_issue(data, path=SAMPLE, settings=opened.settings, zones=zone)
    occurrence = numbered(issue.rule, 100) if isinstance(issue, Issue) and issue.rule else None
    if not isinstance(issue, Issue) or occurrence is None:
        raise SystemExit(f"{SAMPLE} has faults or no hundredth anniversary; choose another sample")
    due = Due(issue=issue, occurrence=occurrence)
    return placed(opened, due, released_at=occurrence.at, media=read_media(opened, issue))


def source() -> bytes:
    """The sample's file."""
    return next(data for path, data in read_issues(ROOT) if path.endswith(Path(SAMPLE).name))


def rendered(opened: Publication, article: Article) -> tuple[Edition, Compiled]:
    """An article's edition and its message."""
    css = theme_css(opened.folder, opened.settings.email.theme)
    edition = render_edition(article, settings=opened.settings, templates=opened.templates, css=css)
    head = message_head(
        opened.settings, issue_id=article.issue.id, number=article.number, released_at=article.released_at
    )
    return edition, compile_message(edition, head=head)


def sample() -> Sample:
    """The sample, its text repeated until its message has 100 to 140 KB, greeting its reader by name."""
    opened = publication()
    article = article_of(opened, source())
    body = f"{article.issue.body}\n\n" * max(1, A_MESSAGE // (2 * len(article.issue.body)))
    greeting = 'Dear {{ reader.name | default("reader") }},\n\n'
    edition, compiled = rendered(opened, replace(article, issue=replace(article.issue, body=greeting + body)))
    return Sample(publication=opened, edition=edition, compiled=compiled)


def messages() -> Iterator[Figure]:
    """Messages for further readers, unsigned and signed, beside the peers and the floor, in seconds of one core."""
    one = sample()
    addressing, key = one.addressing(), rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signer = Signer(domain="example.org", selector="press", key=key)
    seal = Seal.of(one.compiled, (signer,), at=datetime(2026, 11, 24, tzinfo=UTC))
    data = one.compiled.splice(one.values(addressing, 1))
    kilobytes = len(data) // 1000

    works = (
        cpu_seconds(lambda reader: one.compiled.splice(one.values(addressing, reader)), COUNT),
        cpu_seconds(lambda reader: seal.splice(one.values(addressing, reader)), COUNT // 4),
        cpu_seconds(lambda _: bytearray(data), COUNT),
        cpu_seconds(by_library(one.edition), FEW),
    )
    with nodemailer(one.edition, key) as (plain, with_dkim):
        ours, signed, floor, library, node, node_signed = cpu_in_turns(*works, plain, with_dkim)
    name = f"a spliced message of {kilobytes} KB"
    yield Figure(name=name, ours=ours, peer_name="copying its bytes", peer=floor)
    yield Figure(name=name, ours=ours, peer_name="Jinja2 + EmailMessage", peer=library, wanted="wanted: 100")
    yield Figure(name=name, ours=ours, peer_name="nodemailer, pre-inlined", peer=node, wanted="wanted: 60")
    yield Figure(
        name=f"a signed message of {kilobytes} KB",
        ours=signed,
        peer_name="nodemailer with DKIM",
        peer=node_signed,
        wanted="wanted: 12",
    )


def by_library(edition: Edition) -> Callable[[int], object]:
    """Jinja2 and the standard library, for a reader."""
    marks = sentinels(edition.hash, edition.fields)
    html, text = (_filled(twin, marks, "{{ %s }}") for twin in (edition.html, edition.text))
    page = jinja2.Environment(autoescape=True).from_string(html)
    plain = jinja2.Environment(autoescape=False).from_string(text)  # noqa: S701 - the text twin

    def work(reader: int) -> object:
        url = f"https://mail.example.org/u/{reader}"
        values = {"name": NAME, "unsubscribe_url": url, "preferences_url": url}
        letter = EmailMessage()
        letter["From"], letter["To"] = "letters@example.org", f"{NAME} <reader-{reader}@example.org>"
        letter["Subject"] = edition.subject
        letter["List-Unsubscribe"] = f"<{url}>"
        letter.set_content(plain.render(values))
        letter.add_alternative(page.render(values), subtype="html")
        return letter.as_bytes()

    return work


@contextmanager
def nodemailer(edition: Edition, key: rsa.RSAPrivateKey) -> Iterator[tuple[Callable[[], float], Callable[[], float]]]:
    """Nodemailer's work for a few readers, plain and signed, in a process that waits for its turns."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not installed, and nodemailer comes from there; install Node.js")
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([npm, "install", "--silent", "--no-fund", "--no-audit", "nodemailer"], cwd=scratch, check=True)
        marks = sentinels(edition.hash, edition.fields)
        job = {
            "html": _filled(edition.html, marks, "%%%s%%"),
            "text": _filled(edition.text, marks, "%%%s%%"),
            "subject": edition.subject,
            "name": NAME,
            "count": FEW,
            "key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii"),
        }
        Path(scratch, "job.json").write_text(json.dumps(job), encoding="utf-8")
        Path(scratch, "peer.js").write_text(_PEER, encoding="utf-8")
        with subprocess.Popen(
            ["node", "peer.js"], cwd=scratch, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as peer:
            if peer.stdin is None or peer.stdout is None:
                raise AssertionError("both were asked for")
            into, out = peer.stdin, peer.stdout

            def turn(kind: str) -> float:
                into.write(f"{kind}\n")
                into.flush()
                return float(out.readline()) / FEW

            for _ in range(30):  # until its compiler has seen enough
                turn("plain")
                turn("signed")
            yield lambda: turn("plain"), lambda: turn("signed")
            into.close()


def _filled(twin: str, marks: Mapping[str, str], form: str) -> str:
    """A twin with the names of its values in a peer's own form."""
    for field, mark in marks.items():
        twin = twin.replace(mark, form % field.partition(":")[0])
    return twin


_PEER = """
const job = require("./job.json");
const nodemailer = require("nodemailer");
const plain = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: "windows" });
const dkim = { domainName: "example.org", keySelector: "press", privateKey: job.key };
const signed = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: "windows", dkim });
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
async function work(transport) {
  for (let reader = 0; reader < job.count; reader++) {
    const url = "https://mail.example.org/u/" + reader;
    const values = { name: job.name, unsubscribe_url: url, preferences_url: url };
    const filled = (text, by) => text.replace(/%(name|unsubscribe_url|preferences_url)%/g, (_, key) => by(values[key]));
    await transport.sendMail({
      from: "letters@example.org", to: { name: job.name, address: "reader-" + reader + "@example.org" },
      subject: job.subject, headers: { "List-Unsubscribe": "<" + url + ">" },
      text: filled(job.text, String), html: filled(job.html, escaped),
    });
  }
}
require("readline").createInterface({ input: process.stdin }).on("line", async (kind) => {
  const begun = process.cpuUsage();
  await work(kind === "signed" ? signed : plain);
  const { user, system } = process.cpuUsage(begun);
  console.log((user + system) / 1e6);
});
"""


def editions() -> Iterator[Figure]:
    """One edition from its file to its compiled message, beside premailer's own part in it."""
    opened, data = publication(), source()
    css = theme_css(opened.folder, opened.settings.email.theme)
    page = email_source(
        article_of(opened, data),
        settings=opened.settings,
        templates=opened.templates,
        css=css,
        marks=sentinels("bench"),
    )
    ours, peer = in_turns(
        lambda: rendered(opened, article_of(opened, data)), lambda: inline_css(page.html, page.css), rounds=9
    )
    yield Figure(
        name="an edition, from file to compiled message",
        ours=ours,
        peer_name="premailer alone",
        peer=peer,
        wanted="wanted: at most 2.5 times",
    )
