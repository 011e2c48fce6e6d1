"""How long somebody on the network is waited for, and how many are let in at once.

Whoever holds a connection and sends nothing, or a byte now and then, or does not take an answer, takes a place from
others. So each step has its time: the handshake of TLS, a head from its first to its last byte, a body by a least
rate, the next request, the taking of an answer. What takes longer is ended, with 408 where there is something to
answer. And one address (IPv6: one /64) gets a part of the places only. What this program is slow with never counts.

uvicorn itself waits without end for a first head, for a head of which one byte came, for a body and for a reader.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from sealgate.web.guard import HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable

_MAPPED = "::ffff:"


@dataclass(frozen=True, slots=True)
class Patience:
    """Times in seconds: for a head, a body (and a second more for each `rate` bytes of it), the taking of an answer."""

    head: float = 15.0
    body: float = 30.0
    rate: int = 16 * 1024
    taking: float = 60.0


@dataclass(frozen=True, slots=True)
class Places:
    """How many connections there may be at once: of all, and of one address."""

    all: int = 500
    each: int = 100


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose servers do not wait longer than that for the handshake of TLS."""

    handshake = 10.0

    async def create_server(self, *args: Any, **options: Any) -> Any:
        """Make a server."""
        return await super().create_server(*args, **{"ssl_handshake_timeout": self.handshake} | options)


class Door(socket.socket):
    """A socket that listens, and lets in only as many as there are places for."""

    places = Places()

    @classmethod
    def of(cls, listening: socket.socket, places: Places | None = None) -> Door:
        """Take over a socket that listens."""
        door = cls(fileno=listening.detach())
        door.places = places or Places()
        return door

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._inside: list[tuple[str, socket.socket]] = []

    def accept(self) -> tuple[socket.socket, Any]:
        """Let somebody in; ConnectionAbortedError, which an event loop takes calmly, where there is no place."""
        connection, address = super().accept()
        who = neighbourhood(str(address[0]))
        self._inside = [(where, one) for where, one in self._inside if one.fileno() >= 0]
        if len(self._inside) >= self.places.all or sum(where == who for where, _ in self._inside) >= self.places.each:
            connection.close()
            raise ConnectionAbortedError
        self._inside.append((who, connection))
        return connection, address


def neighbourhood(address: str) -> str:
    """Return what counts as one: an IPv4 address, an IPv6 network of one customer."""
    plain = address.partition("%")[0].removeprefix(_MAPPED)
    ip = ipaddress.ip_address(plain)
    return plain if ip.version == 4 else str(ipaddress.ip_network(f"{plain}/64", strict=False))


class Patient(H11Protocol):
    """One connection, with a time for each step."""

    patience = Patience()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._timer: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None
        self._of: object = None
        self._began = 0.0
        self._came = self._last = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._wait(self.patience.head)

    def data_received(self, data: bytes) -> None:
        """Take what came, and see what is waited for now."""
        self._last = len(data)
        self._came += self._last
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """See what is waited for now: the next request (uvicorn's own timer runs), or the rest of a body."""
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE:
            self._rest()
        else:
            self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._rest()
        self._taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait for somebody to take an answer."""
        super().pause_writing()
        self._taking = self.loop.call_later(self.patience.taking, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: something was taken."""
        self._taken()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        del msg
        self._end(400, "Bad Request")

    def _look(self) -> None:
        state = self.conn.their_state
        if state is h11.SEND_BODY and self._of is not self.cycle:
            self._of, self._began, self._came = self.cycle, self.loop.time(), self._last
            self._wait(self.patience.body)
        elif state is h11.IDLE and self._timer is None:
            self._wait(self.patience.head)
        elif state not in {h11.SEND_BODY, h11.IDLE}:
            self._rest()

    def _wait(self, seconds: float) -> None:
        self._rest()
        self._timer = self.loop.call_later(seconds, self._late)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _late(self) -> None:
        self._timer = None
        if self.conn.their_state is h11.SEND_BODY:
            left = self._began + self.patience.body + self._came / self.patience.rate - self.loop.time()
            if self.flow.read_paused or left > 0:
                self._wait(max(left, 1))
                return
        self._end(408, "Request Timeout")

    def _end(self, status: int, reason: str) -> None:
        """Answer, if nothing was answered yet, and close; who does not take part in closing is cut off."""
        if self.transport.is_closing():
            return
        if self.cycle is None or not self.cycle.response_started or self.conn.their_state is not h11.SEND_BODY:
            self.transport.write(_answer(status, reason))
        self.transport.close()
        self.loop.call_later(5, self.transport.abort)


def with_patience(patience: Patience) -> Callable[..., asyncio.Protocol]:
    """Return the protocol with these times."""
    return type("Patient", (Patient,), {"patience": patience})


def _answer(status: int, reason: str) -> bytes:
    headers = HEADERS | {"content-length": "0", "connection": "close", "cache-control": "no-store"}
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("ascii")
