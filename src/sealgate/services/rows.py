"""Rows of every kind: add, list, change, remove, comment, enable, disable, move.

Every kind of row is treated alike, from its description (`Noun`). A write is one transaction with its audit entry; a
batch is kept whole or not at all. `base` is the version that the person saw: a row changed meanwhile is a `Conflict`
and nothing is written. Secrets among the fields are sealed on the way in and are never given out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import Conflict, InvalidValue, NotFound
from sealgate.model.objects import next_number
from sealgate.model.text import comment as comment_text
from sealgate.model.text import shown
from sealgate.services.actor import Right
from sealgate.services.nouns import noun_of
from sealgate.store import ANY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealgate.model.findings import Finding
    from sealgate.model.objects import Noun
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Stored, View, Writer

MOST_ROWS_OF_A_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Saved:
    """What a write left behind: the object and its new version (None: there was nothing to change)."""

    noun: str
    key: str
    version: int | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, the cursor of the next part (empty: this was the last) and the number of all rows."""

    noun: str
    rows: tuple[Stored, ...]
    next: str
    total: int


def listing(
    gateway: Gateway,
    actor: Actor,
    noun: str,
    *,
    search: str = "",
    after: str = "",
    limit: int = 100,
) -> Page:
    """Return one page of a list in its order; `search` finds a part of key, fields or comment."""
    actor.may(Right.VIEW)
    kind = noun_of(noun)
    if not 1 <= limit <= MOST_ROWS_OF_A_PAGE:
        raise InvalidValue.of(f"A page of {limit} rows is not possible.", f"Ask for 1 to {MOST_ROWS_OF_A_PAGE}.", "limit")
    with gateway.store.reading() as reader:
        view = reader.draft()
        found = list(view.rows(kind.name, after=after or None, limit=limit + 1, search=search or None))
        more = view.cursor(found[limit - 1]) if len(found) > limit else ""
        return Page(kind.name, tuple(found[:limit]), more, view.count(kind.name))


def show(gateway: Gateway, actor: Actor, noun: str, key: str) -> Stored:
    """Return one row of the draft."""
    actor.may(Right.VIEW)
    kind = noun_of(noun)
    with gateway.store.reading() as reader:
        return found(reader.draft(), kind, key)


def add(
    gateway: Gateway,
    actor: Actor,
    noun: str,
    fields: Mapping[str, Any],
    *,
    comment: str = "",
    enabled: bool = True,
) -> Saved:
    """Add a row, at the end of an ordered list; Conflict if its key is there already."""
    actor.may(Right.EDIT)
    kind = noun_of(noun)
    with gateway.writing(actor) as writer:
        given = gateway.sealing(writer).of_row(kind, fields)
        if kind.numbered and not given.get("name"):
            given["name"] = next_number(row.key for row in writer.draft().rows(kind.name))
        row = kind.row(given, comment=_comment(comment), enabled=enabled)
        canonical = kind.fields(row.value)
        try:
            version = writer.save(
                kind.name,
                row.key,
                canonical,
                comment=row.comment,
                enabled=enabled,
                tag=kind.tag(row.value),
                base=None,
            )
        except Conflict as clash:
            raise Conflict(
                f"{kind.title}: {shown(row.key)} is there already. Nothing was changed. "
                "Change the row that is there, or remove it first.",
                clash.current,
            ) from None
    return Saved(kind.name, row.key, version)


def change(
    gateway: Gateway,
    actor: Actor,
    noun: str,
    key: str,
    fields: Mapping[str, Any],
    *,
    base: Any = ANY,
) -> Saved:
    """Change some fields of a row; the others stay. When that changes its key, the row moves to the new key."""
    actor.may(Right.EDIT)
    kind = noun_of(noun)
    with gateway.writing(actor) as writer:
        old = found(writer.draft(), kind, key)
        given = dict(old.fields) | dict(gateway.sealing(writer).of_row(kind, fields))
        row = kind.row(given, comment=old.comment, enabled=old.enabled, position=old.position)
        if row.key != old.key:
            writer.delete(kind.name, old.key, base=base)
        canonical = kind.fields(row.value)
        version = writer.save(
            kind.name,
            row.key,
            canonical,
            comment=old.comment,
            enabled=old.enabled,
            position=old.position,
            tag=kind.tag(row.value),
            base=base if row.key == old.key else None,
        )
    return Saved(kind.name, row.key, version)


def remove(gateway: Gateway, actor: Actor, noun: str, keys: Sequence[str], *, base: Any = ANY) -> list[Saved]:
    """Remove rows, all or none; NotFound names those that do not exist."""
    actor.may(Right.EDIT)
    kind = noun_of(noun)
    with gateway.writing(actor) as writer:
        rows = _all_found(writer.draft(), kind, keys)
        saved = []
        for row in rows:
            saved.append(Saved(kind.name, row.key, writer.delete(kind.name, row.key, base=base)))
    return saved


def comment(gateway: Gateway, actor: Actor, noun: str, key: str, text: str, *, base: Any = ANY) -> Saved:
    """Replace a row's comment; an empty text removes it."""
    actor.may(Right.EDIT)
    kind = noun_of(noun)
    with gateway.writing(actor) as writer:
        old = found(writer.draft(), kind, key)
        version = _resave(writer, kind, old, base, comment=_comment(text))
    return Saved(kind.name, old.key, version)


def switch(
    gateway: Gateway, actor: Actor, noun: str, keys: Sequence[str], *, enabled: bool, base: Any = ANY
) -> list[Saved]:
    """Enable or disable rows, all or none."""
    actor.may(Right.EDIT)
    kind = noun_of(noun)
    with gateway.writing(actor) as writer:
        saved = []
        for old in _all_found(writer.draft(), kind, keys):
            saved.append(Saved(kind.name, old.key, _resave(writer, kind, old, base, enabled=enabled)))
    return saved


def found(view: View, kind: Noun[Any], key: str) -> Stored:
    """Return a row by its key, as stored or as a person would spell it; NotFound otherwise."""
    stored = view.row(kind.name, key)
    if stored is None and (spelled := _canonical_key(kind, key)):
        stored = view.row(kind.name, spelled)
    if stored is None:
        raise NotFound(f"{kind.title}: there is no {shown(key)}. Nothing was changed. See: sealgate list {kind.name}")
    return stored


def _canonical_key(kind: Noun[Any], key: str) -> str:
    """Return the key in the spelling of the store (`EXAMPLE.com` is `example.com`), or an empty text."""
    from sealgate.model.forms import parse_text_line

    try:
        return str(kind.key(parse_text_line(kind.name, key)))
    except (InvalidValue, KeyError, ValueError):
        return ""


def _all_found(view: View, kind: Noun[Any], keys: Sequence[str]) -> list[Stored]:
    rows, missing = [], []
    for key in dict.fromkeys(keys):
        try:
            rows.append(found(view, kind, key))
        except NotFound:
            missing.append(shown(key))
    if missing:
        raise NotFound(
            f"{kind.title}: there is no {', '.join(missing)}. Nothing was changed. See: sealgate list {kind.name}"
        )
    return rows


def _resave(writer: Writer, kind: Noun[Any], old: Stored, base: Any, **changes: Any) -> int:
    values = {"comment": old.comment, "enabled": old.enabled, "position": old.position, "tag": old.tag} | changes
    return writer.save(kind.name, old.key, old.fields, base=base, **values)


def _comment(text: str) -> str:
    try:
        return comment_text(text)
    except InvalidValue as fault:
        raise fault.at("comment") from None
