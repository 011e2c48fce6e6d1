"""The order of ordered lists. Positions are numbers with gaps: a move writes one row.

Where a gap is used up, the neighbours are spread again, as few as make room; each of them counts as edited.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sqlalchemy import select, tuple_

from sealgate.model.errors import InvalidValue, NotFound
from sealgate.model.next_steps import Act, Step
from sealgate.store import schema
from sealgate.store.draft import Put, demand, standing, write
from sealgate.store.transaction import GAP
from sealgate.store.views import PLACED, STANDING, stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Select

    from sealgate.store.records import Base
    from sealgate.store.schema import AnyRow
    from sealgate.store.transaction import Transaction

_object = schema.object_.c
_PLACE = tuple_(_object.position, _object.key)
_ROOM = 16
"""After spreading, at least so much between neighbours."""


class _Place(NamedTuple):
    """A row's place in its list."""

    position: int
    key: str


def move(tx: Transaction, noun: str, key: str, base: Base, *, before: str | None, after: str | None) -> int:
    """Put a row before or after another, or (neither given) to the end; return its version.

    It costs a look at the neighbours, whatever the length of the list.
    """
    if noun not in tx.ordered:
        raise InvalidValue.of(f"The order of {noun} means nothing, so there is nothing to move.")
    found = standing(tx, noun, [name for name in (key, before, after) if name is not None])
    for name in (key, before, after):
        if name is not None and name not in found:
            raise NotFound(f"There is no {noun} {name!r}. Nothing was moved.").then(Step(Act.LIST, noun))
    demand(noun, key, stored(found[key]), base)
    if key in {before, after}:
        return int(found[key].since)
    mark = found[before or after or key]
    neighbours = _Neighbours(tx, noun, key, _Place(mark.position, mark.key), "before" if before else "after")
    _write(tx, noun, _settled(neighbours if before or after else neighbours.at_end(), key))
    version: int = standing(tx, noun, [key])[key].since
    if version != found[key].since:
        tx.audit("move", f"{noun} {key}", {"version": version, "before": before, "after": after})
    return version


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """The rows on both sides of a gap, without the row that moves. `side` says where the gap is, seen from `mark`."""

    tx: Transaction
    noun: str
    moving: str
    mark: _Place
    side: Literal["before", "after", "end"]

    def at_end(self) -> _Neighbours:
        return replace(self, side="end")

    def below(self, count: int) -> list[_Place]:
        """Return the nearest rows before the gap, nearest first."""
        query = self._rows().order_by(_object.position.desc(), _object.key.desc()).limit(count)
        if self.side != "end":
            query = query.where(self.mark > _PLACE if self.side == "before" else self.mark >= _PLACE)
        return self._places(query)

    def above(self, count: int) -> list[_Place]:
        """Return the nearest rows behind the gap, nearest first."""
        if self.side == "end":
            return []
        query = self._rows().order_by(_object.position, _object.key).limit(count)
        return self._places(query.where(self.mark <= _PLACE if self.side == "before" else self.mark < _PLACE))

    def _rows(self) -> Select[Any]:
        rows = select(_object.position, _object.key)
        return rows.where(STANDING, PLACED, _object.noun == self.noun, _object.key != self.moving)

    def _places(self, query: Select[Any]) -> list[_Place]:
        return [_Place(*row) for row in self.tx.connection.execute(query)]


def _settled(gap: _Neighbours, key: str) -> dict[str, int]:
    """Return the new position of `key`, and of as few neighbours as must make room for it."""
    reach = 1
    while True:
        below, above = gap.below(reach), gap.above(reach)
        wanted = [*(row.key for row in reversed(below[: reach - 1])), key, *(row.key for row in above[: reach - 1])]
        low = below[reach - 1].position if len(below) == reach else 0
        top = (above or below or [_Place(0, "")])[-1 if above else 0].position
        high = above[reach - 1].position if len(above) == reach else top + GAP * (len(wanted) + 1)
        step = (high - low) // (len(wanted) + 1)
        if step >= (1 if reach == 1 else _ROOM):
            return {name: low + step * number for number, name in enumerate(wanted, 1)}
        reach *= 2


def arrange(tx: Transaction, noun: str, keys: Sequence[str]) -> int:
    """Put all rows of an ordered noun into the order of `keys`, moving as few as possible; return how many moved.

    `keys` names every row once. Rows that come in the wanted order already keep their positions.
    """
    rows = select(_object.key, _object.position).where(STANDING, PLACED, _object.noun == noun)
    positions = {key: position for key, position in tx.connection.execute(rows)}  # noqa: C416 - rows, not pairs
    stay = _rising([positions[key] for key in keys])
    if len(stay) == len(keys):
        return 0
    moved = _between(keys, positions, stay)
    _write(tx, noun, moved)
    return len(moved)


def _rising(numbers: Sequence[int]) -> list[int]:
    """Return the indexes of a longest run of rising numbers (patience sorting)."""
    tops: list[int] = []
    at: list[int] = []
    before = [-1] * len(numbers)
    for index, number in enumerate(numbers):
        pile = bisect_left(tops, number)
        before[index] = at[pile - 1] if pile else -1
        tops[pile : pile + 1] = [number]
        at[pile : pile + 1] = [index]
    found: list[int] = []
    index = at[-1] if at else -1
    while index >= 0:
        found.append(index)
        index = before[index]
    return found[::-1]


def _between(keys: Sequence[str], positions: Mapping[str, int], stay: Sequence[int]) -> dict[str, int]:
    """Return new positions for the rows between those that stay; where there is no room, for all of them."""
    moved: dict[str, int] = {}
    last, low = -1, 0
    for index in [*stay, len(keys)]:
        between = keys[last + 1 : index]
        high = positions[keys[index]] if index < len(keys) else low + GAP * (len(between) + 1)
        step = (high - low) // (len(between) + 1)
        if between and step < 1:
            return {key: GAP * number for number, key in enumerate(keys, 1)}
        moved |= {key: low + step * number for number, key in enumerate(between, 1)}
        last, low = index, high
    return moved


def _write(tx: Transaction, noun: str, places: Mapping[str, int]) -> None:
    tx.forget_positions()
    names = list(places)
    for start in range(0, len(names), 1000):
        found = standing(tx, noun, names[start : start + 1000])
        write(tx, noun, [_placed(row, places[key]) for key, row in found.items()], found)


def _placed(row: AnyRow, position: int) -> Put:
    now = stored(row)
    return Put(now.key, now.fields, now.tag, now.comment, now.enabled, position)
