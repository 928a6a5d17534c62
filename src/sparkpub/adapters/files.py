"""The publication's files: issues and static files read, everything else written whole or not at all."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sparkpub.bounds import lies_within
from sparkpub.errors import Fault, Severity

# One byte more than an issue may have, so that its parser sees that it is too large.
_ISSUE_BYTES = 1_000_001
_SHOWN_THOUGH_HIDDEN = frozenset({".well-known", ".nojekyll", ".htaccess"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The files of a kind by their paths, each with its stamp, and the faults of those that are left out."""

    stamps: tuple[tuple[str, str], ...]
    faults: tuple[Fault, ...]


def read_issues(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Each `issues/**/*.md` as its path relative to `folder` (with /) and its bytes, in the order of the paths.

    Hidden files, what links out of `issues/` and what cannot be read are left out. Of a file that is too large for
    an issue only as much is read as shows that.
    """
    for path, _ in list_issues(folder).stamps:
        data = read_issue(folder, path)
        if isinstance(data, bytes):
            yield path, data


def read_issue(folder: Path, path: str) -> bytes | Fault | None:
    """The bytes of one issue file by its path in `folder`, None if it is gone: an editor may save by deleting.

    A file that cannot be read is a fault of its own, and keeps no other from going out.
    """
    try:
        with (folder / path).open("rb") as file:
            return file.read(_ISSUE_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        return _unreadable(path, error)


def list_issues(folder: Path) -> Listing:
    """The path of each issue file, as `read_issues` has them, with a stamp: another one after every write.

    The kernel's time of change is in it, which nobody can set back. It moves in steps of a few milliseconds.
    """
    files, faults = _files(folder / "issues", folder)
    stamps = ((path, _stamp(status)) for path, status in files if path.endswith(".md"))
    told = (_as_of_issues(fault, folder) for fault in faults)
    return Listing(stamps=tuple(stamps), faults=tuple(fault for fault in told if fault))


def _as_of_issues(fault: Fault, folder: Path) -> Fault | None:
    """A fault as it matters to issues: pictures beside them may be links, be it by the folder."""
    if fault.path.endswith(".md") or fault.path == "issues":
        return fault
    path = folder / fault.path
    if not path.is_dir():
        return None
    return replace(fault, severity=Severity.WARNING) if path.is_symlink() else fault


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


def list_static(folder: Path) -> tuple[dict[str, tuple[Path, os.stat_result]], tuple[Fault, ...]]:
    """Each file below `static/` by its path there (with /), in the order of the paths: where it is, and its status.

    With them come the faults of those that are left out: no address can be made of some names.
    """
    found: dict[str, tuple[Path, os.stat_result]] = {}
    files, faults = _files(folder / "static", folder)
    for path, status in files:
        if not _is_text(path):
            cure = "rename it: an address is UTF-8"
            faults.append(Fault(path=shown_path(path), line=0, message="its name is not UTF-8", cure=cure))
        elif not os.access(folder / path, os.R_OK):
            faults.append(_unreadable(path, PermissionError(13, os.strerror(13))))
        else:
            found[path.removeprefix("static/")] = (folder / path, status)
    return found, tuple(faults)


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not be there yet, whole or not at all; its folders are made.

    Raises:
        FileExistsError: it is there already; it was left alone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.exists():
        raise FileExistsError(17, "the file is there already", str(path))
    with _beside(path, [data], is_durable=True) as new:
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
    try:
        status = os.stat(path)  # noqa: PTH116 - a site has thousands, and plain calls are quick
    except NotADirectoryError:  # writing tells what stands in the way
        pass
    except FileNotFoundError:
        os.makedirs(path.parent, exist_ok=True)  # noqa: PTH103
    else:
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            path.write_bytes(data)
            return True
        if status.st_size == len(data) and path.read_bytes() == data:
            return False
    _replace(path, data)
    return True


def _replace(path: Path, data: bytes) -> None:
    """Put a finished file in the place of another, if there is one; a site has thousands, and plain calls are quick."""
    new = f"{path.parent}{os.sep}.{secrets.token_hex(8)}.new"
    file = open(new, "xb")  # noqa: PTH123, SIM115 - closed at once
    try:
        with file:
            file.write(data)
        os.replace(new, path)  # noqa: PTH105
    except BaseException:
        os.unlink(new)  # noqa: PTH108
        raise


def write_private(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that its owner alone reads, piece by piece, whole or not at all; a pipe is written into."""
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            file.writelines(pieces)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with _beside(path, pieces, is_durable=False, mode=0o600) as new:
        new.replace(path)


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
def _beside(path: Path, pieces: Iterable[bytes], *, is_durable: bool, mode: int = 0o666) -> Iterator[Path]:
    """A finished file under a temporary name in the folder of `path`, gone at the end unless it was renamed."""
    new = path.with_name(f".{secrets.token_hex(8)}.new")
    try:
        with open(new, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.writelines(pieces)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        yield new
    finally:
        new.unlink(missing_ok=True)


def _files(root: Path, folder: Path) -> tuple[list[tuple[str, os.stat_result]], list[Fault]]:
    """Every regular file below `root` by its path in `folder`, in the order of the paths, and what is left out."""
    found: list[tuple[str, os.stat_result]] = []
    faults: list[Fault] = []
    if not root.resolve().is_relative_to(folder.resolve()):
        return found, [_leads_out(root.name, root)]
    pending, seen = [root.name], set()
    while pending:
        here = pending.pop()
        real = (folder / here).resolve()
        if real in seen:
            continue
        seen.add(real)
        try:
            entries = _entries(folder / here)
        except OSError as error:
            faults.append(_unreadable(here, error))
            continue
        for entry in entries:
            path = f"{here}/{entry.name}"
            looked = _look(entry, path, root, folder)
            if isinstance(looked, Fault):
                faults.append(looked)
            elif looked is not None and stat.S_ISDIR(looked.st_mode):
                pending.append(path)
            elif looked is not None and stat.S_ISREG(looked.st_mode):
                found.append((path, looked))
    return sorted(found), sorted(faults)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds, but for what is hidden; nothing if it is gone."""
    try:
        with os.scandir(folder) as entries:
            return [one for one in entries if not one.name.startswith(".") or one.name in _SHOWN_THOUGH_HIDDEN]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _look(entry: os.DirEntry[str], path: str, root: Path, folder: Path) -> os.stat_result | Fault | None:
    """What an entry is, links followed; its fault if it cannot be used, None for what is gone or leads nowhere."""
    try:
        status = entry.stat()
        is_linked = entry.is_symlink() or root.is_symlink()
        return _leads_out(path, root) if is_linked and not lies_within(Path(entry.path), root, folder) else status
    except PermissionError as error:
        return _unreadable(path, error)
    except (OSError, RuntimeError):
        return None


def _leads_out(path: str, root: Path) -> Fault:
    cure = "put a copy of it there instead of the link"
    return Fault(path=shown_path(path), line=0, message=f"it is a link that leads out of {root.name}/", cure=cure)


def _unreadable(path: str, error: OSError) -> Fault:
    reason = (error.strerror or "it cannot be read").lower()
    return Fault(
        path=shown_path(path), line=0, message=f"it cannot be read: {reason}", cure="check who owns it (`chmod`)"
    )


def _is_text(path: str) -> bool:
    """Whether a path is UTF-8: other bytes in it are read as lone surrogates."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown_path(path: str) -> str:
    """A path as text that survives any way there and back; a name that is no UTF-8 shows its bytes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
