"""DNS records: what to paste so that the world believes the mail."""

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sample_press import SETTINGS
from sparkpub.core.dkim import Signer
from sparkpub.core.dns_records import dns_records
from sparkpub.core.settings import DkimSettings, InboxSettings, SmtpSettings, WebSettings

RELAYS = {
    "main": SmtpSettings(host="relay.example.net"),
    "spare": SmtpSettings(host="127.0.0.1", port=25, security="none"),
}
FULL = replace(
    SETTINGS,
    smtp=RELAYS,
    web=WebSettings(url="https://mail.press.example.org"),
    inbox=InboxSettings(address="bounces@bounces.example.org", imap="imaps://press@imap.example.net/INBOX"),
    dkim=DkimSettings(domain="press.example.org", selector="s2026", key_file="dkim.pem"),
)


def test_a_press_that_only_mails_needs_spf_and_dmarc() -> None:
    spf, dmarc = dns_records(SETTINGS)
    assert spf.line == 'press.example.org. 3600 IN TXT "v=spf1 a:press.example.org ~all"'
    assert dmarc.line == (
        '_dmarc.press.example.org. 3600 IN TXT "v=DMARC1; p=none; rua=mailto:editor@press.example.org"'
    )


def test_a_whole_press_needs_four_records_at_the_right_names() -> None:
    records = dns_records(FULL, dkim={"s2026": "v=DKIM1; k=rsa; p=abc"})
    assert [(r.name, r.type) for r in records] == [
        ("bounces.example.org", "TXT"),
        ("s2026._domainkey.press.example.org", "TXT"),
        ("_dmarc.press.example.org", "TXT"),
        ("bounces.example.org", "MX"),
    ]
    assert records[0].value == "v=spf1 a:relay.example.net a:mail.press.example.org ~all"
    assert records[3].line == "bounces.example.org. 3600 IN MX 10 imap.example.net."
    assert "bounces+anything@bounces.example.org" in records[3].why


def test_where_the_relay_signs_no_key_is_shown() -> None:
    assert all("_domainkey" not in record.name for record in dns_records(FULL))


def test_each_key_has_a_record_at_its_selector() -> None:
    key = Ed25519PrivateKey.generate()
    text = Signer(domain="press.example.org", selector="s2026ed", key=key).record()
    records = dns_records(FULL, dkim={"s2026": "v=DKIM1; k=rsa; p=abc", "s2026ed": text})
    first, second = (record for record in records if "_domainkey" in record.name)
    assert first.line == 's2026._domainkey.press.example.org. 3600 IN TXT "v=DKIM1; k=rsa; p=abc"'
    assert second.line == f's2026ed._domainkey.press.example.org. 3600 IN TXT "{text}"'
    assert ("RFC 6376" in first.why, "RFC 8463" in second.why) == (True, True)


def test_a_long_key_is_cut_into_strings_that_a_zone_can_hold() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = Signer(domain="press.example.org", selector="s2026", key=key).record()
    line = dns_records(FULL, dkim={"s2026": text})[1].line
    strings = line.partition(" TXT ")[2].strip('"').split('" "')
    assert len(strings) == 2
    assert all(len(string) <= 255 for string in strings)
    assert "".join(strings) == text
