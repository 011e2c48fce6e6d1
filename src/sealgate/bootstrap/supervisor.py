"""Keeps the programs of one gateway running, in order.

Starts them one after the other, each when the one before is ready; starts again what ends, at once the first time
and then after 1, 2, 4 … 30 seconds while it keeps ending; stops them in reverse order on SIGINT, SIGTERM or SIGHUP,
at once on the second signal. What a killed supervisor left behind is ended before anything is started. Only one
supervisor can hold a gateway; a file lock sees to it, which the kernel takes back at any kind of death.

It has one thread and does nothing else: no mail, no configuration, no database pass through it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgate.bootstrap import children
from sealgate.bootstrap.running import Running
from sealgate.log import logger
from sealgate.model.errors import NodeFailed, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_STOP = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_WATCHED = _STOP | {signal.SIGCHLD}
_log = logger("up")


@dataclass(frozen=True)
class Program:
    """One program to keep running. `ready` says whether it serves; `started` is called whenever it has become so.

    `settled` is called once more, `settled_after` seconds later, if it still serves then.
    """

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool]
    ready_within: float = 30.0
    stopped_within: float = 20.0
    started: Callable[[], None] = lambda: None
    settled: Callable[[], None] | None = None
    settled_after: float = 15.0


@dataclass(frozen=True)
class Pace:
    """How restarts are paced, in seconds: the first delay doubles up to the longest, and is forgotten after `calm`."""

    first: float = 1.0
    longest: float = 30.0
    calm: float = 60.0
    poll: float = 0.05

    def delay(self, failures: int) -> float:
        """Return the wait before the next start, after so many ends in a row."""
        return 0.0 if failures <= 1 else min(self.first * 2.0 ** (failures - 2), self.longest)


@dataclass
class _Slot:
    """What is known of one program now."""

    program: Program
    note: Path
    process: children.Process | None = None
    serving: bool = False
    ended: str = ""  # how, when that has not been dealt with yet
    failures: int = 0
    born: float = 0.0
    next_start: float = 0.0
    settles: float = 0.0  # when `settled` is due; 0: it is not


class StopAskedFor(Exception):  # noqa: N818 - it is no error
    """A signal asked the supervisor to stop while it was waiting for something else."""


@dataclass
class Supervisor:
    """The programs of one gateway, started in this order.

    `say` is for the person at the terminal. `at_end` is called when every program has ended, while the gateway is still
    held: it ends what a program that died may have left.
    """

    run_directory: Path
    programs: Sequence[Program]
    say: Callable[[str], None]
    pace: Pace = field(default_factory=Pace)
    at_end: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self._slots = [_Slot(p, self.run_directory / f"{p.name}.pid") for p in self.programs]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the gateway: no second supervisor, signals are taken in order, left-over programs are gone.

        Raises Refused when another supervisor holds it.
        """
        with self._lock(), _signals_held():
            children.adopt_orphans()
            self._end_leftovers()
            try:
                yield
            finally:
                self._stop()
                self.at_end()

    def start(self) -> None:
        """Start every program in order, each when the one before is ready.

        Raises NodeFailed when one ends or stays silent, StopAskedFor on a signal; `held` then stops the others.
        """
        for slot in self._slots:
            self._launch(slot)
            deadline = time.monotonic() + slot.program.ready_within
            while not self._settle(slot):
                if slot.ended:
                    raise NodeFailed(f"{slot.program.name} {slot.ended} before it was ready.")
                if time.monotonic() > deadline:
                    raise NodeFailed(
                        f"{slot.program.name} did not become ready within {slot.program.ready_within:g} s."
                    )
                self._wait(self.pace.poll)

    def watch(self) -> None:
        """Keep the programs running until a signal asks to stop."""
        with suppress(StopAskedFor):
            while True:
                children.reap_orphans(slot.process for slot in self._slots)
                for slot in self._slots:
                    self._settle(slot)
                    if slot.ended:
                        self._plan_start(slot)
                    if slot.process is None and time.monotonic() >= slot.next_start:
                        self._launch_again(slot)
                self._wait(self._next_look())

    def pid_of(self, name: str) -> int | None:
        """Return the number of the process that runs a program now."""
        slot = next(s for s in self._slots if s.program.name == name)
        return slot.process.pid if slot.process else None

    @contextmanager
    def _lock(self) -> Iterator[None]:
        descriptor = os.open(self.run_directory / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
                message = f"This gateway is up already: its supervisor is process {holder}. Stop that one first."
                raise Refused(message) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def _end_leftovers(self) -> None:
        for slot in reversed(self._slots):
            left = Running.noted(slot.note)
            if left is not None:
                self.say(f"Ending {slot.program.name}, process {left.pid}, which a killed supervisor left behind …")
                members = left.group()
                left.send(signal.SIGTERM)
                left.ended_within(slot.program.stopped_within)
                for member in members:
                    member.send(signal.SIGKILL)
                    member.ended_within(slot.program.stopped_within)
            slot.note.unlink(missing_ok=True)

    def _launch(self, slot: _Slot) -> None:
        slot.serving = False
        slot.settles = 0.0
        slot.born = time.monotonic()
        try:
            slot.process = children.start(slot.program.command, slot.note)
        except OSError as fault:
            raise NodeFailed(f"{slot.program.name} cannot be started: {fault}.") from fault
        _log.info("program started", program=slot.program.name, pid=slot.process.pid)

    def _launch_again(self, slot: _Slot) -> None:
        try:
            self._launch(slot)
        except NodeFailed as fault:
            slot.ended = f"could not be started ({fault.__cause__})"
            self._plan_start(slot)

    def _settle(self, slot: _Slot) -> bool:
        """Take note of an end or of readiness; True while the program serves."""
        if slot.process is not None and (code := children.code_at_end(slot.process)) is not None:
            self._note_end(slot, code)
        if slot.process is None:
            return False
        if not slot.serving and slot.program.ready():
            slot.serving = True
            _log.info("program is ready", program=slot.program.name, pid=slot.process.pid)
            slot.program.started()
            slot.settles = time.monotonic() + slot.program.settled_after if slot.program.settled else 0.0
        if slot.serving and slot.settles and time.monotonic() >= slot.settles and slot.program.settled:
            slot.settles = 0.0
            slot.program.settled()
        if slot.serving and slot.failures and time.monotonic() - slot.born >= self.pace.calm:
            slot.failures = 0
        return slot.serving

    def _note_end(self, slot: _Slot, code: int) -> None:
        slot.process = None
        slot.serving = False
        slot.note.unlink(missing_ok=True)
        slot.ended = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        _log.warning("program ended", program=slot.program.name, how=slot.ended)

    def _plan_start(self, slot: _Slot) -> None:
        slot.failures += 1
        delay = self.pace.delay(slot.failures)
        slot.next_start = time.monotonic() + delay
        self.say(f"{slot.program.name} {slot.ended}; it is started again {f'in {delay:g} s' if delay else 'now'}.")
        slot.ended = ""

    def _next_look(self) -> float:
        """Return how long nothing can be due, in seconds."""
        now = time.monotonic()
        due = [slot.next_start - now for slot in self._slots if slot.process is None]
        due += [self.pace.poll for slot in self._slots if slot.process is not None and not slot.serving]
        due += [slot.born + self.pace.calm - now for slot in self._slots if slot.serving and slot.failures]
        due += [slot.settles - now for slot in self._slots if slot.serving and slot.settles]
        return max(0.0, min(due, default=3600.0))

    def _wait(self, seconds: float) -> None:
        got = signal.sigtimedwait(_WATCHED, seconds)
        if got is not None and got.si_signo in _STOP:
            raise StopAskedFor

    def _stop(self) -> None:
        """End every program, the last started first; a further signal ends those that remain at once."""
        patience = True
        for slot in reversed(self._slots):
            children.reap_orphans(slot.process for slot in self._slots)
            if slot.process is None:
                continue
            slot.process.terminate()
            patience = self._ended(slot.process, slot.program.stopped_within if patience else 0.0) and patience
            if children.code_at_end(slot.process) is None:
                self.say(f"{slot.program.name} did not stop when asked; it is killed.")
                children.kill(slot.process)
            slot.note.unlink(missing_ok=True)
            _log.info("program stopped", program=slot.program.name, code=slot.process.returncode)
            slot.process = None

    def _ended(self, process: children.Process, seconds: float) -> bool:
        """Wait for the end of a program; False as soon as a signal tells not to wait."""
        deadline = time.monotonic() + seconds
        while children.code_at_end(process) is None and (left := deadline - time.monotonic()) > 0:
            got = signal.sigtimedwait(_WATCHED, left)
            if got is not None and got.si_signo in _STOP:
                return False
        return True


@contextmanager
def _signals_held() -> Iterator[None]:
    """Keep the signals that matter for `sigtimedwait`; give them back afterwards."""
    kept = _WATCHED - ({signal.SIGHUP} if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else set())
    before = signal.pthread_sigmask(signal.SIG_BLOCK, kept)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
