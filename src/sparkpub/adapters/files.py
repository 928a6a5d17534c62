"""The publication's files: issues and static files read, everything else written whole or not at all."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

# One byte more than an issue may have, so that its parser sees that it is too large.
_ISSUE_BYTES = 1_000_001
_SHOWN_THOUGH_HIDDEN = frozenset({".well-known", ".nojekyll", ".htaccess"})


def read_issues(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Each `issues/**/*.md` as its path relative to `folder` (with /) and its bytes, in the order of the paths.

    Hidden files and what links out of the folder are left out. Of a file that is too large for an issue only as
    much is read as shows that.
    """
    for path in _files(folder / "issues", folder):
        if not path.name.endswith(".md"):
            continue
        with contextlib.suppress(FileNotFoundError):  # an editor may save by deleting
            with path.open("rb") as file:
                data = file.read(_ISSUE_BYTES)
            yield path.relative_to(folder).as_posix(), data


def read_static(folder: Path) -> Iterator[tuple[str, Path]]:
    """Each file below `static/` as its path there (with /) and where it is, in the order of the paths."""
    root = folder / "static"
    for path in _files(root, folder):
        yield path.relative_to(root).as_posix(), path


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not be there yet, whole or not at all; its folders are made.

    Raises:
        FileExistsError: it is there already; it was left alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.exists():
        raise FileExistsError(17, "the file is there already", str(path))
    with _beside(path, data, is_durable=True) as new:
        try:
            os.link(new, path)  # unlike a rename it never replaces what came meanwhile
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            new.rename(path)


def write_if_changed(path: Path, data: bytes) -> bool:
    """Write a file unless it has these bytes already; returns whether it was written. Its folders are made.

    A crash leaves the old file or the new one. It is not forced to disk: what is written so can be built again.
    A device or a pipe is written into, never replaced.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            path.write_bytes(data)
            return True
        if status.st_size == len(data) and path.read_bytes() == data:
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with _beside(path, data, is_durable=False) as new:
        new.replace(path)
    return True


def remove(path: Path, *, up_to: Path | None = None) -> None:
    """Remove a file if it is there, and the folders below `up_to` that this leaves empty."""
    path.unlink(missing_ok=True)
    if up_to is None:
        return
    for folder in path.parents:
        if folder == up_to or up_to not in folder.parents:
            return
        try:
            folder.rmdir()
        except OSError:
            return


@contextlib.contextmanager
def _beside(path: Path, data: bytes, *, is_durable: bool) -> Iterator[Path]:
    """A finished file under a temporary name in the folder of `path`, gone at the end unless it was renamed."""
    new = path.with_name(f".{secrets.token_hex(8)}.new")
    try:
        with new.open("xb") as file:
            file.write(data)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        yield new
    finally:
        new.unlink(missing_ok=True)


def _files(root: Path, folder: Path) -> Iterator[Path]:
    """Every regular file below `root` that lies in `folder` when links are followed, in the order of the paths."""
    home = folder.resolve()
    found: list[Path] = []
    pending, seen = [root], set()
    while pending:
        here = pending.pop()
        real = here.resolve()
        if real in seen or not real.is_relative_to(home):
            continue
        seen.add(real)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(here) as entries:
            for entry in entries:
                if entry.name.startswith(".") and entry.name not in _SHOWN_THOUGH_HIDDEN:
                    continue
                path = here / entry.name
                if _is_folder(path):
                    pending.append(path)
                elif _is_file_within(path, home):
                    found.append(path)
    yield from sorted(found, key=lambda path: path.as_posix())


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder, through links too."""
    with contextlib.suppress(OSError):
        return stat.S_ISDIR(path.stat().st_mode)
    return False


def _is_file_within(path: Path, home: Path) -> bool:
    """Whether a path is a regular file (no pipe, no device) that lies in `home`, links followed."""
    with contextlib.suppress(OSError, RuntimeError):
        return stat.S_ISREG(path.stat().st_mode) and path.resolve().is_relative_to(home)
    return False
