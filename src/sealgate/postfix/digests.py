"""Digests of files and trees: what tells an edited file or release from the one that was written.

A tree's digest covers every name below it, what it is, its permissions, and its content or target; not owners, times,
nor where the tree lies. Two trees with the same digest hold the same bytes under the same names.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's content, as hex."""
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tree_digest(path: Path) -> str:
    """Return one SHA-256 over a tree, as hex."""
    import hashlib

    total = hashlib.sha256()
    for entry in walk(path):
        total.update(f"{entry.relative_to(path)}\0{_kind(entry)}\0".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def walk(top: Path) -> Iterator[Path]:
    """Give everything below `top`, a directory before what is in it, names in order; links are not followed."""
    for entry in sorted(top.iterdir()):
        yield entry
        if entry.is_dir() and not entry.is_symlink():
            yield from walk(entry)


def _kind(entry: Path) -> str:
    if entry.is_symlink():
        return f"link {entry.readlink()}"
    mode = f"{stat.S_IMODE(entry.stat().st_mode):o}"
    return f"directory {mode}" if entry.is_dir() else f"file {mode} {digest(entry)}"
