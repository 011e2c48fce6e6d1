"""A view of the store as a `DesiredState`: the same values that the model, the renderer and the checks work with.

Rows are read one after the other and parsed as they come, so that a million rows need no memory. A stored object that
the model of today no longer parses is `StoreFailed` with its name: nothing is skipped in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.desired import DesiredState
from sealgate.model.errors import InvalidValue, StoreFailed
from sealgate.model.mta import settings_from
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Row
from sealgate.model.parameters import OwnLines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.store import Stored, View


@dataclass(frozen=True, slots=True)
class ViewRows:
    """The rows of a view, as a `RowSource`."""

    view: View

    def rows(self, noun: str) -> Iterator[Row[Any]]:
        """See `RowSource`."""
        for stored in self.view.rows(noun):
            yield row_of(stored)

    def row(self, noun: str, key: str) -> Row[Any] | None:
        """See `RowSource`."""
        stored = self.view.row(noun, key)
        return None if stored is None else row_of(stored)

    def count(self, noun: str) -> int:
        """See `RowSource`."""
        return self.view.count(noun)

    def tags(self, noun: str) -> Iterator[str]:
        """See `RowSource`."""
        yield from self.view.tags(noun)

    def chunks(self, digests: Iterable[str]) -> Iterator[bytes]:
        """See `RowSource`."""
        for digest in digests:
            yield self.view.content(digest)


def desired_state(view: View) -> DesiredState:
    """Return what a view of the store says, as a whole; its rows are read when they are asked for."""
    values = {stored.key: stored.fields["value"] for stored in view.rows("setting")}
    try:
        settings = settings_from(values)
    except InvalidValue as fault:
        raise _unreadable(str(fault)) from None
    return DesiredState(settings, ViewRows(view), _own_lines(view, "main-cf"), _own_lines(view, "master-cf"))


def row_of(stored: Stored) -> Row[Any]:
    """Return a stored row as a value of the model."""
    kind = NOUNS[stored.noun]
    try:
        value = kind.parse(stored.fields)
    except InvalidValue as fault:
        raise _unreadable(f"{stored.noun} {stored.key}: {fault}") from None
    return Row(stored.noun, stored.key, value, stored.comment, stored.enabled, stored.position)


def _own_lines(view: View, name: str) -> OwnLines:
    stored = view.row("own-lines", name)
    return OwnLines(stored.fields["text"]) if stored else OwnLines()


def _unreadable(what: str) -> StoreFailed:
    return StoreFailed(
        f"The database holds something that this version of Sealgate cannot read ({what}). Nothing was changed. "
        "Remove or change that object, or go back to the version that stored it."
    )
