"""Desired states written as data: settings and rows by their names, read by the model as from a form or the terminal.

    state({"my-hostname": "gw.example.com"}, {"relay-domain": ["example.com"], "rbl": [{"zone": "zen.example.net"}]})

A row is its fields, or the text of its first column. Positions follow the order given. `tables` are look-up tables
as `type:name` with their text. A row may carry `_enabled: False` and `_comment`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.model.desired import DesiredState, MemoryRows
from sealgate.model.mta import settings_from
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Row
from sealgate.model.parameters import OwnLines
from sealgate.model.tables import table_of

if TYPE_CHECKING:
    from collections.abc import Mapping

Given = str | dict[str, Any]


def state(
    settings: Mapping[str, Any] | None = None,
    rows: Mapping[str, Any] | None = None,
    *,
    main_cf: str = "",
    master_cf: str = "",
    tables: Mapping[str, str] | None = None,
) -> DesiredState:
    """Return the state; InvalidValue where the model refuses something."""
    kept = MemoryRows()
    for noun, given in (rows or {}).items():
        for position, fields in enumerate(given, 1):
            kept.put(row_of(noun, fields, position))
    for position, (name, text) in enumerate((tables or {}).items(), 1):
        kept.put(_table(kept, name, text, position))
    return DesiredState(settings_from(settings or {}), kept, OwnLines(main_cf), OwnLines(master_cf))


def row_of(noun: str, given: Given, position: int = 1) -> Row[Any]:
    """Read one row."""
    fields: dict[str, Any] = dict(given) if isinstance(given, dict) else {NOUNS[noun].columns[0].name: given}
    enabled, comment = fields.pop("_enabled", True), fields.pop("_comment", "")
    if noun.endswith("-check"):
        fields.setdefault("name", str(position))
    return NOUNS[noun].row(fields, comment=comment, enabled=enabled, position=position)


def _table(kept: MemoryRows, name: str, text: str, position: int) -> Row[Any]:
    kind, _, word = name.partition(":")
    value, chunks = table_of(word, kind, text)
    kept.content.update(chunks)
    return Row("lookup-table", word, value, position=position)
