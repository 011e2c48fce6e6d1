"""Who may newly do what when the draft goes live: found by the agent, which runs the draft beside what is live.

A draft that the agent does not know yet is judged first, at the probe grade. When the draft is what is live nothing is
asked. Nothing live is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.services.actor import Right
from sealgate.services.lookups import judged_draft

if TYPE_CHECKING:
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.judging import OnProgress


def widened(gateway: Gateway, actor: Actor, progress: OnProgress | None = None) -> tuple[str, ...]:
    """Return the sentences; none when nothing is widened. NodeUnreachable when the agent does not answer."""
    actor.may(Right.VIEW)
    digest = judged_draft(gateway, actor)
    return gateway.node(actor).widening(digest, progress).sentences if digest else ()
