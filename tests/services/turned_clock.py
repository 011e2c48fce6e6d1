"""A clock that the test turns, and a scheduler that goes by it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sealgate.services.scheduling import Clock, Scheduler


@dataclass
class Hands:
    """A clock that the test turns; it begins at noon."""

    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC).replace(hour=12, minute=0))

    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.ticks)

    def ticks(self) -> float:
        return self.now.timestamp()

    def turn(self, **much: float) -> None:
        self.now += dt.timedelta(**much)


def run(scheduler: Scheduler) -> None:
    """Do all that is due now."""
    for _ in range(10):
        if scheduler.step():
            return
    raise AssertionError("it finds no rest")
