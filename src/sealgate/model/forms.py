"""Lists as files: plain text and CSV, both ways, streamed, with problems that name the line.

Plain text has one row a line (text_forms.py), a comment in `#` lines right before its row, and `#off# ` before a row
that is disabled. A line that begins with a blank continues the line before it, as in Postfix's tables, except in plain
lists. CSV has a header with the names or titles of the columns, and `comment` and `enabled`; comma, semicolon and tab
are taken as separators. What is written reads back as the same rows.

Readers give one `Read` for each row, good or bad, and hold no more than that: a million rows are a million steps. A key
that comes twice is a problem of the later line. Passwords are never written; logins cannot be read from a file.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue, Problem
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Kind, Row
from sealgate.model.text import comment, flag, shown
from sealgate.model.text_forms import READERS, WRITERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.model.objects import Column, Fields, Noun

OFF = "#off# "
_LISTS = frozenset({"relay-domain", "network", "rbl", "provider"})
_LONGEST_COMMENT = 1000
_LONGEST_LINE = 5_000_000


@dataclass(frozen=True, slots=True)
class Read:
    """One row of a file: its line (counted from 1), and either the row or what is wrong with it."""

    line: int
    row: Row[Any] | None
    problems: tuple[Problem, ...] = ()


def text_line(noun: str, value: Any) -> str:
    """Return a value as one line of plain text."""
    writer = WRITERS.get(noun)
    if writer is None:
        raise InvalidValue.of(refusal_of(noun))
    return writer(value)


def parse_text_line(noun: str, line: str) -> Fields:
    """Return the fields that a line of plain text stands for; a numbered noun's `name` is left to the caller."""
    reader = READERS.get(noun)
    if reader is None:
        raise InvalidValue.of(refusal_of(noun))
    return reader(line)


def refusal_of(noun: str) -> str:
    """Say why a kind of row is never in a file."""
    if noun == "sasl":
        return "Passwords are never written to a file or read from one; enter each login by itself."
    return f"{NOUNS[noun].title if noun in NOUNS else shown(noun)} are texts of their own; handle them one by one."


def write_text(noun: str, rows: Iterable[Row[Any]]) -> Iterator[str]:
    """Give the lines of plain text for rows, each with its line end."""
    for row in rows:
        line = text_line(noun, row.value)
        head = f"# {row.comment}\n" if row.comment else ""
        yield f"{head}{'' if row.enabled else OFF}{line}\n"


def read_text(noun: str, lines: Iterable[str], *, first_number: int = 1) -> Iterator[Read]:
    """Read rows from plain text; numbered nouns get names from `first_number` on, positions count from 0."""
    collector = Collector(NOUNS[noun], first_number)
    words: list[str] = []
    for number, line, logical in _logical_lines(lines, joined=noun not in _LISTS):
        if line.startswith("#") and not line.startswith(OFF):
            words.append(line[1:].strip())
        elif not line:
            words = []
        else:
            said, words = " ".join(words), []
            off = line.startswith(OFF)
            typed = line.removeprefix(OFF).strip()
            try:
                if logical:
                    raise logical
                yield collector.read(number, parse_text_line(noun, typed), _cut(said), enabled=not off)
            except InvalidValue as refusal:
                yield Read(number, None, refusal.problems)


def _cut(said: str) -> str:
    return said if len(said) <= _LONGEST_COMMENT else f"{said[: _LONGEST_COMMENT - 1].rstrip()}…"


def _logical_lines(lines: Iterable[str], *, joined: bool) -> Iterator[tuple[int, str, InvalidValue | None]]:
    """Give (number, stripped text, fault) for each logical line, comment and blank line."""
    start, parts = 0, ""
    fault: InvalidValue | None = None
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip("\r\n").replace("\t", " ")
        line = line.removeprefix("\ufeff") if number == 1 else line
        text = line.strip(" ")
        if joined and line[:1] == " " and text and not text.startswith("#") and parts:
            parts = f"{parts} {text}"
            if len(parts) > _LONGEST_LINE:
                fault, parts = InvalidValue.of("The line is too long."), "x"
            continue
        if parts:
            yield start, parts, fault
            parts, fault = "", None
        if not text or (text.startswith("#") and not text.startswith(OFF)):
            yield number, text, None
        else:
            start, parts = number, text
    if parts:
        yield start, parts, fault


