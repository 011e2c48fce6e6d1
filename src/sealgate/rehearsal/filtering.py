"""The mail processing agent in the sealed world: started as a program, as the live one is, on its real port.

It reads the policy file of the release at the live path and becomes its own user before it reads mail. `MailFilter` is
a context manager; `await_greeting` waits until it answers, and `fault` says why it does not. Its log and events are
in a directory of the world's own. Never imported: the filter is a program of its own (`sealed.start_inside`).
"""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sealgate.rehearsal.sealed import start_inside

if TYPE_CHECKING:
    from sealgate.rehearsal.sealed import Process

_MODULE = "sealgate.mpa"
_STARTING = 15.0
"""Seconds in which it greets, on a machine that is busy with other things too."""
_TURN = 0.005


class MailFilter:
    """The filter. `told` holds its policy file, user, the directory for its files, and where its packages are."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.fault = ""
        self._told = told
        self._output = Path(told["directory"]) / "filter.log"
        self._process: Process | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the program."""
        told = self._told
        events = str(Path(told["directory"]) / "events.log")
        words = ["--policy", told["policy"], "--events", events, "--user", told["user"], "--workers", "1"]
        words += ["--drain-seconds", "1"]
        self._process = start_inside(_MODULE, tuple(told["packages"]), words, self._output)

    def stop(self) -> None:
        """End the program, if it was started."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def await_greeting(self) -> None:
        """Wait until it greets where its policy says that it listens; else `fault` says what is wrong."""
        deadline = time.monotonic() + _STARTING
        while time.monotonic() < deadline:
            if self._greets():
                return
            if self._process is None or self._process.poll() is not None:
                self.fault = self._last_words()
                return
            time.sleep(_TURN)
        self.fault = f"it did not greet within {_STARTING:.0f} s"

    def _greets(self) -> bool:
        try:
            listen = json.loads(Path(self._told["policy"]).read_text())["listen"]
            host, _, port = listen.rpartition(":")
            with socket.create_connection((host.strip("[]"), int(port)), 1.0) as connection:
                connection.settimeout(1.0)
                return connection.recv(3) == b"220"
        except (OSError, ValueError, KeyError):
            return False

    def _last_words(self) -> str:
        lines = self._output.read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it ended without a word"
