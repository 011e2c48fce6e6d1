"""A candidate as a bundle for the agent: what there is, and each part of it when the agent asks.

The header names every noun with its digest; the agent then asks for what it lacks: all rows of a noun, only those that
differ from a table it has (for tables that may be big), text chunks, secrets. Everything is read from one view of the
store, which does not change while it is read, so the parts fit the digest.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.bundle import LARGEST_DELTA, Header, Offer, SentRow
from sealgate.model.digest import state_digest
from sealgate.model.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgate.model.digest import TableSum
    from sealgate.store import Reader, Stored, View


_MOST_COUNTED = 4 * LARGEST_DELTA


@dataclass(frozen=True, slots=True)
class ViewBundle:
    """One view of the store, and for deltas the views whose tables the agent may have, by noun and table digest."""

    reader: Reader
    view: View
    header: Header
    bases: Mapping[tuple[str, str], View]

    def rows(self, noun: str) -> Iterator[SentRow]:
        """Give all rows of a noun."""
        for stored in self.view.rows(noun):
            yield sent(stored)

    def delta(self, noun: str, base: str) -> Iterator[SentRow]:
        """Give the rows that differ from the table with digest `base`."""
        for change in self.reader.compare(self.bases[noun, base], self.view):
            if change.noun == noun:
                yield SentRow(change.key, None) if change.new is None else sent(change.new)

    def chunk(self, digest: str) -> bytes:
        """Give one chunk of a look-up table's text."""
        return self.view.content(digest)

    def secret(self, name: str) -> bytes:
        """Give the ciphertext of a secret."""
        sealed = self.reader.secret(name)
        if sealed is None:
            raise NotFound(f"The secret {name} is not in the database. Nothing was changed. Enter it again.")
        return sealed


def bundle(reader: Reader, view: View, bases: tuple[View, ...] = (), tree: str = "") -> ViewBundle:
    """Return a view as a bundle; `bases` are views that the agent has probably seen (live, newest revision)."""
    sums = view.sums()
    known: dict[tuple[str, str], View] = {}
    for base in bases:
        near = _near(reader, base, view)
        for noun, total in base.sums().items():
            if noun in near and total.count:
                known.setdefault((noun, total.digest()), base)
    tables = {noun: _offer(noun, total, known) for noun, total in sums.items() if total.count}
    parent = state_digest(bases[0].sums()) if bases else ""
    return ViewBundle(reader, view, Header(state_digest(sums), tables, parent, tree), known)


def bundle_of(reader: Reader, view: View) -> ViewBundle:
    """Return a view as a bundle, with what the agent has for certain (live) and probably (the newest revision)."""
    newest = (reader.revision(reader.newest),) if reader.newest != reader.in_force else ()
    return bundle(reader, view, (reader.live(), *newest))


@dataclass(frozen=True, slots=True)
class ChangedBundle(ViewBundle):
    """A view with one row changed, which stands in no view of the store yet."""

    changed: Stored

    def rows(self, noun: str) -> Iterator[SentRow]:
        """Give all rows of a noun."""
        for stored in self.view.rows(noun):
            yield sent(self.changed if self._is_changed(stored) else stored)

    def delta(self, noun: str, base: str) -> Iterator[SentRow]:
        """Give the rows that differ from the table with digest `base`."""
        if noun != self.changed.noun:
            yield from ViewBundle.delta(self, noun, base)
        else:
            yield sent(self.changed)

    def _is_changed(self, stored: Stored) -> bool:
        return (stored.noun, stored.key) == (self.changed.noun, self.changed.key)


def live_with(reader: Reader, changed: Stored) -> ChangedBundle:
    """Return what is in force, with one row of it changed, as a bundle; NotFound if that row is not in force."""
    view = reader.live()
    sums = view.sums_with(changed)
    tables = {noun: _offer(noun, total, {}) for noun, total in sums.items() if total.count}
    base = view.sums()[changed.noun].digest()
    tables[changed.noun] = Offer(sums[changed.noun].digest(), sums[changed.noun].count, (base,))
    return ChangedBundle(reader, view, Header(state_digest(sums), tables, view.digest()), {}, changed)


def sent(stored: Stored) -> SentRow:
    """Return a stored row as it crosses the link."""
    return SentRow(stored.key, stored.fields, stored.comment, stored.enabled, stored.position)


def _near(reader: Reader, base: View, view: View) -> set[str]:
    """Return the nouns that differ by so few rows that a delta is worth its while (and is taken)."""
    old, new = base.sums(), view.sums()
    differ = {noun for noun in old if noun in new and old[noun] != new[noun]}
    near = {noun for noun in differ if abs(old[noun].count - new[noun].count) <= LARGEST_DELTA}
    if not near:
        return near
    counts: Counter[str] = Counter()
    for number, change in enumerate(reader.compare(base, view)):
        counts[change.noun] += 1
        if number >= _MOST_COUNTED:
            near = {noun for noun in near if noun < change.noun}  # changes come noun by noun
            break
    return {noun for noun in near if counts[noun] <= LARGEST_DELTA}


def _offer(noun: str, total: TableSum, known: Mapping[tuple[str, str], View]) -> Offer:
    return Offer(total.digest(), total.count, tuple(digest for name, digest in known if name == noun))
