"""Shapes that several operations share: what is read from bodies, and what answers look like.

Names in answers are the same as those of the terminal's JSON where both say the same. Names are added, never changed.
No shape holds a secret: a stored one is only named among `secrets`.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from sealgate.api.examples import example
from sealgate.api.problems import address_of, finding_json
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Kind
from sealgate.services.actor import Area, Right
from sealgate.services.states import StateName

MOST_OF_A_PAGE = 1000


class Given(BaseModel):
    """A body: members that are not described are refused, and nothing is taken for something of another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Told(BaseModel):
    """An answer, made from what services return."""

    model_config = ConfigDict(from_attributes=True)


Noun = StrEnum("Noun", {name.replace("-", "_").upper(): name for name in NOUNS})  # type: ignore[misc]
Noun.__doc__ = "A kind of row."

RightWord = Annotated[Right, Field(strict=False)]
AreaWord = Annotated[Area, Field(strict=False)]
NounPath = Annotated[Noun, Path(description="The kind of row.", examples=["relay-domain"])]
KeyPath = Annotated[str, Path(description="The object's key, percent-encoded.", min_length=1, max_length=500)]
Limit = Annotated[int, Query(description="The most of one page.", ge=1, le=MOST_OF_A_PAGE)]
After = Annotated[str, Query(description="The cursor of the page before; opaque, see `Link`.", max_length=4000)]
StateWord = Annotated[
    str,
    Query(
        description="`draft`, `live`, or the number of a revision.", pattern="^(draft|live|[1-9][0-9]{0,8})$",
        examples=["draft"],
    ),
]  # fmt: skip
Number = Annotated[int, Path(description="The number of a revision.", ge=1, le=2**31 - 1, examples=[1])]


def state_of(word: str) -> StateName:
    """Read the name of a state."""
    return StateName.parse(word)


class Place(Told):
    """Where a finding is."""

    model_config = example(noun="own-lines", key="main-cf", field="smtpd_baner", line=1, file="")

    noun: str
    key: str
    field: str
    line: int
    file: str


class Next(Told):
    """What to do next; `method` and `address` are empty where only the machine itself can do it."""

    act: str
    method: str = ""
    address: str = ""


class Finding(Told):
    """Bad or doubtful news; `code` is stable, `pointer` is the field in the object at `address`."""

    model_config = example(
        severity="error",
        code="own-line-unknown-parameter",
        what="smtpd_baner is no parameter of the installed Postfix, and nothing refers to it.",
        why="Postfix would ignore it.",
        remedy="Did you mean smtpd_banner?",
        pointer="/fields/smtpd_baner",
        address="/api/v1/own-lines/main-cf",
    )

    severity: str
    code: str
    place: Place
    what: str
    why: str
    remedy: str
    pointer: str = ""
    address: str = ""
    next: list[Next] = []


def findings_of(findings: Any) -> list[dict[str, Any]]:
    """Return findings as they are answered."""
    return [finding_json(finding.to_json()) for finding in findings]


class Saved(Told):
    """What a write left behind; `version` is None where nothing stands any more, or nothing was to be changed."""

    model_config = example(noun="relay-domain", key="example.com", version=17)

    noun: str
    key: str
    version: int | None


class Done(Told):
    """Something was done that leaves nothing to show."""

    model_config = example(text="It was done.")

    text: str


class Job(Told):
    """Long work. `progress` are its steps, `result` what came of it, `problem` why it failed."""

    model_config = example(
        id="8t2KzX04vCw5KO9DEfVjrae0",
        kind="rehearse",
        state="running",
        actor="alice/nightly-export",
        detail="full",
        at="2026-03-02T09:15:00Z",
        ended=None,
        result=None,
        problem=None,
        address="/api/v1/jobs/8t2KzX04vCw5KO9DEfVjrae0",
        events="/api/v1/jobs/8t2KzX04vCw5KO9DEfVjrae0/events",
    )

    id: str
    kind: str
    state: str = Field(description="running, done, failed or interrupted")
    actor: str
    detail: str
    at: dt.datetime
    ended: dt.datetime | None = None
    progress: list[dict[str, Any]] = []
    result: Any = None
    problem: dict[str, Any] | None = None
    address: str
    events: str


class Row(Told):
    """A row. `fields` are those of its kind; `secrets` names the fields that are stored and never shown."""

    model_config = example(
        noun="relay-domain",
        key="example.com",
        fields={"domain": "example.com"},
        secrets=[],
        comment="head office",
        enabled=True,
        position=0,
        version=17,
        address="/api/v1/rows/relay-domain/example.com",
    )

    noun: str
    key: str
    fields: dict[str, Any]
    secrets: list[str]
    comment: str
    enabled: bool
    position: int
    version: int
    address: str


def row_json(stored: Any) -> dict[str, Any]:
    """Return a row as it is answered: without secrets, and without the digests that a text is kept by."""
    kind = NOUNS[stored.noun]
    hidden = {c.name for c in kind.columns if c.kind in {Kind.SECRET, Kind.LONG_TEXT}}
    secret = [c.name for c in kind.columns if c.kind is Kind.SECRET and stored.fields.get(c.name)]
    return {
        "noun": stored.noun,
        "key": stored.key,
        "fields": {name: value for name, value in stored.fields.items() if name not in hidden},
        "secrets": secret,
        "comment": stored.comment,
        "enabled": stored.enabled,
        "position": stored.position,
        "version": stored.version,
        "address": address_of(stored.noun, stored.key),
    }
