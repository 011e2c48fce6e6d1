"""Digests of desired states, cheap for one change in a million rows.

A row's digest is a 2048-bit number: SHAKE-256 of its JSON. A table's sum is the sum of its row digests modulo
2^2048: it does not depend on order, and a change costs one subtraction and one addition. (A sum this wide keeps
generalised birthday attacks out of reach, where a short one would not.) Position and comment are part of a row.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ROW_DIGEST_BYTES = 256
_BYTES = ROW_DIGEST_BYTES
_MODULUS = 1 << (8 * _BYTES)
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def canonical_text(value: Any) -> str:
    """Return `value` as JSON with one spelling: sorted names, no blanks."""
    return _encode(value)


def canonical_json(value: Any) -> bytes:
    """Return the bytes of `canonical_text`, in UTF-8."""
    return canonical_text(value).encode()


def row_digest(
    noun: str,
    key: str,
    fields: Mapping[str, Any],
    *,
    comment: str,
    enabled: bool,
    position: int,
) -> int:
    """Return the digest of one row as a number below 2^2048."""
    return encoded_row_digest(noun, key, _encode(fields), comment=comment, enabled=enabled, position=position)


def encoded_row_digest(noun: str, key: str, fields: str, *, comment: str, enabled: bool, position: int) -> int:
    """Return the same as `row_digest` from fields that are canonical JSON already."""
    flag = "true" if enabled else "false"
    text = f"[{_encode(noun)},{_encode(key)},{fields},{_encode(comment)},{flag},{position}]"
    return int.from_bytes(hashlib.shake_256(text.encode()).digest(_BYTES))


@dataclass(frozen=True, slots=True)
class TableSum:
    """The sum over all rows of one noun, with their number."""

    total: int = 0
    count: int = 0

    def add(self, row: int) -> TableSum:
        """Return the sum with one more row."""
        return TableSum((self.total + row) % _MODULUS, self.count + 1)

    def remove(self, row: int) -> TableSum:
        """Return the sum with one row less."""
        return TableSum((self.total - row) % _MODULUS, self.count - 1)

    def shift(self, total: int, count: int) -> TableSum:
        """Return the sum with many rows more or less: the difference of their digests, and of their number."""
        return TableSum((self.total + total) % _MODULUS, self.count + count)

    def digest(self) -> str:
        """Return the table's digest, 64 hexadecimal digits."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_bytes(self) -> bytes:
        """Return the sum for storing, 264 bytes."""
        return self.total.to_bytes(_BYTES) + self.count.to_bytes(8)

    @classmethod
    def from_bytes(cls, data: bytes) -> TableSum:
        """Make the sum again from what `to_bytes` gave."""
        return cls(int.from_bytes(data[:_BYTES]), int.from_bytes(data[_BYTES:]))


def state_digest(tables: Mapping[str, TableSum]) -> str:
    """Return the digest of a whole state from the sums of its nouns; nouns without rows do not count."""
    return hashlib.sha256(
        canonical_json({noun: table.digest() for noun, table in tables.items() if table.count})
    ).hexdigest()
