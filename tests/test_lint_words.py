"""Lints of titles and prose."""

from dataclasses import replace

import pytest

from sample_lint import issue, titled, written
from sparkpub.core.lint import lint_issue
from sparkpub.core.model import Status


@pytest.mark.parametrize("title", ["🎉🎉", "– !", "…"])
def test_spk025_a_title_without_a_word(title: str) -> None:
    assert titled("SPK025", title) == [5]
    assert titled("SPK025", "1917 🎉") == []
    assert titled("SPK025", "十月") == []


@pytest.mark.parametrize("title", ["Now!!!", "Really?!", "Peace! Bread! Land!"])
def test_spk026_a_title_with_too_many_marks(title: str) -> None:
    assert titled("SPK026", title) == [5]
    assert titled("SPK026", "What is to be done?") == []


@pytest.mark.parametrize("title", ["Re: your order", "FWD: news", "Отв: письмо"])
def test_spk027_a_title_that_feigns_a_reply(title: str) -> None:
    assert titled("SPK027", title) == [5]
    assert titled("SPK027", "Reform: a history") == []


@pytest.mark.parametrize("title", ["Act now and save", "Click here", "Win $$$", "100% free land"])
def test_spk028_a_title_that_barks_like_spam(title: str) -> None:
    assert titled("SPK028", title) == [5]
    assert titled("SPK028", "The last chance-taker wins a free election") == [5]
    assert titled("SPK028", "A free press in a free country") == []


def test_spk029_a_preheader_that_repeats_the_title() -> None:
    assert written("SPK029", front="title: The Soviets\nsummary: The Soviets.") == [6]
    assert written("SPK029", front="title: The Soviets\nsummary: Other.\npreheader: the soviets") == [7]
    assert written("SPK029", front="title: The Soviets\nsummary: The Soviets change hands.") == []


@pytest.mark.parametrize("field", ["{{ name }}", "{{ subscriber.first_name }}", "*|FNAME|*", "%%FIRSTNAME%%", "{{-x}}"])
def test_spk024_a_field_in_the_manner_of_another_service(field: str) -> None:
    assert written("SPK024", body=f"Dear friend,\ndear {field}") == [9]


def test_spk024_names_our_own_manner() -> None:
    (fault,) = lint_issue(issue("Dear *|FNAME|*"), number=0)
    assert str(fault) == ("issues/a.md:8: '|FNAME|' is no field of ours; write {{ reader.name | default(\"…\") }}")


@pytest.mark.parametrize("text", ['{{ reader.name | default("friend") }}', "`{{ name }}`", "{ name }", "5 % and 10 %"])
def test_spk024_leaves_other_words_alone(text: str) -> None:
    assert written("SPK024", body=text) == []
    assert lint_issue(replace(issue("{{ name }}"), status=Status.DRAFT), number=None) == []


def test_spk030_a_small_word_typed_twice() -> None:
    assert written("SPK030", body="Text.\n\nThey went to the\nthe river.") == [10]
    assert written("SPK030", body="I know that that is so, and had had it.") == []
    assert written("SPK030", body="L’un de de ceux", front="title: T\nlanguage: fr") == [8]
    assert written("SPK030", body="كان في في المدينة", front="title: T\nlanguage: ar") == [8]
    assert written("SPK030", body="to to", front="title: T\nlanguage: xx") == []


def test_spk031_a_word_of_two_alphabets() -> None:
    assert written("SPK031", body="The cоuncil met.") == [8]  # its first o is Cyrillic
    assert written("SPK031", body="The council, in Russian совет, met; a β-test.") == []


@pytest.mark.parametrize("character", ["\u200b", "\u202e", "\ufffc", "\u2060"])
def test_spk032_a_character_that_nobody_sees(character: str) -> None:
    assert written("SPK032", body=f"One\ntwo{character}three") == [9]
    assert written("SPK032", body="co\u00adop, 10\u00a0km, می\u200cخواهم") == []


def test_spk033_a_word_too_long_for_a_phone() -> None:
    assert written("SPK033", body=f"See https://example.org/{'a' * 40} for more") == [8]
    assert written("SPK033", body="Donaudampfschifffahrtsgesellschaftskapitän " + "漢字" * 50) == []


def test_spk034_a_paragraph_of_several_screens() -> None:
    assert written("SPK034", body="One.\n\n" + "word " * 400) == [10]
    assert written("SPK034", body="> " + "word " * 400) == []


def test_spk035_text_in_another_script_than_its_language() -> None:
    russian = "Вся власть советам рабочих и солдатских депутатов. " * 8
    assert written("SPK035", body=russian, front="title: T\nlanguage: en") == [6]
    assert written("SPK035", body=russian, front="title: T\nlanguage: uk") == []
    assert written("SPK035", body=russian, front="title: T\nlanguage: sr-Cyrl") == []
    assert written("SPK035", body="All power to the soviets of workers. " * 10, front="title: T\nlanguage: ru") == [6]
    assert written("SPK035", body="Power. " * 60 + russian[:100]) == []


@pytest.mark.parametrize("text", ["A note.[^9]", "See [the page](https://e.org and", "A **bold word", "##Heading"])
def test_spk036_markdown_that_shows(text: str) -> None:
    assert written("SPK036", body=f"Text.\n\n{text}") == [10]


@pytest.mark.parametrize(
    "text", ["A note.[^1]\n\n[^1]: Here.", "2 * 3 * 4", "*** stars", "__init__ and a_b", "#1", "`**`", r"\*\*"]
)
def test_spk036_leaves_signs_alone_that_are_meant(text: str) -> None:
    assert written("SPK036", body=text) == []


def test_spk037_words_in_capitals() -> None:
    assert written("SPK037", body="Text\n\nTO THE CITIZENS OF ALL RUSSIA, greetings") == [10]
    assert written("SPK037", body="> TO THE CITIZENS OF ALL RUSSIA, greetings") == []
    assert written("SPK037", body="NATO, the USSR and the UN") == []
    assert written("SPK037", body="تحفة النظار في غرائب الأمصار وعجائب الأسفار") == []