class Collector:
    """Makes rows of fields: numbers them, and notices keys that come twice."""

    def __init__(self, noun: Noun[Any], first_number: int) -> None:
        self._noun = noun
        self._next = first_number
        self._position = 0
        self._seen: set[int] = set()

    def read(self, line: int, fields: Fields, said: str, *, enabled: bool) -> Read:
        """Return the row, or raise `InvalidValue`."""
        noun = self._noun
        if noun.numbered and not fields.get("name"):
            fields["name"] = str(self._next)
        value = noun.parse(fields)
        key = noun.key(value)
        mark = hash(key)  # numbers instead of a million keys: two keys share one less often than disks fail
        if mark in self._seen:
            raise InvalidValue.of(f"{shown(key)} comes twice in this file.", "Remove one of the two lines.")
        row = Row(noun.name, key, value, comment(said) if said else "", enabled, self._position)
        self._seen.add(mark)
        self._position += 1
        self._next += 1
        return Read(line, row)


def write_csv(noun: str, rows: Iterable[Row[Any]]) -> Iterator[str]:
    """Give the lines of a CSV file (RFC 4180, but LF line ends) for rows, the header first."""
    described = NOUNS[noun]
    columns = [column for column in described.columns if column.kind is not Kind.SECRET]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*(column.name for column in columns), "comment", "enabled"])
    yield buffer.getvalue()
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        fields = described.fields(row.value)
        cells = [_cell(fields.get(column.name, column.default)) for column in columns]
        writer.writerow([*cells, row.comment, "yes" if row.enabled else "no"])
        yield buffer.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def read_csv(noun: str, lines: Iterable[str], *, first_number: int = 1) -> Iterator[Read]:
    """Read rows from CSV; the header names the columns, in any order."""
    if noun not in READERS:
        yield Read(1, None, (Problem("", refusal_of(noun)),))
        return
    source = iter(lines)
    first = next(source, "").removeprefix("\ufeff")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(_chain(first, source), delimiter=separator, strict=True)
    collector = Collector(NOUNS[noun], first_number)
    names: list[str] | None = None
    while True:
        try:
            cells = next(reader)
            if names is None:
                names = _header(NOUNS[noun].columns, cells)
            elif any(cell.strip() for cell in cells):
                yield _csv_row(collector, reader.line_num, names, cells)
        except StopIteration:
            return
        except csv.Error as broken:
            yield Read(reader.line_num, None, (Problem("", f"The file is no CSV from here on: {broken}."),))
            return
        except InvalidValue as refusal:
            yield Read(reader.line_num, None, refusal.problems)
            if names is None:
                return


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _header(columns: tuple[Column, ...], cells: list[str]) -> list[str]:
    known = {column.title.lower(): column.name for column in columns} | {column.name: column.name for column in columns}
    known |= {"comment": "comment", "enabled": "enabled"}
    names = [known.get(cell.strip().lower(), "") for cell in cells]
    for cell, name in zip(cells, names, strict=True):
        if not name:
            raise InvalidValue.of(
                f"The first line has no column {shown(cell)!r}.",
                f"It names the columns: {', '.join(column.name for column in columns)}, comment, enabled.",
            )
    if not names:
        raise InvalidValue.of("The first line is empty.", "It names the columns.")
    if len(set(names)) != len(names):
        raise InvalidValue.of("The first line names a column twice.", "Remove one of the two.")
    return names


def _csv_row(collector: Collector, line: int, names: list[str], cells: list[str]) -> Read:
    if len(cells) > len(names):
        raise InvalidValue.of(f"The line has {len(cells)} cells for {len(names)} columns.", "Quote cells with commas.")
    given = dict(zip(names, cells, strict=False))
    said = given.pop("comment", "")
    enabled = flag(given.pop("enabled", "") or "yes", "The column enabled")
    fields: Fields = {name: cell for name, cell in given.items() if cell}
    return collector.read(line, fields, said, enabled=enabled)
