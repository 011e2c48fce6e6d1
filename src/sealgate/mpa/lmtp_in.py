"""The LMTP server side (RFC 2033): takes messages from Postfix's lmtp(8), one `LmtpConnection` a session.

DATA is collected in the pieces in which it arrives (`body`), never line by line. The replies to a pipelined group, and
the replies for all recipients of a message, leave in one write: line by line each would wait for a delayed
acknowledgement.

It announces what keeps Postfix from changing or refusing mail: 8BITMIME (else bodies are re-encoded and signatures
break), SMTPUTF8 (else 5.6.7), DSN (else a false "relayed" report), XFORWARD with every name, and SIZE without a
number (a number below the message's size bounces it unasked).

Whatever a client sends, the worst that happens is that its own connection is closed.
"""

from __future__ import annotations

import asyncio
import logging
from enum import Enum, auto
from typing import TYPE_CHECKING, cast

from sealgate.mpa import lmtp_replies as replies
from sealgate.mpa.envelope import XFORWARD_NAMES, parse_mail, parse_rcpt, parse_xforward
from sealgate.mpa.reply import Reply
from sealgate.mpa.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealgate.mpa.intake import Intake

log = logging.getLogger("sealgate.mpa")

KEYWORDS = (
    b"PIPELINING",
    b"SIZE",
    b"8BITMIME",
    b"SMTPUTF8",
    b"DSN",
    b"ENHANCEDSTATUSCODES",
    b"XFORWARD " + b" ".join(XFORWARD_NAMES),
)

_BUFFER = 65536  # octets of further commands kept while a message is handled


class _State(Enum):
    COMMANDS = auto()  # reading commands
    BODY = auto()  # reading a message
    BUSY = auto()  # waiting for room or for the outcome; what comes is kept
    CLOSED = auto()


