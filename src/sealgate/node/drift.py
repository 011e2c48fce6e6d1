"""Drift: what hands have changed in the files of the release in force, shown, adopted or overwritten.

Editing main.cf, master.cf or a look-up table on the machine is a normal way of working, and Postfix takes such an edit
up by itself sooner or later. So it is noticed (by digest, at a status, before an apply), shown as a diff against the
second copy, and apply waits until somebody decides: *adopt* means that the control half has put the live text into
the draft and says so, naming the exact content that it took; *overwrite* makes the file again.

A database file (`.db`, `.lmdb`) follows its text: one that was built from an edited text is no news of its own. A file
that was added is shown but blocks nothing: nothing refers to it unless main.cf was edited too.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sealgate.link.upkeep import Drift, DriftItem, DriftKind
from sealgate.model.errors import NodeFailed, NotFound
from sealgate.model.next_steps import Act, Step
from sealgate.postfix.digests import digest as file_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sealgate.node.journal import Standing
    from sealgate.node.releases import FileRecord, Look, Release
    from sealgate.node.stores import Stores

LARGEST_DIFF = 200_000
_LARGEST_TEXT = 8 * 1024 * 1024


class DriftWatch:
    """Compares the release in force with its record."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def find(self, standing: Standing) -> Drift:
        """Return what differs from the release that is in force now."""
        live = standing.live
        release = self._stores.releases.find(live.release) if live else None
        if live is None or release is None:
            return Drift("", None, ())
        look = self._stores.releases.look(release)
        items = tuple(self._items(release, look, standing.adopted or {}))
        return Drift(release.id, live.revision, items)

    def content(self, release: Release, name: str, *, expected: bool) -> bytes:
        """Return a file of a release: as it is now, or as it was made. NotFound for a name that it has not."""
        record = release.file(name)
        if record is None and name not in self._stores.releases.look(release).added:
            raise NotFound(f"The configuration in force has no file {name!r}.")
        if not expected:
            try:
                return (self._stores.releases.path(release.id) / name).read_bytes()
            except FileNotFoundError:
                raise NotFound(f"{name} was removed. Overwriting makes it again.").then(Step(Act.OVERWRITE)) from None
        if record is None or not record.digest:
            raise NotFound(f"There is no second copy of {name}.")
        return self._stores.objects.get(record.digest)

    def _items(self, release: Release, look: Look, adopted: Mapping[str, str]) -> Iterator[DriftItem]:
        edited = {record.path for record in (*look.changed, *look.missing) if record.text}
        for record in look.changed:
            if not _follows(record, edited):
                yield self._changed(release, record, adopted)
        for record in look.missing:
            if not _follows(record, edited):
                yield DriftItem(
                    record.path,
                    DriftKind.MISSING,
                    "",
                    record.digest,
                    text=record.text,
                    adopted=adopted.get(record.path) == "",
                )
        for name in look.added:
            path = self._stores.releases.path(release.id) / name
            yield DriftItem(name, DriftKind.ADDED, _digest(path), "", text=False, blocks=False)

    def _changed(self, release: Release, record: FileRecord, adopted: Mapping[str, str]) -> DriftItem:
        live = _digest(self._stores.releases.path(release.id) / record.path)
        diff = self._diff(release, record) if record.text else ""
        taken = adopted.get(record.path) == live
        return DriftItem(
            record.path, DriftKind.CHANGED, live, record.digest, diff=diff, text=record.text, adopted=taken
        )

    def _diff(self, release: Release, record: FileRecord) -> str:
        if record.mode & 0o077 == 0:
            return ""  # a file that others may not read is not shown to them
        path = self._stores.releases.path(release.id) / record.path
        try:
            if path.stat().st_size > _LARGEST_TEXT:
                return ""
            live = path.read_text("utf-8", "replace")
            made = self._stores.objects.get(record.digest).decode("utf-8", "replace") if record.digest else ""
        except (FileNotFoundError, NodeFailed):
            return ""
        return unified(made, live, record.path)


def unified(made: str, live: str, name: str) -> str:
    """Return a unified diff from what was made to what is live, cut at a bound."""
    lines = difflib.unified_diff(
        made.splitlines(keepends=True), live.splitlines(keepends=True), f"{name} (revision)", f"{name} (live)"
    )
    text = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
    return text if len(text) <= LARGEST_DIFF else text[:LARGEST_DIFF] + "\n… (cut; the live file has more changes)\n"


def _follows(record: FileRecord, edited: set[str]) -> bool:
    """Tell whether a database file differs only because its text does."""
    return not record.text and record.path.rpartition(".")[0] in edited


def _digest(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError:
        return ""
