"""From differing rows to differing entries of a row table: which keys are set, which are taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.node.desired import to_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sealgate.link.bundle import SentRow
    from sealgate.model.secrets import Sealed
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
