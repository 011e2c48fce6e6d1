"""Import of many rows: plain text or CSV, all of it or nothing, with every fault named by its line.

Input is read line by line and rows go to the store as they are parsed, in one transaction, so a million rows need
little memory. Faults are collected to the end (at most `MOST_PROBLEMS` are said one by one), and then nothing is
stored. A dry run does everything but store, and keeps nobody from writing.

Rows that are there already with the same key are changed to what the file says; the others stay, unless `replace` asks
for the list to be exactly the file, in its order. A file without a secret keeps the one that a row has.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue, Problem
from sealgate.model.objects import Kind, next_number
from sealgate.model.text import shown
from sealgate.services.actor import Right
from sealgate.services.formats import Format, given_rows
from sealgate.services.nouns import noun_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sealgate.model.objects import Noun
    from sealgate.services.actor import Actor
    from sealgate.services.formats import Given
    from sealgate.services.gateway import Gateway
    from sealgate.store import Stored, View, Writer

    OnCount = Callable[[int], None]
    SavedRow = tuple[str, dict[str, Any], str | None, bool | None, str | None]

MOST_PROBLEMS = 100
_CHUNK = 2000
_UNSEALED = "not-stored"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do: rows read; of these new, changed, already so; and rows removed."""

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
    progress: OnCount | None = None,
) -> Imported:
    """Import rows from lines of text; InvalidValue with a problem for each line at fault, and nothing stored."""
    actor.may(Right.EDIT)
    kind = noun_of(noun)
    if any(column.kind is Kind.LONG_TEXT for column in kind.columns):
        raise InvalidValue.of(
            f"{kind.title} are no list of lines.", f"Add each with its file: sealgate add {kind.name} NAME --file FILE"
        )
    given = given_rows(kind, lines, form)
    if dry_run:
        with gateway.store.reading() as reader:
            work = _Import(kind, reader.draft(), None, progress)
            for _row in work.rows(given):
                pass
            return work.result(work.surplus() if replace else 0, dry_run=True)
    with gateway.writing(actor) as writer:
        work = _Import(kind, writer.draft(), (gateway, writer), progress)
        writer.save_many(kind.name, work.rows(given), reorder=replace and kind.ordered)
        removed = writer.delete_many(kind.name, work.strangers()) if replace else 0
        return work.result(removed, dry_run=False)


@dataclass(slots=True)
class _Import:
    """One run: parses, counts, and gives rows on as long as there was no fault."""

    kind: Noun[Any]
    view: View
    sealing: tuple[Gateway, Writer] | None
    progress: OnCount | None
    read: int = 0
    added: int = 0
    changed: int = 0
    faults: int = 0
    problems: list[Problem] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    _next: int = 0

    def rows(self, given: Iterator[Given]) -> Iterator[SavedRow]:
        """Give the rows for the store; at the end raise InvalidValue if there was any fault."""
        before = self.view.count(self.kind.name)
        while chunk := list(islice(given, _CHUNK)):
            known = self._known(chunk) if before else {}
            for one in chunk:
                row = self._row(one, known)
                if row is not None and not self.faults:
                    yield row
            if self.progress is not None:
                self.progress(self.read)
        if self.faults:
            raise InvalidValue(*self.problems, *self._more_faults())

    def strangers(self) -> list[str]:
        """Return the keys of the list that are not in the file."""
        return [row.key for row in self.view.rows(self.kind.name) if row.key not in self.lines]

    def surplus(self) -> int:
        """Return how many rows of the list are not in the file."""
        return self.view.count(self.kind.name) - (self.read - self.added)

    def result(self, removed: int, *, dry_run: bool) -> Imported:
        """Return what was done."""
        return Imported(self.kind.name, self.read, self.added, self.changed, removed, dry_run)

    def _known(self, chunk: list[Given]) -> dict[str, Stored]:
        keys = (one.key(self.kind) for one in chunk if one.fault is None)
        return self.view.named(self.kind.name, [key for key in keys if key])

    def _row(self, one: Given, known: dict[str, Stored]) -> SavedRow | None:
        self.read += 1
        try:
            if one.fault is not None:
                raise one.fault
            return self._parsed(one, known)
        except InvalidValue as fault:
            self.faults += 1
            if len(self.problems) < MOST_PROBLEMS:
                self.problems += [_at_line(problem, one.line) for problem in fault.problems]
            return None

    def _parsed(self, one: Given, known: dict[str, Stored]) -> SavedRow:
        fields = self._with_name(one.fields)
        old = known.get(one.key(self.kind))
        if one.has_secret_column:
            fields = self._with_secret(fields, old)
        value = self.kind.parse(fields)
        key = self.kind.key(value)
        first = self.lines.setdefault(key, one.line)
        if first != one.line:
            raise InvalidValue.of(f"{shown(key)} stands in line {first} already.", "Keep one of them.")
        canonical = self.kind.fields(value)
        self._count(canonical, one, old)
        return key, canonical, one.comment, one.enabled, self.kind.tag(value)

    def _count(self, canonical: dict[str, Any], one: Given, old: Stored | None) -> None:
        if old is None:
            self.added += 1
        elif (
            canonical != old.fields
            or one.comment not in {None, old.comment}
            or one.enabled not in {None, old.enabled}
        ):
            self.changed += 1

    def _with_name(self, fields: dict[str, Any]) -> dict[str, Any]:
        if not self.kind.numbered or fields.get("name"):
            return fields
        if not self._next:
            self._next = int(next_number(row.key for row in self.view.rows(self.kind.name)))
        self._next += 1
        return {**fields, "name": str(self._next - 1)}

    def _with_secret(self, fields: dict[str, Any], old: Stored | None) -> dict[str, Any]:
        for column in self.kind.columns:
            if column.kind is Kind.SECRET and not fields.get(column.name) and old is not None:
                return {**fields, column.name: old.fields[column.name]}
        if self.sealing is None:
            return {**fields, **{c.name: _UNSEALED for c in self.kind.columns if c.kind is Kind.SECRET}}
        gateway, writer = self.sealing
        return gateway.sealing(writer).of_row(self.kind, fields)

    def _more_faults(self) -> list[Problem]:
        more = self.faults - len({problem.field.partition(",")[0] for problem in self.problems})
        return [Problem("", f"… and {more:,} more lines at fault.")] if more > 0 else []


def _at_line(problem: Problem, line: int) -> Problem:
    place = f"line {line}, {problem.field}" if problem.field else f"line {line}"
    return Problem(place, problem.what, problem.remedy)
