"""The staged release at work inside the sealed world: start it, wake every daemon, let strangers ask.

`perform` runs in the world that `sealed` made. The release starts from its own bytes, on its own paths and ports.
Then every listener must greet, every daemon of master.cf is woken (a daemon reads its parameters when it starts, so a
bad value for any program shows here and not with the first mail), and every smtpd is asked for a recipient by a
stranger and from loopback, so that restrictions are evaluated. Nothing is judged here: the answer holds facts,
`judging` reads them.

Sources: master(5); the daemons speak first on their sockets (attr_print0(3)).
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import NodeFailed
from sealgate.postfix.command import Programs
from sealgate.postfix.complaints import complaints
from sealgate.postfix.logfile import LogFile, Position
from sealgate.postfix.master import Instance, InstancePaths, Outcome
from sealgate.postfix.parameters import values
from sealgate.postfix.rewrite import Rewrite
from sealgate.postfix.spool import Accounts
from sealgate.postfix.tables import Tables, TableType
from sealgate.rehearsal.callers import call_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.postfix.parameters import Service

_SILENT_PROGRAMS = {"pickup", "qmgr", "nqmgr", "oqmgr", "postlogd", "spawn", "postscreen"}
"""Daemons that never speak first on their socket (pickup and the queue manager start with master anyway)."""

_WAKING = 10.0
"""Seconds in which a daemon says its first word, on a machine that is busy with other things too."""
_LAST_CHANCE = 0.5
"""Seconds without any daemon's word after which the rest is given up, once one has died."""

_NO_HOPE = 0.1
_MARK_WAIT = 5.0
FOREIGN = "someone@example.net"


def perform(task: dict[str, Any]) -> dict[str, Any]:
    """Start and question the release; return what was seen. `task` is made by `judging`."""
    paths = InstancePaths(*(Path(task[name]) for name in ("config_dir", "queue_dir", "data_dir", "log_file")))
    programs = Programs(paths.config_dir, Path(task["command_dir"]), Path(task["daemon_dir"]))
    instance = Instance(paths, programs, Accounts(*task["accounts"]))
    clock = _Clock()
    with NoNames():
        outcome = instance.start(timeout=task["patience"])
        clock.lap("start")
        seen = _examined(instance, outcome, clock) if instance.is_running() else {}
        return seen | {
            "started": _as_json(outcome),
            "log": _whole_log(instance),
            "seconds": clock.laps,
        }


def _examined(instance: Instance, outcome: Outcome, clock: _Clock) -> dict[str, Any]:
    read = instance.read_back()
    silent = wake(instance, read.services, hopeless=bool(outcome.silent))
    clock.lap("wake")
    recipients = _recipients(instance)
    routes = _routes(instance, recipients, timeout=_NO_HOPE if "rewrite/unix" in silent else _WAKING)
    clock.lap("routes")
    answering = tuple(greeting.listener for greeting in outcome.greetings if greeting.answers)
    heard = call_all(answering, recipients, _Fatal(instance.log).seen)
    clock.lap("callers")
    _await_deliveries(instance.log, heard)
    clock.lap("deliveries")
    return {"silent": silent, "routes": routes, "calls": heard}


# -- daemons


def wake(
    instance: Instance, services: Iterable[Service], timeout: float = _WAKING, *, hopeless: bool = False
) -> list[str]:
    """Connect to the socket of every unix service and wait for its first word; return those that gave none.

    master starts the daemon for the connection. Once one has died of a fatal error the others get little time more;
    `hopeless` says that one was seen to die before.
    """
    present = [one for one in services if (instance.programs.daemon_dir / one.command).is_file()]
    waiting = dict(_connected(instance.paths.queue_dir, present))
    deadline, fatal = time.monotonic() + timeout, _Fatal(instance.log, seen=hopeless)
    quiet_until = time.monotonic() + _LAST_CHANCE
    while waiting and time.monotonic() < deadline:
        ready, _, _ = select.select(list(waiting), [], [], 0.01)
        for connection in ready:
            connection.close()
            del waiting[connection]
        if ready or not fatal.seen():
            quiet_until = time.monotonic() + _LAST_CHANCE
        elif time.monotonic() > quiet_until:
            break
    for connection in waiting:
        connection.close()
    return sorted(waiting.values())


def _connected(queue_dir: Path, services: Iterable[Service]) -> Iterable[tuple[socket.socket, str]]:
    for service in services:
        if service.kind != "unix" or service.command in _SILENT_PROGRAMS:
            continue
        directory = "public" if service.private == "n" else "private"
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(queue_dir / directory / service.name))
        except OSError:
            connection.close()
            continue
        yield connection, service.key


