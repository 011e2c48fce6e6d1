"""Lists in narrower windows: what stands at the right edge of a table is seen without moving it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.accounts import person, signed_in

from sealgate.services import rows, tokens
from sealgate.services.actor import Actor
from sealgate.services.origins import Origin
from sealgate.services.roles import GRANTABLE
from sealgate.services.sessions import actor_of
from sealgate.store import Ended, Fetch
from sealgate.web.sign_in import SESSION, identify

if TYPE_CHECKING:
    from tests.browser.conftest import Open
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

ANN = Actor.local("ann")
ADDRESS = "https://192.0.2.2:9443/networks.txt"
CUT = "[...document.querySelectorAll('.scroll')].filter(it => it.scrollWidth > it.clientWidth).length"


@pytest.fixture
def session(gateway: Gateway, site: WebSite) -> str:
    """An owner with a token of all rights, a provider in trouble, and an audit of long names."""
    person(gateway, "olga", "owner")
    text = signed_in(gateway, "olga").session
    olga = actor_of(gateway, text, Origin("web", "192.0.2.10"))
    assert olga is not None
    tokens.create(gateway, olga, "a program", sorted(GRANTABLE), days=90)
    fields = {"name": "microsoft365", "source": "url", "address": ADDRESS, "networks": ["192.0.2.0/24"]}
    rows.add(gateway, ANN, "provider", fields, comment="ten thousand networks of a cloud")
    rows.add(gateway, ANN, "relay-domain", {"domain": f"{'abcdefghij' * 6}.{'abcdefghij' * 6}.example"})
    with gateway.store.writing("system:providers") as writer:
        fetch = Fetch(Ended.REFUSED, "The list lost 9,999 of 10,000 networks.", f"url {ADDRESS}")
        writer.keep_fetch("microsoft365", fetch)
    site.site.identify = identify
    return text


@pytest.mark.parametrize("path", ["/mta/provider", "/people/person?name=olga", "/account", "/audit"])
def test_no_table_is_cut_at_its_right_edge(opened: Open, site: WebSite, session: str, path: str) -> None:
    page = opened("/sign-in", person="")
    page.context.add_cookies([{"name": SESSION, "value": session, "url": site.url, "secure": True}])
    page.goto(path)
    cut = []
    for width in (1440, 1024, 910, 880, 710, 390):
        page.set_viewport_size({"width": width, "height": 900})
        cut += [width] if page.evaluate(CUT) else []

    assert cut == []


def test_the_choice_of_colours_can_be_read_on_a_phone(opened: Open) -> None:
    page = opened("/", width=390)
    grown = "it => { const now = it.offsetWidth; it.style.maxWidth = 'none'; return it.offsetWidth - now; }"

    assert page.locator("#theme").evaluate(grown) == 0
