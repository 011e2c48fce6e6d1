"""Frames on a stream: one byte of kind, four bytes of length, content.

A JSON frame (`J`) is one JSON object; a raw frame (`R`) is bytes (rows as lines of JSON, a file's content). Both are
bounded, so that a peer cannot make this side hold more than one bound in memory; longer content is several raw frames.
What does not parse raises `BrokenFrame`; a peer that goes away raises `PeerGone`. Nothing is guessed or skipped: after
either, the connection is of no more use.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import NodeFailed

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Iterator

JSON_LIMIT = 4 * 1024 * 1024
RAW_LIMIT = 1024 * 1024
_HEAD = struct.Struct(">cI")
_LIMITS = {b"J": JSON_LIMIT, b"R": RAW_LIMIT}


class BrokenFrame(NodeFailed):
    """The other side sent something that is no frame."""


class PeerGone(NodeFailed):
    """The other side closed the connection in the middle of a conversation."""


@dataclass(frozen=True, slots=True)
class Raw:
    """The content of a raw frame."""

    data: bytes


Frame = dict[str, Any] | Raw


def encode(frame: Frame) -> bytes:
    """Return a frame as bytes; ValueError if it is larger than the bound."""
    if isinstance(frame, Raw):
        kind, content = b"R", frame.data
    else:
        kind, content = b"J", json.dumps(frame, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    if len(content) > _LIMITS[kind]:
        raise ValueError(f"a frame of {len(content)} bytes is larger than {_LIMITS[kind]}")
    return _HEAD.pack(kind, len(content)) + content


def send(connection: socket.socket, frame: Frame) -> None:
    """Send one frame."""
    send_encoded(connection, encode(frame))


def send_encoded(connection: socket.socket, data: bytes) -> None:
    """Send what `encode` gave."""
    try:
        connection.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        raise PeerGone("The other side closed the connection.") from None


def receive(connection: socket.socket) -> Frame | None:
    """Receive one frame; None when the peer closed the connection between frames."""
    head = _exactly(connection, _HEAD.size, may_end=True)
    if head is None:
        return None
    kind, length = _HEAD.unpack(head)
    if kind not in _LIMITS:
        raise BrokenFrame("The other side sent something that is no frame of Sealgate.")
    if length > _LIMITS[kind]:
        raise BrokenFrame(f"The other side announced a frame of {length} bytes; at most {_LIMITS[kind]} are taken.")
    content = _exactly(connection, length) or b""
    return Raw(content) if kind == b"R" else decode_object(content)


def decode_object(content: bytes) -> dict[str, Any]:
    """Read a JSON object; anything else is a `BrokenFrame`."""
    try:
        data = json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BrokenFrame("The other side sent a frame that is not JSON.") from None
    if not isinstance(data, dict):
        raise BrokenFrame("The other side sent JSON that is not an object.")
    return data


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _exactly(connection: socket.socket, count: int, *, may_end: bool = False) -> bytes | None:
    data = bytearray()
    while len(data) < count:
        try:
            piece = connection.recv(min(count - len(data), 1 << 16))
        except ConnectionResetError:
            piece = b""
        if not piece:
            if may_end and not data:
                return None
            raise PeerGone("The other side closed the connection in the middle of a frame.")
        data += piece
    return bytes(data)


def blocks(lines: Iterable[bytes], limit: int = RAW_LIMIT // 4) -> Iterator[bytes]:
    """Gather lines (each with its line feed) into blocks of about `limit` bytes; a line is never cut."""
    gathered: list[bytes] = []
    size = 0
    for line in lines:
        if len(line) > RAW_LIMIT:
            raise ValueError(f"a line of {len(line)} bytes does not fit a frame of {RAW_LIMIT}")
        if gathered and size + len(line) > limit:
            yield b"".join(gathered)
            gathered, size = [], 0
        gathered.append(line)
        size += len(line)
    if gathered:
        yield b"".join(gathered)


def pieces(data: bytes, limit: int = RAW_LIMIT) -> Iterator[bytes]:
    """Cut bytes into pieces that fit a raw frame."""
    for start in range(0, len(data), limit):
        yield data[start : start + limit]
