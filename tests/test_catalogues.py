"""The catalogues of readers' languages: whole, read by their tags, chosen as a browser asks."""

import importlib.util
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.pofile import read_po
from hatchling.builders.wheel import WheelBuilder
from hypothesis import given
from hypothesis import strategies as st

from sparkpub.adapters.catalogues import catalogue, languages, own_names
from sparkpub.core.languages import choose
from sparkpub.core.vocabulary import vocabulary

LANGUAGES = ("ar", "de", "en", "es", "fr", "ru")
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("words_tool", ROOT / "tools" / "words.py")
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_message_of_the_templates_is_in_every_catalogue_whole(
    tool: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    code = tool.main(["--check"])
    assert (code, capsys.readouterr().out.count("\n")) == (0, 1)


def test_six_languages_have_a_catalogue() -> None:
    assert languages() == LANGUAGES
    assert list(own_names().values()) == ["العربية", "Deutsch", "English", "Español", "Français", "Русский"]
    assert tuple(own_names()) == LANGUAGES


def test_the_wheel_has_the_catalogues(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"sparkpub/locale/{language}/LC_MESSAGES/sparkpub.po" for language in LANGUAGES} <= names


HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ('msgid "a"\nmsgstr ""', "'a' is not translated"),
        ('msgid "a"\nmsgstr "  "', "'a' is not translated"),
        ('#, fuzzy\nmsgid "a"\nmsgstr "b"', "'a' is marked fuzzy: read it again, and take the mark away"),
        ('msgid "a %(x)s"\nmsgstr "b"', "'b' has other places than 'a %(x)s': x"),
        ('msgid "a %(x)s"\nmsgstr "b %(y)s"', "'b %(y)s' has other places than 'a %(x)s': x, y"),
        ('msgid "a"\nmsgstr "100 %"', "'100 %' has a % that belongs to no place"),
        ('msgid "a"\nmsgstr "<b>b</b>"', "'<b>b</b>' has < >: translations are plain text"),
        ('msgid "a"\nmsgstr "b "', "'b ' begins or ends with white space, or has more than one line"),
        (
            'msgid "%(n)s a"\nmsgid_plural "%(n)s as"\nmsgstr[0] "%(n)s b"\nmsgstr[1] "%(n)s c"',
            "'%(n)s a' is not translated",
        ),
    ],
)
def test_a_message_that_readers_would_not_see_as_it_is_meant_is_a_fault(
    tool: ModuleType, entry: str, fault: str
) -> None:
    words = read_po(BytesIO((HEAD + entry + "\n").encode()), locale="ru")
    assert list(tool.faults(words, "ru")) == [fault]


def test_a_catalogue_whose_head_counts_otherwise_than_its_language_is_a_fault(tool: ModuleType) -> None:
    head = HEAD.rstrip() + '\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    entry = 'msgid "%(n)s a"\nmsgid_plural "%(n)s as"\nmsgstr[0] "%(n)s b"\nmsgstr[1] "%(n)s c"\n'
    words = read_po(BytesIO((head + entry).encode()), locale="ru")
    assert list(tool.faults(words, "ru")) == ["'%(n)s a' needs 3 forms (one, few, many), and has 2"]


def test_a_form_of_one_number_may_be_a_word_and_other_forms_may_not(tool: ModuleType) -> None:
    forms = ["", "يوم", "يومان", "%(n)s أيام", "%(n)s يومًا", "%(n)s يوم"]
    forms[0] = "لا أيام"
    entry = 'msgid "%(n)s day"\nmsgid_plural "%(n)s days"\n'
    text = entry + "".join(f'msgstr[{n}] "{form}"\n' for n, form in enumerate(forms))
    arabic = read_po(BytesIO((HEAD + text).encode()), locale="ar")
    assert list(tool.faults(arabic, "ar")) == []
    few = read_po(BytesIO((HEAD + text.replace("%(n)s أيام", "أيام")).encode()), locale="ar")
    assert list(tool.faults(few, "ar")) == ["'أيام' has other places than '%(n)s day': n"]


def test_a_new_message_waits_for_its_translation_and_an_old_one_keeps_it(tool: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "fr" / "LC_MESSAGES" / "sparkpub.po"
    path.parent.mkdir(parents=True)
    path.write_text(HEAD + 'msgid "old"\nmsgstr "ancien"\n\nmsgid "gone"\nmsgstr "parti"\n', encoding="utf-8")
    template = tool.Words()
    template.add("old")
    template.add("new")
    words = tool.updated(path, template)
    assert [(message.id, message.string) for message in words if message.id] == [("old", "ancien"), ("new", "")]
    assert [tool.updated(path.parents[2] / "en" / "LC_MESSAGES" / "x.po", template)["new"].string] == ["new"]


def test_files_of_words_do_not_change_unless_words_do(tool: ModuleType) -> None:
    for path in sorted(tool.LOCALE.glob("*/LC_MESSAGES/*.po")):
        text = path.read_text(encoding="utf-8")
        words = tool.updated(path, read_po(BytesIO(text.encode())))
        assert tool.po_text(words) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_take_the_same_form_in_a_catalogue_as_in_dates(language: str) -> None:
    one, other = "The link is good for %(days)s day.", "The link is good for %(days)s days."
    plurals, words = vocabulary(language).plurals, catalogue(language)
    said = {
        name: {words.ngettext(one, other, n) for n in range(300) if plurals.name_of(n) == name}
        for name in plurals.names
    }
    assert [len(forms) for forms in said.values()] == [1] * len(plurals.names)
    assert len({form for forms in said.values() for form in forms}) > 1


def test_a_tag_finds_its_catalogue_whole_or_by_its_first_part() -> None:
    russian = catalogue("ru").gettext("Subscribe")
    assert russian != "Subscribe"
    assert [catalogue(tag).gettext("Subscribe") for tag in ("ru-RU", "RU", "ru-Cyrl-UA")] == [russian] * 3
    assert [catalogue(tag).gettext("Subscribe") for tag in ("en-GB", "tlh", "", "../ru", "ru/..")] == ["Subscribe"] * 5
    assert catalogue("de").gettext("No template says so.") == "No template says so."


@pytest.mark.parametrize(
    ("field", "chosen"),
    [
        ("", ""),
        ("de", "de"),
        ("DE-at", "de"),
        ("ar-EG,en;q=0.5", "ar"),
        ("fr-CA;q=0.9, de;q=0.8", "fr"),
        ("en;q=0.2 , ru", "ru"),
        ("en; q=0.2, es ;q=0.30", "es"),
        ("tlh, fr;q=0.1", "fr"),
        ("tlh", ""),
        ("*", "en"),
        ("en;q=0, *;q=0.1", "ar"),
        ("*, en;q=0.5, ar;q=0.4", "de"),
        ("en;q=0", ""),
        ("de-DE;q=0, de", "de"),
        ("de;q=0, de-DE", ""),
        ("de;q=2, fr;q=x, es;;, ru;q=1.000", "ru"),
        ("zh-Hant-TW, pt", "pt-BR"),
        (",".join(["tlh"] * 50 + ["de"]), ""),
    ],
)
def test_the_language_that_a_browser_wants_most_is_chosen(field: str, chosen: str) -> None:
    assert choose(field, ("en", "ar", "de", "es", "fr", "pt-BR", "ru")) == chosen


@given(st.text(alphabet="aden-*;q=01., \t\x00é"), st.lists(st.sampled_from(LANGUAGES), unique=True))
def test_whatever_a_browser_sends_only_what_is_on_offer_is_chosen(field: str, offered: list[str]) -> None:
    assert choose(field, offered) in {"", *offered}
