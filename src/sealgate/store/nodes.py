"""The gateway machines as they last reported, and the few facts of the gateway itself, by name.

Both are what stands now: no history is kept here. Who changed what stands in the audit.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from sealgate.model.digest import canonical_text
from sealgate.store import schema
from sealgate.store.records import Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from sealgate.store.transaction import Transaction

_node = schema.node
_meta = schema.meta


def put(tx: Transaction, name: str, state: Mapping[str, Any]) -> None:
    """Keep what a node reported, in place of what it reported before."""
    values = {"state": canonical_text(state), "at": tx.at.isoformat()}
    if not tx.connection.execute(update(_node).where(_node.c.name == name).values(values)).rowcount:
        tx.connection.execute(insert(_node).values(name=name, **values))


def every(connection: Connection) -> list[Node]:
    """Return all nodes by name."""
    rows = connection.execute(select(_node).order_by(_node.c.name))
    return [Node(row.name, json.loads(row.state), datetime.fromisoformat(row.at)) for row in rows]


def put_fact(tx: Transaction, name: str, value: str) -> None:
    """Keep a fact of the gateway (its id, the group's public key) in place of an earlier one."""
    if not tx.connection.execute(update(_meta).where(_meta.c.name == name).values(value=value)).rowcount:
        tx.connection.execute(insert(_meta).values(name=name, value=value))


def fact(connection: Connection, name: str) -> str | None:
    """Return a fact of the gateway."""
    return connection.execute(select(_meta.c.value).where(_meta.c.name == name)).scalar()
