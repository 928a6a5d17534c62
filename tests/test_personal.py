"""Personal fields: the same in Markdown and templates, seen by their reader alone, harmless whatever they hold."""

import html
import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast
from urllib.parse import unquote

import dkim
import jinja2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from press_room import READERS, instant, new_room
from sample_email import ARTICLE, BASE_URL, MEDIA, SETTINGS, render_sample, sample_article
from sparkpub.adapters.dkim_key import read_signers
from sparkpub.adapters.ledger import ReaderRow
from sparkpub.adapters.templates import environment, template_fault
from sparkpub.core.addresses import plain_line
from sparkpub.core.mail import Compiled, ReaderValues, compile_message, load_compiled
from sparkpub.core.markup import links, page_html, read_markdown
from sparkpub.core.markup.text import plain_text
from sparkpub.core.model import Edition
from sparkpub.core.personal import field_name, fields_in
from sparkpub.core.settings import EmailSettings
from sparkpub.errors import InputError
from sparkpub.rendering import check_issue
from test_mail import HEAD, NASTY, READER, assert_is_clean

NAME = '{{ reader.name | default("reader") }}'
CITY = "{{ reader.city | default('your town') }}"
BODY = f"""\
Dear {NAME}, how is *{CITY}*? See [the map](https://maps.example.org/?q={CITY}&n=1),
or [leave]({{{{ reader.unsubscribe }}}}). <span>{NAME}</span>

::: note For {NAME}
| Who | Where |
|---|---|
| {NAME} | {CITY} |
:::

> <{{{{ reader.preferences }}}}>

    {NAME} in code
"""

names = st.one_of(st.sampled_from(NASTY), st.text(max_size=300))


def article(body: str = BODY, **front: str) -> Edition:
    return render_sample(sample_article(body=body, **front))


EDITION = article()
COMPILED = compile_message(EDITION, head=HEAD)


def twins(compiled: Compiled, reader: ReaderValues) -> tuple[str, str]:
    """The HTML and the text that a reader gets."""
    message = compiled.splice(reader)
    assert_is_clean(message)
    read: EmailMessage = message_from_bytes(message, policy=policy.default)
    found = [cast("str", part.get_content()) for part in read.iter_parts() if isinstance(part, EmailMessage)]
    return found[1].replace("\r\n", "\n"), found[0].replace("\r\n", "\n")


def unwrapped(text: str) -> str:
    return " ".join(text.split())


def ada(**attributes: str) -> ReaderValues:
    return replace(READER, name="Ada <Lovelace>", attributes=attributes)


def test_a_reader_is_called_by_name_in_both_twins() -> None:
    page, text = twins(COMPILED, ada(city="Zürich & Co"))
    assert "Dear Ada &lt;Lovelace&gt;, how is <em" in page
    assert "<span>Ada &lt;Lovelace&gt;</span>" in page
    assert "Zürich &amp; Co</em>?" in page
    assert 'href="https://maps.example.org/?q=Z%C3%BCrich%20%26%20Co&amp;n=1"' in page
    assert f'href="{READER.unsubscribe_url}"' in page
    assert "Dear Ada <Lovelace>, how is _Zürich & Co_?" in unwrapped(text)
    assert "https://maps.example.org/?q=Z%C3%BCrich%20%26%20Co&n=1" in text
    assert READER.preferences_url in text


def test_a_reader_without_the_value_gets_the_default() -> None:
    page, text = twins(COMPILED, replace(READER, name=" \r\n"))
    assert "Dear reader, how is" in page
    assert "your town</em>?" in page
    assert "q=your%20town&amp;n=1" in page
    assert "Dear reader, how is _your town_?" in unwrapped(text)


def test_a_field_in_code_is_an_example() -> None:
    page, text = twins(COMPILED, ada())
    assert html.escape(f"{NAME} in code", quote=False) in page
    assert f"    {NAME} in code" in text


def test_nothing_of_a_sentinel_is_left() -> None:
    page, text = twins(COMPILED, ada())
    assert not re.search(r"sp[0-9a-f]{30}|spf[0-9a-f]{16}", page + text, re.IGNORECASE)


