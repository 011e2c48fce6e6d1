"""The draft is checked after every change, in the background: only ever the newest, never two at once.

Whoever looks at a page sees what the last check found, as long as the draft is still the one that was checked. A check
that cannot be done now (the agent is down) leaves its reason as a finding.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.log import logger
from sealgate.model.errors import SealgateError
from sealgate.model.findings import Finding, Severity
from sealgate.services import judging
from sealgate.services.actor import Actor, Right

if TYPE_CHECKING:
    from sealgate.services.gateway import Gateway
    from sealgate.services.judging import Judged

CHECKER = Actor("system:web", "web", frozenset({Right.VIEW}))
_log = logger("web")


@dataclass(frozen=True, slots=True)
class Checked:
    """What is known of the draft as it was after edit `edit` on revision `revision`."""

    edit: int
    revision: int
    judged: Judged

    def count(self, severity: Severity) -> int:
        """Return how many findings are that bad."""
        return sum(finding.severity is severity for finding in self.judged.findings)

    @property
    def errors(self) -> int:
        """How many findings stop an apply."""
        return self.count(Severity.ERROR)

    @property
    def warnings(self) -> int:
        """How many findings are doubts."""
        return self.count(Severity.WARNING)

    def at(self, noun: str, key: str = "") -> list[Finding]:
        """Return the findings about one object, or (without a key) about a whole list."""
        return [f for f in self.judged.findings if f.place.noun == noun and f.place.key == key]


class DraftWatch:
    """Checks the draft when told that it changed."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._wanted = threading.Event()
        self._closed = False
        self._last: Checked | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def changed(self) -> None:
        """Say that the draft changed, or that it should be looked at again."""
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="draft-watch", daemon=True)
                self._thread.start()
        self._wanted.set()

    def known(self, edit: int, revision: int) -> Checked | None:
        """Return what was found in the draft of this very edit, None if it is not known yet (it is found out then)."""
        last = self._last
        if last is not None and (last.edit, last.revision) == (edit, revision):
            return last
        self.changed()
        return None

    def keep(self, checked: Checked) -> None:
        """Keep what somebody found out."""
        self._last = checked

    def close(self) -> None:
        """Stop looking."""
        self._closed = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(10)

    def _work(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._closed:
                return
            try:
                self._last = check(self._gateway, CHECKER)
            except SealgateError as fault:
                _log.warning("the draft could not be checked", reason=str(fault))
            except Exception:  # noqa: BLE001 - logged; the next change is looked at again
                _log.exception("the check of the draft ended by a fault of the program")


def check(gateway: Gateway, actor: Actor) -> Checked:
    """Check the draft now."""
    judged = judging.check(gateway, actor)
    return Checked(judged.candidate.limit, judged.candidate.parent, judged)
