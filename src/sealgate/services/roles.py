"""Roles: the bundles of rights that a person gets with one word, and how far one person may raise another.

A person has one role, perhaps further rights, and perhaps areas that limit what they may edit. Nobody gives away what
they have not: who changes a person must have every right and area that this person has before and after. So people who
may manage people can neither make themselves owners nor touch one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sealgate.model.errors import InvalidValue, NotPermitted
from sealgate.model.text import shown
from sealgate.services.actor import ALL_AREAS, ALL_RIGHTS, Area, Right

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.services.actor import Actor
    from sealgate.store.people_records import Person


class Role(StrEnum):
    """What a person is for."""

    OWNER = "owner"
    """May do everything; a gateway always has one."""
    ADMINISTRATOR = "administrator"
    """Configures the gateway and makes changes live; not own lines, not people, not backups."""
    OPERATOR = "operator"
    """Looks after the mail: queue, log, verify cache."""
    AUDITOR = "auditor"
    """Reads everything that was done."""
    VIEWER = "viewer"
    """Looks."""


_VIEWER = frozenset({Right.VIEW})
_OPERATOR = _VIEWER | {Right.OPERATE}
_ADMINISTRATOR = _OPERATOR | {Right.EDIT, Right.SECRETS, Right.APPLY, Right.AUDIT}

RIGHTS_OF = {
    Role.OWNER: ALL_RIGHTS,
    Role.ADMINISTRATOR: _ADMINISTRATOR,
    Role.OPERATOR: _OPERATOR,
    Role.AUDITOR: _VIEWER | {Right.AUDIT},
    Role.VIEWER: _VIEWER,
}
"""The rights that each role brings."""

GRANTABLE = ALL_RIGHTS - {Right.OWN}
"""The rights that can be given besides a role."""


def rights_of(person: Person) -> frozenset[Right]:
    """Return what a person may do: the role's rights and those given besides."""
    return RIGHTS_OF[Role(person.role)] | {Right(word) for word in person.extra}


def areas_of(person: Person) -> frozenset[Area]:
    """Return where a person may edit, if they may edit at all."""
    return ALL_AREAS if person.areas is None else frozenset(Area(word) for word in person.areas)


def parse_role(word: object) -> Role:
    """Read a role as a person writes it."""
    try:
        return Role(str(word).strip().lower())
    except ValueError:
        raise InvalidValue.of(
            f"{shown(str(word))!r} is no role.", f"The roles are: {', '.join(Role)}.", "role"
        ) from None


def parse_rights(words: Iterable[object]) -> frozenset[Right]:
    """Read rights that are given besides a role."""
    found = frozenset(_right(str(word)) for word in words)
    if not found <= GRANTABLE:
        raise InvalidValue.of("The right “own” comes with the role owner only.", "Give that role.", "extra")
    return found


def parse_areas(words: Iterable[object] | None) -> frozenset[Area] | None:
    """Read the areas that may be edited; None and every area mean all."""
    if words is None:
        return None
    found = frozenset(_area(str(word)) for word in words)
    return None if found == ALL_AREAS else found


def may_touch(actor: Actor, rights: frozenset[Right], areas: frozenset[Area]) -> None:
    """Raise NotPermitted if these rights or areas, which a person has or shall get, go beyond the actor's own."""
    beyond: list[str] = sorted(rights - actor.rights)
    if Right.EDIT in rights:
        beyond += sorted(areas - actor.areas)
    if beyond:
        raise NotPermitted(
            f"{actor.name} may not do this: it is about rights that {actor.name} does not have ({', '.join(beyond)}). "
            "Nothing was changed. Ask an owner of this gateway."
        )


def _right(word: str) -> Right:
    try:
        return Right(word.strip().lower())
    except ValueError:
        raise InvalidValue.of(
            f"{shown(word)!r} is no right.", f"The rights are: {', '.join(sorted(GRANTABLE))}.", "extra"
        ) from None


def _area(word: str) -> Area:
    try:
        return Area(word.strip().lower())
    except ValueError:
        raise InvalidValue.of(f"{shown(word)!r} is no area.", f"The areas are: {', '.join(Area)}.", "areas") from None
