"""Asking the real Postfix: a key in a table, the way of an address; in force, or by a candidate that was judged here.

A table is named as people name it: a look-up table by its name, a generated one by its noun (`transport`) or by its
file (`relay_domains`). Tables that hold secrets give no answer. For the way of an address by a candidate, the candidate
runs for a moment, sealed off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.link.upkeep import QueryAnswer, Route
from sealgate.model.errors import InvalidValue, NotFound, NotPermitted
from sealgate.postfix.rewrite import Rewrite
from sealgate.rehearsal import routing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from sealgate.link.conversation import Conversation
    from sealgate.link.upkeep import Query, Resolve
    from sealgate.node.releases import FileRecord, Release
    from sealgate.node.sides import Sides
    from sealgate.node.stores import Stores
    from sealgate.postfix.rewrite import Route as Found

_LONGEST_KEY = 2000


class Lookups:
    """Answers about tables and routes."""

    def __init__(self, stores: Stores, sides: Sides) -> None:
        self._stores = stores
        self._sides = sides

    def handlers(self) -> Mapping[str, Callable[[Any, Conversation], Any]]:
        """Return what answers each of these verbs."""
        return {"query": self.query, "resolve": self.resolve}

    def query(self, question: Query, _talk: Conversation) -> QueryAnswer:
        """Look a key up in a table by postmap."""
        key = _one_line(question.key, "key")
        release = self._sides.release_of(question.digest)
        record = table_named(release, question.table)
        if record.mode & 0o077 == 0:
            raise NotPermitted(f"The table {question.table} holds secrets; its values are shown to nobody.")
        path, kind = self._place(release, record)
        value, said = self._stores.tables.query(path, kind, key)
        return QueryAnswer(question.table, key, value, tuple(complaint.text for complaint in said))

    def resolve(self, question: Resolve, _talk: Conversation) -> Route:
        """Ask trivial-rewrite where an address goes."""
        address, sender = _one_line(question.address, "address"), _one_line(question.sender, "sender")
        found = self._route(question.digest, address, sender)
        return Route(address, found.transport, found.nexthop, found.recipient, tuple(sorted(found.flags)))

    def _route(self, digest: str, address: str, sender: str) -> Found:
        if digest:
            release = self._sides.release_of(digest)
            return routing.route(self._sides.rehearsal(), self._stores.releases.path(release.id), address, sender)
        self._sides.release_of("")
        with Rewrite(self._stores.paths.spool) as rewrite:
            return rewrite.resolve(address, sender)

    def _place(self, release: Release, record: FileRecord) -> tuple[Path, str]:
        """Return the table's path without suffix, as main.cf names it, and its type."""
        built = next((one for one in release.built if one.file == record.path), None)
        path = self._stores.releases.path(release.id) / (built.path if built else record.path)
        return path, record.table


def table_named(release: Release, name: str) -> FileRecord:
    """Return the file of a table that people call by this name; NotFound names those that there are."""
    readable = {built.path: built.file for built in release.built}
    for record in release.files:
        source = next((path for path, file in readable.items() if file == record.path), record.path)
        is_text_of_index = record.path in readable
        if record.table and not is_text_of_index and name in _names(release, source):
            return record
    known = sorted({_names(release, one.path)[0] for one in release.files if one.table and one.text})
    raise NotFound(f"There is no table {name[:60]!r}. Look-up tables and text tables: {', '.join(known) or 'none'}.")


def _names(release: Release, path: str) -> tuple[str, ...]:
    """Return the names that a table at a path goes by, the shortest first."""
    file = path.rpartition("/")[2]
    if path.startswith("maps.d/"):
        return (file.removesuffix(".map").partition("-")[2], file.removesuffix(".map"), file)
    noun = next((built.noun for built in release.built if built.path == path), "")
    stem = file.partition(".")[0]
    return tuple(dict.fromkeys(filter(None, (noun, stem, stem.replace("_", "-"), file))))


def _one_line(text: str, field: str) -> str:
    if len(text) > _LONGEST_KEY or any(char in text for char in "\n\r\0"):
        raise InvalidValue.of(f"The {field} is not one line of at most {_LONGEST_KEY} characters.", "", field)
    return text
