"""Fault drills on the draft or on what is live: what senders would see when a part fails.

The agent must have judged the draft; one that it does not know yet is judged first, at the probe grade. Nothing live
is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.link.rehearsals import Drill, Fault
from sealgate.services.actor import Right
from sealgate.services.lookups import judged_draft

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.link.rehearsals import DrillReport
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.judging import OnProgress


def drill(
    gateway: Gateway,
    actor: Actor,
    faults: Iterable[Fault] = (),
    *,
    live: bool = False,
    progress: OnProgress | None = None,
) -> DrillReport:
    """Let these parts fail, all of them when none is named, in a sealed copy."""
    actor.may(Right.VIEW)
    digest = "" if live else judged_draft(gateway, actor)
    return gateway.node(actor).drill(Drill(digest, tuple(faults) or tuple(Fault)), progress)
