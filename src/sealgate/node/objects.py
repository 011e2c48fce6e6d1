"""Contents kept a second time, by SHA-256: what releases are made again from, never from a directory people can edit.

An object is written once, read-only, and checked against its name whenever it is read: a damaged one counts as absent.
Sealed secrets are kept beside them by name, since a name never gets another content.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sealgate.model.errors import NodeFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sealgate.postfix.files import Files

LARGEST_COPY = 4 * 1024 * 1024
"""Files of a release up to this size are copied; larger tables are made again from their rows."""


class Objects:
    """The contents below `directory`."""

    def __init__(self, directory: Path, files: Files) -> None:
        self._directory = directory
        self._files = files

    def path(self, digest: str) -> Path:
        """Return where the content with a digest is, or would be."""
        return self._directory / digest[:2] / digest

    def has(self, digest: str) -> bool:
        """Tell whether there is a content with this digest."""
        return self.path(digest).is_file()

    def put(self, content: bytes) -> str:
        """Keep a content and return its digest."""
        digest = hashlib.sha256(content).hexdigest()
        path = self.path(digest)
        if not path.is_file():
            self._files.make_directory(path.parent, mode=0o700)
            self._files.write(path, content, mode=0o400)
        return digest

    def get(self, digest: str) -> bytes:
        """Return a content; NodeFailed when it is not here or not what its name says."""
        try:
            content = self.path(digest).read_bytes()
        except FileNotFoundError:
            raise NodeFailed(_gone(digest)) from None
        if hashlib.sha256(content).hexdigest() != digest:
            self._files.remove(self.path(digest))
            raise NodeFailed(_gone(digest))
        return content

    def sweep(self, kept: Iterable[str]) -> None:
        """Remove every content but these."""
        wanted = set(kept)
        for path in sorted(self._directory.glob("??/*")):
            if path.name not in wanted:
                self._files.remove(path)


class SealedSecrets:
    """Ciphertexts by the name that they are sealed under."""

    def __init__(self, directory: Path, files: Files) -> None:
        self._directory = directory
        self._files = files

    def has(self, name: str) -> bool:
        """Tell whether there is a secret of this name."""
        return self._path(name).is_file()

    def put(self, name: str, ciphertext: bytes) -> None:
        """Keep a ciphertext."""
        self._files.make_directory(self._directory, mode=0o700)
        self._files.write(self._path(name), ciphertext, mode=0o400)

    def get(self, name: str) -> bytes:
        """Return a ciphertext; NodeFailed when it is not here."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise NodeFailed(
                f"The secret {name} is not on this node. Check the candidate again, or enter it anew."
            ) from None

    def sweep(self, kept: Iterable[str]) -> None:
        """Remove every secret but these."""
        wanted = {self._path(name) for name in kept}
        for path in sorted(self._present()):
            if path not in wanted:
                self._files.remove(path)

    def _present(self) -> Iterator[Path]:
        yield from self._directory.glob("*")

    def _path(self, name: str) -> Path:
        return self._directory / hashlib.sha256(name.encode()).hexdigest()


def _gone(digest: str) -> str:
    return (
        f"The second copy {digest[:12]}… is missing or damaged on this node. Check the candidate again, so that the "
        "control half sends it."
    )
