"""Hear of changed files: watchfiles on the folders that editors write in."""

import contextlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import watchfiles

_FOLDERS = ("issues", "templates", "static")
_FILE = "sparkpub.toml"
# What editors write beside a file while they save it.
_PASSING = re.compile(r"^\.|~$|\.(sw[a-z]|tmp|bak|crdownload|part)$|^#.*#$|^4913$|___jb_")
_STEP_MS, _DEBOUNCE_MS, _BREATH_MS = 40, 400, 500

Changed = Callable[[frozenset[str]], None]


class _Ending:
    """An event that is set when either of two is."""

    def __init__(self, stop: threading.Event, again: threading.Event) -> None:
        self._stop, self._again = stop, again

    def is_set(self) -> bool:
        """Whether the watching is to end."""
        return self._stop.is_set() or self._again.is_set()


def watch(folder: Path, changed: Changed, stop: threading.Event, *, beside: Iterable[Path] = ()) -> None:
    """Tell `changed` the paths of changed files until `stop` is set; it returns within half a second then.

    Paths are relative to `folder`, with /; those `beside` it are absolute. Each time the watching has begun (anew)
    `changed` is called with no paths: what changed before may have gone unheard.
    """
    again = threading.Event()
    thread = threading.Thread(target=_watch_top, args=(folder, changed, stop, again), name="watch-top")
    thread.start()
    try:
        while not stop.is_set():
            again.clear()
            places = [place for place in (*(folder / name for name in _FOLDERS), *beside) if place.is_dir()]
            if not places:
                again.wait(_BREATH_MS / 1000)
                continue
            for paths in _changes(places, _Ending(stop, again), recursive=True):
                kept = frozenset(path for path in (_shown(path, folder) for path in paths) if not _is_passing(path))
                if kept or not paths:
                    changed(kept)
    finally:
        thread.join()


def _watch_top(folder: Path, changed: Changed, stop: threading.Event, again: threading.Event) -> None:
    """Watch the settings, and whether folders come and go."""
    for paths in _changes([folder], stop, recursive=False):
        names = {Path(path).name for path in paths if Path(path).parent == folder}
        if names & set(_FOLDERS):
            again.set()
        if _FILE in names or not paths:
            changed(frozenset(names & {_FILE}))


def _changes(places: list[Path], ending: threading.Event | _Ending, *, recursive: bool) -> Iterator[frozenset[str]]:
    """Sets of changed paths; the first, empty one says that the watching has begun."""
    polls = False
    while not ending.is_set():
        has_begun = False
        try:
            for found in watchfiles.watch(
                *places,
                watch_filter=None,
                step=_STEP_MS,
                debounce=_DEBOUNCE_MS,
                stop_event=ending,
                rust_timeout=_BREATH_MS,
                yield_on_timeout=True,
                raise_interrupt=False,
                recursive=recursive,
                force_polling=polls or None,
                ignore_permission_denied=True,
            ):
                if found or not has_begun:
                    yield frozenset(path for _, path in found)
                has_begun = True
        except FileNotFoundError:  # a folder went away between the look and the watch
            return
        except OSError:
            if polls:
                raise
            polls = True  # the system has no more watches to give: look at the files instead
        except RuntimeError:  # a name that is no text: nothing else is known, so everything may have changed
            yield frozenset()
            threading.Event().wait(_BREATH_MS / 1000)
        else:
            return


def _is_passing(path: str) -> bool:
    """Whether a file is none of the publication's: hidden, or an editor's own."""
    parts = path.rpartition("/")[2:] if path.startswith("/") else path.split("/")
    return any(_PASSING.search(part) for part in parts)


def _shown(path: str, folder: Path) -> str:
    """A path relative to the folder, or as it is."""
    with contextlib.suppress(ValueError):
        return Path(path).relative_to(folder).as_posix()
    return path
