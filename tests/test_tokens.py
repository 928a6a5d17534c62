"""Tokens: only what this press signed is worth anything, and only for what it was signed for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkpub.core.addresses import address_key, is_reserved, parse_address, parse_mailbox, plain_line
from sparkpub.core.tokens import Purpose, Tokens

TOKENS = Tokens("a key of the press")
numbers = st.integers(min_value=0, max_value=2**62)


@given(number=numbers, purpose=st.sampled_from(Purpose))
def test_a_token_names_its_reader_and_is_always_the_same(number: int, purpose: Purpose) -> None:
    token = TOKENS.sign(purpose, number)
    assert token == Tokens("a key of the press").sign(purpose, number)
    assert TOKENS.read(purpose, token) == number
    assert all(c.isalnum() or c in "-_." for c in token)


@given(number=numbers)
def test_a_token_of_one_purpose_is_worth_nothing_for_another(number: int) -> None:
    token = TOKENS.sign(Purpose.LEAVE, number)
    assert TOKENS.read(Purpose.CONFIRM, token) is None
    assert Tokens("another key").read(Purpose.LEAVE, token) is None


@given(token=st.text())
def test_nonsense_is_no_token(token: str) -> None:
    assert TOKENS.read(Purpose.LEAVE, token) is None


@given(release=numbers, reader=numbers)
def test_a_return_address_tells_which_delivery_bounced(release: int, reader: int) -> None:
    address = TOKENS.return_address("bounces@example.org", release, reader)
    assert TOKENS.read_return_address(address.upper()) == (release, reader)
    assert Tokens("another key").read_return_address(address) is None


@given(text=st.text())
def test_nonsense_is_no_return_address(text: str) -> None:
    assert TOKENS.read_return_address(text) is None


def test_a_message_id_differs_by_release_reader_and_key() -> None:
    ids = {
        tokens.message_id(release, reader, "example.org")
        for tokens in (TOKENS, Tokens("another key"))
        for release in ("a/1", "a/2")
        for reader in (1, 2)
    }
    assert len(ids) == 8
    assert all(id_.startswith("<") and id_.endswith("@example.org>") for id_ in ids)


NO_ADDRESSES = """
ada|@example.org|ada@|a da@example.org|ada@exa mple.org|<ada@example.org>|ada@-example.org|é@example
.ada@example.org|ada@[127.0.0.1]|"a b"@example.org
"""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada@example.org\r\nRCPT TO:<x@y.zz>",
        "a" * 65 + "@example.org",
        "ada@" + "x" * 300 + ".org",
        *NO_ADDRESSES.strip().replace("\n", "|").split("|"),
    ],
)
def test_what_is_no_address_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match="it "):
        parse_address(text)


def test_an_address_keeps_its_spelling_but_is_one_reader_in_any() -> None:
    assert parse_address(" Ada.Lovelace+news@Example.ORG ") == "Ada.Lovelace+news@example.org"
    assert address_key("Ada@example.org") == address_key("ada@example.org")


def test_a_domain_in_another_script_becomes_its_ascii_form() -> None:
    assert parse_address("post@bücher.example") == "post@xn--bcher-kva.example"


def test_domains_for_examples_are_known() -> None:
    assert is_reserved("a@example.com")
    assert is_reserved("a@mail.example.org")
    assert is_reserved("a@sub.test")
    assert is_reserved("a@localhost")
    assert not is_reserved("a@notexample.org")


def test_a_mailbox_is_taken_apart() -> None:
    assert parse_mailbox("The Press <editor@example.org>") == ("The Press", "editor@example.org")
    assert parse_mailbox("editor@example.org") == ("", "editor@example.org")


@given(text=st.text())
def test_a_plain_line_holds_nothing_that_breaks_a_header(text: str) -> None:
    line = plain_line(text)
    assert len(line.splitlines()) <= 1
    assert not any(ord(c) < 32 for c in line)
    assert plain_line(line) == line
