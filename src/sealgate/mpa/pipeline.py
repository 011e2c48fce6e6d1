"""What happens to a message: envelope and message → decision → an outcome for each recipient → one event.

So far the decision is to pass it on, unless the message goes round in a loop or breaks a rule of the policy. The
order is: policy readable, loop, lone line feeds; the after-filter limit is main.cf's message_size_limit, and the
re-injection smtpd(8) enforces it: its 552 becomes the reply for each recipient, so Postfix sends a bounce. A
recipient is answered 250 only when the re-injected copy was. Any failure on the way, planned for or not, is a 4xx:
Postfix keeps the message and tries again. A loop is refused with a 5xx, so that the sender gets a bounce; nothing is
dropped.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.mpa import lmtp_replies
from sealgate.mpa.events import EventLog, message_event
from sealgate.mpa.policy import BareNewline, Policy, PolicyFile, Unreadable
from sealgate.mpa.reply import Reply
from sealgate.mpa.smtp_out import NotAcceptedError, NotWantedError, UnknownOutcomeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealgate.mpa.envelope import Envelope
    from sealgate.mpa.message import Message, Peek
    from sealgate.mpa.pool import Pool

log = logging.getLogger("sealgate.mpa")

NO_POLICY = Reply(451, b"4.3.5 The policy of the mail processing agent cannot be read; mail waits until it can")
LOOP = Reply(554, b"5.4.6 Mail loop: the message has come through this gateway too often")
TOO_MANY_HOPS = Reply(554, b"5.4.6 Too many hops, this looks like a mail loop")
LONE_LF = Reply(554, b"5.6.0 The message has a line feed without a carriage return")
UNREACHABLE = Reply(451, b"4.4.1 The message could not be handed back to Postfix, try again")
LOST = Reply(451, b"4.4.2 The connection was lost before Postfix confirmed the message, try again")


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do: pass `message` on, or answer every recipient with `refusal`."""

    message: Message
    refusal: Reply | None = None
    reason: str = ""

    @property
    def word(self) -> str:
        """The decision as the event log names it."""
        if not self.refusal:
            return "pass"
        return "refuse" if self.refusal.permanent else "defer"


class Pipeline:
    """The handler of complete messages of one worker; implements `intake.Handler`."""

    def __init__(self, policy: PolicyFile, pool: Pool, events: EventLog) -> None:
        self._policy, self._pool, self._events = policy, pool, events

    @property
    def size_limit(self) -> int:
        """Octets of content that re-injection takes; 0 is no limit."""
        policy = self._policy.known
        return 0 if isinstance(policy, Unreadable) else policy.after_filter_size_limit

    async def handle(self, envelope: Envelope, message: Message, wanted: Callable[[], bool]) -> Sequence[Reply]:
        """Decide on a message and carry it out; return a reply for each recipient."""
        begun = time.monotonic()
        count, size, reason, word, peek = len(envelope.recipients), 0, "", "pass", None
        try:
            size = message.size
            policy = self._policy.current
            peek = message.peek(b"" if isinstance(policy, Unreadable) else policy.name)
            decision = decide(policy, message, peek)
            word, reason = decision.word, decision.reason
            if decision.refusal:
                replies = [decision.refusal] * count
            else:
                replies = await self._pool.deliver(envelope, decision.message, wanted)
        except (NotAcceptedError, UnknownOutcomeError, NotWantedError) as error:
            reply = LOST if isinstance(error, UnknownOutcomeError) else UNREACHABLE
            replies, reason = [reply] * count, str(error) or "the client went away"
        except Exception as error:
            log.exception("a message from queue id %s failed; it stays in the queue", envelope.queue_id or "unknown")
            replies, reason = [lmtp_replies.FAILED] * count, f"unexpected {type(error).__name__}"
        event = message_event(envelope, replies, decision=word, reason=reason, size=size)
        event["message_id"] = peek.message_id if peek else ""
        event["milliseconds"] = round((time.monotonic() - begun) * 1000, 1)
        self._events.write(event)
        return replies

    def refused(self, envelope: Envelope, size: int, reply: Reply, reason: str) -> None:
        """Record a message that the intake refused."""
        word = "refuse" if reply.permanent else "defer"
        replies = [reply] * len(envelope.recipients)
        event = message_event(envelope, replies, decision=word, reason=reason, size=size)
        self._events.write({**event, "message_id": "", "milliseconds": 0.0})


def decide(policy: Policy | Unreadable, message: Message, peek: Peek) -> Decision:
    """Decide on one message; pure."""
    if isinstance(policy, Unreadable):
        return Decision(message, NO_POLICY, policy.reason)
    if peek.own_hops >= policy.own_hop_limit:
        return Decision(message, LOOP, f"{peek.own_hops} times through this gateway")
    if peek.hops > policy.hop_limit:
        return Decision(message, TOO_MANY_HOPS, f"{peek.hops} hops")
    if message.has_lone_lf:
        if policy.bare_newline is BareNewline.REJECT:
            return Decision(message, LONE_LF, "a lone line feed")
        return Decision(message.normalized(), reason="lone line feeds normalized")
    return Decision(message)
