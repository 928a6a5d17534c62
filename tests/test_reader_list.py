"""Lists of readers: what is taken in, what is refused, and that nothing is lost on the way out and in."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkpub.core.addresses import address_key, parse_address
from sparkpub.core.list_lines import LINE_MAX, ListLines
from sparkpub.core.reader_list import Entry, ReaderList, Reject, write_list
from sparkpub.core.records import Subscriber, SubscriberState
from sparkpub.core.wishes import Rhythm, Wishes


def rows(text: str | bytes, *, piece: int = 0) -> list[Entry | Reject]:
    data = text.encode() if isinstance(text, str) else text
    length = piece or len(data) or 1
    return list(ReaderList(data[at : at + length] for at in range(0, len(data), length)))


def entries(text: str | bytes) -> list[Entry]:
    return [row for row in rows(text) if isinstance(row, Entry)]


def reasons(text: str) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in rows(text) if isinstance(row, Reject)]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("a@example.org", "a@example.org"),
        ("  Ada.Lovelace+letters@Example.ORG ", "Ada.Lovelace+letters@example.org"),
        ("reader@archive.test", "reader@archive.test"),
        ("juergen@bücher.example.org", "juergen@xn--bcher-kva.example.org"),
    ],
)
def test_an_address_is_kept_as_mail_is_sent_to_it(text: str, address: str) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nobody",
        "@example.org",
        "a@",
        "a@example",
        "a b@example.org",
        "a@exam ple.org",
        "a@example.org\r\nRCPT TO:<b@example.org>",
        "a..b@example.org",
        "a@-example.org",
        "jürgen@example",
        "<a@example.org>",
        "a@example.org,b@example.org",
        f"{'a' * 65}@example.org",
        f"a@{'b' * 250}.org",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_address(text)


@given(st.text())
def test_any_text_is_an_address_without_control_characters_or_is_refused(text: str) -> None:
    try:
        address = parse_address(text)
    except ValueError:
        return
    assert address.isprintable()
    assert address.count("@") == 1


def test_spelling_by_case_is_one_mailbox() -> None:
    assert address_key("Ada@example.org") == address_key("ada@example.org")


def test_columns_may_stand_in_any_order_and_others_are_attributes() -> None:
    (entry,) = entries("Town,name,EMAIL,tags\nKraków,Ada,ada@example.org,history;science\n")
    assert entry.address == "ada@example.org"
    assert entry.name == "Ada"
    assert entry.tags == ("history", "science")
    assert entry.attributes == (("town", "Kraków"),)
    assert entry.state is None


def test_a_semicolon_separates_too() -> None:
    assert entries("email;name\nada@example.org;Ada\n")[0].name == "Ada"


def test_lines_are_those_of_the_file_even_after_cells_with_line_ends() -> None:
    text = 'email,note\na@example.org,"two\nlines"\n\nnobody,x\n'
    assert [line for line, _ in reasons(text)] == [2, 5]


def test_each_bad_row_is_refused_with_its_line_and_the_rest_goes_in() -> None:
    text = "email,name,status\nnobody,x,\na@example.org,A,active\nb@example.org,B,eager\n,C,\n"
    assert [e.address for e in entries(text)] == ["a@example.org"]
    assert [line for line, _ in reasons(text)] == [2, 4, 5]


def test_a_name_with_a_line_end_never_reaches_a_header() -> None:
    assert reasons('email,name\na@example.org,"A\r\nBcc: b@example.org"\n')[0][0] == 2


def test_a_head_without_email_is_a_fault() -> None:
    with pytest.raises(ValueError, match="no column 'email'"):
        entries("mail,name\na@example.org,A\n")


def test_a_doubled_column_is_a_fault() -> None:
    with pytest.raises(ValueError, match="twice"):
        entries("email,name,Name\na@example.org,A,B\n")


def test_the_byte_order_marks_of_spreadsheets_are_read() -> None:
    text = "email,name\nada@example.org,Zoë\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert entries(text.encode(encoding))[0].name == "Zoë"


def test_another_encoding_is_refused_with_the_line() -> None:
    with pytest.raises(ValueError, match="line 2 is not UTF-8"):
        rows("email,name\na@example.org,Zoë\n".encode("latin-1"))


def test_a_list_says_if_it_knows_who_is_active() -> None:
    assert ReaderList([b"email;Status;name\n"]).has_status
    assert not ReaderList([b"email,name\n"]).has_status


_CELLS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=60).map(str.strip)


@given(
    name=_CELLS,
    language=st.from_regex(r"([a-zA-Z]{2,3}(-[A-Za-z0-9]{1,8}){0,3})?", fullmatch=True),
    town=_CELLS,
    state=st.sampled_from(SubscriberState),
    tags=st.sets(st.text("abc-é=+", min_size=1, max_size=5)),
    wishes=st.builds(
        Wishes,
        without_series=st.lists(st.sampled_from(["", "war", "peace"]), unique=True).map(tuple),
        is_round_only=st.booleans(),
        rhythm=st.sampled_from(Rhythm),
    ),
)
def test_what_is_written_is_read_back(
    name: str, language: str, town: str, state: SubscriberState, tags: set[str], wishes: Wishes
) -> None:
    reader = Subscriber(
        subscriber_id=1,
        address="ada@example.org",
        name=name,
        state=state,
        language=language,
        tags=tuple(sorted(tags)),
        attributes={"town": town} if town else {},
        wishes=wishes,
    )
    (entry,) = entries("".join(write_list([reader], ["town"], with_wishes=True)))
    assert (entry.name, entry.language, entry.state, entry.tags) == (name, language, state, reader.tags)
    assert dict(entry.attributes) == reader.attributes
    assert entry.wishes == reader.wishes


@given(_CELLS)
def test_no_cell_is_a_formula_to_a_spreadsheet(name: str) -> None:
    reader = Subscriber(subscriber_id=1, address="=cmd@example.org", name=name, state=SubscriberState.ACTIVE)
    for line in write_list([reader], []):
        assert not line.startswith(("=", "+", "-", "@"))
        assert not any(f"{mark}{start}" in line for mark in (",", ',"') for start in ("=", "+", "@"))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a@example.org," + "x" * 301 + ",en", "column 'name' is longer than 300 characters"),
        ("a@example.org,A\x07da,en", "column 'name' holds control characters or ends of lines"),
        (
            "a@example.org,A\u202eda,en",
            "column 'name' holds U+202E, which turns the direction of text; take it out",
        ),
        ("a@example.org,Ada,klingon!!", "language 'klingon!!' is no language code; write it like en or pt-BR"),
    ],
)
def test_each_cause_of_a_reject_is_named_alone(row: str, reason: str) -> None:
    assert rows(f"email,name,language\n{row}\n") == [Reject(line=2, reason=reason)]


@pytest.mark.parametrize("language", ["en", "pt-BR", "zh-Hant-TW", "de-CH-1996", ""])
def test_language_codes_are_taken(language: str) -> None:
    (entry,) = rows(f"email,language\na@example.org,{language}\n")
    assert isinstance(entry, Entry)
    assert entry.language == language


@pytest.mark.parametrize("head", ["E-mail", "Mail", "e_mail address"])
def test_another_spelling_of_the_head_is_understood_and_asked_about(head: str) -> None:
    with pytest.raises(ValueError, match="did you mean email"):
        rows(f"{head},name\na@example.org,Ada\n")


LONG_LIST = (
    'email;name;town\r\nada@example.org;Zoë;"two\r\nlines"\r\n\r\nnobody;x;\r\n'
    "o@bücher.example.org;O'Brien;Łódź\rbo@Example.ORG;Bo;'=1+1\r"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])
@given(piece=st.integers(1, 80))
def test_a_list_reads_the_same_in_whatever_pieces_it_comes(encoding: str, piece: int) -> None:
    mark = "\ufeff" if encoding.startswith("utf-16") else ""
    data = (mark + LONG_LIST).encode(encoding)
    assert rows(data, piece=piece) == rows(LONG_LIST)
    assert [row.line for row in rows(data, piece=piece)] == [2, 5, 6, 7]


def rows_or_fault(data: bytes, piece: int) -> list[Entry | Reject] | str:
    try:
        return rows(data, piece=piece)
    except ValueError as fault:
        return str(fault)


@given(st.text(st.sampled_from("a@b.c,;\"'\n\r\tÄ\u202e=\0 "), max_size=80), st.integers(1, 9))
def test_any_text_is_rows_or_a_fault_that_names_a_line(text: str, piece: int) -> None:
    data = b"email,name\n" + text.encode()
    found = rows_or_fault(data, piece)
    if isinstance(found, str):
        assert found.startswith("line ")
    else:
        assert all(row.reason for row in found if isinstance(row, Reject))
        assert [row.line for row in found] == sorted({row.line for row in found})


@given(st.binary(max_size=60), st.integers(1, 9))
def test_any_bytes_are_rows_or_a_fault_that_names_a_line(data: bytes, piece: int) -> None:
    found = rows_or_fault(b"email\n" + data, piece)
    assert not isinstance(found, str) or found.startswith("line ")


@given(cells=st.lists(st.text(max_size=12), min_size=3, max_size=3), address=st.sampled_from(["a@b.org", "A@b.ORG"]))
def test_the_quick_way_takes_nothing_that_the_slow_one_would_not(cells: list[str], address: str) -> None:
    readers = ReaderList([b"email,name,language,tags\n"])
    row = [address, *(cell.strip() for cell in cells)]
    slow = readers._closely(2, list(row))
    assert readers._plain(2, list(row)) in (slow, None)


@pytest.mark.parametrize("way", ["line", "row"])
def test_a_list_without_an_end_of_line_or_row_does_not_fill_the_memory(way: str) -> None:
    piece, taken = {"line": b"a" * 100_000, "row": b'"\n",' * 20_000}[way], 0

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        yield b"email\n"
        while True:
            taken += len(piece)
            yield piece

    with pytest.raises(ValueError, match="line 2 "):
        list(ReaderList(pieces()))
    assert taken <= LINE_MAX + 3 * len(piece)


def test_lines_come_one_by_one_whatever_stands_at_their_ends() -> None:
    assert list(ListLines([b"a\r", "\nb\rc\u2028".encode(), b"\n\nd"])) == ["a\r\n", "b\r", "c\u2028\n", "\n", "d"]


@pytest.mark.parametrize("wish", ["rhythm=hourly", "mail me rarely"])
def test_wishes_that_nobody_knows_are_refused(wish: str) -> None:
    ((line, reason),) = reasons(f"email,wishes\na@example.org,{wish}\n")
    assert (line, wish in reason) == (2, True)


def test_a_domain_in_another_script_is_read_once_and_never_shortened() -> None:
    assert parse_address("a@bücher.example.org") == parse_address("a@BÜCHER.example.org")
    with pytest.raises(ValueError, match="too long"):
        parse_address("a@" + "ü" * 250 + ".org.example")
