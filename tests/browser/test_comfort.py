"""What a script adds: nothing reloads needlessly, the palette, the editors. Without it the same is done by forms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from tests.browser.test_every_page import against_the_rules

from sealgate.link.upkeep import LogLines
from sealgate.services import own_lines, rows
from sealgate.services.actor import Actor

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page
    from tests.browser.conftest import Open
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.link.upkeep import LogPart
    from sealgate.services.gateway import Gateway

ANN = Actor("local:ann")
STAYS = "document.body.dataset.stays = 'yes'"


def was_not_reloaded(page: Page) -> bool:
    return bool(page.evaluate("document.body.dataset.stays === 'yes'"))


def test_a_list_is_searched_changed_and_left_again_without_a_reload(gateway: Gateway, opened: Open) -> None:
    for number in range(120):
        rows.add(gateway, ANN, "white", {"client": f"192.0.2.{number}"})
    page = opened("/mta/white")
    page.evaluate(STAYS)
    search = page.locator("#q")
    search.press_sequentially("192.0.2.11", delay=20)
    expect(page.locator("tbody tr")).to_have_count(11)
    expect(search).to_be_focused()
    expect(search).to_have_value("192.0.2.11")
    expect(page).to_have_url(re.compile(r"q=192\.0\.2\.11$"))
    page.get_by_label("Tick 192.0.2.117").check()
    page.get_by_role("button", name="Disable").click()
    expect(page.locator("#done")).to_contain_text("1 row disabled.")
    expect(page.locator("tr.off")).to_have_count(1)
    expect(page.get_by_label("Tick 192.0.2.117")).not_to_be_checked()
    page.get_by_role("link", name="192.0.2.117").click()
    expect(page.locator("#main")).to_be_focused()
    expect(page).to_have_title(re.compile("192.0.2.117"))
    page.locator("#f-reason").fill("known")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.locator("#done")).to_contain_text("Saved in the draft.")
    expect(page.locator("#bar .pending")).to_contain_text("are not applied")
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("tbody tr")).to_have_count(20)
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(100)
    page.go_back()
    expect(page.locator("#f-reason")).to_have_value("known")

    assert was_not_reloaded(page)


def test_a_link_that_is_clicked_while_a_row_is_saved_is_followed_afterwards(gateway: Gateway, opened: Open) -> None:
    page = opened("/mta/network/add")
    page.evaluate(STAYS)
    page.locator("#f-network").fill("192.168.1.0/24")
    script = (
        "names => names.forEach(name => [...document.querySelectorAll('main button, nav a')]"
        ".find(one => one.textContent.trim() === name).click())"
    )
    page.evaluate(script, ["Add to the draft", "Add to the draft", "RBL"])
    expect(page.get_by_role("heading", level=1)).to_have_text("RBL")

    assert was_not_reloaded(page)
    assert rows.listing(gateway, ANN, "network").total == 1


def test_bad_news_is_shown_where_somebody_is(gateway: Gateway, site: WebSite, opened: Open) -> None:
    page = opened("/mta/network/add")
    page.evaluate(STAYS)
    page.locator("#f-network").fill("192.168.1.1/24")
    page.get_by_role("button", name="Add to the draft").click()
    expect(page.locator("#f-network-problem")).to_be_visible()
    expect(page.locator("#f-network")).to_be_focused()
    site.people.known.pop("ann")
    page.locator("#f-network").fill("192.168.1.0/24")
    page.get_by_role("button", name="Add to the draft").click()
    expect(page.locator("#fault")).to_be_visible()
    expect(page.locator("#f-network")).to_have_value("192.168.1.0/24")

    assert was_not_reloaded(page)
    page.get_by_role("link", name="RBL", exact=True).click()
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    assert rows.listing(gateway, ANN, "network").total == 0


def test_a_gateway_that_does_not_answer_is_told_and_what_was_typed_stays(gateway: Gateway, opened: Open) -> None:
    page = opened("/mta/black/add", lost=True)
    page.evaluate(STAYS)
    page.locator("#f-client").fill("192.0.2.1")
    page.context.set_offline(offline=True)
    page.get_by_role("button", name="Add to the draft").click()
    expect(page.get_by_role("alert")).to_contain_text("The gateway did not answer.")
    page.context.set_offline(offline=False)
    page.get_by_role("button", name="Add to the draft").click()
    expect(page.get_by_role("link", name="192.0.2.1")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)

    assert was_not_reloaded(page)


def test_a_job_is_followed_without_a_reload(gateway: Gateway, opened: Open) -> None:
    rows.add(gateway, ANN, "black", {"client": "192.0.2.1"})
    page = opened("/changes")
    page.evaluate(STAYS)
    page.locator("#apply-comment").fill("one client")
    page.get_by_role("button", name="Rehearse and apply").click()
    expect(page.get_by_text("In force is now:")).to_be_visible()
    expect(page.locator("#bar .pending")).to_have_count(0)

    assert was_not_reloaded(page)


def test_the_palette_leads_to_a_setting_and_a_row_by_keyboard_alone(gateway: Gateway, opened: Open) -> None:
    rows.add(gateway, ANN, "relay-domain", {"domain": "example.com"})
    page = opened("/history", colours="dark")
    page.evaluate(STAYS)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("option", name="Overview")).to_be_visible()
    assert against_the_rules(page) == []
    page.keyboard.type("my hostname")
    expect(page.locator("#palette li").first).to_contain_text("My hostname")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("MTA configuration")
    page.get_by_role("button", name="Go to").click()
    page.keyboard.type("example.com")
    expect(page.get_by_role("option", name="example.com")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#f-domain")).to_have_value("example.com")

    assert was_not_reloaded(page)


def test_own_lines_are_completed_explained_judged_and_saved(gateway: Gateway, agent: StandIn, opened: Open) -> None:
    page = opened("/mta/config-file")
    page.evaluate(STAYS)
    page.locator(".cm-content").click()
    page.keyboard.type("myh")
    expect(page.locator(".cm-completionInfo")).to_contain_text("My hostname")
    page.locator(".cm-tooltip-autocomplete li").first.click()
    page.keyboard.type("gw.example.com\nmyhostnam = x")
    expect(page.get_by_text("The first, in line 2: myhostnam is no parameter")).to_be_visible()
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    page.locator(".cm-line").get_by_text("myhostname").hover()
    expect(page.locator(".about")).to_contain_text("Takes")
    page.keyboard.press("Control+a")
    page.keyboard.type("myhostname = gw.example.com\n")
    expect(page.get_by_text("No findings.")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page.locator("#done")).to_contain_text("Saved in the draft.")
    expect(page.locator("ol.whole")).to_contain_text("myhostname = gw.example.com")
    expect(page.locator(".cm-editor.cm-focused")).to_be_visible()
    page.keyboard.press("Tab")

    assert was_not_reloaded(page)
    assert own_lines.show(gateway, ANN, "main-cf").text == "myhostname = gw.example.com\n"
    assert against_the_rules(page) == []
    assert not page.evaluate("!!document.activeElement.shadowRoot")


def test_a_table_and_a_list_as_text_have_their_findings_by_line(gateway: Gateway, opened: Open) -> None:
    rows.add(gateway, ANN, "lookup-table", {"name": "partners", "type": "hash", "content": "a.example encrypt\n"})
    page = opened("/mta/lookup-table/row?key=partners", colours="dark", width=390)
    page.locator("#f-text").fill("a.example\n")
    expect(page.get_by_text("The first, in line 1: The key a.example has no value.")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.goto("/mta/transport-config")
    page.locator("#text").fill("example.com smtp:[mx.example.net]:25\n.b.example nowhere to go:\nx y z\n")
    expect(page.locator(".editor-host ~ p[role=status]")).not_to_have_text("")

    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_edits_are_not_lost_by_a_click(opened: Open) -> None:
    page = opened("/mta/config-file")
    page.locator("#text").fill("biff = no\n")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="RBL", exact=True).click()
    expect(page.locator("#text")).to_have_value("biff = no\n")

    assert "not saved" in asked[0]


def test_the_log_goes_on_by_itself_until_it_is_paused_and_never_moves_who_reads_above(
    opened: Open, agent: StandIn
) -> None:
    written = [f"Nov 22 10:00:00 gw postfix/smtp[1]: line {number}" for number in range(300)]

    def part(question: LogPart, _talk: object) -> LogLines:
        at = int(question.after.partition(":")[2]) if question.after else 0
        return LogLines(tuple(written[at:]), f"1:{len(written)}", more=False)

    agent.answers["log-part"] = part
    page = opened("/")
    page.evaluate(STAYS)
    page.get_by_role("link", name="Log", exact=True).click()
    lines = page.locator("#log-lines")
    expect(lines).to_contain_text("line 299")
    page.evaluate("scrollTo(0, 500)")
    written.append("<b>one more</b>")
    expect(lines).to_contain_text("<b>one more</b>")
    assert page.evaluate("scrollY") == 500
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    written.append("at the end")
    expect(lines).to_contain_text("at the end")
    assert page.evaluate("document.documentElement.scrollHeight - innerHeight - scrollY") < 2
    page.get_by_role("button", name="Pause").click()
    asked = len(agent.asked)
    written.append("while paused")
    expect(page.get_by_role("status").filter(has_text="Paused")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(lines).to_contain_text("while paused")

    assert (len(agent.asked) > asked, was_not_reloaded(page), against_the_rules(page)) == (True, True, [])
