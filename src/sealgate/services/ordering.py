"""Moving a row within an ordered list: before or after another one, or to an end.

A move changes the place and nothing else. A kind of row whose order means nothing has nothing to move, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.services.areas import may_edit
from sealgate.services.nouns import noun_of
from sealgate.services.saved import Saved, found
from sealgate.store import ANY

if TYPE_CHECKING:
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway


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
    kind = noun_of(noun)
    may_edit(actor, kind.name)
    if not kind.ordered:
        raise InvalidValue.of(f"The order of {kind.title} means nothing.", "There is nothing to move.", "noun")
    with gateway.writing(actor) as writer:
        view = writer.draft()
        moving = found(view, kind, key).key
        before = found(view, kind, target.before).key if target.before else None
        after = found(view, kind, target.after).key if target.after else None
        if moving in {before, after}:
            raise InvalidValue.of("A row cannot be moved next to itself.", "Name another row.", "place")
        if target.first:
            before = next(row.key for row in view.rows(kind.name, limit=1))
        if before == moving:
            return Saved(kind.name, moving, found(view, kind, moving).version)
        version = writer.move(kind.name, moving, before=before, after=after, base=base)
    return Saved(kind.name, moving, version)
