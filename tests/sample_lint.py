"""An issue and a mail that no lint says anything of, and what is said of their changed copies."""

from typing import Any

from sparkpub.adapters.config import settings_of
from sparkpub.adapters.zones import zone
from sparkpub.core.issues import parse_issue
from sparkpub.core.lint import lint_email, lint_issue
from sparkpub.core.model import Asset, Issue

SETTINGS = settings_of(
    {
        "publication": {
            "title": "T",
            "base_url": "https://e.org",
            "from": "a <a@e.org>",
            "postal_address": "1 Street, Town",
        },
        "series": {"saga": {"title": "A Saga"}},
    }
)
FRONT = 'id: a\nstatus: ready\nrelease: "2026-12-01"\n'
TITLE = "title: A Title\nsummary: Short."
PROSE = (
    "On this day the gates of the old town were opened, and everybody who could walk went out to see the river. " * 4
)
HTML = (
    '<!DOCTYPE html><html lang="en" dir="ltr"><head><meta charset="utf-8"><title>Title</title>'
    '<meta name="viewport" content="width=device-width"><style>p{color:#fff}</style></head><body>'
    '<div style="display:none">Short.</div><div role="article" lang="en" aria-label="Title"><h1>Title</h1>'
    f'<p style="color:#1f1d1a;background-color:#ffffff">{PROSE}<a href="https://e.org/">a page</a></p>'
    '<img src="https://e.org/media/0123456789abcdef-a.png" alt="" width="100" height="50">'
    '<p>1&nbsp;Street<br>Town <a href="https://e.org/u/xyz">Leave</a></p></div></body></html>'
)
TEXT = f"Title\n\n{PROSE}\n\na page: https://e.org\n\n1 Street\nTown\nLeave, unsubscribe: https://e.org/u/xyz\n"
PICTURE = Asset(name="0123456789abcdef-a.png", data=b"x" * 1000, media_type="image/png", width=200, height=100)


def issue(body: str = "Text.", front: str = TITLE, path: str = "issues/a.md") -> Issue:
    data = f"---\n{FRONT}{front}\n---\n{body}\n".encode()
    parsed = parse_issue(data, path=path, settings=SETTINGS, zones=zone)
    assert isinstance(parsed, Issue), parsed
    return parsed


def written(code: str, body: str = "Text.", front: str = TITLE, number: int = 0) -> list[int]:
    """The lines of what one lint says of an issue as written; its body begins in line 8 under the usual front."""
    return [fault.line for fault in lint_issue(issue(body, front), number=number) if fault.code == code]


def titled(code: str, title: str) -> list[int]:
    """What one lint says of an issue of this title."""
    return written(code, front=f"title: '{title}'\nsummary: Short.")


def mailed(code: str, **changes: Any) -> list[str]:
    """What one lint says of an email."""
    parts: dict[str, Any] = {"html": HTML, "text": TEXT, "subject": "A Title", "body_bytes": len(HTML)}
    parts["expected"] = {"postal_address": "1 Street, Town", "unsubscribe_url": "https://e.org/u/xyz"}
    parts["assets"] = (PICTURE,)
    return [str(fault) for fault in lint_email(issue(), **{**parts, **changes}) if fault.code == code]


def with_html(code: str, old: str, new: str) -> list[str]:
    """What one lint says of the good mail with something exchanged."""
    assert old in HTML
    return mailed(code, html=HTML.replace(old, new))


def holding(code: str, html: str) -> list[str]:
    """What one lint says of the good mail with something more in it."""
    return with_html(code, "<p>1&nbsp;Street", f"{html}<p>1&nbsp;Street")
