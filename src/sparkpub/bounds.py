"""Where a publication's files may lie: the one rule that everything which follows links asks."""

from pathlib import Path

_PRIVATE = ("var", "secrets.env")


def lies_within(path: Path, root: Path, folder: Path) -> bool:
    """Whether a file is in its root when links are followed, and is none of what a publication keeps to itself.

    A link may lead somewhere else below the same root. The ledger and the secrets are no part of any root.
    """
    real, home = path.resolve(), folder.resolve()
    return real.is_relative_to(root.resolve()) and not any(real.is_relative_to(home / name) for name in _PRIVATE)
