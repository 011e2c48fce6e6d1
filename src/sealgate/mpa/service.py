"""The MPA as a service: a supervisor process and its workers.

Started as root the supervisor opens the event log and binds the listening sockets, then becomes the MPA's user, and
only then starts workers; no mail is read as root. TCP sockets are bound once for each worker with SO_REUSEPORT, so the
kernel spreads connections over them, and stay open in the supervisor, so a connection made while a worker is being
replaced waits for the next one instead of being refused. A Unix socket is shared by the workers.

A worker that ends by itself is started again, at once the first time and then with growing pauses while it keeps
failing early. SIGTERM and SIGINT end the service after draining, SIGHUP reloads (see `worker`). When the supervisor is
killed its workers drain and end too.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from sealgate.mpa.endpoint import Endpoint
from sealgate.mpa.events import EventLog
from sealgate.mpa.policy import Policy, PolicyFile, Unreadable
from sealgate.mpa.privileges import UserUnusableError, become, find_user
from sealgate.mpa.worker import BACKLOG, WorkerTask, run_worker

log = logging.getLogger("sealgate.mpa")

PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)  # seconds before the n-th restart in a row
HEALTHY_SECONDS = 30.0  # a worker that lived so long starts the count anew
GRACE_SECONDS = 5.0  # between the end of draining and SIGKILL

_SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How to run the MPA; `listen` and `reinject` replace the policy's. Sizes are octets."""

    policy: Path
    events: Path
    listen: str = ""
    reinject: str = ""
    workers: int = 0  # 0 is one for each core
    user: str = "sealgate-mpa"  # whom to become when started as root
    bytes_in_flight: int = 256 << 20  # in each worker
    drain_seconds: float = 30.0


class CannotStartError(Exception):
    """The service cannot start; the text says why and what to do."""


