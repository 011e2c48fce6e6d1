"""How many octets of mail one worker holds in memory: a bound, and a queue in front of it.

A message is admitted before its body is read. When there is no room it waits, oldest first, and is told to come back
later (452) when waiting took too long. A message larger than the whole budget is admitted when it is alone, so
that no size is refused for ever.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Budget:
    """Octets in flight; `limit` is soft by the amount that running messages exceed what they declared."""

    def __init__(self, limit: int, patience: float = 60.0) -> None:
        self.limit, self.patience = limit, patience
        self.used = 0
        self._waiting: deque[tuple[int, asyncio.Future[bool]]] = deque()

    def try_take(self, size: int) -> bool:
        """Take `size` octets at once if there is room and nobody waits before us."""
        if self._waiting or not self._fits(size):
            return False
        self.used += size
        return True

    async def take(self, size: int) -> bool:
        """Take `size` octets, waiting for room; False when `patience` seconds did not bring it."""
        if self.try_take(size):
            return True
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((size, turn))
        timer = loop.call_later(self.patience, self._give_up, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.give(size)
            self._serve()
            raise
        finally:
            timer.cancel()

    def grow(self, more: int, held: int) -> bool:
        """Take more for a message that has `held` octets already and is longer than declared; False: no room."""
        if self.used + more > self.limit and self.used > held:
            return False
        self.used += more
        return True

    def give(self, size: int) -> None:
        """Give octets back and let the next ones in."""
        self.used -= size
        self._serve()

    def _fits(self, size: int) -> bool:
        return self.used == 0 or self.used + size <= self.limit

    def _serve(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if turn.done():
                self._waiting.popleft()
            elif self._fits(size):
                self._waiting.popleft()
                self.used += size
                turn.set_result(True)
            else:
                return

    def _give_up(self, turn: asyncio.Future[bool]) -> None:
        if not turn.done():
            turn.set_result(False)
            self._serve()
