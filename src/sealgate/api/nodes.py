"""How the gateway stands: what runs, what is in force, how mail flows; and live files that were edited by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import Field

from sealgate.api.call import Asked
from sealgate.api.changes import Difference
from sealgate.api.examples import example
from sealgate.api.operations import Group
from sealgate.api.shapes import Finding, Given, Told, findings_of
from sealgate.link import messages as link
from sealgate.link.codec import to_json
from sealgate.model.errors import NodeFailed
from sealgate.services import changes, drifting, status, traffic
from sealgate.services.actor import Right

GROUP = Group("nodes", "How the gateway stands, and drift.")
_NODE = to_json(
    link.Status(
        version="1.0",
        postfix_version="3.7.11",
        state=link.State.CONFIRMED,
        revision=12,
        release="9f2b6c1de07a4583",
        digest="9f2b6c1de07a4583b1c44f0d5e6a7b8c90d1e2f3a4b5c6d7e8f90123456789ab",
        comment="one more domain",
        since=1772442931.0,
        confirmed_revision=12,
        watch_until=None,
        postfix_pid=4711,
        listeners=(link.Listener("smtp/inet 192.0.2.1:25", answers=True),),
        mpa_answers=True,
        drifted=(),
        free_bytes=52_613_349_376,
    )
)


class OwnJob(Told):
    """What the control half does by itself, and how it ended last."""

    model_config = example(
        name="expiry",
        about="white 192.0.2.44",
        holder="",
        finished="2026-03-02T09:14:30Z",
        result={"passed": True, "text": "Revision 12: Applied.", "rows": ["white 192.0.2.44"]},
    )

    name: str
    about: str
    holder: str
    finished: dt.datetime | None
    result: dict[str, Any]


class Status(Told):
    """The control half's view, and the node's own word; without one `reason` says why it cannot be asked."""

    model_config = example(newest=12, in_force=12, pending=1, node=_NODE, reason="")

    newest: int
    in_force: int
    pending: int
    node: dict[str, Any] | None
    reason: str
    jobs: list[OwnJob]


class Slot(Told):
    """One stretch of time and what happened in it."""

    model_config = example(start="2026-03-02T09:00:00Z", counts={"accepted": 41, "delivered": 40, "delayed": 1})

    start: dt.datetime
    counts: dict[str, int]


class Traffic(Told):
    """What the log says about mail lately, and the queue by its parts."""

    model_config = example(
        totals={"accepted": 41, "delivered": 40, "delayed": 1},
        since="2026-03-02T09:00:00Z",
        queued={"deferred": 1},
    )

    totals: dict[str, int]
    slots: list[Slot]
    since: dt.datetime | None
    queued: dict[str, int]


class Overview(Told):
    """How the gateway stands in one look; `traffic` is None without the right `operate`, or when it cannot be had."""

    model_config = example(changes=1, reason="")

    status: Status
    changes: int
    traffic: Traffic | None
    reason: str


class Node(Told):
    """One gateway machine and the revision that it runs."""

    model_config = example(name="local", answers=True, revision=12, state="confirmed", reason="")

    name: str
    answers: bool
    revision: int | None
    state: str
    reason: str


class DriftItem(Told):
    """One live file that is not as the revision in force has it; `diff` goes from expected to live."""

    model_config = example(
        file="main.cf",
        kind="changed",
        diff="@@ -40 +40 @@\n-message_size_limit = 31457280\n+message_size_limit = 52428800\n",
        text=True,
        blocks=True,
        adopted=False,
    )

    file: str
    kind: str
    diff: str
    text: bool
    blocks: bool
    adopted: bool


class Drift(Told):
    """All live files that are not as they should be."""

    model_config = example(release="9f2b6c1de07a4583", revision=12)

    release: str
    revision: int | None
    items: list[DriftItem]


class Files(Given):
    """Which files; none named: all."""

    files: list[str] = Field([], max_length=1000, examples=[[]])


class Adopted(Told):
    """What adoption did: the files taken, what became of the draft, and what could not be taken."""

    model_config = example(files=["main.cf"], findings=[])

    files: list[str]
    differences: list[Difference]
    findings: list[Finding]


@GROUP.get("/status", Right.VIEW, response_model=Status)
def show_status(call: Asked) -> Any:
    """Show what runs, which revision is in force, what is pending."""
    return _status(call)


@GROUP.get("/overview", Right.VIEW, response_model=Overview)
def show_overview(call: Asked) -> Any:
    """Show how the gateway stands in one look."""
    mail, reason = None, ""
    if Right.OPERATE in call.actor.rights:
        try:
            mail = traffic.recent(call.gateway, call.actor, dt.datetime.now(dt.UTC))
        except NodeFailed as fault:
            reason = str(fault)
    pending = changes.summary(call.gateway, call.actor).objects
    return {"status": _status(call), "changes": pending, "traffic": mail, "reason": reason}


@GROUP.get("/nodes", Right.VIEW, response_model=list[Node])
def list_nodes(call: Asked) -> Any:
    """List the gateway machines and the revision that each runs."""
    found = status.show(call.gateway, call.actor)
    node = found.node
    return [
        {
            "name": "local",
            "answers": node is not None,
            "revision": node.revision if node else None,
            "state": node.state.value if node else "none",
            "reason": found.reason,
        }
    ]


@GROUP.get("/drift", Right.VIEW, response_model=Drift)
def show_drift(call: Asked) -> Any:
    """Show which live files were edited by hand."""
    return drifting.show(call.gateway, call.actor)


@GROUP.post("/drift/adopt", Right.APPLY, response_model=Adopted, fields_at="/files")
def adopt_drift(call: Asked, body: Files) -> Any:
    """Take hand edits into the draft, file by file. Needs `raw` and every area besides."""
    done = drifting.adopt(call.gateway, call.actor, tuple(body.files))
    return {"files": done.files, "differences": done.differences, "findings": findings_of(done.findings)}


@GROUP.post("/drift/overwrite", Right.APPLY, response_model=Drift, fields_at="/files", example={"items": []})
def overwrite_drift(call: Asked, body: Files) -> Any:
    """Make live files again as the revision in force has them; the answer is what drift is left."""
    return drifting.overwrite(call.gateway, call.actor, tuple(body.files))


def _status(call: Asked) -> dict[str, Any]:
    found = status.show(call.gateway, call.actor)
    node = to_json(found.node) if found.node is not None else None
    names = ("newest", "in_force", "pending", "reason", "jobs")
    return {name: getattr(found, name) for name in names} | {"node": node}
