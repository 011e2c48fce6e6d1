"""Policy tests over the pages: the list, running them, and what became of each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.judged import FAILED, HELD, LATER, PASSED, judging
from tests.web.test_asking import ANN, link, query_of
from tests.web.test_changing import ended
from tests.web.test_judged import words
from tests.web.test_lists import GOOD, add

from sealgate.link.messages import Grade
from sealgate.services import rehearsals

if TYPE_CHECKING:
    import httpx
    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway


def policy_test(client: httpx.Client, name: str = "outside", **special: str) -> None:
    add(client, "policy-test", **{"name": name, **special})


def test_a_policy_test_is_listed_as_a_sentence(ann: httpx.Client) -> None:
    policy_test(ann)

    told = words(ann.get("/mta/policy-test").text)

    assert "from 203.0.113.5 mail a@b.example to c@d.example, e@d.example header" in told
    assert "reject 554 &#34;denied&#34;" in told
    assert "not run as it is now" in told


def test_running_all_tests_tells_how_each_came_out(ann: httpx.Client, agent: StandIn) -> None:
    policy_test(ann)
    policy_test(ann, "inside")
    agent.answers["judge"] = judging(agent, FAILED, HELD, PASSED)

    told = words(ended(ann, ann.post("/mta/policy-test/run", data={"of": "draft"})))

    assert "1 test failed. It stops an apply." in told
    assert "Came it was accepted: 250 2.0.0 Ok: queued" in told
    assert PASSED.test not in told  # no policy test


def test_the_last_result_stands_in_the_list(ann: httpx.Client, agent: StandIn) -> None:
    policy_test(ann)
    policy_test(ann, "inside")
    agent.answers["judge"] = judging(agent, FAILED, HELD)
    ended(ann, ann.post("/mta/policy-test/run", data={"of": "draft"}))

    told = words(ann.get("/mta/policy-test").text)

    assert re.search(r"failed on the draft, \d{4}-\d\d-\d\d \d\d:\d\d UTC it was accepted", told)
    assert re.search(r"passed on the draft, \d{4}-", told)


def test_one_test_is_run_by_its_button(ann: httpx.Client, agent: StandIn) -> None:
    policy_test(ann)
    policy_test(ann, "inside")
    agent.answers["judge"] = judging(agent, FAILED, HELD)

    told = words(ended(ann, ann.post("/mta/policy-test/run", data={"only": "inside", "key": "outside"})))

    assert "The test passed." in told
    assert "it was accepted" not in told


def test_after_a_change_of_the_draft_the_old_result_is_not_shown(ann: httpx.Client, agent: StandIn) -> None:
    policy_test(ann)
    agent.answers["judge"] = judging(agent, FAILED)
    ended(ann, ann.post("/mta/policy-test/run", data={"of": "draft"}))
    add(ann, "black")

    assert "not run as it is now" in words(ann.get("/mta/policy-test").text)


def test_a_result_of_what_is_live_is_shown_for_a_test_that_did_not_change(ann: httpx.Client, agent: StandIn) -> None:
    policy_test(ann, "inside")
    agent.answers["judge"] = judging(agent, HELD)
    ended(ann, ann.post("/changes/apply", data={"comment": "x"}))
    add(ann, "black")
    policy_test(ann, "outside")

    told = words(ann.get("/mta/policy-test").text)

    assert re.search(r"passed on what is live, \d{4}-", told)
    assert "not run as it is now" in told


def test_tests_that_could_not_be_held_are_no_success(ann: httpx.Client, agent: StandIn) -> None:
    policy_test(ann)

    told = words(ended(ann, ann.post("/mta/policy-test/run", data={"of": "draft"})))

    assert "No test was held" in told


def test_without_tests_running_them_says_so(ann: httpx.Client, agent: StandIn) -> None:
    assert "There are no policy tests" in ended(ann, ann.post("/mta/policy-test/run"))


def test_the_form_of_a_test_has_its_name_and_keeps_lines(ann: httpx.Client) -> None:
    policy_test(ann)

    page = ann.get("/mta/policy-test/row?key=outside").text

    assert re.search(r'name="name"[^>]*value="outside"', page)
    assert re.search(r"<textarea[^>]*name=\"headers\"[^>]*>Subject: x\nX-Y: z</textarea>", page)
    assert query_of(link(page, "/explain?"))["recipient"] == "c@d.example, e@d.example"


def test_results_of_the_draft_count_more_than_those_of_what_is_live(gateway: Gateway, ann: httpx.Client) -> None:
    assert rehearsals.known(gateway, ANN).tests == {}
    assert GOOD["policy-test"]["name"] == FAILED.test


def test_what_was_not_judged_is_no_success_of_a_test(gateway: Gateway, ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["judge"] = judging(agent, FAILED, HELD, LATER)
    policy_test(ann)
    ended(ann, ann.post("/changes/rehearse"))

    known = rehearsals.known(gateway, ANN)

    assert known.draft is not None
    assert known.draft.grade == Grade.FULL.value
    assert (sorted(known.tests), known.failing) == (["inside", "outside"], ["outside"])
