"""Faults to hand to `Files(before=…)`: data that says at which step what happens."""

from __future__ import annotations

import errno
import os
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Recording:
    """Lets every step happen and remembers it."""

    steps: list[tuple[str, Path]] = field(default_factory=list)

    def __call__(self, step: str, path: Path) -> None:
        self.steps.append((step, path))


@dataclass
class FailingAfter(Recording):
    """Lets `steps_done` steps happen and fails the next one, as a full disk does."""

    steps_done: int = 0
    number: int = errno.ENOSPC

    def __call__(self, step: str, path: Path) -> None:
        if len(self.steps) == self.steps_done:
            raise OSError(self.number, os.strerror(self.number), str(path))
        super().__call__(step, path)


@dataclass
class KilledAfter(Recording):
    """Lets `steps_done` steps happen and kills its own process with -9 before the next one."""

    steps_done: int = 0

    def __call__(self, step: str, path: Path) -> None:
        if len(self.steps) == self.steps_done:
            os.kill(os.getpid(), signal.SIGKILL)
        super().__call__(step, path)
