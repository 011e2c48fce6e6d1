"""The lists of client access list providers: how they stand, what came of each fetch, fetch one now, try a source.

The providers themselves are rows like all others (`/rows/provider`); what is fetched is in their field `networks`.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from sealgate.api.call import Asked
from sealgate.api.examples import example
from sealgate.api.jobs import job_json
from sealgate.api.operations import Group
from sealgate.api.shapes import Given, Job, Told
from sealgate.model.providers import PROVIDER
from sealgate.services import jobs, list_fetching, list_trying, provider_lists, rows
from sealgate.services.actor import Right
from sealgate.services.list_words import fetch_json, state_json

_FETCH = {"kind": "fetch-provider", "detail": "cloud"}
_TRIAL = {"kind": "try-provider", "detail": "google"}
GROUP = Group("provider lists", "Lists of networks that are fetched: how they stand, their history, fetch one now.")


class OneProvider(Given):
    """Which provider, by its name."""

    name: str = Field(min_length=1, max_length=500, examples=["cloud"])


class TriedSource(Given):
    """The fields of a provider as they would be stored; with a name that there is, it is compared with that one."""

    fields: dict[str, Any] = Field(examples=[{"source": "google"}], max_length=100)


class FetchLine(Told):
    """What came of one fetch. `ended`: new, draft, unchanged, kept, held, waiting, refused or failed."""

    model_config = example(
        number=7,
        at="2026-03-02T09:14:30Z",
        ended="new",
        text="1 network added, 0 removed, 42 in all. Revision 12: Applied.",
        source="microsoft365",
        version="worldwide 2026030100",
        networks=42,
        added=["192.0.2.0/24"],
        more_added=0,
        removed=[],
        more_removed=0,
        remarks=[],
        revision=12,
    )

    number: int
    at: dt.datetime | None
    ended: str
    text: str
    source: str
    version: str
    networks: int = Field(description="How many networks the list had.")
    added: list[str] = Field(description="The first of the networks that came.")
    more_added: int
    removed: list[str]
    more_removed: int
    remarks: list[str]
    revision: int | None = Field(description="The revision that the list became.")


class ListState(Told):
    """How one list stands. `state`: by-hand, pinned, never, good, or how the last fetch ended."""

    model_config = example(
        provider="cloud",
        source="microsoft365",
        state="good",
        networks=42,
        pinned=False,
        live=True,
        next="2026-03-02T10:16:00Z",
        bad_since=None,
        trouble=False,
    )

    provider: str
    source: str
    state: str
    networks: int
    pinned: bool
    live: bool = Field(description="Whether this source is what is live.")
    last: FetchLine | None
    next: dt.datetime | None
    bad_since: dt.datetime | None
    trouble: bool = Field(description="Whether it has not been good for so long that it should be looked at.")


@GROUP.get("/provider-lists", Right.VIEW, response_model=list[ListState])
def list_provider_lists(call: Asked) -> Any:
    """List how the lists of all providers of the draft stand."""
    return [state_json(one) for one in provider_lists.states(call.gateway, call.actor, dt.datetime.now(dt.UTC))]


@GROUP.get("/provider-fetches", Right.VIEW, response_model=list[FetchLine])
def list_provider_fetches(
    call: Asked, name: Annotated[str, Query(description="The provider's name.", min_length=1, max_length=500)]
) -> Any:
    """List what came of fetching a provider's list, newest first, at most 101."""
    return [fetch_json(one) for one in provider_lists.history(call.gateway, call.actor, name)]


@GROUP.post("/provider-fetches", Right.EDIT, response_model=Job, status_code=202, example=_FETCH)
def fetch_provider(call: Asked, body: OneProvider) -> Any:
    """Fetch a provider's list now, as a job; a list that changed is rehearsed and goes live.

    Who may not apply gets it into the draft, and so does everybody where the provider is not live.
    """
    gateway, actor = call.gateway, call.actor
    rows.show(gateway, actor, PROVIDER.name, body.name)

    def work(job: jobs.Job) -> Any:
        return list_fetching.fetch_now(gateway, actor, body.name, job.progress)

    return job_json(call.job("fetch-provider", work, body.name))


@GROUP.post("/provider-trials", Right.EDIT, response_model=Job, status_code=202, fields_at="/fields", example=_TRIAL)
def try_provider(call: Asked, body: TriedSource) -> Any:
    """Ask a source and store nothing, as a job: which networks, what would come and go, remarks."""
    gateway, actor = call.gateway, call.actor
    PROVIDER.parse({"name": "trial"} | body.fields)

    def work(job: jobs.Job) -> Any:
        return list_trying.try_source(gateway, actor, body.fields, job.progress)

    return job_json(call.job("try-provider", work, str(body.fields.get("source", ""))[:100]))
