"""Moving a row within an ordered list.

Rows are ordered by `position`, with gaps. A row that moves takes a number between its new neighbours; only where no
number is left do the rows behind it move up, and only as many as must.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.services.actor import Right
from sealgate.services.nouns import noun_of
from sealgate.services.rows import GAP, Saved, found
from sealgate.store import ANY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Stored


@dataclass(frozen=True, slots=True)
class Target:
    """Where a row goes: before or after another row (its key), or to one end. Exactly one of these is given."""

    before: str = ""
    after: str = ""
    first: bool = False
    last: bool = False

    def __post_init__(self) -> None:
        """Refuse no place, and two."""
        if sum(map(bool, (self.before, self.after, self.first, self.last))) != 1:
            raise InvalidValue.of("Where to?", "Say one of: before a row, after a row, first, last.", "place")


def move(gateway: Gateway, actor: Actor, noun: str, key: str, target: Target, *, base: Any = ANY) -> Saved:
    """Move one row; InvalidValue for a kind of row whose order means nothing."""
    actor.may(Right.EDIT)
    kind = noun_of(noun)
    if not kind.ordered:
        raise InvalidValue.of(f"The order of {kind.title} means nothing.", "There is nothing to move.", "noun")
    with gateway.store.writing(actor.name) as writer:
        view = writer.draft()
        moving = found(view, kind, key)
        anchor = found(view, kind, target.before or target.after).key if target.before or target.after else ""
        others = [row for row in view.rows(kind.name) if row.key != moving.key]
        place = _place(others, target, anchor)
        version = moving.version
        for row, position in _positions(others, moving, place):
            saved = writer.save(
                kind.name,
                row.key,
                row.fields,
                comment=row.comment,
                enabled=row.enabled,
                position=position,
                tag=row.tag,
                base=base if row.key == moving.key else ANY,
            )
            version = saved if row.key == moving.key else version
        writer.audit("move", f"{kind.name} {moving.key}", {"place": place + 1})
    return Saved(kind.name, moving.key, version)


def _place(others: Sequence[Stored], target: Target, anchor: str) -> int:
    if target.first:
        return 0
    if target.last or not anchor:
        return len(others)
    index = next((number for number, row in enumerate(others) if row.key == anchor), None)
    if index is None:
        raise InvalidValue.of("A row cannot be moved next to itself.", "Name another row.", "place")
    return index if target.before else index + 1


def _positions(others: Sequence[Stored], moving: Stored, place: int) -> list[tuple[Stored, int]]:
    """Return the rows that get a new position: the moved one, and those behind it that must make room."""
    low = others[place - 1].position if place else None
    high = others[place].position if place < len(others) else None
    if high is None:
        return [(moving, (low if low is not None else 0) + GAP)]
    if low is None:
        return [(moving, high - GAP)]
    if high - low >= 2:
        return [(moving, low + (high - low) // 2)]
    changed = [(moving, low + 1)]
    last = low + 1
    for row in others[place:]:
        if row.position > last:
            break
        last += 1
        changed.append((row, last))
    return changed
