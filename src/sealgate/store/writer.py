"""Writing: one transaction of one actor.

All of it is stored when its block ends, or nothing when the block ends with an exception. Every change writes its own
line of the audit in the same commit; `audit` is for acts that change nothing here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.store import (
    answers,
    content,
    draft,
    fetches,
    jobs,
    judgements,
    nodes,
    order,
    rebasing,
    restoring,
    revisions,
    secrets,
    works,
)
from sealgate.store.people_changes import PeopleWriter
from sealgate.store.reader import Reader
from sealgate.store.records import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sealgate.store.answers import Answer
    from sealgate.store.fetches import Fetch
    from sealgate.store.records import Base, Candidate, Stored
    from sealgate.store.transaction import Transaction
    from sealgate.store.works import WorkState


class Writer(Reader):
    """One transaction of one actor. It reads as well, and sees its own changes."""

    _tx: Transaction

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)

    def save(
        self,
        noun: str,
        key: str,
        fields: Mapping[str, Any],
        *,
        base: Base,
        comment: str | None = None,
        enabled: bool | None = None,
        position: int | None = None,
        tag: str | None = None,
    ) -> int:
        """Make an object in the draft what is given; return its version.

        `base` is the version that was edited, None for a new object, or ANY; anything else than what stands raises
        `Conflict` with what does. Comment, enabled and position stay as they are where None; a new object gets no
        comment, is enabled, and goes to the end of an ordered list. Equal content writes nothing.
        """
        return draft.save(self._tx, noun, draft.Put(key, fields, tag, comment, enabled, position), base)

    def delete(self, noun: str, key: str, *, base: Base) -> int:
        """Remove an object from the draft; return the number of that edit. Raises `Conflict`, `NotFound`."""
        return draft.delete(self._tx, noun, key, base)

    def move(
        self, noun: str, key: str, *, before: str | None = None, after: str | None = None, base: Base = ANY
    ) -> int:
        """Put a row of an ordered list before or after another, or to the end; return its version."""
        return order.move(self._tx, noun, key, base, before=before, after=after)

    def arrange(self, noun: str, keys: Sequence[str]) -> int:
        """Put all rows of an ordered list into the order of `keys`, with as few moves as possible; return how many."""
        moved = order.arrange(self._tx, noun, keys)
        if moved:
            self._tx.audit("arrange", noun, {"objects": moved})
        return moved

    def save_many(
        self,
        noun: str,
        rows: Iterable[tuple[str, Mapping[str, Any], str | None, bool | None, str | None]],
    ) -> int:
        """Save many objects (key, fields, comment, enabled, tag), whatever stands; return how many changed.

        Of equal keys the last counts. New rows of an ordered list go to its end, in the order given.
        """
        puts = (draft.Put(key, fields, tag, comment, enabled) for key, fields, comment, enabled, tag in rows)
        changed = draft.save_many(self._tx, noun, puts)
        if changed:
            self._tx.audit("import", noun, {"objects": changed})
        return changed

    def delete_many(self, noun: str, keys: Iterable[str]) -> int:
        """Remove many objects, whatever their versions; return how many there were."""
        removed = draft.delete_many(self._tx, noun, keys)
        if removed:
            self._tx.audit("delete-many", noun, {"objects": removed})
        return removed

    def discard(self, noun: str, key: str, *, base: Base = ANY) -> bool:
        """Take back what is pending for one object; return whether there was anything."""
        return restoring.discard(self._tx, noun, key, base)

    def discard_all(self) -> bool:
        """Take back all that is pending; return whether there was anything."""
        return restoring.discard_all(self._tx)

    def restore(self, revision: int) -> int:
        """Bring into the draft what differs between a revision and the newest; return how many objects changed.

        Pending changes of other objects stay (`discard_all` first gives the revision exactly).
        """
        return restoring.restore(self._tx, revision)

    def restore_object(self, noun: str, key: str, revision: int, *, base: Base = ANY) -> int | None:
        """Make an object in the draft what it was in a revision; return its version, None if it was not there."""
        return restoring.restore_object(self._tx, noun, key, revision, base)

    def promote(self, candidate: Candidate, comment: str, report: Mapping[str, Any], *, state: str = "applied") -> int:
        """Make a candidate the next revision, and the one in force; return its number.

        Edits made since the candidate was taken stay pending. Raises `Conflict` if another revision was made since.
        """
        return revisions.promote(self._tx, candidate, comment, report, state)

    def promote_on_live(
        self, changed: Stored, digest: str, comment: str, report: Mapping[str, Any], *, state: str = "applied"
    ) -> int:
        """Make what is in force, with one row changed, the next revision, and the one in force; return its number.

        What is pending stays pending on top of it. `digest` is that of the state that was judged. Raises `Conflict` if
        what is in force is another by now, `NotFound` if the row is not there.
        """
        return rebasing.promote_on_live(self._tx, changed, digest, comment, report, state=state)

    def set_revision_state(self, number: int, state: str, detail: str = "") -> None:
        """Note what became of a revision (on watch, confirmed, undone …)."""
        revisions.set_state(self._tx, number, state, detail)

    def set_in_force(self, number: int) -> None:
        """Note which revision the nodes run, after a rollback or an undo."""
        revisions.set_in_force(self._tx, number)

    def put_judgement(self, digest: str, grade: str, report: Mapping[str, Any]) -> None:
        """Keep the agent's report on a state."""
        judgements.put(self._tx, digest, grade, report)

    def take_job(self, name: str, about: str, holder: str, seconds: float) -> bool:
        """Take a job for a time, in the name of `holder`; False while somebody else holds it."""
        return jobs.take(self._tx, name, about, holder, seconds)

    def finish_job(self, name: str, holder: str, result: Mapping[str, Any]) -> bool:
        """Give a job back with how it ended; False where somebody else holds it by now."""
        return jobs.finish(self._tx, name, holder, result)

    def begin_work(self, id_: str, *, holder: str, seconds: int, **values: str) -> None:
        """Note that a piece of long work begins: its kind, owner, actor and detail, and its lease."""
        works.begin(self._tx, id_, holder=holder, seconds=seconds, **values)

    def renew_work(self, id_: str, steps: Iterable[Sequence[Any]], seconds: int) -> None:
        """Renew the lease of a piece of work, and keep how far it is."""
        works.renew(self._tx, id_, steps, seconds)

    def end_work(self, id_: str, state: WorkState, steps: Iterable[Sequence[Any]], outcome: Mapping[str, Any]) -> None:
        """Keep how a piece of work ended."""
        works.end(self._tx, id_, state, steps, outcome)

    def take_answer(self, key: str, request: str, seconds: int) -> Answer | None:
        """Take a key for a request that may be repeated; what it was answered, if it is taken already."""
        return answers.take(self._tx, key, request, seconds)

    def fill_answer(self, key: str, status: int, *, headers: Mapping[str, str], body: bytes, seconds: int) -> None:
        """Keep the answer to a request under its key."""
        answers.fill(self._tx, key, status, headers=headers, body=body, seconds=seconds)

    def free_answer(self, key: str) -> None:
        """Give the key of a request back, since nothing was done."""
        answers.free(self._tx, key)

    def keep_fetch(self, provider: str, fetch: Fetch) -> int:
        """Keep what came of fetching a provider's list; return its number among those of this provider."""
        return fetches.keep(self._tx, provider, fetch)

    def forget_fetches(self, providers: Iterable[str]) -> None:
        """Forget what came of fetching the lists of other providers than these."""
        fetches.forget_others(self._tx.connection, providers)

    def put_content(self, digest: str, data: bytes) -> None:
        """Store a chunk of a look-up table's text under its digest."""
        content.put(self._tx.connection, digest, data)

    def put_secret(self, id_: str, sealed: bytes) -> None:
        """Store a sealed secret under a new id."""
        secrets.put(self._tx, id_, sealed)

    @property
    def people(self) -> PeopleWriter:
        """Return who may use the gateway, to be changed; the audit lines are the caller's to add."""
        return PeopleWriter(self._tx)

    def put_node(self, name: str, state: Mapping[str, Any]) -> None:
        """Keep what a machine reported."""
        nodes.put(self._tx, name, state)

    def put_fact(self, name: str, value: str) -> None:
        """Keep a fact of the gateway."""
        nodes.put_fact(self._tx, name, value)

    def audit(self, verb: str, object_: str, detail: Mapping[str, Any] | None = None) -> None:
        """Add a line to the audit, for acts that change nothing here (changes write their own line)."""
        self._tx.audit(verb, object_, dict(detail or {}))