class _Fatal:
    """Tells whether any daemon has met a fatal error since this was made."""

    def __init__(self, log: LogFile, *, seen: bool = False) -> None:
        self._log = log
        self._at = log.end()
        self._seen = seen

    def seen(self) -> bool:
        lines, self._at = self._log.since(self._at)
        self._seen = self._seen or any(c.hopeless for c in complaints(lines))
        return self._seen


def _await_deliveries(log: LogFile, calls: Iterable[dict[str, Any]], timeout: float = 3.0) -> None:
    """Wait until each message that was taken has been tried once, or a daemon died of it."""
    texts = (reply for call in calls for _, reply in call["replies"])
    waiting = {text.rpartition(" ")[2] for text in texts if "queued as " in text}
    deadline, position = time.monotonic() + timeout, Position()
    while waiting and time.monotonic() < deadline:
        lines, position = log.since(position)
        waiting -= {name for line in lines for name in waiting if f"{name}: to=<" in line}
        said = complaints(lines)
        if any(one.stops_service or "connect to transport" in one.text for one in said):
            return
        if waiting:
            time.sleep(0.005)


# -- recipients and routes


def _recipients(instance: Instance) -> list[str]:
    """One address of a relay domain, if there is one, and one of a domain that is nobody's here."""
    try:
        domains = values(instance.programs, "relay_domains").get("relay_domains", "")
    except NodeFailed:
        return [FOREIGN]
    for word in domains.replace(",", " ").split():
        names = _first_keys(instance, word) if ":" in word else [word]
        for name in names:
            if name.isascii() and not set(name) & set("/$:"):
                return [f"someone@{name.lstrip('.')}", FOREIGN]
    return [FOREIGN]


def _first_keys(instance: Instance, table: str) -> list[str]:
    kind, _, path = table.removeprefix("proxy:").partition(":")
    if kind not in {TableType.LMDB, TableType.HASH, TableType.BTREE, TableType.CDB}:
        return []
    keys = Tables(instance.programs).contents(Path(path), TableType(kind))
    try:
        return [key for key, _ in islice(keys, 100)]
    except NodeFailed:
        return []


def _routes(instance: Instance, recipients: list[str], timeout: float) -> list[dict[str, Any]]:
    """Ask trivial-rewrite for the recipients; an empty transport says that it gave no answer."""
    found: list[dict[str, Any]] = []
    with Rewrite(instance.paths.queue_dir, timeout=timeout) as rewrite:
        for recipient in recipients:
            try:
                route = rewrite.resolve(recipient)
            except NodeFailed as failure:
                return [{"recipient": recipient, "transport": "", "nexthop": "", "flags": [str(failure)]}]
            found.append(asdict(route) | {"flags": sorted(route.flags)})
    return found


# -- the log


def _whole_log(instance: Instance) -> list[str]:
    """Return all that was logged, up to a mark that we put at its end: postlogd writes in the order of what it gets."""
    mark = f"sealgate-end-of-stage-{os.getpid()}-{time.monotonic_ns()}"
    log, position = LogFile(instance.paths.log_file), Position()
    lines: list[str] = []
    deadline = time.monotonic() + (_MARK_WAIT if _put_mark(instance, mark) else 0)
    while True:
        more, position = log.since(position)
        lines += more
        if any(mark in line for line in more) or time.monotonic() >= deadline:
            return [line for line in lines if mark not in line]
        time.sleep(0.002)


def _put_mark(instance: Instance, mark: str) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.settimeout(_MARK_WAIT)
            out.sendto(f"{mark}\n".encode(), str(instance.paths.queue_dir / "public/postlog"))
    except OSError:
        return False
    return True


class NoNames:
    """A name server on 127.0.0.1:53 for which no name exists: so look-ups end at once, and RBLs list nobody."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self) -> None:
        self._socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._answer, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _answer(self) -> None:
        while True:
            try:
                query, client = self._socket.recvfrom(4096)
                end = query.index(b"\0", 12) + 5
                self._socket.sendto(query[:2] + b"\x85\x83\0\1\0\0\0\0\0\0" + query[12:end], client)
            except ValueError:
                continue
            except OSError:
                return


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = now - self._last
        self._last = now


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "faults": list(outcome.faults),
        "complaints": [asdict(said) for said in outcome.complaints],
        "silent": [
            {"service": g.listener.service, "address": str(g.listener), "fault": g.fault} for g in outcome.silent
        ],
        "listeners": [str(g.listener) for g in outcome.greetings],
    }
