"""Verdicts on the pages: the review, overriding a failed test, the page of an apply that was refused, the revision."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.support.hostile import HOSTILE, RAW
from tests.support.judged import FAILED, HELD, LATER, OPEN_RELAY, PASSED, judging
from tests.web.test_changing import ended
from tests.web.test_lists import add

from sealgate.model.errors import NodeUnreachable
from sealgate.model.findings import Place, error
from sealgate.services import auditing, rows
from sealgate.services.actor import ALL_RIGHTS, Actor, Right

if TYPE_CHECKING:
    import httpx
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

ANN = Actor("local:ann")
ALL = (FAILED, LATER, PASSED, HELD)
NAME = f"{FAILED.promise}: {FAILED.test}"


def words(page: str) -> str:
    """Return the text of a page's main part, without markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", page[page.index("<main") :]).split())


def rehearsed(client: httpx.Client, agent: StandIn, *verdicts: object) -> str:
    """Change the draft and rehearse it; return the page that tells how that ended."""
    agent.answers["judge"] = judging(agent, *(verdicts or ALL))  # type: ignore[arg-type]
    add(client, "black")
    return ended(client, client.post("/changes/rehearse"))


def applied(client: httpx.Client, **fields: str) -> httpx.Response:
    return client.post("/changes/apply", data={"comment": "for a test", **fields})


def test_a_rehearsal_tells_what_was_tried_expected_and_came_and_what_to_change(
    ann: httpx.Client, agent: StandIn
) -> None:
    page = rehearsed(ann, agent)

    assert "Something stops an apply." in page
    told = words(page)
    for text in ("Tried from 203.0.113.5", "Expected reject 554", "Came it was accepted", "postfix/smtpd[1]"):
        assert text in told
    assert '<a href="/mta/policy-test/row?key=outside">' in page


def test_failed_tests_come_first_and_what_passed_is_folded(ann: httpx.Client, agent: StandIn) -> None:
    page = rehearsed(ann, agent)

    assert page.index("it was accepted") < page.index("outside the rehearsal") < page.index(PASSED.test)
    assert re.search(rf'(?s)<details class="promises"><summary>4 tests.*{PASSED.test}.*</details>', page)


def test_tests_are_counted_by_how_they_came_out(ann: httpx.Client, agent: StandIn) -> None:
    assert "failed 1 not judged 1 passed 2" in words(rehearsed(ann, agent))


def test_the_review_keeps_the_rehearsal_of_the_draft_as_it_is(ann: httpx.Client, agent: StandIn) -> None:
    rehearsed(ann, agent)

    told = words(ann.get("/changes").text)

    assert "1 test failed in the last rehearsal of this draft" in told
    assert "Full rehearsal: mail was sent through the draft." in told
    assert "Came it was accepted" in told


def test_a_revision_tells_later_what_was_tried_in_each_test_that_passed(ann: httpx.Client, agent: StandIn) -> None:
    new = rehearsed(ann, agent, PASSED, HELD)
    ended(ann, applied(ann))

    kept = ann.get("/history/1").text

    promises = r'(?s)<details class="promises">.*?</ul>\s*</details>'
    assert f"{PASSED.tried} → {PASSED.came}" in words(kept)
    assert [words(f"<main{one}") for one in re.findall(promises, kept)] == [
        words(f"<main{one}") for one in re.findall(promises, new)
    ]


def test_a_draft_that_went_on_is_not_shown_as_rehearsed(ann: httpx.Client, agent: StandIn) -> None:
    rehearsed(ann, agent)
    add(ann, "white")

    told = words(ann.get("/changes").text)

    assert "The draft was not rehearsed as it is now." in told
    assert "it was accepted" not in told


def test_before_anything_judged_the_draft_nothing_is_shown_as_judged(ann: httpx.Client) -> None:
    add(ann, "black")  # the agent is down

    told = words(ann.get("/changes").text)

    assert "The draft was not judged yet." in told
    assert "passed" not in told


