"""Is a port free, and if not, who has it? Asked before anything is started, so that the answer is one sentence.

A port counts as taken when the kernel would refuse to listen on it: bind(2) decides, with the options that Postfix
uses (SO_REUSEADDR, so that connections just closed do not count). Who holds it is read from proc(5) and is a courtesy:
without root it stays unsaid. Nothing is ever accepted on the ports tried.
"""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.settings import Endpoint

_LISTENING = "0A"  # the state TCP_LISTEN in /proc/net/tcp


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that listens on a port."""

    pid: int
    command: str


def obstacle(endpoint: Endpoint) -> str:
    """Return why nobody can listen there now, in words that end a sentence; empty when it is free."""
    families = [socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET]
    if not endpoint.host:
        families = [socket.AF_INET, socket.AF_INET6]
    for family in families:
        reason = _refusal(family, endpoint)
        if reason:
            return reason
    return ""


def _refusal(family: socket.AddressFamily, endpoint: Endpoint) -> str:
    try:
        probe = socket.socket(family)
    except OSError:
        return ""  # the machine has no IPv6: nothing can be in the way there
    with probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind((endpoint.host, endpoint.port))
        except OSError as fault:
            return _reason(fault, endpoint)
    return ""


def _reason(fault: OSError, endpoint: Endpoint) -> str:
    if fault.errno == errno.EADDRINUSE:
        names = " and ".join(f"{h.command} (process {h.pid})" for h in holders(endpoint.port)[:2])
        return f"is in use by {names or 'another program'}"
    if fault.errno == errno.EADDRNOTAVAIL:
        return "" if not endpoint.host else f"cannot be used: {endpoint.host} is no address of this machine"
    if fault.errno == errno.EACCES:
        return "is for root only"
    return f"cannot be used: {fault.strerror}"


def holders(port: int) -> list[Holder]:
    """Return the processes that listen on a TCP port, the oldest first; those of other users only for root."""
    wanted = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    found = [Holder(pid, _command(pid)) for pid in _processes() if wanted and wanted & set(_open_files(pid))]
    return sorted(found, key=lambda holder: holder.pid)


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _processes() -> Iterator[int]:
    yield from (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def _open_files(pid: int) -> Iterable[str]:
    with suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                yield str(entry.readlink())


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
    return "a program"
