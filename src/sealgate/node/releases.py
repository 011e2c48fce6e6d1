"""What a release is made of, written down beside it, and whether its directory still is that.

A release is complete exactly when its record exists: the record is written last. It names every file with its digest
and with what stat(2) said when it was finished, so that a look at a million-row table costs one system call. A file
with a digest is believed without reading when size, modification time, inode and change time are as recorded, or as
when it was last read and found right; the change time cannot be set by a program, so an edit that puts the size and
the modification time back is noticed as well. A file too large for a digest is judged by the first three alone, since
a hard link made by a later release moves its change time.
"""

from __future__ import annotations

import json
import os
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.link.codec import from_json, to_json
from sealgate.model.errors import InvalidValue
from sealgate.postfix.digests import digest as file_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sealgate.postfix.files import Files


_MOST_READ = 10_000
_SETTLED_NS = 1_000_000_000
"""Times of files have the grain of the kernel's clock: a file changed just now may change again within one grain."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of a release. `digest` is empty for tables too large to copy. `text`: people may read and edit it."""

    path: str
    mode: int
    size: int
    digest: str
    time_ns: int
    inode: int
    text: bool = True
    table: str = ""
    changed_ns: int = 0


@dataclass(frozen=True, slots=True)
class TableRecord:
    """One table of a release: `identity` is equal when the content is; noun, shape and `rows` digest for row tables."""

    path: str
    type: str
    identity: str
    file: str
    noun: str = ""
    shape: str = ""
    rows: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """The record of one release. `tables` maps nouns to digests of their rows, from which it can be made again.

    `facts` are the node's facts that it was rendered for (`NodeFacts.to_json`), `tree` the digest of all that was
    rendered.
    """

    id: str
    digest: str
    version: str
    tree: str
    tables: dict[str, str]
    facts: dict[str, Any]
    files: tuple[FileRecord, ...]
    built: tuple[TableRecord, ...] = ()
    chunks: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    made: float = 0.0

    def file(self, path: str) -> FileRecord | None:
        """Return the record of a file."""
        return next((one for one in self.files if one.path == path), None)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a release's directory found: files that changed or are missing, and files that were added."""

    changed: tuple[FileRecord, ...] = ()
    missing: tuple[FileRecord, ...] = ()
    added: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Tell whether every recorded file is as it was made."""
        return not self.changed and not self.missing


class Releases:
    """The records, and the directories that they describe."""

    def __init__(self, records: Path, directory: Path, files: Files) -> None:
        self._records = records
        self._directory = directory
        self._files = files
        self._read: dict[tuple[int, ...], str] = {}

    def path(self, release: str) -> Path:
        """Return a release's directory."""
        return self._directory / release

    def find(self, release: str) -> Release | None:
        """Return the record of a complete release."""
        try:
            return from_json(Release, json.loads(self._record(release).read_bytes()), "release")
        except (FileNotFoundError, ValueError, InvalidValue):
            return None

    def all(self) -> tuple[Release, ...]:
        """Return every complete release, the newest first."""
        found = (self.find(path.stem) for path in sorted(self._records.glob("*.json")))
        return tuple(sorted((one for one in found if one is not None), key=lambda one: -one.made))

    def write(self, release: Release) -> None:
        """Write the record; from now on the release counts as complete."""
        text = json.dumps(to_json(release), ensure_ascii=False, indent=1)
        self._files.write(self._record(release.id), f"{text}\n", mode=0o600)

    def remove(self, release: str) -> None:
        """Remove a release, its record first."""
        self._files.remove(self._record(release))
        self._files.remove_tree(self.path(release))

    def sweep(self, kept: Iterable[str]) -> None:
        """Remove every release but these, and what killed agents left."""
        wanted = set(kept)
        for path in sorted(self._records.glob("*.json")):
            if path.stem not in wanted:
                self.remove(path.stem)
        for path in sorted(self._directory.iterdir()):
            if path.name not in wanted:
                self._files.remove_tree(path)
        self._files.sweep(self._records)

    def look(self, release: Release) -> Look:
        """Compare a release's directory with its record."""
        changed, missing = [], []
        for record in release.files:
            path = self.path(release.id) / record.path
            try:
                if not self.is_as_recorded(path, record):
                    changed.append(record)
            except FileNotFoundError:
                missing.append(record)
        known = {record.path for record in release.files}
        added = tuple(sorted(name for name in _names(self.path(release.id)) if name not in known))
        return Look(tuple(changed), tuple(missing), added)

    def is_as_recorded(self, path: Path, record: FileRecord) -> bool:
        """Tell whether a file is as its record says; FileNotFoundError when there is none."""
        state = path.lstat()
        mode = stat.S_IMODE(state.st_mode)
        if not stat.S_ISREG(state.st_mode) or mode != record.mode or state.st_uid != os.geteuid():
            return False
        known = (state.st_size, state.st_mtime_ns, state.st_ino) == (record.size, record.time_ns, record.inode)
        if not record.digest or state.st_size != record.size:
            return known
        return (known and state.st_ctime_ns == record.changed_ns) or self._digest(path, state) == record.digest

    def _digest(self, path: Path, state: os.stat_result) -> str:
        """Return the digest of a file, read only when it is not as it was when it was read before."""
        stamp = _stamp(state)
        if stamp not in self._read:
            digest = file_digest(path)
            if _stamp(path.lstat()) != stamp or time.time_ns() - state.st_ctime_ns < _SETTLED_NS:
                return digest  # it may be changed again without another time
            while len(self._read) >= _MOST_READ:
                del self._read[next(iter(self._read))]
            self._read[stamp] = digest
        return self._read[stamp]

    def _record(self, release: str) -> Path:
        return self._records / f"{release}.json"


def record_file(top: Path, path: str, digest: str, *, text: bool, table: str = "") -> FileRecord:
    """Make the record of a finished file; its digest may be empty."""
    state = (top / path).lstat()
    mode = stat.S_IMODE(state.st_mode)
    return FileRecord(
        path, mode, state.st_size, digest, state.st_mtime_ns, state.st_ino, text, table, state.st_ctime_ns
    )


def _stamp(state: os.stat_result) -> tuple[int, ...]:
    return (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


def _names(top: Path) -> Iterator[str]:
    """Give the relative names of all files below a directory that are not an editor's leavings."""
    if not top.is_dir():
        return
    for directory, _, names in os.walk(top):
        for name in names:
            if not (name.endswith(("~", ".swp", ".swo", ".swx")) or name.startswith((".#", "#", "."))):
                yield os.path.relpath(os.path.join(directory, name), top)  # noqa: PTH118 - thousands of names
