"""The stage without a seal, where namespaces are forbidden: a throw-away copy of the release, asked up to RCPT.

`perform` runs in a process apart, makes the copy (`throwaway`), starts it, and holds the plan's trials over its Unix
sockets: every client says who it is by XCLIENT and insists on being believed, for one that is not would be judged as
loopback. A trial whose client was not believed, that needs a PROXY header or sends a message counts as not held. Routes
are asked of trivial-rewrite. Nothing is delivered, for nothing that could is started.

The process ends its Postfix and removes the copy when it is done and when it is told to end (SIGTERM), which also
happens when whoever asked is killed; `sweep` clears away what a process left that was killed itself. Sources:
postfix.md §3 and §8, XCLIENT_README.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealgate.link.codec import from_json, to_json
from sealgate.postfix.command import Programs
from sealgate.postfix.master import Instance, InstancePaths
from sealgate.postfix.parameters import read_back
from sealgate.postfix.spool import Accounts
from sealgate.rehearsal import stage
from sealgate.rehearsal.callers import call_all
from sealgate.rehearsal.holding import AT_ONCE_QUICK, Terms, hold_all
from sealgate.rehearsal.network import Place
from sealgate.rehearsal.standins import StandIns
from sealgate.rehearsal.throwaway import Copy, lay_out
from sealgate.rehearsal.tracing import with_lines
from sealgate.rehearsal.trials import Plan, Seen, Until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sealgate.postfix.listeners import Listener
    from sealgate.rehearsal.trials import Ended, Trial

PREFIX = "sealgate-unsealed-"
_NOT_BELIEVED = "XCLIENT was refused"
_REFUSALS = (b"500", b"501", b"502", b"503", b"550", b"421")
_TURN = 0.01
_NO_QUEUE_MANAGER = re.compile(r"unable to look up public/qmgr")
"""What cleanup(8) says of a message that it has put into the queue, where nothing moves it."""


def perform(task: dict[str, Any]) -> dict[str, Any]:
    """Run the release that a task names without a seal; return what was seen, as `stage.perform` does."""
    ending = _Ending()
    sweep(Path(task["places"]))
    with _directory(Path(task["places"])) as top:
        release = Path(task["release"])
        live = InstancePaths(*(Path(task[name]) for name in ("config_dir", "queue_dir", "data_dir", "log_file")))
        programs = Programs(release, Path(task["command_dir"]), Path(task["daemon_dir"]))
        copy = lay_out(top, release, live, read_back(programs), read_back(programs, expanded=True))
        own = Programs(copy.paths.config_dir, programs.command_dir, programs.daemon_dir)
        instance = Instance(copy.paths, own, Accounts(*task["accounts"]))
        try:
            return _named(_seen(instance, copy, task, ending), {str(copy.paths.config_dir): str(release)})
        finally:
            ending.is_held = True
            instance.stop()


class _Ending:
    """Ends the process when it is told to (SIGTERM), but not while `is_held`: half a start could not be undone."""

    def __init__(self) -> None:
        self.is_held = self._told = False
        signal.signal(signal.SIGTERM, self._tell)

    def _tell(self, *_: object) -> None:
        self._told = True
        if not self.is_held:
            sys.exit(1)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Put the end off until this is left."""
        self.is_held = True
        try:
            yield
        finally:
            self.is_held = False
        if self._told:
            sys.exit(1)


def _seen(instance: Instance, copy: Copy, task: dict[str, Any], ending: _Ending) -> dict[str, Any]:
    clock, plan = stage.Clock(), from_json(Plan, task.get("plan", {}))
    stand_ins = StandIns(copy.stand_ins, Place(), [copy.paths.config_dir.parent], copy.paths.config_dir.parent)
    stand_ins.serve()
    with ending.held():
        outcome = instance.start(timeout=task["patience"])
    clock.lap("start")
    seen, ended, routes = _examined(instance, copy, plan, clock) if instance.is_running() else ({}, {}, {})
    log = [line for line in stage.whole_log(instance) if not _NO_QUEUE_MANAGER.search(line)]
    listeners = [str(one) for one in copy.sockets]
    trials = with_lines((one for one in plan.trials if one.id in ended), ended, log)
    return seen | {
        "started": stage.as_json(outcome) | {"listeners": listeners},
        "log": log,
        "filter": "",
        "trials": to_json(Seen(trials, (), routes, tuple(log))),
        "asked": stand_ins.asked,
        "stand_in_faults": stand_ins.faults,
        "missed": list(copy.missed),
        "seconds": clock.laps,
    }


def _examined(
    instance: Instance, copy: Copy, plan: Plan, clock: stage.Clock
) -> tuple[dict[str, Any], dict[str, Ended], dict[str, Any]]:
    """Wake the daemons, ask for routes, have callers call and hold the trials."""
    read = instance.read_back()
    silent = stage.wake(instance, read.services)
    patience = stage.NO_HOPE if "rewrite/unix" in silent else stage.WAKING
    recipients = stage.some_recipients(instance, read)
    routes = stage.routes_of(instance, recipients, timeout=patience)
    planned = stage.routes_of(instance, plan.routes, timeout=patience)
    clock.lap("daemons")
    fatal = stage.Fatal(instance.log)
    clients = Clients(copy.sockets, plan, fatal.seen)
    open_ = tuple(_plain(one) for one in copy.sockets)
    heard = call_all(open_, recipients, clients, fatal.seen)
    clock.lap("callers")
    terms = Terms(clients, fatal.long_ago, at_once=AT_ONCE_QUICK, furthest=Until.RCPT)
    held = [one for one in plan.trials if _can_be_held(one) and clients.socket_for(one.host, one.port)]
    ended = {name: end for name, end in hold_all(held, terms).items() if not _disbelieved(end)}
    clock.lap("trials")
    found = {one["recipient"]: stage.as_route(one) for one in planned}
    return {"silent": silent, "routes": routes, "calls": heard}, ended, found


