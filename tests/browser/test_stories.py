"""What a postmaster does with the pages in a real browser; the same stories with script and without."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from sealgate.link.messages import Outcome, State
from sealgate.services import changes, invitations, rows
from sealgate.services.actor import Actor
from sealgate.web.sign_in import identify

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.browser.conftest import Open
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

ANN = Actor("local:ann")
both = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


def field(page: Page, label: str, text: str) -> None:
    page.get_by_label(label, exact=False).first.fill(text)


def press(page: Page, name: str) -> None:
    page.locator("main").get_by_role("button", name=name, exact=True).first.click()


@both
def test_the_first_use_from_the_set_up_link_to_an_applied_revision(
    gateway: Gateway, site: WebSite, opened: Open, script: bool
) -> None:
    site.site.identify = identify
    link = invitations.set_up_link(gateway, Actor.local("root"))
    page = opened(f"/welcome/{link.text}", script=script, person="")
    field(page, "Name to sign in with", "olga")
    page.get_by_label("Choose a password").fill("a sentence that nobody guesses")
    page.get_by_label("The same password again").fill("a sentence that nobody guesses")
    press(page, "Save and sign in")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()

    page.goto("/mta/config")
    page.get_by_label("Add a relay domain").fill("example.com")
    page.locator("form", has=page.get_by_label("Add a relay domain")).get_by_role("button").click()
    page.goto("/mta/config")
    page.locator("#f-my-hostname").fill("gw.example.com")
    page.locator("#f-internal-relay-host").fill("mx.internal.example")
    press(page, "Save in the draft")
    page.get_by_role("link", name="Review and apply").click()
    page.locator("#apply-comment").fill("mail for example.com goes to our server")
    press(page, "Rehearse and apply")

    expect(page.get_by_text("In force is now:")).to_be_visible()
    assert changes.history(gateway, ANN).revisions[0].comment == "mail for example.com goes to our server"


@both
def test_a_row_is_added_changed_removed_and_put_back(gateway: Gateway, opened: Open, script: bool) -> None:
    page = opened("/mta/black", script=script)
    page.get_by_role("link", name="Add", exact=True).click()
    page.locator("#f-client").fill("192.168.88")
    page.locator("#f-reason").fill("no spam please")
    press(page, "Add to the draft")
    page.get_by_role("link", name="192.168.88.0/24").click()
    page.locator("#f-reason").fill("still no spam")
    press(page, "Save in the draft")
    expect(page.get_by_role("cell", name="still no spam")).to_be_visible()
    page.get_by_label("Tick 192.168.88.0/24").check()
    press(page, "Remove")
    expect(page.get_by_text("1 row removed from the draft.")).to_be_visible()
    press(page, "Undo")

    expect(page.get_by_role("cell", name="still no spam")).to_be_visible()
    assert rows.listing(gateway, ANN, "black").total == 1


@both
def test_a_fault_is_shown_at_its_field_and_can_be_corrected(opened: Open, script: bool) -> None:
    page = opened("/mta/network/add", script=script)
    page.locator("#f-network").fill("192.168.1.1/24")
    press(page, "Add to the draft")
    expect(page.locator("#f-network-problem")).to_contain_text("192.168.1.0/24")
    page.locator("#f-network").fill("192.168.1.0/24")
    press(page, "Add to the draft")

    expect(page.get_by_role("link", name="192.168.1.0/24")).to_be_visible()


@both
def test_who_was_slower_sees_both_sides(gateway: Gateway, opened: Open, script: bool) -> None:
    rows.add(gateway, ANN, "black", {"client": "192.0.2.1", "reason": "first"})
    slow = opened("/mta/black/row?key=192.0.2.1", script=script)
    rows.change(gateway, Actor("local:bob"), "black", "192.0.2.1", {"reason": "of bob"})
    slow.locator("#f-reason").fill("of ann")
    press(slow, "Save in the draft")
    expect(slow.get_by_role("alert")).to_contain_text("of bob")
    press(slow, "Save in the draft")

    expect(slow.get_by_role("cell", name="of ann")).to_be_visible()


@both
def test_a_revision_on_watch_counts_down_and_is_kept_by_one_button(agent: StandIn, opened: Open, script: bool) -> None:
    until = time.time() + 600
    agent.answers["apply"] = lambda question, _talk: Outcome(
        State.ON_WATCH, question.revision, question.digest[:16], "Applied for 10 minutes.", watch_until=until
    )
    agent.answers["status"] = lambda _question, _talk: agent.status(
        **({"state": State.ON_WATCH, "watch_until": until} if agent.outcome else {})
    )
    agent.answers["confirm"] = lambda question, _talk: Outcome(State.CONFIRMED, question.revision, "r", "Kept.")
    page = opened("/mta/black/add", script=script)
    page.locator("#f-client").fill("192.0.2.1")
    press(page, "Add to the draft")
    page.get_by_role("link", name="Review and apply").click()
    page.locator("#apply-comment").fill("for ten minutes")
    page.locator("#minutes").fill("10")
    press(page, "Rehearse and apply")
    expect(page.get_by_text("Revision 1 is on watch.")).to_be_visible()
    agent.answers["status"] = lambda _question, _talk: agent.status()
    page.get_by_role("button", name="Keep revision 1").click()

    expect(page.get_by_text("The revision is kept.")).to_be_visible()


def test_the_countdown_runs_by_itself_with_a_script(agent: StandIn, opened: Open) -> None:
    until = time.time() + 600
    agent.answers["status"] = lambda _question, _talk: agent.status(state=State.ON_WATCH, watch_until=until, revision=1)
    page = opened("/mta/black")

    expect(page.locator("[data-countdown]")).to_contain_text(re.compile(r"9 min 5\d s"))


@both
def test_own_lines_are_edited(opened: Open, script: bool) -> None:
    page = opened("/mta/config-file", script=script)
    page.locator("#text").fill("# ours\nsmtpd_banner = $myhostname ESMTP\n")
    press(page, "Save in the draft")

    expect(page.locator("#text")).to_have_value("# ours\nsmtpd_banner = $myhostname ESMTP\n")
    expect(page.locator("ol.whole")).to_contain_text("smtpd_banner = $myhostname ESMTP")


def test_one_box_ticks_all_rows(gateway: Gateway, opened: Open) -> None:
    for number in range(3):
        rows.add(gateway, ANN, "white", {"client": f"192.0.2.{number}"})
    page = opened("/mta/white")
    page.get_by_label("Tick all rows of this page").check()
    press(page, "Disable")

    expect(page.get_by_text("3 rows disabled.")).to_be_visible()


def test_the_slash_key_goes_to_the_search(opened: Open) -> None:
    page = opened("/")
    page.keyboard.press("/")
    page.keyboard.type("hostname")
    page.keyboard.press("Enter")

    expect(page.get_by_role("link", name="My hostname")).to_be_visible()


def test_the_first_tab_stop_leads_to_the_content(opened: Open) -> None:
    page = opened("/mta/black")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "main"


@both
def test_the_menu_opens_on_a_phone(opened: Open, script: bool) -> None:
    page = opened("/", script=script, width=390)
    page.get_by_role("link", name="Menu", exact=True).click()
    page.get_by_role("link", name="Transports", exact=True).click()

    expect(page.get_by_role("heading", name="Transports", level=1)).to_be_visible()


@both
def test_chosen_colours_stay(opened: Open, script: bool) -> None:
    page = opened("/history", script=script)
    page.get_by_label("Colours").select_option("dark")
    if not script:
        page.get_by_role("button", name="Set").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("heading", name="History", level=1)).to_be_visible()


@both
def test_choosing_colours_keeps_what_a_page_was_asked(opened: Open, script: bool) -> None:
    page = opened("/mta/transport?q=example", script=script)
    page.get_by_label("Colours").select_option("dark")
    if not script:
        page.get_by_role("button", name="Set").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page).to_have_url(re.compile(r"/mta/transport\?q=example$"))


@both
def test_a_removal_meets_a_change_in_place_and_an_earlier_version_is_brought_back(
    gateway: Gateway, opened: Open, script: bool
) -> None:
    rows.add(gateway, ANN, "black", {"client": "192.0.2.1", "reason": "first"})
    with gateway.store.writing("local:ann") as writer:
        writer.promote(writer.candidate().candidate, "one", {}, state="confirmed")
    page = opened("/mta/black/row?key=192.0.2.1", script=script)
    rows.change(gateway, Actor("local:bob"), "black", "192.0.2.1", {"reason": "meanwhile"})
    press(page, "Remove")

    expect(page.get_by_role("alert").filter(has_text="It was not removed.")).to_contain_text("meanwhile")
    press(page, "Remove it all the same")
    expect(page.get_by_text("1 row removed from the draft.")).to_be_visible()
    page.goto("/mta/black/history?key=192.0.2.1")
    page.get_by_role("button", name="Bring this version back: revision 1").click()

    expect(page.locator("#f-reason")).to_have_value("first")
    assert rows.listing(gateway, ANN, "black").total == 1
