"""Stand-ins for what a candidate names and the sealed world does not have (`outside`), each at its own address.

They listen before Postfix starts, where Postfix will connect: on the gateway when the address is loopback or the
gateway's own, else in the artificial internet; a Unix socket below the queue directory stands there, one elsewhere is
a link to the stage's own directory (`links`). They answer as `neutral_services` and `passing_filter` say, until the
world ends. `asked` tells how many connections each one had. Where no stand-in can be, `faults` says why: what depends
on it fails as it would without.

A filter hands on to an smtpd on loopback that does not filter in this way itself.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealgate.rehearsal import neutral_services
from sealgate.rehearsal.outside import Kind, Outsider, Where
from sealgate.rehearsal.passing_filter import PassingFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sealgate.postfix.parameters import ReadBack
    from sealgate.rehearsal.network import Place

_IP_FREEBIND = 15
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/proc", "/dev")
_PATIENCE = 120.0
_DIALOGUES: dict[Kind, Callable[[socket.socket], None]] = {
    Kind.MILTER: neutral_services.milter,
    Kind.POLICY: neutral_services.policy,
    Kind.LOGIN: neutral_services.login,
    Kind.SOCKETMAP: neutral_services.socketmap,
    Kind.TCP: neutral_services.tcp_table,
}
_LEFT_OPEN = {
    Kind.MILTER: "was replaced by one that lets everything pass",
    Kind.POLICY: "was replaced by one that answers DUNNO",
    Kind.LOGIN: "was replaced by one that refuses every login",
    Kind.SOCKETMAP: "was replaced by one that finds nothing",
    Kind.TCP: "was replaced by one that finds nothing",
    Kind.PROGRAM: "was replaced by an empty one",
    Kind.PROXY: "was replaced by one that passes everything on",
    Kind.FILTER: "was replaced by one that passes everything on",
}


def left_open(one: Outsider) -> str:
    """Return what a report says of an outsider that was replaced."""
    return f"{one} ({one.parameter}) {_LEFT_OPEN[one.kind]}"


def links(found: Iterable[Outsider], taken: Iterable[str], directory: str) -> dict[str, str]:
    """Return the symbolic links that the world must have, so that absolute socket names lead to the stage's own.

    `taken` are directories of the world where no link can be: what is shown there cannot be written.
    """
    places = (*taken, *_SYSTEM)
    return {
        one.where.path: f"{directory}/{name_of(number)}"
        for number, one in enumerate(found)
        if one.where.path.startswith("/") and not any(Path(one.where.path).is_relative_to(place) for place in places)
    }


def name_of(number: int) -> str:
    """Return the name of an outsider's socket in the stage's own directory."""
    return f"stand-in{number}"


class StandIns:
    """The stand-ins of one world.

    `fresh` are the directories that can be written, the queue directory first; `directory` is the stage's own. `inner`
    are the gateway's own addresses, `behind` the listeners that filters hand mail on to.
    """

    def __init__(
        self,
        found: Iterable[Outsider],
        internet: Place,
        fresh: Sequence[Path],
        directory: Path,
        *,
        inner: frozenset[str] = frozenset(),
        behind: Mapping[Kind, tuple[str, int]] | None = None,
    ) -> None:
        self._found = tuple(found)
        self._internet, self._inner = internet, inner
        self._fresh, self._directory = fresh, directory
        self._behind = behind or {}
        self._lock = threading.Lock()
        self.asked: dict[str, int] = {}
        self.faults: dict[str, str] = {}

    def serve(self) -> None:
        """Listen and answer from now on."""
        for number, one in enumerate(self._found):
            if one.kind is Kind.PROGRAM:
                continue
            try:
                listeners = list(self._listeners(number, one.where))
            except OSError as failure:
                self.faults[str(one)] = failure.strerror or str(failure)
                continue
            for listener in listeners:
                threading.Thread(target=self._accept, args=(listener, one), daemon=True).start()

    def _listeners(self, number: int, where: Where) -> Iterator[socket.socket]:
        if where.path:
            path = self._fresh[0] / where.path  # an absolute path replaces the directory
            inside = any(path.is_relative_to(place) for place in self._fresh)
            yield _unix(path if inside else self._directory / name_of(number))
            return
        addresses = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
        for family, _, _, _, address in dict.fromkeys(addresses):
            host, port = str(address[0]), int(address[1])
            if ipaddress.ip_address(host).is_loopback or host in self._inner:
                yield _inet(family, host, port)
            else:
                yield self._internet.call(partial(_inet, family, host, port))

    def _accept(self, listener: socket.socket, one: Outsider) -> None:
        dialogue = _DIALOGUES.get(one.kind) or PassingFilter(self._behind.get(one.kind), lmtp=one.lmtp)
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with self._lock:
                    self.asked[str(one)] = self.asked.get(str(one), 0) + 1
                threading.Thread(target=_hold, args=(dialogue, connection), daemon=True).start()


def behind_filters(read: ReadBack) -> dict[Kind, tuple[str, int]]:
    """Return the address that each kind of filter hands mail on to: an smtpd on loopback without such a filter.

    Own lines stand last, so a listener of theirs is taken before Sealgate's.
    """
    found: dict[Kind, tuple[str, int]] = {}
    for service in read.services:
        host, _, port = service.name.rpartition(":")
        loopback = host in {"localhost", "[::1]"} or host.startswith("127.")
        if service.kind != "inet" or service.command != "smtpd" or not loopback or not port.isdigit():
            continue
        if read.value(service.key, "smtpd_proxy_filter"):
            continue
        found[Kind.PROXY] = (host.strip("[]"), int(port))
        if not read.value(service.key, "content_filter"):
            found[Kind.FILTER] = found[Kind.PROXY]
    return found


def _hold(dialogue: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError, ValueError):
        connection.settimeout(_PATIENCE)
        dialogue(connection)


def _unix(path: Path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(path))
        os.chmod(path, 0o666)  # noqa: PTH101, S103 - whoever Postfix runs as
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _inet(family: Any, host: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_IP, _IP_FREEBIND, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
