"""Two releases side by side: the same plan, each in a sealed world of its own, at the same time.

What differs between the two answers is then due to what differs between the releases, for the internet is the same.
Raises NotSealed and Refused as `running` does; leaving by an error ends both worlds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.rehearsal.running import start

if TYPE_CHECKING:
    from sealgate.link.messages import Grade
    from sealgate.rehearsal.judging import Judge
    from sealgate.rehearsal.sides import Side
    from sealgate.rehearsal.trials import Plan, Seen


def run_both(judge: Judge, live: Side, candidate: Side, plan: Plan, grade: Grade) -> tuple[Seen, Seen]:
    """Run both releases with the same plan and return what was seen of each."""
    with (
        start(judge, live.release, plan, grade, live.read) as first,
        start(judge, candidate.release, plan, grade, candidate.read) as second,
    ):
        return first.outcome().seen, second.outcome().seen
