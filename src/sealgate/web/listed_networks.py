"""How the list of a provider stands, for the pages: its state, what came of each fetch, its networks in part.

A list may have a hundred thousand networks; a page shows the first of them and says how many there are.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.services import provider_lists
from sealgate.services.list_words import WORDS
from sealgate.store import GOOD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealgate.model.objects import Noun
    from sealgate.services.provider_lists import ListState
    from sealgate.store import Fetch, Stored
    from sealgate.web.visit import Visit

MOST_SHOWN = 500
MOST_FETCHES = 20
_BADGES = {"good": "good", "failed": "error", "refused": "error", "kept": "warning", "held": "warning"}


@dataclass(frozen=True, slots=True)
class Listed:
    """What the page of a provider shows besides its form; `state` is None where it is not stored yet."""

    fetched: bool
    state: ListState | None = None
    networks: tuple[str, ...] = ()
    total: int = 0
    history: tuple[Fetch, ...] = ()


def of_row(visit: Visit, kind: Noun[Any], row: Stored | None, values: Mapping[str, Any]) -> Listed | None:
    """Return what is known of a provider's list; None for rows of other kinds."""
    if kind.name != provider_lists.NOUN:
        return None
    fetched = values.get("source", "by-hand") != "by-hand"
    if row is None:
        return Listed(fetched)
    state = provider_lists.states_of(visit.gateway, visit.actor, [row], dt.datetime.now(dt.UTC))[row.key]
    history = provider_lists.history(visit.gateway, visit.actor, row.key)[:MOST_FETCHES]
    networks = row.fields["networks"] if state.origin.fetched else []
    return Listed(fetched, state, tuple(networks[:MOST_SHOWN]), len(networks), tuple(history))


def states(visit: Visit, rows: Sequence[Stored]) -> dict[str, ListState]:
    """Return how the lists of these rows stand, by name."""
    return provider_lists.states_of(visit.gateway, visit.actor, rows, dt.datetime.now(dt.UTC))


def badge(word: str) -> tuple[str, str]:
    """Return the colour and the words of a state, or of how a fetch ended."""
    return "good" if word in GOOD else _BADGES.get(word, "note"), WORDS[word]
