"""A little disk space kept back, so that an undo still works when the disk is full.

The file is filled with bytes that cannot be thought away (no hole), removed at the start of an undo, and made again
afterwards. An apply begins only where there is room for it to end.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from sealgate.model.errors import Refused
from sealgate.postfix.files import free_space

if TYPE_CHECKING:
    from pathlib import Path

    from sealgate.postfix.files import Files

SIZE = 256 * 1024
WANTED = 2 * SIZE


class Reserve:
    """The space kept back in the file `path`."""

    def __init__(self, path: Path, files: Files) -> None:
        self._path = path
        self._files = files

    def fill(self) -> None:
        """Make the reserve, if there is room; a disk that is full now is told by the next apply."""
        with contextlib.suppress(OSError):
            if not self._path.exists():
                self._files.write(self._path, os.urandom(SIZE), mode=0o600)

    def release(self) -> None:
        """Give the space back."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def require(self) -> None:
        """Refuse when there is no room to switch and, if need be, to switch back."""
        self.fill()
        free = free_space(self._path.parent)
        if free < WANTED or not self._path.exists():
            raise Refused(
                f"The disk of the gateway is full ({free // 1024} KiB are free). Nothing was changed. Make room, then "
                "apply again."
            )
