"""Every route and every role: who may, gets an answer; who may not, is refused, and nothing is done or written down."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.support.accounts import kept_password, person, signed_in, verbs
from tests.support.full_gateway import furnish
from tests.support.web_site import served

from sealgate.services import roles, rows
from sealgate.services.actor import Actor, Right
from sealgate.services.roles import RIGHTS_OF, Role
from sealgate.web import entrance
from sealgate.web.pages import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway
    from sealgate.web.routing import Page

NAMES = {"noun": "black", "number": "1", "id": "4ABCDEF00"}
OPEN = {"/sign-in", "/sign-in/code", "/sign-in/openid-begin", "/sign-in/openid", "/sign-in/passkey-begin",
        "/sign-in/passkey-finish", "/welcome/{text}"}  # fmt: skip
"""What is answered to people who have not signed in. A further one needs a line here, and a reason."""
FOR_EVERYBODY = {
    "/theme", "/changes/check", "/changes/rehearse", "/explain", "/what-if/drill",
    "/mta/check-tester", "/mta/editor/check", "/mta/policy-test/run", "/mta/test/dns",
}  # fmt: skip
"""Acts that whoever may look may do, besides those on one's own account: they change nothing of the gateway."""


def address(page: Page) -> str:
    """Return an address of a route; a part that a route has and this does not know is an error of the test."""
    return page.path.format_map(NAMES)


@pytest.fixture
def site(gateway: Gateway, agent: StandIn, tmp_path: Path) -> Iterator[WebSite]:
    kept_password()
    furnish(gateway, agent, many=10)
    with served(gateway, tmp_path / "tls") as running:
        for role in Role:
            person(gateway, f"a-{role}", role)
            running.people.known[role] = signed_in(gateway, f"a-{role}").actor
        yield running


def answers(client: httpx.Client) -> dict[tuple[str, str], int]:
    """Ask for every route, with nothing in the form."""
    found = {}
    for page in ROUTES:
        answer = client.request(page.method, address(page), data={} if page.method == "POST" else None)
        found[page.method, page.path] = answer.status_code
    return found


@pytest.mark.parametrize("role", Role)
def test_each_route_is_for_the_roles_that_have_its_right(site: WebSite, role: Role) -> None:
    with site.client(role) as client:
        found = answers(client)
    wrong = {
        (page.method, page.path): found[page.method, page.path]
        for page in ROUTES
        if (found[page.method, page.path] == 403) == (page.right in RIGHTS_OF[role])
    }

    assert wrong == {}
    assert [route for route, status in found.items() if status >= 500 and status not in {502, 503}] == []


def test_who_may_only_look_changes_nothing_by_any_route(site: WebSite, gateway: Gateway) -> None:
    before = verbs(gateway)
    acts = [page for page in ROUTES if page.method == "POST" and page.right is not Right.VIEW]
    with site.client(Role.VIEWER) as client:
        found = {client.post(address(page)).status_code for page in acts}

    assert (found, verbs(gateway)) == ({403}, before)


def test_whoever_may_look_has_no_act_but_those_on_oneself(site: WebSite) -> None:
    acts = {page.path for page in ROUTES if page.method == "POST" and page.right is Right.VIEW}

    assert {path for path in acts if not path.startswith(("/account", "/sign-out"))} == FOR_EVERYBODY


def test_who_has_not_signed_in_is_sent_to_sign_in_by_every_route(site: WebSite) -> None:
    with site.client("") as client:
        wrong = {}
        for page in ROUTES:
            answer = client.request(page.method, address(page))
            way_in = answer.headers.get("location", "").startswith("/sign-in")
            if not ((answer.status_code, way_in) == (303, True) if page.method == "GET" else answer.status_code == 401):
                wrong[page.path] = answer.status_code

    assert wrong == {}


def test_only_what_is_for_signing_in_is_open_to_everybody() -> None:
    assert {path for _method, path, _function in entrance.GUEST_ROUTES} == OPEN


def test_an_area_that_is_not_ones_own_cannot_be_edited_by_any_route_of_a_list(site: WebSite, gateway: Gateway) -> None:
    rows.add(gateway, Actor("local:ann"), "rbl", {"zone": "one.example.net"})
    rights, areas = RIGHTS_OF[Role.ADMINISTRATOR], roles.parse_areas(["black-list"]) or frozenset()
    site.people.known["carl"] = Actor("carl", "web", rights, areas)
    form = {"key": "one.example.net", "do": "remove", "move": "first:one.example.net", "zone": "two.example.net",
            "text": "two.example.net\n", "first": "1", "last": "9", "base": "1",
            "revision": "1"}  # fmt: skip
    acts = [page.path for page in ROUTES if page.method == "POST" and page.path.startswith("/mta/{noun}")]
    before = verbs(gateway)
    with site.client("carl") as client:
        found = {path: client.post(path.format(noun="rbl"), params={"key": form["key"]}, data=form) for path in acts}

    assert {path: answer.status_code for path, answer in found.items() if answer.status_code != 403} == {}
    assert verbs(gateway) == before


LOOKED_AT = ("/", "/mta/black", "/mta/transport", "/mta/config", "/mta/config-file", "/changes", "/drift", "/history/1")


def acts_on(client: httpx.Client) -> set[str]:
    """Return where the buttons of these pages go, but for those that everybody has."""
    addresses = re.findall(r'"(/mta/black/row\?key=[^"]*)"', client.get("/mta/black").text)
    found: set[str] = set()
    for path in (*LOOKED_AT, *addresses[:1]):
        forms = re.findall(r"(?s)<form[^>]*method=\"post\".*?</form>", client.get(path).text)
        for form in forms:
            home = (re.findall(r'<form[^>]*action="([^"]*)"', form) or [path])[0]
            for button in re.findall(r"<button(?! form=)(?! class=.small. form=)[^>]*>", form):
                found.add((re.findall(r'formaction="([^"]*)"', button) or [home])[0].partition("?")[0])
    return {path for path in found if not path.startswith(("/account", "/sign-out"))}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OWNER])
def test_a_page_offers_only_the_acts_that_one_may_do(site: WebSite, role: Role) -> None:
    with site.client(role) as client:
        found = acts_on(client)
        refused = {path for path in found if client.post(path).status_code == 403}

    assert (refused, len(found) > 3) == (set(), True)


def test_who_may_not_edit_has_no_page_to_add_a_row(site: WebSite) -> None:
    with site.client(Role.VIEWER) as client:
        listed, add = client.get("/mta/black").text, client.get("/mta/black/add")

    assert (add.status_code, "/mta/black/add" in listed) == (403, False)
