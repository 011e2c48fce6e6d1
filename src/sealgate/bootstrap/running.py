"""Notes on running processes, and signals that can never reach a stranger.

A process is named by its number *and* its birth: the boot of the machine and the tick at which it was started
(proc(5), field 22). A number alone is used again by the kernel. Signals go through a pidfd (pidfd_open(2)): it is
opened first, the birth is compared next, and what is signalled is the process behind the descriptor, alive or gone,
and no other. A note is one line in a file, complete or absent.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROC = Path("/proc")
# Indexes of fields behind the command's closing bracket, which is followed by field 3.
_STATE, _GROUP, _START_TICK = 3 - 3, 5 - 3, 22 - 3


@dataclass(frozen=True, slots=True)
class Running:
    """One process, told apart from every other that ever had or will have its number."""

    pid: int
    birth: str

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """Return the process that has this number now, or None."""
        birth = _birth(pid)
        return cls(pid, birth) if birth else None

    @classmethod
    def noted(cls, file: Path) -> Self | None:
        """Return the process that the note names, if it is still running; a note of anything else counts as none."""
        try:
            number, birth = file.read_text("ascii").split()
            note = cls(int(number), birth)
        except (OSError, ValueError):
            return None
        return note if note.alive else None

    def note(self, file: Path) -> None:
        """Write the note, whole or not at all."""
        fresh = file.with_name(f".{file.name}.{self.pid}")
        fresh.write_text(f"{self.pid} {self.birth}\n", "ascii")
        fresh.rename(file)

    @property
    def alive(self) -> bool:
        """Whether this very process is running; one that has ended and was not waited for is not."""
        return _birth(self.pid) == self.birth

    @property
    def command(self) -> str:
        """What it calls itself, for people; empty when it is gone."""
        with suppress(OSError):
            return (_PROC / str(self.pid) / "comm").read_text().strip()
        return ""

    def group(self) -> list[Running]:
        """Return every process of the group that this process leads, itself included."""
        numbers = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal()]
        members = [Running.of(pid) for pid in numbers if _fields(pid)[_GROUP:][:1] == [str(self.pid)]]
        return [member for member in members if member is not None]

    def send(self, number: signal.Signals) -> bool:
        """Send a signal to this very process; False when it is gone."""
        with self._descriptor() as descriptor:
            if descriptor is None:
                return False
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, number)
                return True
            return False

    def ended_within(self, seconds: float) -> bool:
        """Wait for the end of the process, which need not be a child of the caller; False when time is over."""
        with self._descriptor() as descriptor:
            if descriptor is None:
                return True
            watched = select.poll()
            watched.register(descriptor, select.POLLIN)
            return bool(watched.poll(seconds * 1000))

    @contextmanager
    def _descriptor(self) -> Iterator[int | None]:
        try:
            descriptor = os.pidfd_open(self.pid)
        except OSError:
            yield None
            return
        try:
            yield descriptor if self.alive else None
        finally:
            os.close(descriptor)


def _fields(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third on; nothing for a process that is not there."""
    try:
        return (_PROC / str(pid) / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return []


def _birth(pid: int) -> str:
    fields = _fields(pid)
    if not fields or fields[_STATE] in "ZX":
        return ""
    boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
    return f"{boot}:{fields[_START_TICK]}"
