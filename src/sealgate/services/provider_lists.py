"""The lists of providers: which are fetched, when next, how each stands.

What is fetched for is a `Target`: the row that is in force, or the row of the draft where the provider with this source
is not in force. When the next fetch is due follows from the history and the interval, so nothing is lost when a process
dies. A list that is pinned, in force or in the draft, is left alone: who pins wants quiet at once, not after an apply.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.providers import USUAL_INTERVAL, origin_of
from sealgate.services.actor import Right
from sealgate.services.lists_gone_back import gone_back
from sealgate.services.lists_lately import room_again
from sealgate.services.nouns import noun_of
from sealgate.services.saved import found
from sealgate.store import GOOD, Ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sealgate.model.list_sources import Origin
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Fetch, Reader, Stored

NOUN = "provider"
RETRY = 300
"""Seconds after which a fetch that failed is tried again; twice as long after each further failure."""
LONGEST_RETRY = 86400
"""Seconds after which a list that the node could not take is tried again at the latest."""
TROUBLE_INTERVALS, TROUBLE_SECONDS = 3, 86400
"""A list that was not good for so many intervals, and for so long, is worth telling everybody."""
_LOOKED_AT = 20
_SPREAD = 10
"""One part in so many of the pause is added, each provider its own, so that not all are asked at once."""


@dataclass(frozen=True, slots=True)
class Target:
    """One list that is fetched: for the row in force, or `into_draft` for the row of the draft."""

    row: Stored
    into_draft: bool

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.row.key

    @property
    def origin(self) -> Origin:
        """Where its list comes from."""
        return origin_of(self.row.fields)

    @property
    def interval(self) -> int:
        """Seconds between two fetches."""
        return int(self.row.fields.get("interval", USUAL_INTERVAL))


@dataclass(frozen=True, slots=True)
class ListState:
    """How the list of one provider of the draft stands.

    `last` is the last fetch from its present source, `next` when the next is due; both None where there is none.
    `since`: not good since then. `trouble`: for so long that it should be told.
    """

    name: str
    origin: Origin
    count: int
    pinned: bool
    live: bool
    last: Fetch | None = None
    next: dt.datetime | None = None
    since: dt.datetime | None = None
    trouble: bool = False

    @property
    def word(self) -> str:
        """The state in one word: by-hand, pinned, never, good, or how the last fetch ended."""
        if not self.origin.fetched:
            return "by-hand"
        if self.pinned:
            return "pinned"
        if self.last is None:
            return "never"
        return "good" if self.last.ended in GOOD else self.last.ended.value


def targets(reader: Reader) -> list[Target]:
    """Return every list that is fetched."""
    live = {row.key: row for row in reader.live().rows(NOUN)}
    draft = {row.key: row for row in reader.draft().rows(NOUN)}
    wanted = []
    for name in sorted(live.keys() | draft.keys()):
        wanted += targets_of(live.get(name), draft.get(name))
    return wanted


def targets_of(live: Stored | None, draft: Stored | None) -> list[Target]:
    """Return what is fetched for one provider: nothing, or for what is in force, for the draft, or for each."""
    if any(row is not None and row.fields.get("pin") for row in (live, draft)):
        return []
    wanted = []
    if live is not None and _fetched(live):
        wanted.append(Target(live, into_draft=False))
    if draft is not None and _fetched(draft):
        known = wanted and str(wanted[0].origin) == str(origin_of(draft.fields))
        wanted += [] if known else [Target(draft, into_draft=True)]
    return wanted


def _fetched(row: Stored) -> bool:
    return row.enabled and origin_of(row.fields).fetched


def next_fetch(target: Target, fetches: Sequence[Fetch]) -> dt.datetime | None:
    """Return when a list is to be fetched next, by its fetches newest first; None: at once."""
    mine = [fetch for fetch in fetches if fetch.source == str(target.origin)]
    if not mine or mine[0].at is None:
        return None
    pause = float(target.interval)
    if mine[0].ended is Ended.WAITING:
        pause = min(pause, RETRY)
    elif mine[0].ended is Ended.FAILED:
        failures = next((number for number, fetch in enumerate(mine) if fetch.ended is not Ended.FAILED), len(mine))
        # A list that the node could not take costs a revision each time, so its pause grows beyond the interval.
        pause = min(LONGEST_RETRY if mine[0].revision else pause, RETRY * 2.0 ** (failures - 1))
    share = int.from_bytes(hashlib.sha256(target.name.encode()).digest()[:2]) / 65536
    return mine[0].at + dt.timedelta(seconds=pause * (1 + share / _SPREAD))


def _when(reader: Reader, target: Target, fetches: Sequence[Fetch], now: dt.datetime) -> dt.datetime | None:
    """Return when a list is fetched next; one that may not go live unattended for a while is not asked for so long."""
    times = [next_fetch(target, fetches)]
    if not target.into_draft:
        times.append(gone_back(reader, target.name, str(target.origin)).until)
        if fetches and fetches[0].ended is Ended.WAITING:
            times.append(room_again(reader, target.name, now))
    return max(filter(None, times), default=None)


def due(reader: Reader, now: dt.datetime) -> tuple[list[Target], dt.datetime | None]:
    """Return the lists that are due, and when to look again where none is (None: nothing is ever due)."""
    late, times = [], []
    for target in targets(reader):
        when = _when(reader, target, reader.fetches(target.name, _LOOKED_AT), now)
        if when is None or when <= now:
            late.append(target)
        else:
            times.append(when)
    return late, min(times, default=None)


def states(gateway: Gateway, actor: Actor, now: dt.datetime, names: Iterable[str] | None = None) -> list[ListState]:
    """Return how the lists of the draft's providers stand, by name; all of them, or those named."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        draft = reader.draft()
        rows = list(draft.rows(NOUN) if names is None else draft.named(NOUN, names).values())
        return _states(reader, rows, now)


