"""Whether two releases are the same to Postfix: all that differs is the name of their own directory in the texts.

A change of policy tests alone makes such a release. Tables that did not change are hard links of one file, so a look at
inodes is enough for them, whatever their size; texts are compared with one name put for the other. In doubt (a table
built anew, a file that cannot be read) they count as different, and Postfix is reloaded.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import stat_result
    from pathlib import Path

_LARGEST_TEXT = 4 << 20


def same_to_postfix(old: Path, new: Path) -> bool:
    """Tell whether the release directories `old` and `new` differ in nothing but their own names."""
    try:
        before, after = _files(old), _files(new)
        if before.keys() != after.keys():
            return False
        return all(_same(old, new, name, before[name], after[name]) for name in before)
    except OSError:
        return False


def _files(top: Path) -> dict[str, stat_result]:
    return {str(path.relative_to(top)): path.lstat() for path in top.rglob("*")}


def _same(old: Path, new: Path, name: str, before: stat_result, after: stat_result) -> bool:
    if (before.st_mode, before.st_uid, before.st_gid) != (after.st_mode, after.st_uid, after.st_gid):
        return False
    if stat.S_ISDIR(before.st_mode) or (before.st_ino, before.st_dev) == (after.st_ino, after.st_dev):
        return True
    if not stat.S_ISREG(before.st_mode) or before.st_size != after.st_size or before.st_size > _LARGEST_TEXT:
        return False
    text = (old / name).read_bytes()
    return text.replace(old.name.encode(), new.name.encode()) == (new / name).read_bytes()
