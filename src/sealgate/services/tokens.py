"""API tokens: for programs that act for a person, with no more rights than named, until a day that is named.

A token is shown once, when it is made, and kept as its SHA-256. It never may more than its person may at the moment of
use, and ends with the person's lock. Only a signed-in person with a fresh proof makes one, so a token cannot make
others; it can neither make owners. A revoked token stays known as revoked, also when a backup brings it back.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgate.model.errors import InvalidValue, NotFound, StoreFailed
from sealgate.model.text import one_line
from sealgate.services import bearer, throttling
from sealgate.services.actor import ALL_AREAS, Actor, Area, Right
from sealgate.services.bearer import Prefix
from sealgate.services.roles import areas_of, may_touch, parse_areas, parse_rights, rights_of
from sealgate.services.sessions import require_recent, subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.services.gateway import Gateway
    from sealgate.services.origins import Origin
    from sealgate.store.people_records import Person, Token

LONGEST_DAYS = 366
MOST = 50
_NOTED_EVERY = dt.timedelta(minutes=1)
_PATIENCE = 0.05


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made; `text` is the token itself and is never shown again."""

    text: str = field(repr=False)
    id: str
    ends: dt.datetime


def create(
    gateway: Gateway,
    actor: Actor,
    label: str,
    rights: Iterable[object],
    *,
    days: int,
    areas: Iterable[object] | None = None,
) -> NewToken:
    """Make a token for oneself with these rights and areas, for so many days."""
    name, asked, where = _label(label), parse_rights(rights), parse_areas(areas)
    if not asked:
        raise InvalidValue.of("A token without rights is of no use.", "Name at least one right.", "rights")
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidValue.of(f"A token for {days} days is not possible.", f"Give 1 to {LONGEST_DAYS}.", "days")
    text = bearer.make(Prefix.TOKEN)
    with gateway.writing(actor) as writer:
        people = writer.people
        person = require_recent(writer, actor, people.now)
        may_touch(actor, asked, where or frozenset())
        if sum(_lives(token, people.now) for token in people.tokens(person.id)) >= MOST:
            raise InvalidValue.of(f"There are {MOST} tokens already.", "Revoke those that are not used.", "label")
        ends = people.now + dt.timedelta(days=days)
        kept = bearer.digest(text, Prefix.TOKEN) or ""
        id_ = people.add_token(kept, person.id, label=name, rights=asked, areas=where, ends=ends)
        writer.audit("token-create", f"person {person.name}", _detail(id_, name, asked, where, ends))
    return NewToken(text, id_, ends)


def actor_of(gateway: Gateway, text: str, origin: Origin) -> Actor | None:
    """Return who a token stands for, with the rights of this moment; None if it is not, or no longer, one."""
    kept = bearer.digest(text, Prefix.TOKEN)
    if kept is None:
        return None
    with gateway.store.reading() as reader:
        token = reader.people.token(kept)
        person = reader.people.get(token.person) if token else None
    now = dt.datetime.now(dt.UTC)
    if token is None or person is None or person.locked or not _lives(token, now):
        return None
    if token.seen is None or now - token.seen >= _NOTED_EVERY:
        with suppress(StoreFailed), gateway.store.writing(person.name, origin=origin.source, wait=_PATIENCE) as writer:
            writer.people.saw_token(token.id, origin.address)
    return _actor(person, token, origin)


def refused(gateway: Gateway, origin: Origin) -> int:
    """Count and audit a text that is no token; returns for how many seconds further ones are not even counted."""
    key = throttling.address(origin.address, "token")
    with gateway.store.reading() as reader:
        wait = throttling.left(reader, key)
    if wait:
        return wait
    with gateway.store.writing("nobody", origin=origin.source) as writer:
        wait = throttling.take(writer, key)
        if not wait:
            writer.audit("token-refused", "unknown person", {})
    return wait


def listing(gateway: Gateway, actor: Actor, name: str = "") -> list[Token]:
    """Return the tokens of oneself, or of the person named (right: people); revoked and ended ones too."""
    with gateway.store.reading() as reader:
        return reader.people.tokens(subject(reader, actor, name).id)


def revoke(gateway: Gateway, actor: Actor, token: str, name: str = "") -> None:
    """Revoke a token of oneself, or of the person named; NotFound if none of this id still counts."""
    with gateway.writing(actor) as writer:
        person = subject(writer, actor, name)
        if not writer.people.revoke_tokens(person.id, token):
            raise NotFound("There is no such token, or it is revoked already. Nothing was changed.")
        writer.audit("token-revoke", f"person {person.name}", {"id": token})


def _actor(person: Person, token: Token, origin: Origin) -> Actor:
    rights = rights_of(person) & {Right(word) for word in token.rights}
    areas = areas_of(person) & (ALL_AREAS if token.areas is None else {Area(word) for word in token.areas})
    return Actor(f"{person.name}/{token.label}", origin.source, rights, areas, person.id)


def _lives(token: Token, now: dt.datetime) -> bool:
    return token.revoked is None and now < token.ends


def _label(text: str) -> str:
    label = one_line(text, "The name of the token", 60)
    if not label or "/" in label:
        raise InvalidValue.of(
            "A token needs a name without a slash.", "Say what uses it, such as nightly-export.", "label"
        )
    return label


def _detail(
    id_: str, label: str, rights: frozenset[Right], areas: frozenset[Area] | None, ends: dt.datetime
) -> dict[str, object]:
    where = sorted(areas) if areas is not None else "all"
    return {"id": id_, "label": label, "rights": sorted(rights), "areas": where, "ends": ends.date().isoformat()}
