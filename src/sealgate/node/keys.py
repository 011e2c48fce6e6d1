"""The node group's key: made at the first start, read at every other, the only thing that opens sealed secrets.

The private key is in a file of mode 0600 that only root reaches; the public one is copied to where the control half
finds it. A backup of the private key is encrypted to a passphrase. Restoring one is refused when it would lock out
secrets that this node already has.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sealgate.link import passphrase, sealing
from sealgate.link.messages import PublicKey
from sealgate.model.errors import NodeFailed, Refused

if TYPE_CHECKING:
    from sealgate.model.secrets import Sealed
    from sealgate.node.stores import Stores


class GroupKey:
    """The key pair of this node group."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._lock = threading.Lock()
        self._private = self._read() or self._make()

    def public(self) -> PublicKey:
        """Return the public key and its short name."""
        public = sealing.public_of(self._private)
        return PublicKey(public, sealing.key_id(public))

    def open(self, secret: Sealed) -> str:
        """Return a sealed secret in clear; NodeFailed when it is not here or was sealed for another key."""
        clear = sealing.open_(self._private, secret.id, self._stores.secrets.get(secret.id))
        try:
            return clear.decode()
        except UnicodeDecodeError:
            raise NodeFailed(f"The secret {secret.id} is no text. Enter it again.") from None

    def backup(self, words: str) -> bytes:
        """Return the private key encrypted to a passphrase."""
        return b"".join(passphrase.encrypt(words, [self._private]))

    def restore(self, words: str, sealed: bytes) -> PublicKey:
        """Take the private key from a backup."""
        private = b"".join(passphrase.decrypt(words, [sealed]))
        public = sealing.public_of(private)
        with self._lock:
            if private != self._private and self._stores.releases.all() and self._has_secrets():
                raise Refused(
                    "This node has secrets sealed to another key, which would not open any more. Nothing was changed. "
                    "Restore the key on a new gateway, before its first apply."
                )
            self._write(private)
        return PublicKey(public, sealing.key_id(public))

    def publish(self) -> None:
        """Put the public key where the control half looks for it, if that directory is there."""
        path = self._stores.paths.public_key
        public = sealing.public_of(self._private)
        if path.parent.is_dir() and (not path.is_file() or path.read_bytes() != public):
            self._stores.files.write(path, public, mode=0o644)

    def _has_secrets(self) -> bool:
        return any(release.secrets for release in self._stores.releases.all())

    def _read(self) -> bytes | None:
        try:
            private = self._stores.paths.key.read_bytes()
        except FileNotFoundError:
            return None
        sealing.public_of(private)
        return private

    def _make(self) -> bytes:
        private = sealing.generate().private
        self._write(private)
        return private

    def _write(self, private: bytes) -> None:
        self._stores.files.write(self._stores.paths.key, private, mode=0o600)
        self._private = private
        self.publish()
