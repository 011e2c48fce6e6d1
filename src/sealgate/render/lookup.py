"""Named look-up tables: their text at `maps.d/<type>-<name>.map`, for the administrator's own lines.

`$maps_d_dir` names the directory in the release, so a table and the main.cf that uses it change in one step. Where the
installed Postfix lacks a Berkeley DB type (hash, btree), the table is built as lmdb on the same file name and own lines
that name it are written with `lmdb:` (see `own_lines`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.findings import Place
from sealgate.render.clients import enabled
from sealgate.render.part import Parameter, Part
from sealgate.render.tree import TableFile, TextSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.desired import DesiredState
    from sealgate.model.objects import Row
    from sealgate.model.tables import LookupTable
    from sealgate.render.facts import NodeFacts

REPLACED = frozenset({"hash", "btree"})
"""Types that lmdb can stand in for: the same source text, the same answers."""


def lookup_tables(desired: DesiredState, node: NodeFacts) -> Part:
    """Return the named look-up tables and the name of their directory."""
    rows: Iterator[Row[LookupTable]] = enabled(desired, "lookup-table")
    tables = tuple(_table(row, desired, node) for row in rows)
    place = Place("lookup-table")
    return Part("Look-up tables", (Parameter("maps_d_dir", node.maps_d_dir, place),), tables)


def type_here(kind: str, node: NodeFacts) -> str:
    """Return the type that a table is built with on this machine."""
    return "lmdb" if kind in REPLACED and kind not in node.map_types else kind


def _table(row: Row[LookupTable], desired: DesiredState, node: NodeFacts) -> TableFile:
    table = row.value
    source = TextSource(table.content, lambda: desired.rows.chunks(table.content))
    return TableFile(f"maps.d/{table.file_name}", type_here(table.type, node), source, Place("lookup-table", row.key))
