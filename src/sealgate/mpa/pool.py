"""The re-injection connections of one worker: opened when needed, kept for the next message, never for long.

The newest idle connection is used first. One is closed after `IDLE` seconds without work, well before smtpd(8) gives
up on it, and after `AGE` seconds in any case, because a session keeps the configuration with which it began; `renew()`
ends all of them for the same reason. A pooled connection can still die unseen: then the message is tried once more
on a fresh one, but only while nothing can have been accepted.

At most `size` connections exist; further messages wait their turn. The sum over all workers must not exceed the
process limit of the re-injection service in master.cf, or idle connections would keep busy ones waiting.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sealgate.mpa.reply import ProtocolError
from sealgate.mpa.smtp_out import NotAcceptedError, NotWantedError, ReinjectConnection, missing_features

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.mpa.endpoint import Endpoint
    from sealgate.mpa.envelope import Envelope
    from sealgate.mpa.message import Message
    from sealgate.mpa.reply import Reply

IDLE = 60.0  # seconds
AGE = 60.0  # seconds
CONNECT_SECONDS = 30.0


class Pool:
    """Connections to the re-injection service that `renew` names; there is none before."""

    def __init__(self, idle: float = IDLE, age: float = AGE) -> None:
        self._longest_idle, self._longest_age = idle, age
        self._endpoint: Endpoint | None = None
        self._name = b""
        self._slots = asyncio.Semaphore(1)
        self._idle: list[ReinjectConnection] = []
        self._busy: set[ReinjectConnection] = set()
        self._generation = 0

    async def deliver(self, envelope: Envelope, message: Message, wanted: Callable[[], bool]) -> list[Reply]:
        """Hand a message over; return a reply for each recipient; raise what `smtp_out` raises."""
        async with self._slots:  # a renewed pool has new ones; who waits here keeps these
            if not wanted():
                raise NotWantedError
            connection = self._newest_idle()
            if connection:
                try:
                    return await self._on(connection, envelope, message, wanted)
                except NotAcceptedError:
                    pass  # it may have died of age while it was idle: once more, on a fresh one
            return await self._on(await self._open(), envelope, message, wanted)

    def renew(self, endpoint: Endpoint, name: bytes, size: int) -> None:
        """From now on use this endpoint, EHLO name and number, and only connections opened from now on."""
        self._endpoint, self._name = endpoint, name
        self._slots = asyncio.Semaphore(size)
        self._generation += 1
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.quit()

    def sweep(self) -> None:
        """Close what has been idle, open or without a reply for too long; to be called every few seconds."""
        now = asyncio.get_running_loop().time()
        for connection in tuple(self._busy):
            connection.expire(now)
        for connection in tuple(self._idle):
            if (
                not connection.usable
                or now - connection.idle_since > self._longest_idle
                or now - connection.opened > self._longest_age
            ):
                self._idle.remove(connection)
                connection.quit()

    @property
    def idle(self) -> int:
        """How many connections wait for work."""
        return len(self._idle)

    def _newest_idle(self) -> ReinjectConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    async def _on(
        self, connection: ReinjectConnection, envelope: Envelope, message: Message, wanted: Callable[[], bool]
    ) -> list[Reply]:
        generation = self._generation
        missing = missing_features(envelope, connection.features)
        if missing:
            self._put_back(connection, generation)
            raise NotAcceptedError(f"re-injection does not offer {', '.join(missing)}")
        self._busy.add(connection)
        try:
            return await connection.transact(envelope, message, wanted)
        finally:
            self._busy.discard(connection)
            self._put_back(connection, generation)

    def _put_back(self, connection: ReinjectConnection, generation: int) -> None:
        if not connection.usable:
            connection.close()
        elif generation != self._generation:
            connection.quit()
        else:
            connection.idle_since = asyncio.get_running_loop().time()
            self._idle.append(connection)

    async def _open(self) -> ReinjectConnection:
        loop, endpoint, name = asyncio.get_running_loop(), self._endpoint, self._name
        if not endpoint:
            raise NotAcceptedError("no policy has named a re-injection service yet")
        connection = ReinjectConnection()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if endpoint.path:
                    await loop.create_unix_connection(lambda: connection, endpoint.path)
                else:
                    await loop.create_connection(lambda: connection, endpoint.host, endpoint.port)
                await connection.greet(name)
        except (OSError, ProtocolError) as error:
            connection.close()
            raise NotAcceptedError(f"no connection to re-injection at {endpoint}: {error}") from error
        return connection
