"""What the LMTP connections of one worker share: the bounds, the budget, who handles a message, and draining.

`Intake.connection` is the protocol factory for the listening socket. `drain` ends the connections politely: a
message that is being taken or handled is finished and answered, idle connections are closed at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealgate.mpa.budget import Budget
    from sealgate.mpa.envelope import Envelope
    from sealgate.mpa.lmtp_in import LmtpConnection
    from sealgate.mpa.message import Message
    from sealgate.mpa.reply import Reply


class Handler(Protocol):
    """Who decides on messages; the pipeline is one."""

    @property
    def size_limit(self) -> int:
        """Octets of content above which a message need not be kept while it comes in; 0 is no limit."""

    async def handle(self, envelope: Envelope, message: Message, wanted: Callable[[], bool]) -> Sequence[Reply]:
        """Return a reply for each recipient, in order. `wanted()` turns false when the client went away."""

    def refused(self, envelope: Envelope, size: int, reply: Reply, reason: str) -> None:
        """Record that the intake itself refused a message that had recipients."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds against a hostile or broken client; each has room for what Postfix sends."""

    line: int = 16384  # octets of a command; an ORCPT may be three times a 2048 octet address
    recipients: int = 1000  # the MPA transport's recipient limit, and smtpd_recipient_limit
    errors: int = 20  # refused commands until the connection is closed
    connections: int = 1000  # open at once in a worker
    idle: float = 300.0  # seconds without an octet; RFC 5321 4.5.3.2.7


class Intake:
    """The shared part of all connections of a worker."""

    def __init__(self, name: bytes, handler: Handler, budget: Budget, limits: Limits | None = None) -> None:
        self.name, self.handler, self.budget = name, handler, budget
        self.limits = limits or Limits()
        self.draining = False
        self.connections: set[LmtpConnection] = set()
        self._empty = asyncio.Event()

    def connection(self) -> LmtpConnection:
        """Make the protocol object of a new connection."""
        from sealgate.mpa.lmtp_in import LmtpConnection

        return LmtpConnection(self)

    def sweep(self) -> None:
        """Close the connections on which nothing came for too long; to be called every few seconds."""
        now = asyncio.get_running_loop().time()
        for connection in tuple(self.connections):
            connection.expire(now - self.limits.idle)

    async def drain(self, seconds: float) -> int:
        """Close idle connections now and busy ones after their message; return how many were left at the end."""
        self.draining = True
        for connection in tuple(self.connections):
            connection.close_when_idle()
        if self.connections:
            self._empty.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), seconds)
        return len(self.connections)

    def left(self, connection: LmtpConnection) -> None:
        """Count a connection as closed."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()
