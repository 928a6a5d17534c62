"""The DNS records that `doctor --dns` prints, and what it says of those that stand in the DNS."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dns.message
import dns.rcode
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cli_runner import sparkpub
from press_room import PressRoom
from sparkpub.adapters.zone_records import text_records
from sparkpub.core.dkim import Signer
from sparkpub.examining import examine_dns

SPF = "v=spf1 include:relay.example ~all"


@contextmanager
def name_server(zone: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """A DNS server on loopback that knows these TXT records; yields its address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.2)
        is_over = threading.Event()

        def answer() -> None:
            while not is_over.is_set():
                try:
                    data, asker = listening.recvfrom(4096)
                except TimeoutError:
                    continue
                question = dns.message.from_wire(data)
                reply = dns.message.make_response(question)
                name = question.question[0].name.to_text(omit_final_dot=True)
                if name in zone:
                    text = " ".join(f'"{zone[name][at : at + 255]}"' for at in range(0, len(zone[name]), 255))
                    reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", text))
                else:
                    reply.set_rcode(dns.rcode.NXDOMAIN)
                listening.sendto(reply.to_wire(), asker)

        worker = threading.Thread(target=answer)
        worker.start()
        try:
            yield listening.getsockname()
        finally:
            is_over.set()
            worker.join()


def test_records_that_stand_are_told_from_those_that_lack(room: PressRoom) -> None:
    with name_server({"press.example.org": SPF}) as server:
        found = {f.record.name: f.stands for f in examine_dns(room.press.publication, servers=[server])}
    assert found == {"press.example.org": True, "_dmarc.press.example.org": False}


def test_each_key_that_signs_is_compared_with_its_own_record(room: PressRoom) -> None:
    pairs: dict[str, tuple[str, rsa.RSAPrivateKey | Ed25519PrivateKey]] = {
        "s1": ("dkim.pem", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        "s2": ("ed25519.pem", Ed25519PrivateKey.generate()),
    }
    for name, key in pairs.values():
        path = room.folder / name
        path.touch(0o600)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    room.set(
        '[dkim]\ndomain = "press.example.org"\nselector = "s1"\nkey_file = "dkim.pem"\n'
        'ed25519_selector = "s2"\ned25519_key_file = "ed25519.pem"\n'
    )
    texts = {
        selector: Signer(domain="press.example.org", selector=selector, key=key).record()
        for selector, (_, key) in pairs.items()
    }
    wrong = Signer(domain="press.example.org", selector="s2", key=Ed25519PrivateKey.generate()).record()
    first, second = (f"{selector}._domainkey.press.example.org" for selector in texts)
    for given, stands in ((texts["s2"], True), (wrong, False)):
        with name_server({first: texts["s1"].replace("k=rsa; ", "k=rsa;"), second: given}) as server:
            found = {f.record.name: f.stands for f in examine_dns(room.press.publication, servers=[server])}
        assert {name: found[name] for name in (first, second)} == {first: True, second: stands}


def test_a_server_that_does_not_answer_is_no_proof_of_anything() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        address = closed.getsockname()
    assert text_records("press.example.org", servers=[address], seconds=0.3) is None


def test_doctor_prints_lines_to_paste(gazette: Path) -> None:
    ran = sparkpub("doctor", "--dns", cwd=gazette)
    assert "_dmarc.newsletter.example.org. 3600 IN TXT" in ran.out
    assert "SPF (RFC 7208)" in ran.out
