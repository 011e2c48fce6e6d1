"""On a real gateway, in a browser: what Explain answers becomes a test, which stops an apply until it is overridden."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.support.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page, Playwright

PASSWORD = "a sentence that nobody guesses"
DRAFT = (
    ("set", "my-hostname", "gw.example.test"),
    ("add", "relay-domain", "example.com"),
    ("set", "internal-relay-host", "198.51.100.25"),
    ("add", "black", "203.0.113.0/24", "--reason", "not you"),
)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    tmp_path.chmod(0o755)
    running = Trial(tmp_path)
    yield running
    running.close()


@pytest.fixture
def page(play: Playwright, trial: Trial, tmp_path: Path) -> Iterator[Page]:
    """A browser inside the trial gateway's own network, with the owner signed in."""
    wrapper = tmp_path / "browser"
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(trial.inside)} {CHROMIUM} "$@"\n')
    wrapper.chmod(0o755)
    link = re.search(r"https://\S+/welcome/\S+", trial.said_at_start())
    assert link
    browser = play.chromium.launch(executable_path=wrapper, args=FLAGS)
    address = link[0].replace("//localhost", "//127.0.0.1")
    context = browser.new_context(ignore_https_errors=True, base_url=address.partition("/welcome")[0])
    context.set_default_timeout(90_000)
    opened = context.new_page()
    opened.goto(address)
    opened.get_by_label("Name to sign in with").fill("olga")
    opened.get_by_label("Choose a password").fill(PASSWORD)
    opened.get_by_label("The same password again").fill(PASSWORD)
    opened.get_by_role("button", name="Save and sign in").click()
    opened.wait_for_url("**/")
    yield opened
    browser.close()


def press(page: Page, name: str) -> None:
    page.locator("main").get_by_role("button", name=name, exact=True).first.click()


def seen(page: Page, text: str) -> None:
    """Wait until a text is on the page; a rehearsal on a busy machine takes its time."""
    expect(page.get_by_text(text)).to_be_visible(timeout=90_000)


@pytest.mark.flow
def test_what_explain_answers_becomes_a_test_that_stops_what_breaks_it(trial: Trial, page: Page) -> None:
    for words in DRAFT:
        trial.sealgate(*words)
    page.goto("/explain?recipient=info@example.com")
    press(page, "Explain")
    seen(page, "The mail is refused.")
    expect(page.get_by_role("link", name="Static black-list: 203.0.113.0/24")).to_be_visible()
    page.get_by_role("link", name="Make a policy test of this").click()
    page.locator("#f-name").fill("banned")
    press(page, "Add to the draft")
    page.get_by_role("button", name="Run banned").click()
    seen(page, "The test passed.")
    page.goto("/changes")
    page.locator("#apply-comment").fill("with a test")
    press(page, "Rehearse and apply")
    seen(page, "In force is now:")

    trial.sealgate("remove", "black", "203.0.113.0/24")
    page.goto("/changes")
    press(page, "Rehearse")
    seen(page, "Something stops an apply.")
    page.goto("/changes")
    seen(page, "1 test failed in the last rehearsal of this draft.")
    page.locator("#apply-comment").fill("they are welcome now")
    page.get_by_text("Apply in spite of failed tests").click()
    page.get_by_label("Apply in spite of this").check()
    page.get_by_label("Why is this failure acceptable?").fill("a contract was signed")
    press(page, "Rehearse and apply")
    seen(page, "In force is now:")

    report = trial.sealgate("show", "report", "3")
    assert "a contract was signed (olga)" in report
