"""Faults as text, for what is remembered of a look at files until the next one."""

import json
from collections.abc import Iterable
from dataclasses import asdict

from sparkpub.errors import Fault, Severity


def write_faults(faults: Iterable[Fault]) -> str:
    """Faults as JSON, in their order."""
    return json.dumps([asdict(fault) for fault in faults])


def read_faults(text: str) -> tuple[Fault, ...]:
    """The faults that `write_faults` wrote."""
    return tuple(Fault(**{**row, "severity": Severity(row["severity"])}) for row in json.loads(text))
