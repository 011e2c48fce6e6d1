"""Reading: everything as it was at one moment, however long one looks.

Nothing here changes anything. What is asked for is read when it is asked for, so an iterator ends with its block.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import NotFound
from sealgate.model.next_steps import Act, Step
from sealgate.store import audit, changes, content, jobs, judgements, nodes, revisions, secrets, works
from sealgate.store.people import People
from sealgate.store.records import Candidate, Summary
from sealgate.store.views import View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.store.changes import Place
    from sealgate.store.jobs import Job
    from sealgate.store.records import AuditBreak, AuditEntry, Change, Node, PendingChange, Revision, Stored, Version
    from sealgate.store.transaction import Snapshot
    from sealgate.store.works import Work

State = View | Candidate | int
"""A state to compare: a view, a candidate, or the number of a revision (0: empty)."""


class Reader:
    """One unchanging snapshot of everything."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._tx = snapshot

    @property
    def newest(self) -> int:
        """The number of the newest revision, on which the draft stands; 0 before the first."""
        return self._tx.head.revision

    @property
    def in_force(self) -> int:
        """The number of the revision that the nodes run; 0 before the first."""
        return self._tx.head.in_force

    @property
    def last_edit(self) -> int:
        """The number of the last edit: as long as it stays, nothing in the draft has changed."""
        return self._tx.head.edit

    def draft(self) -> View:
        """Return the desired state as being edited."""
        return View(self._tx, None, self._tx.draft_totals)

    def live(self) -> View:
        """Return the revision in force."""
        return self.revision(self.in_force)

    def revision(self, number: int) -> View:
        """Return a revision; 0 is the empty state before the first."""
        return View(self._tx, self._edit_of(number), partial(revisions.totals_of, self._tx, number))

    def candidate(self, candidate: Candidate | None = None) -> View:
        """Return a snapshot of the draft; its `candidate` names it, and given here later, shows it again."""
        if candidate is None:
            self._tx.show()
            parent, limit = self._tx.head.revision, self._tx.head.edit
        else:
            revisions.check_candidate(self._tx, candidate)
            parent, limit = candidate.parent, candidate.limit
        return View(self._tx, limit, partial(changes.totals_at, self._tx, limit), (parent, limit))

    def pending(self) -> Iterator[PendingChange]:
        """Give what the draft changes on the newest revision: who changed what, and when."""
        return changes.pending(self._tx.connection, self._edit_of(self.newest), self._tx.head.edit)

    def pending_part(self, most: int, after: Place) -> Iterator[PendingChange]:
        """Give at most `most` of what is pending, by noun, then key, behind an object (noun, key) that was told."""
        base, last = self._edit_of(self.newest), self._tx.head.edit
        return changes.pending_part(self._tx.connection, base, last, most, after)

    def pending_summary(self, most: int = 2000) -> Summary:
        """Return how much the draft changes on the newest revision, at a cost bounded by `most` edits."""
        if self.draft().digest() == self.revision(self.newest).digest():
            return Summary(0, exact=True, actors=())
        return changes.summary(self._tx.connection, self._edit_of(self.newest), self._tx.head.edit, most)

    def editors_since(self, edit: int) -> list[str]:
        """Return who edited after edit `edit`, each once, by name."""
        return changes.editors(self._tx.connection, edit)

    def ended(self, noun: str, first: int, last: int) -> Iterator[Stored]:
        """Give the objects of a noun as they were before the edits `first` to `last` ended them."""
        return changes.ended(self._tx.connection, noun, first, last)

    def compare(self, a: State, b: State) -> Iterator[Change]:
        """Give the changes that make state `b` out of state `a`, at the cost of the edits between them."""
        return changes.compare(self._tx.connection, self._edit_of(a), self._edit_of(b))

    def compare_part(self, a: State, b: State, most: int, after: Place) -> list[Change]:
        """Return at most `most` of what `compare` gives, behind an object (noun, key) that was told."""
        return changes.part(self._tx.connection, self._edit_of(a), self._edit_of(b), most, after)

    def history(self, before: int | None = None, limit: int | None = None) -> Iterator[Revision]:
        """Give the revisions, newest first; those before a number, at most `limit`."""
        return revisions.history(self._tx, before, limit)

    def about(self, number: int) -> Revision:
        """Return the line of one revision: author, time, comment, state."""
        return revisions.about(self._tx, number)

    def report(self, number: int) -> dict[str, Any]:
        """Return the report that a revision was made with."""
        return revisions.report_of(self._tx, number)

    def object_history(self, noun: str, key: str) -> Iterator[Version]:
        """Give the steps of one object, oldest first; pending ones have no revision."""
        return changes.history(self._tx.connection, noun, key)

    def judgement(self, digest: str, grade: str) -> dict[str, Any] | None:
        """Return the report on a state, or None if it was not judged with this grade."""
        return judgements.get(self._tx.connection, digest, grade)

    def judged_at(self, digest: str, grade: str) -> str:
        """Return when a state was judged with this grade, in ISO form; empty if it was not."""
        return judgements.kept_at(self._tx.connection, digest, grade)

    def jobs(self) -> list[Job]:
        """Return the jobs of the control half, by name."""
        return jobs.every(self._tx.connection)

    def work(self, id_: str) -> Work | None:
        """Return a piece of long work as it stands."""
        return works.get(self._tx.connection, id_)

    def works(self, owner: str | None, limit: int) -> list[Work]:
        """Return the newest pieces of long work, of one owner or of all, newest first."""
        return works.newest(self._tx.connection, owner, limit)

    def content(self, digest: str) -> bytes:
        """Return one chunk of a look-up table's text."""
        return content.get(self._tx.connection, digest)

    def has_content(self, digest: str) -> bool:
        """Return whether a chunk of text is stored."""
        return content.has(self._tx.connection, digest)

    def secret(self, id_: str) -> bytes:
        """Return the ciphertext of a secret, for the bundle."""
        return secrets.get(self._tx.connection, id_)

    def secret_ids(self) -> Iterator[str]:
        """Give the ids of all secrets, for a backup."""
        return secrets.ids(self._tx.connection)

    @property
    def people(self) -> People:
        """Return who may use the gateway, with their credentials, sessions and tokens."""
        return People(self._tx.connection)

    def nodes(self) -> list[Node]:
        """Return the machines as they last reported."""
        return nodes.every(self._tx.connection)

    def fact(self, name: str) -> str | None:
        """Return a fact of the gateway."""
        return nodes.fact(self._tx.connection, name)

    def audit_trail(self, after: int = 0, limit: int | None = None) -> Iterator[AuditEntry]:
        """Give the lines of the audit after number `after`, oldest first."""
        return audit.trail(self._tx.connection, after, limit)

    def audit_newest(self, before: int | None = None, limit: int = 100) -> list[AuditEntry]:
        """Return the last lines of the audit, newest first; those before a number."""
        return audit.newest(self._tx.connection, before, limit)

    def verify_audit(self) -> AuditBreak | None:
        """Return the first line of the audit that is not what was written, or None if all are."""
        return audit.verify(self._tx.connection, self._tx.head.audit, self._tx.head.audit_hash)

    def _edit_of(self, state: State) -> int:
        if isinstance(state, View):
            return self._tx.head.edit if state.at is None else state.at
        if isinstance(state, Candidate):
            revisions.check_candidate(self._tx, state)
            return state.limit
        edit = self._tx.edit_of(state)
        if edit is None:
            raise NotFound(f"There is no revision {state}.").then(Step(Act.HISTORY))
        return edit
