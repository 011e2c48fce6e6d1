"""What the kernel tells about a master daemon: whether it lives, which lock it holds, which processes it has started.

Nothing is locked or signalled to find out: a master that starts at that moment would take our lock for another
master's. Source: proc(5), /proc/locks; master(8) locks pid/master.pid for as long as it or a child of it lives.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

_LOOKS = 6
_PAUSE = 0.002


def running_master(pid_file: Path) -> int | None:
    """Return the process id in a master.pid, if that process is a master that lives and holds a lock on the file."""
    try:
        number = int(pid_file.read_text())
        name, state = name_and_state(number)
        inode = pid_file.stat().st_ino
    except (OSError, ValueError):
        return None
    if name != "master" or state == "Z":
        return None
    return number if _holds(number, inode) else None


def _holds(pid: int, inode: int) -> bool:
    """Tell whether a process has locked a file.

    The kernel gives its list of locks in pieces, and an entry may slip through between two of them when others lock
    and unlock meanwhile (one look in sixty on a busy machine); so what is not seen is looked for again.
    """
    for _ in range(_LOOKS):
        if inode in locked_by(pid):
            return True
        time.sleep(_PAUSE)
    return False


def children(pid: int) -> set[int]:
    """Return the ids of the processes that a process has started and that live."""
    with contextlib.suppress(OSError):
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    return set()


def name_and_state(pid: int) -> tuple[str, str]:
    """Return a process's name and state letter, proc(5). Raises OSError when there is none."""
    before, _, after = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")
    return before.partition(" (")[2], after[:1]


def has_let_go(pid: int) -> bool:
    """Tell whether a process has closed all it had open: it is gone, or only its parent has not looked yet, proc(5)."""
    try:
        return name_and_state(pid)[1] in {"Z", "X"}
    except OSError:
        return True


def locked_by(pid: int) -> set[int]:
    """Return the inodes of the files that a process has locked with flock(2)."""
    lines = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return {int(line[5].rpartition(":")[2]) for line in lines if line[1] == "FLOCK" and line[4] == str(pid)}
