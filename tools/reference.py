"""The generated parts of docs/reference: each function returns Markdown made from the code itself."""

import dataclasses
import inspect
from collections.abc import Iterator
from typing import Any

import click

from sparkpub import errors
from sparkpub.adapters.config import config_schema
from sparkpub.cli import COMMANDS, SECTIONS, sparkpub
from sparkpub.core import article, decisions, email, model, settings
from sparkpub.core.issues import issue_schema
from sparkpub.core.lint import LINTS

WIDTH = 96


def cli() -> str:
    """Every command with its help, as a terminal of 96 columns shows it."""
    parts = [f"```text\n{_help(sparkpub, 'sparkpub')}\n```\n"]
    top = click.Context(sparkpub, info_name="sparkpub", max_content_width=WIDTH, terminal_width=WIDTH)
    for section, subtitle in SECTIONS.items():
        parts.append(f"## {section}: {subtitle}\n")
        for name, (_, where, _) in COMMANDS.items():
            command = sparkpub.get_command(top, name)
            if where != section or command is None:
                continue
            parts.append(f"### `sparkpub {name}`\n\n```text\n{_help(command, f'sparkpub {name}')}\n```\n")
            if isinstance(command, click.Group):
                for sub_name, sub in command.commands.items():
                    path = f"sparkpub {name} {sub_name}"
                    parts.append(f"#### `{path}`\n\n```text\n{_help(sub, path)}\n```\n")
    return "\n".join(parts)


def _help(command: click.Command, path: str) -> str:
    """What `PATH --help` prints."""
    context = click.Context(command, info_name=path, max_content_width=WIDTH, terminal_width=WIDTH)
    return command.get_help(context).rstrip()


def config() -> str:
    """Every table and key of sparkpub.toml."""
    schema = config_schema()
    definitions = schema.get("$defs", {})
    parts = []
    for table, value in schema["properties"].items():
        definition, is_named = _definition(value, definitions)
        head = f"[{table}.NAME]" if is_named else f"[{table}]"
        parts.append(f"## `{head}`\n\n{definition.get('description', '').strip()}\n")
        required = set(definition.get("required", ()))
        parts.append("| key | default | means |\n|---|---|---|")
        for key, field in definition.get("properties", {}).items():
            default = "required" if key in required else f"`{_shown(field.get('default'))}`"
            parts.append(f"| `{key}` | {default} | {_meaning(field)} |")
        parts.append("")
    return "\n".join(parts)


def _definition(value: dict[str, Any], definitions: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The table behind a property, and whether there may be several of it under names."""
    is_named = "additionalProperties" in value and isinstance(value["additionalProperties"], dict)
    inner = value["additionalProperties"] if is_named else value
    for option in (inner, *inner.get("anyOf", ())):
        if "$ref" in option:
            return definitions[option["$ref"].rpartition("/")[2]], is_named
    return inner, is_named


def _shown(default: object) -> str:
    """A default as TOML writes it."""
    if default is None or default == "":
        return "–"
    return str(default).lower() if isinstance(default, bool) else str(default).replace("'", '"')


def _meaning(field: dict[str, Any]) -> str:
    """A key's description, with the values it may have."""
    words = " ".join(field.get("description", "").split())
    values = [f"`{value}`" for value in field.get("enum", ()) if value]
    return f"{words} {', '.join(values)}".strip().replace("|", "\\|")


def front_matter() -> str:
    """Every key of an issue file's front matter."""
    schema = issue_schema()
    definitions = schema.get("$defs", {})
    parts = ["| key | means |\n|---|---|"]
    for key, field in schema["properties"].items():
        parts.append(f"| `{key}` | {_meaning(field)} |")
        definition, _ = _definition(field, definitions)
        parts += [f"| `{key}.{sub}` | {_meaning(inner)} |" for sub, inner in definition.get("properties", {}).items()]
    return "\n".join(parts)


def glossary() -> str:
    """Every noun with the first sentence of its class docstring."""
    rows = []
    for cls in (settings.PublicationSettings, settings.SeriesSettings, *_classes(model), *_classes(decisions)):
        name = cls.__name__.removesuffix("Settings")
        words = "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
        sentence = inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
        rows.append((words, sentence))
    return "\n".join(["| word | means |", "|---|---|", *(f"| {word} | {text} |" for word, text in sorted(rows))])


def _classes(module: Any) -> Iterator[type]:  # noqa: ANN401 - any module
    """The classes that a module defines, in the order it does."""
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__ and not value.__name__.startswith("_"):
            yield value


def lints() -> str:
    """Every lint with its code, severity and summary."""
    rows = [f"| `{lint.code}` | {lint.severity.value} | {lint.summary} |" for lint in LINTS.values()]
    return "\n".join(["| code | severity | what it finds |", "|---|---|---|", *rows])


def exits() -> str:
    """The tree of errors, as its module draws it."""
    drawing = inspect.cleandoc(errors.__doc__ or "").partition("\n\n")[2].partition("\n\n")[0]
    return f"```text\n{drawing}\n```"


def template_values() -> str:
    """What a template of an email may name."""
    rows = ["| class | fields |", "|---|---|"]
    for cls in (model.Issue, article.Article, settings.PublicationSettings, settings.SeriesSettings, email.LeadImage):
        fields = ", ".join(f"`{field.name}`" for field in dataclasses.fields(cls))
        rows.append(f"| {cls.__name__} | {fields} |")
    return "\n".join(rows)
