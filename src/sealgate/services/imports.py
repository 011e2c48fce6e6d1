"""Import of many rows: plain text or CSV, all of it or nothing, with every fault named by its line.

Input is read line by line and rows go to the store as they are parsed, in one transaction, so a million rows need
little memory. Faults are collected to the end (at most `MOST_PROBLEMS` are said one by one), and then nothing is
stored. A dry run does everything but store, and keeps nobody from writing.

Rows that are there already with the same key become what the file says, a comment stays where the file has none; the
other rows stay. With `replace` the list becomes exactly the file, in its order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from sealgate.model.digest import TableSum
from sealgate.model.errors import Conflict, InvalidValue, Problem
from sealgate.model.objects import next_number
from sealgate.services.actor import Right
from sealgate.services.areas import may_edit
from sealgate.services.formats import Format
from sealgate.services.nouns import noun_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sealgate.model.forms import Read
    from sealgate.model.objects import Noun, Row
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Stored, View

    OnCount = Callable[[int], None]
    SavedRow = tuple[str, dict[str, Any], str | None, bool | None, str | None]

MOST_PROBLEMS = 100
_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do: rows read; of these new and changed; and rows removed."""

    noun: str
    read: int
    added: int
    changed: int
    removed: int
    dry_run: bool

    @property
    def same(self) -> int:
        """The number of rows that were there already as the file has them."""
        return self.read - self.added - self.changed


def import_rows(
    gateway: Gateway,
    actor: Actor,
    noun: str,
    lines: Iterable[str],
    *,
    form: Format = Format.TEXT,
    replace: bool = False,
    dry_run: bool = False,
    base: str | None = None,
    progress: OnCount | None = None,
) -> Imported:
    """Import rows from lines of text; InvalidValue with a problem for each line at fault, and nothing stored.

    `base` is the digest that the whole list had (`digest_of`) when the person saw it; another one now is a Conflict.
    """
    kind = noun_of(noun)
    may_edit(actor, kind.name)
    if dry_run:
        with gateway.store.reading() as reader:
            work = _Import(kind, reader.draft(), replace, progress)
            for _row in work.rows(form, lines):
                pass
            return work.result(work.surplus() if replace else 0, dry_run=True)
    with gateway.writing(actor) as writer:
        work = _Import(kind, writer.draft(), replace, progress)
        if base is not None and base != _digest(work.view, kind.name):
            raise Conflict(
                f"{kind.title}: somebody else changed the list meanwhile. Nothing was changed. "
                "Look at what stands now, put both together, and save again."
            )
        writer.save_many(kind.name, work.rows(form, lines))
        removed = writer.delete_many(kind.name, work.strangers()) if replace and work.surplus() else 0
        if replace and kind.ordered and work.before:
            writer.arrange(kind.name, list(work.keys))
        return work.result(removed, dry_run=False)


def digest_of(gateway: Gateway, actor: Actor, noun: str) -> str:
    """Return the digest of a whole list of the draft, to tell later whether anybody changed it."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        return _digest(reader.draft(), noun_of(noun).name)


def _digest(view: View, noun: str) -> str:
    return view.sums().get(noun, TableSum()).digest()


@dataclass(slots=True)
class _Import:
    """One run: parses, counts, and gives rows on as long as there was no fault."""

    kind: Noun[Any]
    view: View
    replace: bool
    progress: OnCount | None
    before: int = 0
    read: int = 0
    added: int = 0
    changed: int = 0
    faults: int = 0
    problems: list[Problem] = field(default_factory=list)
    keys: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = self.view.count(self.kind.name)

    def rows(self, form: Format, lines: Iterable[str]) -> Iterator[SavedRow]:
        """Give the rows for the store; at the end raise InvalidValue if there was any fault."""
        found = form.read(self.kind.name, lines, self._first_number())
        while chunk := list(islice(found, _CHUNK)):
            self.read += len(chunk)
            good = [one.row for one in chunk if one.row is not None]
            self._note_faults(chunk)
            if not self.faults:
                yield from self._counted(good)
            if self.progress is not None:
                self.progress(self.read)
        if self.faults:
            raise InvalidValue(*self.problems, *self._more_faults())

    def strangers(self) -> list[str]:
        """Return the keys of the list that are not in the file."""
        return [row.key for row in self.view.rows(self.kind.name) if row.key not in self.keys]

    def surplus(self) -> int:
        """Return how many rows of the list are not in the file."""
        return self.before - (self.read - self.added)

    def result(self, removed: int, *, dry_run: bool) -> Imported:
        """Return what was done."""
        return Imported(self.kind.name, self.read, self.added, self.changed, removed, dry_run)

    def _first_number(self) -> int:
        if not self.kind.numbered or self.replace:
            return 1
        return int(next_number(row.key for row in self.view.rows(self.kind.name)))

    def _counted(self, rows: list[Row[Any]]) -> Iterator[SavedRow]:
        known = self.view.named(self.kind.name, [row.key for row in rows]) if self.before else {}
        for row in rows:
            saved = self._saved(row)
            old = known.get(row.key)
            if old is None:
                self.added += 1
            elif _differs(saved, old):
                self.changed += 1
            if self.replace and self.before:
                self.keys[row.key] = None
            yield saved

    def _saved(self, row: Row[Any]) -> SavedRow:
        comment = row.comment if row.comment or self.replace else None
        return row.key, self.kind.fields(row.value), comment, row.enabled, self.kind.tag(row.value)

    def _note_faults(self, chunk: list[Read]) -> None:
        for one in chunk:
            if one.row is None:
                self.faults += 1
                if len(self.problems) < MOST_PROBLEMS:
                    self.problems += [_at_line(problem, one.line) for problem in one.problems]

    def _more_faults(self) -> list[Problem]:
        more = self.faults - len({problem.field.partition(",")[0] for problem in self.problems})
        return [Problem("", f"… and {more:,} more lines at fault.")] if more > 0 else []


def _differs(saved: SavedRow, old: Stored) -> bool:
    _key, fields, comment, enabled, _tag = saved
    return fields != old.fields or comment not in {None, old.comment} or enabled != old.enabled


def _at_line(problem: Problem, line: int) -> Problem:
    place = f"line {line}, {problem.field}" if problem.field else f"line {line}"
    return Problem(place, problem.what, problem.remedy)
