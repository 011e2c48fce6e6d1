"""Bytes encrypted to a passphrase, for backups: Argon2id (RFC 9106) makes the key, ChaCha20-Poly1305 encrypts.

The file says everything needed to open it but the passphrase: a magic line, cost parameters, salt, and then frames of
at most one mebibyte, each authenticated with its number and whether it is the last, so that cutting off, swapping or
repeating pieces is noticed (the STREAM construction). Costs read from a file are bounded before they are believed.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from sealgate.model.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAGIC = b"sealgate-backup-1\n"
_HEAD = struct.Struct(">III16s")
_LENGTH = struct.Struct(">I")
_CHUNK = 1024 * 1024
_TAG = 16
_PASSES, _MEMORY_KIB, _LANES = 3, 64 * 1024, 4
SHORTEST = 8


def check_passphrase(passphrase: str) -> None:
    """Raise InvalidValue for a passphrase that is too short to seal anything to."""
    if len(passphrase) < SHORTEST:
        raise InvalidValue.of(
            f"The passphrase is shorter than {SHORTEST} characters.", "Use several words.", "passphrase"
        )


def encrypt(passphrase: str, data: Iterable[bytes]) -> Iterator[bytes]:
    """Give the encrypted file piece by piece; `data` are the clear pieces, of any size."""
    check_passphrase(passphrase)
    salt = os.urandom(16)
    yield MAGIC + _HEAD.pack(_PASSES, _MEMORY_KIB, _LANES, salt)
    cipher = ChaCha20Poly1305(_key(passphrase, salt, _PASSES, _MEMORY_KIB, _LANES))
    waiting = b""
    number = 0
    for piece in data:
        waiting += piece
        while len(waiting) > _CHUNK:
            yield _frame(cipher, number, waiting[:_CHUNK], last=False)
            waiting, number = waiting[_CHUNK:], number + 1
    yield _frame(cipher, number, waiting, last=True)


def decrypt(passphrase: str, data: Iterable[bytes]) -> Iterator[bytes]:
    """Give the clear pieces again; InvalidValue for a wrong passphrase or a damaged or shortened file."""
    reader = _Reader(data)
    if reader.take(len(MAGIC)) != MAGIC:
        raise InvalidValue.of("This is no backup of Sealgate.", "Name a file that a backup was written to.")
    passes, memory, lanes, salt = _HEAD.unpack(reader.take(_HEAD.size))
    if not (1 <= passes <= 16 and 8 * lanes <= memory <= 1024 * 1024 and 1 <= lanes <= 16):
        raise _damaged()
    cipher = ChaCha20Poly1305(_key(passphrase, salt, passes, memory, lanes))
    number, last = 0, False
    while not last:
        (length,) = _LENGTH.unpack(reader.take(_LENGTH.size))
        if not _TAG <= length <= _CHUNK + _TAG:
            raise _damaged()
        sealed = reader.take(length)
        last = reader.ended()
        try:
            yield cipher.decrypt(_nonce(number, last=last), sealed, None)
        except InvalidTag:
            raise _wrong() if number == 0 else _damaged() from None
        number += 1


def _key(passphrase: str, salt: bytes, passes: int, memory: int, lanes: int) -> bytes:
    kdf = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    return kdf.derive(passphrase.encode())


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


def _frame(cipher: ChaCha20Poly1305, number: int, piece: bytes, *, last: bool) -> bytes:
    sealed = cipher.encrypt(_nonce(number, last=last), piece, None)
    return _LENGTH.pack(len(sealed)) + sealed


def _wrong() -> InvalidValue:
    return InvalidValue.of("The passphrase does not open this backup, or the file is damaged.", "Try it again.")


def _damaged() -> InvalidValue:
    return InvalidValue.of("The backup is damaged or incomplete; nothing was restored.", "Use another copy of it.")


class _Reader:
    """Takes exact counts of bytes from pieces of any size."""

    def __init__(self, data: Iterable[bytes]) -> None:
        self._pieces = iter(data)
        self._waiting = b""

    def take(self, count: int) -> bytes:
        while len(self._waiting) < count:
            piece = next(self._pieces, None)
            if piece is None:
                raise _damaged()
            self._waiting += piece
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def ended(self) -> bool:
        while not self._waiting:
            piece = next(self._pieces, None)
            if piece is None:
                return True
            self._waiting = piece
        return False
