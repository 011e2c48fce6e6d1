"""Loopback ports for tests that must know a port before the program that listens on it starts.

`lease_port()` promises a port on which nobody listens and which no other test of this machine gets while
this process lives: an exclusive lock on a file per port keeps it. The ports lie below the kernel's ephemeral
range, so no outgoing connection takes one by accident. A program that can bind to port 0 needs none of this.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
from pathlib import Path

_DIRECTORY = Path("/tmp/sealgate-test-ports")
_FIRST, _LAST = 12000, 32000
_held: dict[int, int] = {}  # port → descriptor of its lock file; the locks end with this process


def lease_port() -> int:
    """Return a free loopback port that stays ours until it is released, or this process ends."""
    _DIRECTORY.mkdir(mode=0o777, exist_ok=True)
    while True:
        port = random.SystemRandom().randrange(_FIRST, _LAST)
        lock = os.open(_DIRECTORY / str(port), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        if _nobody_listens(port):
            _held[port] = lock
            return port
        os.close(lock)


def release_port(port: int) -> None:
    """Give a leased port back, when nothing of the test listens on it any more."""
    os.close(_held.pop(port))


def _nobody_listens(port: int) -> bool:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True
