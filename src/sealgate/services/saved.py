"""What a write leaves behind, and finding the rows that a person names by their keys.

A key is found as it is stored, and as a person would type it: in other letters, as U-labels, with octets left out. What
is not there is NotFound with all that is missing; nothing is ever taken for something similar.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue, NotFound
from sealgate.model.names import DomainName
from sealgate.model.next_steps import Act, Step
from sealgate.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgate.model.findings import Finding
    from sealgate.model.objects import Noun
    from sealgate.store import Stored, View


@dataclass(frozen=True, slots=True)
class Saved:
    """What a write left behind: the object and its new version (None: there was nothing to change)."""

    noun: str
    key: str
    version: int | None
    findings: tuple[Finding, ...] = ()


def found(view: View, kind: Noun[Any], key: str) -> Stored:
    """Return a row by its key, as stored or as a person would spell it; NotFound otherwise."""
    stored = view.row(kind.name, key)
    if stored is None and (spelled := _canonical_key(kind, key)):
        stored = view.row(kind.name, spelled)
    if stored is None:
        raise NotFound(f"{kind.title}: there is no {shown(key)}. Nothing was changed.").then(Step(Act.LIST, kind.name))
    return stored


def _canonical_key(kind: Noun[Any], key: str) -> str:
    """Return the key in the spelling of the store (`EXAMPLE.com` is `example.com`), or an empty text."""
    first = next(column for column in kind.columns if column.argument)
    try:
        return kind.key(kind.parse({first.name: key}))
    except InvalidValue:
        pass
    try:
        return DomainName.parse(key).ascii
    except InvalidValue:
        return key.lower()


def all_found(view: View, kind: Noun[Any], keys: Sequence[str]) -> list[Stored]:
    """Return rows by their keys, each once; NotFound names all that are missing."""
    rows, missing = [], []
    for key in dict.fromkeys(keys):
        try:
            rows.append(found(view, kind, key))
        except NotFound:
            missing.append(shown(key))
    if missing:
        raise NotFound(f"{kind.title}: there is no {', '.join(missing)}. Nothing was changed.").then(
            Step(Act.LIST, kind.name)
        )
    return rows
