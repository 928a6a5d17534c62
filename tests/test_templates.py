import shutil
from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest

from sparkpub.adapters.templates import (
    environment,
    starter_templates,
    template_closure_hash,
    template_fault,
    theme_css,
)
from sparkpub.errors import InputError

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write(name, text)` puts a template into a publication's folder, which it returns."""

    def put(name: str, text: str) -> Path:
        path = tmp_path / "templates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return tmp_path

    return put


def fault_of(folder: Path, name: str, **values: object) -> str:
    with pytest.raises(jinja2.TemplateError) as caught:
        environment(folder).get_template(name).render(**values)
    return str(template_fault(caught.value, folder))


def test_a_publication_without_templates_has_the_starters(tmp_path: Path) -> None:
    assert environment(tmp_path).get_template("email/email.html.j2").filename
    assert "{{ light.ink }}" in theme_css(tmp_path, "").inline


def test_a_publications_own_template_stands_before_the_starters(write: Write) -> None:
    folder = write("email/masthead.html.j2", "own {{ x }}")
    assert environment(folder).get_template("email/masthead.html.j2").render(x="<b>") == "own &lt;b&gt;"


def test_markup_is_escaped_and_plain_text_and_stylesheets_are_not(write: Write) -> None:
    write("a.css", "{{ x }}")
    write("a.txt.j2", "{{ x }}")
    folder = write("a.html.j2", "{{ x }}")
    seen = [environment(folder).get_template(name).render(x="'&") for name in ("a.css", "a.txt.j2", "a.html.j2")]
    assert seen == ["'&", "'&", "&#39;&amp;"]


def test_an_undefined_variable_is_a_fault_with_its_line_and_the_nearest_name(write: Write) -> None:
    folder = write("email/x.html.j2", "one\ntwo {{ publicatoin }}\n")
    assert fault_of(folder, "email/x.html.j2", publication=1, body=2) == (
        "templates/email/x.html.j2:2: 'publicatoin' is undefined; did you mean 'publication'?"
    )


def test_an_undefined_variable_like_no_other_is_answered_with_all_names(write: Write) -> None:
    folder = write("x.html.j2", "{{ zzz }}")
    assert fault_of(folder, "x.html.j2", publication=1, body=2) == (
        "templates/x.html.j2:1: 'zzz' is undefined; a template is given body, publication"
    )


def test_the_fault_is_placed_in_the_included_template_that_has_it(write: Write) -> None:
    write("part.html.j2", "\n\n{{ body.missing }}")
    folder = write("x.html.j2", "{% include 'part.html.j2' %}")
    assert fault_of(folder, "x.html.j2", body="b").startswith(
        "templates/part.html.j2:3: 'str object' has no attribute 'missing'"
    )


def test_a_syntax_error_is_a_fault_with_its_line(write: Write) -> None:
    folder = write("x.html.j2", "fine\n{% if %}\n")
    assert fault_of(folder, "x.html.j2").startswith("templates/x.html.j2:2: Expected an expression")


def test_a_template_that_includes_what_is_not_there_is_a_fault_in_its_own_line(write: Write) -> None:
    folder = write("x.html.j2", "\n{% include 'nowhere.html.j2' %}")
    assert fault_of(folder, "x.html.j2").startswith("templates/x.html.j2:2: there is no template 'nowhere.html.j2'")


def test_a_fault_in_the_starters_own_template_is_named_as_if_it_were_copied(tmp_path: Path) -> None:
    assert fault_of(tmp_path, "email/colophon.html.j2").startswith("templates/email/colophon.html.j2:")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ x.__init__.__globals__ }}",
        "{% include '../../../etc/passwd' %}",
        "{% include '/etc/passwd' %}",
    ],
)
def test_a_template_reads_nothing_but_what_it_is_given(write: Write, source: str) -> None:
    folder = write("x.html.j2", source)
    assert "root:" not in fault_of(folder, "x.html.j2", x=Path())


def test_a_theme_takes_from_the_default_one_what_it_lacks(write: Write) -> None:
    folder = write("plain/embed.css", "@media print {}")
    css = theme_css(folder, "plain")
    assert (css.theme, css.embed, css.embed_path) == ("plain", "@media print {}", "templates/plain/embed.css")
    assert css.inline_path == "templates/email/inline.css"
    assert css.inline == theme_css(folder, "").inline


@pytest.mark.parametrize("theme", ["nowhere", "../site", "/etc", ".", "a b", "a\n"])
def test_a_theme_without_a_folder_is_a_fault(tmp_path: Path, theme: str) -> None:
    with pytest.raises(InputError, match="has no folder under templates/"):
        theme_css(tmp_path, theme)


def test_a_stylesheet_that_is_not_utf_8_is_a_fault(write: Write, tmp_path: Path) -> None:
    write("odd/inline.css", "")
    (tmp_path / "templates/odd/inline.css").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"templates/odd/inline\.css: it is not UTF-8"):
        theme_css(tmp_path, "odd")


def test_the_hash_of_a_theme_moves_with_any_file_of_it_and_with_nothing_else(write: Write, tmp_path: Path) -> None:
    shutil.copytree(starter_templates(), tmp_path / "templates")
    before = template_closure_hash(tmp_path, "email")
    assert before == template_closure_hash(tmp_path / "elsewhere", "email")
    write("site/x.html.j2", "x")
    assert template_closure_hash(tmp_path, "email") == before
    write("email/embed.css", "x")
    assert template_closure_hash(tmp_path, "email") != before


def test_fill_wraps_plain_text(write: Write) -> None:
    folder = write("x.txt.j2", "{{ text | fill }}")
    lines = environment(folder).get_template("x.txt.j2").render(text="word\n" * 40).split("\n")
    assert max(map(len, lines)) <= 72
    assert len(lines) == 3
