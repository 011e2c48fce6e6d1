"""How the list of a provider stands, as JSON and in words: one shape and one wording for terminal, API and pages.

Shapes are stable: names are added, never changed. Times are ISO 8601 in UTC. Networks are named where they are kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.store import Ended

if TYPE_CHECKING:
    from sealgate.services.provider_lists import ListState
    from sealgate.store import Fetch

WORDS = {
    "by-hand": "typed by hand",
    "pinned": "pinned",
    "never": "never fetched yet",
    "good": "good",
    Ended.NEW.value: "new list live",
    Ended.DRAFT.value: "new list in the draft",
    Ended.UNCHANGED.value: "as it was",
    Ended.KEPT.value: "old list kept",
    Ended.HELD.value: "waits for a person",
    Ended.WAITING.value: "waits to go live",
    Ended.REFUSED.value: "not taken",
    Ended.FAILED.value: "failed",
}
"""Each state of a list, and each end of a fetch, in words."""


def fetch_json(fetch: Fetch) -> dict[str, Any]:
    """Return a line of history as JSON."""
    return {
        "number": fetch.number,
        "at": None if fetch.at is None else fetch.at.isoformat(),
        "ended": fetch.ended.value,
        "text": fetch.text,
        "source": fetch.source,
        "version": fetch.version,
        "networks": fetch.count,
        "added": list(fetch.added),
        "more_added": fetch.more_added,
        "removed": list(fetch.removed),
        "more_removed": fetch.more_removed,
        "remarks": list(fetch.remarks),
        "revision": fetch.revision or None,
    }


def state_json(state: ListState) -> dict[str, Any]:
    """Return how a list stands as JSON."""
    return {
        "provider": state.name,
        "source": str(state.origin),
        "state": state.word,
        "networks": state.count,
        "pinned": state.pinned,
        "live": state.live,
        "last": None if state.last is None else fetch_json(state.last),
        "next": None if state.next is None else state.next.isoformat(),
        "bad_since": None if state.since is None else state.since.isoformat(),
        "trouble": state.trouble,
    }
