"""Rows of one noun on the agent's disk: a large sorted file that never changes, and a small list of what differs.

A table is known by its digest (`model/digest.py`). Its file of rows (`<digest>.rows`) has one JSON line a row, sorted
by key; it is written when a whole table arrives. A later table that differs in some rows is only a `<digest>.table`:
which file of rows it starts from, the rows that are other, added or gone, and the sum. So one changed row among a
million costs one row, and two tables on the same file of rows are compared at the cost of their differences.

Past `MOST_CHANGES` the rows are written anew. Looking up a row is a binary search in the mapped file. Both files are
whole or absent (`postfix/files.py`). A digest is believed only because it was computed here, from the rows themselves.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import json
import mmap
import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealgate.link.bundle import SentRow, read_row, row_line
from sealgate.model.digest import ROW_DIGEST_BYTES, TableSum, canonical_json, canonical_text, row_digest
from sealgate.model.errors import NodeFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sealgate.postfix.files import Files

    Tag = Callable[[SentRow], str | None]

MOST_CHANGES = 5000
_RUN = 100_000


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A table on disk. `changes` are the rows that differ from the file of rows `base`; `fields` None: gone.

    `tags` counts the enabled rows of each tag (the next hop of a transport).
    """

    noun: str
    base: Path
    total: TableSum
    tags: Mapping[str, int]
    changes: Mapping[str, SentRow] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The digest of the table."""
        return self.total.digest()

    def __iter__(self) -> Iterator[SentRow]:
        """Give the rows, sorted by key."""
        if not self.changes:
            yield from _lines(self.base)
            return
        changed = iter(sorted(self.changes.values(), key=lambda row: row.key.encode()))
        for row in heapq.merge(_shadowed(self.base, self.changes), changed, key=lambda row: row.key.encode()):
            if row.fields is not None:
                yield row

    def row(self, key: str) -> SentRow | None:
        """Return one row."""
        found = self.changes.get(key) or _search(self.base, key)
        return None if found is None or found.fields is None else found

    def spread(self, most: int) -> Iterator[SentRow]:
        """Give at most so many rows, far from each other and always the same, by looking at as many places only."""
        keys = dict.fromkeys([*_spread(self.base, most), *sorted(self.changes)[: most // 2]])
        rows = (self.row(key) for key in keys)
        return itertools.islice((row for row in rows if row is not None), most)

    def differences(self, other: StoredTable) -> Iterator[tuple[SentRow | None, SentRow | None]] | None:
        """Give (row here, row in `other`) wherever they differ; None when only a full comparison could tell."""
        if self.base != other.base:
            return None
        keys = sorted(self.changes.keys() | other.changes.keys())
        pairs = ((self.row(key), other.row(key)) for key in keys)
        return ((mine, theirs) for mine, theirs in pairs if mine != theirs)


class RowStore:
    """All tables that the agent keeps, below `directory`."""

    def __init__(self, directory: Path, files: Files) -> None:
        self._directory = directory
        self._files = files

    def find(self, noun: str, digest: str) -> StoredTable | None:
        """Return the table with a digest, if it is here."""
        path = self._path(noun, digest)
        try:
            head, *lines = path.read_bytes().splitlines()
        except FileNotFoundError:
            return None
        about = json.loads(head)
        base = path.with_name(about["base"])
        if not base.exists():
            return None
        changes = {row.key: row for row in map(read_row, lines)}
        return StoredTable(noun, base, TableSum.from_bytes(bytes.fromhex(about["sum"])), about["tags"], changes)

    def take(self, noun: str, rows: Iterable[SentRow], tag: Tag) -> StoredTable:
        """Store a whole table from rows in any order; NodeFailed when a key comes twice."""
        added, tags = _Added(noun), Counter[str | None]()
        directory = self._directory / noun
        self._files.make_directory(directory, mode=0o700)

        def counted() -> Iterator[tuple[bytes, bytes]]:
            for row in rows:
                tags[tag(row)] += 1
                yield row.key.encode(), added.line(row)

        with tempfile.TemporaryDirectory(dir=directory, prefix=".arriving-") as place:
            runs = list(_sorted_runs(noun, counted(), place))
            total = added.sum()
            base = directory / f"{total.digest()}.rows"
            self._files.write(base, _merged(noun, runs), mode=0o600)
        return self._keep(StoredTable(noun, base, total, {name: n for name, n in tags.items() if name is not None}))

    def change(self, parent: StoredTable, rows: Iterable[SentRow], tag: Tag) -> StoredTable:
        """Store the table that `parent` becomes with these rows set, or taken away where `fields` is None."""
        total, tags, changes = parent.total, Counter(dict(parent.tags)), dict(parent.changes)
        for row in rows:
            old = changes.get(row.key) or _search(parent.base, row.key)
            if old is not None and old.fields is not None:
                total = total.remove(digest_of(parent.noun, old))
                _count(tags, tag(old), -1)
            if row.fields is not None:
                total = total.add(digest_of(parent.noun, row))
                _count(tags, tag(row), 1)
            changes[row.key] = row
        table = StoredTable(parent.noun, parent.base, total, {name: n for name, n in tags.items() if n > 0}, changes)
        if len(changes) > MOST_CHANGES:
            base = parent.base.with_name(f"{table.digest}.rows")
            self._files.write(base, _blocks(map(row_line, table)), mode=0o600)
            table = StoredTable(parent.noun, base, total, table.tags)
        return self._keep(table)

    def sweep(self, kept: Iterable[tuple[str, str]]) -> None:
        """Remove every table but these (noun, digest), and files of rows that no table needs."""
        wanted = {(noun, f"{digest}.table") for noun, digest in kept}
        for noun in sorted(path for path in self._directory.glob("*") if path.is_dir()):
            needed = set()
            for path in sorted(noun.glob("*.table")):
                if (noun.name, path.name) in wanted:
                    with path.open("rb") as file:
                        needed.add(json.loads(file.readline())["base"])
                else:
                    self._files.remove(path)
            for path in sorted(noun.glob("*.rows")):
                if path.name not in needed:
                    self._files.remove(path)
            for left in sorted(noun.glob(".*")):
                self._files.remove_tree(left)

    def _keep(self, table: StoredTable) -> StoredTable:
        about = {"base": table.base.name, "sum": table.total.to_bytes().hex(), "tags": dict(sorted(table.tags.items()))}
        lines = [json.dumps(about, ensure_ascii=False).encode() + b"\n", *map(row_line, table.changes.values())]
        self._files.write(self._path(table.noun, table.digest), b"".join(lines), mode=0o600)
        return table

    def _path(self, noun: str, digest: str) -> Path:
        return self._directory / noun / f"{digest}.table"


def digest_of(noun: str, row: SentRow) -> int:
    """Return the digest of a row that is not gone."""
    assert row.fields is not None  # noqa: S101 - the callers look
    return row_digest(noun, row.key, row.fields, comment=row.comment, enabled=row.enabled, position=row.position)


class _Added:
    """The sum over rows that are written: each is encoded once, for its line and for its digest (`row_digest`)."""

    def __init__(self, noun: str) -> None:
        self._head = f"[{canonical_text(noun)},".encode()
        self._total = self._count = 0

    def line(self, row: SentRow) -> bytes:
        """Return the line of a row, and count it."""
        text = canonical_json(row)
        self._total += int.from_bytes(hashlib.shake_256(self._head + text[1:]).digest(ROW_DIGEST_BYTES))
        self._count += 1
        return text + b"\n"

    def sum(self) -> TableSum:
        """Return the sum of all so far."""
        return TableSum().shift(self._total, self._count)


def _count(tags: Counter[str], tag: str | None, step: int) -> None:
    if tag is not None:
        tags[tag] += step


@dataclass(frozen=True, slots=True)
class _Run:
    """A file of sorted lines, with its first and last key."""

    path: Path
    first: bytes
    last: bytes


def _sorted_runs(noun: str, rows: Iterable[tuple[bytes, bytes]], place: str) -> Iterator[_Run]:
    """Write the lines into files of at most `_RUN` sorted ones."""
    waiting: list[tuple[bytes, bytes]] = []

    def flush() -> _Run:
        waiting.sort()
        descriptor, name = tempfile.mkstemp(dir=place)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(_unique(noun, waiting))
        run = _Run(Path(name), waiting[0][0], waiting[-1][0])
        waiting.clear()
        return run

    for keyed in rows:
        waiting.append(keyed)
        if len(waiting) >= _RUN:
            yield flush()
    if waiting:
        yield flush()


def _merged(noun: str, runs: list[_Run]) -> Iterator[bytes]:
    """Give the lines of all runs in order, in blocks; rows that came in order are only copied."""
    runs = sorted(runs, key=lambda run: run.first)
    if all(one.last < other.first for one, other in itertools.pairwise(runs)):
        for run in runs:
            with run.path.open("rb") as file:
                while block := file.read(1 << 20):
                    yield block
    else:
        yield from _blocks(_unique(noun, heapq.merge(*(_keyed(run.path) for run in runs))))


def _keyed(path: Path) -> Iterator[tuple[bytes, bytes]]:
    with path.open("rb") as file:
        for line in file:
            yield _key_of(line), line


def _unique(noun: str, lines: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    last: bytes | None = None
    for key, line in lines:
        if key == last:
            raise NodeFailed(f"The bundle has the {noun} {key.decode()!r} twice. Nothing was changed.")
        last = key
        yield line


def _blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    block = bytearray()
    for line in lines:
        block += line
        if len(block) >= 1 << 18:
            yield bytes(block)
            block.clear()
    yield bytes(block)


_DECODER = json.JSONDecoder()


def _key_of(line: bytes) -> bytes:
    """Return the key of a line without reading the rest of it."""
    key: Any = _DECODER.raw_decode(line[1:].decode())[0]
    return str(key).encode()


def _lines(base: Path) -> Iterator[SentRow]:
    with base.open("rb") as file:
        yield from map(read_row, file)


def _shadowed(base: Path, changes: Mapping[str, SentRow]) -> Iterator[SentRow]:
    return (row for row in _lines(base) if row.key not in changes)


def _spread(base: Path, most: int) -> Iterator[str]:
    """Give the keys of the lines at places of the file that lie equally far apart."""
    with base.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        for number in range(most if size else 0):
            file.seek(size * number // most)
            if number:
                file.readline()
            line = file.readline()
            if line:
                yield _key_of(line).decode()


def _search(base: Path, key: str) -> SentRow | None:
    """Find the line with a key by halving the file."""
    wanted = key.encode()
    with base.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            low, high = 0, len(data)
            while low < high:
                start = data.rfind(b"\n", low, (low + high) // 2) + 1 or low
                end = data.find(b"\n", start) + 1
                line = data[start:end]
                found = _key_of(line)
                if found == wanted:
                    return read_row(line)
                low, high = (end, high) if found < wanted else (low, start)
    return None
