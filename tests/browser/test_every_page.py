"""Every page in both colours and on a phone: nothing against WCAG 2.2 AA, nothing wider than the window."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe_playwright_python
import pytest
from tests.support.every_page import jobs_of, pages_of, route_of
from tests.support.full_gateway import furnish
from tests.support.web_site import ANN

from sealgate.services import invitations, rows
from sealgate.services.actor import Actor
from sealgate.web.sign_in import SESSION, identify

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page
    from tests.browser.conftest import Open
    from tests.support.control_half import StandIn
    from tests.support.full_gateway import Furnished
    from tests.support.published import Published
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What depends on colours, which is all that is another in the dark."""
WIDTHS = (1440, 1024, 390)
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


def against_the_rules(page: Page, rules: dict[str, Any] | None = None) -> list[str]:
    """Return what axe-core finds; it is run by the debugger, since the page itself lets no stranger's script in."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {...rules, resultTypes: ['violations']})", rules or RULES)
    return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]


def in_both_colours(page: Page, path: str) -> list[tuple[str, str, str]]:
    """Return what is found in a page that is shown in light colours, and in the dark; it is left as it was."""
    found = [(path, "light", fault) for fault in against_the_rules(page)]
    page.emulate_media(color_scheme="dark")
    found += [(path, "dark", fault) for fault in against_the_rules(page, CONTRAST)]
    page.emulate_media(color_scheme="light")
    return found


@dataclass
class Full:
    """A gateway full of long and hostile values, and the way to every page of it."""

    made: Furnished
    paths: list[str]

    def enter(self, page: Page, site: WebSite) -> None:
        page.context.add_cookies([{"name": SESSION, "value": self.made.session, "url": site.url, "secure": True}])


@dataclass
class Seen:
    """What may be on no page: a fault against the rules, what is wider than the window, a script of a stranger."""

    faults: list[tuple[str, str, str]] = field(default_factory=list)
    wider: list[tuple[str, int]] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)

    def dialog(self, dialog: Dialog) -> None:
        self.ran.append(dialog.message)
        dialog.dismiss()


@pytest.fixture
def full(fetching: Published, gateway: Gateway, site: WebSite, agent: StandIn) -> Full:
    fetching.fails()
    made = furnish(gateway, agent)
    site.site.identify = identify
    with site.client("", cookie=f"{SESSION}={made.session}") as client:
        found = [path for path, answer in pages_of(client, per_route=1) if "<!doctype html>" in answer.text]
        found += [path for path, _answer in jobs_of(client)]
    assert len(found) > 60
    return Full(made, [*found, "/sign-in", made.welcome])


@pytest.mark.timeout(600)
def test_every_page_is_usable_by_everybody_at_every_width(full: Full, site: WebSite, opened: Open) -> None:
    """One visit of each page tells all of it: to furnish a gateway and to find its pages is most of the work."""
    page = opened("/sign-in", person="")
    full.enter(page, site)
    seen = Seen()
    page.on("dialog", seen.dialog)
    once = set({route_of(path) or path: path for path in full.paths}.values())
    widths = WIDTHS
    for path in full.paths:
        page.goto(path)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                seen.wider.append((path, width))
            if width == WIDTHS[0] and path in once:
                seen.faults += in_both_colours(page, path)
        widths = widths[::-1]  # the next page is laid out first as wide as this one was last

    assert seen == Seen()


def test_the_pages_of_people_are_usable_by_everybody(gateway: Gateway, site: WebSite, opened: Open) -> None:
    site.site.identify = identify
    link = invitations.set_up_link(gateway, Actor.local("root"))
    page = opened(f"/welcome/{link.text}", person="", width=390)
    faults = in_both_colours(page, "the invitation")
    page.get_by_label("Name to sign in with").fill("olga")
    page.get_by_label("Choose a password").fill("a sentence that nobody guesses")
    page.get_by_label("The same password again").fill("a sentence that nobody guesses")
    page.get_by_role("button", name="Save and sign in").click()
    page.wait_for_url("**/")
    wider = []
    for path in ("/account", "/people", "/people/person?name=olga"):
        page.goto(path)
        faults += in_both_colours(page, path)
        wider += [path] if page.evaluate("document.documentElement.scrollWidth > innerWidth") else []

    assert (faults, wider) == ([], [])


def test_a_fault_that_is_planted_is_found(opened: Open) -> None:
    page = opened("/history")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")

    assert [fault.partition(":")[0] for fault in against_the_rules(page)] == ["image-alt"]


def test_a_review_prints_without_what_is_only_for_screens(gateway: Gateway, opened: Open) -> None:
    rows.add(gateway, ANN, "black", {"client": "192.0.2.1"})
    page = opened("/changes")
    assert page.locator("#bar").is_visible()
    page.emulate_media(media="print")

    assert [name for name in ("#nav", "#bar", ".top") if page.locator(name).is_visible()] == []
    assert page.get_by_role("heading", name="Changes in words").is_visible()
