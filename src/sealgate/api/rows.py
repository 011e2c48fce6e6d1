"""Rows of every kind: list, add, show, replace, change, remove, move, switch; one by one and many at once.

Every kind of row is treated alike, from its description, which `/kinds` gives.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import Field

from sealgate.api.call import Asked, decode_cursor
from sealgate.api.changes import Difference
from sealgate.api.examples import example
from sealgate.api.operations import LARGE, Group
from sealgate.api.preconditions import Match, Optional, Required
from sealgate.api.shapes import After, Given, KeyPath, Limit, NounPath, Row, Saved, Told, row_json
from sealgate.model.errors import NotFound
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Kind
from sealgate.model.text import shown
from sealgate.services import object_history, ordering, rows
from sealgate.services.actor import Right
from sealgate.services.wording import shown_fields

GROUP = Group("rows", "The rows of all lists, in the draft.")
MOST_KEYS = 10_000
MOST_STEPS = 200
"""Steps of a row that are told, the newest: each is compared with the one before, a text line by line."""


class Column(Told):
    """One field of a kind of row."""

    model_config = example(
        name="domain",
        title="Relay domain",
        help="A domain that mail is accepted for, such as example.com; international names are converted.",
        kind="text",
        default="",
        choices=[],
        required=True,
    )

    name: str
    title: str
    help: str
    kind: str
    default: Any
    choices: list[str]
    required: bool


class KindOfRow(Told):
    """A kind of row: what it is called, its fields, and whether the order of its rows means something."""

    model_config = example(name="relay-domain", plural="relay-domains", title="Relay domains", ordered=False)

    name: str
    plural: str
    title: str
    ordered: bool
    columns: list[Column]


class Rows(Told):
    """One page of a list; `total` is the number of all rows of this kind, `next` the cursor of the next page."""

    model_config = example(total=1, next=None)

    items: list[Row]
    total: int
    next: str | None


class NewRow(Given):
    """A row: its fields, a comment, and whether it counts."""

    fields: dict[str, Any] = Field(examples=[{"domain": "example.com"}], max_length=100)
    comment: str = Field("", max_length=2000)
    enabled: bool = True


class PartOfRow(Given):
    """What shall change; what is not named stays."""

    fields: dict[str, Any] = Field({}, examples=[{}], max_length=100)
    comment: str | None = Field(None, max_length=2000)
    enabled: bool | None = None


class Move(Given):
    """Where a row goes: exactly one of these."""

    before: str = Field("", description="The key of the row that it shall stand before.", max_length=500)
    after: str = Field("", max_length=500)
    first: bool = False
    last: bool = False


class Many(Given):
    """What to do with many rows, all or none."""

    action: Literal["enable", "disable", "delete"]
    keys: list[str] = Field(min_length=1, max_length=MOST_KEYS, examples=[["example.com"]])


class Removed(Given):
    """The versions that a removal answered with: the first and the last one."""

    first: int = Field(ge=1, le=2**62, examples=[1])
    last: int = Field(ge=1, le=2**62, examples=[1])


class Version(Told):
    """One step in the life of an object; `fields` is None where it was removed, `revision` None while it is pending.

    `difference` is what changed against the step before; `stands`: the draft says just this. An earlier one is brought
    back by `/revisions/{number}/restore-object`.
    """

    model_config = example(
        actor="alice",
        at="2026-03-02T09:15:00Z",
        revision=None,
        version=17,
        fields={"domain": "example.com"},
        stands=True,
    )

    actor: str
    at: dt.datetime
    revision: int | None
    version: int | None
    fields: dict[str, Any] | None
    difference: Difference
    stands: bool


@GROUP.get("/kinds", Right.VIEW, response_model=list[KindOfRow])
def list_kinds(call: Asked) -> Any:
    """List the kinds of rows with their fields."""
    del call
    return list(NOUNS.values())


@GROUP.get("/rows/{noun}", Right.VIEW, response_model=Rows)
def list_rows(
    call: Asked,
    noun: NounPath,
    search: Annotated[str, Query(description="A part of key, fields or comment.", max_length=200)] = "",
    enabled: Annotated[bool | None, Query(description="Only those that count, or that do not.")] = None,
    limit: Limit = 100,
    after: After = "",
) -> Any:
    """List the rows of a kind, page by page, in their order."""
    place = decode_cursor(after)
    page = rows.listing(call.gateway, call.actor, noun, search=search, after=place, limit=limit, enabled=enabled)
    items = [row_json(row) for row in page.rows]
    return {"items": items, "total": page.total, "next": call.next_page(page.next)}


@GROUP.post("/rows/{noun}", Right.EDIT, response_model=Row, status_code=201, fields_at="/fields")
def add_row(call: Asked, noun: NounPath, body: NewRow) -> Any:
    """Add a row, at the end of an ordered list."""
    saved = rows.add(call.gateway, call.actor, noun, body.fields, comment=body.comment, enabled=body.enabled)
    return _made(call, noun, saved.key)


@GROUP.get("/rows/{noun}/{key:path}", Right.VIEW, response_model=Row)
def show_row(call: Asked, noun: NounPath, key: KeyPath) -> Any:
    """Show one row."""
    found = rows.show(call.gateway, call.actor, noun, key)
    call.tag(found.version)
    return row_json(found)


@GROUP.put("/rows/{noun}/{key:path}", Right.EDIT, response_model=Row, fields_at="/fields", conditional=True)
def replace_row(call: Asked, noun: NounPath, key: KeyPath, body: NewRow, match: Required) -> Any:
    """Replace a row that is there.

    Fields that are not given go back to their defaults; what names the row, stored secrets and texts stay. A changed
    key moves the row. Rows are added with POST.
    """
    given = _defaults(noun) | body.fields
    return _changed(call, noun, key, given, match, comment=body.comment, enabled=body.enabled)


@GROUP.patch("/rows/{noun}/{key:path}", Right.EDIT, response_model=Row, fields_at="/fields", conditional=True)
def change_row(call: Asked, noun: NounPath, key: KeyPath, body: PartOfRow, match: Required) -> Any:
    """Change some fields of a row, its comment, or whether it counts; a changed key moves the row."""
    return _changed(call, noun, key, body.fields, match, comment=body.comment, enabled=body.enabled)


@GROUP.delete("/rows/{noun}/{key:path}", Right.EDIT, response_model=Saved, conditional=True, example={"version": None})
def remove_row(call: Asked, noun: NounPath, key: KeyPath, match: Required) -> Any:
    """Remove one row."""
    with match.holding() as base:
        (saved,) = rows.remove(call.gateway, call.actor, noun, [key], base=base)
    return saved


@GROUP.post("/row-actions/{noun}", Right.EDIT, response_model=list[Saved], largest=LARGE)
def act_on_rows(call: Asked, noun: NounPath, body: Many) -> Any:
    """Enable, disable or delete many rows, all or none."""
    if body.action == "delete":
        return rows.remove(call.gateway, call.actor, noun, body.keys)
    return rows.switch(call.gateway, call.actor, noun, body.keys, enabled=body.action == "enable")


@GROUP.post("/row-undo/{noun}", Right.EDIT, response_model=list[Saved])
def put_rows_back(call: Asked, noun: NounPath, body: Removed) -> Any:
    """Undo a removal: the rows stand again as they were, by the versions that their removal answered with."""
    return rows.put_back(call.gateway, call.actor, noun, body.first, body.last)


@GROUP.post("/row-moves/{noun}/{key:path}", Right.EDIT, response_model=Row, conditional=True)
def move_row(call: Asked, noun: NounPath, key: KeyPath, body: Move, match: Optional) -> Any:
    """Move a row of an ordered list: before or after another one, or to an end."""
    target = ordering.Target(body.before, body.after, body.first, body.last)
    with match.holding() as base:
        saved = ordering.move(call.gateway, call.actor, noun, key, target, base=base)
    return _shown(call, noun, saved.key)


@GROUP.get("/row-history/{noun}/{key:path}", Right.VIEW, response_model=list[Version])
def show_row_history(call: Asked, noun: NounPath, key: KeyPath) -> Any:
    """Show the life of one row, oldest first: each version that went live, and the pending one; the newest 200."""
    steps = object_history.steps(call.gateway, call.actor, noun, key, MOST_STEPS)
    if not steps:
        raise NotFound(f"There never was such a row: {noun} {shown(key)}.")
    return [
        {
            "actor": step.actor,
            "at": step.at,
            "revision": step.revision,
            "version": step.stored.version if step.stored else None,
            "fields": shown_fields(step.stored) if step.stored else None,
            "difference": step.difference,
            "stands": step.stands,
        }
        for step in reversed(steps)
    ]


def _changed(call: Asked, noun: str, key: str, fields: dict[str, Any], match: Match, **more: Any) -> Any:
    with match.holding() as base:
        saved = rows.change(call.gateway, call.actor, noun, key, fields, base=base, **more)
    return _shown(call, noun, saved.key)


def _shown(call: Asked, noun: str, key: str) -> Any:
    found = rows.show(call.gateway, call.actor, noun, key)
    call.tag(found.version)
    return row_json(found)


def _made(call: Asked, noun: str, key: str) -> Any:
    made = _shown(call, noun, key)
    call.response.status_code = 201
    call.at(made["address"].removeprefix("/api/v1"))
    return made


def _defaults(noun: str) -> dict[str, Any]:
    """Return the defaults of a kind's fields, except of what names a row, of secrets, and of what belongs to a text."""
    kept = {Kind.SECRET, Kind.LONG_TEXT}
    if any(column.kind is Kind.LONG_TEXT for column in NOUNS[noun].columns):
        kept.add(Kind.NUMBER)
    return {
        column.name: column.default
        for column in NOUNS[noun].columns
        if column.kind not in kept and not (column.required or column.argument or column.name == "name")
    }
