"""Objects: what can be edited, one at a time, each with its own version.

Everything an administrator edits is an object named by `(noun, key)`: a setting, one of the two texts of own lines, or
a row of a list. A `Noun` describes one kind of row: how its fields are read and written, what its key is, what the page
and the terminal call it. Store, link, pages and terminal work from these descriptions, so that a new kind of row is one
module here and nothing elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sealgate.model.errors import InvalidValue, Problem
from sealgate.model.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

V = TypeVar("V")
_noted: ContextVar[list[Problem] | None] = ContextVar("_noted", default=None)
"""The faults found so far, while fields are read that are known to have one."""
Fields = dict[str, Any]
"""Canonical JSON form of a value: strings, numbers, booleans, null, and lists of them."""


class Kind(StrEnum):
    """What a column holds, for forms, option types, completion and CSV."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"
    LIST = "list"
    SECRET = "secret"  # noqa: S105 - a kind of column
    LONG_TEXT = "long-text"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a row: its name in JSON and CSV, its title, kind, help, default and choices.

    `argument` columns are given by position in the terminal (`sealgate add rbl ZONE`), the others as options.
    """

    name: str
    title: str
    help: str = ""
    kind: Kind = Kind.TEXT
    default: Any = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    argument: bool = False


@dataclass(frozen=True, slots=True)
class Row(Generic[V]):
    """One row of a list. `position` orders rows of the same noun (gaps are normal); disabled rows render to nothing."""

    noun: str
    key: str
    value: V
    comment: str = ""
    enabled: bool = True
    position: int = 0


@dataclass(frozen=True, slots=True)
class Noun(Generic[V]):
    """The description of one kind of row.

    `parse(fields)` reads text or JSON fields and raises `InvalidValue` with each field at fault; `fields(value)` gives
    the canonical form, and `parse(fields(v)) == v`. `key(value)` names the row among its kind. `tag(value)` is what
    rows are looked up by besides the key (the next hop of a transport), or None. `ordered`: the order of rows
    decides. `big`: there may be a million of them. `numbered`: a row has no natural key, so who adds one without
    the field `name` gives it the next free number (`next_number`).
    """

    name: str
    plural: str
    title: str
    columns: tuple[Column, ...]
    parse: Callable[[Mapping[str, Any]], V]
    fields: Callable[[V], Fields]
    key: Callable[[V], str]
    tag: Callable[[V], str | None] = lambda _value: None
    ordered: bool = False
    big: bool = False
    numbered: bool = False

    def __post_init__(self) -> None:
        """Let `parse` name every fault."""
        object.__setattr__(self, "parse", partial(_with_every_fault, self.parse))

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        return next(column for column in self.columns if column.name == name)

    def row(
        self,
        fields: Mapping[str, Any],
        *,
        comment: str = "",
        enabled: bool = True,
        position: int = 0,
    ) -> Row[V]:
        """Read a row from its fields."""
        value = self.parse(fields)
        return Row(self.name, self.key(value), value, comment, enabled, position)


def next_number(keys: Iterable[str]) -> str:
    """Return the name for one more row of a numbered noun: one more than the largest number in use."""
    return str(1 + max((int(key) for key in keys if key.isascii() and key.isdigit()), default=0))


def known_fields(fields: object, columns: Sequence[Column]) -> dict[str, Any]:
    """Return the fields with defaults filled in; unknown names and missing required ones are faults, each named."""
    if not isinstance(fields, Mapping):
        raise InvalidValue.of(f"The fields must be an object, not {type(fields).__name__}.")
    names = {column.name for column in columns}
    problems = [
        Problem(shown(str(name)), "There is no such field.", f"Possible are: {', '.join(sorted(names))}.")
        for name in fields
        if name not in names
    ]
    problems += [
        Problem(column.name, f"{column.title} is missing.")
        for column in columns
        if column.required and is_empty(fields.get(column.name))
    ]
    if problems:
        refuse(InvalidValue(*problems))
    given = {column.name: fields.get(column.name) for column in columns}
    return {column.name: column.default if given[column.name] is None else given[column.name] for column in columns}


def is_empty(value: object) -> bool:
    """Tell whether a field counts as not given: null, empty text, or an empty list."""
    return value is None or value == "" or (isinstance(value, list | tuple) and not value)


def choice(value: object, column: Column) -> str:
    """Return the value if it is one of the column's choices."""
    word = value.strip() if isinstance(value, str) else type(value).__name__
    if word not in column.choices:
        raise InvalidValue.of(
            f"{column.title} {shown(word)!r} is not possible.",
            f"Choose from: {', '.join(column.choices)}.",
            column.name,
        )
    return word


@contextmanager
def at(field: str) -> Iterator[None]:
    """Name the field in refusals raised within that name none.

    What is read within one `at` is used outside of it only by its name, never through a default that was bound before:
    where every fault is looked for, reading goes on behind a refusal until a value is needed that was not read.
    """
    try:
        yield
    except InvalidValue as refusal:
        refuse(refusal.at(field))


def refuse(refusal: InvalidValue) -> None:
    """Raise a refusal; where every fault is looked for, note it and return. Of each field the first counts."""
    noted = _noted.get()
    if noted is None:
        raise refusal from None
    named = {problem.field for problem in noted}
    noted.extend(problem for problem in refusal.problems if problem.field not in named)


def _with_every_fault(parse: Callable[[Mapping[str, Any]], V], fields: Mapping[str, Any]) -> V:
    """Read fields; those that are refused are read once more, past each fault that does not hide the others."""
    try:
        return parse(fields)
    except InvalidValue as refusal:
        first = refusal
    noted: list[Problem] = []
    mark = _noted.set(noted)
    try:
        parse(fields)
    except InvalidValue as last:
        refuse(last)
    except UnboundLocalError:  # a value is needed that was refused: what depends on it cannot be looked at
        pass
    finally:
        _noted.reset(mark)
    raise InvalidValue(*(noted or first.problems)).then(*first.steps)


def list_of(value: object, what: str, most: int) -> list[Any]:
    """Return the items of a JSON list, or of text separated by commas or blanks."""
    if isinstance(value, list | tuple):
        items = list(value)
    elif value is None:
        items = []
    elif isinstance(value, str) and len(value) > 50 * most:
        raise InvalidValue.of(f"{what} is too long a text.", f"At most {most} entries are possible.")
    elif isinstance(value, str):
        items = value.replace(",", " ").split()
    else:
        raise InvalidValue.of(f"{what} must be a list, not {type(value).__name__}.")
    if len(items) > most:
        raise InvalidValue.of(f"{what} has {len(items)} entries.", f"At most {most} are possible.")
    return items
