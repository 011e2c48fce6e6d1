"""Answering "who may newly do what?" for a candidate that was judged here, against what is in force.

What was found out is remembered for the pair of releases: a judgement, a diff and an apply ask one after the other.
The nouns and rows that differ are told by the agent's own rows, so a million rows cost what differs among them. Nothing
live is touched.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sealgate.link.messages import Grade
from sealgate.link.rehearsals import Widened
from sealgate.rehearsal.judging import CANNOT_TELL, NOT_STARTED, SILENT
from sealgate.rehearsal.widened import widened
from sealgate.rehearsal.widening import Changed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sealgate.link.conversation import Conversation
    from sealgate.link.messages import Report
    from sealgate.link.rehearsals import Widening
    from sealgate.node.receiving import Asking
    from sealgate.node.releases import Release
    from sealgate.node.sides import Sides
    from sealgate.node.stores import Stores

_CANNOT_RUN = frozenset({NOT_STARTED, SILENT, CANNOT_TELL})
_REMEMBERED = 20
MOST_CHANGED = 20_000
"""Rows of one noun whose changes are looked at one by one; of more, a bounded part is compared."""


class Widenings:
    """Answers `widening`, and the judge."""

    def __init__(self, stores: Stores, sides: Sides) -> None:
        self._stores = stores
        self._sides = sides
        self._known: OrderedDict[tuple[str, str], tuple[str, ...]] = OrderedDict()

    def handlers(self) -> Mapping[str, Callable[[Any, Conversation], Any]]:
        """Return what answers each of these verbs."""
        return {"widening": self.answer}

    def answer(self, question: Widening, talk: Conversation) -> Widened:
        """Return the sentences about a candidate."""
        started = time.monotonic()
        release = self._sides.release_of(question.digest)
        talk.progress("finding out who may newly do what")
        return Widened(self.of(release), time.monotonic() - started)

    def told(self, report: Report, talk: Asking) -> Report:
        """Return a full rehearsal's report with who may newly do what; a release that cannot run permits nothing."""
        release = self._stores.releases.find(report.release)
        broken = any(found["code"] in _CANNOT_RUN for found in report.findings)
        if report.grade is not Grade.FULL or release is None or broken:
            return report
        talk.progress("finding out who may newly do what")
        return replace(report, widened=self.of(release))

    def of(self, release: Release) -> tuple[str, ...]:
        """Return who may newly do what when this release goes live."""
        live = self._sides.in_force()
        if live is not None and live.id == release.id:
            return ()
        pair = (live.id if live else "", release.id)
        if pair not in self._known:
            self._known[pair] = self._found(live, release)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return self._known[pair]

    def _found(self, live: Release | None, release: Release) -> tuple[str, ...]:
        candidate = self._sides.side(release)
        if live is None:
            return widened(self._sides.rehearsal(), None, candidate)
        nouns = live.tables.keys() | release.tables.keys()
        differing = {noun for noun in nouns if live.tables.get(noun) != release.tables.get(noun)}
        keys = {noun: found for noun in differing if (found := self._keys(noun, live, release)) is not None}
        keys |= {noun: frozenset() for noun in nouns - differing}
        return widened(self._sides.rehearsal(), self._sides.side(live), candidate, differing, Changed(keys))

    def _keys(self, noun: str, live: Release, release: Release) -> frozenset[str] | None:
        """Return the keys of the rows that differ, removed ones too; None when only a full comparison could tell."""
        tables = [self._stores.rows.find(noun, one.tables[noun]) for one in (live, release) if noun in one.tables]
        if any(table is None for table in tables):
            return None
        first, *others = [table for table in tables if table is not None]
        if others and (pairs := first.differences(others[0])) is not None:
            return frozenset(row.key for pair in pairs for row in pair if row is not None)
        if any(table is not None and table.total.count > MOST_CHANGED for table in tables):
            return None
        rows = [{row.key: row for row in table} for table in (first, *others)]
        before, after = rows if others else (rows[0], {})
        return frozenset(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