def states_of(gateway: Gateway, actor: Actor, rows: Sequence[Stored], now: dt.datetime) -> dict[str, ListState]:
    """Return how the lists of these rows of the draft stand, by name."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        return {state.name: state for state in _states(reader, rows, now)}


def _states(reader: Reader, rows: Sequence[Stored], now: dt.datetime) -> list[ListState]:
    live = reader.live().named(NOUN, [row.key for row in rows])
    return [state_of(reader, row, live.get(row.key), now) for row in rows]


def state_of(reader: Reader, draft: Stored, live: Stored | None, now: dt.datetime) -> ListState:
    """Return how the list of one row of the draft stands."""
    origin = origin_of(draft.fields)
    pinned = any(row is not None and row.fields.get("pin") for row in (draft, live))
    in_force = live is not None and live.enabled and origin_of(live.fields) == origin
    count = len(draft.fields.get("networks") or ())
    if not origin.fetched:
        return ListState(draft.key, origin, count, pinned=bool(pinned), live=in_force)
    fetches = [fetch for fetch in reader.fetches(draft.key, _LOOKED_AT) if fetch.source == str(origin)]
    last = fetches[0] if fetches else None
    target = next((target for target in targets_of(live, draft) if target.origin == origin), None)
    when = None if target is None else _when(reader, target, fetches, now) or now
    since = _bad_since(reader, draft.key, fetches)
    interval = int(draft.fields.get("interval", USUAL_INTERVAL))
    worth = max(TROUBLE_SECONDS, TROUBLE_INTERVALS * interval)
    trouble = not pinned and since is not None and (now - since).total_seconds() > worth
    return ListState(draft.key, origin, count, bool(pinned), in_force, last, when, since, trouble)


def _bad_since(reader: Reader, name: str, fetches: Sequence[Fetch]) -> dt.datetime | None:
    """Return since when a list is not what its source says: since the last good fetch, or the first there is."""
    if not fetches or fetches[0].ended in GOOD:
        return None
    good = reader.last_good_fetch(name)
    if good is not None and good.source == fetches[0].source:
        return good.at
    return [fetch for fetch in reader.fetches(name) if fetch.source == fetches[0].source][-1].at


def history(gateway: Gateway, actor: Actor, name: str) -> list[Fetch]:
    """Return what came of fetching a provider's list, newest first; NotFound for a provider that there is not."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        row = found(reader.draft(), noun_of(NOUN), name)
        return reader.fetches(row.key)


def troubles(gateway: Gateway, actor: Actor, now: dt.datetime) -> list[ListState]:
    """Return the lists that have not been good for so long that everybody should know."""
    return [state for state in states(gateway, actor, now) if state.trouble]
