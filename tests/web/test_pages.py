"""Every page: who may see it, what it needs, and that it answers at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.control_half import make_directory, stand_in
from tests.support.waiting import wait_until
from tests.support.web_site import served
from tests.web.conftest import no_messages

from sealgate.link.upkeep import LogLines
from sealgate.model.findings import Place, warning
from sealgate.model.nouns import NOUNS
from sealgate.model.text_forms import READERS
from sealgate.services.actor import Actor, Right
from sealgate.services.gateway import Gateway
from sealgate.services.roles import RIGHTS_OF, Role
from sealgate.settings import Settings
from sealgate.web import navigation
from sealgate.web.entrance import GUEST_ROUTES
from sealgate.web.pages import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.web.routing import Page

EVERY_LIST = [f"/mta/{noun}" for noun in NOUNS]
EVERY_FORM = [f"/mta/{noun}/add" for noun in NOUNS]
AS_TEXT = [f"/mta/{noun}/{page}" for noun in READERS for page in ("import", "export", "text")]
OTHERS = [
    "/", "/search", "/search?q=host", "/changes", "/history", "/queue", "/log", "/audit", "/styleguide",
    "/mta/config", "/mta/config-file", "/mta/config-file?file=master-cf", "/mta/tls", "/mta/default-forwarding",
    "/mta/check-tester", "/mta/table-query", "/mta/transport-config", "/mta/verified-recipients", "/people",
    "/explain", "/what-if",
]  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """One gateway with its agent, for looking at pages, which changes nothing."""
    place = tmp_path_factory.mktemp("shared")
    make_directory(place / "gw")
    gateway = Gateway.open(Settings.load(place / "gw"))
    with (
        stand_in(place / "gw", queue_list=no_messages, log_part=LogLines((), "1:0", more=False)),
        served(gateway, place / "tls") as site,
        site.client("ann") as client,
    ):
        yield client
    gateway.close()


@pytest.mark.parametrize("path", [*OTHERS, *EVERY_LIST, *EVERY_FORM, *AS_TEXT])
def test_a_page_answers(shared: httpx.Client, path: str) -> None:
    assert shared.get(path).status_code == 200


@pytest.mark.parametrize("path", [place.path for place in navigation.every_place() if place.path != "/drift"])
def test_whatever_the_navigation_names_is_there_and_marked_as_the_current_page(shared: httpx.Client, path: str) -> None:
    answer = shared.get(path)

    assert (answer.status_code, f'<a href="{path}" aria-current="page">' in answer.text) == (200, True)


def test_the_sections_of_the_mta_stand_in_their_usual_order_with_their_usual_words(ann: httpx.Client) -> None:
    text = ann.get("/mta/config").text
    words = [
        "Config", "MTA config file", "SASL", "Client access list", "Email forwarding", "Header checks", "RBL",
        "Static black-list", "Static white-list", "Lookup tables", "Transports", "TLS",
    ]  # fmt: skip
    places = [text.index(f">{word}</a>", text.index('<nav id="nav"')) for word in words]

    assert places == sorted(places)


@pytest.mark.parametrize("role", list(Role))
def test_a_page_refuses_who_has_not_its_right(site: WebSite, agent: StandIn, role: Role) -> None:
    site.people.known["somebody"] = Actor("somebody", "web", RIGHTS_OF[role])
    closed = [page for page in ROUTES if page.right not in RIGHTS_OF[role]]

    with site.client("somebody") as client:
        statuses = {(page.method, page.path): client.request(page.method, path_of(page)).status_code for page in closed}

    assert {place: status for place, status in statuses.items() if status != 403} == {}


def path_of(page: Page) -> str:
    return str(page.path).replace("{noun}", "black").replace("{id}", "X").replace("{number}", "1")


def test_every_act_needs_more_than_the_right_to_look_unless_it_changes_nothing_of_the_gateway() -> None:
    harmless = (
        "/theme", "/changes/check", "/changes/rehearse", "/mta/check-tester", "/mta/policy-test/run", "/mta/test/dns",
        "/explain", "/what-if/drill", "/account", "/sign-out", "/mta/editor/check",
    )  # fmt: skip
    acts = [page for page in ROUTES if page.method == "POST" and page.right is Right.VIEW]

    assert [page.path for page in acts if not page.path.startswith(harmless)] == []


def test_no_page_lets_in_somebody_unknown(site: WebSite) -> None:
    with site.client("nobody") as client:
        answers = {page: client.request(page.method, path_of(page)) for page in ROUTES}

    open_ = [page.path for page, answer in answers.items() if (answer.status_code, way(answer)) not in CLOSED]
    assert open_ == []


CLOSED = {(303, "/sign-in"), (401, "")}


def way(answer: httpx.Response) -> str:
    return str(answer.headers.get("location", "")).partition("?")[0]


def test_there_is_no_way_in_but_those_known() -> None:
    assert {path.partition("{")[0] for _method, path, _function in GUEST_ROUTES} == {
        "/sign-in", "/sign-in/code", "/sign-in/openid-begin", "/sign-in/openid", "/sign-in/passkey-begin",
        "/sign-in/passkey-finish", "/welcome/",
    }  # fmt: skip


def test_an_unknown_page_is_404_with_a_way_on(ann: httpx.Client) -> None:
    answer = ann.get("/no/such/page")

    assert (answer.status_code, "There is no such page" in answer.text) == (404, True)


def test_bad_news_of_a_service_says_the_way_on_as_a_link(ann: httpx.Client) -> None:
    text = ann.get("/mta/rbl/row", params={"key": "no.such.example"}).text

    assert '<p class="next">Next: <a href="/mta/rbl">RBL</a></p>' in text
    assert "sealgate list" not in text


def test_an_unknown_list_is_404(ann: httpx.Client) -> None:
    assert ann.get("/mta/no-such-list").status_code == 404


def test_a_fault_of_the_program_tells_nothing_of_its_inside(site: WebSite, ann: httpx.Client) -> None:
    site.site.standing = None  # type: ignore[assignment] # whatever a page asks of it is a fault now

    answer = ann.get("/history")

    assert (answer.status_code, "Traceback" in answer.text, "NoneType" in answer.text) == (500, False, False)


def test_pages_that_need_only_the_draft_work_while_the_agent_is_down(ann: httpx.Client) -> None:
    answer = ann.get("/mta/black")

    assert (answer.status_code, "agent does not answer" in answer.text) == (200, True)


def test_a_page_that_needs_the_agent_says_so_while_it_is_down(ann: httpx.Client) -> None:
    answer = ann.get("/drift")

    assert (answer.status_code, "The draft is safe" in answer.text) == (502, True)


def test_an_empty_field_says_what_holds_instead(ann: httpx.Client) -> None:
    text = ann.get("/mta/config").text

    assert 'placeholder="not set (three times the before filter limit)"' in text


def test_the_forwarding_for_all_accounts_is_reached_from_the_forwardings(ann: httpx.Client) -> None:
    text = ann.get("/mta/forwarding").text

    assert '<a href="/mta/default-forwarding">' in text[text.index("<main") :]


def test_a_finding_about_the_forwarding_for_all_accounts_leads_to_its_page(ann: httpx.Client, agent: StandIn) -> None:
    agent.findings = (warning("x", Place("setting", "default-forwarding"), "It is no good.").to_json(),)
    ann.post("/mta/black/add", data={"client": "192.0.2.1", "enabled": "yes"})
    wait_until(lambda: "1 warning" in ann.get("/").text, "the check ends")

    assert 'href="/mta/default-forwarding#f-default-forwarding"' in ann.get("/changes").text
