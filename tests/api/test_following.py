"""Following the log over the API: what comes, where it goes on, when it ends, and how many may."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.api.conftest import PREFIX
from tests.support.waiting import wait_until

from sealgate.api.following import MOST_FOLLOWING
from sealgate.link.upkeep import LogLines, LogPart
from sealgate.services import people
from sealgate.services.actor import Actor

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway

PLACES = ("7:10", "7:20", "7:30")


def growing(question: LogPart, _talk: object) -> LogLines:
    """A log with a new line each time it is asked for, up to the third; then nothing."""
    number = PLACES.index(question.after) + 1 if question.after else 0
    if number == len(PLACES):
        return LogLines((), question.after, more=False)
    return LogLines((f"line {number}",), PLACES[number], more=number < len(PLACES) - 1)


def events(text: str) -> list[dict[str, Any]]:
    found = [
        dict(line.split(": ", 1) for line in block.splitlines()) for block in text.split("\n\n") if "data: " in block
    ]
    return [event | {"data": json.loads(event["data"])} for event in found]


def test_lines_come_as_events_with_their_place_until_the_time_is_over(owner: httpx.Client, agent: StandIn) -> None:
    agent.answers["log-part"] = growing

    answer = owner.get(f"{PREFIX}/log/events?seconds=1")

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [(event["id"], event["data"]["lines"]) for event in events(answer.text)] == [
        (place, [f"line {number}"]) for number, place in enumerate(PLACES)
    ]


def test_who_comes_back_gets_what_was_written_since(owner: httpx.Client, agent: StandIn) -> None:
    agent.answers["log-part"] = growing

    answer = owner.get(f"{PREFIX}/log/events?seconds=1", headers={"last-event-id": "7:20"})

    assert [event["data"]["lines"] for event in events(answer.text)] == [["line 2"]]


def test_parts_of_what_is_there_already_come_with_a_rest_between_them(owner: httpx.Client, agent: StandIn) -> None:
    agent.answers["log-part"] = lambda _question, _talk: LogLines((), "7:20", more=True)

    owner.get(f"{PREFIX}/log/events?seconds=1&message=4ABC", headers={"last-event-id": "7:0"})

    assert 1 < [verb for verb, _question in agent.asked].count("log-part") <= 12


def test_a_place_too_far_back_is_told_by_an_event_before_the_lines(owner: httpx.Client, agent: StandIn) -> None:
    agent.answers["log-part"] = lambda question, _talk: LogLines(
        ("new",), "7:20", more=False, passed_over=question.after == "7:0"
    )

    found = events(owner.get(f"{PREFIX}/log/events?seconds=1", headers={"last-event-id": "7:0"}).text)

    assert [event["event"] for event in found[:2]] == ["passed-over", "lines"]


def test_a_node_that_fails_ends_the_stream_with_a_problem(owner: httpx.Client, agent: StandIn) -> None:
    (first, last) = events(owner.get(f"{PREFIX}/log/events?lines=5").text)

    assert (first["event"], first["data"]["lines"] != []) == ("lines", True)
    assert (last["event"], last["data"]["status"], "cannot be read" in last["data"]["detail"]) == ("fault", 502, True)


def test_one_person_follows_a_few_times_at_once(
    owner: httpx.Client, agent: StandIn, as_program: Callable[..., dict[str, str]]
) -> None:
    agent.answers["log-part"] = growing
    otto, again = as_program("otto", "operator"), as_program("olaf", "operator")
    streams = [owner.stream("GET", f"{PREFIX}/log/events", headers=otto) for _ in range(MOST_FOLLOWING)]
    opened = [stream.__enter__() for stream in streams]
    try:
        heard = [answer.iter_lines() for answer in opened]  # kept: one that is forgotten ends its stream
        began = [next(lines) for lines in heard]
        refused = owner.get(f"{PREFIX}/log/events?seconds=1", headers=otto)
        other = owner.get(f"{PREFIX}/log/events?seconds=1", headers=again)
    finally:
        for stream in streams:
            stream.__exit__(None, None, None)

    assert (len(began), refused.status_code, refused.json()["type"]) == (
        MOST_FOLLOWING, 429, "urn:sealgate:problem:too-many-followers",
    )  # fmt: skip
    assert other.status_code == 200
    wait_until(
        lambda: owner.get(f"{PREFIX}/log/events?seconds=1", headers=otto).status_code == 200, "the places are free"
    )


def test_a_head_takes_no_place(owner: httpx.Client, agent: StandIn) -> None:
    heads = {owner.head(f"{PREFIX}/log/events").status_code for _ in range(MOST_FOLLOWING + 2)}

    assert heads == {200}


def test_who_was_locked_out_meanwhile_sees_no_more_lines(
    gateway: Gateway, owner: httpx.Client, agent: StandIn, as_program: Callable[..., dict[str, str]]
) -> None:
    agent.answers["log-part"] = growing
    otto = as_program("otto", "operator")
    with owner.stream("GET", f"{PREFIX}/log/events", headers=otto) as stream:
        lines = stream.iter_lines()
        next(lines)
        people.lock(gateway, Actor("local:test"), "otto")
        rest = list(lines)  # ends long before the ten minutes of a stream

    assert rest[-1] == ""
