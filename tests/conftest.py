"""What every test may ask for: golden files, hypothesis profiles, a publication to work in."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = [
    "press_room",
    "web_room",
    "chromium",
    "ledger_engines",
]  # the fixtures `room`, `web`, `browser`, `ledger`

GOLDEN = Path(__file__).parent / "golden"

Golden = Callable[[str, str | bytes], None]

settings.register_profile(
    "default",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "soak", database=None, deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure() -> None:
    """Let the programs that tests start hear Ctrl-C, also where a shell started the tests in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew from what the tests see")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`golden(name, seen)` compares `seen` with tests/golden/<name>, byte for byte; --update-golden rewrites it.

    Text is kept as UTF-8 with the line ends it has. Read the diff before accepting it.
    """

    def compare(name: str, seen: str | bytes) -> None:
        path = GOLDEN / name
        data = seen if isinstance(seen, bytes) else seen.encode()
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            return
        if not path.exists():
            pytest.fail(f"no golden file tests/golden/{name}; run pytest --update-golden and read what it wrote")
        kept = path.read_bytes()
        if isinstance(seen, bytes):
            assert data == kept, f"tests/golden/{name} differs; pytest --update-golden accepts the change"
        else:
            assert seen == kept.decode(), f"tests/golden/{name} differs; pytest --update-golden accepts the change"

    return compare


@pytest.fixture(scope="session")
def fresh_gazette(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sparkpub init gazette` makes; only to be copied."""
    from cli_runner import sparkpub

    folder = tmp_path_factory.mktemp("fresh")
    assert sparkpub("init", "gazette", "--now", "2026-01-01", cwd=folder).code == 0
    return folder / "gazette"


@pytest.fixture
def gazette(fresh_gazette: Path, tmp_path: Path) -> Path:
    """A new publication that is the press: one ready issue `hello`, nothing queued, no readers."""
    folder = tmp_path / "gazette"
    shutil.copytree(fresh_gazette, folder)
    return folder
