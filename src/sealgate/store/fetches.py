"""What came of fetching the lists of providers: the newest hundred of each and the last good one, bounded in size.

The networks themselves are in the rows; here stands what happened: when, how it ended, what came and what went. Two
fetches in a row that ended alike and brought nothing are kept as two lines, since the time of each counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from sealgate.model.digest import canonical_text
from sealgate.store import schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from sealgate.store.schema import AnyRow
    from sealgate.store.transaction import Transaction

KEPT = 100
"""Fetches of each provider that are kept."""
MOST_NAMED = 200
"""Networks that are kept by name of those that came, and of those that went."""
MOST_REMARKS = 50
_LONGEST = 2000
_table = schema.fetch


class Ended(StrEnum):
    """How a fetch ended."""

    NEW = "new"
    """The list changed and is live."""
    DRAFT = "draft"
    """The list changed and is in the draft, as the provider is not live."""
    UNCHANGED = "unchanged"
    KEPT = "kept"
    """The new list lost too much; the old one stays."""
    HELD = "held"
    """The new list was live and was gone back from, or is much wider; it waits for a person."""
    WAITING = "waiting"
    """The list changed and could not go live now; that is tried again."""
    REFUSED = "refused"
    """The list changed and did not pass the rehearsal, or was undone."""
    FAILED = "failed"
    """Nothing came."""


GOOD = frozenset({Ended.NEW, Ended.DRAFT, Ended.UNCHANGED})
"""Ends after which the list is what its source says."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """One fetch. `text` says how it ended, `source` what was asked, `version` and `digest` name the list that came.

    `added` and `removed` name the first of the networks that came and went; `more_added` and `more_removed` how many
    others there were. `revision` is the one that the list became, 0 for none. The store gives `number`, and `at` where
    it is not given.
    """

    ended: Ended
    text: str
    source: str = ""
    version: str = ""
    digest: str = ""
    count: int = 0
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    more_added: int = 0
    more_removed: int = 0
    remarks: tuple[str, ...] = ()
    revision: int = 0
    number: int = 0
    at: datetime | None = None

    @property
    def came(self) -> int:
        """How many networks came."""
        return len(self.added) + self.more_added

    @property
    def went(self) -> int:
        """How many networks went."""
        return len(self.removed) + self.more_removed


def keep(tx: Transaction, provider: str, fetch: Fetch) -> int:
    """Keep a fetch as the newest of its provider, and forget what is too old; return its number."""
    mine = _table.c.provider == provider
    last = tx.connection.execute(select(func.max(_table.c.number)).where(mine)).scalar() or 0
    number = last + 1
    detail = {
        "count": fetch.count,
        "added": list(fetch.added[:MOST_NAMED]),
        "removed": list(fetch.removed[:MOST_NAMED]),
        "more_added": fetch.more_added + max(0, len(fetch.added) - MOST_NAMED),
        "more_removed": fetch.more_removed + max(0, len(fetch.removed) - MOST_NAMED),
        "remarks": [remark[:_LONGEST] for remark in fetch.remarks[:MOST_REMARKS]],
    }
    tx.connection.execute(
        insert(_table).values(
            provider=provider,
            number=number,
            at=(fetch.at or tx.at).isoformat(),
            ended=fetch.ended.value,
            text=fetch.text[:_LONGEST],
            source=fetch.source[:_LONGEST],
            version=fetch.version[:_LONGEST],
            digest=fetch.digest,
            revision=fetch.revision,
            detail=canonical_text(detail),
        )
    )
    good = select(func.max(_table.c.number)).where(mine, _table.c.ended.in_(GOOD)).scalar_subquery()
    old = (_table.c.number <= number - KEPT, _table.c.number != func.coalesce(good, 0))
    tx.connection.execute(delete(_table).where(mine, *old))
    return number


def last_good(connection: Connection, provider: str) -> Fetch | None:
    """Return the last fetch that brought a list, or the word that it is as it was; it is kept however old it is."""
    query = select(*_table.c).where(_table.c.provider == provider, _table.c.ended.in_(GOOD))
    row = connection.execute(query.order_by(_table.c.number.desc()).limit(1)).first()
    return None if row is None else _fetch(row)


def newest(connection: Connection, provider: str, limit: int) -> list[Fetch]:
    """Return the last fetches of a provider, newest first."""
    query = select(*_table.c).where(_table.c.provider == provider).order_by(_table.c.number.desc()).limit(limit)
    return [_fetch(row) for row in connection.execute(query)]


def forget_others(connection: Connection, providers: Iterable[str]) -> None:
    """Forget the fetches of providers that are not among these."""
    connection.execute(delete(_table).where(_table.c.provider.not_in(list(providers))))


def _fetch(row: AnyRow) -> Fetch:
    detail = json.loads(row.detail)
    return Fetch(
        Ended(row.ended),
        row.text,
        row.source,
        row.version,
        row.digest,
        detail["count"],
        tuple(detail["added"]),
        tuple(detail["removed"]),
        detail["more_added"],
        detail["more_removed"],
        tuple(detail["remarks"]),
        row.revision,
        row.number,
        datetime.fromisoformat(row.at),
    )
