"""What the bar on every page says: changes that are not applied, what is wrong with them, what the node does.

Asked for by every page, so it must cost next to nothing: the number of changes is counted again only after an edit, and
the node is asked at most every two seconds. A node that does not answer is a fact to show, never a page that fails.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.messages import State
from sealgate.model.errors import NodeFailed
from sealgate.services import standing as node_standing
from sealgate.services.actor import Right

if TYPE_CHECKING:
    from sealgate.link.messages import Status
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Summary
    from sealgate.web.watching import Checked, DraftWatch

_FRESH = 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """What one page shows in its bar."""

    summary: Summary
    checked: Checked | None
    node: Status | None
    reason: str
    newest: int
    in_force: int
    now: float

    @property
    def on_watch(self) -> bool:
        """Whether a revision is undone by itself unless somebody keeps it."""
        return self.node is not None and self.node.state is State.ON_WATCH and self.node.watch_until is not None

    @property
    def seconds_left(self) -> int:
        """How long until it is undone."""
        until = self.node.watch_until if self.node is not None else None
        return max(0, round((until or 0.0) - self.now))


class Standing:
    """Keeps what was asked last."""

    def __init__(self, gateway: Gateway, watch: DraftWatch) -> None:
        self._gateway = gateway
        self._watch = watch
        self._lock = threading.Lock()
        self._summary: tuple[tuple[int, int], Summary] | None = None
        self._node: tuple[float, Status | None, str] = (0.0, None, "")

    def bar(self, actor: Actor) -> Bar:
        """Return what the bar says now."""
        actor.may(Right.VIEW)
        node, reason = self.node(actor)
        with self._gateway.store.reading() as reader:
            edit, newest, in_force = reader.last_edit, reader.newest, reader.in_force
            known = self._summary
            if known is None or known[0] != (edit, newest):
                known = ((edit, newest), reader.pending_summary())
                self._summary = known
        return Bar(known[1], self._watch.known(edit, newest), node, reason, newest, in_force, time.time())

    def node(self, actor: Actor) -> tuple[Status | None, str]:
        """Return what the node said within the last seconds, or why it does not answer."""
        with self._lock:
            asked, status, reason = self._node
            if time.monotonic() - asked < _FRESH and asked:
                return status, reason
            status, reason = self._ask(actor)
            self._node = (time.monotonic(), status, reason)
            return status, reason

    def forget(self) -> None:
        """Ask the node again at the next page, since something was done to it."""
        with self._lock:
            self._node = (0.0, None, "")

    def _ask(self, actor: Actor) -> tuple[Status | None, str]:
        try:
            status = self._gateway.node(actor).status()
            node_standing.note(self._gateway, actor, status)
        except NodeFailed as fault:
            return None, str(fault)
        return status, ""
