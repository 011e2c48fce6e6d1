"""People, roles, and other people's sessions and tokens. Nobody reaches beyond their own rights."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Path
from pydantic import Field

from sealgate.api.call import Asked
from sealgate.api.examples import example
from sealgate.api.operations import Group
from sealgate.api.preconditions import Required, etag, stale
from sealgate.api.shapes import AreaWord, Done, Given, RightWord, Told
from sealgate.services import people, sessions, tokens
from sealgate.services.accounts import checked_name
from sealgate.services.actor import Area, Right
from sealgate.services.roles import GRANTABLE, RIGHTS_OF, Role
from sealgate.store import ANY

GROUP = Group("people", "Who may use the gateway, and with what.")

PersonName = Annotated[str, Path(description="A login name.", max_length=64, examples=["alice"])]
Id = Annotated[str, Path(max_length=100)]


class Person(Told):
    """A person: what they may, and with what they sign in, never the things themselves."""

    model_config = example(
        name="alice",
        title="Alice Example",
        email="alice@example.com",
        role="operator",
        extra=["edit"],
        rights=["edit", "operate", "view"],
        areas=["rbl", "white-list"],
        locked=False,
        managed=False,
        invited=False,
        password=True,
        codes=True,
        passkeys=1,
        single_sign_on=False,
        seen="2026-03-02T09:10:00Z",
        version=4,
    )

    name: str
    title: str
    email: str
    role: Role
    extra: list[Right] = Field(description="Rights beyond those of the role.")
    rights: list[Right]
    areas: list[Area]
    locked: bool
    managed: bool = Field(description="Role and areas come from an OpenID provider.")
    invited: bool = Field(description="Has nothing to sign in with yet.")
    password: bool
    codes: bool
    passkeys: int
    single_sign_on: bool
    seen: dt.datetime | None
    version: int


class NewPerson(Given):
    """Who is invited, and what they may."""

    name: str = Field(min_length=1, max_length=64, examples=["alice"])
    role: Role = Field(Role.VIEWER, strict=False)
    title: str = Field("", max_length=100)
    email: str = Field("", max_length=254)
    extra: list[RightWord] = Field([], max_length=20)
    areas: list[AreaWord] | None = Field(None, max_length=50, description="What may be edited; null: everything.")


class PartOfPerson(Given):
    """What shall change; what is not named stays."""

    role: Role | None = Field(None, strict=False)
    title: str | None = Field(None, max_length=100)
    email: str | None = Field(None, max_length=254)
    extra: list[RightWord] | None = Field(None, max_length=20)
    areas: list[AreaWord] | None = Field(None, max_length=50)


class Reset(Given):
    """Whether codes, passkeys and the link to single sign-on are forgotten as well, and API tokens revoked."""

    second_step: bool = False


class Link(Told):
    """A link that lets a person choose a password, once; it is never shown again."""

    model_config = example(address="https://mail.example.com:8443/welcome/sgl_EXAMPLE", ends="2026-03-05T09:15:00Z")

    address: str
    ends: dt.datetime


class RoleTold(Told):
    """A role and the rights that it brings."""

    model_config = example(name="operator", rights=["operate", "view"])

    name: Role
    rights: list[Right]


class Roles(Told):
    """The roles, and what can be given besides."""

    model_config = example(grantable=["apply", "edit"], areas=["mta", "sasl", "client-access"])

    roles: list[RoleTold]
    grantable: list[Right]
    areas: list[Area]


class Session(Told):
    """A session; `own` is the one of who asks."""

    model_config = example(
        id="c1d2e3f4a5b60718",
        person="alice",
        method="password",
        address="192.0.2.20",
        agent="Mozilla/5.0",
        at="2026-03-02T08:00:00Z",
        seen="2026-03-02T09:10:00Z",
        ends="2026-03-02T20:00:00Z",
        own=False,
    )

    id: str
    person: str
    method: str
    address: str
    agent: str
    at: dt.datetime
    seen: dt.datetime
    ends: dt.datetime
    own: bool


class Token(Told):
    """An API token, never the token itself."""

    model_config = example(
        id="4b431105828e4134",
        label="nightly-export",
        rights=["view"],
        areas=None,
        at="2026-03-01T12:00:00Z",
        ends="2026-05-30T12:00:00Z",
        revoked=None,
        seen="2026-03-02T02:00:00Z",
        address="192.0.2.40",
    )

    id: str
    label: str
    rights: list[Right]
    areas: list[Area] | None
    at: dt.datetime
    ends: dt.datetime
    revoked: dt.datetime | None
    seen: dt.datetime | None
    address: str


@GROUP.get("/roles", Right.VIEW, response_model=Roles)
def list_roles(call: Asked) -> Any:
    """List the roles with their rights, and the areas."""
    del call
    roles = [{"name": role, "rights": sorted(rights)} for role, rights in RIGHTS_OF.items()]
    return {"roles": roles, "grantable": sorted(GRANTABLE), "areas": list(Area)}


@GROUP.get("/people", Right.PEOPLE, response_model=list[Person])
def list_people(call: Asked) -> Any:
    """List all people."""
    return [person_json(one) for one in people.listing(call.gateway, call.actor)]


@GROUP.post("/people", Right.PEOPLE, response_model=Link, status_code=201, once=True)
def invite_person(call: Asked, body: NewPerson) -> Any:
    """Invite a person; the answer has the link with which they choose a password."""
    name = checked_name(body.name)
    link = people.invite(call.gateway, call.actor, name, body.role, **body.model_dump(exclude={"name", "role"}))
    call.at(f"/people/{quote(name, safe='')}")
    return link


@GROUP.get("/people/{name}", Right.PEOPLE, response_model=Person)
def show_person(call: Asked, name: PersonName) -> Any:
    """Show one person."""
    found = people.show(call.gateway, call.actor, name)
    call.tag(found.version)
    return person_json(found)


@GROUP.patch("/people/{name}", Right.PEOPLE, response_model=Person, conditional=True)
def change_person(call: Asked, name: PersonName, body: PartOfPerson, match: Required) -> Any:
    """Change role, rights, areas, or what a person is called."""
    values = body.model_dump(exclude_unset=True)
    if isinstance(match.base, frozenset):
        match = match.among(people.show(call.gateway, call.actor, name).version)
    with match.holding() as base:
        found = people.change(call.gateway, call.actor, name, base=_base(base), **values)
    call.tag(found.version)
    return person_json(found)


@GROUP.delete(
    "/people/{name}", Right.PEOPLE, response_model=Done, conditional=True, example={"text": "The person was removed."}
)
def remove_person(call: Asked, name: PersonName, match: Required) -> Any:
    """Remove a person with all their sessions and tokens; what they did stays in the audit."""
    version = people.show(call.gateway, call.actor, name).version
    if match.base is not ANY and match.among(version).base != version:
        raise stale(
            f"{name} was changed by somebody else meanwhile. Nothing was changed. Now: {etag(version)}", version
        )
    people.remove(call.gateway, call.actor, name)
    return {"text": "The person was removed."}


@GROUP.post("/people/{name}/reset", Right.PEOPLE, response_model=Link, once=True)
def reset_person(call: Asked, name: PersonName, body: Reset) -> Any:
    """Make a new link for a person who cannot sign in; their sessions end."""
    return people.reset(call.gateway, call.actor, name, second_step=body.second_step)


@GROUP.post("/people/{name}/lock", Right.PEOPLE, response_model=Done, example={"text": "The person is locked out."})
def lock_person(call: Asked, name: PersonName) -> Any:
    """Lock a person out: sessions end, tokens are revoked, links are void."""
    people.lock(call.gateway, call.actor, name)
    return {"text": "The person is locked out."}


@GROUP.post(
    "/people/{name}/unlock", Right.PEOPLE, response_model=Done, example={"text": "The person may sign in again."}
)
def unlock_person(call: Asked, name: PersonName) -> Any:
    """Let a person in again; tokens that were revoked stay so."""
    people.unlock(call.gateway, call.actor, name)
    return {"text": "The person may sign in again."}


@GROUP.get("/people/{name}/sessions", Right.PEOPLE, response_model=list[Session])
def list_sessions_of(call: Asked, name: PersonName) -> Any:
    """List the sessions of a person."""
    return sessions.listing(call.gateway, call.actor, name)


@GROUP.delete(
    "/people/{name}/sessions/{id}", Right.PEOPLE, response_model=Done, example={"text": "The session has ended."}
)
def end_session_of(call: Asked, name: PersonName, id: Id) -> Any:  # noqa: A002 - the word that the address has
    """End a session of a person."""
    sessions.revoke(call.gateway, call.actor, id, name)
    return {"text": "The session has ended."}


@GROUP.get("/people/{name}/tokens", Right.PEOPLE, response_model=list[Token])
def list_tokens_of(call: Asked, name: PersonName) -> Any:
    """List the API tokens of a person."""
    return [token_json(one) for one in tokens.listing(call.gateway, call.actor, name)]


@GROUP.delete(
    "/people/{name}/tokens/{id}", Right.PEOPLE, response_model=Done, example={"text": "The token was revoked."}
)
def revoke_token_of(call: Asked, name: PersonName, id: Id) -> Any:  # noqa: A002
    """Revoke an API token of a person."""
    tokens.revoke(call.gateway, call.actor, id, name)
    return {"text": "The token was revoked."}


def person_json(found: people.Listed) -> dict[str, Any]:
    """Return a person as they are answered."""
    names = [name for name in Person.model_fields if name not in {"extra", "rights", "areas"}]
    given = {name: getattr(found, name) for name in names}
    return given | {name: sorted(getattr(found, name)) for name in ("extra", "rights", "areas")}


def token_json(found: Any) -> dict[str, Any]:
    """Return a token as it is answered."""
    given = {name: getattr(found, name) for name in Token.model_fields if name not in {"rights", "areas"}}
    return given | {"rights": sorted(found.rights), "areas": None if found.areas is None else sorted(found.areas)}


def _base(base: Any) -> int | None:
    return None if base is ANY else base if isinstance(base, int) else -1
