"""Hearing what Postfix says before it knows where its log is.

A program that fails before it has read main.cf logs to `POSTLOG_SERVICE`, or else to /dev/log, which may not exist:
then the reason is lost (postfix.md fact 5). This socket stands at `public/postlog` while master starts; master's own
postlog service, when there is one, replaces it. It must be drained: the queue of a datagram socket holds ten messages
and Postfix waits when it is full. Sources: postlogd(8), POSTLOG_SERVICE in postconf(5) import_environment.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


class EarlyLog:
    """A datagram socket at `path`, readable without waiting; a context manager that removes what it made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._inode = 0

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        self._socket.bind(str(self.path))
        self.path.chmod(0o666)
        self._inode = self.path.stat().st_ino
        self._socket.setblocking(False)
        return self

    def __exit__(self, *_: object) -> None:
        self.drain()
        self._socket.close()
        if self.path.exists() and self.path.stat().st_ino == self._inode:
            self.path.unlink()

    def drain(self) -> list[str]:
        """Take what has come since the last call; `lines` keeps all of it."""
        came = []
        try:
            while True:
                came.append(self._socket.recv(1 << 16).decode("utf-8", "replace").rstrip())
        except BlockingIOError:
            self.lines += came
            return came

    def fileno(self) -> int:
        """Return the descriptor, to wait on."""
        return self._socket.fileno()


def environment(path: Path) -> dict[str, str]:
    """Return what a program needs in its environment to log there."""
    return {"POSTLOG_SERVICE": str(path), "POSTLOG_HOSTNAME": os.uname().nodename}
