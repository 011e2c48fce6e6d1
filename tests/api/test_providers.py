"""Lists of providers over HTTP: how they stand, their history, a fetch and a trial as jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.api.conftest import PREFIX
from tests.api.test_long_work import ended
from tests.support.published import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from tests.support.control_half import StandIn
    from tests.support.published import Published

    from sealgate.services.gateway import Gateway

LIST = {"name": "cloud", "source": "url", "address": ADDRESS}


@pytest.fixture
def gateway(fetching: Published, directory: Path) -> Iterator[Gateway]:
    """A gateway that reaches the published list."""
    from sealgate.services.gateway import Gateway
    from sealgate.settings import Settings

    opened = Gateway.open(Settings.load(directory))
    yield opened
    opened.close()


def test_a_fetch_is_a_job_and_a_line_of_history(owner: httpx.Client, agent: StandIn, published: Published) -> None:
    published.says("192.0.2.0/24")
    owner.post(f"{PREFIX}/rows/provider", json={"fields": LIST})
    result = ended(owner, "/provider-fetches", name="cloud")["result"]
    history = owner.get(f"{PREFIX}/provider-fetches", params={"name": "cloud"}).json()
    row = owner.get(f"{PREFIX}/rows/provider/cloud").json()

    assert (result["ended"], result["added"], row["fields"]["networks"]) == (
        "draft",
        ["192.0.2.0/24"],
        ["192.0.2.0/24"],
    )
    assert [line["number"] for line in history] == [1]


def test_a_list_says_how_it_stands(owner: httpx.Client, agent: StandIn, published: Published) -> None:
    published.fails()
    owner.post(f"{PREFIX}/rows/provider", json={"fields": LIST})
    before = owner.get(f"{PREFIX}/provider-lists").json()[0]
    ended(owner, "/provider-fetches", name="cloud")
    after = owner.get(f"{PREFIX}/provider-lists").json()[0]

    assert (before["state"], before["last"], after["state"], after["last"]["ended"]) == (
        "never",
        None,
        "failed",
        "failed",
    )


def test_a_trial_shows_what_is_there_and_stores_nothing(
    owner: httpx.Client, agent: StandIn, published: Published
) -> None:
    published.says("192.0.2.0/24", "2001:db8::/48")
    result = ended(owner, "/provider-trials", fields={"source": "url", "address": ADDRESS})["result"]

    assert (result["count"], result["added"]) == (2, ["192.0.2.0/24", "2001:db8::/48"])
    assert owner.get(f"{PREFIX}/rows/provider").json()["total"] == 0


def test_a_trial_that_brings_nothing_is_a_problem_with_its_reason(
    owner: httpx.Client, agent: StandIn, published: Published
) -> None:
    published.fails()
    problem = ended(owner, "/provider-trials", fields={"source": "url", "address": ADDRESS})["problem"]

    assert (problem["status"], "503" in problem["detail"]) == (502, True)


def test_a_source_that_is_none_is_said_with_its_field(owner: httpx.Client, agent: StandIn) -> None:
    body = {"fields": {"source": "url", "address": "http://lists.example", "interval": "x"}}
    answer = owner.post(f"{PREFIX}/provider-trials", json=body)
    by_hand = ended(owner, "/provider-trials", fields={})["problem"]

    pointers = [error["pointer"] for error in answer.json()["errors"]]
    assert (answer.status_code, pointers) == (422, ["/fields/address", "/fields/interval"])
    assert [error["pointer"] for error in by_hand["errors"]] == ["/fields/source"]


def test_a_provider_that_is_not_there_is_not_fetched(owner: httpx.Client, agent: StandIn) -> None:
    assert owner.post(f"{PREFIX}/provider-fetches", json={"name": "nobody"}).status_code == 404


def test_a_provider_that_is_not_there_has_no_history(owner: httpx.Client, agent: StandIn) -> None:
    assert owner.get(f"{PREFIX}/provider-fetches", params={"name": "nobody"}).status_code == 404
