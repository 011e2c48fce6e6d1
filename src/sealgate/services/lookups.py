"""Questions to the real Postfix: a key in a table, the way of an address; on what is live or on the draft.

For the draft the agent must have judged it: a draft that it does not know yet is judged first, at the probe grade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.errors import InvalidValue
from sealgate.model.objects import at
from sealgate.model.text import token
from sealgate.services.actor import Right
from sealgate.services.judging import judge

if TYPE_CHECKING:
    from sealgate.link.upkeep import QueryAnswer, Route
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway


def query(gateway: Gateway, actor: Actor, table: str, key: str, *, live: bool = False) -> QueryAnswer:
    """Look a key up in a table."""
    actor.may(Right.VIEW)
    with at("table"):
        name = token(table, "The table")
    _one_line(key, "The key", "key")
    return gateway.node(actor).query(name, key, "" if live else judged_draft(gateway, actor))


def resolve(gateway: Gateway, actor: Actor, address: str, *, sender: str = "", live: bool = False) -> Route:
    """Return where an address goes, as trivial-rewrite(8) says."""
    actor.may(Right.VIEW)
    with at("address"):
        whom = token(address, "The address")
    _one_line(sender, "The sender", "sender")
    return gateway.node(actor).resolve(whom, sender, "" if live else judged_draft(gateway, actor))


def _one_line(text: str, what: str, field: str) -> None:
    """Refuse what postmap(1) and trivial-rewrite(8) cannot be asked, before anything is begun."""
    if any(char in text for char in "\n\r\0"):
        raise InvalidValue.of(f"{what} is not one line.", "Leave out line breaks and NUL characters.", field)


def judged_draft(gateway: Gateway, actor: Actor) -> str:
    """Return the digest of the draft, which the agent has then; empty when the draft is what is live."""
    with gateway.store.reading() as reader:
        view = reader.candidate()
        if view.digest() == reader.live().digest():
            return ""
        judge(gateway, actor, reader, view, Grade.PROBE)
        return view.digest()
