"""Every page in both colours and on a phone: nothing against WCAG 2.2 AA, nothing wider than the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import axe_playwright_python
import pytest

from sealgate.link.messages import Listener
from sealgate.link.upkeep import Drift, DriftItem, DriftKind
from sealgate.model.findings import Place, error, note, warning
from sealgate.services import applying, invitations, own_lines, rows
from sealgate.services.actor import Actor
from sealgate.web.sign_in import identify

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.browser.conftest import Open
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

ANN = Actor("local:ann", "web")
LONG = "a-rather-long-label-of-a-name." * 6 + "example"
PATTERN = "/^Received: from (" + "a|b" * 60 + ")/"
PAGES = [
    "/", "/mta/config", "/mta/config-file", "/mta/relay-domain", "/mta/network", "/mta/network/add", "/mta/sasl/add",
    "/mta/provider", "/mta/forwarding", "/mta/header-check", "/mta/header-check/row?key=1", "/mta/check-tester",
    "/mta/rbl", "/mta/black", "/mta/white/add", "/mta/lookup-table", "/mta/lookup-table/row?key=partners",
    "/mta/table-query?table=partners&key=x", "/mta/transport", "/mta/transport/add", "/mta/transport-config",
    "/explain?recipient=info@example.com", "/mta/policy-test", "/mta/policy-test/add", "/mta/policy-test/row?key=outside",
    "/what-if", "/mta/black/import", "/mta/black/export", "/mta/tls", "/mta/tls-policy", "/mta/default-forwarding",
    "/mta/verified-recipients", "/changes", "/history", "/history/1", "/history/1?against=draft", "/drift", "/queue",
    "/log", "/audit", "/people", "/search?q=example", "/styleguide", "/no/such/page", "/sign-in",
]  # fmt: skip
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


def against_the_rules(page: Page) -> list[str]:
    """Return what axe-core finds; it is run by the debugger, since the page itself lets no stranger's script in."""
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, {...rules, resultTypes: ['violations']})", RULES)
    return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]


@pytest.fixture
def furnished(gateway: Gateway, agent: StandIn) -> Gateway:
    """A gateway with something on every page, long values among it."""
    rows.add(gateway, ANN, "relay-domain", {"domain": LONG}, comment="a comment " * 20)
    rows.add(gateway, ANN, "relay-domain", {"domain": "müller.example"})
    applying.apply(gateway, ANN, "the first revision")
    rows.add(gateway, ANN, "network", {"network": "2001:db8:1234:5678::/64"})
    rows.add(gateway, ANN, "header-check", {"pattern": PATTERN, "action": "REJECT", "text": "no " * 30})
    rows.add(gateway, ANN, "rbl", {"zone": f"{LONG}=127.0.0.[1..4;6]"})
    rows.add(gateway, ANN, "black", {"client": "192.168.88", "reason": "no", "expires": "2030-12-31"}, enabled=False)
    rows.add(gateway, ANN, "provider", {"name": "cloud", "networks": "192.0.2.0/24 198.51.100.0/24"})
    rows.add(gateway, ANN, "forwarding", {"account": "root", "addresses": f"a@{LONG}"})
    rows.add(gateway, ANN, "lookup-table", {"name": "partners", "type": "hash", "content": f"{LONG} encrypt\n"})
    rows.add(gateway, ANN, "transport", {"pattern": f".{LONG}", "special": "error:" + "no such domain " * 10})
    rows.add(gateway, ANN, "tls-policy", {"destination": LONG, "level": "secure", "match": ["nexthop"]})
    test = {"name": "outside", "client": "2001:db8::7", "sender": "a@b.example", "recipients": [f"c@{LONG}"]}
    rows.add(gateway, ANN, "policy-test", test | {"expect": "next-hop", "next_hop": f"[{LONG}]:25"})
    own_lines.edit(gateway, ANN, "main-cf", f"smtpd_banner = {LONG}\n")
    places = [Place("transport", f".{LONG}"), Place("header-check", "1"), Place("own-lines", "main-cf", "x", 1)]
    found = [make("x", place, LONG, "Why. " * 20, "Do it.") for make in (error, warning, note) for place in places]
    agent.findings = tuple(finding.to_json() for finding in found * 5)
    diff = f"--- main.cf\n+++ main.cf\n@@ -1 +1 @@\n-{LONG}\n+{LONG} x\n"
    agent.answers["drift"] = Drift("r", 1, (DriftItem("main.cf", DriftKind.CHANGED, "a", "b", diff),))
    agent.answers["log"] = lambda _question, talk: talk.item([f"Nov 22 10:00:00 gw postfix/smtp[1]: {LONG * 3}"])
    agent.answers["status"] = lambda _question, _talk: agent.status(
        listeners=(Listener(f"smtp {LONG}", answers=False, detail=LONG),), drifted=("main.cf",), problems=(LONG,)
    )
    return gateway


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_every_page_is_usable_by_everybody(furnished: Gateway, opened: Open, colours: str) -> None:
    page = opened("/", colours=colours)
    faults: dict[str, list[str]] = {}
    for path in PAGES:
        page.goto(path)
        if found := against_the_rules(page):
            faults[path] = found

    assert faults == {}


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_pages_of_people_are_usable_by_everybody(
    gateway: Gateway, site: WebSite, opened: Open, colours: str
) -> None:
    site.site.identify = identify
    link = invitations.set_up_link(gateway, Actor.local("root"))
    page = opened(f"/welcome/{link.text}", colours=colours, person="", width=390)
    faults = against_the_rules(page)
    page.get_by_label("Name to sign in with").fill("olga")
    page.get_by_label("Choose a password").fill("a sentence that nobody guesses")
    page.get_by_label("The same password again").fill("a sentence that nobody guesses")
    page.get_by_role("button", name="Save and sign in").click()
    page.wait_for_url("**/")
    wider = []
    for path in ("/account", "/people", "/people/person?name=olga"):
        page.goto(path)
        faults += against_the_rules(page)
        wider += [path] if page.evaluate("document.documentElement.scrollWidth > innerWidth") else []

    assert (faults, wider) == ([], [])


def test_a_fault_that_is_planted_is_found(opened: Open) -> None:
    page = opened("/history")
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")

    assert [fault.partition(":")[0] for fault in against_the_rules(page)] == ["image-alt"]


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_no_page_is_wider_than_the_window(furnished: Gateway, opened: Open, width: int) -> None:
    page = opened("/", width=width)
    wider = {}
    for path in PAGES:
        page.goto(path)
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            wider[path] = over

    assert wider == {}


def test_every_page_prints_without_what_is_only_for_screens(furnished: Gateway, opened: Open) -> None:
    page = opened("/changes")
    page.emulate_media(media="print")

    assert [name for name in ("#nav", "#bar", ".top") if page.locator(name).is_visible()] == []
    assert page.get_by_role("heading", name="Changes in words").is_visible()
