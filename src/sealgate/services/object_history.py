"""The life of one object: which revision, who, when, what changed field by field; and the way back to a version of it.

Told are the versions that went live, and the pending one; what was typed in between and never applied is in the audit.
Bringing a version back is an edit of the draft like any other: it goes live by an apply. The store looks an object's
versions up by its key, so the cost is that of the object's own edits, whatever the size of its list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import NotFound
from sealgate.model.text import shown
from sealgate.services.actor import Right
from sealgate.services.areas import allows, allows_bringing_back, may_bring_back, may_edit
from sealgate.services.wording import Difference, difference
from sealgate.store import ANY, Change

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Stored

MOST = 50
"""Steps that are told of one object, the newest."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what changed against the step before, by whom and when.

    `revision` is None while it is pending; `stored` is the object from then on, None where it was removed. `stands`:
    the draft says just this. `allowed`: no secret comes back with it that the actor may not store.
    """

    difference: Difference
    actor: str
    at: dt.datetime
    revision: int | None
    stored: Stored | None
    stands: bool
    allowed: bool = True


def steps(gateway: Gateway, actor: Actor, noun: str, key: str, limit: int = MOST) -> list[Step]:
    """Return the life of one object, newest step first; empty for one that never was."""
    actor.may(Right.VIEW)
    if "\0" in key:
        return []
    with gateway.store.reading() as reader:
        now = reader.draft().row(noun, key)
        before, found = None, []
        versions = list(reader.object_history(noun, key))
        for number, version in enumerate(versions):
            if number >= len(versions) - limit:
                told = difference(Change(noun, key, before, version.stored), reader.content)
                was = version.stored
                may = allows_bringing_back(actor, now, was)
                found.append(Step(told, version.actor, version.at, version.revision, was, _same(was, now), may))
            before = version.stored
    return found[::-1]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an object stands in the draft: its version (None: it is not there), and whether it may be brought back."""

    version: int | None
    allowed: bool


def standing(
    gateway: Gateway, actor: Actor, objects: Iterable[tuple[str, str]], revision: int
) -> dict[tuple[str, str], Standing]:
    """Return how objects stand that might be brought back from a revision."""
    actor.may(Right.VIEW)
    by_noun: dict[str, list[str]] = {}
    for noun, key in objects:
        by_noun.setdefault(noun, []).append(key)
    found = {}
    with gateway.store.reading() as reader:
        draft, past = reader.draft(), reader.revision(revision)
        for noun, keys in by_noun.items():
            now, then = draft.named(noun, keys), past.named(noun, keys)
            for key in keys:
                may = allows(actor, noun, key) and allows_bringing_back(actor, now.get(key), then.get(key))
                found[noun, key] = Standing(now[key].version if key in now else None, may)
    return found


def bring_back(
    gateway: Gateway, actor: Actor, noun: str, key: str, revision: int, *, base: Any = ANY, removing: bool = True
) -> bool:
    """Make one object in the draft what it was in a revision; returns whether it was there (else it is removed now).

    `base` is the version that was seen (None: there was none); Conflict if it is another one now. Not `removing`:
    NotFound where the revision had no such object, and nothing is removed. NotPermitted where an older secret would
    come back and the actor may not store secrets.
    """
    may_edit(actor, noun, key)
    with gateway.writing(actor) as writer:
        may_bring_back(actor, writer.draft().row(noun, key), writer.revision(revision).row(noun, key))
        there = writer.restore_object(noun, key, revision, base=base) is not None
        if not there and not removing:
            raise NotFound(f"Revision {revision} had no {noun} {shown(key)}. Nothing was changed.")
        return there


def _same(stored: Stored | None, now: Stored | None) -> bool:
    return now is None if stored is None else stored.says_the_same(now)
