"""From two tables of rows to what differs: keys of rows, and keys and values of the table that is made of them.

Tables that start from the same file of rows are compared at the cost of their differences; others are compared only
when they are short, since a rehearsal wants to know the changed rows and not to read a million.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.node.desired import to_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sealgate.link.bundle import SentRow
    from sealgate.model.secrets import Sealed
    from sealgate.node.receiving import Candidate
    from sealgate.node.rows import RowStore, StoredTable
    from sealgate.render import PerRow


def entry_changes(
    source: PerRow, differences: Iterable[tuple[SentRow | None, SentRow | None]], opened: Callable[[Sealed], str]
) -> dict[str, str | None]:
    """Return what turns the old table into the new: value to set, None to take away.

    `differences` are pairs (old row, new row). All removals count before all settings, so that a key which moved from
    one row to another stays.
    """
    changes: dict[str, str | None] = {}
    pairs = list(differences)
    for old, _ in pairs:
        if old is not None:
            changes.update((key, None) for key, _ in source.entries_of(to_row(source.noun, old)))
    for _, new in pairs:
        if new is not None:
            for key, value in source.entries_of(to_row(source.noun, new)):
                changes[key] = value if isinstance(value, str) else value.filled(opened)
    return changes


_READ_WHOLE = 5000


def changed_keys(store: RowStore, candidate: Candidate, old: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Return the keys of rows of a candidate that are new or other than in the tables `old` (digest by noun)."""
    found = {}
    for noun, table in candidate.tables.items():
        before = store.find(noun, old[noun]) if noun in old else None
        if before is None or before.digest != table.digest:
            found[noun] = _changed(before, table)
    return found


def _changed(before: StoredTable | None, table: StoredTable) -> frozenset[str]:
    if before is not None:
        pairs = before.differences(table)
        if pairs is not None:
            return frozenset(new.key for _, new in pairs if new is not None)
    if table.total.count > _READ_WHOLE or (before is not None and before.total.count > _READ_WHOLE):
        return frozenset()
    known = {row.key: row for row in before} if before is not None else {}
    return frozenset(row.key for row in table if known.get(row.key) != row)
