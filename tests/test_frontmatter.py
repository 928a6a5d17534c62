"""Front matter: text with lines, whatever the bytes are."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkpub.core.frontmatter import Document, Items, Report, Table, Text, read_document, read_yaml


def read(data: bytes | str) -> tuple[Document | None, list[str]]:
    report = Report(path="a.md")
    document = read_document(data.encode() if isinstance(data, str) else data, report)
    return document, [str(fault) for fault in report.faults]


def test_scalars_stay_text_whatever_yaml_makes_of_them() -> None:
    document, faults = read("---\ntime: 17:00\nday: 1900-02-29\nno: no\nnone: ~\nbig: 0x10\n---\nBody\n")
    assert document is not None
    assert not faults
    texts = {key: node.text for key, node in document.front.values.items() if isinstance(node, Text)}
    assert texts == {"time": "17:00", "day": "1900-02-29", "no": "no", "none": "~", "big": "0x10"}


def test_every_key_and_value_knows_its_line_in_the_file() -> None:
    document, _ = read("---\na: 1\n\nb:\n  c: [x,\n      y]\n---\nBody")
    assert document is not None
    assert document.front.lines == {"a": 2, "b": 4}
    inner = document.front.values["b"]
    assert isinstance(inner, Table)
    assert inner.lines == {"c": 5}
    items = inner.values["c"]
    assert isinstance(items, Items)
    assert [item.line for item in items.items] == [5, 6]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_body_begins_in_the_line_it_says_with_every_line_ending(ending: str) -> None:
    document, faults = read(ending.join(["---", "a: 1", "---", "First", "Second"]))
    assert document is not None
    assert not faults
    assert document.body == "First\nSecond"
    assert document.body_line == 4


def test_a_byte_order_mark_is_read_over() -> None:
    document, faults = read(b"\xef\xbb\xbf---\na: 1\n---\n")
    assert document is not None
    assert not faults


def test_rules_in_the_body_do_not_end_the_front_matter_twice() -> None:
    document, _ = read("---\na: 1\n---\nOne\n\n---\n\nTwo")
    assert document is not None
    assert document.body == "One\n\n---\n\nTwo"


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "a.md:1: no front matter"),
        (b"Just text", "a.md:1: no front matter"),
        (b"---\na: 1\n", "a.md:1: the front matter has no end"),
        (b"\xff\xfe-\x00", "a.md:1: the file is UTF-16; save it as UTF-8"),
        (b"---\na: caf\xe9\n---\n", "a.md:2: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        (b"---\na: \x00\n---\n", "a.md:2: a control character (U+0000); delete it"),
        ("---\na: x\u0085b: y\n---\n".encode(), "a.md:2: a control character (U+0085); delete it"),
        ("---\na: x\u2028b: y\n---\n".encode(), "a.md:2: a control character (U+2028); delete it"),
        (b"---\na: 1\n---\nx\n\x1b[31m\n", "a.md:5: a control character (U+001B); delete it"),
        (b"---\na: b: c\n---\n", "a.md:2: broken YAML (mapping values are not allowed in this context)"),
        (b"---\na: 'b\n---\n", "a.md:2: broken YAML"),
        (b"---\n\ta: b\n---\n", "a.md:2: broken YAML"),
        (b"---\na: 1\n...\nb: 2\n---\n", "a.md:4: broken YAML"),
        (b"---\n- a\n---\n", "a.md:2: the front matter has no keys"),
        (b"---\nword\n---\n", "a.md:2: the front matter has no keys"),
        (b"---\na: 1\na: 2\n---\n", "a.md:3: the key 'a' is there twice, first in line 2; keep one"),
        (b"---\na: &x 1\n---\n", "a.md:2: an anchor, &x"),
        (b"---\na: *x\n---\n", "a.md:2: an alias, *x"),
        (b"---\na: !!python/object:os.system x\n---\n", "a.md:2: a tag, "),
        (b"---\n? [a]\n: b\n---\n", "a.md:2: a key that is no text"),
        (b"---\n%YAML 9.9\n---\n", "a.md:2: "),
    ],
)
def test_what_is_wrong_is_named_with_its_line(data: bytes, fault: str) -> None:
    _, faults = read(data)
    assert any(said.startswith(fault) for said in faults), faults


@pytest.mark.parametrize("unit", ["[", "{a: ", "- ", "? ", "a: [", "&a [", "!!x [", "[*a,"])
@pytest.mark.parametrize("joint", ["", "\n"])
def test_depth_without_end_is_refused_at_once(unit: str, joint: str) -> None:
    began = time.perf_counter()
    document, faults = read("---\n" + (unit + joint) * (30_000 // len(unit)) + "\n---\n")
    assert document is None
    assert faults
    assert time.perf_counter() - began < 1


def test_a_bomb_of_aliases_never_unfolds() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    _, faults = read("---\n" + "\n".join(lines) + "\n---\n")
    assert len(faults) > 30


def test_more_values_than_any_issue_has_are_refused() -> None:
    document, faults = read("---\na: [" + "x," * 100_000 + "]\n---\n")
    assert document is None
    assert "more than 5,000 values" in faults[0]


def test_a_file_above_one_megabyte_is_not_read() -> None:
    document, faults = read(b"---\na: 1\n---\n" + b"x" * 10_000_000)
    assert document is None
    assert faults == ["a.md: the file is larger than 1 MB; an issue is text: keep pictures in files of their own"]


def test_the_first_controls_of_a_binary_body_are_enough() -> None:
    _, faults = read(b"---\na: 1\n---\n" + b"\x01\n" * 10_000)
    assert len(faults) == 20


@given(st.binary(max_size=400))
def test_random_bytes_between_the_lines_give_a_table_or_faults(data: bytes) -> None:
    document, faults = read(b"---\n" + data + b"\n---\nBody")
    assert document is not None or faults


@given(st.text(alphabet=st.sampled_from("ab:-?[]{},&*!|>'\"%@`# \n"), max_size=200))
def test_random_yaml_gives_a_table_or_faults(text: str) -> None:
    report = Report(path="a.md")
    table = read_yaml(text, report)
    assert table is not None or report.faults
    assert all(fault.line >= 1 for fault in report.faults)
