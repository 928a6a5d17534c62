"""Findings as SARIF 2.1.0, which code hosts show beside the lines they are about."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from sparkpub import __version__
from sparkpub.core.lint import LINTS
from sparkpub.errors import Fault, Severity

_LEVELS = {Severity.FAULT: "error", Severity.WARNING: "warning", Severity.ADVICE: "note"}
_UNREADABLE = "SPK000"


def sarif_report(findings: Iterable[Fault]) -> bytes:
    """One SARIF log with every finding, in the order given; faults without a code are SPK000."""
    known = [_rule(_UNREADABLE, "The file cannot be used", Severity.FAULT)]
    known += [_rule(lint.code, lint.summary, lint.severity) for lint in LINTS.values()]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "sparkpub", "version": __version__, "rules": known}},
                "results": [_result(finding) for finding in findings],
            }
        ],
    }
    return (json.dumps(log, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def _rule(code: str, summary: str, severity: Severity) -> dict[str, Any]:
    """What a code means."""
    return {
        "id": code,
        "shortDescription": {"text": summary},
        "defaultConfiguration": {"level": _LEVELS[severity]},
    }


def _result(finding: Fault) -> dict[str, Any]:
    """One finding in its place."""
    text = f"{finding.message}; {finding.cure}" if finding.cure else finding.message
    return {
        "ruleId": finding.code or _UNREADABLE,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(finding.path.encode("utf-8", "backslashreplace"))},
                    "region": {"startLine": max(finding.line, 1)},
                }
            }
        ],
    }
