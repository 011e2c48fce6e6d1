"""A Postfix instance whose start, reload and stop are announced like every change of a file (`postfix/files.py`).

So the steps of an apply are one sequence, and whoever listens can end the process between any two of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.postfix.master import Instance

if TYPE_CHECKING:
    from sealgate.node.stores import Before
    from sealgate.postfix.master import Outcome


@dataclass
class AnnouncedInstance(Instance):
    """An instance that says what it is about to do, and that it has done it."""

    announce: Before | None = None

    def start(self, timeout: float = 10.0) -> Outcome:
        """See `Instance.start`."""
        self._say("start")
        outcome = super().start(timeout)
        self._say("started")
        return outcome

    def reload(self, timeout: float = 10.0) -> Outcome:
        """See `Instance.reload`."""
        self._say("reload")
        outcome = super().reload(timeout)
        self._say("reloaded")
        return outcome

    def stop(self, timeout: float = 10.0) -> Outcome:
        """See `Instance.stop`."""
        self._say("stop")
        outcome = super().stop(timeout)
        self._say("stopped")
        return outcome

    def _say(self, step: str) -> None:
        if self.announce is not None:
            self.announce(step, self.paths.config_dir)
