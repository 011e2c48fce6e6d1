"""The cache of verified recipients (verify(8)): what it says about an address, and emptying it.

It lives on the node and outlasts restarts; nothing of it is in the draft. Emptying it is audited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.names import MailAddress
from sealgate.services.actor import Right

if TYPE_CHECKING:
    from sealgate.link.upkeep import Count, VerifyAnswer
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway


def show(gateway: Gateway, actor: Actor, address: str) -> VerifyAnswer:
    """Return what the cache says about an address."""
    actor.may(Right.OPERATE)
    return gateway.node(actor).verify_show(str(MailAddress.parse(address)))


def clear(gateway: Gateway, actor: Actor) -> Count:
    """Forget all answers; every recipient is asked for again."""
    actor.may(Right.OPERATE)
    done = gateway.node(actor).verify_clear()
    with gateway.writing(actor) as writer:
        writer.audit("verify-cache-clear", "verify cache", {"count": done.count})
    return done
