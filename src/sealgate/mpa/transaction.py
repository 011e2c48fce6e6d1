"""One incoming mail transaction: the envelope, the body as it grows, and the memory set aside for both.

A message is kept while it is within the after-filter limit and the worker's budget; otherwise its octets are read to
the end without being kept, and `refusal` says what to answer. The octets of the budget are given back exactly once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.mpa import lmtp_replies as replies
from sealgate.mpa.body import Body, most_on_the_wire

if TYPE_CHECKING:
    from sealgate.mpa.budget import Budget
    from sealgate.mpa.envelope import Envelope
    from sealgate.mpa.reply import Reply


class Transaction:
    """From MAIL until the message is answered. `size_limit` is octets of content, 0 for none."""

    def __init__(self, envelope: Envelope, budget: Budget, size_limit: int) -> None:
        self.envelope = envelope
        self.body = Body()
        self.refusal: tuple[Reply, str] | None = None  # the answer, and the reason for the event log
        self._budget = budget
        self._largest = most_on_the_wire(size_limit)
        self._held = 0

    @property
    def declared(self) -> int:
        """Octets to set aside; a client cannot reserve more than a message may have."""
        return min(self.envelope.size, self._largest or self._budget.limit)

    def try_room(self) -> bool:
        """Set memory aside if there is room at once."""
        return self._hold(self._budget.try_take(self.declared))

    async def wait_for_room(self) -> bool:
        """Set memory aside, waiting for it; on False `refusal` is set."""
        room = await self._budget.take(self.declared)
        if not room:
            self.refusal = (replies.NO_ROOM, "no room in memory")
        return self._hold(room)

    def feed(self, data: bytes) -> bytes | None:
        """Take a piece of the body; return what follows its end, or None when the end has not come yet."""
        rest = self.body.feed(data)
        if not self.refusal:
            self._bound()
        return rest

    def release(self) -> None:
        """Give the memory back; safe to repeat."""
        held, self._held = self._held, 0
        if held:
            self._budget.give(held)

    def _hold(self, room: bool) -> bool:  # noqa: FBT001 - passed through
        self._held = self.declared if room else 0
        return room

    def _bound(self) -> None:
        size = self.body.size
        if self._largest and size > self._largest:
            self._discard(replies.TOO_BIG, "larger than the after-filter limit")
        elif size > self._held and not self._budget.grow(size - self._held, self._held):
            self._discard(replies.NO_ROOM, "no room in memory")
        else:
            self._held = max(self._held, size)

    def _discard(self, reply: Reply, reason: str) -> None:
        self.refusal = (reply, reason)
        self.body.discard()
        self.release()
