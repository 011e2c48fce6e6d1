"""The SMTP client side: one connection to Postfix's re-injection smtpd(8), and one transaction on it.

XFORWARD, MAIL, every RCPT and DATA leave in one write (RFC 2920 lets DATA end such a group); the body, exactly the
octets that LMTP brought, in a second one. So a message costs two round trips, whatever the number of recipients.

A transaction ends in one of three ways: replies for every recipient; `NotAcceptedError`, when the connection was lost
before the body was sent, so that nothing can have been accepted and trying again is safe; `UnknownOutcomeError`, when
it was lost between the body and its reply. The last one is answered 4xx like every failure: Postfix keeps the
message, and a duplicate is possible but loss is not.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, cast

from sealgate.mpa.reply import ProtocolError, Reply, ReplyReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sealgate.mpa.envelope import Envelope
    from sealgate.mpa.message import Message

REPLY_SECONDS = 60.0  # for the banner, EHLO and the envelope; Postfix's policy look-ups are not run here
BODY_SECONDS = 600.0  # for the reply to the final dot (RFC 5321 4.5.3.2.6)
_XFORWARD_LINE = 512  # octets of one XFORWARD command (XFORWARD_README)

DEFERRED_BY_PEER = Reply(451, b"4.3.0 Re-injection gave a reply that makes no sense here, try again")


class NotAcceptedError(Exception):
    """The transaction failed before the body was sent; nothing was accepted."""


class UnknownOutcomeError(Exception):
    """The connection was lost after the body was sent and before the reply came."""


class NotWantedError(Exception):
    """The client went away before the body was sent; nothing was accepted."""


class ReinjectConnection(asyncio.Protocol):
    """A connection to the re-injection smtpd; `usable` until anything unexpected happens."""

    def __init__(self) -> None:
        self.usable = False
        self.features: frozenset[bytes] = frozenset()
        self.xforward_names: frozenset[bytes] = frozenset()
        self.idle_since = self.opened = 0.0
        self._transport: asyncio.Transport | None = None
        self._reader = ReplyReader()
        self._replies: list[Reply] = []
        self._expected = 1
        self._deadline = math.inf
        self._arrived: asyncio.Future[list[Reply]] = asyncio.get_running_loop().create_future()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the banner."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Collect replies; one that nobody waits for (a 421 on an idle connection) ends the connection."""
        try:
            self._replies += self._reader.feed(data)
        except ProtocolError as error:
            self._end(error)
            return
        if self._arrived.done():
            self._end(ProtocolError("an unexpected reply"))
        elif len(self._replies) >= self._expected:
            replies, self._replies = self._replies, []
            self._arrived.set_result(replies)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._end(exc or ConnectionError("the connection was closed"))

    def _end(self, error: Exception) -> None:
        self.usable = False
        if self._transport:
            self._transport.close()
        if not self._arrived.done():
            self._arrived.set_exception(error)
            self._arrived.exception()  # seen: nobody may be waiting

    # the session

    async def greet(self, name: bytes) -> None:
        """Read the banner and say EHLO; raise ConnectionError unless the server is ready."""
        (banner,) = await self._wait(REPLY_SECONDS)
        if banner.code != 220:
            raise ConnectionError(f"re-injection greeted with {banner}")
        (reply,) = await self._ask(b"EHLO %b\r\n" % name, 1)
        if reply.code != 250:
            raise ConnectionError(f"re-injection refused EHLO: {reply}")
        words = [line.upper().split() for line in reply.lines[1:]]
        self.features = frozenset(line[0] for line in words if line)
        self.xforward_names = frozenset(name for line in words if line[:1] == [b"XFORWARD"] for name in line[1:])
        self.usable = True
        self.opened = self.idle_since = asyncio.get_running_loop().time()

    async def transact(self, envelope: Envelope, message: Message, wanted: Callable[[], bool]) -> list[Reply]:
        """Hand one message over; return a reply for each recipient."""
        self.usable = False  # until the dialogue has come to its end
        prelude = self._xforward(envelope)
        commands = [*prelude, *self._envelope_commands(envelope, message), b"DATA\r\n"]
        try:
            replies = (await self._ask(b"".join(commands), len(commands)))[len(prelude) :]
        except (OSError, ProtocolError) as error:
            raise NotAcceptedError(str(error)) from error
        mail, *recipients, data = replies
        if any(reply.code == 421 for reply in replies):
            raise NotAcceptedError(f"re-injection is closing the connection: {data}")
        if data.code != 354 or not mail.accepted or not any(reply.accepted for reply in recipients):
            return [_refusal(mail, recipient, data) for recipient in recipients]
        if not wanted():
            self.close()
            raise NotWantedError
        try:
            (final,) = await self._ask(message.wire, 1, BODY_SECONDS)
        except (OSError, ProtocolError) as error:
            raise UnknownOutcomeError(str(error)) from error
        # smtpd(8) counts errors per session and slows down: only a session without any is worth keeping.
        self.usable = all(reply.accepted for reply in (*recipients, final))
        return [_outcome(recipient, final) for recipient in recipients]

    def expire(self, now: float) -> None:
        """Give up when a reply is overdue; `now` is the loop's time."""
        if now > self._deadline:
            self._end(ConnectionError("no reply in time"))

    def close(self) -> None:
        """Drop the connection; what was not accepted is forgotten by the server."""
        self.usable = False
        if self._transport:
            self._transport.abort()

    def quit(self) -> None:
        """Take leave of an idle connection."""
        self.usable = False
        if self._transport and not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def _envelope_commands(self, envelope: Envelope, message: Message) -> Iterable[bytes]:
        size = b" SIZE=%d" % message.size if b"SIZE" in self.features else b""
        parameters = b" " + envelope.parameters if envelope.parameters else b""
        yield b"MAIL FROM:<%b>%b%b\r\n" % (envelope.sender, size, parameters)
        for recipient in envelope.recipients:
            parameters = b" " + recipient.parameters if recipient.parameters else b""
            yield b"RCPT TO:<%b>%b\r\n" % (recipient.address, parameters)

    def _xforward(self, envelope: Envelope) -> list[bytes]:
        lines: list[bytes] = []
        for name, value in envelope.xforward.items():
            if name not in self.xforward_names:
                continue
            item = b" %b=%b" % (name, value)
            if not lines or len(lines[-1]) + len(item) + 2 > _XFORWARD_LINE:
                lines.append(b"XFORWARD")
            lines[-1] += item
        return [line + b"\r\n" for line in lines]

    async def _ask(self, octets: bytes, replies: int, seconds: float = REPLY_SECONDS) -> list[Reply]:
        if not self._transport or self._transport.is_closing():
            raise ConnectionError("the connection was closed")
        self._expected = replies
        self._arrived = asyncio.get_running_loop().create_future()
        self._transport.write(octets)
        return await self._wait(seconds)

    async def _wait(self, seconds: float) -> list[Reply]:
        self._deadline = asyncio.get_running_loop().time() + seconds
        try:
            replies = await self._arrived
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            self._deadline = math.inf
        if len(replies) > self._expected:
            self._end(ProtocolError("more replies than commands"))
        return replies[: self._expected]


def missing_features(envelope: Envelope, features: frozenset[bytes]) -> list[str]:
    """Return what the message needs and the server does not offer; to go on without would change the mail."""
    needs = {b"PIPELINING": True, b"8BITMIME": envelope.eight_bit, b"SMTPUTF8": envelope.utf8, b"DSN": envelope.dsn}
    return [name.decode() for name, needed in needs.items() if needed and name not in features]


def _refusal(mail: Reply, recipient: Reply, data: Reply) -> Reply:
    """Return why a recipient was not accepted when no body was asked for: the first refusal in the dialogue."""
    return _final(next((reply for reply in (mail, recipient) if not reply.accepted), data))


def _outcome(recipient: Reply, final: Reply) -> Reply:
    reply = final if recipient.accepted else recipient
    return reply if reply.accepted else _final(reply)


def _final(reply: Reply) -> Reply:
    """Return a refusal as LMTP can pass it on; 421 would speak of our own connection."""
    if reply.code == 421:
        return Reply(451, reply.text)
    return reply if reply.code >= 400 else DEFERRED_BY_PEER
