"""What every test may rely on: places that service users can enter, bounded searches, a closed network.

Tests start real programs under other users (`sealgate-mpa`, `postfix`, `postgres`), and pytest's own
temporary directories are for root's eyes only. So the base directory is made here with mode 0755, short
enough for Unix sockets (108 bytes), and `tmp_path` is traversable by everybody. What a failed run leaves
behind stays for reading.

No test reaches the internet: a connection to anything but loopback fails, except from a network namespace
that the test made itself.
"""

from __future__ import annotations

import gc
import ipaddress
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.outside_sources import OutsideSources
    from tests.support.published import Published

    from sealgate.services.gateway import Gateway

hypothesis.settings.register_profile("project", deadline=None, print_blob=True)
hypothesis.settings.register_profile("thorough", parent=hypothesis.settings.get_profile("project"), max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "project"))


_OWN_BASE = pytest.StashKey[Path]()


def _everybody_may_enter(directory: Path) -> bool:
    return all(place.stat().st_mode & stat.S_IXOTH for place in (directory, *directory.parents))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give pytest a base directory that other users can enter; workers of xdist take theirs below it."""
    if hasattr(config, "workerinput") or config.option.basetemp:
        return
    parent = Path(tempfile.gettempdir()).resolve()
    parent = parent if _everybody_may_enter(parent) else Path("/tmp")
    base = Path(tempfile.mkdtemp(prefix="sgt-", dir=parent))
    config.option.basetemp = base
    config.stash[_OWN_BASE] = base


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Open the base directory, which pytest has just made anew with mode 0700, for other users."""
    session.config._tmp_path_factory.getbasetemp().chmod(0o755)  # type: ignore[attr-defined]


def pytest_collection_finish() -> None:
    """Keep the tests themselves out of every later search for garbage: they are many, and stay till the end."""
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remove the base directory unless there is a failure to look at."""
    base = session.config.stash.get(_OWN_BASE, None)
    if base is not None and exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """This test's own directory: empty, owned by the caller, and every user of the machine may enter it."""
    tmp_path.chmod(0o755)
    return tmp_path


_HOME_NETWORK = Path("/proc/self/ns/net").readlink()


def _only_loopback(event: str, args: tuple[object, ...]) -> None:
    if event != "socket.connect" or not isinstance(args[1], tuple):
        return
    host = str(args[1][0]).partition("%")[0]
    try:
        harmless = ipaddress.ip_address(host).is_loopback
    except ValueError:
        harmless = host in {"localhost", ""}
    if not harmless and Path("/proc/thread-self/ns/net").readlink() == _HOME_NETWORK:
        message = f"a test tried to reach {host}: only loopback and namespaces of the test's own are allowed"
        raise OSError(message)


sys.addaudithook(_only_loopback)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return the directory of a gateway of this test's own; nothing of it runs."""
    from tests.support.control_half import make_directory

    make_directory(tmp_path / "gw")
    return tmp_path / "gw"


@pytest.fixture
def gateway(directory: Path) -> Iterator[Gateway]:
    """Give the control half of the gateway in `directory`; other fixtures of that name are whole gateways."""
    from sealgate.services.gateway import Gateway
    from sealgate.settings import Settings

    opened = Gateway.open(Settings.load(directory))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def lists_outside() -> Iterator[OutsideSources]:
    """Run the outside that publishes lists of networks, one for each process of tests."""
    from tests.support.outside_sources import OutsideSources

    with OutsideSources() as outside:
        yield outside


@pytest.fixture
def published(lists_outside: OutsideSources) -> Published:
    """Return a list at an address, which the test changes; the outside is empty but for it."""
    from tests.support.published import Published

    lists_outside.forget()
    return Published(lists_outside)


@pytest.fixture
def fetching(published: Published, directory: Path) -> Published:
    """Let the gateway in `directory`, which is opened afterwards, fetch lists from there."""
    (directory / "sealgate.toml").write_text(published.settings)
    return published
