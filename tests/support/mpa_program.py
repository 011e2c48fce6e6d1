"""The MPA as a program of its own, for tests: started, stopped, killed, and its events read.

It runs as the user nobody in a directory under /tmp that nobody can reach, on leased loopback ports, so it does what
an installed one does: begins as root, binds, and drops to its user.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.ports import lease_port
from tests.support.smtp_client import SmtpClient
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).resolve().parents[2] / "src"
USER = "nobody"


class MpaProgram:
    """One MPA; `port` is where it listens. `policy` changes entries of a working policy."""

    def __init__(self, directory: Path, reinject: str, workers: int = 1, **policy: object) -> None:
        self.directory, self.workers = directory, workers
        self.port = lease_port()
        self.policy: dict[str, object] = {
            "format": 1,
            "hostname": "gw.example.test",
            "listen": f"127.0.0.1:{self.port}",
            "reinject": reinject,
            "reinject_connections": 20,
            "after_filter_size_limit": 0,
            "bare_newline": "normalize",
            "hop_limit": 50,
            "own_hop_limit": 10,
            **policy,
        }
        self.policy_path = directory / "policy.json"
        self.events_path = directory / "log" / "events.log"
        self.events_path.parent.mkdir(exist_ok=True)
        os.chown(self.events_path.parent, pwd.getpwnam(USER).pw_uid, -1)
        self.write_policy()
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def temporary(cls, reinject: str, workers: int = 1, **policy: object) -> Iterator[MpaProgram]:
        """Give an MPA that is not started yet, in a fresh directory; at the end stop it and remove all."""
        directory = Path(tempfile.mkdtemp(prefix="sg-mpa-", dir="/tmp"))
        directory.chmod(0o755)
        program = cls(directory, reinject, workers, **policy)
        try:
            yield program
        finally:
            program.stop()
            shutil.rmtree(directory, ignore_errors=True)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, as a socket address."""
        return ("127.0.0.1", self.port)

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        assert self._process is not None
        return self._process.pid

    def write_policy(self, **changes: object) -> None:
        """Write the policy file, with these entries changed for good."""
        self.policy |= changes
        self.policy_path.write_text(json.dumps(self.policy))

    def start(self, *options: str) -> None:
        """Start it and wait until it greets."""
        self._process = self.launch(*options)
        self.wait_until_greeting()

    def launch(self, *options: str) -> subprocess.Popen[bytes]:
        """Start the program and return at once; for starts that fail."""
        command = [sys.executable, "-m", "sealgate.mpa", "--user", USER, "--workers", str(self.workers)]
        with (self.directory / "stderr").open("ab") as output:
            return subprocess.Popen(
                [*command, "--policy", str(self.policy_path), "--events", str(self.events_path), *options],
                stdin=subprocess.DEVNULL,
                stderr=output,
                start_new_session=True,
                env=dict(os.environ, PYTHONPATH=str(SOURCE)),
            )

    def wait_until_greeting(self) -> None:
        """Wait until a worker answers."""
        wait_until(self._greets, "the MPA greets")

    def _greets(self) -> bool:
        try:
            with SmtpClient(self.address, 1) as client:
                return client.banner.code == 220
        except OSError:
            return False

    def stop(self) -> int:
        """Ask it to end, wait, return its exit status; safe to repeat."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(60)
        self._process = None
        return status

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the supervisor."""
        os.kill(self.pid, number)

    def reload(self) -> None:
        """Send SIGHUP and wait until every worker has read the policy (or found it unreadable)."""
        before = self._policy_lines()
        self.signal(signal.SIGHUP)
        wait_until(lambda: self._policy_lines() >= before + self.workers, "every worker has reloaded")

    def _policy_lines(self) -> int:
        return self.said("has read the policy") + self.said("is answered 451")

    def kill_all(self) -> None:
        """SIGKILL the supervisor and its workers at once."""
        pids = [self.pid, *self.worker_pids()]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(10)
        self._process = None
        wait_until(lambda: not any(map(is_running, pids)), "all processes are gone")

    def worker_pids(self) -> list[int]:
        """Return the process ids of the workers that run now."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def stderr(self) -> str:
        """Return what the program said so far."""
        return (self.directory / "stderr").read_text()

    def said(self, words: str) -> int:
        """Return how many lines of its log contain `words`."""
        return sum(words in line for line in self.stderr().splitlines())

    def events(self) -> list[dict[str, Any]]:
        """Return the events written so far."""
        return [json.loads(line) for line in self.events_path.read_text().splitlines()]

    def wait_for_events(self, count: int) -> list[dict[str, Any]]:
        """Return the events once there are at least `count`."""
        wait_until(lambda: len(self.events()) >= count, f"{count} events in the log")
        return self.events()


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}