class LmtpConnection(asyncio.Protocol):
    """One session with a client."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._state = _State.COMMANDS
        self._buffer = b""
        self._out: list[bytes] = []
        self._errors = 0
        self._greeted = False
        self._seen = 0.0
        self._waiting: asyncio.Task[None] | None = None  # for room
        self._work: asyncio.Task[None] | None = None  # on a complete message
        self._reset()

    def _reset(self) -> None:
        self._transaction: Transaction | None = None
        self._xforward: dict[bytes, bytes] = {}

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, or say that there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        self._loop = asyncio.get_running_loop()
        self._seen = self._loop.time()
        intake = self._intake
        intake.connections.add(self)
        if intake.draining:
            self._hang_up(replies.CLOSING)
        elif len(intake.connections) > intake.limits.connections:
            self._hang_up(replies.CROWDED)
        else:
            self._transport.write(b"220 %b LMTP Sealgate\r\n" % intake.name)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio calls it so
        """Forget what was not complete; a message at work learns it by `wanted()`."""
        self._state = _State.CLOSED
        if self._waiting:
            self._waiting.cancel()
        if not self._work:
            self._leave()

    def _leave(self) -> None:
        if self._transaction:
            self._transaction.release()
        self._intake.left(self)

    def data_received(self, data: bytes) -> None:
        """Take what arrived."""
        self._seen = self._loop.time()
        if self._state is _State.BODY and self._transaction:
            self._take_body(self._transaction, data)
        elif self._state is not _State.CLOSED:
            self._buffer = self._buffer + data if self._buffer else data
            self._run()

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read our replies."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        if self._state is not _State.BUSY:
            self._transport.resume_reading()

    # the worker's side

    def expire(self, before: float) -> None:
        """Close the connection if nothing came since `before` (loop time) and nothing is at work."""
        if self._seen < before and self._state in {_State.COMMANDS, _State.BODY}:
            self._hang_up(replies.IDLE)

    def close_when_idle(self) -> None:
        """Close now unless a message is on its way."""
        if self._state is _State.COMMANDS and not self._transaction:
            self._hang_up(replies.CLOSING)

    # commands

    def _run(self) -> None:
        """Obey the complete command lines in the buffer, then answer all of them in one write."""
        at = 0
        while self._state is _State.COMMANDS:
            end = self._buffer.find(b"\r\n", at)
            if end < 0:
                break
            line, at = self._buffer[at:end], end + 2
            self._say(replies.LINE_TOO_LONG if len(line) > self._intake.limits.line else self._obey(line))
        self._buffer = self._buffer[at:]
        if self._state is _State.COMMANDS and len(self._buffer) > self._intake.limits.line:
            self._hang_up(replies.LINE_TOO_LONG)
        elif self._state is _State.BUSY and len(self._buffer) > _BUFFER:
            self._transport.pause_reading()
        self._flush()
        if self._state is _State.BODY and self._buffer and self._transaction:
            body, self._buffer = self._buffer, b""
            self._take_body(self._transaction, body)

    def _obey(self, line: bytes) -> Reply | None:
        command = _COMMANDS.get(line.partition(b" ")[0].upper())
        return command(self, line) if command else replies.NOT_UNDERSTOOD

    def _lhlo(self, line: bytes) -> Reply | None:
        if not line[4:].strip():
            return replies.LHLO_NAME
        self._greeted = True
        self._reset()
        lines = [self._intake.name, *KEYWORDS]
        self._out += [b"250-%b\r\n" % item for item in lines[:-1]]
        return Reply(250, lines[-1])

    def _xforward_command(self, line: bytes) -> Reply:
        if not self._greeted:
            return replies.LHLO_FIRST
        if self._transaction:
            return replies.NESTED
        values = parse_xforward(line)
        if isinstance(values, Reply):
            return values
        self._xforward |= values
        return replies.OK

    def _mail(self, line: bytes) -> Reply:
        if not self._greeted:
            return replies.LHLO_FIRST
        if self._transaction:
            return replies.NESTED
        envelope = parse_mail(line)
        if isinstance(envelope, Reply):
            return envelope
        envelope.xforward = self._xforward
        self._transaction = Transaction(envelope, self._intake.budget, self._intake.handler.size_limit)
        return replies.SENDER_OK

    def _rcpt(self, line: bytes) -> Reply:
        if not self._transaction:
            return replies.MAIL_FIRST
        envelope = self._transaction.envelope
        if len(envelope.recipients) >= self._intake.limits.recipients:
            return replies.TOO_MANY_RECIPIENTS
        recipient = parse_rcpt(line)
        if isinstance(recipient, Reply):
            return recipient
        envelope.add(recipient)
        return replies.RECIPIENT_OK

    def _data(self, _line: bytes) -> Reply | None:
        transaction = self._transaction
        if not transaction:
            return replies.MAIL_FIRST
        if not transaction.envelope.recipients:
            return replies.NO_RECIPIENTS
        if transaction.try_room():
            self._state = _State.BODY
            return replies.GO_AHEAD
        self._state = _State.BUSY
        self._waiting = self._loop.create_task(self._wait_for_room(transaction))
        return None

    async def _wait_for_room(self, transaction: Transaction) -> None:
        room = await transaction.wait_for_room()
        self._waiting = None
        if room:
            self._state = _State.BODY
            self._say(replies.GO_AHEAD)
            self._resume()
        else:
            self._refuse(transaction, 1)

    def _rset(self, _line: bytes) -> Reply:
        self._reset()
        return replies.OK

    def _noop(self, _line: bytes) -> Reply:
        return replies.OK

    def _quit(self, _line: bytes) -> None:
        self._hang_up(replies.BYE)

    # the body

    def _take_body(self, transaction: Transaction, data: bytes) -> None:
        rest = transaction.feed(data)
        if rest is None:
            return
        self._buffer = rest
        self._state = _State.BUSY
        if transaction.refusal:
            # Not at once: a thousand refused messages in one piece of input must not become a thousand nested calls.
            self._loop.call_soon(self._refuse, transaction, len(transaction.envelope.recipients))
        else:
            self._work = self._loop.create_task(self._deliver(transaction))

    def _refuse(self, transaction: Transaction, times: int) -> None:
        if transaction.refusal:
            reply, reason = transaction.refusal
            size = transaction.body.size or transaction.envelope.size
            self._intake.handler.refused(transaction.envelope, size, reply, reason)
            self._next_transaction([reply] * times)

    async def _deliver(self, transaction: Transaction) -> None:
        envelope = transaction.envelope
        try:
            answers = await self._intake.handler.handle(envelope, transaction.body.message(), self._wanted)
        except Exception:
            log.exception("a message could not be handled; it was answered with a temporary failure")
            answers = [replies.FAILED] * len(envelope.recipients)
        transaction.release()
        self._work = None
        self._next_transaction(answers)

    def _wanted(self) -> bool:
        return self._state is not _State.CLOSED

    def _next_transaction(self, answers: Sequence[Reply]) -> None:
        if self._state is _State.CLOSED:
            self._leave()
            return
        self._out += [reply.wire() for reply in answers]
        self._reset()
        self._state = _State.COMMANDS
        if self._intake.draining:
            self._hang_up(replies.CLOSING)
        else:
            self._resume()

    # the wire

    def _resume(self) -> None:
        self._flush()
        self._transport.resume_reading()
        if self._buffer:
            self._run()

    def _say(self, reply: Reply | None) -> None:
        if reply is None:
            return
        self._out.append(reply.wire())
        if reply.permanent:
            self._errors += 1
            if self._errors >= self._intake.limits.errors:
                self._hang_up(replies.TOO_MANY_ERRORS)

    def _flush(self) -> None:
        if self._out and not self._transport.is_closing():
            self._transport.write(b"".join(self._out))
        self._out.clear()

    def _hang_up(self, reply: Reply) -> None:
        self._state = _State.CLOSED
        self._out.append(reply.wire())
        self._flush()
        self._transport.close()


_COMMANDS: dict[bytes, Callable[[LmtpConnection, bytes], Reply | None]] = {
    b"LHLO": LmtpConnection._lhlo,  # noqa: SLF001 - the table belongs to the class
    b"XFORWARD": LmtpConnection._xforward_command,  # noqa: SLF001
    b"MAIL": LmtpConnection._mail,  # noqa: SLF001
    b"RCPT": LmtpConnection._rcpt,  # noqa: SLF001
    b"DATA": LmtpConnection._data,  # noqa: SLF001
    b"RSET": LmtpConnection._rset,  # noqa: SLF001
    b"NOOP": LmtpConnection._noop,  # noqa: SLF001
    b"QUIT": LmtpConnection._quit,  # noqa: SLF001
}
