"""What the draft changes: seen, compared, discarded; and who may newly do what."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import Field

from sealgate.api.call import Asked, decode_cursor
from sealgate.api.examples import example
from sealgate.api.operations import Group
from sealgate.api.preconditions import Optional
from sealgate.api.shapes import MOST_OF_A_PAGE, After, Done, KeyPath, Limit, StateWord, Told, state_of
from sealgate.services import changes, rendering, reports
from sealgate.services.actor import Right

GROUP = Group("changes", "What is not applied yet, and the difference of any two states.")

Kind = Annotated[
    str, Path(description="`setting`, `own-lines`, or a kind of row.", max_length=60, examples=["relay-domain"])
]


class FieldChange(Told):
    """One field before and after."""

    model_config = example(field="domain", title="Relay domain", old=None, new="example.com")

    field: str
    title: str
    old: Any
    new: Any


class Difference(Told):
    """One object that differs; `lines` is a unified diff of a text, `widens` says who may newly do what."""

    model_config = example(
        noun="relay-domain",
        key="example.com",
        title="Relay domains",
        what="added",
        lines=[],
        widens="mail for example.com is accepted",
    )

    noun: str
    key: str
    title: str
    what: str
    fields: list[FieldChange]
    lines: list[str]
    widens: str


class Pending(Told):
    """One change of the draft, by whom and since when."""

    model_config = example(actor="alice", at="2026-03-02T09:15:00Z")

    difference: Difference
    actor: str
    at: dt.datetime


class Changes(Told):
    """How many objects an apply would change, by whom, and one page of what each change is."""

    model_config = example(objects=1, exact=True, actors=[["alice", 1]], next=None)

    objects: int
    exact: bool = Field(description="False: there were too many edits to count, `objects` is that of edited rows.")
    actors: list[tuple[str, int]]
    items: list[Pending]
    next: str | None


class Differences(Told):
    """One page of the objects that differ; `more`: there are more."""

    model_config = example(more=False, next=None)

    items: list[Difference]
    more: bool
    next: str | None


class FileDifference(Told):
    """A rendered file that differs, as lines of a unified diff."""

    model_config = example(file="maps/relay_domains", what="changed", lines=["+example.com OK"])

    file: str
    what: str
    lines: list[str]


class FileDifferences(Told):
    """The rendered files that differ."""

    model_config = example(more=False)

    items: list[FileDifference]
    more: bool


class Widened(Told):
    """Who may newly do what, in sentences; `known` is False where neither the agent nor a report says so."""

    model_config = example(known=True, sentences=["mail for example.com is accepted"])

    known: bool
    sentences: list[str]


Most = Annotated[int, Query(description="The most that is told.", ge=1, le=MOST_OF_A_PAGE)]


@GROUP.get("/changes", Right.VIEW, response_model=Changes)
def list_changes(call: Asked, limit: Limit = 200, after: After = "") -> Any:
    """List what the draft changes against the newest revision, with who did it, page by page, by kind and key.

    The ETag is that of the whole draft: send it as If-Match with an apply, and only what is listed here goes live.
    """
    call.tag(changes.last_edit(call.gateway, call.actor))
    summary = changes.summary(call.gateway, call.actor)
    part = changes.pending_part(call.gateway, call.actor, limit, decode_cursor(after))
    counted = {"objects": summary.objects, "exact": summary.exact, "actors": summary.actors}
    return counted | {"items": part.items, "next": call.next_page(part.next)}


@GROUP.delete("/changes", Right.EDIT, response_model=Done, example={"text": "All changes were discarded."})
def discard_all_changes(call: Asked) -> Any:
    """Forget all changes of the draft. Needs every area, and `raw` where own lines are among them."""
    was = changes.discard_all(call.gateway, call.actor)
    return {"text": "All changes were discarded." if was else "There was nothing to discard."}


@GROUP.delete(
    "/changes/{noun}/{key:path}",
    Right.EDIT,
    response_model=Done,
    conditional=True,
    example={"text": "The change was discarded."},
)
def discard_change(call: Asked, noun: Kind, key: KeyPath, match: Optional) -> Any:
    """Forget the draft's change of one object; with If-Match only the change that was seen."""
    with match.holding() as base:
        changes.discard(call.gateway, call.actor, noun, key, base=base)
    return {"text": "The change was discarded."}


@GROUP.get("/differences", Right.VIEW, response_model=Differences)
def compare_states(
    call: Asked, old: StateWord = "live", new: StateWord = "draft", limit: Limit = 200, after: After = ""
) -> Any:
    """Compare two states, object by object, in words, page by page, by kind and key."""
    states = state_of(old), state_of(new)
    part = changes.compare_part(call.gateway, call.actor, *states, limit=limit, after=decode_cursor(after))
    return {"items": part.items, "more": bool(part.next), "next": call.next_page(part.next)}


@GROUP.get("/file-differences", Right.VIEW, response_model=FileDifferences)
def compare_files(call: Asked, old: StateWord = "live", new: StateWord = "draft", limit: Most = 50) -> Any:
    """Compare the rendered files of two states. Secrets are never in them."""
    with rendering.file_differences(call.gateway, call.actor, state_of(old), state_of(new)) as found:
        items = list(islice(found, limit + 1))
    return {"items": items[:limit], "more": len(items) > limit}


@GROUP.get("/widened", Right.VIEW, response_model=Widened)
def show_widened(call: Asked) -> Any:
    """Say who may newly do what if the draft is applied."""
    found = reports.widened(call.gateway, call.actor)
    return {"known": found is not None, "sentences": list(found or ())}
