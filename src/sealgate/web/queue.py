"""The mail queue: the messages that a filter finds, one message, and acts on what was ticked or found.

Nothing here works on the draft. An act says first how many messages it is about, and then does it to exactly the filter
that was shown. Names in mail come from strangers: they are text, never markup.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from sealgate.link.upkeep import QueueFilter, QueueVerb
from sealgate.model.errors import InvalidValue
from sealgate.services import queue
from sealgate.services.actor import Right
from sealgate.web import asking
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response

    from sealgate.web.visit import Visit

MOST_MESSAGES = 500
_MOST_BYTES = 256 * 1024
_WORDS = ("sender", "recipient", "reason")


@dataclass(frozen=True, slots=True)
class _Search:
    """What was typed into the search: shown again as it was, sent on with an act, and read into a filter."""

    words: dict[str, str]
    age: str
    parts: tuple[str, ...]

    @classmethod
    def read(cls, one: Callable[[str], str], many: Callable[[str], list[str]]) -> _Search:
        words = {name: one(name).strip()[:300] for name in _WORDS}
        return cls(words, one("older").strip()[:100], tuple(many("part")[:20]))

    @property
    def query(self) -> dict[str, Any]:
        """The search as it stands in an address; only what was said."""
        return {**self.words, "older": self.age, "part": self.parts}

    @property
    def said(self) -> bool:
        return any(self.query.values())

    def filter(self) -> QueueFilter:
        """Return the filter; InvalidValue for an age or a part that is none."""
        which = QueueFilter(queues=queue.parts(self.parts), older_than=queue.age(self.age))
        return replace(which, **self.words)  # type: ignore[arg-type]


def show_queue(visit: Visit) -> Response:
    """Show the messages that a filter finds."""
    search = _Search.read(visit.asked, visit.request.query_params.getlist)
    try:
        listed = replace(search.filter(), limit=MOST_MESSAGES + 1)
    except InvalidValue as fault:
        return _page(visit, search, [], tuple(str(problem) for problem in fault.problems), 422)
    return _page(visit, search, list(islice(queue.listing(visit.gateway, visit.actor, listed), MOST_MESSAGES)))


def _page(
    visit: Visit, search: _Search, found: list[Any], problems: tuple[str, ...] = (), status: int = 200
) -> Response:
    return visit.page(
        "queue.html",
        status,
        messages=found,
        explain={message.id: asking.about_message(message) for message in found},
        most=MOST_MESSAGES,
        verbs=list(QueueVerb),
        search=search,
        parts_of_queue=queue.PARTS,
        problems=problems,
    )


def show_message(visit: Visit) -> Response:
    """Show the beginning of one queued message."""
    name = visit.request.path_params["id"]
    text, whole = b"", True
    for piece in queue.view(visit.gateway, visit.actor, name):
        text += piece
        if len(text) > _MOST_BYTES:
            text, whole = text[:_MOST_BYTES], False
            break
    return visit.page("message.html", id=name, text=text.decode("utf-8", "backslashreplace"), whole=whole)


def act_on_queue(visit: Visit) -> Response:
    """Count what an act is about and ask; asked for once more, do it."""
    try:
        verb = QueueVerb(visit.given("do"))
    except ValueError:
        raise InvalidValue.of("It was not said what to do.", "Choose one of the buttons.", "do") from None
    ids, search = tuple(visit.all_given("id")), _Search.read(visit.given, visit.all_given)
    which = QueueFilter(ids=ids) if ids else search.filter()
    if visit.given("sure") != "yes":
        count = queue.count(visit.gateway, visit.actor, verb, which)
        everything = queue.is_everything(which)
        return visit.page("queue_sure.html", verb=verb, ids=ids, search=search, everything=everything, count=count)
    done = queue.act(visit.gateway, visit.actor, verb, which, everything=visit.given("everything") == "yes")
    return visit.go("/queue", done=f"queue_{verb.value}", n=done.count, **search.query)


ROUTES = (
    get("/queue", Right.OPERATE, show_queue),
    post("/queue/act", Right.OPERATE, act_on_queue),
    get("/queue/{id}", Right.CONTENT, show_message),
)
