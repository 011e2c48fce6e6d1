"""One private Postfix instance: start, reload, stop, and proof of what came of it.

`master -c CONFIG` is run directly, without the `postfix` command and without systemd: it is ready in some 30 ms.
Success is never believed, it is shown: after a start every inet service must answer; after a reload a process must
have been born later than the signal, for master starts none before it has read its configuration whole; after a stop
the lock on `pid/master.pid` must be free, which children hold a little longer than master lives, and the processes
must have closed the listeners, which a process that ends may do a moment after it has let go of the lock.

A reload with a broken master.cf or a port in use kills the live master one second later (postfix.md fact 3), so
`reload` reads the configuration first, and the fatal line of the log is taken for the end as soon as it stands there.
Never: a signal to a process that is not the master of this queue directory. Sources: master(8), postfix(1).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sealgate.model.errors import NodeFailed
from sealgate.postfix import spool
from sealgate.postfix.command import MasterProcess, Programs
from sealgate.postfix.complaints import Complaint, Level, complaints
from sealgate.postfix.early_log import EarlyLog
from sealgate.postfix.listeners import Greeting, Listener, greet, listeners
from sealgate.postfix.logfile import LogFile, Position
from sealgate.postfix.parameters import ReadBack, in_force, read_back
from sealgate.postfix.ports import taken
from sealgate.postfix.processes import children, has_let_go, name_and_state, running_master

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_TURN = 0.005
_DYING = 2.5
"""Seconds in which a master that met a fatal error is gone: msg_fatal(3) sleeps one second before it ends."""
_CLOSING = 2.0
"""Seconds that a process which has let go of the lock may take to close the rest, on a machine short of time."""
_QUIET_LOOKS = 3
_GRACE = 0.3
"""Seconds that listeners still get to answer after a daemon was seen to die: another one may be meant."""


class Need(StrEnum):
    """What must happen to the running instance for a changed configuration to be in force."""

    NOTHING = "nothing"
    RELOAD = "reload"
    RESTART = "restart"


_RESTART_PARAMETERS = (
    *("inet_interfaces", "inet_protocols", "queue_directory", "data_directory"),
    *("mail_owner", "setgid_group", "process_id_directory", "default_privs"),
)


def need_of(old: Mapping[str, str], new: Mapping[str, str], *, files_changed: bool = True) -> Need:
    """Tell what the step from one main.cf to another needs; see "What needs what" in postfix.md."""
    if any(old.get(name) != new.get(name) for name in _RESTART_PARAMETERS):
        return Need.RESTART
    return Need.RELOAD if files_changed or dict(old) != dict(new) else Need.NOTHING


@dataclass(frozen=True, slots=True)
class InstancePaths:
    """Where an instance lives. `config_dir` may be a symbolic link that is switched from release to release."""

    config_dir: Path
    queue_dir: Path
    data_dir: Path
    log_file: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a start, reload or stop: `good` only when it was seen to work.

    `read` is the configuration that was read to know what must answer; None where it did not come to that.
    """

    action: str
    complaints: tuple[Complaint, ...] = ()
    greetings: tuple[Greeting, ...] = ()
    seconds: float = 0.0
    faults: tuple[str, ...] = ()
    read: ReadBack | None = field(default=None, repr=False, compare=False)

    @property
    def silent(self) -> tuple[Greeting, ...]:
        """The listeners that did not answer as they should."""
        return tuple(greeting for greeting in self.greetings if not greeting.answers)

    @property
    def throttled(self) -> bool:
        """Whether master has put a service to rest after its daemon died; only a restart lifts that at once."""
        return any("throttling" in complaint.text for complaint in self.complaints)

    @property
    def good(self) -> bool:
        """Whether it worked, every listener answers, and no process died of a fatal error meanwhile."""
        return not self.faults and not self.silent and not any(c.stops_service for c in self.complaints)

    def __str__(self) -> str:
        """Say what went wrong in one line; nothing when all is well."""
        silent = [f"{g.listener.service} on {g.listener}: {g.fault}" for g in self.silent]
        return "; ".join([*self.faults, *silent, *(c.text for c in self.complaints if c.stops_service)])


