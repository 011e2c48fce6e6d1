"""Looking at whole states in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.model.digest import TableSum, row_digest

if TYPE_CHECKING:
    from sealgate.store import Stored, View

NOUNS = ("black", "header-check", "rbl", "relay-domain", "setting", "transport", "white")


def keys(view: View, noun: str) -> list[str]:
    """Return the keys of a noun in order."""
    return [row.key for row in view.rows(noun)]


def content(view: View) -> dict[tuple[str, str], Any]:
    """Return the fields of every object."""
    return {(row.noun, row.key): row.fields for noun in NOUNS for row in view.rows(noun)}


def whole(view: View) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return all of every object but its version."""
    return {(row.noun, row.key): row[2:7] for noun in NOUNS for row in view.rows(noun)}


def recomputed(view: View) -> dict[str, TableSum]:
    """Return the sums of all nouns that have rows, computed from the rows."""
    sums: dict[str, TableSum] = {}
    for noun in NOUNS:
        for row in view.rows(noun):
            sums[noun] = sums.get(noun, TableSum()).add(digest(row))
    return sums


def digest(row: Stored) -> int:
    return row_digest(row.noun, row.key, row.fields, comment=row.comment, enabled=row.enabled, position=row.position)
