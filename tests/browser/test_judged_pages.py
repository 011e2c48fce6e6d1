"""Verdicts, explanations, policy tests and what-if answers in a browser: usable by everybody; the story of one test.

All answers have long names and texts of strangers in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.browser.test_every_page import in_both_colours
from tests.browser.test_stories import both, press
from tests.support.judged import (
    ACCEPTED,
    DRILLED,
    FAILED,
    HELD,
    LATER,
    LONG,
    OPEN_RELAY,
    PASSED,
    REFUSED,
    REPLAYED,
    judging,
)

from sealgate.link.messages import Grade
from sealgate.services import applying, rows
from sealgate.services import judging as judging_service
from sealgate.services.actor import Actor

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.browser.conftest import Open
    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway

ANN = Actor("local:ann")
PLACES = (
    "/explain?name=x&listed=zen.example.net",
    "/mta/policy-test",
    "/mta/policy-test/add",
    "/what-if",
    "/changes",
    "/",
)
TEST = {"client": "203.0.113.5", "sender": f"a@{LONG}", "recipients": [f"c@{LONG}"], "expect": "reject"}


@pytest.fixture
def judged(gateway: Gateway, agent: StandIn) -> Gateway:
    """A gateway whose draft was rehearsed and failed, and whose agent answers every question."""
    rows.add(gateway, ANN, "policy-test", TEST | {"name": "outside"}, comment="a comment " * 10)
    rows.add(gateway, ANN, "policy-test", TEST | {"name": "inside", "expect": "next-hop", "next_hop": f"[{LONG}]:25"})
    applying.apply(gateway, ANN, "the first revision")
    rows.add(gateway, ANN, "network", {"network": "10.9.0.0/24"})
    agent.answers |= {"explain": REFUSED, "replay": REPLAYED, "drill": DRILLED}
    agent.answers["judge"] = judging(agent, FAILED, OPEN_RELAY, LATER, PASSED, HELD)
    judging_service.rehearse(gateway, ANN, Grade.FULL)
    return gateway


def ended(page: Page) -> None:
    expect(page.locator('[data-job="ended"]')).to_be_visible()


def asked(page: Page) -> list[str]:
    """Ask every question once; return the addresses of the answers."""
    found = []
    for path, button in (
        ("/explain?recipient=info@example.com&size=1024", "Explain"),
        ("/mta/policy-test", "Run all on the draft"),
        ("/changes", "Rehearse"),
        ("/what-if", "Replay"),
        ("/what-if", "Drill the draft"),
    ):
        page.goto(path)
        press(page, button)
        ended(page)
        found.append(page.url)
    page.goto("/changes")
    page.locator("#apply-comment").fill("it fails")
    press(page, "Rehearse and apply")
    ended(page)
    return [*found, page.url]


def test_what_is_judged_is_usable_by_everybody_on_any_window(judged: Gateway, opened: Open) -> None:
    page = opened("/")
    faults, wider = [], {}
    for path in [*PLACES, *asked(page)]:
        page.goto(path)
        for summary in page.locator("main details:not([open]) > summary").all():
            if summary.is_visible():
                summary.click()
        page.evaluate("scrollTo(0, 0)")
        faults += in_both_colours(page, path)
        for width in (390, 1024, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            if (over := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
                wider[path, width] = over

    assert (faults, wider) == ([], {})


@both
def test_a_question_becomes_a_policy_test_that_stops_an_apply_until_it_is_overridden(
    gateway: Gateway, agent: StandIn, opened: Open, script: bool
) -> None:
    agent.answers |= {"explain": REFUSED, "judge": judging(agent, FAILED)}
    page = opened("/explain?recipient=info@example.com", script=script)
    press(page, "Explain")
    page.get_by_role("link", name="Make a policy test of this").click()
    page.locator("#f-name").fill("outside")
    press(page, "Add to the draft")
    page.get_by_role("button", name="Run outside").click()
    expect(page.get_by_text("1 test failed. It stops an apply.")).to_be_visible()
    page.goto("/changes")
    page.locator("#apply-comment").fill("meant")
    page.get_by_text("Apply in spite of failed tests").click()
    page.get_by_label("Apply in spite of this").check()
    press(page, "Rehearse and apply")
    expect(page.get_by_text("An override needs a reason.")).to_be_visible()
    page.get_by_label("Why is this failure acceptable?").fill("the partner moved")
    press(page, "Rehearse and apply")
    expect(page.get_by_text("In force is now:")).to_be_visible()
    page.goto("/history/1")

    expect(page.get_by_role("heading", name="Applied in spite of failed tests")).to_be_visible()
    expect(page.get_by_text("the partner moved").first).to_be_visible()


def test_an_answer_that_was_accepted_shows_the_way_of_the_mail(agent: StandIn, opened: Open) -> None:
    agent.answers["explain"] = ACCEPTED
    page = opened("/explain?recipient=info@example.com")
    press(page, "Explain")

    expect(page.get_by_role("listitem").filter(has_text="with TLSv1.3")).to_be_visible()
