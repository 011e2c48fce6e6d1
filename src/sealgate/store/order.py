"""The order of ordered lists. Positions are numbers with gaps: a move writes one row.

Where a gap is used up, the neighbours are spread again, as few as make room; each of them counts as edited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from sealgate.model.errors import InvalidValue, NotFound
from sealgate.store import schema
from sealgate.store.draft import Put, demand, standing, write
from sealgate.store.transaction import GAP
from sealgate.store.views import STANDING, stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealgate.store.records import Base
    from sealgate.store.schema import AnyRow
    from sealgate.store.transaction import Transaction

_object = schema.object_.c
_ROOM = 16
"""After spreading, at least so much between neighbours."""


def move(tx: Transaction, noun: str, key: str, base: Base, *, before: str | None, after: str | None) -> int:
    """Put a row before or after another, or (neither given) to the end; return its version."""
    if noun not in tx.ordered:
        raise InvalidValue.of(f"The order of {noun} means nothing, so there is nothing to move.")
    found = standing(tx, noun, [name for name in (key, before, after) if name is not None])
    for name in (key, before, after):
        if name is not None and name not in found:
            raise NotFound(f"There is no {noun} {name!r}. Nothing was moved. See `sealgate list {noun}`.")
    demand(noun, key, stored(found[key]), base)
    if key in {before, after}:
        return int(found[key].since)
    order = [name for name in _order(tx, noun) if name != key]
    place = len(order)
    if before is not None or after is not None:
        place = order.index(before) if before is not None else order.index(after or "") + 1
    _settle(tx, noun, order, key, place)
    version: int = standing(tx, noun, [key])[key].since
    if version != found[key].since:
        tx.audit("move", f"{noun} {key}", {"version": version, "before": before, "after": after})
    return version


def _order(tx: Transaction, noun: str) -> dict[str, int]:
    """Return the positions of a noun by key, in order."""
    query = (
        select(_object.key, _object.position)
        .where(STANDING, _object.noun == noun)
        .order_by(_object.position, _object.key)
    )
    return {row.key: row.position for row in tx.connection.execute(query)}


def _settle(tx: Transaction, noun: str, order: Sequence[str], key: str, place: int) -> None:
    """Give `key` a position between its neighbours-to-be; make room if there is none."""
    positions = _order(tx, noun)
    low, high = _span(order, positions, place, place)
    if high - low > 1:
        _write(tx, noun, {key: (low + high) // 2})
        return
    wanted = [*order[:place], key, *order[place:]]
    reach = 1
    while True:
        first, last = max(0, place - reach), min(len(wanted), place + reach + 1)
        low, high = _span(order, positions, first, last - 1)
        step = (high - low) // (last - first + 1)
        if step >= _ROOM or last - first == len(wanted):
            break
        reach *= 2
    _write(tx, noun, {name: low + step * number for number, name in enumerate(wanted[first:last], 1)})


def _span(order: Sequence[str], positions: Mapping[str, int], first: int, last: int) -> tuple[int, int]:
    """Return the positions around order[first:last]; open at the end of the list."""
    low = positions[order[first - 1]] if first > 0 else 0
    if last < len(order):
        return low, positions[order[last]]
    return low, max([low, *positions.values()]) + GAP * (last - first + 2)


def _write(tx: Transaction, noun: str, places: Mapping[str, int]) -> None:
    tx.forget_positions()
    names = list(places)
    for start in range(0, len(names), 1000):
        found = standing(tx, noun, names[start : start + 1000])
        write(tx, noun, [_placed(row, places[key]) for key, row in found.items()], found)


def _placed(row: AnyRow, position: int) -> Put:
    now = stored(row)
    return Put(now.key, now.fields, now.tag, now.comment, now.enabled, position)
