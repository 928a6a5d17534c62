"""The folder of the site while it is built: what is ours in it, what is up to date, what has to go."""

import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path, PurePosixPath

from sparkpub.adapters.clock import boot_id
from sparkpub.adapters.files import remove, write_if_changed
from sparkpub.adapters.site_cache import Left, SiteCache
from sparkpub.core.site import Output

_HALF = re.compile(r"\.[0-9a-f]{16}\.new")  # what adapters.files calls a file until it is whole


@dataclass(slots=True)
class Folder:
    """The folder of the site while it is built.

    `cache` names all that builds of ours may have left in `out`; `claimed` are the files of this build, `changed`
    those of them that had to be written, and `shadowed` those whose places were taken.
    """

    out: Path
    cache: SiteCache
    claimed: set[str] = field(default_factory=set)
    changed: list[str] = field(default_factory=list)
    shadowed: list[str] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _former: dict[str, Left] = field(default_factory=dict)
    _unsaved: dict[str, Left] = field(default_factory=dict)
    _was_finished: bool = True
    _is_same_boot: bool = True

    def __post_init__(self) -> None:
        """Remember what is there, and that it is being changed."""
        self._former = self.cache.outputs()
        self._was_finished = bool(self.cache.fact("left")) or not self._former
        # After a power cut a file may have its size and time but not its bytes: then it is read before it is trusted.
        self._is_same_boot = self.cache.fact("boot") == boot_id()
        self.cache.set_fact("left", "")

    def claim(self, outputs: Iterable[Output]) -> list[Output]:
        """Those of the outputs whose places are free; they are ours from now on, whatever happens next."""
        mine = []
        new = []
        for output in outputs:
            file = output.file
            folders = _folders(file)
            if file in self.claimed or file in self._taken or not self.claimed.isdisjoint(folders):
                self.shadowed.append(file)
                continue
            self.claimed.add(file)
            self._taken.update(folders)
            mine.append(output)
            if file not in self._former:
                new.append(file)
        with self.cache.transaction():
            self.cache.claim(new)
        return mine

    def is_current(self, output: Output, key: str) -> bool:
        """Whether a file was left by a build that made it from the same, and has its bytes still."""
        file = output.file
        left = self._former.get(file)
        if left is None or left.key != key:
            return False
        try:
            stat = os.stat(f"{self.out}{os.sep}{file}")  # noqa: PTH116 - a Path for each of thousands takes longer
            if self._is_same_boot and (stat.st_size, stat.st_mtime_ns) == (left.size, left.mtime):
                return True
            path = self.out / file
            if path.is_symlink() or stat.st_size != left.size or _digest(path.read_bytes()) != left.digest:
                return False
        except OSError:
            return False
        self._unsaved[file] = Left(
            key=key, size=left.size, mtime=stat.st_mtime_ns, digest=left.digest, is_page=left.is_page
        )
        return True

    def write(self, output: Output, key: str, data: bytes) -> None:
        """Bring one file up to date."""
        self._make_room(output.file)
        path = self.out / output.file
        if write_if_changed(path, data):
            self.changed.append(output.file)
        mtime = os.stat(path).st_mtime_ns  # noqa: PTH116 - of what was just written
        self._unsaved[output.file] = Left(
            key=key, size=len(data), mtime=mtime, digest=_digest(data), is_page=output.is_page
        )

    def save(self) -> None:
        """Remember what was written up to now."""
        with self.cache.transaction():
            self.cache.put_outputs(self._unsaved)
        self._unsaved.clear()

    def finish(self, key: str) -> int:
        """Remove what earlier builds wrote and this one did not claim; returns how many files that were.

        `key` is that of all that the site was made from.
        """
        gone = sorted(self._former.keys() - self.claimed)
        removed = sum(self._remove(name) for name in gone)
        if not self._was_finished:
            self._sweep_halves(self._former.keys() | self.claimed)
        with self.cache.transaction():
            self.cache.put_outputs(self._unsaved)
            self.cache.forget(gone)
            self.cache.set_fact("boot", boot_id())
            self.cache.set_fact("left", key)
        return removed

    def _sweep_halves(self, names: Collection[str]) -> None:
        """Remove the half-written files that a killed build may have left beside ours."""
        for folder in {(self.out / name).parent for name in names}:
            if folder.is_dir() and folder.resolve().is_relative_to(self.out.resolve()):
                for path in folder.iterdir():
                    if _HALF.fullmatch(path.name):
                        remove(path, up_to=self.out)

    def _make_room(self, name: str) -> None:
        """Where a former build had a file and there is to be a folder, or the other way round, the former goes."""
        if not self._former:
            return
        if (self.out / name).is_dir():
            for former in sorted(self._former):
                if former.startswith(f"{name}/"):
                    self._remove(former)
        for folder in _folders(name):
            if folder in self._former and (self.out / folder).is_file():
                self._remove(folder)

    def _remove(self, name: str) -> int:
        """Remove one file of ours, and folders that are empty then; 1 if it was there."""
        path, root = self.out / name, self.out.resolve()
        is_ours = ".." not in PurePosixPath(name).parts and path.parent.resolve().is_relative_to(root)
        if not is_ours or not path.is_file():
            return 0
        remove(path, up_to=self.out)
        return 1


def _folders(file: str) -> list[str]:
    """The folders that a file stands in, below that of the site."""
    parts = file.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _digest(data: bytes) -> str:
    """Tells bytes apart."""
    return blake2b(data, digest_size=16).hexdigest()