@dataclass
class Instance:
    """A Postfix instance; one object may be used from several threads, its actions happen one at a time.

    Raises NodeFailed only for what is not Postfix's doing: programs or accounts that are not there, no permission.
    """

    paths: InstancePaths
    programs: Programs = field(default=None)  # type: ignore[assignment]
    accounts: spool.Accounts | None = None
    _busy: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __post_init__(self) -> None:
        if self.programs is None:
            self.programs = Programs(self.paths.config_dir)
        self.log = LogFile(self.paths.log_file)

    # -- state

    def pid(self) -> int | None:
        """Return the process id of the running master of this queue directory; None when there is none.

        It is the process named in pid/master.pid, if it is a master that lives and the kernel knows a lock of its on
        that file. Nothing is locked to find out: a master that starts at this moment would take that for another one.
        """
        return running_master(self.paths.queue_dir / "pid/master.pid")

    def is_running(self) -> bool:
        """Tell whether a master works on this queue directory."""
        return self.pid() is not None

    def read_back(self) -> ReadBack:
        """Return the configuration at the live path as Postfix reads it, with every complaint."""
        return read_back(self.programs)

    def listeners(self, read: ReadBack | None = None) -> tuple[Listener, ...]:
        """Return the addresses on which this configuration listens. Raises NodeFailed when main.cf is unreadable."""
        read = read or self.read_back()
        return listeners(read, in_force(self.programs, read, "inet_interfaces", "inet_protocols"))

    def greet_all(self, timeout: float = 10.0) -> tuple[Greeting, ...]:
        """Connect to every listener now, as the health probe does."""
        deadline = time.monotonic() + timeout
        return tuple(greet(one, max(0.1, deadline - time.monotonic())) for one in self.listeners())

    def complaints_since(self, position: Position) -> tuple[Complaint, ...]:
        """Return what was complained of in the log since a position (`instance.log.end()`)."""
        return complaints(self.log.since(position)[0])

    # -- actions

    def prepare(self) -> None:
        """Make the queue, data and log directories, or repair their owners and permissions."""
        spool.prepare(
            self.paths.queue_dir,
            self.paths.data_dir,
            self.paths.log_file,
            self.accounts or spool.Accounts.named(),
        )

    def start(self, timeout: float = 10.0) -> Outcome:
        """Start it and wait until every listener answers. A failed start leaves no process behind."""
        with self._busy:
            started, position = time.monotonic(), self.log.end()
            if self.is_running():
                return Outcome("start", faults=("Postfix is running already; nothing was started.",))
            self.prepare()
            with EarlyLog(self.paths.queue_dir / "public/postlog") as early:
                process = self.programs.start_master("-w", log_socket=early.path)
                up = self._await_master(process, early, position, started + timeout)
                read = self.read_back() if up else None
                greetings = self._await_listeners(position, started + timeout, read, early) if read else ()
                said = complaints([*early.lines, *self.log.since(position)[0]])
            faults = () if up else ("Postfix did not start.",)
            return Outcome("start", said, greetings, time.monotonic() - started, faults, read)

    def reload(self, timeout: float = 10.0) -> Outcome:
        """Make the running instance use the configuration that now is at its path, and see that it survived.

        A configuration that Postfix cannot read is refused before the signal; the instance goes on with the old one.
        """
        with self._busy:
            started, position = time.monotonic(), self.log.end()
            pid, read = self.pid(), self.read_back()
            if pid is None:
                return Outcome("reload", faults=("Postfix is not running, so nothing was reloaded.",))
            broken = tuple(c for c in read.complaints if c.level is not Level.WARNING)
            if broken:
                return Outcome("reload", broken, faults=("Postfix cannot read the new configuration; not reloaded.",))
            wanted = self.listeners(read)
            busy = taken(wanted, by_other_than=pid)
            if busy:
                return Outcome("reload", faults=tuple(_busy_text(one) for one in busy))
            before = children(pid)
            os.kill(pid, signal.SIGHUP)
            alive = self._await_new_child(pid, before, position, started + timeout, wanted)
            greetings = self._await_listeners(position, started + timeout, read) if alive else ()
            said = self.complaints_since(position)
            faults = () if alive else ("Postfix did not survive the reload.",)
            return Outcome("reload", said, greetings, time.monotonic() - started, faults, read)

    def stop(self, timeout: float = 10.0) -> Outcome:
        """Stop it and wait until its lock and its ports are free; what does not end in time is killed.

        Stopping twice is no fault.
        """
        with self._busy:
            started, position = time.monotonic(), self.log.end()
            pid = self.pid()
            own = {pid, *children(pid)} if pid else set()
            for number in (signal.SIGTERM, signal.SIGKILL) if pid else (0,):
                if pid and number:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                if self._await(self._lock_is_free, time.monotonic() + timeout):
                    self._await(lambda: all(map(has_let_go, own)), time.monotonic() + _CLOSING)
                    return Outcome("stop", self.complaints_since(position), (), time.monotonic() - started)
            return Outcome("stop", faults=(f"Postfix (process {pid}) cannot be stopped: its lock is still held.",))

    def restart(self, timeout: float = 10.0) -> Outcome:
        """Stop, start, and wait until every listener answers: what lifts a throttled service at once (fact 4)."""
        with self._busy:
            stopped = self.stop(timeout)
            return self.start(timeout) if stopped.good else stopped

    def bring(self, need: Need, timeout: float = 10.0) -> Outcome:
        """Do what a changed configuration needs, or start an instance that is not running."""
        with self._busy:
            if not self.is_running():
                return self.start(timeout)
            if need is Need.NOTHING:
                return Outcome("nothing", greetings=self.greet_all(timeout))
            return self.reload(timeout) if need is Need.RELOAD else self.restart(timeout)

    # -- waiting

    def _await_master(self, process: MasterProcess, early: EarlyLog, position: Position, deadline: float) -> bool:
        """Wait until `master -w` says that the daemon is initialised; end all of it when it failed."""
        words = select.poll()  # select(2) would refuse a descriptor above 1023
        words.register(early, select.POLLIN)
        while process.poll() is None and time.monotonic() < deadline:
            words.poll(_TURN * 1000)
            early.drain()
            said = complaints([*early.lines, *self.log.since(position)[0]])
            dead = [c.process for c in said if c.program == "master" and c.stops_service]
            if dead:
                self._kill_masters(dead)
                process.kill()
        if process.poll() is None:
            process.kill()
        early.drain()
        return process.wait() == 0 and self.is_running()

    def _kill_masters(self, processes: list[int]) -> None:
        """End masters that said they are dying: until they do they would hold the lock for another second."""
        for number in processes:
            with contextlib.suppress(OSError):
                if name_and_state(number)[0] == "master":
                    os.kill(number, signal.SIGKILL)
        self._await(self._lock_is_free, time.monotonic() + _DYING)

    def _await_listeners(
        self, position: Position, deadline: float, read: ReadBack, early: EarlyLog | None = None
    ) -> tuple[Greeting, ...]:
        watch = _Patience(self, position, early)
        try:
            wanted = self.listeners(read)
        except NodeFailed:
            return ()
        return tuple(greet(one, max(0.1, deadline - time.monotonic()), watch.is_over) for one in wanted)

    def _await_new_child(
        self, pid: int, before: set[int], position: Position, deadline: float, wanted: tuple[Listener, ...]
    ) -> bool:
        """Wait until master has started a process after the signal; connecting to a listener makes it start one."""
        self._await_quiet(pid, before)
        while time.monotonic() < deadline:
            if self.pid() != pid:
                return False
            if any(c.program == "master" and c.stops_service for c in self.complaints_since(position)):
                self._kill_masters([pid])
                return False
            if children(pid) - before:
                return True
            if wanted:
                greet(wanted[0], _TURN * 4)
            else:
                self._ring()
            time.sleep(_TURN)
        return False

    @staticmethod
    def _await_quiet(pid: int, before: set[int]) -> None:
        """Let idle processes of the old configuration end first; those in a session or delivery stay.

        A client that reaches one of them while its helpers go is served a second late (clients retry after sleep(1)).
        """
        left, looks = before, 0
        while left and looks < _QUIET_LOOKS:
            time.sleep(_TURN)
            now = children(pid) & before
            left, looks = now, looks + 1 if now == left else 0

    def _ring(self) -> None:
        """Connect to the rewrite service, for an instance without any inet service."""
        import socket

        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as bell:
            bell.connect(str(self.paths.queue_dir / "private/rewrite"))

    def _lock_is_free(self) -> bool:
        try:
            with (self.paths.queue_dir / "pid/master.pid").open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        return True

    @staticmethod
    def _await(condition: Callable[[], bool], deadline: float) -> bool:
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(_TURN)
        return True


class _Patience:
    """Tells when waiting for a listener is hopeless: master is gone, or a daemon died and the grace is over."""

    def __init__(self, instance: Instance, position: Position, early: EarlyLog | None) -> None:
        self._instance = instance
        self._position = position
        self._early = early
        self._died_at = 0.0

    def is_over(self) -> bool:
        if self._early is not None:
            self._early.drain()
        lines, self._position = self._instance.log.since(self._position)
        if not self._died_at and any(c.hopeless for c in complaints(lines)):
            self._died_at = time.monotonic()
        if self._died_at:
            return time.monotonic() > self._died_at + _GRACE
        return not self._instance.is_running()


def _busy_text(listener: Listener) -> str:
    return f"{listener} is in use by another program, so {listener.service} cannot listen there; not reloaded."
