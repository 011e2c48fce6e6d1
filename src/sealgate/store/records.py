"""What the store gives back: plain values, free of the database.

Numbers of edits and of revisions are counted from 1; 0 stands for the empty state before the first. Times are aware
and in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime


class _Any(Enum):
    ANY = "any"


ANY: Final = _Any.ANY
"""As `base`: change the object whatever its version is."""

Base = int | frozenset[int | None] | None | Literal[_Any.ANY]
"""The version an edit starts from: a number, None for "must not exist", one of several of these, or ANY."""


class Stored(NamedTuple):
    """One object as it is in some view. `version` is the number of the edit that wrote it, and serves as its ETag."""

    noun: str
    key: str
    fields: dict[str, Any]
    comment: str
    enabled: bool
    position: int
    tag: str | None
    version: int

    def says_the_same(self, other: Stored | None) -> bool:
        """Return whether both have the same content; who wrote it, and when, does not count."""
        return other is not None and self[:7] == other[:7]


class Change(NamedTuple):
    """The difference between two states in one object; `old` or `new` is None where it does not exist."""

    noun: str
    key: str
    old: Stored | None
    new: Stored | None


class PendingChange(NamedTuple):
    """A change in the draft that is in no revision yet, with who made it last and when."""

    noun: str
    key: str
    old: Stored | None
    new: Stored | None
    actor: str
    at: datetime


class Summary(NamedTuple):
    """How much the draft changes, at a glance: the number of objects and by whom (name, number), most first.

    Not `exact`: there were too many edits to compare, the number is that of edited rows, and none is given by name.
    """

    objects: int
    exact: bool
    actors: tuple[tuple[str, int], ...]


class Version(NamedTuple):
    """One step in the life of an object: its content from then on (None: removed), and the revision it came with.

    `revision` is None while the step is pending.
    """

    stored: Stored | None
    actor: str
    at: datetime
    revision: int | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A snapshot of the draft: all edits up to number `limit` on top of revision `parent`; known by its digest."""

    parent: int
    limit: int
    digest: str


@dataclass(frozen=True, slots=True)
class Revision:
    """An immutable state that was made live, with its author and comment. Only `state` and `detail` change.

    `edit` is the number of its last edit, `parent` the revision before it (0: none).
    """

    number: int
    parent: int
    edit: int
    digest: str
    actor: str
    origin: str
    at: datetime
    comment: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit: who did what to which object, when, from where; `detail` is JSON."""

    number: int
    at: datetime
    actor: str
    origin: str
    verb: str
    object: str
    detail: dict[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class AuditBreak:
    """The first place where the audit is not what was written."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Node:
    """One gateway machine as it last reported."""

    name: str
    state: dict[str, Any]
    at: datetime
