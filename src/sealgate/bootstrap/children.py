"""Starting the programs of a gateway: the only module of the bootstrap that does.

Every program gets a session of its own (so that Ctrl-C in the terminal reaches the supervisor alone), an empty
standard input, the signals as a program expects them, and a note in the run directory that names it. The note is
written by the new process itself before it becomes the program, and a process whose supervisor has gone meanwhile
ends at once: so there is never a program without a note.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

from sealgate.bootstrap.running import Running

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Process = subprocess.Popen[bytes]
_SET_CHILD_SUBREAPER = 36


def start(command: Sequence[str], note: Path) -> Process:
    """Start a program that is named in `note` from its first instruction on. OSError when it cannot be started."""
    supervisor = os.getpid()

    def become() -> None:
        me = Running.of(os.getpid())
        with suppress(OSError):  # on a full disk mail matters more than a note
            if me is not None:
                me.note(note)
        # Whoever looks for left-over programs after this line finds the note; before it, this process ends here.
        if os.getppid() != supervisor:
            os._exit(1)
        _take_all_signals()

    return subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=become,  # noqa: PLW1509 - the supervisor has one thread
    )


def run(command: Sequence[str]) -> tuple[int, str]:
    """Run a program to its end; return its exit code and all that it said."""
    ended = subprocess.run(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        check=False,
        preexec_fn=_take_all_signals,
    )
    return ended.returncode, ended.stdout


def _take_all_signals() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, set())


def code_at_end(process: Process) -> int | None:
    """Return the exit code of a program that has ended (negative: the signal that killed it), None while it runs.

    What it leaves in its session is killed first: until it has been waited for, its number names nobody else.
    """
    if process.returncode is None:
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def adopt_orphans() -> None:
    """Become the parent of what the programs leave behind (PR_SET_CHILD_SUBREAPER of prctl(2)).

    Postfix's master outlives the agent that started it; when it ends, somebody must wait for it, or it stays a zombie
    where the first process of the machine (of a container) does not. A kernel that refuses changes nothing else.
    """
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans(own: Iterable[Process | None]) -> None:
    """Wait for every child that has ended and is none of these, which their owner waits for."""
    known = {process.pid for process in own if process is not None}
    while (ended := _ended_child()) is not None and ended not in known:
        with suppress(ChildProcessError):
            os.waitpid(ended, os.WNOHANG)


def _ended_child() -> int | None:
    """Return a child that has ended and was not waited for; the one that ended first, as long as it is there."""
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return found.si_pid if found is not None else None


def kill(process: Process) -> None:
    """End a program and all of its session at once, and wait for it."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
