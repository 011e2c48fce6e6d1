"""What to do next, as a value: each face says it in its own words, the terminal with a command, a page with a link.

An error or finding says in its text what happened and what stands now, in words that are true everywhere; how one goes
on is a `Step` beside it. So no page names a command, and the API names its own operation. A face that has no way for a
step (no page starts the agent) says nothing, and the text alone has to be enough.

Steps cross the link and are kept with jobs and reports, as `to_json` gives them. One that is not known here, of another
version, is left out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class Act(StrEnum):
    """What can be done next; some acts are about a list (`noun`), some about one object (`noun`, `key`)."""

    LIST = "list"
    """Look at a list; about `noun`."""
    ENABLE = "enable"
    """Enable a row."""
    ADD_TEST = "add-test"
    """Add a policy test."""
    COMPARE = "compare"
    """Look at what the draft changes."""
    DISCARD = "discard"
    """Forget the draft's change of one object."""
    APPLY = "apply"
    """Make the draft live."""
    CONFIRM = "confirm"
    """Keep the revision on watch."""
    ROLL_BACK = "roll-back"
    """Undo the revision on watch."""
    REHEARSE = "rehearse"
    """Rehearse the draft in full."""
    REHEARSE_LIVE = "rehearse-live"
    """Rehearse what is live."""
    HISTORY = "history"
    """Look at the revisions."""
    DRIFT = "drift"
    """Look at hand edits, and settle them."""
    OVERWRITE = "overwrite"
    """Make live files again as the revision has them."""
    STATUS = "status"
    """Look at what is in force."""
    START = "start"
    """Start the gateway."""
    PEOPLE = "people"
    """Look at the people."""
    RESET = "reset"
    """Make a new link for a person."""
    INVITE_OWNER = "invite-owner"
    """Invite one more owner."""
    PUT_BACK = "put-back"
    """Put a backup back."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do next, and the list or object that it is about."""

    act: Act
    noun: str = ""
    key: str = ""


def to_json(steps: Iterable[Step]) -> list[dict[str, str]]:
    """Return steps as plain JSON values; what is empty is left out."""
    return [{name: str(value) for name, value in asdict(step).items() if value} for step in steps]


def from_json(data: Any) -> tuple[Step, ...]:
    """Make steps again from what `to_json` gave; what is none that is known is left out."""
    found = data if isinstance(data, list | tuple) else ()
    return tuple(
        Step(Act(one["act"]), str(one.get("noun", "")), str(one.get("key", "")))
        for one in found
        if isinstance(one, dict) and one.get("act") in _ACTS
    )


_ACTS = frozenset(Act)
