"""One transaction: its connection, the counters it saw at the start, and what it has to leave behind at the end.

A `Snapshot` reads. A `Transaction` also writes: it numbers edits, keeps the sums of the draft's tables current, writes
the audit, and stores the counters as its last act, all in the commit of the change itself or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, text, update

from sealgate.model.digest import TableSum, canonical_text
from sealgate.store import schema
from sealgate.store.audit import link

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

GAP = 1 << 20
"""The distance between neighbours of an ordered list: room for twenty insertions at one place."""


@dataclass(slots=True)
class Head:
    """The counters: last edit, newest revision, revision in force, last line of the audit and its hash."""

    edit: int
    revision: int
    in_force: int
    audit: int
    audit_hash: str


def now() -> datetime:
    """Return the time of day, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Snapshot:
    """A reading transaction. `ordered` are the nouns whose order decides."""

    connection: Connection
    head: Head
    ordered: Collection[str]

    def draft_totals(self) -> dict[str, TableSum]:
        """Return sum and number of rows of each noun in the draft."""
        rows = self.connection.execute(select(schema.draft_total.c.noun, schema.draft_total.c.sum))
        return {noun: TableSum.from_bytes(data) for noun, data in rows}

    def show(self) -> None:
        """Note that a candidate was taken; only a writer has something to remember."""

    def edit_of(self, revision: int) -> int | None:
        """Return the number of the last edit in a revision; None if there is no such revision."""
        if revision == 0:
            return 0
        table = schema.revision.c
        return self.connection.execute(select(table.edit).where(table.number == revision)).scalar()


def read_head(connection: Connection, *, lock: bool) -> Head:
    """Return the counters; with `lock`, wait until no other writer holds them (SQLite has locked already)."""
    table = schema.head.c
    query = select(table.edit, table.revision, table.in_force, table.audit, table.audit_hash)
    row = connection.execute(query.with_for_update() if lock else query).one()
    return Head(*row)


@dataclass(slots=True)
class Transaction(Snapshot):
    """A writing transaction of one actor, from one origin (a network address, a terminal, or nothing)."""

    actor: str = ""
    origin: str = ""
    at: datetime = field(default_factory=now)
    first_edit: int = 0
    shown: int = 0
    started: Head | None = None
    _totals: dict[str, TableSum] | None = None
    _dirty: set[str] = field(default_factory=set)
    _ends: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.first_edit = self.shown = self.head.edit
        self.started = replace(self.head)

    def next_edit(self, count: int = 1) -> int:
        """Take the next number for an edit, or the first of `count` numbers."""
        number = self.head.edit + 1
        if number == self.first_edit + 1:
            self._sign()
        self.head.edit += count
        return number

    def is_own(self, edit: int) -> bool:
        """Return whether an edit was made by this transaction and shown to nobody, not even as a candidate."""
        return edit > self.shown

    def show(self) -> None:
        """Note that all edits so far are part of a candidate or revision."""
        self.shown = self.head.edit

    def draft_totals(self) -> dict[str, TableSum]:
        """Return sum and number of rows of each noun in the draft, with this transaction's own changes."""
        if self._totals is None:
            self._totals = Snapshot.draft_totals(self)
        return dict(self._totals)

    def shift_total(self, noun: str, total: int, count: int) -> None:
        """Note that a noun's rows in the draft changed by this sum and this number."""
        self.set_total(noun, self.draft_totals().get(noun, TableSum()).shift(total, count))

    def set_total(self, noun: str, total: TableSum) -> None:
        """Note sum and number of a noun's rows in the draft."""
        if self._totals is None:
            self._totals = Snapshot.draft_totals(self)
        self._totals[noun] = total
        self._dirty.add(noun)

    def next_position(self, noun: str) -> int:
        """Take a position behind all rows of a noun; 0 where order means nothing."""
        if noun not in self.ordered:
            return 0
        if noun not in self._ends:
            table = schema.object_.c
            # Spelled out as the partial index has it, so that the end of a million rows is one look.
            placed = (text("until IS NULL"), text("position <> 0"), table.noun == noun)
            query = select(func.max(table.position)).where(*placed)
            self._ends[noun] = self.connection.execute(query).scalar() or 0
        self._ends[noun] += GAP
        return self._ends[noun]

    def forget_positions(self) -> None:
        """Look the last positions up again when next needed."""
        self._ends.clear()

    def begin_anew(self, head: Head) -> None:
        """Go on from other counters, after everything in the database was replaced in this transaction."""
        self.head, self.started = head, replace(head)
        self.first_edit = self.shown = head.edit
        self._totals = None
        self._dirty.clear()
        self._ends.clear()

    def audit(self, verb: str, object_: str, detail: dict[str, Any]) -> None:
        """Add a line to the audit."""
        line = {
            "number": self.head.audit + 1,
            "at": self.at.isoformat(),
            "actor": self.actor,
            "origin": self.origin,
            "verb": verb,
            "object": object_,
            "detail": canonical_text(detail),
        }
        line["hash"] = link(self.head.audit_hash, line)
        self.connection.execute(insert(schema.audit).values(line))
        self.head.audit += 1
        self.head.audit_hash = str(line["hash"])

    def finish(self) -> None:
        """Store sums and counters; the last act before the commit."""
        for noun in sorted(self._dirty):
            self._store_total(noun)
        if self.head != self.started:
            self.connection.execute(
                update(schema.head).values(
                    edit=self.head.edit,
                    revision=self.head.revision,
                    in_force=self.head.in_force,
                    audit=self.head.audit,
                    audit_hash=self.head.audit_hash,
                )
            )

    def _sign(self) -> None:
        """Note whose the edits are that begin now."""
        line = {"first": self.head.edit + 1, "actor": self.actor, "origin": self.origin, "at": self.at.isoformat()}
        self.connection.execute(insert(schema.edit).values(line))

    def _store_total(self, noun: str) -> None:
        table = schema.draft_total
        data = self.draft_totals()[noun].to_bytes()
        done = self.connection.execute(update(table).where(table.c.noun == noun).values(sum=data))
        if not done.rowcount:
            self.connection.execute(insert(table).values(noun=noun, sum=data))
