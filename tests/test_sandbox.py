"""What a template may compute: nothing that fills the memory at a stroke."""

from pathlib import Path

import pytest
from jinja2.exceptions import SecurityError, UndefinedError

from sparkpub.adapters.templates import environment


@pytest.mark.parametrize(
    "template",
    [
        '{{ "a" * 10**10 }}',
        "{{ 10**10 * [1] }}",
        "{{ 9**9**9 }}",
        '{{ "%1000000000s"|format("a") }}',
        '{{ "%1000000000s" % "a" }}',
        '{{ "%*s" % (1000000000, "a") }}',
        '{{ "a"|center(1000000000) }}',
        '{{ "a\nb"|indent(width=1000000000) }}',
    ],
)
def test_what_would_fill_the_memory_is_refused(template: str, tmp_path: Path) -> None:
    with pytest.raises(SecurityError, match="more than a template may"):
        environment(tmp_path).from_string(template).render()


def test_text_has_no_methods_that_pad_it(tmp_path: Path) -> None:
    with pytest.raises(SecurityError):
        environment(tmp_path).from_string('{{ "a".ljust(1000000000) }}').render()


def test_there_is_no_filler_text_of_any_length(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        environment(tmp_path).from_string("{{ lipsum(n=100000) }}").render()


def test_what_a_theme_computes_is_computed(tmp_path: Path) -> None:
    source = '{{ "-" * 20 }} {{ 3 * 4 }} {{ 2**10 }} {{ "%05.1f"|format(2.5) }} {{ 7 % 4 }} {{ "a"|center(3) }}|'
    assert environment(tmp_path).from_string(source).render() == "-" * 20 + " 12 1024 002.5 3  a |"
