"""The theme: Jinja2 templates and stylesheets of the publication, with the starter's behind them."""

import difflib
import os
import re
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from sparkpub.bounds import lies_within_one
from sparkpub.errors import Fault, InputError

if TYPE_CHECKING:  # the key of a theme is needed far more often than the theme
    import jinja2

    from sparkpub.core.email import ThemeCss

DEFAULT_THEME = "email"
_PLAIN = (".txt.j2", ".css", ".css.j2")
"""Endings of templates whose output is not markup: nothing in them is escaped."""

_COPY = "put a copy of it there instead of the link"
_THEME_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def starter_templates() -> Path:
    """The templates that `sparkpub init` copies: the package's own, or the repository's in an editable install."""
    package = Path(__file__).resolve().parents[2]
    shipped = package / "starter" / "templates"
    return shipped if shipped.is_dir() else package.parents[1] / "templates"


def environment(folder: Path) -> "jinja2.Environment":
    """The templates of the publication in `folder`; the starter's stand in for those it lacks.

    Undefined variables are errors, markup is escaped, and a template reaches nothing but what it is given: a theme
    taken from elsewhere cannot read files. `{{ words | fill }}` wraps plain text at 72 columns;
    `{{ issue.footer | for_all }}` shows the defaults of its personal fields.
    """
    import jinja2

    from sparkpub.adapters.templates.loader import TemplateFiles
    from sparkpub.core.email import fill
    from sparkpub.core.personal import default, for_all
    from sparkpub.core.sandbox import Sandbox

    templates = Sandbox(
        loader=TemplateFiles(_roots(folder), folder),
        undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name is None or not name.endswith(_PLAIN),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["fill"] = fill
    templates.filters["default"] = templates.filters["d"] = default
    templates.filters["for_all"] = for_all
    return templates


def theme_css(folder: Path, theme: str) -> "ThemeCss":
    """The two stylesheets of an email theme (by default `email`), as Jinja2 source.

    A theme that lacks one of them takes the default theme's.

    Raises:
        InputError: there is no such theme.
    """
    from sparkpub.core.email import ThemeCss

    theme = theme or DEFAULT_THEME
    is_name = _THEME_NAME.fullmatch(theme)
    if not is_name or not any((root / theme).is_dir() for root in _roots(folder)):
        message = f"[email] theme {theme!r} has no folder under templates/"
        raise InputError(
            Fault(path="sparkpub.toml", line=0, message=message, cure="leave theme out, or make the folder")
        )
    inline_path, embed_path = (_find(folder, theme, name) for name in ("inline.css", "embed.css"))
    return ThemeCss(
        inline=_read(inline_path, folder),
        embed=_read(embed_path, folder),
        inline_path=_shown(inline_path, folder),
        embed_path=_shown(embed_path, folder),
        theme=theme,
    )


def template_fault(error: "jinja2.TemplateError", folder: Path) -> Fault:
    """What a person has to mend, and in which line of which template."""
    import jinja2

    from sparkpub.adapters.templates.loader import LeadsOutError

    if isinstance(error, jinja2.TemplateSyntaxError):
        path = _shown(Path(error.filename or error.name or "templates"), folder)
        cure = "jinja.palletsprojects.com/templates explains the language"
        return Fault(path=path, line=error.lineno, message=error.message or "this is no template", cure=cure)
    frame, line = _template_frame(error, folder)
    path = _shown(Path(frame.f_code.co_filename), folder) if frame else "templates"
    if isinstance(error, jinja2.TemplateNotFound):
        cure = "write its name from templates/ on, or copy the starter's"
        return Fault(path=path, line=line, message=f"there is no template {error.name!r}", cure=cure)
    message = error.message or type(error).__name__
    if isinstance(error, LeadsOutError):
        return Fault(path=path, line=line, message=message, cure=_COPY)
    return Fault(path=path, line=line, message=message, cure=_cure(message, frame))


def template_closure_hash(folder: Path, sub: str) -> str:
    """SHA-256 in hex over every file that templates under `sub` ("email", "site") may read, by name and content."""
    files: dict[str, Path] = {}
    for root in reversed(_roots(folder)):
        files |= {path.relative_to(root).as_posix(): path for path in sorted((root / sub).rglob("*")) if path.is_file()}
    digest = sha256()
    for name, path in sorted(files.items()):
        digest.update(os.fsencode(f"{name}\0") + sha256(_bytes(path)).digest())
    return digest.hexdigest()


def _bytes(path: Path) -> bytes:
    """The bytes of a file, none of one that cannot be read: if it is needed, it is missed there."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _roots(folder: Path) -> list[Path]:
    """Where templates are looked for, in this order."""
    own = folder.absolute() / "templates"
    starter = starter_templates()
    return [own] if own.resolve() == starter.resolve() else [own, starter]


def _find(folder: Path, theme: str, name: str) -> Path:
    """The file of that name in the theme, else in the default theme."""
    places = [root / one / name for one in (theme, DEFAULT_THEME) for root in _roots(folder)]
    return next((path for path in places if path.is_file()), places[-1])


def _read(path: Path, folder: Path) -> str:
    if not lies_within_one(path, _roots(folder), folder):
        message = "it is a link that leads out of templates/"
        raise InputError(Fault(path=_shown(path, folder), line=0, message=message, cure=_COPY))
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else (error.strerror or "it cannot be read")
        fault = Fault(path=_shown(path, folder), line=0, message=reason, cure="copy the starter's file")
        raise InputError(fault) from error


def _shown(path: Path, folder: Path) -> str:
    """A template's path as a person knows it: below the publication, the starter's as if it were copied there."""
    for root in _roots(folder):
        if path.is_relative_to(root):
            return "templates/" + path.relative_to(root).as_posix()
    return path.as_posix() if not path.is_absolute() else path.name


def _template_frame(error: BaseException, folder: Path) -> tuple[FrameType | None, int]:
    """The innermost frame of the error that is a template's own, and the line in it (0: unknown)."""
    found: tuple[FrameType | None, int] = (None, 0)
    roots = _roots(folder)
    from traceback import walk_tb  # only where something is wrong

    for frame, line in walk_tb((error.__cause__ or error).__traceback__):
        name = frame.f_code.co_filename
        if name.startswith("templates/") or any(Path(name).is_relative_to(root) for root in roots):
            found = (frame, line)
    return found


def _cure(message: str, frame: FrameType | None) -> str:
    """The nearest variable that does exist, or the names of all. Jinja2 makes a template's variables locals."""
    from jinja2.defaults import DEFAULT_NAMESPACE

    names = set(frame.f_locals if frame else ()) - set(DEFAULT_NAMESPACE)
    known = sorted(name for name in names if not name.startswith("__"))
    missing = re.match(r"'(\w+)' is undefined", message)
    if close := difflib.get_close_matches(missing.group(1), known, n=1) if missing else []:
        return f"did you mean '{close[0]}'?"
    return f"a template is given {', '.join(known)}" if known else "mend the template"
