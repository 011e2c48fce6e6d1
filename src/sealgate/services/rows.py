"""Rows of every kind: add, list, change, remove, comment, enable, disable, move.

Every kind of row is treated alike, from its description (`Noun`). A write is one transaction with its audit entry; a
batch is kept whole or not at all. `base` is the version that the person saw: a row changed meanwhile is a `Conflict`
and nothing is written. Secrets among the fields are sealed on the way in and are never given out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import Conflict, InvalidValue, NotFound
from sealgate.model.objects import Kind, next_number
from sealgate.model.text import comment as comment_text
from sealgate.model.text import shown
from sealgate.services.actor import Right
from sealgate.services.areas import may_bring_back, may_edit
from sealgate.services.lookup_tables import refuse_while_used, stored_text
from sealgate.services.nouns import noun_of
from sealgate.services.saved import Saved, all_found, found
from sealgate.store import ANY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealgate.model.objects import Noun, Row
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.sealing import Sealing
    from sealgate.store import Stored, Writer

MOST_ROWS_OF_A_PAGE = 10_000


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
    enabled: bool | None = None,
) -> Page:
    """Return one page of a list in its order; `search` finds a part of key, fields or comment."""
    actor.may(Right.VIEW)
    kind = noun_of(noun)
    if not 1 <= limit <= MOST_ROWS_OF_A_PAGE:
        raise InvalidValue.of(
            f"A page of {limit} rows is not possible.", f"Ask for 1 to {MOST_ROWS_OF_A_PAGE}.", "limit"
        )
    with gateway.store.reading() as reader:
        view = reader.draft()
        found = list(view.rows(kind.name, after=after or None, limit=limit + 1, search=search or None, enabled=enabled))
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
    kind = noun_of(noun)
    may_edit(actor, kind.name)
    with gateway.writing(actor) as writer:
        given = _prepared(gateway.sealing(writer, actor), writer, kind, fields)
        if kind.numbered and not given.get("name"):
            given["name"] = next_number(row.key for row in writer.draft().rows(kind.name))
        row = kind.row(given, comment=_comment(comment), enabled=enabled)
        version = _save(writer, kind, row, None)
    return Saved(kind.name, row.key, version)


def _save(writer: Writer, kind: Noun[Any], row: Row[Any], base: Any, *, position: int | None = None) -> int:
    """Save a row; with the base None it is a new one, and Conflict says so if its key is there already."""
    try:
        return writer.save(
            kind.name,
            row.key,
            kind.fields(row.value),
            comment=row.comment,
            enabled=row.enabled,
            position=position,
            tag=kind.tag(row.value),
            base=base,
        )
    except Conflict as clash:
        if base is not None:
            raise
        raise Conflict(
            f"{kind.title}: {shown(row.key)} is there already. Nothing was changed. "
            "Change the row that is there, or remove it first.",
            clash.current,
            taken=True,
        ) from None


def change(
    gateway: Gateway,
    actor: Actor,
    noun: str,
    key: str,
    fields: Mapping[str, Any],
    *,
    comment: str | None = None,
    enabled: bool | None = None,
    base: Any = ANY,
) -> Saved:
    """Change some fields of a row, and comment and switch where given; the others stay.

    When that changes its key, the row moves to the new key: Conflict if another row has that one, and InvalidValue if
    a secret was to move along, since who may edit could else have a stored password sent to another host.
    """
    kind = noun_of(noun)
    may_edit(actor, kind.name)
    with gateway.writing(actor) as writer:
        old = found(writer.draft(), kind, key)
        given = dict(old.fields) | _prepared(gateway.sealing(writer, actor), writer, kind, fields)
        said = old.comment if comment is None else _comment(comment)
        switched = old.enabled if enabled is None else enabled
        row = kind.row(given, comment=said, enabled=switched, position=old.position)
        if row.key != old.key:
            _refuse_kept_secrets(kind, old, given)
            writer.delete(kind.name, old.key, base=base)
        version = _save(writer, kind, row, base if row.key == old.key else None, position=old.position)
    return Saved(kind.name, row.key, version)


def remove(gateway: Gateway, actor: Actor, noun: str, keys: Sequence[str], *, base: Any = ANY) -> list[Saved]:
    """Remove rows, all or none; NotFound names those that do not exist."""
    kind = noun_of(noun)
    may_edit(actor, kind.name)
    with gateway.writing(actor) as writer:
        rows = all_found(writer.draft(), kind, keys)
        saved = []
        for row in rows:
            if kind.name == "lookup-table":
                refuse_while_used(writer.draft(), row)
            saved.append(Saved(kind.name, row.key, writer.delete(kind.name, row.key, base=base)))
    return saved


def put_back(gateway: Gateway, actor: Actor, noun: str, first: int, last: int) -> list[Saved]:
    """Undo a removal: rows that the edits `first` to `last` removed stand again as they were.

    Conflict when one of them is there again already; nothing is put back then.
    """
    kind = noun_of(noun)
    may_edit(actor, kind.name)
    with gateway.writing(actor) as writer:
        rows = list(writer.ended(kind.name, first, last))
        if not rows:
            raise NotFound("There is nothing to put back. Nothing was changed.")
        for row in rows:
            may_bring_back(actor, None, row)
        return [Saved(kind.name, row.key, _again(writer, row)) for row in rows]


def _again(writer: Writer, row: Stored) -> int:
    try:
        return writer.save(
            row.noun,
            row.key,
            row.fields,
            comment=row.comment,
            enabled=row.enabled,
            position=row.position,
            tag=row.tag,
            base=None,
        )
    except Conflict as clash:
        message = f"{shown(row.key)} is there again already. Nothing was put back."
        raise Conflict(message, clash.current) from None


def applied(gateway: Gateway, actor: Actor, noun: str, keys: Sequence[str]) -> dict[str, Stored]:
    """Return those of the named rows that the newest revision has, as they are there."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        return reader.revision(reader.newest).named(noun_of(noun).name, keys)


