"""Postfix's log: its last lines, those of one message, and what comes from now on.

Lines come as the node has them, unfiltered; making them safe for a terminal or a page is the face's work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.link.upkeep import Log, LogPart
from sealgate.model.errors import InvalidValue
from sealgate.services.actor import Right

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.link.upkeep import LogLines
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway

MOST_LINES = 1_000_000


def lines(gateway: Gateway, actor: Actor, *, last: int = 100, message: str = "", follow: bool = False) -> Iterator[str]:
    """Give lines of the log, oldest first; with `follow` without end, until the iterator is closed."""
    actor.may(Right.OPERATE)
    if not 0 <= last <= MOST_LINES:
        raise InvalidValue.of(f"{last} lines are not possible.", f"Ask for 0 to {MOST_LINES}.", "lines")
    return gateway.node(actor).log(Log(last, message, follow))


def part(gateway: Gateway, actor: Actor, after: str = "", *, last: int = 100, message: str = "") -> LogLines:
    """Return the lines behind a place that was told before, oldest first; without one the last lines.

    Nothing is waited for: who follows the log asks again from the place where these lines end. A place outlives a
    rotation of the log and a start of the agent; one in a file that is gone means the beginning of what is there.
    """
    actor.may(Right.OPERATE)
    if not 0 <= last <= MOST_LINES:
        raise InvalidValue.of(f"{last} lines are not possible.", f"Ask for 0 to {MOST_LINES}.", "lines")
    return gateway.node(actor).log_part(LogPart(after, last, message))
