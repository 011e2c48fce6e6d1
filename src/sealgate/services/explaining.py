"""What becomes of one mail, on what is live or on the draft: asked of the real Postfix, sealed off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.link.rehearsals import LARGEST_MAIL
from sealgate.model.errors import InvalidValue
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
    check(actor, mail)
    return gateway.node(actor).explain(mail, "" if live else judged_draft(gateway, actor), progress)


def check(actor: Actor, mail: Mail) -> None:
    """Refuse what cannot be asked of any gateway, before anything is begun."""
    actor.may(Right.VIEW)
    mail.check()
    if len(mail.message) > LARGEST_MAIL:
        raise InvalidValue.of(
            f"The message is larger than {LARGEST_MAIL >> 20} MiB.",
            "Send a smaller one, and announce the size to try (--size).",
            "message",
        )
