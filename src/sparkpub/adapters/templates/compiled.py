"""Compiled templates, kept from one build to the next: to compile a page takes ten times as long as to write it.

What is kept is code. So it lies beside the program's own compiled modules, where only those can write who may change
the program, and never in a publication, which may come from elsewhere.
"""

import os
import secrets
import sys
from contextlib import suppress
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket

_ENDING = ".template"
_SEAL_BYTES = 32
_MOST = 400  # files; each template of each publication is one


class CompiledTemplates(jinja2.BytecodeCache):
    """Where Jinja2 looks before it compiles; nothing is kept where Python itself could not keep a module."""

    def __init__(self, ground: str, folder: Path | None = None) -> None:
        """Know compiled templates of a ground: whatever decides how they are compiled."""
        self._folder = folder or Path(cache_from_source(__file__)).parent
        self._keeps = folder is not None or not sys.dont_write_bytecode
        self._ground = ground.encode()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, if its template was kept on the same ground."""
        with suppress(OSError):
            data = self._path(bucket).read_bytes()
            seal, code = data[:_SEAL_BYTES], data[_SEAL_BYTES:]
            if seal == self._seal(code):
                bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template, if that is possible."""
        if not self._keeps:
            return
        path = self._path(bucket)
        new = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with suppress(OSError):
            try:
                code = bucket.bytecode_to_string()
                new.write_bytes(self._seal(code) + code)
                new.replace(path)
            finally:
                new.unlink(missing_ok=True)
            self._drop_oldest()

    def _seal(self, code: bytes) -> bytes:
        """What code of this ground begins with: a file that a disk lost the end of does not pass."""
        return sha256(self._ground + b"\0" + code).digest()

    def _path(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}{_ENDING}"

    def _drop_oldest(self) -> None:
        """Keep to a number of files: publications come and go."""
        with os.scandir(self._folder) as entries:
            kept = sorted((one.stat().st_mtime_ns, one.path) for one in entries if _ENDING in one.name)
        for _, path in kept[:-_MOST]:
            Path(path).unlink(missing_ok=True)
