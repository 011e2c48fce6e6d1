"""What becomes of one mail, on what is live or on the draft: asked of the real Postfix, sealed off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.services.actor import Right
from sealgate.services.lookups import judged_draft

if TYPE_CHECKING:
    from sealgate.link.rehearsals import Explained, Mail
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.judging import OnProgress


def explain(
    gateway: Gateway, actor: Actor, mail: Mail, *, live: bool = False, progress: OnProgress | None = None
) -> Explained:
    """Return the way of a mail, stage by stage, and what decided."""
    actor.may(Right.VIEW)
    return gateway.node(actor).explain(mail, "" if live else judged_draft(gateway, actor), progress)
