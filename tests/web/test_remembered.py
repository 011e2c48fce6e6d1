"""The page of a job that another process did: read from what the store keeps, and the same as before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.support.judged import DRILLED, FAILED, HELD, LATER, PASSED, REFUSED, REPLAYED, judging
from tests.support.web_site import served
from tests.web.test_changing import ended
from tests.web.test_judged import words
from tests.web.test_lists import add

from sealgate.services.actor import Actor

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

ANN = Actor("local:ann", "web 127.0.0.1")
ACTS = {
    "/changes/check": {},
    "/changes/apply": {"comment": "it fails"},
    "/explain": {"client": "203.0.113.5", "recipient": "a@b.example, c@d.example", "sender": "<>", "of": "live"},
    "/mta/policy-test/run": {"of": "draft"},
    "/what-if/replay": {"count": "20"},
    "/what-if/drill": {"of": "draft"},
}


@pytest.fixture
def furnished(ann: httpx.Client, agent: StandIn) -> httpx.Client:
    agent.answers |= {"explain": REFUSED, "replay": REPLAYED, "drill": DRILLED}
    agent.answers["judge"] = judging(agent, FAILED, HELD, LATER, PASSED)
    add(ann, "policy-test")
    return ann


@pytest.mark.parametrize("path", ACTS)
def test_after_a_restart_the_page_of_a_job_says_the_same(
    gateway: Gateway, furnished: httpx.Client, tmp_path: Path, path: str
) -> None:
    started = furnished.post(path, data=ACTS[path])
    before = ended(furnished, started)

    with served(gateway, tmp_path / "again") as again, again.client("ann") as client:
        after = client.get(started.headers["location"]).text

    assert words(after) == words(before)


def test_after_a_restart_a_rehearsal_tells_its_failures(
    gateway: Gateway, furnished: httpx.Client, tmp_path: Path
) -> None:
    started = furnished.post("/changes/rehearse")
    ended(furnished, started)

    with served(gateway, tmp_path / "again") as again, again.client("ann") as client:
        told = words(client.get(started.headers["location"]).text)

    assert "Something stops an apply." in told
    assert "failed 1 not judged 1 passed 2" in told
    assert "Came it was accepted: 250 2.0.0 Ok: queued" in told
    assert PASSED.test in told


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [("explain", REFUSED, "The mail is refused. Decided at: client."), ("replay", REPLAYED, "3 envelopes would be")],
)
def test_a_job_that_a_program_started_has_its_page(
    site: WebSite, ann: httpx.Client, kind: str, value: Any, said: str
) -> None:
    job = site.site.jobs.start(kind, ANN, lambda _job: value, "203.0.113.5 to a@b.example")
    job.ended.wait(30)

    assert said in words(ann.get(f"/jobs/{job.id}").text)


def test_what_was_kept_in_an_unknown_shape_is_told_as_ended(site: WebSite, ann: httpx.Client) -> None:
    job = site.site.jobs.start("drill", ANN, lambda _job: {"of": "another version"})
    job.ended.wait(30)

    assert "It ended." in words(ann.get(f"/jobs/{job.id}").text)
