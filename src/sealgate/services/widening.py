"""Who may newly do what when the draft goes live: found by the agent, which runs the draft beside what is live.

The agent must have judged the draft; one that it does not know yet is judged first, at the probe grade. What the agent
cannot find out is no obstacle to looking at the draft: then nothing is known, which is not the same as nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.errors import NodeFailed, NodeUnreachable, NotFound, Refused
from sealgate.services.actor import Right
from sealgate.services.lookups import judged_draft

if TYPE_CHECKING:
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.judging import Judged, OnProgress

_UNKNOWN = (NodeUnreachable, NodeFailed, NotFound, Refused)


def widened(gateway: Gateway, actor: Actor, progress: OnProgress | None = None) -> tuple[str, ...] | None:
    """Return the sentences about the draft, none when nothing is widened; None when it cannot be found out."""
    actor.may(Right.VIEW)
    try:
        digest = judged_draft(gateway, actor)
        return gateway.node(actor).widening(digest, progress).sentences if digest else ()
    except _UNKNOWN:
        return None


def of_judged(
    gateway: Gateway, actor: Actor, judged: Judged, progress: OnProgress | None = None
) -> tuple[str, ...] | None:
    """Return the same for a draft that was judged just now; nothing is known of one that the agent refused."""
    if judged.report is None or not judged.report.passed:
        return None
    if judged.report.widened:
        return judged.report.widened
    try:
        return gateway.node(actor).widening(judged.candidate.digest, progress).sentences
    except _UNKNOWN:
        return None
