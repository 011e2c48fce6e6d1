"""Look-up tables: building them, changing a few rows of a large one, asking them.

A table is named as main.cf names it, by type and path without suffix. An indexed table (lmdb, hash, btree, cdb) is
always built into a fresh file under a temporary name and renamed when it is whole; its entries go to postmap through
a pipe, so no source text is left on the disk, secrets included. A text table (cidr, pcre, regexp, texthash) is
written as it is. `revise` copies the table of the parent release and changes rows in the copy: a table in a release
is never written again.

postmap ends with status 0 after skipping bad lines and duplicates: whoever builds must look at `complaints`. Sources:
postmap(1), DATABASE_README, cidr_table(5), pcre_table(5), lmdb_table(5); postfix.md §7 and §11.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sealgate.model.errors import NodeFailed
from sealgate.postfix.complaints import Complaint, Level
from sealgate.postfix.entries import Counted, batches, entry_line, key_line, refuse_unless_one_line
from sealgate.postfix.files import HOT_SECONDS, Files, Owner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from sealgate.postfix.command import Programs, Result

Entry = tuple[str, str]
REBUILD_ROWS = 3000
"""Above this many changed rows building anew is faster: each changed row is a transaction of its own."""

_BLOCK = 1 << 16


class TableType(StrEnum):
    """The types that Sealgate writes itself."""

    LMDB = "lmdb"
    HASH = "hash"
    BTREE = "btree"
    CDB = "cdb"
    TEXTHASH = "texthash"
    CIDR = "cidr"
    PCRE = "pcre"
    REGEXP = "regexp"

    @property
    def indexed(self) -> bool:
        """Whether postmap makes a database file of it."""
        return self in _SUFFIX

    @property
    def suffix(self) -> str:
        """What the database file has at the end of its name; nothing for text tables."""
        return _SUFFIX.get(self, "")

    @property
    def revisable(self) -> bool:
        """Whether single rows can be changed in a copy."""
        return self in {TableType.LMDB, TableType.HASH, TableType.BTREE}


_RULES = {TableType.PCRE, TableType.REGEXP, TableType.CIDR}
"""Types whose first column is a pattern with a syntax of its own."""

_SUFFIX = {TableType.LMDB: ".lmdb", TableType.HASH: ".db", TableType.BTREE: ".db", TableType.CDB: ".cdb"}


@dataclass(frozen=True, slots=True)
class Built:
    """What building gave. `entries` counts what was handed over (None: a text); `whole`: all of it is in the table."""

    file: Path
    entries: int | None
    complaints: tuple[Complaint, ...]
    seconds: float

    @property
    def whole(self) -> bool:
        """Whether postmap had nothing to say, so that every entry is in the file."""
        return not self.complaints


@dataclass(frozen=True, slots=True)
class Answers:
    """What a table answered: found values by key. With complaints a missing key proves nothing."""

    found: Mapping[str, str]
    complaints: tuple[Complaint, ...]


def file_of(path: Path, kind: TableType) -> Path:
    """Return the file that Postfix reads for `type:path`."""
    return path.with_name(path.name + kind.suffix)


def pays_to_rebuild(changed: int, total: int) -> bool:
    """Whether a table of `total` rows with `changed` ones is better built anew (postfix.md §11)."""
    return changed > REBUILD_ROWS or changed * 10 > total


class Tables:
    """Builds and asks tables with the given programs (see `neutral_programs`), writing through `files`."""

    def __init__(self, programs: Programs, files: Files | None = None) -> None:
        self._programs = programs
        self._files = files or Files()

    def build(
        self,
        path: Path,
        kind: TableType,
        entries: Iterable[Entry],
        *,
        mode: int = 0o644,
        owner: Owner | None = None,
        ordered: bool = False,
        timeout: float = 300.0,
    ) -> Built:
        """Build a table from entries. `ordered` promises that they come sorted by key, which saves sorting here.

        Raises ValueError for an entry that the line format cannot carry; then no file is made.
        """
        started = time.monotonic()
        lines = Counted(entry_line(*entry, pattern=kind in _RULES) for entry in entries)
        if not kind.indexed:
            self._files.write(path, batches(lines), mode=mode, owner=owner, age=HOT_SECONDS)
            return Built(path, lines.count, self.check(path, kind), time.monotonic() - started)
        source = lines if ordered else sorted(lines)
        result = self._postmap(path, kind, batches(source), mode, owner=owner, timeout=timeout)
        return Built(file_of(path, kind), lines.count, result.complaints, time.monotonic() - started)

    def build_from_text(
        self, path: Path, kind: TableType, *, mode: int = 0o644, owner: Owner | None = None, timeout: float = 300.0
    ) -> Built:
        """Build the index of the text file `path`, which stays; complaints name its lines. Text tables are checked."""
        started = time.monotonic()
        if not kind.indexed:
            complaints = self.check(path, kind)
        else:
            with path.open("rb") as text:
                result = self._postmap(
                    path, kind, iter(lambda: text.read(_BLOCK), b""), mode, owner=owner, timeout=timeout
                )
            complaints = tuple(_renamed(said, path) for said in result.complaints)
        return Built(file_of(path, kind), None, complaints, time.monotonic() - started)

    def revise(
        self,
        parent: Path,
        path: Path,
        kind: TableType,
        changes: Mapping[str, str | None],
        *,
        mode: int = 0o644,
        owner: Owner | None = None,
        timeout: float = 300.0,
    ) -> Built:
        """Make `path` the table `parent` with some rows changed: a value sets the key, None takes it away.

        The parent is copied first, never touched. Raises ValueError for a type that cannot do it (cdb, text).
        """
        if not kind.revisable:
            raise ValueError(f"rows of a {kind} table cannot be changed one by one")
        started = time.monotonic()
        with self._workshop(path) as base:
            building = file_of(base, kind)
            self._files.copy(file_of(parent, kind), building, mode=0o600, durable=False)
            complaints = self._change(base, kind, changes, timeout)
            self._files.adopt(building, mode=mode, owner=owner)
            self._files.rename(building, file_of(path, kind))
        return Built(file_of(path, kind), len(changes), complaints, time.monotonic() - started)

    def query(
        self, path: Path, kind: str, key: str, *, timeout: float = 5.0
    ) -> tuple[str | None, tuple[Complaint, ...]]:
        """Ask one key as Postfix would; None when it is not there, and what was said meanwhile."""
        answers = self.query_many(path, kind, (key,), timeout=timeout)
        return answers.found.get(key), answers.complaints

    def query_many(self, path: Path, kind: str, keys: Iterable[str], *, timeout: float = 30.0) -> Answers:
        """Ask many keys with one program. `kind` may be any type that postmap knows."""
        asked = list(keys)
        for key in asked:
            refuse_unless_one_line(key)
        lines = (f"{key}\n".encode() for key in asked)
        result = self._programs.run("postmap", "-q", "-", f"{kind}:{path}", stdin=lines, timeout=timeout)
        return Answers(dict(_matched(asked, result.output.split("\n"))), result.complaints)

    def check(self, path: Path, kind: str, *, timeout: float = 30.0) -> tuple[Complaint, ...]:
        """Open a table and ask it one key, to hear what Postfix thinks of each line of it."""
        return self.query_many(path, kind, ("sealgate.invalid",), timeout=timeout).complaints

    def contents(self, path: Path, kind: TableType) -> Iterator[Entry]:
        """Give every key and value of an indexed table, in its own order."""
        for line in self._programs.stream("postmap", "-s", f"{kind}:{path}"):
            key, _, value = line.partition("\t")
            yield key, value

    def take_out(self, path: Path, kind: TableType, keys: Iterable[str], *, timeout: float = 60.0) -> None:
        """Take keys out of a table in place: only for tables that are caches. Raises NodeFailed when it cannot."""
        lines = [key_line(key) for key in keys]
        if lines:
            result = self._programs.run("postmap", "-d", "-", f"{kind}:{path}", stdin=batches(lines), timeout=timeout)
            if result.complaints:
                raise NodeFailed(f"{path} was not changed: {result.complaints[0].text}")

    def compile_rules(
        self, kind: TableType, rules: Iterable[str], *, timeout: float = 30.0
    ) -> dict[int, tuple[Complaint, ...]]:
        """Compile pcre, regexp or cidr rules, one a line, and return what was said by number of the rule, from 0.

        -1 holds what names no line. A rule that is no single line is refused here, as it would run into its neighbours.
        """
        said: dict[int, tuple[Complaint, ...]] = {}
        lines: list[bytes] = []
        for number, rule in enumerate(rules):
            fault = _rule_fault(rule)
            if fault:
                said[number] = (Complaint(Level.ERROR, fault, "postmap"),)
            lines.append(b"#\n" if fault else f"{rule}\n".encode())
        source = f"{kind}:/proc/self/fd/0"
        result = self._programs.run("postmap", "-q", "sealgate.invalid", source, stdin=lines, timeout=timeout)
        for complaint in result.complaints:
            number = complaint.line - 1
            said[number] = (*said.get(number, ()), complaint)
        return said

    def _postmap(
        self, path: Path, kind: TableType, chunks: Iterable[bytes], mode: int, *, owner: Owner | None, timeout: float
    ) -> Result:
        """Build `path`'s index from what `chunks` give; the temporary source is a link to the program's own stdin."""
        with self._workshop(path) as base:
            base.symlink_to("/proc/self/fd/0")
            result = self._programs.run("postmap", f"{kind}:{base}", stdin=chunks, timeout=timeout)
            if not result.failed:
                building = file_of(base, kind)
                self._files.adopt(building, mode=mode, owner=owner)
                self._files.rename(building, file_of(path, kind))
        return result

    @contextlib.contextmanager
    def _workshop(self, path: Path) -> Iterator[Path]:
        """Give a name to build under, in a directory beside `path` that only root may enter and that goes away."""
        place = _building(path)
        self._files.remove_tree(place)
        self._files.make_directory(place, mode=0o700)
        try:
            yield place / path.name
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _change(
        self, base: Path, kind: TableType, changes: Mapping[str, str | None], timeout: float
    ) -> tuple[Complaint, ...]:
        set_lines = [entry_line(key, value) for key, value in changes.items() if value is not None]
        gone = [key_line(key) for key, value in changes.items() if value is None]
        said: tuple[Complaint, ...] = ()
        source = f"{kind}:{base}"
        if gone:
            result = self._programs.run("postmap", "-d", "-", source, stdin=batches(gone), timeout=timeout)
            said += result.complaints
        if set_lines:
            result = self._programs.run("postmap", "-i", "-r", source, stdin=batches(set_lines), timeout=timeout)
            said += result.complaints
        return said


def _matched(asked: list[str], lines: list[str]) -> Iterator[Entry]:
    """Join the answers to the keys: postmap answers in the order of the questions, and only what it found."""
    at = 0
    for key in asked:
        if at < len(lines) and lines[at].startswith(f"{key}\t"):
            yield key, lines[at][len(key) + 1 :]
            at += 1


def _rule_fault(rule: str) -> str:
    if any(character in rule for character in "\n\r\0"):
        return "a rule is one line"
    if not rule.strip() or rule[0] in " \t#":
        return "a rule is not empty and does not start with a blank or #"
    return ""


def _building(path: Path) -> Path:
    return path.with_name(f".{path.name}.sealgate-new")


def _renamed(said: Complaint, path: Path) -> Complaint:
    """Name the source file where postmap named the temporary one."""
    base = str(_building(path) / path.name)
    file = str(path) if said.file.startswith(base) else said.file
    return Complaint(
        said.level, said.text.replace(base, str(path)), said.program, file, said.line, said.parameter, said.process
    )
