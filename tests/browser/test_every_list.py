"""Every list in a real browser: a row with a fault, added, saved against somebody else, removed, and put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from tests.services.test_rows import SAMPLES

from sealgate.services import rows
from sealgate.services.actor import Actor

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.browser.conftest import Open

    from sealgate.services.gateway import Gateway

ANN, BOB = Actor("local:ann"), Actor("local:bob")
FAULTS = {
    "relay-domain": {"domain": "not a domain"},
    "network": {"network": "10.1.2.3/24"},
    "provider": {"networks": "192.0.2.0/99"},
    "sasl": {"port": "99999"},
    "forwarding": {"addresses": "nobody at all"},
    "header-check": {"pattern": "Subject without slashes"},
    "mime-header-check": {"pattern": "no slashes"},
    "nested-header-check": {"pattern": "/^X-Open:"},
    "body-check": {"pattern": "/open"},
    "rbl": {"zone": "zen.example.net=300.0.0.1"},
    "black": {"client": "192.168.1.1/24"},
    "white": {"client": "198.51.100.300"},
    "lookup-table": {"name": "../etc/passwd"},
    "transport": {"port": "mx"},
    "tls-policy": {"destination": "two words"},
    "policy-test": {"client": "192.0.2.300"},
}
"""A field of each list with something that it does not take."""


def fill(page: Page, name: str, value: Any) -> None:
    """Put a value into a field as a person does, whatever it is drawn as."""
    text = "\n".join(value) if isinstance(value, list) else str(value)
    control = page.locator(f"#f-{'text' if name == 'content' else name}")
    if control.evaluate("it => it.localName") == "select":
        control.select_option(text)
    else:
        control.evaluate("(it, text) => { it.value = text }", text)


def press(page: Page, name: str) -> None:
    page.locator("main").get_by_role("button", name=name, exact=True).first.click()


def test_there_is_a_fault_for_every_list() -> None:
    assert set(FAULTS) == set(SAMPLES)


@pytest.mark.parametrize("nouns", [list(SAMPLES)[::2], list(SAMPLES)[1::2]], ids=["even", "odd"])
def test_a_row_of_each_list_lives_its_life(gateway: Gateway, opened: Open, nouns: list[str]) -> None:
    page = opened("/")
    for noun in nouns:
        page.goto(f"/mta/{noun}/add")
        for name, value in (SAMPLES[noun] | FAULTS[noun]).items():
            fill(page, name, value)
        press(page, "Add to the draft")
        (faulty,) = FAULTS[noun]
        expect(page.locator(f"#f-{faulty}-problem"), noun).to_be_visible()
        assert rows.listing(gateway, ANN, noun).total == 0, noun

        for name in FAULTS[noun].keys() | SAMPLES[noun].keys() & {"password"}:
            fill(page, name, SAMPLES[noun].get(name, ""))
        press(page, "Add to the draft")
        page.wait_for_url(lambda url: not url.endswith("/add"))
        page.goto(f"/mta/{noun}")
        (row,) = rows.listing(gateway, ANN, noun).rows

        page.locator("tbody td a").first.click()
        expect(page.locator("#f-comment"), noun).to_be_visible()
        rows.comment(gateway, BOB, noun, row.key, "of bob")
        page.locator("#f-comment").fill("of ann")
        press(page, "Save in the draft")
        expect(page.get_by_role("alert"), noun).to_contain_text("of bob")
        press(page, "Save in the draft")
        expect(page.get_by_role("cell", name="of ann"), noun).to_be_visible()

        page.locator("tbody td.tick input").first.check()
        press(page, "Remove")
        expect(page.get_by_text("1 row removed from the draft."), noun).to_be_visible()
        press(page, "Undo")
        expect(page.get_by_role("cell", name="of ann"), noun).to_be_visible()
        assert rows.show(gateway, ANN, noun, row.key).fields == row.fields, noun
