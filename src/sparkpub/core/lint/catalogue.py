"""All lints together."""

from collections.abc import Mapping

from sparkpub.core.lint import (
    addresses,
    clients,
    pictures,
    prose,
    rules,
    shelves,
    sight,
    skeleton,
    structure,
    titles,
    trust,
    weight,
)
from sparkpub.core.lint.registry import MANUSCRIPT_LINTS, PROOF_LINTS, SHELF_LINTS, Lint
from sparkpub.core.lint.rot import GONE

__all__ = ["LINTS", "MANUSCRIPT_LINTS", "PROOF_LINTS", "SHELF_LINTS"]

# Importing them registered their lints.
_LINT_MODULES = (addresses, clients, pictures, prose, rules, shelves, sight, skeleton, structure, titles, trust, weight)

LINTS: Mapping[str, Lint] = {
    lint.code: lint
    for lint in sorted((*MANUSCRIPT_LINTS, *PROOF_LINTS, *SHELF_LINTS, GONE), key=lambda lint: lint.code)
}
"""Every lint by its code, in order."""
