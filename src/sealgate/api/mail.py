"""Looking after mail: the queue, the log, the cache of verified recipients."""

from __future__ import annotations

from enum import StrEnum
from itertools import chain, islice
from typing import Annotated, Any

from fastapi import Path, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from sealgate.api.call import Asked, decode_cursor
from sealgate.api.examples import example
from sealgate.api.operations import Group
from sealgate.api.revisions import whole
from sealgate.api.shapes import After, Given, Limit, Told
from sealgate.link.upkeep import QueueFilter, QueueVerb
from sealgate.services import mail_log, queue, verify_cache
from sealgate.services.actor import Right

GROUP = Group("mail", "Queue, log and verified recipients of the node. Nothing of it is in the draft.")
MOST_LINES = 10_000
_MOST = 1_000_000
_AGE = 366 * 86400
_LINE = (
    "Mar  2 09:15:01 mx sealgate/smtp[4711]: 4fLmDz0pYjz3B: to=<someone@example.com>, "
    "relay=mail.example.com[192.0.2.30]:25, delay=0.9, delays=0.1/0/0.5/0.3, dsn=2.0.0, status=sent (250 2.0.0 Ok)"
)
_SHOWN = (
    "sender: someone@example.org\noriginal_recipient: someone@example.com\nrecipient: someone@example.com\n\n"
    "From: someone@example.org\nTo: someone@example.com\nSubject: hello\n\nGood morning.\n"
)


Part = StrEnum("Part", {name.upper(): name for name in queue.PARTS})  # type: ignore[misc]
Part.__doc__ = "A queue of Postfix."
Words = Annotated[str, Query(max_length=320)]
QueueId = Annotated[str, Path(description="A queue id.", max_length=40, pattern="^[0-9A-Za-z]+$", examples=["0"])]


class Recipient(Told):
    """A recipient that is still to be delivered to, and why it was not yet."""

    model_config = example(address="someone@example.com", reason="Connection timed out")

    address: str
    reason: str


class Message(Told):
    """One message of the queue; `arrival` in seconds since 1970, `size` in bytes."""

    model_config = example(
        id="4fLmDz0pYjz3B",
        queue="deferred",
        arrival=1772442900,
        size=48213,
        sender="someone@example.org",
    )

    id: str
    queue: str
    arrival: int
    size: int
    sender: str
    recipients: list[Recipient]


class Messages(Told):
    """One page of the queue."""

    model_config = example(next=None)

    items: list[Message]
    next: str | None


class Filter(Given):
    """Which messages; what is not said does not count. `older_than` in seconds since arrival."""

    ids: list[str] = Field([], max_length=10_000)
    queues: list[Annotated[Part, Field(strict=False)]] = Field([], max_length=10)
    sender: str = Field("", max_length=320)
    recipient: str = Field("", max_length=320)
    reason: str = Field("", max_length=320)
    older_than: int = Field(0, ge=0, le=_AGE)


class Act(Given):
    """What is done with which messages; a filter that says nothing needs `everything`."""

    action: QueueVerb = Field(strict=False)
    filter: Filter = Field(default_factory=lambda: Filter.model_validate({}))
    everything: bool = False
    count_only: bool = Field(default=False, description="Only say how many messages it would concern.")


class Count(Told):
    """How many, and what Postfix said."""

    model_config = example(count=1, text="1 of 1 messages: flush.")

    count: int
    text: str


class Lines(Told):
    """Lines of the log, oldest first."""

    model_config = example(lines=[_LINE])

    lines: list[str]


class Verified(Told):
    """What the cache of verified recipients says; times in seconds since 1970."""

    model_config = example(
        address="someone@example.com",
        found=True,
        status="ok",
        text="250 2.1.5 Ok",
        probed=1772442900.0,
        updated=1772442901.0,
    )

    address: str
    found: bool
    status: str
    text: str
    probed: float | None
    updated: float | None


@GROUP.get("/queue", Right.OPERATE, response_model=Messages)
def list_queue(
    call: Asked,
    queues: Annotated[list[Part], Query(description="Only in these queues.", max_length=10)] = [],  # noqa: B006
    sender: Words = "",
    recipient: Words = "",
    reason: Words = "",
    older_than: Annotated[int, Query(description="Seconds since arrival.", ge=0, le=_AGE)] = 0,
    limit: Limit = 100,
    after: After = "",
) -> Any:
    """List queued messages. The queue moves while one reads: a page goes on where the one before ended, by number."""
    start = whole(decode_cursor(after)) or 0
    parts = queue.parts(queues)
    which = QueueFilter((), parts, sender, recipient, reason, older_than, limit=min(_MOST, start + limit + 1))
    found = list(islice(queue.listing(call.gateway, call.actor, which), start, start + limit + 1))
    cursor = str(start + limit) if len(found) > limit else ""
    return {"items": found[:limit], "next": call.next_page(cursor)}


@GROUP.get(
    "/queue/{id}",
    Right.CONTENT,
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The message",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": _SHOWN}},
        }
    },
)
def show_message(call: Asked, id: QueueId) -> Any:  # noqa: A002 - the word that the address has
    """Show one message of the queue: envelope, header, body. That it was read is audited."""
    pieces = iter(queue.view(call.gateway, call.actor, id))
    first = next(pieces, b"")
    return StreamingResponse(chain([first], pieces), media_type="text/plain; charset=utf-8")


@GROUP.post("/queue-actions", Right.OPERATE, response_model=Count, fields_at="/filter", names={"filter": "everything"})
def act_on_queue(call: Asked, body: Act) -> Any:
    """Flush, hold, release, requeue or delete all messages that a filter finds."""
    given = body.filter
    which = QueueFilter(
        tuple(given.ids), queue.parts(given.queues), given.sender, given.recipient, given.reason, given.older_than
    )
    if body.count_only:
        return queue.count(call.gateway, call.actor, body.action, which)
    return queue.act(call.gateway, call.actor, body.action, which, everything=body.everything)


@GROUP.get("/log", Right.OPERATE, response_model=Lines)
def show_log(
    call: Asked,
    lines: Annotated[int, Query(description="The last so many lines.", ge=0, le=MOST_LINES)] = 100,
    message: Annotated[str, Query(description="Only what concerns this queue id.", max_length=100)] = "",
) -> Any:
    """Show the last lines of Postfix's log, or those of one message, as Postfix wrote them."""
    found = mail_log.lines(call.gateway, call.actor, last=lines, message=message)
    return {"lines": list(islice(found, MOST_LINES))}


@GROUP.get("/verified-recipients/{address}", Right.OPERATE, response_model=Verified)
def show_verified(call: Asked, address: Annotated[str, Path(max_length=320, examples=["someone@example.com"])]) -> Any:
    """Show what the cache of verified recipients says about an address."""
    return verify_cache.show(call.gateway, call.actor, address)


@GROUP.delete(
    "/verified-recipients",
    Right.OPERATE,
    response_model=Count,
    example={"count": 3, "text": "3 addresses were forgotten."},
)
def clear_verified(call: Asked) -> Any:
    """Forget all verified recipients; each is asked for again."""
    return verify_cache.clear(call.gateway, call.actor)
