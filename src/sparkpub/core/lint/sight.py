"""Lints of what eyes see: contrast by day and by night, small and hidden text, the inbox's preview."""

import re
from collections.abc import Iterable, Iterator

from sparkpub.core.colours import READABLE, contrast
from sparkpub.core.lint.mailtree import Run, dark_styles, runs_of
from sparkpub.core.lint.registry import Finding, Proof, proof_lint
from sparkpub.errors import Severity

_SMALLEST = 11.0
_PREHEADER = 300
_PADDING = re.compile(r"[\s\u034f\u00ad\u200b-\u200f\u2007\u2060\ufeff]+")


@proof_lint("SPK016", Severity.WARNING)
def faint(proof: Proof) -> Iterator[Finding]:
    """Text that is hard to read on its ground: contrast below 4.5."""
    for run in _faint(proof.runs):
        message = f"'{run.words[:30]}' is {run.ink} on {run.ground}, a contrast of {contrast(run.ink, run.ground):.1f}"
        yield Finding(message=message, cure=f"choose colours with at least {READABLE}")


@proof_lint("SPK066", Severity.WARNING)
def faint_at_night(proof: Proof) -> Iterator[Finding]:
    """Text that is hard to read under the dark stylesheet: contrast below 4.5."""
    if dark := dark_styles(proof.elements):
        for run in _faint(runs_of(proof.tree, dark)):
            ratio = contrast(run.ink, run.ground)
            message = f"by night '{run.words[:30]}' is {run.ink} on {run.ground}, a contrast of {ratio:.1f}"
            yield Finding(message=message, cure=f"set both colours in embed.css, with at least {READABLE}")


@proof_lint("SPK067", Severity.WARNING)
def tiny(proof: Proof) -> Iterator[Finding]:
    """Text below 11 pixels: nobody reads it on a phone, and filters take it for hidden."""
    seen: set[float] = set()
    for run in proof.runs:
        if run.size is not None and run.size < _SMALLEST and not run.is_hidden and run.size not in seen:
            seen.add(run.size)
            message = f"'{run.words[:30]}' is {run.size:g} pixels high"
            yield Finding(message=message, cure="make it 13 pixels or more")


@proof_lint("SPK068", Severity.WARNING)
def hidden_text(proof: Proof) -> Iterator[Finding]:
    """Text that no reader sees, beyond one preheader: what spam hides from filters."""
    hidden = [words for run in proof.runs if run.is_hidden and (words := _PADDING.sub(" ", run.words).strip())]
    if len(hidden) > 1 or any(len(words) > _PREHEADER for words in hidden):
        message = f"{len(hidden)} hidden texts, the last begins '{hidden[-1][:40]}'"
        yield Finding(message=message, cure=f"hide the preheader alone, of at most {_PREHEADER} characters")


@proof_lint("SPK069", Severity.WARNING)
def no_preheader(proof: Proof) -> Iterator[Finding]:
    """A mail that begins with words for everybody, so that inboxes show them beside each subject."""
    shown = next((run for run in proof.runs if _PADDING.sub("", run.words)), None)
    if shown is not None and not shown.is_hidden:
        message = f"inboxes will show '{shown.words[:40]}' beside the subject"
        yield Finding(message=message, cure="begin the template with {{ preheader }}, hidden")


def _faint(runs: Iterable[Run]) -> Iterator[Run]:
    """The first run of every pair of colours that lie too close, hidden text aside."""
    seen: set[tuple[str, str]] = set()
    for run in runs:
        pair = (run.ink, run.ground)
        if pair not in seen and not run.is_hidden:
            seen.add(pair)
            if contrast(*pair) < READABLE:
                yield run