@given(name=names, city=names)
def test_whatever_a_value_holds_is_read_back_as_text(name: str, city: str) -> None:
    meant, place = plain_line(name) or "reader", plain_line(city) or "your town"
    page, text = twins(COMPILED, replace(READER, name=name, attributes={"city": city}))
    assert f"Dear {html.escape(meant)}, how is" in page
    assert f"<span>{html.escape(meant)}</span>" in page
    assert f"Dear {meant}, how is _{place}_?" in unwrapped(text)
    (query,) = re.findall(r'href="https://maps\.example\.org/\?q=([^"&]*)&amp;n=1"', page)
    assert unquote(query) == place
    assert re.fullmatch(r"[A-Za-z0-9%._~-]*", query)


def test_values_of_the_same_kind_are_kept_apart() -> None:
    both = '{{ reader.name | default("a") }} {{ reader.name | default("b:c") }}'
    _, text = twins(compile_message(article(both), head=HEAD), replace(READER, name=""))
    assert "\na b:c\n" in text


def test_a_compiled_message_is_kept_with_its_defaults() -> None:
    kept = load_compiled(COMPILED.dump())
    assert kept == COMPILED
    assert kept.splice(ada()) == COMPILED.splice(ada())


def test_footer_and_preheader_may_be_personal() -> None:
    edition = article("Text.", footer=f"Written for {NAME}.", preheader=f"{NAME}, look inside")
    page, text = twins(compile_message(edition, head=HEAD), ada())
    assert "Written for Ada &lt;Lovelace&gt;." in page
    assert ">Ada &lt;Lovelace&gt;, look inside" in page
    assert "Written for Ada <Lovelace>." in text


def test_an_inbox_line_taken_from_the_body_shows_the_defaults() -> None:
    edition = article(NAME + "よ" * 300, summary="", preheader="")
    page, _ = twins(compile_message(edition, head=HEAD), ada())
    assert '<div class="preheader"' in page
    assert re.search(r'class="preheader"[^>]*>readerよよ', page)


def test_pages_and_feeds_show_the_default_and_no_link_of_the_readers() -> None:
    markup = read_markdown(BODY, language="en")
    page = page_html(markup, media=MEDIA.__getitem__, base_url=BASE_URL)
    assert "Dear reader, how is <em>your town</em>?" in page
    assert "or leave." in page
    assert "https://maps.example.org/?q=your%20town&amp;n=1" in page
    assert html.escape(f"{NAME} in code", quote=False) in page
    assert "Dear reader" in plain_text(markup, base_url=BASE_URL)
    assert "spf" not in page
    assert [link.href for link in links(markup)][1] == "reader:unsubscribe"


def test_page_and_feed_show_a_footers_default(tmp_path: Path) -> None:
    room = new_room(tmp_path / "press")
    room.write("piece", footer=f"'Written for {NAME}.'")
    room.release("piece", 100, at="2017-09-04 08:00")
    out = room.build()
    for path in ("issues/piece/100/index.html", "atom.xml", "feed.xml"):
        assert "Written for reader." in (out / path).read_text(encoding="utf-8"), path


def test_a_default_is_words_and_never_markup() -> None:
    body = """{{ reader.name | default("*a* <b>") }}"""
    page = page_html(read_markdown(body, language="en"), media=MEDIA.__getitem__, base_url=BASE_URL)
    assert page == "<p>*a* &lt;b&gt;</p>\n"
    mailed, text = twins(compile_message(article(body), head=HEAD), replace(READER, name=""))
    assert ">*a* &lt;b&gt;<" in mailed
    assert "*a* <b>" in text


