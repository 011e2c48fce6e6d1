"""The test buttons in a browser: pressed with and without a script, and their reports usable by everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.browser.test_every_page import against_the_rules, in_both_colours
from tests.browser.test_stories import ANN, both, press
from tests.support.published import ADDRESS

from sealgate.link.live_tests import LiveReport, Result, Section, Step
from sealgate.model.findings import Place, warning
from sealgate.services import rows, settings

if TYPE_CHECKING:
    from tests.browser.conftest import Open
    from tests.support.control_half import StandIn
    from tests.support.published import Published

    from sealgate.services.gateway import Gateway

LONG = "x" * 60 + "." + "y" * 60 + ".example.com"
STEPS = tuple(
    Step(f"step {result.value}", result, f"{LONG} said something.", (f"250-{LONG * 3}",) * 5, {"names": LONG}, 0.1)
    for result in Result
)
REPORT = LiveReport(
    "t",
    Result.DOUBT,
    f"{LONG} cannot be used.",
    "Do this.",
    tuple(Section(f"{LONG} [192.0.2.1]:25", result, f"{LONG}.", "Do that.", STEPS) for result in Result),
    (warning("x", Place("setting", "my-hostname"), f"{LONG} is wrong.", "", "Do it.").to_json(),),
    (f"HELO name: {LONG}",),
    1.0,
)

WIDER = """[...document.querySelectorAll('*')].filter(one => one.getBoundingClientRect().right > innerWidth)
    .map(one => one.outerHTML.slice(0, 120))"""


@pytest.fixture
def furnished(gateway: Gateway, agent: StandIn) -> Gateway:
    settings.set_value(gateway, ANN, "internal-relay-host", "mail.example.com")
    rows.add(gateway, ANN, "rbl", {"zone": LONG})
    agent.answers.update({"test-next-hop": REPORT, "test-list": REPORT, "dns-picture": REPORT})
    return gateway


@both
def test_a_relay_host_and_a_list_are_tested_by_a_button(furnished: Gateway, opened: Open, script: bool) -> None:
    page = opened("/mta/config", script=script)
    press(page, "Test Internal relay host")
    expect(page.locator('[data-job="ended"]')).to_be_visible()
    expect(page.get_by_text("cannot be used.").first).to_be_visible()
    page.get_by_role("link", name="Back", exact=True).click()
    expect(page.get_by_role("heading", name="MTA configuration")).to_be_visible()

    page.goto("/mta/rbl")
    press(page, f"Test {LONG}")
    expect(page.locator('[data-job="ended"]')).to_be_visible()


def test_reports_are_usable_by_everybody_and_no_wider_than_a_phone(furnished: Gateway, opened: Open) -> None:
    page = opened("/mta/config", width=390)
    press(page, "Look at DNS")
    expect(page.locator('[data-job="ended"]')).to_be_visible()
    faults = in_both_colours(page, "the report")
    wide = [] if page.evaluate("document.documentElement.scrollWidth <= innerWidth") else page.evaluate(WIDER)
    for path in ("/mta/config", "/mta/rbl"):
        page.goto(path)
        faults += in_both_colours(page, path)

    assert (faults, wide) == ([], [])


def test_a_source_is_tried_then_added_and_fetched(fetching: Published, gateway: Gateway, opened: Open) -> None:
    fetching.says("192.0.2.0/24", "198.51.100.0/24")
    page = opened("/mta/provider", width=390)
    page.get_by_role("link", name="Google Workspace").click()
    page.locator("#f-source").select_option("url")
    page.get_by_text("Fields of other sources").click()
    page.locator("#f-address").fill(ADDRESS)
    page.locator("#f-name").fill("cloud")
    press(page, "Try this source")
    expect(page.get_by_text("2 networks: 2 would be added, 0 removed.")).to_be_visible()
    faults = against_the_rules(page)
    assert rows.listing(gateway, ANN, "provider").total == 0

    press(page, "Add a provider with this source")
    expect(page.locator("#f-name")).to_have_value("cloud")
    press(page, "Add to the draft")
    page.get_by_role("link", name="cloud").click()
    press(page, "Fetch now")
    expect(page.get_by_text("The list is in the draft.")).to_be_visible()
    page.get_by_role("link", name="Back", exact=True).click()
    page.get_by_text("See the 2 networks").click()
    expect(page.get_by_text("198.51.100.0/24").first).to_be_visible()
    faults += against_the_rules(page)

    assert (faults, page.evaluate("document.documentElement.scrollWidth <= innerWidth")) == ([], True)
