"""Fault drills: parts fail in a sealed copy of what is live or of a candidate, and what mail suffers is told.

Each way to fail is a run of its own, two at a time (`rehearsal/drill.py` says which). The live Postfix, its queue and
its next hops are not touched; nothing leaves the machine.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sealgate.link.messages import Grade
from sealgate.link.rehearsals import DrillReport
from sealgate.model.errors import NodeFailed
from sealgate.rehearsal.drill import assumed, failures, mails, told
from sealgate.rehearsal.running import run
from sealgate.rehearsal.sealed import NotSealed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sealgate.link.conversation import Conversation
    from sealgate.link.rehearsals import Drill
    from sealgate.node.sides import Sides
    from sealgate.rehearsal.drill import Failure
    from sealgate.rehearsal.trials import Seen

AT_ONCE = 2
"""Runs at the same time; most of their time they wait."""


class Driller:
    """Answers `drill`."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides

    def handlers(self) -> Mapping[str, Callable[[Any, Conversation], Any]]:
        """Return what answers each of these verbs."""
        return {"drill": self.drill}

    def drill(self, question: Drill, talk: Conversation) -> DrillReport:
        """Play the faults and return what senders would see."""
        started = time.monotonic()
        side = self._sides.of(question.digest)
        sent, missing = mails(side)
        if not sent:
            return DrillReport((), missing, time.monotonic() - started)
        played = tuple(failures(side, sent, question.faults))
        judge = self._sides.rehearsal()

        def play(failure: Failure) -> Seen:
            return run(judge, side.release, failure.plan, Grade.FULL, side.read)

        results = []
        try:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                for number, (failure, seen) in enumerate(zip(played, pool.map(play, played), strict=True), 1):
                    talk.progress(failure.what, number, len(played))
                    results += list(told(failure, sent, seen))
        except NotSealed as failure:
            raise NodeFailed(f"The release cannot be run on this machine: {failure}") from None
        return DrillReport(tuple(results), missing, time.monotonic() - started, assumed(question.faults))
