"""The desired state of a candidate, read from the agent's own rows: a `RowSource` that never holds a million rows.

Rows become model values here, by the same parsers as everywhere. A row counts only in its canonical form: the key that
its value has and the fields that its value writes. Anything else was made by another version of Sealgate, or by
somebody who wants this side to judge one thing and the other side another.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from sealgate.model.desired import DesiredState
from sealgate.model.errors import InvalidValue, Refused
from sealgate.model.mta import SETTINGS, settings_from
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Kind, Row
from sealgate.model.parameters import OwnLines
from sealgate.model.secrets import Sealed
from sealgate.model.tables import LookupTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sealgate.link.bundle import SentRow
    from sealgate.node.objects import Objects
    from sealgate.node.rows import StoredTable

SETTING = "setting"
OWN_LINES = "own-lines"
_OWN_KEYS = frozenset({"main-cf", "master-cf"})


def known_nouns() -> frozenset[str]:
    """Return every noun that a bundle may have."""
    return frozenset({SETTING, OWN_LINES, *NOUNS})


class RowReader:
    """Reads the rows of one noun as they arrive; each is parsed once, for its form and its tag."""

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._last: tuple[SentRow | None, str | None] = (None, None)

    def checked(self, row: SentRow) -> SentRow:
        """Return a row that is canonical or gone; Refused with the row's name for any other."""
        if row.fields is None:
            return row
        try:
            key, fields, tag = _canonical(self._noun, row)
        except InvalidValue as fault:
            raise Refused(
                f"The agent's model does not take the {self._noun} {row.key[:80]!r}: {fault} Nothing was changed. Are "
                "both halves of the same version?"
            ) from None
        if key != row.key or fields != row.fields:
            raise Refused(
                f"The agent's model writes the {self._noun} {row.key[:80]!r} in another way than the bundle. Nothing "
                "was changed. Bring both halves to the same version."
            )
        self._last = (row, tag)
        return row

    def tag(self, row: SentRow) -> str | None:
        """Return what a row is looked up by besides its key; disabled rows have none."""
        if not row.enabled or row.fields is None:
            return None
        return self._last[1] if row is self._last[0] else _canonical(self._noun, row)[2]


def _canonical(noun: str, row: SentRow) -> tuple[str, dict[str, Any], str | None]:
    """Return the key and fields that the row's value has, and its tag."""
    fields = row.fields if row.fields is not None else {}
    if noun == SETTING:
        setting = SETTINGS.get(row.key)
        if setting is None or set(fields) != {"value"}:
            raise InvalidValue.of("There is no such setting.")
        return row.key, {"value": setting.to_json(setting.parse(fields["value"]))}, None
    if noun == OWN_LINES:
        if row.key not in _OWN_KEYS or not isinstance(fields.get("text"), str):
            raise InvalidValue.of("There are no such own lines.")
        return row.key, {"text": fields["text"]}, None
    kind = NOUNS[noun]
    value = kind.parse(fields)
    return kind.key(value), kind.fields(value), kind.tag(value)


class StoredRows:
    """Rows of the agent's tables as model rows; see `RowSource` of `model/desired.py`."""

    def __init__(self, tables: Mapping[str, StoredTable], objects: Objects) -> None:
        self.tables = tables
        self._objects = objects

    def rows(self, noun: str) -> Iterator[Row[Any]]:
        """Give the rows by position, then key; those of big nouns by key, as the tables made of them are built."""
        table = self.tables.get(noun)
        if table is None:
            return
        sent: Iterable[SentRow] = table
        if not NOUNS[noun].big:
            sent = sorted(table, key=lambda row: (row.position, row.key))
        for row in sent:
            yield to_row(noun, row)

    def row(self, noun: str, key: str) -> Row[Any] | None:
        """Return one row."""
        table = self.tables.get(noun)
        found = table.row(key) if table else None
        return to_row(noun, found) if found else None

    def count(self, noun: str) -> int:
        """Return the number of rows, disabled ones too."""
        table = self.tables.get(noun)
        return table.total.count if table else 0

    def tags(self, noun: str) -> Iterator[str]:
        """Give the distinct tags of the enabled rows, sorted."""
        table = self.tables.get(noun)
        yield from sorted(table.tags) if table else ()

    def chunks(self, digests: Iterable[str]) -> Iterator[bytes]:
        """Give the chunks of a look-up table's text."""
        for digest in digests:
            yield self._objects.get(digest)


def to_row(noun: str, row: SentRow) -> Row[Any]:
    """Return a sent row as a model row."""
    value = NOUNS[noun].parse(row.fields or {})
    return Row(noun, row.key, value, row.comment, row.enabled, row.position)


def desired_state(tables: Mapping[str, StoredTable], objects: Objects) -> DesiredState:
    """Return the desired state that the tables are. Disabled settings and own lines count as not set."""
    settings = {row.key: (row.fields or {})["value"] for row in tables.get(SETTING, ()) if row.enabled}
    own = {row.key: str((row.fields or {})["text"]) for row in tables.get(OWN_LINES, ()) if row.enabled}
    return DesiredState(
        settings_from(settings),
        StoredRows(tables, objects),
        OwnLines(own.get("main-cf", "")),
        OwnLines(own.get("master-cf", "")),
    )


def chunks_named(tables: Mapping[str, StoredTable]) -> frozenset[str]:
    """Return the digests of all chunks that look-up tables are made of."""
    found: set[str] = set()
    for noun in _with(LookupTable):
        for row in tables.get(noun, ()):
            found.update(to_row(noun, row).value.content)
    return frozenset(found)


def secrets_named(tables: Mapping[str, StoredTable]) -> frozenset[str]:
    """Return the names of all sealed secrets that the state mentions."""
    found: set[str] = set()
    for row in tables.get(SETTING, ()):
        setting = SETTINGS[row.key]
        if setting.kind is Kind.SECRET:
            found.update(_sealed(setting.parse((row.fields or {})["value"])))
    for noun in NOUNS.values():
        if any(column.kind is Kind.SECRET for column in noun.columns):
            for row in tables.get(noun.name, ()):
                value = to_row(noun.name, row).value
                for field in dataclasses.fields(value):
                    found.update(_sealed(getattr(value, field.name)))
    return frozenset(found)


def _sealed(value: object) -> Iterator[str]:
    if isinstance(value, Sealed):
        yield value.id


def _with(kind: type) -> Iterator[str]:
    """Give the nouns whose values are of a kind."""
    if kind is LookupTable and "lookup-table" in NOUNS:
        yield "lookup-table"
