"""The attribute protocol that Postfix's daemons speak on their Unix sockets: `name NUL value NUL … NUL`.

The server speaks first and names its protocol. A request it does not understand closes the connection.
Source: attr_print0(3), attr_scan0(3) of Postfix 3.7; verified in postfix.md §4.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Attributes = tuple[tuple[str, str], ...]
_LONGEST = 1 << 20


def encode(attributes: Mapping[str, str]) -> bytes:
    """Return a list of attributes as it goes over the socket. Raises ValueError for a NUL inside."""
    if any("\0" in text for pair in attributes.items() for text in pair):
        raise ValueError("an attribute cannot hold NUL")
    return (
        b"".join(f"{name}\0{value}\0".encode("utf-8", "surrogateescape") for name, value in attributes.items()) + b"\0"
    )


class Connection:
    """A connection to one daemon; `greeting` is what it said first. Raises OSError when it is not there or slow."""

    def __init__(self, path: Path, timeout: float) -> None:
        self._buffer = b""
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(str(path))
            self.greeting = dict(self.receive())
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, attributes: Mapping[str, str]) -> Attributes:
        """Send a request and return the answer, in its order, as names may come twice."""
        self._socket.sendall(encode(attributes))
        return self.receive()

    def receive(self) -> Attributes:
        """Return the next list of attributes."""
        found = []
        while name := self._item():
            found.append((name, self._item()))
        return tuple(found)

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _item(self) -> str:
        while (end := self._buffer.find(b"\0")) < 0:
            received = self._socket.recv(4096)
            if not received or len(self._buffer) > _LONGEST:
                raise ConnectionError("the daemon closed the connection")
            self._buffer += received
        item, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
        return item.decode("utf-8", "replace")
