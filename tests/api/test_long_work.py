"""Long work over HTTP: 202 and a job, its steps as events, its result or its problem; whose it is."""

from __future__ import annotations

import json
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from tests.api.conftest import PREFIX, wait_for_jobs
from tests.support.accounts import person
from tests.support.answering_agent import RELEASE

from sealgate.api.jobs import job_json
from sealgate.link.messages import Outcome, State
from sealgate.model.errors import NodeFailed
from sealgate.model.findings import Place, error
from sealgate.services import people
from sealgate.services.actor import Actor
from sealgate.services.jobs import Job, WorkState

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway


def ended(client: httpx.Client, path: str, /, **body: Any) -> dict[str, Any]:
    """Start long work, and return its job when it has ended."""
    started = client.post(PREFIX + path, json=body)
    assert started.status_code == 202, started.text
    wait_for_jobs(client)
    job: dict[str, Any] = client.get(started.headers["location"]).json()
    assert job["ended"] is not None
    return job


def events(text: str) -> list[tuple[int, str, Any]]:
    """Read a stream of events: number, name, data."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(("retry", ":")))
        if lines:
            found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/checks", {}, "check"),
        ("/rehearsals", {"grade": "probe"}, "rehearse"),
        ("/explanations", {"client": "192.0.2.1", "recipient": "a@example.com"}, "explain"),
        ("/replays", {"count": 5}, "replay"),
        ("/drills", {"faults": ["dns"]}, "drill"),
    ],
)
def test_long_work_is_answered_with_a_job_at_once(
    owner: httpx.Client, agent: StandIn, path: str, body: dict[str, Any], kind: str
) -> None:
    started = owner.post(PREFIX + path, json=body)
    wait_for_jobs(owner)
    job = owner.get(started.headers["location"]).json()

    assert (started.status_code, started.headers["location"]) == (202, started.json()["address"])
    assert (job["kind"], job["state"], job["problem"]) == (kind, "done", None)
    assert job["result"] is not None


def test_a_job_without_a_body_needs_none(owner: httpx.Client, agent: StandIn) -> None:
    assert owner.post(f"{PREFIX}/checks").status_code == 202


def test_an_explanation_has_the_stages_and_what_decided(owner: httpx.Client, agent: StandIn) -> None:
    job = ended(owner, "/explanations", client="192.0.2.1", recipient="a@example.com")

    assert (job["result"]["opinion"], job["result"]["stages"][0]["name"]) == ("refused", "recipient")


def test_a_message_to_explain_comes_in_base64(owner: httpx.Client, agent: StandIn) -> None:
    bad = owner.post(f"{PREFIX}/explanations", json={"client": "192.0.2.1", "recipient": "a@b.c", "message": "?"})

    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/message")


def test_the_steps_of_a_job_come_as_events_and_its_end_is_the_last(owner: httpx.Client, agent: StandIn) -> None:
    job = ended(owner, "/drills", faults=[])

    answer = owner.get(job["events"])

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [(number, name) for number, name, _data in events(answer.text)] == [
        (2, "progress"), (3, "progress"), (4, "ended"),
    ]  # fmt: skip
    assert events(answer.text)[0][2] == {"number": 2, "text": "Laying out", "done": 2, "total": 2}
    assert events(answer.text)[-1][2]["state"] == "done"


def test_who_comes_back_gets_the_events_since(owner: httpx.Client, agent: StandIn) -> None:
    job = ended(owner, "/drills", faults=[])

    answer = owner.get(job["events"], headers={"last-event-id": "2"})

    assert [number for number, _name, _data in events(answer.text)] == [3, 4]


def held(agent: StandIn) -> Event:
    """Have drills end only when the event is set, and after 30 seconds at the latest."""
    go, answer = Event(), agent.answers["drill"]

    def wait(question: Any, talk: Any) -> Any:
        found = answer(question, talk)
        go.wait(30)
        return found

    agent.answers["drill"] = wait
    return go


def test_events_come_while_the_job_runs(owner: httpx.Client, agent: StandIn) -> None:
    go = held(agent)
    started = owner.post(f"{PREFIX}/drills", json={}).json()
    seen = ""
    with owner.stream("GET", started["events"]) as stream:
        for text in stream.iter_text():
            seen += text
            if "Trying" in seen:
                go.set()

    assert [name for _number, name, _data in events(seen)][-1] == "ended"


@pytest.mark.parametrize("goes_on", [True, False])
def test_who_was_locked_out_meanwhile_sees_no_more_events(
    owner: httpx.Client, agent: StandIn, gateway: Gateway, *, goes_on: bool
) -> None:
    go = held(agent)
    person(gateway, "other", "owner")
    started = owner.post(f"{PREFIX}/drills", json={}).json()
    seen = ""
    with owner.stream("GET", started["events"]) as stream:
        for text in stream.iter_text():
            seen += text
            if "Trying" in seen and not go.is_set():
                people.lock(gateway, Actor.local("test"), "olga")
                if not goes_on:
                    go.set()
    was_at_work = not go.is_set()
    go.set()

    assert ("ended" in [name for _number, name, _data in events(seen)], was_at_work) == (False, goes_on)


def test_a_job_that_failed_has_the_problem_that_an_answer_would_have(owner: httpx.Client, agent: StandIn) -> None:
    agent.answers["explain"] = NodeFailed("There is no room left.")

    job = ended(owner, "/explanations", client="192.0.2.1", recipient="a@example.com")

    assert (job["state"], job["problem"]["type"], job["problem"]["status"]) == (
        "failed", "urn:sealgate:problem:node-failed", 502,
    )  # fmt: skip
    assert "no room left" in job["problem"]["detail"]


def test_a_job_that_has_not_ended_says_nothing_of_its_end() -> None:
    job = Job("id", "check", "ann", outcome={"fault": {"kind": "NotFound", "text": "Gone."}}, state=WorkState.FAILED)
    before = job_json(job)
    job.ended.set()
    after = job_json(job)

    assert (before["state"], before["problem"], after["state"], after["problem"]["status"]) == (
        "running", None, "failed", 404,
    )  # fmt: skip


def test_an_apply_that_is_refused_says_by_which_findings_and_where(owner: httpx.Client, agent: StandIn) -> None:
    place = Place("network", "10.0.0.0/8", "network")
    agent.findings = (error("open-relay", place, "Anybody could relay.").to_json(),)
    owner.post(f"{PREFIX}/rows/network", json={"fields": {"network": "10.0.0.0/8"}})

    job = ended(owner, "/applications", comment="try")

    (finding,) = job["problem"]["findings"]
    assert (job["problem"]["status"], finding["code"]) == (409, "open-relay")
    assert (finding["address"], finding["pointer"]) == (f"{PREFIX}/rows/network/10.0.0.0%2F8", "/fields/network")


def test_an_apply_makes_a_revision_with_its_report(owner: httpx.Client, agent: StandIn) -> None:
    owner.post(f"{PREFIX}/rows/network", json={"fields": {"network": "10.0.0.0/8"}})

    job = ended(owner, "/applications", comment="office", keep_minutes=5, watch_minutes=0)

    revision = owner.get(f"{PREFIX}/revisions/1").json()
    (asked,) = [question for verb, question in agent.asked if verb == "apply"]
    assert (job["result"]["revision"], job["result"]["in_force"]) == (1, True)
    assert (revision["comment"], revision["in_force"], revision["actor"]) == ("office", True, "olga/test")
    assert (asked.keep_for, asked.watch_for) == (300, 0)
    assert owner.get(f"{PREFIX}/revisions/1/report").json()["grade"] == "full"


def test_an_override_needs_a_right_of_its_own(
    nobody: httpx.Client, agent: StandIn, as_program: Callable[..., dict[str, str]]
) -> None:
    body = {"comment": "try", "overrides": [{"test": "limits: size", "reason": "known"}]}

    answer = nobody.post(f"{PREFIX}/applications", json=body, headers=as_program("adam", "administrator"))

    assert (answer.status_code, "apply" in [verb for verb, _question in agent.asked]) == (403, False)


def test_an_apply_without_a_comment_is_not_begun(owner: httpx.Client, agent: StandIn) -> None:
    answer = owner.post(f"{PREFIX}/applications", json={"comment": ""})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/comment")


def test_a_revision_on_watch_is_kept(owner: httpx.Client, agent: StandIn) -> None:
    owner.post(f"{PREFIX}/rows/network", json={"fields": {"network": "10.0.0.0/8"}})
    ended(owner, "/applications", comment="office")
    agent.answers["confirm"] = Outcome(State.CONFIRMED, 1, RELEASE, "Kept.")

    answer = owner.post(f"{PREFIX}/confirmations", json={"revision": 1})

    assert (answer.status_code, answer.json()["text"]) == (200, "Kept.")


def test_a_rollback_is_a_job(owner: httpx.Client, agent: StandIn) -> None:
    agent.answers["rollback"] = Outcome(State.CONFIRMED, None, RELEASE, "Back.")

    assert ended(owner, "/rollbacks")["result"]["text"] == "Back."


def test_policy_tests_that_there_are_none_of_are_said_so(owner: httpx.Client, agent: StandIn) -> None:
    assert owner.post(f"{PREFIX}/policy-test-runs", json={}).status_code == 404


def test_what_can_be_told_before_long_work_is_told_before(owner: httpx.Client, agent: StandIn) -> None:
    mail = owner.post(f"{PREFIX}/explanations", json={"client": "x y", "recipient": "a@example.com"})
    rollback = owner.post(f"{PREFIX}/rollbacks", json={"revision": 99})

    assert (mail.status_code, mail.json()["errors"][0]["pointer"], rollback.status_code) == (422, "/client", 404)
    assert owner.get(f"{PREFIX}/jobs").json() == []


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/queries", {"table": "transport", "key": "a\0b"}, "/key"),
        ("/queries", {"table": "a b", "key": "c"}, "/table"),
        ("/resolutions", {"address": "a b"}, "/address"),
        ("/resolutions", {"address": "a@example.com", "sender": "b\0"}, "/sender"),
    ],
)
def test_a_question_that_cannot_be_asked_has_its_place(
    owner: httpx.Client, agent: StandIn, path: str, body: dict[str, str], pointer: str
) -> None:
    answer = owner.post(PREFIX + path, json=body)

    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])


def test_somebody_elses_job_is_not_there(
    owner: httpx.Client, agent: StandIn, as_program: Callable[..., dict[str, str]]
) -> None:
    job = ended(owner, "/checks")
    vera = as_program("vera")

    answers = [owner.get(job[part], headers=vera) for part in ("address", "events")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert owner.get(f"{PREFIX}/jobs", headers=vera).json() == []


def test_an_administrator_sees_everybodys_jobs(
    owner: httpx.Client, agent: StandIn, as_program: Callable[..., dict[str, str]]
) -> None:
    started = owner.post(f"{PREFIX}/checks", headers=as_program("vera")).json()

    assert owner.get(started["address"]).json()["actor"] == "vera/test"


def test_what_a_page_started_is_seen_over_the_api(
    owner: httpx.Client, agent: StandIn, as_page: Callable[..., dict[str, str]]
) -> None:
    page = owner.post("/changes/check", headers=as_page("petra") | {"authorization": ""}, follow_redirects=False)

    job = owner.get(PREFIX + page.headers["location"]).json()

    assert (page.status_code, job["kind"], job["actor"]) == (303, "check", "petra")


def test_a_job_whose_process_is_gone_is_interrupted(owner: httpx.Client, gateway: Gateway) -> None:
    with gateway.store.writing("olga") as writer:
        writer.begin_work("gone", holder="x", seconds=-1, kind="apply", owner="x", actor="olga", detail="")

    job = owner.get(f"{PREFIX}/jobs/gone").json()
    told = events(owner.get(f"{PREFIX}/jobs/gone/events").text)

    assert (job["state"], told[-1][1], told[-1][2]["state"]) == ("interrupted", "ended", "interrupted")


def test_without_the_agent_a_check_says_what_is_not_judged(owner: httpx.Client) -> None:
    result = ended(owner, "/checks")["result"]

    assert (result["passed"], result["report"]) == (False, None)
    assert result["findings"]


def test_without_the_agent_an_answer_says_so(owner: httpx.Client) -> None:
    answer = owner.post(f"{PREFIX}/queries", json={"table": "transport", "key": "example.com", "live": True})

    assert (answer.status_code, answer.json()["type"]) == (502, "urn:sealgate:problem:node-unreachable")


def test_a_draft_that_went_on_is_not_applied_with_the_etag_of_what_was_listed(
    owner: httpx.Client, agent: StandIn
) -> None:
    owner.post(f"{PREFIX}/rows/network", json={"fields": {"network": "10.0.0.0/8"}})
    seen = owner.get(f"{PREFIX}/changes").headers["etag"]
    owner.post(f"{PREFIX}/rows/network", json={"fields": {"network": "192.0.2.0/24"}})

    answer = owner.post(f"{PREFIX}/applications", json={"comment": "office"}, headers={"if-match": seen})

    assert (answer.status_code, "apply" in [verb for verb, _question in agent.asked]) == (412, False)


def test_a_draft_that_is_what_was_listed_is_applied(owner: httpx.Client, agent: StandIn) -> None:
    owner.post(f"{PREFIX}/rows/network", json={"fields": {"network": "10.0.0.0/8"}})
    seen = owner.get(f"{PREFIX}/changes").headers["etag"]

    started = owner.post(f"{PREFIX}/applications", json={"comment": "office"}, headers={"if-match": seen})
    wait_for_jobs(owner)

    assert (started.status_code, "apply" in [verb for verb, _question in agent.asked]) == (202, True)