def test_every_field_is_found_with_its_line() -> None:
    found = fields_in(f"One\n{NAME} and {CITY}\n\n{{{{ reader.unsubscribe }}}} {{{{ other }}}}")
    assert [(use.name, use.default, use.line) for use in found] == [
        ("name", "reader", 2),
        ("city", "your town", 2),
        ("unsubscribe", None, 4),
    ]
    assert not any(use.message for use in found)


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        (
            "{{ reader.name }}",
            r'some readers have no name; say what they see: \{\{ reader\.name \| default\("reader"\)',
        ),
        ("{{ reader.city }}", r"some readers have no city; say what they see"),
        ('{{ reader.nmae | default("x") }}', r"readers have no field 'nmae'; did you mean 'name'\?"),
        ("{{ reader.unsubscribe_url }}", r"did you mean 'unsubscribe'\?"),
        ('{{ reader.unsubscribe | default("x") }}', r"every reader has this link; leave the default out"),
        ('{{ reader.name or "x" }}', r"no personal field is written like this; write \{\{ reader\.name \| default"),
        ("{{ reader.name | default(“x”) }}", r"no personal field is written like this.*straight quotes"),
        ('{{ reader.name | default("x") | upper }}', "no personal field is written like this"),
        ("{{ reader }}", "no personal field is written like this"),
        ('{{ reader.name | default("x")', "its }} on the same line"),
        ('{{ reader.name |\ndefault("x") }}', "its }} on the same line"),
        (f'{{{{ reader.name | default("{"x" * 201}") }}}}', "a default of 201 characters; keep it to 200"),
        (f"[x]({NAME})", "the address of a link begins with a reader's value"),
        ("[x](https://x.example/?{{ reader.unsubscribe }})", "a reader's own link is the whole address or none of it"),
        ('<a href="https://x.example/{{ reader.preferences }}">x</a>', "a reader's own link is the whole address"),
    ],
)
def test_a_field_that_is_none_is_a_fault_with_its_line_and_cure(typed: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault) as caught:
        article(f"Good.\n\nHello {typed}!")
    (one,) = caught.value.faults
    assert (one.path, one.line) == (ARTICLE.issue.path, ARTICLE.issue.body_line + 2)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        article("{{ reader.x }}\n{{ reader.y }}", footer="{{ reader.z }}", title="For {{ reader.name }}")
    assert len(caught.value.faults) == 4
    assert "title, which page and feeds show as well; keep it to the body" in str(caught.value)


def test_in_the_attributes_of_raw_html_values_stand_in_addresses_only() -> None:
    body = f'<a href="https://x.example/?n={NAME}" title="{NAME}">{NAME}</a>, ![for {NAME}](lead.png)'
    page, _ = twins(compile_message(article(body), head=HEAD), ada())
    assert 'href="https://x.example/?n=Ada%20%3CLovelace%3E"' in page
    assert 'title="reader"' in page
    assert 'alt="for reader"' in page


def themed(tmp_path: Path, template: str, text: str = "{{ unsubscribe_url }}") -> Edition:
    """An edition by a theme of one line."""
    theme = tmp_path / "templates" / "own"
    theme.mkdir(parents=True)
    (theme / "email.html.j2").write_text(f"<a href='{{{{ reader.unsubscribe }}}}'>x</a>\n{template}")
    (theme / "email.txt.j2").write_text(text)
    return render_sample(settings=replace(SETTINGS, email=EmailSettings(theme="own")), folder=tmp_path)


def test_templates_write_fields_as_issues_do(tmp_path: Path) -> None:
    template = f'<p>{NAME}</p><a href="https://x.example/?c={CITY}">{{{{ reader.preferences }}}}</a>'
    edition = themed(tmp_path, template, f"{NAME} {{{{ unsubscribe_url }}}}")
    page, text = twins(compile_message(edition, head=HEAD), ada(city="a&b"))
    assert ">Ada &lt;Lovelace&gt;</p>" in page
    assert 'href="https://x.example/?c=a%26b"' in page
    assert READER.preferences_url in page
    assert text.startswith("Ada <Lovelace> https://")


