"""Recent mail tried again on the draft and on what is live: only what would be different comes back.

The agent must have judged the draft; one that it does not know yet is judged first, at the probe grade. Nothing live
is touched. What comes back has addresses of real mail, so it is for those who may read the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.link.rehearsals import Replay
from sealgate.services.actor import Right
from sealgate.services.lookups import judged_draft

if TYPE_CHECKING:
    from sealgate.link.rehearsals import Replayed
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.judging import OnProgress


def replay(
    gateway: Gateway, actor: Actor, *, count: int, since: float = 0.0, progress: OnProgress | None = None
) -> Replayed:
    """Try the envelopes of recent mail, at most `count` different ones, from the time `since` (seconds since 1970)."""
    actor.may(Right.OPERATE)
    return gateway.node(actor).replay(Replay(judged_draft(gateway, actor), count, since), progress)