def test_the_review_says_who_may_newly_do_what(ann: httpx.Client, agent: StandIn) -> None:
    page = rehearsed(ann, agent)

    assert "Clients 10.9.0.0/24 may newly send mail to" in words(page)


def test_a_draft_that_passed_is_told_so(ann: httpx.Client, agent: StandIn) -> None:
    page = rehearsed(ann, agent, PASSED)

    assert "Nothing failed: this can go live." in page
    assert "nothing failed" in words(ann.get("/changes").text)


def test_what_is_live_is_rehearsed_too(ann: httpx.Client, agent: StandIn) -> None:
    add(ann, "black")
    ended(ann, applied(ann))
    agent.answers["judge"] = judging(agent, FAILED)

    page = ended(ann, ann.post("/changes/rehearse", data={"of": "live"}))

    assert "Something stops an apply." in page
    assert "what is live" in words(page)


def test_a_rehearsal_without_the_agent_says_that_nothing_was_rehearsed(ann: httpx.Client) -> None:
    add(ann, "black")

    page = ended(ann, ann.post("/changes/rehearse"))

    assert "Nothing could be rehearsed." in page
    assert "sealgate up" in page


def test_texts_of_strangers_in_verdicts_are_text(ann: httpx.Client, agent: StandIn) -> None:
    pages = [rehearsed(ann, agent, FAILED, OPEN_RELAY), ann.get("/changes").text]

    assert [raw for raw in RAW for page in pages if raw in page] == []
    assert "&lt;script&gt;" in pages[0]


# -- overriding


def test_a_failed_test_can_be_overridden_with_a_reason(gateway: Gateway, ann: httpx.Client, agent: StandIn) -> None:
    rehearsed(ann, agent)
    assert f'value="{NAME}"' in ann.get("/changes").text

    page = ended(ann, applied(ann, **{"override.0": NAME, "reason.0": "the office moved"}))

    assert "In force is now" in page
    told = words(ann.get("/history/1").text)
    assert "Applied in spite of failed tests" in told
    assert f"{NAME} the office moved ann" in told
    assert "override" in [entry.verb for entry in auditing.newest(gateway, ANN)]


def test_an_override_without_a_reason_is_asked_for_at_its_place(ann: httpx.Client, agent: StandIn) -> None:
    rehearsed(ann, agent)

    answer = applied(ann, **{"override.0": NAME, "reason.0": " "})

    assert answer.status_code == 422
    assert "An override needs a reason." in answer.text
    assert re.search(r'<details class="override" id="override" open>', answer.text)
    assert re.search(r'name="override.0" value="[^"]*" checked', answer.text)


def test_a_reason_alone_overrides_nothing(ann: httpx.Client, agent: StandIn) -> None:
    rehearsed(ann, agent)

    assert "Nothing was applied." in ended(ann, applied(ann, **{"reason.0": "because"}))


def test_that_a_stranger_can_relay_is_never_offered(ann: httpx.Client, agent: StandIn) -> None:
    rehearsed(ann, agent, OPEN_RELAY)

    page = ann.get("/changes").text

    assert 'name="override.' not in page
    assert "Nobody can override this" in page


def test_that_a_stranger_can_relay_is_never_overridden_even_if_somebody_asks(
    gateway: Gateway, ann: httpx.Client, agent: StandIn
) -> None:
    rehearsed(ann, agent, OPEN_RELAY)
    name = f"{OPEN_RELAY.promise}: {OPEN_RELAY.test}"

    page = ended(ann, applied(ann, **{"override.0": name, "reason.0": "please"}))

    assert "cannot be overridden" in page
    with gateway.store.reading() as reader:
        assert reader.newest == 0


