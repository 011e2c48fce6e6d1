"""The scheduler's work on the lists of providers: which is due, one fetch at a time, and lists that were undone.

When a list is due follows from the store, which is read again after an edit, after a change of what is in force, and
when the next list is due; in between nothing is read. While a revision with a list is on watch the node is asked now
and then, since it undoes by itself.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.link.messages import State
from sealgate.model.errors import NodeFailed
from sealgate.services.actor import Actor, Right
from sealgate.services.list_fetching import Refreshing, on_watch, settle, settle_broken_off, unsettled
from sealgate.services.lists_lately import SYSTEM
from sealgate.services.provider_lists import due
from sealgate.services.standing import note, note_broken_off
from sealgate.store import GOOD

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services.gateway import Gateway
    from sealgate.store import Reader, Revision

PROVIDERS = "providers"
ACTOR = Actor(SYSTEM, "scheduler", frozenset({Right.VIEW, Right.EDIT, Right.APPLY}))
"""Who acts when nobody does."""
_WATCHED = dt.timedelta(seconds=30)
_SWITCH = dt.timedelta(minutes=10)
"""No apply takes longer; what looks like one after that was broken off, and the node is asked how it ended."""


@dataclass(slots=True)
class Lists:
    """What is known of the lists that are due; `now` tells the time of day."""

    gateway: Gateway
    now: Callable[[], dt.datetime]
    _seen: tuple[int, int] | None = None
    _next: dt.datetime | None = None
    _watched: bool = False
    _first: bool = True
    _asked: dt.datetime | None = None

    def due(self) -> str:
        """Return the names of the lists that something is to be done about, or an empty text."""
        now = self.now()
        with self.gateway.store.reading() as reader:
            seen = (reader.last_edit, reader.in_force)
            switching = _switching(reader)
        if switching is not None and not self._heard_of(switching, now):
            return ""
        if seen == self._seen and (self._next is None or now < self._next):
            return ""
        self._first = False
        if self._watched:
            self._ask_node()
        with self.gateway.store.reading() as reader:
            late, self._next = due(reader, now)
            undone = unsettled(reader)
            self._watched = on_watch(reader)
            self._seen = (reader.last_edit, reader.in_force)
        if self._watched:
            self._next = min(self._next or now + _WATCHED, now + _WATCHED)
        return ", ".join(dict.fromkeys([*undone, *(target.name for target in late)]))[:500]

    def work(self) -> dict[str, Any]:
        """Note lists that were undone, and fetch the first that is due."""
        self._seen = None
        now = self.now()
        undone = settle(self.gateway, ACTOR, now)
        with self.gateway.store.reading() as reader:
            late, _ = due(reader, now)
        if not late:
            return {"passed": not undone, "text": f"{', '.join(undone)}: the list was undone" if undone else ""}
        line = Refreshing(self.gateway, ACTOR, late[0], now).run()
        return {"passed": line.ended in GOOD, "text": f"{late[0].name}: {line.text}", "ended": line.ended.value}

    def _heard_of(self, revision: Revision, now: dt.datetime) -> bool:
        """Have the end of an apply noted that was broken off; tell whether it is known now.

        One of an earlier process of this scheduler was, and any that takes longer than an apply does.
        """
        broken_off = now - revision.at >= _SWITCH or (self._first and revision.actor == SYSTEM)
        if not broken_off or (self._asked is not None and now - self._asked < _WATCHED):
            return False
        self._asked = now
        try:
            status = self.gateway.node(ACTOR).status()
        except NodeFailed:
            return False
        self._first = False
        if status.state is State.SWITCHING:
            return False
        note_broken_off(self.gateway, ACTOR, revision.number, status)
        if revision.actor == SYSTEM:
            settle_broken_off(self.gateway, ACTOR, revision.number, now)
        self._seen = None
        return True

    def _ask_node(self) -> None:
        """Have what the node did by itself noted; when it does not answer, later."""
        try:
            note(self.gateway, ACTOR, self.gateway.node(ACTOR).status())
        except NodeFailed:
            return


def _switching(reader: Reader) -> Revision | None:
    """Return the newest revision if its apply is under way, or nobody heard its end: what stands is not settled."""
    if not reader.newest:
        return None
    revision = reader.about(reader.newest)
    return revision if revision.state == State.SWITCHING else None