def test_a_filter_in_a_template_leaves_a_readers_value_as_it_is(tmp_path: Path) -> None:
    edition = themed(tmp_path, '<p>{{ reader.name | default("x") | upper }}</p>')
    page, _ = twins(compile_message(edition, head=HEAD), ada())
    assert ">Ada &lt;Lovelace&gt;</p>" in page


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{{ reader.name }}", r"reader\.name is known only when a message is sent.*default"),
        ("{% if reader.name %}x{% endif %}", r"reader\.name is known only when a message is sent"),
        ('{% if reader.name == "Ada" %}x{% endif %}', r"reader\.name is known only when a message is sent"),
        ('{{ "Dear " ~ reader.name }}', r"reader\.name is known only when a message is sent"),
        ('{{ reader.nmae | default("x") }}', r"did you mean 'name'"),
        ("{{ reader.name | default(3) }}", "a line of text in quotes"),
        ("{{ reader.Name }}", "Name"),
    ],
)
def test_a_template_that_asks_for_more_is_a_fault_with_its_line(tmp_path: Path, template: str, fault: str) -> None:
    with pytest.raises(jinja2.TemplateError) as caught:
        themed(tmp_path, template)
    told = str(template_fault(caught.value, tmp_path))
    assert told.startswith("templates/own/email.html.j2:2: ")
    assert re.search(fault, told)


def test_a_value_cut_by_a_filter_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cuts a reader's value into pieces"):
        themed(tmp_path, '<p>{{ (reader.name | default("x"))[:20] }}</p>')


def test_the_default_filter_still_does_what_jinja_says() -> None:
    written = environment(Path()).from_string("{{ nothing | default('a') }}{{ '' | d('b', true) }}{{ '' | d('c') }}")
    assert written.render() == "ab"


@pytest.mark.parametrize(
    ("column", "name"), [("first name", "first_name"), ("city", "city"), ("T-shirt size", "t_shirt_size")]
)
def test_a_column_has_a_name_that_can_be_written(column: str, name: str) -> None:
    assert field_name(column) == name


def test_a_press_signs_personal_messages(tmp_path: Path) -> None:
    folder = tmp_path / "press"
    room = new_room(folder)
    room.write("piece", body=f"Dear {NAME} of {CITY}.")
    signing = '\n[dkim]\ndomain = "press.example.org"\nselector = "s1"\nkey_file = "dkim.pem"\n'
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "dkim.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "dkim.pem").chmod(0o600)
    room.set(signing)
    room.press.ledger.import_subscribers(
        [ReaderRow(address="mary@example.org", attributes={"city": "Zürich"})], instant("2017-01-02")
    )
    room.release("piece", 100, at="2017-09-04 08:00")
    assert room.send("2017-09-04 08:00") == len(READERS) + 1
    (signer,) = read_signers(folder, room.press.publication.settings.dkim or pytest.fail("it was set"))
    record = signer.record().encode()
    bodies = []
    for path in (room.press.outbox / "new").iterdir():
        message = path.read_bytes().replace(b"\n", b"\r\n")
        assert dkim.verify(message, dnsfunc=lambda _name, timeout=5: record if timeout else b"")
        part = message_from_bytes(message, policy=policy.default).get_body(("plain",))
        bodies.append(part.get_content() if part else "")
    assert sum("Dear reader of Zürich." in body for body in bodies) == 1
    assert sum("Dear Ada of your town." in body for body in bodies) == 1


def test_a_key_that_others_can_read_stops_sending(tmp_path: Path) -> None:
    room = new_room(tmp_path / "press")
    room.write("piece")
    (room.folder / "dkim.pem").write_text("x")
    (room.folder / "dkim.pem").chmod(0o644)
    room.set('\n[dkim]\ndomain = "press.example.org"\nselector = "s1"\nkey_file = "dkim.pem"\n')
    room.release("piece", 100, at="2017-09-04 08:00")
    with pytest.raises(InputError, match=r"chmod 600 dkim\.pem"):
        room.send("2017-09-04 08:00")


def test_check_names_every_field_that_is_none(tmp_path: Path) -> None:
    room = new_room(tmp_path / "press")
    room.write("piece", body="Sound text.\n\nDear {{ reader.name }} of {{ reader.city }}.")
    issue = room.shelf().issues["piece"]
    found = check_issue(room.press.publication, issue, now=instant("2017-01-01"))
    told = [str(fault) for fault in found if "some readers have no" in fault.message]
    assert len(told) == 2
    assert all(line.startswith(f"issues/piece.md:{issue.body_line + 2}: ") for line in told)