def standing(gateway: Gateway, actor: Actor, noun: str, key: str) -> Stored | None:
    """Return a row of the draft by its exact key; None where there is none."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        return reader.draft().row(noun_of(noun).name, key)


def neighbours(gateway: Gateway, actor: Actor, noun: str, key: str) -> tuple[str, str]:
    """Return the keys before and after a row in its list; empty at an end."""
    actor.may(Right.VIEW)
    kind = noun_of(noun)
    with gateway.store.reading() as reader:
        view = reader.draft()
        row = found(view, kind, key)
        after = next((other.key for other in view.rows(kind.name, after=view.cursor(row), limit=1)), "")
        before = ""
        for other in view.rows(kind.name):
            if other.key == row.key:
                break
            before = other.key
        return before, after


def tags(gateway: Gateway, actor: Actor, noun: str, limit: int) -> list[str]:
    """Return what the rows of a list are looked up by, sorted, at most `limit`."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        return list(islice(reader.draft().tags(noun_of(noun).name), limit))


def comment(gateway: Gateway, actor: Actor, noun: str, key: str, text: str, *, base: Any = ANY) -> Saved:
    """Replace a row's comment; an empty text removes it."""
    kind = noun_of(noun)
    may_edit(actor, kind.name)
    with gateway.writing(actor) as writer:
        old = found(writer.draft(), kind, key)
        version = writer.save(kind.name, old.key, old.fields, tag=old.tag, base=base, comment=_comment(text))
    return Saved(kind.name, old.key, version)


def switch(
    gateway: Gateway, actor: Actor, noun: str, keys: Sequence[str], *, enabled: bool, base: Any = ANY
) -> list[Saved]:
    """Enable or disable rows, all or none."""
    kind = noun_of(noun)
    may_edit(actor, kind.name)
    with gateway.writing(actor) as writer:
        rows = all_found(writer.draft(), kind, keys)
        return [Saved(kind.name, old.key, _switch(writer, old, base, enabled=enabled)) for old in rows]


def _prepared(sealing: Sealing, writer: Writer, kind: Noun[Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields as the model stores them: secrets sealed, a text as the digests of its pieces."""
    given = sealing.of_row(kind, fields)
    for column in kind.columns:
        if column.kind is Kind.LONG_TEXT and isinstance(given.get(column.name), str):
            given |= stored_text(writer, given[column.name])
    return given


def _refuse_kept_secrets(kind: Noun[Any], old: Stored, given: Mapping[str, Any]) -> None:
    for column in kind.columns:
        if column.kind is Kind.SECRET and given.get(column.name) == old.fields.get(column.name) != "":
            raise InvalidValue.of(
                "A stored password belongs to its host.", "Enter it again for the new one.", column.name
            )


def _switch(writer: Writer, old: Stored, base: Any, *, enabled: bool) -> int:
    return writer.save(old.noun, old.key, old.fields, tag=old.tag, base=base, enabled=enabled)


def _comment(text: str) -> str:
    try:
        return comment_text(text)
    except InvalidValue as fault:
        raise fault.at("comment") from None
