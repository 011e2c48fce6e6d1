"""Writing files so that a crash at any moment leaves the old state or the new one, never something between.

A file is written beside its place under a temporary name, given its mode, owner and age, made durable, and renamed;
then its directory is made durable. A symbolic link is switched the same way. Every single step is announced before it
is done to the `before` function that the caller gave: a test lets it raise, or kill the process, at each step in
turn, and so proves what this module promises without replacing any of it. After a failure the temporary file is gone;
after a kill the next write of the same file, or `sweep`, removes it.

Never: writing into a file that has its name already, following a symbolic link in the last place, a file that is
readable by more people than it should be even for a moment. Sources: rename(2), fsync(2), and the durability rules of
ext4 and xfs, which ask for the directory to be synced too.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from typing import TYPE_CHECKING

from sealgate.postfix.digests import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

Content = bytes | str
Owner = tuple[int, int]
"""User id and group id."""

HOT_SECONDS = 10.0
"""Postfix waits for a main.cf or texthash file that is younger than 2 s, so what it reads is written as older."""

_TEMPORARY = ".sealgate-new"
_CHUNK = 1 << 24


def _go_on(step: str, path: Path) -> None:
    """Let every step happen."""


class Files:
    """The one way to change files. `durable=False` leaves out every sync, for staged trees that may be lost.

    `before(step, path)` is called before each step; steps are create, write, copy, chmod, chown, utime, sync, rename,
    link, symlink, mkdir, unlink, rmdir, sync-directory. What it raises stops the work there.
    Every method raises OSError for what the system refuses (ENOSPC, EROFS, …); the path named keeps its old state.
    """

    def __init__(self, before: Callable[[str, Path], None] = _go_on, *, durable: bool = True) -> None:
        self._before = before
        self.durable = durable

    # -- one file

    def write(
        self,
        path: Path,
        content: Content | Iterable[bytes],
        *,
        mode: int = 0o644,
        owner: Owner | None = None,
        age: float = 0.0,
    ) -> None:
        """Put a file with this content in place of whatever `path` is; `age` seconds are taken off its time."""
        chunks = (content,) if isinstance(content, bytes | str) else content
        temporary = self._beside(path)
        with self._undone(temporary):
            descriptor = self._create(temporary)
            try:
                self._fill(descriptor, temporary, chunks)
                self._finish(descriptor, temporary, mode, owner, age)
            finally:
                os.close(descriptor)
            self.rename(temporary, path)

    def copy(
        self,
        source: Path,
        path: Path,
        *,
        mode: int = 0o644,
        owner: Owner | None = None,
        durable: bool | None = None,
    ) -> None:
        """Put a copy of `source`, with an inode of its own, in place of whatever `path` is.

        `durable=False` leaves out the sync for a copy that will be changed before it counts.
        """
        temporary = self._beside(path)
        with self._undone(temporary), source.open("rb") as original:
            descriptor = self._create(temporary)
            try:
                self._before("copy", temporary)
                while os.copy_file_range(original.fileno(), descriptor, _CHUNK):
                    pass
                self._finish(descriptor, temporary, mode, owner, 0.0, durable=durable)
            finally:
                os.close(descriptor)
            self.rename(temporary, path)

    def adopt(self, path: Path, *, mode: int, owner: Owner | None = None) -> None:
        """Give a file that a program has made its mode and owner, and make it and its name durable."""
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            self._finish(descriptor, path, mode, owner, 0.0)
        finally:
            os.close(descriptor)
        self.sync_directory(path.parent)

    def back_date(self, path: Path, seconds: float = HOT_SECONDS) -> None:
        """Make a file look `seconds` old, so that no Postfix program waits for it to cool."""
        self._before("utime", path)
        moment = time.time() - seconds
        os.utime(path, (moment, moment), follow_symlinks=False)

    def remove(self, path: Path) -> None:
        """Remove a file or symbolic link; that it is not there is what was wanted."""
        self._before("unlink", path)
        path.unlink(missing_ok=True)
        self.sync_directory(path.parent)

    # -- names

    def rename(self, source: Path, target: Path) -> None:
        """Give `source` the name `target`, which it replaces in one step, durably."""
        self._before("rename", target)
        source.rename(target)
        self.sync_directory(target.parent)
        if source.parent != target.parent:
            self.sync_directory(source.parent)

    def switch(self, link: Path, target: Path | str) -> None:
        """Make the symbolic link `link` point to `target` in one step: the commit point of an apply."""
        temporary = self._beside(link)
        with self._undone(temporary):
            self._before("symlink", temporary)
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(target)
            self.rename(temporary, link)

    def link(self, source: Path, target: Path) -> None:
        """Give the file `source` a second name. Both are one file: who changes it must copy first."""
        self._before("link", target)
        target.hardlink_to(source)
        self.sync_directory(target.parent)

    # -- directories and trees

    def make_directory(self, path: Path, *, mode: int = 0o755, owner: Owner | None = None) -> None:
        """Make a directory, its parents too, with this mode and owner; one that is there is given both."""
        if not path.parent.exists():
            self.make_directory(path.parent)
        if not path.is_dir():
            self._before("mkdir", path)
            path.mkdir(mode=0o700)
            self.sync_directory(path.parent)
        if owner is not None:
            self._before("chown", path)
            os.chown(path, *owner, follow_symlinks=False)
        if stat.S_IMODE(path.stat().st_mode) != mode:
            self._before("chmod", path)
            path.chmod(mode)

    def link_tree(self, source: Path, target: Path, *, leave_out: Iterable[str] = ()) -> None:
        """Make `target` a tree whose files are hard links to those of `source`; `leave_out` names are relative."""
        left_out = set(leave_out)
        self.make_directory(target, mode=stat.S_IMODE(source.stat().st_mode))
        for entry in walk(source):
            relative = entry.relative_to(source)
            if str(relative) in left_out:
                continue
            if entry.is_symlink():
                self.switch(target / relative, entry.readlink())
            elif entry.is_dir():
                self.make_directory(target / relative, mode=stat.S_IMODE(entry.stat().st_mode))
            else:
                self.link(entry, target / relative)

    def remove_tree(self, path: Path) -> None:
        """Remove a directory with all in it (or a file); that it is not there is what was wanted."""
        if path.is_symlink() or not path.is_dir():
            if path.is_symlink() or path.exists():
                self.remove(path)
            return
        for entry in reversed(list(walk(path))):
            if entry.is_dir() and not entry.is_symlink():
                self._before("rmdir", entry)
                entry.rmdir()
            else:
                self._before("unlink", entry)
                entry.unlink()
        self._before("rmdir", path)
        path.rmdir()
        self.sync_directory(path.parent)

    def sync_tree(self, path: Path) -> None:
        """Make a whole tree durable, even when `durable` is off: files first, then directories, the top last."""
        entries = [path, *walk(path)]
        for entry in entries:
            if entry.is_file() and not entry.is_symlink():
                self._sync("sync", entry)
        for entry in reversed(entries):
            if entry.is_dir() and not entry.is_symlink():
                self._sync("sync-directory", entry)
        self._sync("sync-directory", path.parent)

    def sync_directory(self, path: Path) -> None:
        """Make the names in a directory durable."""
        if self.durable:
            self._sync("sync-directory", path)

    def sweep(self, directory: Path) -> tuple[Path, ...]:
        """Remove what killed writers left in a directory; return what it was."""
        found = tuple(sorted(directory.glob(f".*{_TEMPORARY}")))
        for path in found:
            self.remove_tree(path)
        return found

    # -- steps

    def _create(self, path: Path) -> int:
        self._before("create", path)
        path.unlink(missing_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(path, flags, 0o600)

    def _fill(self, descriptor: int, path: Path, chunks: Iterable[Content]) -> None:
        for chunk in chunks:
            self._before("write", path)
            rest = memoryview(chunk.encode() if isinstance(chunk, str) else chunk)
            while rest:
                rest = rest[os.write(descriptor, rest) :]

    def _finish(
        self,
        descriptor: int,
        path: Path,
        mode: int,
        owner: Owner | None,
        age: float,
        *,
        durable: bool | None = None,
    ) -> None:
        if owner is not None:
            self._before("chown", path)
            os.fchown(descriptor, *owner)
        self._before("chmod", path)
        os.fchmod(descriptor, mode)
        if age:
            self.back_date(path, age)
        if self.durable if durable is None else durable:
            self._before("sync", path)
            os.fsync(descriptor)

    def _sync(self, step: str, path: Path) -> None:
        self._before(step, path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @staticmethod
    def _beside(path: Path) -> Path:
        return path.with_name(f".{path.name}{_TEMPORARY}")

    @contextlib.contextmanager
    def _undone(self, temporary: Path) -> Iterator[None]:
        try:
            yield
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


def free_space(path: Path) -> int:
    """Return the bytes that an unprivileged program may still write where `path` is."""
    state = os.statvfs(path)
    return state.f_bavail * state.f_frsize


def require_space(path: Path, wanted: int) -> None:
    """Raise OSError ENOSPC when fewer than `wanted` bytes are free, before anything is written."""
    if free_space(path) < wanted:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
