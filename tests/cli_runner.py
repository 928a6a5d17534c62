"""Run sparkpub as a person does: in this process, in one of its own, or at a terminal."""

import contextlib
import fcntl
import io
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparkpub.cli import main

CTRL_C = "\x03"
SPARKPUB = [sys.executable, "-m", "sparkpub"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one command came to: its exit code, what it wrote out and what it said on the error stream."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on the output."""
        return json.loads(self.out)


def sparkpub(*args: str, cwd: Path) -> Ran:
    """`sparkpub ARGS` in the folder `cwd`, in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    code: Any = None
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(list(args))
        except SystemExit as end:
            code = end.code
    return Ran(code=code, out=_written(out), err=_written(err))


def _written(stream: io.TextIOWrapper) -> str:
    """Everything that was written to a stream of ours."""
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def process(*args: str, cwd: Path, **more: Any) -> Ran:
    """`sparkpub ARGS` as a process of its own, its output in pipes."""
    done = subprocess.run([*SPARKPUB, *args], cwd=cwd, capture_output=True, check=False, timeout=60, **more)
    return Ran(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


def at_terminal(*args: str, cwd: Path, typed: str = "", after: str = "", columns: int = 80) -> tuple[int, str]:
    """The exit code and the screen of `sparkpub ARGS` at a terminal; `typed` is typed once `after` is shown."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environ = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")} | {"TERM": "xterm-256color"}
    running = subprocess.Popen(
        [*SPARKPUB, *args],
        cwd=cwd,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environ,
        start_new_session=True,
        preexec_fn=_take_terminal,  # noqa: PLW1509 - no threads here
    )
    os.close(slave)
    screen, again = b"", 0.0
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:  # its other end is closed
                break
            if not data:
                break
            screen += data
        if typed and after.encode() in screen and time.monotonic() > again:
            time.sleep(0.1)  # until it reads, which is a moment after it asks
            os.write(master, typed.encode())
            # A signal that comes before the reading is lost to Python, so it is sent again.
            typed, again = (typed if typed == CTRL_C else ""), time.monotonic() + 3
    os.close(master)
    return running.wait(timeout=10), screen.decode().replace("\r\n", "\n")


def _take_terminal() -> None:
    """In a new session: make its input the terminal that Ctrl-C is typed at."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def write_issue(folder: Path, name: str, front: str, body: str = "The text of this piece, in one sentence.\n") -> Path:
    """An issue file with this front matter; id and status ready are added where it has none."""
    lines = [f"id: {name}"] if "id:" not in front.split() else []
    lines += ["status: ready"] if "status:" not in front else []
    path = folder / "issues" / f"{name}.md"
    path.write_text("\n".join(["---", *lines, front.strip(), "---", body]), encoding="utf-8")
    return path


def without_placeholders(folder: Path) -> None:
    """Write other words where `init` left its own."""
    path = folder / "sparkpub.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in (
        ("Your Newsletter", "T"),
        ("newsletter.example.org", "t.example.org"),
        ("Your Name, Your Street", "S"),
    ):
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def rehearse_by_smtp(folder: Path) -> None:
    """Let a publication mail through a relay that is not there."""
    path = folder / "sparkpub.toml"
    text = path.read_text(encoding="utf-8").replace('transport = "maildir"', 'transport = "smtp"')
    path.write_text(f'{text}\n[smtp.main]\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n', encoding="utf-8")
