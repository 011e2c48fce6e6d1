"""Oneself: who one is here, one's sessions, one's tokens.

Passwords, codes and passkeys are changed on the pages: they belong to a browser, and to somebody who is there
(decision 0126). The services refuse them to a token.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import Field

from sealgate.api.call import Asked
from sealgate.api.examples import example
from sealgate.api.operations import Group
from sealgate.api.people import Id, Session, Token, token_json
from sealgate.api.shapes import AreaWord, Done, Given, RightWord, Told
from sealgate.services import own_account, sessions, tokens
from sealgate.services.actor import Area, Right

GROUP = Group("account", "One's own sessions and tokens, for a person who is signed in; and who a token is.")


class Me(Told):
    """Who asks, and what they may."""

    model_config = example(
        name="alice/nightly-export",
        source="api 192.0.2.40",
        rights=["view"],
        areas=["mta", "sasl", "client-access"],
        session=False,
    )

    name: str
    source: str
    rights: list[Right]
    areas: list[Area]
    session: bool = Field(description="A signed-in browser, not a token.")


class WayIn(Told):
    """One thing that a person signs in with; never the thing itself."""

    model_config = example(
        id="1", kind="passkey", label="laptop", at="2026-01-07T10:00:00Z", used="2026-03-02T08:00:00Z"
    )

    id: str
    kind: str
    label: str
    at: dt.datetime
    used: dt.datetime | None


class NewToken(Given):
    """What a token is for, what it may, and for how long."""

    label: str = Field(min_length=1, max_length=60, examples=["nightly-export"])
    rights: list[RightWord] = Field(min_length=1, max_length=20, examples=[["view"]])
    areas: list[AreaWord] | None = Field(None, max_length=50)
    days: int = Field(ge=1, le=tokens.LONGEST_DAYS, examples=[90])


class MadeToken(Told):
    """A token that was just made; `token` is never shown again."""

    model_config = example(id="4b431105828e4134", ends="2026-05-30T12:00:00Z")

    id: str
    token: str = Field(examples=["sgt_EXAMPLE"])
    ends: dt.datetime


@GROUP.get("/me", Right.VIEW, response_model=Me)
def show_me(call: Asked) -> Any:
    """Show who asks and what they may."""
    actor = call.actor
    return {
        "name": actor.name,
        "source": actor.source,
        "rights": sorted(actor.rights),
        "areas": sorted(actor.areas),
        "session": bool(actor.session),
    }


@GROUP.get("/me/ways-in", Right.VIEW, response_model=list[WayIn])
def list_my_ways_in(call: Asked) -> Any:
    """List what one signs in with."""
    return [
        {"id": one.id, "kind": one.kind.value, "label": one.label, "at": one.at, "used": one.used}
        for one in own_account.ways_in(call.gateway, call.actor)
    ]


@GROUP.get("/me/sessions", Right.VIEW, response_model=list[Session], example=[{"own": True}])
def list_my_sessions(call: Asked) -> Any:
    """List one's sessions."""
    return sessions.listing(call.gateway, call.actor)


@GROUP.delete("/me/sessions/{id}", Right.VIEW, response_model=Done, example={"text": "The session has ended."})
def end_my_session(call: Asked, id: Id) -> Any:  # noqa: A002 - the word that the address has
    """End one of one's sessions."""
    sessions.revoke(call.gateway, call.actor, id)
    return {"text": "The session has ended."}


@GROUP.get("/me/tokens", Right.VIEW, response_model=list[Token])
def list_my_tokens(call: Asked) -> Any:
    """List one's API tokens."""
    return [token_json(one) for one in tokens.listing(call.gateway, call.actor)]


@GROUP.post("/me/tokens", Right.VIEW, response_model=MadeToken, status_code=201, once=True)
def make_my_token(call: Asked, body: NewToken) -> Any:
    """Make an API token for oneself, with no more rights than one has; needs a fresh proof of who one is."""
    made = tokens.create(call.gateway, call.actor, body.label, body.rights, days=body.days, areas=body.areas)
    return {"id": made.id, "token": made.text, "ends": made.ends}


@GROUP.delete("/me/tokens/{id}", Right.VIEW, response_model=Done, example={"text": "The token was revoked."})
def revoke_my_token(call: Asked, id: Id) -> Any:  # noqa: A002
    """Revoke one of one's API tokens."""
    tokens.revoke(call.gateway, call.actor, id)
    return {"text": "The token was revoked."}
