"""Questions to the real Postfix, sealed off: what becomes of a mail, what a table says, what would be different."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from sealgate.api.call import Asked
from sealgate.api.examples import example
from sealgate.api.jobs import job_json
from sealgate.api.operations import Group
from sealgate.api.shapes import Given, Job, Told
from sealgate.link.rehearsals import LARGEST_MAIL, MOST_ENVELOPES, Fault, Mail
from sealgate.model.errors import InvalidValue
from sealgate.services import check_trials, drilling, explaining, lookups, replaying
from sealgate.services.actor import Right

if TYPE_CHECKING:
    from sealgate.services import jobs

GROUP = Group("trying", "Explain, replay, fault drill, look-ups: nothing live is touched, nothing leaves the machine.")


class Query(Given):
    """A key, and the table that it is looked up in: a look-up table's name, or a generated one such as `transport`."""

    table: str = Field(min_length=1, max_length=300, examples=["transport"])
    key: str = Field(min_length=1, max_length=10_000, examples=["example.com"])
    live: bool = False


class QueryAnswer(Told):
    """What the table answers (None: not found), and what Postfix said about it."""

    model_config = example(table="transport", key="example.com", value="smtp:[mail.example.com]:25", messages=[])

    table: str
    key: str
    value: str | None
    messages: list[str]


class Resolve(Given):
    """An address, and the envelope sender where that decides."""

    address: str = Field(min_length=1, max_length=1000, examples=["someone@example.com"])
    sender: str = Field("", max_length=1000)
    live: bool = False


class Route(Told):
    """Where an address goes, as trivial-rewrite(8) says."""

    model_config = example(
        address="someone@example.com",
        transport="relay",
        next_hop="[mail.example.com]:25",
        recipient="someone@example.com",
        flags=["relay"],
    )

    address: str
    transport: str
    next_hop: str
    recipient: str
    flags: list[str]


class CheckTrial(Given):
    """Headers or a whole message, and the kind of check to try them with."""

    checks: Literal["header-check", "mime-header-check", "nested-header-check", "body-check"] = "header-check"
    text: str = Field(max_length=1_000_000, examples=["Subject: make money fast\n"])


class Side(Told):
    """What one side says: the action (None: nothing), or why it could not be asked."""

    model_config = example(value="REJECT no such offers here", fault="")

    value: str | None
    fault: str


class TriedLine(Told):
    """One header or line; `encoded`: it has encoded words (RFC 2047), which Postfix never matches decoded."""

    model_config = example(line="Subject: make money fast", rules=["money"], encoded=False)

    line: str
    draft: Side
    live: Side
    rules: list[str] = Field(description="The rules of the draft whose action this is.")
    encoded: bool


class Tried(Told):
    """All lines that were tried; `cut`: there were more."""

    model_config = example(cut=False)

    lines: list[TriedLine]
    cut: bool


class Explain(Given):
    """One mail: who connects, from whom, to whom; the rest as a client would say it."""

    client: str = Field(min_length=1, max_length=100, description="The address that connects.", examples=["192.0.2.1"])
    recipient: str = Field(max_length=1000, examples=["someone@example.com"])
    sender: str = Field("someone@example.org", max_length=1000, description="Empty: the null sender.")
    name: str = Field("", max_length=300, description="What DNS says the client is called.")
    helo: str = Field("client.example.org", max_length=300)
    tls: bool = False
    listener: str = Field("", max_length=100, description="A port or a service of master.cf; empty: the public one.")
    size: int | None = Field(None, ge=0, le=2**40)
    message: str = Field("", max_length=LARGEST_MAIL * 4 // 3 + 4, description="The message itself, in base64.")
    listed: list[str] = Field([], max_length=100, description="Block lists that list the client: ZONE or ZONE=ANSWER.")
    live: bool = False


class Replay(Given):
    """How many envelopes of recent mail are tried, from when on (seconds since 1970)."""

    count: int = Field(200, ge=1, le=MOST_ENVELOPES)
    since: float = Field(0.0, ge=0, le=1e11)


class Drill(Given):
    """What fails; nothing named: each, one after the other."""

    faults: list[Annotated[Fault, Field(strict=False)]] = Field([], max_length=len(Fault))
    live: bool = False


@GROUP.post("/queries", Right.VIEW, response_model=QueryAnswer)
def query_table(call: Asked, body: Query) -> Any:
    """Look a key up in a table by the real Postfix."""
    return lookups.query(call.gateway, call.actor, body.table, body.key, live=body.live)


@GROUP.post("/resolutions", Right.VIEW, response_model=Route)
def resolve_address(call: Asked, body: Resolve) -> Any:
    """Say where an address goes: transport, next hop, recipient."""
    return lookups.resolve(call.gateway, call.actor, body.address, sender=body.sender, live=body.live)


@GROUP.post("/check-trials", Right.VIEW, response_model=Tried)
def try_checks(call: Asked, body: CheckTrial) -> Any:
    """Try header, MIME header, nested header or body checks on a text, on the draft and on what is live."""
    return check_trials.trial(call.gateway, call.actor, body.checks, body.text)


@GROUP.post(
    "/explanations",
    Right.VIEW,
    response_model=Job,
    status_code=202,
    largest=4 << 20,
    example={"kind": "explain", "detail": "192.0.2.1 to someone@example.com"},
)
def start_explain(call: Asked, body: Explain) -> Any:
    """Follow one mail through every stage, as a job: verdict, reply, and the restriction and line that decided."""
    try:
        message = base64.b64decode(body.message, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidValue.of("This is no base64.", "Encode the message's bytes.", "message") from None
    if len(message) > LARGEST_MAIL:
        raise InvalidValue.of(f"The message is larger than {LARGEST_MAIL >> 20} MiB.", "Say a size instead.", "message")
    given = body.model_dump(exclude={"live", "message", "listed"})
    mail = Mail(**given, message=message, listed=tuple(body.listed))
    gateway, actor = call.gateway, call.actor
    explaining.check(actor, mail)

    def work(job: jobs.Job) -> Any:
        return explaining.explain(gateway, actor, mail, live=body.live, progress=job.progress)

    return job_json(call.job("explain", work, f"{body.client} to {body.recipient}"))


@GROUP.post("/replays", Right.OPERATE, response_model=Job, status_code=202, example={"kind": "replay", "detail": ""})
def start_replay(call: Asked, body: Replay) -> Any:
    """Try recent mail again on the draft and on what is live, as a job; only what would be different comes back."""
    gateway, actor = call.gateway, call.actor

    def work(job: jobs.Job) -> Any:
        return replaying.replay(gateway, actor, count=body.count, since=body.since, progress=job.progress)

    return job_json(call.job("replay", work))


@GROUP.post("/drills", Right.VIEW, response_model=Job, status_code=202, example={"kind": "drill", "detail": "dns"})
def start_drill(call: Asked, body: Drill) -> Any:
    """Let parts fail in a sealed copy, as a job: what senders would see, and where the mail is afterwards."""
    gateway, actor = call.gateway, call.actor

    def work(job: jobs.Job) -> Any:
        return drilling.drill(gateway, actor, body.faults, live=body.live, progress=job.progress)

    return job_json(call.job("drill", work, ", ".join(body.faults)))
