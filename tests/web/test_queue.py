"""The queue by age and part, over the pages: what is found, and that an act is about just that."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from tests.support.accounts import verbs

from sealgate.link.codec import to_json
from sealgate.link.upkeep import Count, QueueFilter, QueueMessage

if TYPE_CHECKING:
    import httpx
    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway

FOUND = {"sender": "a@example.com", "older": "4h", "part": ["deferred", "hold"]}
WHICH = QueueFilter(queues=("deferred", "hold"), sender="a@example.com", older_than=4 * 3600)


@pytest.fixture
def queued(agent: StandIn) -> StandIn:
    """One message in the queue, and an agent that says that ten are meant by an act."""
    message = QueueMessage("4ABC", "deferred", 1_700_000_000, 1234, "a@example.com", ())
    agent.answers["queue-list"] = lambda _question, talk: talk.item(to_json(message))
    agent.answers["queue-act"] = Count(10)
    return agent


def asked(agent: StandIn, verb: str) -> list[QueueFilter]:
    questions = [question for name, question in agent.asked if name == verb]
    return [getattr(question, "filter", question) for question in questions]


def form_of(page: str, name: str) -> dict[str, list[str]]:
    """Return the hidden fields of the form that sends to an address."""
    part = page.partition(f'action="{name}"')[2].partition("</form>")[0]
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', part):
        found.setdefault(key, []).append(unescape(value))
    return found


def test_the_queue_is_found_by_age_and_part(ann: httpx.Client, queued: StandIn) -> None:
    page = ann.get("/queue", params=FOUND).text

    (which,) = asked(queued, "queue-list")
    assert (which.queues, which.older_than, which.sender) == (WHICH.queues, WHICH.older_than, WHICH.sender)
    assert re.findall(r'name="part" value="(\w+)" checked', page) == ["deferred", "hold"]


@pytest.mark.parametrize("wrong", [{"older": "a while"}, {"older": "900d"}, {"part": "defered"}])
def test_an_age_or_part_that_is_none_is_said_and_nothing_is_listed(
    ann: httpx.Client, queued: StandIn, wrong: dict[str, str]
) -> None:
    answer = ann.get("/queue", params=wrong)

    assert (answer.status_code, 'role="alert"' in answer.text, asked(queued, "queue-list")) == (422, True, [])


def test_an_act_says_the_count_of_what_is_found_and_is_done_to_just_that(
    gateway: Gateway, ann: httpx.Client, queued: StandIn
) -> None:
    listed = form_of(ann.get("/queue", params=FOUND).text, "/queue/act")
    sure = ann.post("/queue/act", data=listed | {"do": "hold"}).text
    done = ann.post("/queue/act", data=form_of(sure, "/queue/act"))

    assert ("10 messages are held" in sure, "everything" in form_of(sure, "/queue/act")) == (True, False)
    assert asked(queued, "queue-act") == [WHICH, WHICH]
    assert ("older=4h&part=deferred&part=hold" in done.headers["location"], verbs(gateway)) == (True, ["queue-hold"])


def test_a_mistyped_age_never_becomes_an_act_on_everything(ann: httpx.Client, queued: StandIn) -> None:
    answer = ann.post("/queue/act", data={"do": "delete", "sure": "yes", "everything": "yes", "older": "4 fortnights"})

    assert (answer.status_code, asked(queued, "queue-act")) == (422, [])