def test_who_has_not_the_right_is_not_offered_it_and_is_refused(
    site: WebSite, ann: httpx.Client, agent: StandIn
) -> None:
    rehearsed(ann, agent)
    site.people.known["carl"] = Actor("local:carl", "web", ALL_RIGHTS - {Right.OVERRIDE})

    with site.client("carl") as carl:
        page = carl.get("/changes").text
        answer = applied(carl, **{"override.0": NAME, "reason.0": "because"})

    assert ('name="override.' in page, "the right “override”" in page) == (False, True)
    assert answer.status_code == 403


def test_the_next_apply_starts_without_the_override(ann: httpx.Client, agent: StandIn) -> None:
    rehearsed(ann, agent)
    ended(ann, applied(ann, **{"override.0": NAME, "reason.0": "the office moved"}))
    add(ann, "white")

    assert "Nothing was applied." in ended(ann, applied(ann))


# -- an apply that was refused


def test_the_page_of_a_refused_apply_tells_what_failed_and_the_remedy(ann: httpx.Client, agent: StandIn) -> None:
    agent.answers["judge"] = judging(agent, *ALL)
    add(ann, "black")

    page = ended(ann, applied(ann))
    told = words(page)

    assert "Nothing was applied." in told
    assert told.count("it was accepted: 250 2.0.0 Ok: queued") == 1  # once, as the test, not as a finding again
    assert "To change policy-test outside" in told
    assert 'href="/changes#override"' in page


def test_an_error_that_is_no_test_is_told_as_a_finding(ann: httpx.Client, agent: StandIn) -> None:
    agent.findings = (error("x", Place("black", "k"), "This is bad.", "Because.", "Do that.").to_json(),)
    agent.answers["judge"] = judging(agent, PASSED)
    add(ann, "black")

    told = words(ended(ann, applied(ann)))

    assert "This is bad." in told
    assert "Do that." in told


def test_a_refusal_for_another_reason_does_not_show_an_old_rehearsal(ann: httpx.Client, agent: StandIn) -> None:
    rehearsed(ann, agent, PASSED)
    agent.answers["judge"] = NodeUnreachable("The agent is gone.")

    page = ended(ann, applied(ann))

    assert PASSED.test not in page


# -- overview


def test_the_overview_tells_of_the_rehearsal_of_the_draft(ann: httpx.Client, agent: StandIn) -> None:
    rehearsed(ann, agent)

    told = words(ann.get("/").text)

    assert re.search(r"1 test failed The draft was rehearsed as it is now, at \d{4}-", told)
    assert "Policy tests that failed last: outside" in told


@pytest.mark.parametrize("passed", [True, False])
def test_the_overview_tells_of_the_last_night(gateway: Gateway, ann: httpx.Client, passed: bool) -> None:
    with gateway.writing(ANN) as writer:
        writer.take_job("nightly", "revision 3", "here", 60)
        writer.finish_job("nightly", "here", {"passed": passed, "text": f"12 passed {HOSTILE}"})

    page = ann.get("/").text

    assert re.search(rf"{'passed' if passed else 'did not pass'} What is live was rehearsed by itself at", words(page))
    assert "<script>alert" not in page


def test_the_overview_of_a_new_gateway_says_that_there_was_no_night_yet(ann: httpx.Client) -> None:
    told = words(ann.get("/").text)

    assert "there was no such night yet" in told
    assert "There is no result of a policy test yet." in told


def test_the_draft_that_is_live_needs_no_rehearsal(gateway: Gateway, ann: httpx.Client, agent: StandIn) -> None:
    rows.add(gateway, ANN, "black", {"client": "192.0.2.1"})
    ended(ann, applied(ann))

    assert "there is nothing to rehearse" in words(ann.get("/").text)


def test_without_changes_the_review_still_tells_what_is_known_of_what_is_live(
    ann: httpx.Client, agent: StandIn
) -> None:
    rehearsed(ann, agent)
    ended(ann, applied(ann, **{"override.0": NAME, "reason.0": "the office moved"}))

    told = words(ann.get("/changes").text)

    assert "there is nothing to apply" in told
    assert "Came it was accepted" in told
    assert "Apply in spite of failed tests" not in told
