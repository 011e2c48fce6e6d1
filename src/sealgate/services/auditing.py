"""The audit trail: who did what, when, from where; read, verified, exported. Nobody changes it here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sealgate.services.actor import Right

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import AuditEntry
    from sealgate.store.records import AuditBreak


def newest(gateway: Gateway, actor: Actor, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
    """Return the newest entries, newest first."""
    actor.may(Right.AUDIT)
    with gateway.store.reading() as reader:
        return reader.audit_newest(before=before, limit=limit)


def verify(gateway: Gateway, actor: Actor) -> AuditBreak | None:
    """Return the first entry that is not what was written, or None if the chain holds."""
    actor.may(Right.AUDIT)
    with gateway.store.reading() as reader:
        return reader.verify_audit()


def export(gateway: Gateway, actor: Actor, after: int = 0) -> Iterator[bytes]:
    """Give all entries after a number, oldest first, one JSON object a line; that it was exported is an entry too."""
    actor.may(Right.AUDIT)
    with gateway.writing(actor) as writer:
        writer.audit("export", "audit", {"after": after})
    with gateway.store.reading() as reader:
        for entry in reader.audit_trail(after=after):
            yield json.dumps(entry_json(entry), ensure_ascii=True).encode() + b"\n"


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry as JSON; with these members and the hash before it anybody can compute its hash."""
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "origin": entry.origin,
        "verb": entry.verb,
        "object": entry.object,
        "detail": entry.detail,
        "hash": entry.hash,
    }
