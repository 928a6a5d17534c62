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
    for path, _ in issue_stamps(folder):
        data = read_issue(folder, path)
        if data is not None:
            yield path, data


def read_issue(folder: Path, path: str) -> bytes | None:
    """The bytes of one issue file by its path in `folder`, None if it is gone: an editor may save by deleting."""
    try:
        with (folder / path).open("rb") as file:
            return file.read(_ISSUE_BYTES)
    except FileNotFoundError:
        return None


def issue_stamps(folder: Path) -> Iterator[tuple[str, str]]:
    """The path of each issue file, as `read_issues` has them, with a stamp: another one after every write.

    The kernel's time of change is in it, which nobody can set back. It moves in steps of a few milliseconds.
    """
    root = folder / "issues"
    skipped = len(str(root)) - len("issues")
    for path, status in _files(root, folder):
        if path.endswith(".md"):
            yield path[skipped:], _stamp(status)


def issue_stamp(folder: Path, path: str) -> str | None:
    """The stamp of one issue file, None if there is none at `path`.

    Raises:
        ValueError: that cannot be told from the path alone, for links or folders are in play.
    """
    parts = path.split("/")
    if any(part in ("", "..") for part in parts):
        raise ValueError(path)
    if any(part.startswith(".") and part not in _SHOWN_THOUGH_HIDDEN for part in parts):
        return None
    if (folder / path).parent.resolve() != (folder.resolve() / path).parent:
        raise ValueError(path)
    is_issue = path.endswith(".md")
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        status = (folder / path).lstat()
        if stat.S_ISLNK(status.st_mode) or stat.S_ISDIR(status.st_mode):
            raise ValueError(path)
        return _stamp(status) if is_issue and stat.S_ISREG(status.st_mode) else None
    if is_issue:
        return None
    raise ValueError(path)  # a folder may have been here


def changed_at_ns(stamp: str) -> int:
    """When the file of a stamp was changed last, by its file system's clock."""
    return int(stamp.rpartition(".")[2])


def file_clock_ns(folder: Path) -> int:
    """What the clock says that stamps the files of a folder: a file is written there and taken away again."""
    probe = folder / f".{secrets.token_hex(8)}.new"
    probe.touch()
    try:
        return probe.stat().st_ctime_ns
    finally:
        probe.unlink()


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size}.{status.st_ino}.{status.st_mtime_ns}.{status.st_ctime_ns}"


def read_static(folder: Path) -> Iterator[tuple[str, Path]]:
    """Each file below `static/` as its path there (with /) and where it is, in the order of the paths."""
    root = folder / "static"
    for path, _ in _files(root, folder):
        yield path[len(f"{root}/") :], Path(path)


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


def _files(root: Path, folder: Path) -> list[tuple[str, os.stat_result]]:
    """Every regular file below `root` that lies in `folder` when links are followed, in the order of the paths."""
    home = folder.resolve()
    found: list[tuple[str, os.stat_result]] = []
    pending, seen = [str(root)], set()
    while pending:
        here = pending.pop()
        real = Path(here).resolve()
        if real in seen or not real.is_relative_to(home):
            continue
        seen.add(real)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(here) as entries:
            for entry in entries:
                if entry.name.startswith(".") and entry.name not in _SHOWN_THOUGH_HIDDEN:
                    continue
                path = f"{here}/{entry.name}"
                status = _status_within(entry, home)
                if status is None:
                    continue
                if stat.S_ISDIR(status.st_mode):
                    pending.append(path)
                elif stat.S_ISREG(status.st_mode):
                    found.append((path, status))
    return sorted(found)


def _status_within(entry: os.DirEntry[str], home: Path) -> os.stat_result | None:
    """What an entry is, links followed; None for a file that lies outside `home`, or for what is gone."""
    try:
        status = entry.stat()
        if not entry.is_symlink() or stat.S_ISDIR(status.st_mode) or Path(entry.path).resolve().is_relative_to(home):
            return status
    except (OSError, RuntimeError):
        return None
    return None
