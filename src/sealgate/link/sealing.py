"""Sealed secrets: anybody who has the node group's public key can seal, only the agent can open.

The construction is HPKE in base mode (RFC 9180) with X25519, HKDF-SHA-256 and ChaCha20-Poly1305, from `cryptography`.
The secret's name is bound in as `info`, so that a ciphertext moved to another name does not open. Private keys are 32
raw bytes, kept by the agent in a file of mode 0600; public keys are 32 raw bytes that anybody may see.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from sealgate.model.errors import InvalidValue, NodeFailed

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_CONTEXT = b"sealgate secret 1 "
LONGEST_SECRET = 1024 * 1024


class KeyPair(NamedTuple):
    """A node group's keys, 32 raw bytes each."""

    private: bytes
    public: bytes


def generate() -> KeyPair:
    """Make a new pair of keys."""
    private = X25519PrivateKey.generate()
    return KeyPair(private.private_bytes_raw(), private.public_key().public_bytes_raw())


def public_of(private: bytes) -> bytes:
    """Return the public key that belongs to a private one; InvalidValue if it is none."""
    return _private(private).public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    """Return the short name of a public key, 16 hexadecimal digits, to compare by eye."""
    return hashlib.sha256(public).hexdigest()[:16]


def seal(public: bytes, name: str, secret: bytes) -> bytes:
    """Seal `secret` under `name` to the public key."""
    if len(secret) > LONGEST_SECRET:
        raise InvalidValue.of(f"A secret has {len(secret)} bytes.", f"At most {LONGEST_SECRET} are possible.")
    try:
        key = X25519PublicKey.from_public_bytes(public)
    except ValueError:
        raise InvalidValue.of("This is no public key of a node group.", "Ask the agent for it again.") from None
    return _SUITE.encrypt(secret, key, info=_CONTEXT + name.encode())


def open_(private: bytes, name: str, ciphertext: bytes) -> bytes:
    """Open what was sealed under `name`; NodeFailed when key, name or ciphertext do not belong together."""
    key = _private(private)
    try:
        return _SUITE.decrypt(ciphertext, key, info=_CONTEXT + name.encode())
    except (InvalidTag, ValueError):
        raise NodeFailed(
            f"The secret {name} cannot be opened with this node's key. It was sealed for another gateway or is "
            "damaged. Enter it again, or restore the node's key from its backup."
        ) from None


def _private(private: bytes) -> X25519PrivateKey:
    try:
        return X25519PrivateKey.from_private_bytes(private)
    except ValueError:
        raise InvalidValue.of("This is no private key of a node group.", "Restore it from the backup.") from None
