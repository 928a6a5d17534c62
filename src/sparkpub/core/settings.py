"""What `sparkpub.toml` may say, as plain values: one class a table, one field a key.

The classes import nothing heavy; `adapters.config` validates a file against them with pydantic, which also
makes the JSON Schema. A trailing underscore (`from_`) stands for a key that Python reserves. The docstring under
a field is its line in the reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time as TimeOfDay  # noqa: N812 - a field is called time
from typing import Any, ClassVar, Literal

_STRICT: dict[str, Any] = {
    "extra": "forbid",
    "alias_generator": lambda name: name.rstrip("_"),
    "use_attribute_docstrings": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Motto:
    """A saying under the masthead, with whose it is."""

    __pydantic_config__: ClassVar = _STRICT
    text: str
    attribution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationSettings:
    """The newsletter: one `sparkpub.toml`."""

    __pydantic_config__: ClassVar = _STRICT
    title: str
    """The newsletter's name, on the masthead and in every feed."""
    base_url: str
    """Where the built site will stand, with scheme, without a trailing slash."""
    from_: str
    """The sender: `Name <address>`."""
    postal_address: str
    """The address on paper that laws on commercial mail ask for; shown in every footer."""
    tagline: str = ""
    """One line under the title."""
    motto: Motto | None = None
    """A saying under the masthead, with its attribution."""
    language: str = "en"
    """BCP 47 tag of the language most issues are written in."""
    direction: Literal["", "ltr", "rtl"] = ""
    """Writing direction; by default the language's own."""
    timezone: str = "UTC"
    """IANA zone that dates and times without a zone are read in."""
    reply_to: str = ""
    """Where answers go, if not to the sender."""
    list_id: str = ""
    """List-Id (RFC 2919); by default made from the host of base_url."""
    audience: str = "all"
    """Who gets an issue that does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """When and how issues are released."""

    __pydantic_config__: ClassVar = _STRICT
    time: TimeOfDay = TimeOfDay(7)
    """Time of day, in the publication's zone, where an issue gives none."""
    match: Literal["nominal", "converted", "calendar"] = "nominal"
    """Which day of a later year matches an event dated in another calendar."""
    leap_day: Literal["backward", "forward", "omit"] = "backward"
    """What becomes of a day that a year lacks."""
    grace: str = "24h"
    """How late a release may still go out by itself."""
    max_gap: str = "7d"
    """After so long without a tick the press waits for `resume`."""
    min_spacing: str = "1h"
    """The least time between two releases."""
    approval: Literal["loose", "strict"] = "loose"
    """strict: an edit after `queue` holds the issue."""
    queue: Literal["command", "ready"] = "command"
    """ready: the first tick that sees a ready issue queues it."""
    digest_time: TimeOfDay = TimeOfDay(18)
    """When digests go out, in the publication's zone."""
    digest_day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "sunday"
    """The day on which weekly digests go out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSettings:
    """A named, ordered set of issues with a feed and a page; any anniversary key is a default for its issues."""

    __pydantic_config__: ClassVar = _STRICT
    title: str
    """The name of the series, on its page and above its issues."""
    intro: str = ""
    """What it is about, at the top of its page."""
    order: int = 0
    """Its place among the series; also decides between two issues due at one instant."""
    of: str = ""
    """The date of the event, where all its issues share one."""
    calendar: str = ""
    """The calendar that its issues' dates are printed in."""
    match: str = ""
    """nominal, converted or calendar."""
    years: tuple[int, ...] | None = None
    """Which anniversaries, by number."""
    every: int | None = None
    """Every K-th anniversary."""
    milestones: str = ""
    """wikipedia: round anniversaries."""
    leap_day: str = ""
    """backward, forward or omit."""
    observance: str = ""
    """yahrzeit or birthday, for Hebrew dates."""
    day: str | int = ""
    """The day that stands for a month: first, last or 1 to 31."""
    time: str = ""
    """The time of day."""
    zone: str = ""
    """The IANA zone of that time."""
    from_: str = ""
    """The first date on which an issue may fall."""
    until: str = ""
    """The last date on which an issue may fall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceSettings:
    """A segment: every condition given must hold."""

    __pydantic_config__: ClassVar = _STRICT
    status: Literal["active"] = "active"
    """Only active readers are mailed."""
    tags: tuple[str, ...] = ()
    """Readers with any of these tags."""
    without_tags: tuple[str, ...] = ()
    """Readers with none of these tags."""
    series: tuple[str, ...] = ()
    """Readers who follow any of these series (tag `series:ID`)."""
    language: tuple[str, ...] = ()
    """Readers of one of these languages; `en` is `en-GB` as well."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Readers whose attributes have these values."""
    received: str = ""
    """Readers to whom this release was sent: `ISSUE/N`."""
    added_from: str = ""
    """Readers who came on this date (UTC) or later."""
    added_until: str = ""
    """Readers who came on this date (UTC) or earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """The archive and the feeds."""

    __pydantic_config__: ClassVar = _STRICT
    out: str = "public"
    """The folder that the site is built into."""
    per_feed: int = 25
    """Entries in a feed."""
    announce: bool = False
    """Whether a WebSub hub is told of changed feeds after a release."""
    hub: str = "https://pubsubhubbub.appspot.com/"
    """The hub that is told; feeds name it while `announce` is on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSettings:
    """How the email looks; every colour is six hex digits."""

    __pydantic_config__: ClassVar = _STRICT
    theme: str = ""
    """Folder of the email theme under `templates/`; by default `email`."""
    paper: str = "#ffffff"
    """Colour behind the text."""
    desk: str = "#f2efe8"
    """Colour around the paper."""
    ink: str = "#1f1d1a"
    """Colour of the text."""
    muted: str = "#5f5a52"
    """Colour of captions and small print."""
    accent: str = "#8c1c13"
    """Colour of links, kickers and rules."""
    font_text: str = "Georgia, 'Times New Roman', serif"
    """Fonts of the text."""
    font_display: str = "Georgia, 'Times New Roman', serif"
    """Fonts of the headlines."""
    tracking: Literal["none"] = "none"
    """sparkpub does not watch readers; the key is there to say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """How messages leave."""

    __pydantic_config__: ClassVar = _STRICT
    transport: Literal["maildir", "smtp"] = "maildir"
    """maildir rehearses into `var/outbox`; smtp mails."""
    sandbox: str = ""
    """Send every message to this address instead."""
    uncertain: Literal["ask", "resend"] = "ask"
    """What to do with a delivery whose end cannot be known."""
    connections: int = 4
    """SMTP connections at a time."""
    rate_per_second: float | None = None
    """Messages a second, over all connections; by default as fast as the relay takes them."""
    rate_per_day: int | None = None
    """Messages in 24 hours."""
    per_domain: Mapping[str, float] = field(default_factory=dict)
    """Messages a second to one domain of readers: {"example.org" = 2}."""
    retry_seconds: tuple[int, ...] = (300, 900, 3600, 14400)
    """Waits before each further attempt; the last repeats."""
    give_up: str = "72h"
    """From a delivery's first attempt until it fails for good."""
    warm_up: tuple[int, ...] = ()
    """Messages a day while a new route is young."""
    canary: str = ""
    """Who goes first: a number of readers (`50`) or a share of them (`1%`); the others wait for how they fare."""
    canary_wait: str = "30m"
    """How long the others wait."""
    canary_failed: float = 0.05
    """The share of the first that may fail; beyond it the release stops until a person resumes it."""
    bounces_stop: float = 0.10
    """The share of a release's messages that may be refused or come back; beyond it the release stops itself."""
    complaints_stop: float = 0.003
    """The share of a release's readers who may call it spam; beyond it the release stops itself."""
    stop_least: int = 200
    """How many messages must be out before these two shares count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """One relay; several are tried in order."""

    __pydantic_config__: ClassVar = _STRICT
    host: str
    """The relay's host."""
    port: int = 587
    """Its port: 587 for starttls, 465 for tls."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """starttls upgrades a plain connection and mails nothing without it; tls begins with it."""
    username: str = ""
    """Who logs in; the password is SPARKPUB_SMTP_<NAME>_PASSWORD."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimSettings:
    """Sign messages here; leave the table out where the relay signs."""

    __pydantic_config__: ClassVar = _STRICT
    domain: str
    """The domain that signs."""
    selector: str
    """The selector whose TXT record holds the public key."""
    key_file: str
    """The private key, RSA of 2048 bits or more, PEM, relative to the publication."""
    ed25519_selector: str = ""
    """The selector of a second key, for a signature beside the first (RFC 8463); another than `selector`."""
    ed25519_key_file: str = ""
    """Its private key, Ed25519, PEM, relative to the publication."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """The small web face: leaving, confirming, preferences."""

    __pydantic_config__: ClassVar = _STRICT
    url: str = ""
    """Where readers reach it, with scheme, without a trailing slash."""
    listen: str = "127.0.0.1:8025"
    """Where it listens, host:port."""
    proxy: str = ""
    """Address of the server in front whose X-Forwarded-For is believed; one on this machine needs no naming."""
    asks_per_hour: int = 1000
    """How many may ask to subscribe within an hour, from everywhere together."""
    welcome: bool = True
    """Whether a reader who has confirmed is sent a welcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxSettings:
    """Where bounces and unsubscribe mail arrive."""

    __pydantic_config__: ClassVar = _STRICT
    address: str = ""
    """Where bounces arrive."""
    unsubscribe_address: str = ""
    """Where mail that asks to leave arrives."""
    imap: str = ""
    """An IMAP mailbox to fetch both from: imaps://user@host/folder."""
    maildir: str = ""
    """A Maildir to read both from."""

    @property
    def has_mailbox(self) -> bool:
        """Whether there is a mailbox to fetch from."""
        return bool(self.imap or self.maildir)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """Who is told when something waits for a person."""

    __pydantic_config__: ClassVar = _STRICT
    to: str = ""
    """The address that is told."""
    proof: str = "1d"
    """How long before an issue goes out its proof is sent there."""
    check_links: bool = False
    """Whether `check --due` asks the web for each linked page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """Where the ledger and its mirror are."""

    __pydantic_config__: ClassVar = _STRICT
    url: str = "sqlite:///var/ledger.db"
    """sqlite:///PATH or postgresql://…; SPARKPUB_LEDGER_URL overrides it."""
    mirror: str = "var/ledger.jsonl"
    """A second record of what must never be forgotten, one line an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole of `sparkpub.toml`."""

    __pydantic_config__: ClassVar = _STRICT
    publication: PublicationSettings
    schedule: ScheduleSettings = ScheduleSettings()
    series: Mapping[str, SeriesSettings] = field(default_factory=dict)
    audience: Mapping[str, AudienceSettings] = field(default_factory=dict)
    site: SiteSettings = SiteSettings()
    email: EmailSettings = EmailSettings()
    delivery: DeliverySettings = DeliverySettings()
    smtp: Mapping[str, SmtpSettings] = field(default_factory=dict)
    dkim: DkimSettings | None = None
    web: WebSettings = WebSettings()
    inbox: InboxSettings = InboxSettings()
    alerts: AlertSettings = AlertSettings()
    ledger: LedgerSettings = LedgerSettings()
