"""What the draft changes, the history of what was live, and the ways back.

`pending` says who changed what; `compare` the difference of any two states in words; `discard` forgets changes of the
draft; `restore` fills the draft with what a revision had, which an apply then makes live as a new revision. Nothing
here touches the node.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sealgate.model.errors import Conflict, InvalidValue, NotFound, NotPermitted
from sealgate.model.next_steps import Act, Step
from sealgate.model.text import shown
from sealgate.services.actor import Area, Right
from sealgate.services.areas import OWN_LINES, allows_bringing_back, may_bring_all_back, may_bring_back, may_edit
from sealgate.services.wording import Difference, difference, differences
from sealgate.store import ANY, Change

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.states import StateName
    from sealgate.store import PendingChange, Revision, Summary, View

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Pending:
    """One object that the draft changes, in words, with who changed it last and when.

    `version` is that of the object in the draft, None where the draft removes it: the base of a discard. `allowed`: no
    secret comes back by a discard that the actor may not store.
    """

    difference: Difference
    actor: str
    at: dt.datetime
    version: int | None = None
    allowed: bool = True


@dataclass(frozen=True, slots=True)
class History:
    """The revisions, newest first, and the one in force (0: none yet)."""

    revisions: tuple[Revision, ...]
    in_force: int


@dataclass(frozen=True, slots=True)
class Part(Generic[Item]):
    """A part of a list of changes, by kind and key, and what to give as `after` to go on; empty: nothing more."""

    items: list[Item]
    next: str


def summary(gateway: Gateway, actor: Actor) -> Summary:
    """Return how many changes are not applied, and by whom; cheap, whatever was imported."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        return reader.pending_summary()


def pending(gateway: Gateway, actor: Actor, limit: int = 10_000) -> list[Pending]:
    """Return what the draft changes against the newest revision, at most `limit` objects."""
    return pending_part(gateway, actor, limit).items


def pending_part(gateway: Gateway, actor: Actor, limit: int, after: str = "") -> Part[Pending]:
    """Return a part of what the draft changes against the newest revision, behind the place of the part before."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        found = list(reader.pending_part(limit + 1, _place(after)))
        items = [
            Pending(
                difference(Change(*it[:4]), reader.content),
                it.actor,
                it.at,
                it.new.version if it.new else None,
                allows_bringing_back(actor, it.new, it.old),
            )
            for it in found[:limit]
        ]
    return Part(items, _next(found, limit))


def compare_part(
    gateway: Gateway, actor: Actor, old: StateName, new: StateName, *, limit: int, after: str = ""
) -> Part[Difference]:
    """Return a part of the difference from `old` to `new` in words, behind the place of the part before."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        found = reader.compare_part(old.view(reader), new.view(reader), limit + 1, _place(after))
        items = list(differences(found[:limit], reader.content))
    return Part(items, _next(found, limit))


def _place(after: str) -> tuple[str, str]:
    """Return the object that a place names; no key has a NUL, and a place with one is none that was given out."""
    noun, _colon, key = after.partition(":")
    if "\0" in after or (after and not (noun and key)):
        raise InvalidValue.of("This is no place in the list of changes.", "Begin with its first part.", "after")
    return noun, key


def _next(found: Sequence[Change | PendingChange], limit: int) -> str:
    return f"{found[limit - 1].noun}:{found[limit - 1].key}" if len(found) > limit else ""


def last_edit(gateway: Gateway, actor: Actor) -> int:
    """Return the number of the draft's last edit: as long as it stays, nothing in the draft has changed."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        return reader.last_edit


@contextmanager
def compare(gateway: Gateway, actor: Actor, old: StateName, new: StateName) -> Iterator[Iterator[Difference]]:
    """Give the difference from `old` to `new` in words, object by object; valid inside the block."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        yield differences(reader.compare(old.view(reader), new.view(reader)), reader.content)


def change_of(gateway: Gateway, actor: Actor, noun: str, key: str, *, base: Any = ANY) -> Difference:
    """Return the draft's change of one object; NotFound if it has none, Conflict if it is not the one that was seen."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        old, new = reader.revision(reader.newest).row(noun, key), reader.draft().row(noun, key)
        if base is not ANY and base != (new.version if new else None):
            raise Conflict(
                f"The {noun} {shown(key)} was changed by somebody else meanwhile. Nothing was discarded.", new
            )
        if old == new or (new is not None and new.says_the_same(old)):
            raise _unchanged(noun, key)
        return difference(Change(noun, key, old, new), reader.content)


def discard(gateway: Gateway, actor: Actor, noun: str, key: str, *, base: Any = ANY) -> None:
    """Forget the draft's change of one object; NotFound if it has none, Conflict if it is not the one that was seen."""
    may_edit(actor, noun, key)
    with gateway.writing(actor) as writer:
        may_bring_back(actor, writer.draft().row(noun, key), writer.revision(writer.newest).row(noun, key))
        if not writer.discard(noun, key, base=base):
            raise _unchanged(noun, key)


def _unchanged(noun: str, key: str) -> NotFound:
    return NotFound(f"The draft changes no {noun} {shown(key)}. Nothing was discarded.").then(Step(Act.COMPARE))


def discard_all(gateway: Gateway, actor: Actor) -> bool:
    """Forget all changes of the draft; returns whether there were any."""
    actor.may(Right.EDIT, *Area)
    with gateway.writing(actor) as writer:
        if _own_lines(writer.draft()) != _own_lines(writer.revision(writer.newest)):
            actor.may(Right.RAW)
        may_bring_all_back(actor, writer.draft(), writer.revision(writer.newest))
        return writer.discard_all()


def history(gateway: Gateway, actor: Actor, limit: int = 100, before: int | None = None) -> History:
    """Return the newest revisions with author, comment and state; those before a number."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        return History(tuple(reader.history(before=before, limit=limit)), reader.in_force)


def about(gateway: Gateway, actor: Actor, revision: int) -> tuple[Revision, dict[str, Any]]:
    """Return one revision with the report that it was made with."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        return reader.about(revision), reader.report(revision)


def restore(gateway: Gateway, actor: Actor, revision: int) -> int:
    """Make the draft say exactly what a revision says; returns the number of objects that differ from the newest one.

    What was pending is discarded.
    """
    actor.may(Right.EDIT, *Area)
    actor.may(Right.RAW)
    with gateway.writing(actor) as writer:
        may_bring_all_back(actor, writer.draft(), writer.revision(revision))
        writer.discard_all()
        return writer.restore(revision)


def allows_all(gateway: Gateway, actor: Actor, revision: int | None = None) -> bool:
    """Tell whether no secret stands in the way of restoring a revision, or of discarding everything."""
    if Right.SECRETS in actor.rights:
        return True
    with gateway.store.reading() as reader:
        try:
            may_bring_all_back(actor, reader.draft(), reader.revision(revision or reader.newest))
        except NotPermitted:
            return False
    return True


def _own_lines(view: View) -> dict[str, dict[str, Any]]:
    return {row.key: row.fields for row in view.rows(OWN_LINES)}
