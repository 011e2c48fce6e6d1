"""The lists of each provider that were gone back from, and how long no other goes live by itself after that.

The history of a list is short (`store/fetches.py`), and a source may say one bad list, then another, then the first
again. So the names (digests) of the newest fifty that were gone back from are kept apart from it, for the source that
said them: none of them goes live by itself again. After each, every other list of the provider waits, the longer the
more often it happened within a week. A person who puts a list live, and another source, begin anew.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.digest import canonical_text

if TYPE_CHECKING:
    from collections.abc import Collection

    from sealgate.store import Reader, Writer

_FACT = "lists-gone-back"
MOST = 50
"""Lists of one provider that are remembered."""
_HOLDS = tuple(dt.timedelta(hours=hours) for hours in (1, 4, 24))
_FORGOTTEN = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class GoneBack:
    """What is remembered of one provider and source: the digests, newest first, and until when others wait."""

    digests: tuple[str, ...] = ()
    times: int = 0
    last: dt.datetime | None = None

    @property
    def until(self) -> dt.datetime | None:
        """Until when no list goes live by itself; None where none was gone back from."""
        return None if self.last is None else self.last + _HOLDS[min(self.times, len(_HOLDS)) - 1]


def gone_back(reader: Reader, name: str, source: str) -> GoneBack:
    """Return what is remembered of a provider's lists from this source."""
    found = _all(reader).get(name)
    if found is None or found["source"] != source:
        return GoneBack()
    return GoneBack(tuple(found["digests"]), found["times"], dt.datetime.fromisoformat(found["last"]))


def remember(
    writer: Writer, name: str, source: str, digest: str, *, now: dt.datetime, names: Collection[str]
) -> GoneBack:
    """Remember that a list was gone back from; what is remembered of providers not among `names` is forgotten."""
    before = gone_back(writer, name, source)
    times = before.times if before.last is not None and now - before.last < _FORGOTTEN else 0
    digests = [digest, *(one for one in before.digests if one != digest)][:MOST]
    kept = {one: about for one, about in _all(writer).items() if one in names}
    kept[name] = {"source": source, "digests": digests, "times": times + 1, "last": now.isoformat()}
    writer.put_fact(_FACT, canonical_text(kept))
    return GoneBack(tuple(digests), times + 1, now)


def forgive(writer: Writer, name: str) -> None:
    """Forget what was gone back from: a person put a list of this provider live."""
    kept = _all(writer)
    if kept.pop(name, None) is not None:
        writer.put_fact(_FACT, canonical_text(kept))


def _all(reader: Reader) -> dict[str, Any]:
    return dict(json.loads(reader.fact(_FACT) or "{}"))
