"""The files of one release while it is being made: texts, tables, secrets.

Texts are written anew. A table whose content did not change is a hard link to the file of an earlier release; a row
table of which few rows changed is a copy of the earlier file with those rows changed; anything else is built. Secrets
are opened here, into files whose mode keeps others out from the first moment. Sources: postfix.md §7 and §11.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from sealgate import __version__
from sealgate.model.digest import canonical_json
from sealgate.node.objects import LARGEST_COPY
from sealgate.node.releases import FileRecord, Release, TableRecord, record_file
from sealgate.node.table_changes import entry_changes
from sealgate.postfix.digests import digest as file_digest
from sealgate.postfix.files import HOT_SECONDS
from sealgate.postfix.tables import TableType, file_of, pays_to_rebuild
from sealgate.render import EntrySource, PerRow, TextSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from sealgate.model.findings import Place
    from sealgate.model.secrets import Sealed
    from sealgate.node.receiving import Candidate
    from sealgate.node.stores import Stores
    from sealgate.postfix.complaints import Complaint
    from sealgate.render import ConfigTree, NodeFacts, TableFile, TextFile

    Open = Callable[[Sealed], str]
    Tell = Callable[[str], None]


class Making:
    """Makes the files of one release below `top`; `tell` hears what takes long."""

    def __init__(self, stores: Stores, top: Path, candidate: Candidate, opened: Open, tell: Tell) -> None:
        self._stores = stores
        self._top = top
        self._candidate = candidate
        self._opened = opened
        self._tell = tell
        self._earlier = stores.releases.all()
        self._files: list[FileRecord] = []
        self._tables: list[TableRecord] = []
        self.complaints: list[tuple[Place, Complaint]] = []

    def everything(self, tree: ConfigTree) -> None:
        """Make every file of the tree."""
        self._stores.loose.make_directory(self._top)
        for directory in ("maps", "maps.d"):
            self._stores.loose.make_directory(self._top / directory)
        for text in tree.texts:
            self.text(text)
        for table in tree.tables:
            self.table(table)

    def text(self, file: TextFile) -> None:
        """Write a text."""
        content = file.text if isinstance(file.text, str) else file.text.filled(self._opened)
        self._write(file.path, content.encode(), file.mode)

    def table(self, table: TableFile) -> None:
        """Write or build a table, and remember what was said about it."""
        kind = TableType(table.type)
        if isinstance(table.source, TextSource):
            self._write(table.path, table.source.chunks(), table.mode, table.type)
        if kind.indexed:
            complaints = self._indexed(table, kind)
        elif isinstance(table.source, TextSource):
            complaints = self._stores.tables.build_from_text(self._top / table.path, kind).complaints
        else:
            complaints = self._text_table(table, kind)
        self.complaints += [(table.place, said) for said in complaints]

    def record(self, name: str, tree: ConfigTree, facts: NodeFacts) -> Release:
        """Return the record of what was made."""
        return Release(
            id=name,
            digest=self._candidate.digest,
            version=__version__,
            tree=tree.digest(),
            tables=self._candidate.table_digests,
            facts=facts.to_json(),
            files=tuple(self._files),
            built=tuple(self._tables),
            chunks=tuple(sorted(self._candidate.chunks)),
            secrets=tuple(sorted(self._candidate.secrets)),
            made=time.time(),
        )

    def _write(self, path: str, content: bytes | Iterable[bytes], mode: int, table: str = "") -> None:
        target = self._top / path
        self._stores.loose.make_directory(target.parent)
        self._stores.loose.write(target, content, mode=mode, age=HOT_SECONDS)
        self._files.append(record_file(self._top, path, _digest(target), text=True, table=table))

    def _text_table(self, table: TableFile, kind: TableType) -> tuple[Complaint, ...]:
        target = self._top / table.path
        built = self._stores.tables.build(target, kind, self._entries(table), mode=table.mode)
        self._files.append(record_file(self._top, table.path, _digest(target), text=True, table=table.type))
        return built.complaints

    def _indexed(self, table: TableFile, kind: TableType) -> tuple[Complaint, ...]:
        file = file_of(self._top / table.path, kind)
        record = self._described(table, str(file.relative_to(self._top)))
        complaints: tuple[Complaint, ...] = ()
        if not self._linked(record, file):
            revised = self._revised(table, kind, record)
            complaints = self._built(table, kind) if revised is None else revised
        if file.exists():
            self._tables.append(record)
            self._files.append(record_file(self._top, record.file, _digest(file), text=False, table=table.type))
        return complaints

    def _described(self, table: TableFile, file: str) -> TableRecord:
        source = table.source
        noun, shape = (source.noun, source.shape) if isinstance(source, PerRow) else ("", "")
        rows = self._candidate.table_digests.get(noun, "")
        about = [table.path, table.type, table.mode, type(source).__name__, source.identity(), rows]
        identity = hashlib.sha256(canonical_json(about)).hexdigest()
        return TableRecord(table.path, table.type, identity, file, noun, shape, rows)

    def _linked(self, wanted: TableRecord, file: Path) -> bool:
        """Take the file of an earlier release that has the same content and is still as it was made."""
        for release, _ in self._similar(lambda record: record.identity == wanted.identity):
            self._stores.loose.link(self._stores.releases.path(release.id) / wanted.file, file)
            return True
        return False

    def _revised(self, table: TableFile, kind: TableType, wanted: TableRecord) -> tuple[Complaint, ...] | None:
        """Copy an earlier file and change the rows that differ; None when none fits or it would not pay."""
        source = table.source
        if not isinstance(source, PerRow) or not kind.revisable or not wanted.rows:
            return None
        mine = self._candidate.tables[wanted.noun]
        for release, record in self._similar(lambda one: (one.noun, one.shape) == (wanted.noun, wanted.shape)):
            theirs = self._stores.rows.find(record.noun, record.rows) if record.rows else None
            differences = theirs.differences(mine) if theirs else None
            if differences is None:
                continue
            changes = entry_changes(source, differences, self._opened)
            if pays_to_rebuild(len(changes), mine.total.count):
                return None
            self._tell(f"changing {len(changes)} entries of {table.path}")
            parent = self._stores.releases.path(release.id) / record.path
            return self._stores.tables.revise(parent, self._top / table.path, kind, changes, mode=table.mode).complaints
        return None

    def _built(self, table: TableFile, kind: TableType) -> tuple[Complaint, ...]:
        target = self._top / table.path
        self._tell(f"building {table.path}")
        if isinstance(table.source, TextSource):
            return self._stores.tables.build_from_text(target, kind, mode=table.mode).complaints
        ordered = isinstance(table.source, PerRow)
        built = self._stores.tables.build(target, kind, self._entries(table), mode=table.mode, ordered=ordered)
        return built.complaints

    def _similar(self, fits: Callable[[TableRecord], bool]) -> Iterator[tuple[Release, TableRecord]]:
        for release in self._earlier:
            for record in release.built:
                file = release.file(record.file) if fits(record) else None
                if file is not None and self._is_intact(release, file):
                    yield release, record

    def _is_intact(self, release: Release, record: FileRecord) -> bool:
        releases = self._stores.releases
        try:
            return releases.is_as_recorded(releases.path(release.id) / record.path, record)
        except FileNotFoundError:
            return False

    def _entries(self, table: TableFile) -> Iterator[tuple[str, str]]:
        source = table.source
        assert isinstance(source, EntrySource | PerRow)  # noqa: S101 - texts are written elsewhere
        for key, value in source.entries():
            yield key, value if isinstance(value, str) else value.filled(self._opened)


def _digest(path: Path) -> str:
    """Return the digest of a file, or nothing for one too large to copy."""
    return file_digest(path) if path.stat().st_size <= LARGEST_COPY else ""
