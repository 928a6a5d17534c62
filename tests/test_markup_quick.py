"""Short ways through the parser end where the long ones do."""

from hypothesis import given
from hypothesis import strategies as st

from sparkpub.core.markup import typographic
from sparkpub.core.markup.reading import _set_line
from sparkpub.core.markup.rules import _configured, parser

LINES = (
    *("word", "Word, and more", "é trois", "1x", "-- who", "    code", "\tTab", "[^1] and", "  word"),
    *(
        "a | b",
        "a|b|c",
        "|---|--:|",
        ":-:",
        "---",
        "===",
        "-",
        "> quote",
        ">",
        "* item",
        "  * deep",
        "1. one",
        "2) two",
    ),
    *(
        "```",
        "~~~",
        "# head",
        "<div>",
        "</div>",
        "<b>raw</b>",
        "[x]: /y",
        "[^1]: note",
        "::: note t",
        "::: pull",
        ":::",
    ),
    *("", "", ""),
)
SIGNS = "abZé1 .,-'\"\n;:!?»«#*_[]()<>&|^$~=+’—…\u00a0\u202f\x85\x0c\u2028\u3000\ufeff/@\\\t"


@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_paragraphs_end_where_they_did(lines: list[str]) -> None:
    text = "\n".join(lines)
    quick, slow = parser("en").parse(text), _configured("en").parse(text)
    assert [token.as_dict() for token in quick] == [token.as_dict() for token in slow]


@given(st.text(SIGNS, max_size=16), st.sampled_from(("en", "fr", "de", "ru", "ar", "es")))
def test_line_without_typed_signs_is_set_as_the_parser_sets_it(text: str, language: str) -> None:
    assert typographic(text, language=language) == _set_line(text, language)
