"""What a worker clears away every few seconds, and the sockets it talks through, in its own event loop."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import uvloop
from tests.support.sink import Rule, Sink

from sealgate.mpa.budget import Budget
from sealgate.mpa.endpoint import Endpoint
from sealgate.mpa.envelope import Envelope, Recipient
from sealgate.mpa.intake import Intake, Limits
from sealgate.mpa.message import Message
from sealgate.mpa.pool import Pool
from sealgate.mpa.reply import Reply
from sealgate.mpa.smtp_out import BODY_SECONDS, UnknownOutcomeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

MESSAGE = Message(b"Subject: t\r\n\r\n.\r\n")
BODY_BEGUN = b"LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"


class Accepting:
    """A handler that accepts everything."""

    size_limit = 0

    async def handle(self, envelope: Envelope, message: Message, wanted: Callable[[], bool]) -> Sequence[Reply]:
        return [Reply(250, b"2.0.0 Ok")] * len(envelope.recipients)

    def refused(self, envelope: Envelope, size: int, reply: Reply, reason: str) -> None:
        raise AssertionError(reason)


class Failing(Accepting):
    """A handler that fails."""

    async def handle(self, envelope: Envelope, message: Message, wanted: Callable[[], bool]) -> Sequence[Reply]:
        raise KeyError("not planned for")


def in_loop(story: Coroutine[object, object, object]) -> object:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(story)


@asynccontextmanager
async def connected(intake: Intake) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Serve, give a connection after the banner, and close everything at the end."""
    server = await asyncio.get_running_loop().create_server(intake.connection, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await reader.readline()
    yield reader, writer
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()
    await intake.drain(5)


@asynccontextmanager
async def pooled(port: int, idle: float = 100.0, age: float = 100.0) -> AsyncIterator[Pool]:
    """Give a pool for the sink at `port`; its connections are closed at the end."""
    pool = Pool(idle, age)
    pool.renew(Endpoint("127.0.0.1", port), b"mpa", 1)
    yield pool
    pool.renew(Endpoint("127.0.0.1", port), b"mpa", 1)
    await asyncio.sleep(0)


def envelope() -> Envelope:
    return Envelope(b"a@b", recipients=[Recipient(b"c@d")])


@pytest.mark.parametrize("begun", [b"NOOP\r\n", BODY_BEGUN], ids=["command", "body"])
def test_a_client_that_sends_nothing_for_too_long_is_let_go(begun):
    async def story() -> bytes:
        intake = Intake(b"mpa", Accepting(), Budget(1000), Limits(idle=-1.0))
        async with connected(intake) as (reader, writer):
            writer.write(begun)
            await reader.readuntil(b"354 " if begun is BODY_BEGUN else b"250 ")
            intake.sweep()
            return await reader.read()

    assert isinstance(answer := in_loop(story()), bytes)
    assert answer.endswith(b"421 4.4.2 Nothing came for too long\r\n")


def test_a_client_that_is_active_stays():
    async def story() -> bytes:
        intake = Intake(b"mpa", Accepting(), Budget(1000), Limits(idle=100.0))
        async with connected(intake) as (reader, writer):
            intake.sweep()
            writer.write(b"NOOP\r\n")
            return await reader.readline()

    assert in_loop(story()) == b"250 2.0.0 Ok\r\n"


def test_a_handler_that_fails_is_answered_with_a_temporary_failure_for_everybody():
    async def story() -> bytes:
        async with connected(Intake(b"mpa", Failing(), Budget(1000))) as (reader, writer):
            writer.write(b"LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n")
            writer.write(b"Subject: t\r\n\r\n.\r\nQUIT\r\n")
            return await reader.read()

    assert isinstance(answer := in_loop(story()), bytes)
    assert answer.count(b"\r\n451 4.3.0 ") == 2


def no_delay(transport: asyncio.BaseTransport | None) -> object:
    assert transport
    return transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_replies_do_not_wait_for_acknowledgements_on_either_side():
    async def story(port: int) -> list[object]:
        intake = Intake(b"mpa", Accepting(), Budget(1000))
        async with connected(intake), pooled(port) as pool:
            await pool.deliver(envelope(), MESSAGE, lambda: True)
            return [no_delay(next(iter(intake.connections))._transport), no_delay(pool._idle[0]._transport)]

    with Sink() as sink:
        assert in_loop(story(sink.port)) == [1, 1]


@pytest.mark.parametrize(
    ("idle", "age", "left"), [(100.0, 100.0, 1), (-1.0, 100.0, 0), (100.0, -1.0, 0)], ids=["fresh", "idle", "old"]
)
def test_connections_that_were_idle_or_open_for_too_long_are_closed(idle, age, left):
    async def story(port: int) -> int:
        async with pooled(port, idle, age) as pool:
            await pool.deliver(envelope(), MESSAGE, lambda: True)
            pool.sweep()
            return pool.idle

    with Sink() as sink:
        assert in_loop(story(sink.port)) == left


def test_a_connection_that_is_in_use_during_a_renewal_is_not_used_again():
    async def story(port: int) -> int:
        async with pooled(port) as pool:

            def renew_before_the_body() -> bool:
                pool.renew(Endpoint("127.0.0.1", port), b"mpa", 1)
                return True

            await pool.deliver(envelope(), MESSAGE, renew_before_the_body)
            return pool.idle

    with Sink() as sink:
        assert in_loop(story(sink.port)) == 0


def test_a_reply_that_is_overdue_is_not_waited_for_any_longer():
    async def story(sink: Sink) -> str:
        async with pooled(sink.port) as pool:
            delivery = asyncio.create_task(pool.deliver(envelope(), MESSAGE, lambda: True))
            await asyncio.to_thread(sink.wait_for, 1)
            pool.sweep()
            still_waiting = not delivery.done()
            for connection in pool._busy:
                connection.expire(asyncio.get_running_loop().time() + BODY_SECONDS + 1)
            with pytest.raises(UnknownOutcomeError) as error:
                await delivery
            return f"{still_waiting}, {error.value}"

    gate = threading.Event()
    with Sink(rules=[Rule("BODY", "250 2.0.0 Ok", hold=gate)]) as sink:
        assert in_loop(story(sink)) == "True, no reply in time"
        gate.set()