def run(settings: ServiceSettings) -> int:
    """Run the MPA until it is told to end; return 0, or 1 when it could not start (the log says why)."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        supervisor = Supervisor(settings)
    except CannotStartError as error:
        log.error("the mail processing agent did not start: %s", error)  # noqa: TRY400 - a sentence is enough
        return 1
    return supervisor.run()


@dataclass(slots=True)
class _Slot:
    """The place of one worker: its socket, its process, and how it fared."""

    listener: socket.socket
    pid: int = 0
    started: float = 0.0
    due: float = 0.0
    failures: int = 0


class Supervisor:
    """Keeps the workers running."""

    def __init__(self, settings: ServiceSettings) -> None:
        """Open and bind everything, then give up root; raise CannotStartError."""
        self._settings = settings
        policy = PolicyFile(settings.policy).current
        try:
            endpoint = _where_to_listen(settings, policy)
            self._reinject = Endpoint.parse(settings.reinject) if settings.reinject else None
            user = find_user(settings.user) if os.getuid() == 0 else None
            self._events = EventLog(settings.events)
            count = settings.workers or len(os.sched_getaffinity(0))
            self._slots = [_Slot(listener) for listener in _bind(endpoint, count)]
        except (ValueError, UserUnusableError) as error:
            raise CannotStartError(str(error)) from error
        except OSError as error:
            raise CannotStartError(f"{error.filename or endpoint}: {error.strerror}") from error
        if user:
            self._events.give_to(user.pw_uid, user.pw_gid)
            if endpoint.path:
                os.chown(endpoint.path, user.pw_uid, -1)
            become(user)
        self._policy = PolicyFile(settings.policy)
        self._demand_policy(isinstance(policy, Policy))
        self._lifeline, self._keep = os.pipe()
        self._ending = 0.0  # when to stop being patient; 0 while serving
        log.info("the mail processing agent listens on %s with %d workers", endpoint, len(self._slots))

    def _demand_policy(self, root_could: bool) -> None:  # noqa: FBT001 - one caller
        policy = self._policy.current
        if isinstance(policy, Unreadable) and root_could:
            raise CannotStartError(f"as user {self._settings.user}: {policy.reason}")
        if isinstance(policy, Unreadable):
            log.error("%s; every message is answered 451 until it can be read", policy.reason)

    def run(self) -> int:
        """Supervise until all workers have ended on request."""
        while True:
            self._start_due()
            received = signal.sigtimedwait(_SIGNALS, self._patience())
            if received:
                self._obey(signal.Signals(received.si_signo))
            self._reap()
            if self._ending and not any(slot.pid for slot in self._slots):
                self._events.close()
                return 0
            if self._ending and time.monotonic() > self._ending:
                self._signal(signal.SIGKILL)

    def _start_due(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            if not slot.pid and not self._ending and slot.due <= now:
                self._start(slot)

    def _start(self, slot: _Slot) -> None:
        slot.started = time.monotonic()
        slot.pid = os.fork()
        if slot.pid == 0:
            os._exit(self._work(slot))

    def _work(self, slot: _Slot) -> int:
        """Be a worker; runs in the child."""
        try:
            os.close(self._keep)
            for other in self._slots:
                if other is not slot and other.listener is not slot.listener:
                    other.listener.close()
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the group; the supervisor decides
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            return run_worker(self._task(slot))
        except Exception:
            log.exception("worker %d failed", os.getpid())
            return 1

    def _task(self, slot: _Slot) -> WorkerTask:
        return WorkerTask(
            listener=slot.listener,
            lifeline=self._lifeline,
            policy=self._policy,
            events=self._events,
            reinject=self._reinject,
            workers=len(self._slots),
            bytes_in_flight=self._settings.bytes_in_flight,
            drain_seconds=self._settings.drain_seconds,
        )

    def _patience(self) -> float:
        """Seconds until something has to be done without a signal."""
        if self._ending:
            return 1.0
        now = time.monotonic()
        return min((max(0.0, slot.due - now) for slot in self._slots if not slot.pid), default=3600.0)

    def _obey(self, number: signal.Signals) -> None:
        if number == signal.SIGHUP:
            self._events.reopen()
            self._policy.reload()
            self._signal(number)
        elif number in {signal.SIGTERM, signal.SIGINT} and not self._ending:
            self._ending = time.monotonic() + self._settings.drain_seconds + GRACE_SECONDS
            for slot in self._slots:
                slot.listener.close()
            self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        for slot in self._slots:
            if slot.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(slot.pid, number)

    def _reap(self) -> None:
        for slot in self._slots:
            if slot.pid and os.waitpid(slot.pid, os.WNOHANG)[0]:
                pid, slot.pid = slot.pid, 0
                if not self._ending:
                    self._plan_restart(slot, pid)

    def _plan_restart(self, slot: _Slot, pid: int) -> None:
        now = time.monotonic()
        if now - slot.started > HEALTHY_SECONDS:
            slot.failures = 0
        pause = PAUSES[min(slot.failures, len(PAUSES) - 1)]
        slot.failures += 1
        slot.due = now + pause
        log.error(
            "worker %d ended unasked; another one starts in %g s, its messages are in Postfix's queue", pid, pause
        )


def _where_to_listen(settings: ServiceSettings, policy: Policy | Unreadable) -> Endpoint:
    """Return the endpoint; without a policy the settings must name it, and mail is put off until there is one."""
    if settings.listen:
        return Endpoint.parse(settings.listen)
    if isinstance(policy, Unreadable):
        raise CannotStartError(policy.reason)
    return policy.listen


def _bind(endpoint: Endpoint, count: int) -> list[socket.socket]:
    if endpoint.path:
        Path(endpoint.path).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(endpoint.path)
        Path(endpoint.path).chmod(0o666)
        listener.listen(BACKLOG)
        return [listener] * count
    return [_bind_tcp(endpoint) for _ in range(count)]


def _bind_tcp(endpoint: Endpoint) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((endpoint.host, endpoint.port))
    listener.listen(BACKLOG)
    return listener
