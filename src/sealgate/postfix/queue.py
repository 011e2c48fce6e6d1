"""The mail queue: listing it, reading a message, and moving messages about, one or a hundred thousand.

Listing is a stream, so a large queue costs no memory. What is to be done to many messages is chosen first (`select`
gives the ids and what they amount to) and then done to exactly those. Queue ids are checked strictly before any
program sees them, and go through stdin. What postsuper did is what it says it did: `Done.done` is its count, not
ours. Sources: postqueue(1), postsuper(1), postcat(1), postkick(1), qmgr(8), "enable_long_queue_ids" in postconf(5).
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue, NodeFailed, NotFound
from sealgate.postfix.complaints import Complaint, complaints, stderr_complaints

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.postfix.command import Programs, Result

QUEUES = ("maildrop", "incoming", "active", "deferred", "hold", "corrupt")

_SHORT_ID = re.compile(r"[0-9A-F]{5,20}")
_LONG_ID = re.compile(r"[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{6,24}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]{1,20}")
_DONE = re.compile(r"(?:Deleted|Placed on hold|Released from hold|Requeued): (\d+) message")
_TRIED_AT_ONCE = 100
_LARGE = 120.0
BODY_SHOWN = 1 << 20
"""Bytes of a body that `view` shows unless more is asked for."""


def queue_id(text: str) -> str:
    """Return `text` if it can be a queue id, short or long. Raises InvalidValue for anything else."""
    if _SHORT_ID.fullmatch(text) or _LONG_ID.fullmatch(text):
        return text
    raise InvalidValue.of(f"{text!r} is no queue id.", "Take one from `queue list`.", "id")


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient still to be served, and why it was not yet (empty when not tried)."""

    address: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message in the queue. `arrived` is seconds since 1970, `size` bytes; an empty sender is the null sender."""

    queue: str
    id: str
    arrived: int
    size: int
    sender: str
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages are meant: all conditions given must hold, texts are compared without regard to case.

    `older_than` and `younger_than` are seconds; `sender` and `recipient` are whole addresses (`<>`: the null sender);
    `domain` is that of any recipient; `reason` is part of any recipient's reason; sizes are bytes.
    """

    queue: str = ""
    older_than: float | None = None
    younger_than: float | None = None
    sender: str = ""
    recipient: str = ""
    domain: str = ""
    reason: str = ""
    larger_than: int | None = None
    smaller_than: int | None = None

    def matches(self, message: Message, now: float) -> bool:
        """Tell whether a message is meant, at the time `now`."""
        age = now - message.arrived
        return (
            (not self.queue or self.queue == message.queue)
            and (self.older_than is None or age > self.older_than)
            and (self.younger_than is None or age < self.younger_than)
            and (self.larger_than is None or message.size > self.larger_than)
            and (self.smaller_than is None or message.size < self.smaller_than)
            and (not self.sender or self.sender.strip("<>").lower() == message.sender.lower())
            and self._recipients_match(message.recipients)
        )

    def _recipients_match(self, recipients: tuple[Recipient, ...]) -> bool:
        """All that is asked of recipients must hold for one and the same."""
        if not (self.recipient or self.domain or self.reason):
            return True
        return any(
            (not self.recipient or self.recipient.lower() == one.address.lower())
            and (not self.domain or one.address.lower().rpartition("@")[2] == self.domain.lower())
            and (not self.reason or self.reason.lower() in one.reason.lower())
            for one in recipients
        )


EVERYTHING = Filter()


