"""What a provider's list was in the last seven days, from the revisions that stood.

A list that loses a little less than is believed at each fetch is nearly gone after six, and one may grow likewise. So
what comes is compared with the longest and the narrowest lists of the last days as well; lists that were gone back from
do not count. A list that a person fetched now and put in force is where that begins anew.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sealgate.link.messages import State
from sealgate.model.providers import PROVIDER, origin_of
from sealgate.services.list_comparing import digest_of, too_wide
from sealgate.services.lists_gone_back import gone_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.store import Reader, Revision, Stored

SYSTEM = "system:providers"
"""The actor of what goes live unattended."""
MOST_A_DAY = 24
"""Revisions that one provider's lists become unattended in 24 hours."""
_DAY = dt.timedelta(days=1)
_LATELY = dt.timedelta(days=7)
_MOST = 500
_NEVER_STOOD = frozenset({State.UNDONE.value, State.FAILED.value, State.SWITCHING.value})


def comment_of(name: str, text: str) -> str:
    """Return the comment of a revision with a provider's fetched list."""
    return f"{name}: {text}"


def largest_lately(reader: Reader, row: Stored, now: dt.datetime) -> list[str]:
    """Return the networks of the longest list of a provider, from its present source, that was in force lately."""
    return max((list(one.fields["networks"]) for one in _rows(reader, row, now)), key=len, default=[])


def wider_than_lately(reader: Reader, row: Stored, names: list[str], now: dt.datetime) -> str:
    """Return why a list does not go live unattended, because one that was in force lately was much narrower."""
    found = (too_wide(one.fields["networks"], names) for one in (row, *_rows(reader, row, now)))
    return next(filter(None, found), "")


def room_again(reader: Reader, name: str, now: dt.datetime) -> dt.datetime | None:
    """Return when the next list of a provider may go live unattended, where so many did lately; None: now."""
    mine, prefix = [], comment_of(name, "")
    for revision in reader.history():
        if now - revision.at >= _DAY:
            break
        if revision.actor == SYSTEM and revision.comment.startswith(prefix):
            mine.append(revision.at)
    return mine[MOST_A_DAY - 1] + _DAY if len(mine) >= MOST_A_DAY else None


def _rows(reader: Reader, row: Stored, now: dt.datetime) -> Iterator[Stored]:
    """Give the rows of a provider in the revisions that stood lately, newest first, each once."""
    seen, origin = set(), origin_of(row.fields)
    bad = gone_back(reader, row.key, str(origin)).digests
    for revision in _lately(reader, row.key, now):
        found = reader.revision(revision.number).row(PROVIDER.name, row.key)
        if found is not None and found.version not in seen and origin_of(found.fields) == origin:
            seen.add(found.version)
            if digest_of(found) not in bad:
                yield found


def _lately(reader: Reader, name: str, now: dt.datetime) -> Iterator[Revision]:
    """Give the revisions that were in force in the last days, back to a person's own fetch of this list."""
    for revision in reader.history(limit=_MOST):
        if revision.state in _NEVER_STOOD:
            continue
        yield revision
        chosen = revision.actor != SYSTEM and revision.comment.startswith(comment_of(name, ""))
        if chosen or now - revision.at > _LATELY:
            return
