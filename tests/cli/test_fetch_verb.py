"""`sealgate fetch`: a list now, a trial, how all lists stand; and the history that `show` has."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from tests.support.published import ADDRESS

from sealgate.store import Ended, Fetch

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.support.published import Published

    from sealgate.services.gateway import Gateway

A, B = "192.0.2.0/24", "198.51.100.0/24"


@pytest.fixture
def cloud(fetching: Published, run: Run) -> Published:
    """The list, and a provider of the draft that is made of it."""
    fetching.says(A, B)
    run("add", "provider", "cloud", "--source", "url", "--address", ADDRESS)
    return fetching


def test_a_list_is_fetched_into_the_draft(run: Run, cloud: Published) -> None:
    said = run("fetch", "provider", "cloud")

    assert said.code == 0
    assert said.out.splitlines() == [
        "cloud: 2 networks added, 0 removed, 2 in all. The list is in the draft.",
        f"    + {A}",
        f"    + {B}",
    ]


def test_a_trial_stores_nothing(run: Run, cloud: Published) -> None:
    said = run("fetch", "provider", "cloud", "--try")

    assert (said.code, said.out.splitlines()[-1]) == (0, "Nothing was stored.")
    assert run("fetch", "provider", "--json").json[0]["state"] == "never"


def test_programs_get_what_came_of_it(run: Run, cloud: Published) -> None:
    answer = run("fetch", "provider", "cloud", "--json").json

    assert (answer["provider"], answer["ended"], answer["added"], answer["revision"]) == (
        "cloud",
        "draft",
        [A, B],
        None,
    )


def test_a_list_that_lost_too_much_ends_with_one(run: Run, cloud: Published) -> None:
    run("fetch", "provider", "cloud")
    run("change", "provider", "cloud", "--most-shrink", "10")
    cloud.says(A)
    said = run("fetch", "provider", "cloud")

    assert (said.code, "The old one stays" in said.out) == (1, True)


def test_a_source_that_fails_ends_with_three(run: Run, cloud: Published) -> None:
    cloud.fails()

    assert run("fetch", "provider", "cloud").code == 3
    assert run("fetch", "provider", "cloud", "--try").code == 3


def test_what_is_typed_by_hand_is_refused(run: Run) -> None:
    run("add", "provider", "cloud", "--networks", A)

    assert run("fetch", "provider", "cloud").code == 1


def test_history_and_state_are_shown(run: Run, cloud: Published) -> None:
    run("fetch", "provider", "cloud")
    history = run("show", "provider", "cloud", "--fetches")
    row = run("show", "provider", "cloud")

    assert "new list in the draft: 2 networks added" in history.out
    assert run("show", "provider", "cloud", "--fetches", "--json").json[0]["ended"] == "draft"
    assert "  State: good" in row.out.splitlines()


def test_all_lists_stand_in_a_table(run: Run, cloud: Published) -> None:
    run("add", "provider", "typed", "--networks", A)
    said = run("fetch", "provider").out

    assert ("never fetched yet" in said, "typed by hand" in said, ADDRESS in said) == (True, True, True)


def test_a_list_that_fails_for_long_is_told_by_status(run: Run, cloud: Published, gateway: Gateway) -> None:
    with gateway.store.writing("system:providers") as writer:
        at = dt.datetime.now(dt.UTC) - dt.timedelta(days=2)
        writer.keep_fetch("cloud", Fetch(Ended.FAILED, "No answer.", f"url {ADDRESS}", at=at))

    assert "! The list of cloud is not what its source says, since" in run("status").out
    assert run("status", "--json").json["troubled_lists"][0]["provider"] == "cloud"


def test_a_trial_needs_a_name(run: Run) -> None:
    assert run("fetch", "provider", "--try").code == 2


def test_a_pin_is_an_option(run: Run, cloud: Published) -> None:
    run("change", "provider", "cloud", "--pin", "--interval", "2h")

    assert run("show", "provider", "cloud", "--json").json[0]["fields"]["interval"] == 7200
    assert "pinned" in run("fetch", "provider", "cloud").err