@dataclass(frozen=True, slots=True)
class Selection:
    """Messages chosen by a filter: what would be acted on. `oldest` is the arrival of the oldest, 0 for none."""

    ids: tuple[str, ...]
    size: int
    oldest: int

    @property
    def count(self) -> int:
        """How many messages."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of acting on messages: how many were asked for, how many Postfix says it did."""

    asked: int
    done: int
    complaints: tuple[Complaint, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """A queued message to look at: envelope records by name, header as text, body cut after a limit."""

    envelope: tuple[tuple[str, str], ...]
    header: str
    body: str
    cut: bool


class Queue:
    """The queue of one instance; `programs` name its configuration. It must run only for listing and flushing."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs

    # -- looking

    def messages(self, wanted: Filter = EVERYTHING) -> Iterator[Message]:
        """Give the messages that a filter means, in the order of postqueue. Raises NodeFailed when it cannot list."""
        now = time.time()
        for line in self._programs.stream("postqueue", "-j", timeout=_LARGE):
            message = _message(json.loads(line))
            if wanted.matches(message, now):
                yield message

    def select(self, wanted: Filter) -> Selection:
        """Choose messages to act on, and say what they amount to."""
        ids, size, oldest = [], 0, 0
        for message in self.messages(wanted):
            ids.append(message.id)
            size += message.size
            oldest = min(oldest or message.arrived, message.arrived)
        return Selection(tuple(ids), size, oldest)

    def view(self, message: str, *, body_limit: int = BODY_SHOWN) -> Content:
        """Show one message. Raises NotFound when it is not in the queue (any more)."""
        name = queue_id(message)
        envelope = self._part(name, "-e")
        body = self._part(name, "-b", body_limit + 1)
        return Content(tuple(_envelope(envelope)), self._part(name, "-h"), body[:body_limit], len(body) > body_limit)

    # -- acting

    def flush(self) -> Done:
        """Try to deliver everything that is deferred, now."""
        return _flushed(self._programs.run("postqueue", "-f"), 0)

    def flush_messages(self, ids: Iterable[str]) -> Done:
        """Try to deliver these messages now."""
        results = [self._programs.run("postqueue", "-i", queue_id(one)) for one in ids]
        said = complaints(line for result in results for line in result.stderr)
        return Done(len(results), sum(not result.failed for result in results), said)

    def flush_site(self, domain: str) -> Done:
        """Try to deliver everything for recipients of a domain, now, also where fast_flush_domains leaves it out."""
        return self.flush_messages(self.select(Filter(queue="deferred", domain=domain)).ids)

    def hold(self, ids: Iterable[str]) -> Done:
        """Keep these messages in the queue without trying to deliver them."""
        return self._supervise("-h", ids)

    def release(self, ids: Iterable[str]) -> Done:
        """End the hold of these messages. Up to a hundred are tried at once; more wait for their turn."""
        names = list(ids)
        done = self._supervise("-H", names)
        if len(names) <= _TRIED_AT_ONCE:
            self.flush_messages(names)
        return done

    def requeue(self, ids: Iterable[str]) -> Done:
        """Let these messages enter the queue anew, at once, so that routes and rewriting are decided again."""
        done = self._supervise("-r", ids)
        self._programs.run("postkick", "public", "pickup", "W")  # else it looks only once a minute
        return done

    def delete(self, ids: Iterable[str]) -> Done:
        """Delete these messages for good."""
        return self._supervise("-d", ids)

    def _supervise(self, verb: str, ids: Iterable[str]) -> Done:
        names = [queue_id(one) for one in ids]
        if not names:
            return Done(0, 0)
        lines = "".join(f"{name}\n" for name in names).encode()
        result = self._programs.run("postsuper", verb, "-", stdin=lines, timeout=_LARGE)
        if result.failed:
            raise NodeFailed(
                f"postsuper failed: {'; '.join(result.stderr) or result.status}. The rest was not touched."
            )
        counts = (int(found[1]) for line in result.stderr if (found := _DONE.search(line)))
        return Done(len(names), sum(counts), complaints(result.stderr))

    def _part(self, name: str, part: str, keep: int = -1) -> str:
        result = self._programs.run("postcat", "-q", part, name, timeout=_LARGE, keep=keep)
        if result.failed:
            raise NotFound(f"The message {name} is not in the queue; it was delivered, deleted or never there.")
        return result.output


def _message(data: dict[str, Any]) -> Message:
    recipients = (Recipient(one.get("address", ""), one.get("delay_reason", "")) for one in data["recipients"])
    return Message(
        data["queue_name"],
        data["queue_id"],
        int(data["arrival_time"]),
        int(data["message_size"]),
        data.get("sender", ""),
        tuple(recipients),
    )


def _envelope(output: str) -> Iterator[tuple[str, str]]:
    for line in output.split("\n"):
        name, colon, value = line.partition(": ")
        if colon and not line.startswith("***"):
            yield name.strip(), value.strip()


def _flushed(result: Result, asked: int) -> Done:
    if result.failed:
        raise NodeFailed(f"The queue was not flushed: {'; '.join(result.stderr) or result.status}")
    return Done(asked, asked, stderr_complaints(result.stderr))
