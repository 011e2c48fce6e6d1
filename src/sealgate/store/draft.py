"""Editing the draft: single objects and many at once, by the same steps.

For each object: the row that stands is ended, the new one begins at the same number; both go into the noun's sum.
What would change nothing is not written. A row that this very transaction wrote is replaced without a trace, since
nobody has seen it. Rows of ordered nouns that are new go to the end of their list.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, select

from sealgate.model.digest import canonical_text, encoded_row_digest
from sealgate.model.errors import Conflict, InvalidValue, NotFound
from sealgate.model.next_steps import Act, Step
from sealgate.store import bulk, schema
from sealgate.store.records import ANY, Base, Stored
from sealgate.store.views import CONTENT, STANDING, stored, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sealgate.store.schema import AnyRow
    from sealgate.store.transaction import Transaction

_object = schema.object_.c
_CHUNK = 2000
# PostgreSQL puts no more than 2704 bytes into one entry of an index.
_LONGEST = 1024


class Put(NamedTuple):
    """What an object shall be. None keeps what it was (new objects: no comment, enabled, last place)."""

    key: str
    fields: Mapping[str, Any]
    tag: str | None
    comment: str | None = None
    enabled: bool | None = None
    position: int | None = None


def standing(tx: Transaction, noun: str, keys: Sequence[str]) -> dict[str, AnyRow]:
    """Return the rows of the draft with these keys."""
    keys = [key for key in keys if "\0" not in key]
    query = select(*CONTENT).where(STANDING, _object.noun == noun, _object.key.in_(keys))
    return {row.key: row for row in tx.connection.execute(query)}


def demand(noun: str, key: str, current: Stored | None, base: Base) -> None:
    """Raise `Conflict` unless the object is at the version an edit starts from."""
    base = _one(current, base)
    if base is ANY:
        return
    if base is None and current is not None:
        raise Conflict(f"There is a {noun} {key!r} already. Nothing was changed. Edit that one.", current)
    if base is not None and current is None:
        raise Conflict(
            f"The {noun} {key!r} was removed by somebody else meanwhile. Nothing was changed. Add it again if needed."
        )
    if current is not None and current.version != base:
        raise Conflict(
            f"The {noun} {key!r} was changed by somebody else meanwhile. Nothing was changed. "
            "Compare with what stands now and edit again.",
            current,
        )


def _one(current: Stored | None, base: Base) -> Base:
    """Return the one of several versions that stands; if none does, the newest of them."""
    if not isinstance(base, frozenset):
        return base
    version = current.version if current is not None else None
    return version if version in base else max((one for one in base if one is not None), default=None)


def save(tx: Transaction, noun: str, put: Put, base: Base) -> int:
    """Make an object what `put` says; return its version."""
    found = standing(tx, noun, [put.key])
    current = stored(found[put.key]) if put.key in found else None
    demand(noun, put.key, current, base)
    if not write(tx, noun, [put], found):
        return int(found[put.key].since)
    version = tx.head.edit
    tx.audit("save", f"{noun} {put.key}", _saved(put, version, current))
    return version


def delete(tx: Transaction, noun: str, key: str, base: Base) -> int:
    """Remove an object; return the number of that edit."""
    found = standing(tx, noun, [key])
    current = stored(found[key]) if key in found else None
    base = _one(current, base)
    if current is None and base in {None, ANY}:
        raise NotFound(f"There is no {noun} {key!r}. Nothing was changed.").then(Step(Act.LIST, noun))
    demand(noun, key, current, base)
    end(tx, noun, list(found.values()))
    tx.audit("delete", f"{noun} {key}", {"was": found[key].since})
    return tx.head.edit


def save_many(tx: Transaction, noun: str, puts: Iterable[Put]) -> int:
    """Make many objects what `puts` say, in chunks; return how many changed. Of equal keys the last counts."""
    changed = 0
    remaining = iter(puts)
    top = _last_key(tx, noun)
    while chunk := list(islice(remaining, _CHUNK)):
        by_key = {put.key: put for put in chunk}
        # Keys behind all that stand (a sorted import into an empty list) need no look-up.
        known = {} if top is None or min(by_key) > top else standing(tx, noun, list(by_key))
        changed += write(tx, noun, list(by_key.values()), known)
        top = max(by_key) if top is None else max(top, *by_key)
    bulk.settle(tx, changed)
    return changed


def delete_many(tx: Transaction, noun: str, keys: Iterable[str]) -> int:
    """Remove many objects, in chunks; return how many there were."""
    removed = 0
    remaining = iter(keys)
    while chunk := list(islice(remaining, _CHUNK)):
        found = standing(tx, noun, chunk)
        end(tx, noun, list(found.values()))
        removed += len(found)
    return removed


def write(tx: Transaction, noun: str, puts: Sequence[Put], known: Mapping[str, AnyRow]) -> int:
    """Write rows for `puts` (distinct keys) over the `known` rows that stand; return how many changed."""
    begun: list[bulk.Record] = []
    ended: list[tuple[int, int]] = []
    total = 0
    for put in puts:
        old = known.get(put.key)
        new = _content(tx, noun, put, old)
        if old is not None and _same(new, old):
            continue
        number = tx.next_edit()
        total += encoded_row_digest(
            noun, new.key, new.fields, comment=new.comment, enabled=new.enabled, position=new.position
        )
        if old is not None:
            total -= row_digest(old)
            ended.append((old.since, number))
        begun.append((number, noun, *new))
    if begun:
        bulk.end(tx, ended)
        bulk.insert(tx.connection, begun)
        tx.shift_total(noun, total, len(begun) - len(ended))
    return len(begun)


def end(tx: Transaction, noun: str, rows: Sequence[AnyRow]) -> None:
    """End rows of one noun that stand."""
    if rows:
        first = tx.next_edit(len(rows))
        bulk.end(tx, [(row.since, first + number) for number, row in enumerate(rows)])
        tx.shift_total(noun, -sum(map(row_digest, rows)), -len(rows))


def row_digest(row: AnyRow) -> int:
    """Return the digest of a row of `CONTENT`."""
    return encoded_row_digest(
        row.noun, row.key, row.fields, comment=row.comment, enabled=bool(row.enabled), position=row.position
    )


class _Content(NamedTuple):
    """The columns of a row that make its content."""

    key: str
    fields: str
    comment: str
    enabled: bool
    position: int
    tag: str | None
    words: str


def _content(tx: Transaction, noun: str, put: Put, old: AnyRow | None) -> _Content:
    key, fields, tag, comment, enabled, position = put
    if noun not in tx.ordered:
        position = 0
    if old is not None:
        comment = old.comment if comment is None else comment
        enabled = bool(old.enabled) if enabled is None else enabled
        position = old.position if position is None else position
    if position is None:
        position = tx.next_position(noun)
    comment = comment or ""
    _check_words(noun, key, tag or "", comment)
    return _Content(
        key,
        canonical_text(fields),
        comment,
        enabled is not False,
        position,
        tag or None,
        words(key, fields, comment),
    )


def _check_words(noun: str, key: str, tag: str, comment: str) -> None:
    if "\0" in key or "\0" in tag or "\0" in comment:
        raise InvalidValue.of(f"The {noun} {key!r} contains a NUL character.", "Remove it.")
    if max(len(key), len(tag)) * 4 > _LONGEST and max(len(key.encode()), len(tag.encode())) > _LONGEST:
        raise InvalidValue.of(
            f"The name of the {noun} {key[:40]!r}… is too long.", f"At most {_LONGEST} bytes are possible."
        )


def _same(new: _Content, old: AnyRow) -> bool:
    return (new.fields, new.comment, new.enabled, new.position, new.tag) == (
        old.fields,
        old.comment,
        bool(old.enabled),
        old.position,
        old.tag,
    )


def _last_key(tx: Transaction, noun: str) -> str | None:
    return tx.connection.execute(select(func.max(_object.key)).where(STANDING, _object.noun == noun)).scalar()


def _saved(put: Put, version: int, current: Stored | None) -> dict[str, Any]:
    """Return what the audit keeps of a saved object; of a long one the beginning."""
    content = canonical_text(put.fields)
    detail: dict[str, Any] = {"version": version, "fields": content[:2000]}
    if put.comment:
        detail["comment"] = put.comment[:500]
    if put.enabled is not None:
        detail["enabled"] = put.enabled
    if current is not None:
        detail["was"] = current.version
    return detail
