"""What a rehearsal needs of the machine, looked at before anything is started.

A rehearsal that runs out of memory or processes half-way could take them from the live gateway, so `check` refuses
beforehand and says what is missing. Sources: proc(5) (meminfo, loadavg, sys/kernel/pid_max), cgroups(7) (pids).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sealgate.model.errors import Refused
from sealgate.postfix.files import free_space

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be free: memory in bytes, processes, and bytes of disk where the judge writes."""

    memory: int = 192 << 20
    processes: int = 250
    disk: int = 1 << 20


def check(needs: Needs, work_dir: Path) -> None:
    """Raise Refused when less is free than a rehearsal needs."""
    missing = list(_missing(needs, work_dir))
    if missing:
        raise Refused(
            f"The rehearsal was not started, because this machine is short of something: {'; '.join(missing)}. "
            "Nothing was changed. Free it and try again."
        )


def _missing(needs: Needs, work_dir: Path) -> Iterator[str]:
    memory = free_memory()
    if memory is not None and memory < needs.memory:
        yield f"{memory >> 20} MiB of memory are free, {needs.memory >> 20} MiB are needed"
    processes = free_processes()
    if processes is not None and processes < needs.processes:
        yield f"{processes} more processes may be started, {needs.processes} are needed"
    place = work_dir
    while not place.is_dir():
        place = place.parent
    if free_space(place) < needs.disk:
        yield f"the disk of {place} has {free_space(place) >> 10} KiB left, {needs.disk >> 10} KiB are needed"


def free_memory() -> int | None:
    """Return the bytes of memory that can be had without swapping; None when the machine does not say."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    return None


def free_processes() -> int | None:
    """Return how many more processes may be started, by the machine's limit and by that of our control group."""
    found = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        running = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
        found.append(int(Path("/proc/sys/kernel/pid_max").read_text()) - running)
    for group in _groups():
        with contextlib.suppress(OSError, ValueError):
            found.append(int((group / "pids.max").read_text()) - int((group / "pids.current").read_text()))
    return min(found, default=None)


def _groups() -> Iterator[Path]:
    """Give the directories of our control groups that may limit processes, cgroup v2 and v1, up to the top."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers in {"", "pids"}:
                top = Path("/sys/fs/cgroup") / controllers
                group = top / path.lstrip("/")
                yield from (group, *(one for one in group.parents if one.is_relative_to(top)))
