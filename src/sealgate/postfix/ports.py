"""TCP ports on this machine: which ones a process listens on, and whether an address is free to listen on.

master(8) dies when it cannot bind a port that its new configuration names, and takes the words about it along when
its postlogd goes first. So whoever starts or reloads asks here before. Between the question and the signal another
program may still take the port; then the outcome of the reload tells. Source: proc(5), /proc/net/tcp.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.postfix.listeners import Listener

_LISTEN = "0A"


def listened_on(pid: int) -> frozenset[int]:
    """Return the TCP ports on which a process listens, on any address."""
    own = set(_sockets(pid))
    return frozenset(port for inode, port in _listening() if inode in own)


def taken(wanted: Iterable[Listener], *, by_other_than: int | None = None) -> tuple[Listener, ...]:
    """Return the listeners whose address some program other than that process has."""
    own = listened_on(by_other_than) if by_other_than else frozenset()
    return tuple(one for one in wanted if one.port not in own and not _can_bind(one))


def _can_bind(listener: Listener) -> bool:
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    host = listener.host
    if listener.wildcard:
        host = "::" if family is socket.AF_INET6 else ""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind((host, listener.port))
        except OSError as failure:
            return failure.errno != errno.EADDRINUSE
    return True


def _listening() -> Iterator[tuple[int, int]]:
    """Give inode and port of every listening TCP socket of this network namespace."""
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        with contextlib.suppress(FileNotFoundError):
            for line in table.read_text().splitlines()[1:]:
                columns = line.split()
                if columns[3] == _LISTEN:
                    yield int(columns[9]), int(columns[1].rpartition(":")[2], 16)


def _sockets(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    yield int(target[8:-1])
