"""Keeping Postfix running: a thread that sleeps until master ends, and starts it again, later each time.

It waits on the process itself (pidfd_open(2)), so it costs nothing while all is well, and works for a master that an
earlier agent started. It never acts while a change is under way: that has its own idea of what should run.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from typing import TYPE_CHECKING

from sealgate.log import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.postfix.master import Instance

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_SETTLED = 120.0
"""Seconds of running after which an end counts as the first again."""


class Keeper:
    """Keeps `instance` running while `wanted()` says that it should; `changing` is held by whoever changes it."""

    def __init__(self, instance: Instance, changing: threading.Lock, wanted: Callable[[], bool]) -> None:
        self._instance = instance
        self._changing = changing
        self._wanted = wanted
        self._wake: tuple[int, int] | None = None
        self._over = False
        self._pause = _FIRST_PAUSE
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._log = logger("keeper")

    def start(self) -> None:
        """Begin to watch."""
        self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._thread.start()

    def look(self) -> None:
        """Look again now: what should run may have changed."""
        if self._wake is not None:
            with contextlib.suppress(OSError):
                os.write(self._wake[1], b".")

    def stop(self) -> None:
        """Stop watching; Postfix is left as it is."""
        self._over = True
        self.look()
        self._thread.join()
        wake, self._wake = self._wake, None
        for descriptor in wake or ():
            os.close(descriptor)

    def _keep(self) -> None:
        while not self._over:
            pid = self._instance.pid()
            if pid is not None:
                since = time.monotonic()
                self._sleep_until_end(pid)
                if time.monotonic() - since > _SETTLED:
                    self._pause = _FIRST_PAUSE
            elif self._wanted():
                self._revive()
            else:
                self._sleep(None)

    def _revive(self) -> None:
        """Start Postfix unless a change under way has done so; wait longer after each failure."""
        with self._changing:
            if self._over or self._instance.is_running() or not self._wanted():
                return
            self._log.warning("postfix ended and is started again")
            outcome = self._instance.start()
        if outcome.good:
            return
        self._log.error("postfix does not start", faults=str(outcome), next_attempt_seconds=self._pause)
        self._sleep(self._pause)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _sleep_until_end(self, pid: int) -> None:
        try:
            process = os.pidfd_open(pid)
        except OSError:
            return
        try:
            self._sleep(None, process)
        finally:
            os.close(process)

    def _sleep(self, seconds: float | None, *descriptors: int) -> None:
        assert self._wake is not None  # noqa: S101 - the thread runs between start and stop
        woken, poll = self._wake[0], select.poll()
        for descriptor in (woken, *descriptors):
            poll.register(descriptor, select.POLLIN)
        poll.poll(None if seconds is None else int(seconds * 1000))
        with contextlib.suppress(BlockingIOError):
            os.read(woken, 4096)


class Deadlines:
    """A thread that sleeps until the next deadline and calls `expire` then; without one it sleeps for good.

    Deadlines are times of day, since they hold over a reboot. So it wakes at least every `_LONGEST_SLEEP` seconds while
    there is one: the clock may be set meanwhile.
    """

    _LONGEST_SLEEP = 20.0
    _PAUSE = 5.0

    def __init__(self, deadline: Callable[[], float | None], expire: Callable[[], object]) -> None:
        self._deadline = deadline
        self._expire = expire
        self._changed = threading.Condition()
        self._over = self._asked = False
        self._thread = threading.Thread(target=self._watch, name="deadlines", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def look(self) -> None:
        """Look again now: the deadline may be another."""
        with self._changed:
            self._asked = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Stop watching."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over:
            deadline = self._deadline()
            if deadline is not None and time.time() >= deadline:
                self._expire()
                if self._deadline() == deadline:
                    self._rest(self._PAUSE)  # it could not be done now
                continue
            self._rest(None if deadline is None else max(0.0, min(deadline - time.time(), self._LONGEST_SLEEP)))

    def _rest(self, seconds: float | None) -> None:
        with self._changed:
            if not self._over and not self._asked:
                self._changed.wait(seconds)
            self._asked = False
