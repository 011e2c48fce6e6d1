"""Making a release's directory again what its record says, file by file, from second copies and from rows.

A file that was changed, removed, or given to somebody else is replaced by one rename; one that is right is not touched.
What people had written there is first kept aside, so that no hand edit is ever lost: `node/aside/<release>/<time>/…`.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

from sealgate.model.errors import NodeFailed
from sealgate.node.releases import FileRecord, Release, record_file
from sealgate.postfix.tables import TableType
from sealgate.render import EntrySource, NodeFacts, PerRow, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sealgate.node.making import Open
    from sealgate.node.receiving import Receiver
    from sealgate.node.staging import Stager
    from sealgate.node.stores import Stores
    from sealgate.render import TableFile

_LARGEST_ASIDE = 64 * 1024 * 1024


class Mender:
    """Mends releases."""

    def __init__(self, stores: Stores, stager: Stager, receiver: Receiver, opened: Open) -> None:
        self._stores = stores
        self._stager = stager
        self._receiver = receiver
        self._opened = opened

    def mend(self, release: Release, only: Iterable[str] = ()) -> Release:
        """Make the files of a release right (all, or `only` these) and return its record as it is now.

        NodeFailed when a second copy is gone; OSError for what the system refuses. Either way every single file is
        the old or the right one.
        """
        wanted = set(only)
        look = self._stores.releases.look(release)
        wrong = [record for record in (*look.changed, *look.missing) if not wanted or record.path in wanted]
        if not wrong:
            return release
        self._keep_aside(release, look.changed)
        for record in wrong:
            if not self._stager.restore(release, record):
                self._rebuild(release, record)
        mended = self._recorded_anew(release, {record.path for record in wrong})
        self._stores.releases.write(mended)
        return mended

    def _rebuild(self, release: Release, record: FileRecord) -> None:
        """Build a table that is too large for a second copy from its rows."""
        built = next((one for one in release.built if one.file == record.path), None)
        if built is None:
            raise NodeFailed(f"There is no second copy of {record.path}. Check and apply the revision again.")
        candidate = self._receiver.reopen(release.digest, release.tables)
        facts = NodeFacts.from_json(release.facts)
        table = render(candidate.desired, facts).table(built.path)
        target = self._stores.releases.path(release.id) / built.path
        if isinstance(table.source, EntrySource | PerRow):
            entries = self._entries(table)
            made = self._stores.tables.build(target, TableType(built.type), entries, mode=record.mode)
        else:
            made = self._stores.tables.build_from_text(target, TableType(built.type), mode=record.mode)
        if made.complaints:
            raise NodeFailed(f"{record.path} cannot be built again: {made.complaints[0].text}")

    def _entries(self, table: TableFile) -> Iterator[tuple[str, str]]:
        assert isinstance(table.source, EntrySource | PerRow)  # noqa: S101 - the caller looked
        for key, value in table.source.entries():
            yield key, value if isinstance(value, str) else value.filled(self._opened)

    def _recorded_anew(self, release: Release, paths: set[str]) -> Release:
        top = self._stores.releases.path(release.id)
        files = tuple(
            record_file(top, one.path, one.digest, text=one.text, table=one.table) if one.path in paths else one
            for one in release.files
        )
        return dataclasses.replace(release, files=files)

    def _keep_aside(self, release: Release, changed: Iterable[FileRecord]) -> None:
        top = self._stores.releases.path(release.id)
        place = self._stores.paths.aside / release.id / time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        for record in changed:
            source: Path = top / record.path
            if record.text and source.is_file() and source.stat().st_size <= _LARGEST_ASIDE:
                target = place / record.path
                self._stores.files.make_directory(target.parent, mode=0o700)
                self._stores.files.write(target, source.read_bytes(), mode=0o600)