def _can_be_held(trial: Trial) -> bool:
    """Tell whether a trial can be held: half of one, up to RCPT, would be judged as if it were the whole."""
    return not trial.client.opening and trial.until is not Until.MESSAGE


def _plain(listener: Listener) -> Listener:
    """Return a listener as the copy has it: TLS never comes first."""
    return replace(listener, tls_wrapped=False)


def _disbelieved(ended: Ended) -> bool:
    return any(reply.text.startswith(_NOT_BELIEVED) for reply in ended.replies[:1])


class Clients:
    """Clients of any address, by XCLIENT over the Unix socket that stands for a listener.

    Waiting ends when `give_up` says that it is hopeless.
    """

    def __init__(
        self, sockets: Mapping[Listener, Path], plan: Plan, give_up: Callable[[], bool] = lambda: False
    ) -> None:
        self._sockets = sockets
        self._give_up = give_up
        self._names = {one.client.address: one.client.name for one in plan.trials if one.client.name}

    def socket_for(self, host: str, port: int) -> Path | None:
        """Return the socket for an address that a trial names; that of a service on every address if it has none."""
        same = [one for one in self._sockets if one.port == port and (":" in one.host) == (":" in host)]
        found = next((one for one in same if one.host == host), None) or next((o for o in same if o.wildcard), None)
        return self._sockets[found] if found else None

    def connect(self, source: str, host: str, port: int, timeout: float) -> socket.socket:
        """Return a connection whose next reply is the greeting for a client of this address.

        Raises OSError when there is none, or when the server does not believe who the client is.
        """
        path = self.socket_for(host, port)
        if path is None:
            raise ConnectionRefusedError(f"nothing listens on {host}, port {port}")
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(timeout)
            connection.connect(str(path))
            deadline = time.monotonic() + timeout
            if not self._reply(connection, deadline).startswith(b"220"):
                raise ConnectionError("there was no greeting")
            connection.sendall(b"EHLO probe.invalid\r\n")
            self._reply(connection, deadline)
            connection.sendall(self._claim(source))
            said = self._heard(connection, 200, deadline, socket.MSG_PEEK)
            if said.startswith(_REFUSALS):
                raise ConnectionError(f"{_NOT_BELIEVED}: {said.decode('utf-8', 'replace').strip()}")
        except OSError:
            connection.close()
            raise
        return connection

    def _reply(self, connection: socket.socket, deadline: float) -> bytes:
        """Read one reply, not a byte more; return its last line."""
        line = b""
        while True:
            line += self._heard(connection, 1, deadline)
            if line.endswith(b"\n"):
                if line[3:4] != b"-":
                    return line
                line = b""

    def _heard(self, connection: socket.socket, count: int, deadline: float, flags: int = 0) -> bytes:
        """Return what comes next, as soon as something does."""
        while time.monotonic() < deadline and not select.select([connection], [], [], _TURN)[0]:
            if self._give_up():
                raise ConnectionError("connected, but nothing answers")
        connection.settimeout(max(_TURN, deadline - time.monotonic()))
        said = connection.recv(count, flags)
        if not said:
            raise ConnectionError("the connection was closed")
        return said

    def _claim(self, source: str) -> bytes:
        loopback = source.startswith("127.") or source == "::1"
        name = "localhost" if loopback else self._names.get(source, "[UNAVAILABLE]")
        address = f"IPV6:{source}" if ":" in source else source
        return f"XCLIENT ADDR={address} NAME={name} REVERSE_NAME={name} PORT=54321\r\n".encode()


def _named(seen: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Name files of the release in the log, where Postfix named those of the copy."""

    def put(value: Any) -> Any:
        if isinstance(value, str):
            for here, there in names.items():
                value = value.replace(here, there)
            return value
        if isinstance(value, dict):
            return {name: put(item) for name, item in value.items()}
        return [put(item) for item in value] if isinstance(value, list) else value

    found: dict[str, Any] = put(seen)
    return found


# -- the directory


@contextlib.contextmanager
def _directory(places: Path) -> Iterator[Path]:
    """Give a directory that goes away; its lock tells that somebody works in it."""
    top = Path(tempfile.mkdtemp(prefix=PREFIX, dir=places))
    top.chmod(0o755)
    with (top / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield top
        finally:
            _remove(top)


def sweep(places: Path) -> None:
    """End and remove what a process left here that was killed before it could."""
    for top in places.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), (top / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            Instance(InstancePaths(top / "c", top / "q", top / "d", top / "l/mail.log")).stop()
            _remove(top)


def _remove(top: Path) -> None:
    """Remove a copy, and end what should still run of it: without its directory nobody could find it."""
    wanted = f"\0-c\0{top}/c\0".encode()
    for place in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if place.name.isdigit() and wanted in (place / "cmdline").read_bytes():
                os.kill(int(place.name), signal.SIGKILL)
    shutil.rmtree(top, ignore_errors=True)
