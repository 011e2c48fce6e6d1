"""A change of one object in words: what it is about, what became of each field, and who may newly do what.

Words and fields come from the descriptions of the model, so that page, terminal and mail say the same. A secret is only
ever "stored": that it changed is seen, what it is nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sealgate.model.content import join
from sealgate.model.errors import InvalidValue
from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sealgate.model.objects import Column
    from sealgate.store import Change, Stored

SECRET_SHOWN = "stored"  # noqa: S105 - what is shown instead of one
MOST_CHUNKS = 100
MOST_TEXT_LINES = 5000
"""Texts of more lines are not compared line by line; the rendered files show them."""
_SENDERS = {
    "own": "senders of our own domains",
    "own-and-null": "senders of our own domains and the null sender",
    "any": "any sender",
}


class What(StrEnum):
    """What became of an object."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after, as shown to people; None where the object does not exist."""

    field: str
    title: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that differs. `lines` is a unified diff for texts; `widens` says who may newly do what."""

    noun: str
    key: str
    title: str
    what: What
    fields: tuple[FieldChange, ...]
    lines: tuple[str, ...] = ()
    widens: str = ""


def difference(change: Change, content: Callable[[str], bytes]) -> Difference:
    """Return a change in words; `content` gives the pieces of look-up tables' texts by digest."""
    what = What.ADDED if change.old is None else What.REMOVED if change.new is None else What.CHANGED
    if change.noun == "setting":
        return Difference(change.noun, change.key, _setting_title(change.key), what, (_setting_change(change),))
    if change.noun == "own-lines":
        lines = tuple(text_difference(_text(change.old), _text(change.new), change.key))
        return Difference(change.noun, change.key, f"Own lines of {change.key}", what, (), lines)
    fields = tuple(_field_changes(change))
    lines = tuple(_content_lines(change, content))
    return Difference(change.noun, change.key, NOUNS[change.noun].title, what, fields, lines, widening(change))


def differences(changes: Iterable[Change], content: Callable[[str], bytes]) -> Iterator[Difference]:
    """Give each change in words."""
    return (difference(change, content) for change in changes)


def _content_lines(change: Change, content: Callable[[str], bytes]) -> Iterator[str]:
    """Give the difference of the texts of a kind of row that has one."""
    for name in _long_texts(change.noun):
        old, new = ([] if side is None else side.fields.get(name, []) for side in (change.old, change.new))
        if old == new:
            continue
        if max(len(old), len(new)) > MOST_CHUNKS:
            yield "(a long text: the rendered files show what changed)"
            continue
        before, after = (join(map(content, digests)) for digests in (old, new))
        yield from text_difference(before, after, change.key)


def _long_texts(noun: str) -> list[str]:
    return [column.name for column in NOUNS[noun].columns if column.kind is Kind.LONG_TEXT]


def text_difference(old: str, new: str, name: str) -> Iterator[str]:
    """Give a unified diff of two texts, without line feeds."""
    before, after = old.splitlines(), new.splitlines()
    if len(before) + len(after) > MOST_TEXT_LINES:
        yield f"({len(before)} lines before, {len(after)} after: too many to compare here)"
        return
    for number, line in enumerate(unified_diff(before, after, name, name, lineterm="", n=2)):
        if number > 1:
            yield line


def shown_fields(stored: Stored) -> dict[str, Any]:
    """Return the fields of a row for people and programs: secrets only as "stored"."""
    kind = NOUNS.get(stored.noun)
    if kind is None:
        setting = SETTINGS.get(stored.key) if stored.noun == "setting" else None
        return {"value": SECRET_SHOWN} if setting and setting.kind is Kind.SECRET else dict(stored.fields)
    secret = {column.name for column in kind.columns if column.kind is Kind.SECRET}
    return {name: SECRET_SHOWN if name in secret and value else value for name, value in stored.fields.items()}


def shown_setting(name: str, value: Any) -> str:
    """Return a setting's canonical value in words."""
    setting = SETTINGS[name]
    try:
        return setting.show(setting.parse(value))
    except InvalidValue:
        return str(value)


def widening(change: Change) -> str:
    """Return who may newly relay or be reached by a change, or an empty text."""
    new = change.new if change.new is not None and change.new.enabled else None
    old = change.old if change.old is not None and change.old.enabled else None
    if change.noun == "network":
        opened = new is not None and old is None and not change.key.startswith("!")
        closed = old is not None and new is None and change.key.startswith("!")
        name = change.key.removeprefix("!")
        return f"{name} may relay to anywhere" if opened or closed else ""
    if new is None:
        return ""
    if change.noun == "relay-domain":
        return f"mail for {change.key} is accepted" if old is None else ""
    if change.noun == "white":
        return _listed_white(change.key, old, new)
    if change.noun == "provider":
        more = set(new.fields.get("networks") or ()) - set((old.fields if old else {}).get("networks") or ())
        senders = old is None or old.fields.get("senders") != new.fields.get("senders")
        if more or senders:
            networks = f"{f'{len(more):,}' if more else 'no'} new networks" if len(more) != 1 else "1 new network"
            return (
                f"{change.key} may relay for {_SENDERS.get(new.fields.get('senders', 'own'), 'senders')} ({networks})"
            )
    return ""


def _listed_white(client: str, old: Stored | None, new: Stored) -> str:
    """Return who may connect by a row of the white list that is new, or that lasts longer than it did."""
    if old is None:
        return f"{client} may connect even if a list has it"
    before, after = old.fields.get("expires"), new.fields.get("expires")
    if before is None or (after is not None and after <= before):
        return ""
    return f"{client} may connect even if a list has it, {f'until {after}' if after else 'without an end'}"


def _setting_title(name: str) -> str:
    return SETTINGS[name].title if name in SETTINGS else name


def _setting_change(change: Change) -> FieldChange:
    def words(stored: Stored | None) -> str:
        if change.key not in SETTINGS:
            return "" if stored is None else str(stored.fields.get("value"))
        setting = SETTINGS[change.key]
        return setting.show(setting.default) if stored is None else shown_setting(change.key, stored.fields["value"])

    return FieldChange("value", _setting_title(change.key), words(change.old), words(change.new))


def _text(stored: Stored | None) -> str:
    return "" if stored is None else str(stored.fields["text"])


def _field_changes(change: Change) -> Iterator[FieldChange]:
    columns = {column.name: column for column in NOUNS[change.noun].columns}
    old, new = change.old, change.new
    long_texts = _long_texts(change.noun)
    names = [*columns, *(name for name in (new or old).fields if name not in columns)]  # type: ignore[union-attr]
    for name in names:
        if name in long_texts:
            continue
        before, after = (None if side is None else side.fields.get(name) for side in (old, new))
        if before != after:
            yield _field_change(columns.get(name), name, before, after)
    for name, title in (("comment", "Comment"), ("enabled", "Enabled"), ("position", "Place in the list")):
        before, after = (None if side is None else getattr(side, name) for side in (old, new))
        if (old is not None and new is not None and before != after) or (
            (old is None or new is None) and (before or after) not in {"", True} and name != "position"
        ):
            yield FieldChange(name, title, before, after)


def _field_change(column: Column | None, name: str, before: Any, after: Any) -> FieldChange:
    if column is not None and column.kind is Kind.SECRET:
        changed = before and after
        before, after = before and SECRET_SHOWN, after and (f"{SECRET_SHOWN} anew" if changed else SECRET_SHOWN)
    return FieldChange(name, column.title if column else name, before, after)
