"""Where a publication's files may lie: the one rule that everything which follows links asks."""

from collections.abc import Iterable
from pathlib import Path

_PRIVATE = ("var", "secrets.env")


def lies_within(path: Path, root: Path, folder: Path) -> bool:
    """Whether a file is in its root when links are followed, and is none of what a publication keeps to itself.

    A link may lead somewhere else below the same root. The ledger and the secrets are no part of any root.
    """
    real, home = path.resolve(), folder.resolve()
    return real.is_relative_to(root.resolve()) and not any(real.is_relative_to(home / name) for name in _PRIVATE)


def lies_within_one(path: Path, roots: Iterable[Path], folder: Path) -> bool:
    """Whether a file stands below one of these roots, and `lies_within` it."""
    return any(path.is_relative_to(root) and lies_within(path, root, folder) for root in roots)
