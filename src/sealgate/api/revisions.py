"""Revisions: the history of what was live, and filling the draft from it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import Field

from sealgate.api.call import Asked, decode_cursor
from sealgate.api.examples import example
from sealgate.api.operations import Group
from sealgate.api.preconditions import Optional
from sealgate.api.shapes import After, Done, Given, Limit, Number, Told
from sealgate.model.errors import InvalidValue
from sealgate.services import changes, object_history
from sealgate.services.actor import Right

GROUP = Group("revisions", "Every state that was made live. None is ever changed.")


class Revision(Told):
    """One revision; `detail` says what became of it."""

    model_config = example(
        number=12,
        parent=11,
        state="confirmed",
        in_force=True,
        actor="alice",
        origin="api 192.0.2.20",
        at="2026-03-02T09:15:00Z",
        comment="one more domain",
        detail="Applied.",
        digest="9f2b6c1de07a4583b1c44f0d5e6a7b8c90d1e2f3a4b5c6d7e8f90123456789ab",
    )

    number: int
    parent: int
    state: str
    in_force: bool
    actor: str
    origin: str
    at: dt.datetime
    comment: str
    detail: str
    digest: str


class Revisions(Told):
    """One page of the history, newest first."""

    model_config = example(in_force=12, next=None)

    items: list[Revision]
    in_force: int = Field(description="The revision that the nodes run; 0: none of these.")
    next: str | None


class Object(Given):
    """One object: `setting`, `own-lines`, or a kind of row, and its key."""

    noun: str = Field(max_length=60, examples=["relay-domain"])
    key: str = Field(min_length=1, max_length=500, examples=["example.com"])


@GROUP.get("/revisions", Right.VIEW, response_model=Revisions)
def list_revisions(call: Asked, limit: Limit = 100, after: After = "") -> Any:
    """List the revisions, newest first, with author, comment and state."""
    before = whole(decode_cursor(after))
    found = changes.history(call.gateway, call.actor, limit + 1, before=before)
    shown = found.revisions[:limit]
    cursor = str(shown[-1].number) if len(found.revisions) > limit else ""
    items = [_revision(one, found.in_force) for one in shown]
    return {"items": items, "in_force": found.in_force, "next": call.next_page(cursor)}


@GROUP.get("/revisions/{number}", Right.VIEW, response_model=Revision)
def show_revision(call: Asked, number: Number) -> Any:
    """Show one revision. What it changed: `/differences?old=N-1&new=N`."""
    found, _report = changes.about(call.gateway, call.actor, number)
    return _revision(found, changes.history(call.gateway, call.actor, 1).in_force)


@GROUP.post(
    "/revisions/{number}/restore",
    Right.RAW,
    response_model=Done,
    example={"text": "The draft is as revision 11: 4 objects differ from the newest revision."},
)
def restore_revision(call: Asked, number: Number) -> Any:
    """Make the draft say exactly what a revision says; what was pending is discarded. Needs every area."""
    count = changes.restore(call.gateway, call.actor, number)
    return {"text": f"The draft is as revision {number}: {count} objects differ from the newest revision."}


@GROUP.post(
    "/revisions/{number}/restore-object",
    Right.EDIT,
    response_model=Done,
    conditional=True,
    example={"text": "The object is as it was then."},
)
def restore_object(call: Asked, number: Number, body: Object, match: Optional) -> Any:
    """Make one object in the draft what it was in a revision; one that it had not is removed.

    Which revisions an object was changed by: `/row-history`.
    """
    if "\0" in body.noun + body.key:
        raise InvalidValue.of("A key has no NUL.", "", "key")
    with match.holding() as base:
        was = object_history.bring_back(call.gateway, call.actor, body.noun, body.key, number, base=base)
    return {"text": "The object is as it was then." if was else "There was no such object then: there is none now."}


def whole(text: str) -> int | None:
    """Read the number in a cursor."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidValue.of("This is no cursor that was given out.", "Follow the Link of an answer.", "after")
    return int(text)


def _revision(one: Any, in_force: int) -> dict[str, Any]:
    names = ("number", "parent", "state", "actor", "origin", "at", "comment", "detail", "digest")
    return {name: getattr(one, name) for name in names} | {"in_force": one.number == in_force}
