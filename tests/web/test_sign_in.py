"""Signing in, from the set-up link on; sessions, codes, people; all of it over the pages that ship."""

from __future__ import annotations

import html
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyotp
import pytest
from tests.support.accounts import verbs
from tests.support.web_site import served

from sealgate.services import invitations
from sealgate.services.actor import Actor
from sealgate.services.gateway import Gateway
from sealgate.services.sessions import RECENT
from sealgate.settings import Settings
from sealgate.web.sign_in import TICKET, identify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from tests.support.web_site import WebSite

ROOT = Actor.local("root")
SINGLE_SIGN_ON = """web_name = "localhost"
openid_issuer = "http://127.0.0.1:9"
openid_client = "gateway"
openid_secret = "secret"
openid_roles = ["desk=operator"]
"""
PASSWORD = "a sentence that nobody guesses"


@pytest.fixture
def site(gateway: Gateway, tmp_path: Path) -> Iterator[WebSite]:
    """The pages as they ship: who asks is known by a session only."""
    with served(gateway, tmp_path / "tls") as running:
        running.site.identify = identify
        yield running


@pytest.fixture
def browser(site: WebSite) -> Iterator[httpx.Client]:
    with site.client("") as client:
        yield client


@contextmanager
def another(site: WebSite) -> Iterator[httpx.Client]:
    with site.client("") as client:
        yield client


def set_up(gateway: Gateway, browser: httpx.Client) -> httpx.Response:
    link = invitations.set_up_link(gateway, ROOT)
    form = {"name": "olga", "title": "Olga", "password": PASSWORD, "again": PASSWORD}
    return browser.post(f"/welcome/{link.text}", data=form)


def sign_in(browser: httpx.Client, name: str = "olga", password: str = PASSWORD, **more: str) -> httpx.Response:
    return browser.post("/sign-in", data={"name": name, "password": password} | more)


def test_there_is_no_way_in_before_the_set_up(browser: httpx.Client) -> None:
    answer = sign_in(browser, "admin", "admin")

    assert (answer.status_code, browser.get("/").status_code) == (422, 303)


def test_the_set_up_link_makes_the_owner_and_signs_in(gateway: Gateway, browser: httpx.Client) -> None:
    answer = set_up(gateway, browser)

    assert (answer.status_code, answer.headers["location"], browser.get("/people").status_code) == (303, "/", 200)


def test_the_set_up_link_works_once(gateway: Gateway, site: WebSite, browser: httpx.Client) -> None:
    link = invitations.set_up_link(gateway, ROOT)
    form = {"name": "olga", "password": PASSWORD, "again": PASSWORD}
    browser.post(f"/welcome/{link.text}", data=form)

    with another(site) as other:
        assert other.get(f"/welcome/{link.text}").status_code == 404


def test_looking_at_a_link_does_not_use_it_up(gateway: Gateway, browser: httpx.Client) -> None:
    link = invitations.set_up_link(gateway, ROOT)

    assert [browser.get(f"/welcome/{link.text}").status_code for _look in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"again": "another one entirely"}, "again"),
        ({"password": "short", "again": "short"}, "password"),
        ({"name": "Not A Name!"}, "name"),
    ],
)
def test_a_fault_on_the_set_up_page_is_said_at_its_field(
    gateway: Gateway, browser: httpx.Client, form: dict[str, str], field: str
) -> None:
    link = invitations.set_up_link(gateway, ROOT)
    given = {"name": "olga", "password": PASSWORD, "again": PASSWORD} | form

    answer = browser.post(f"/welcome/{link.text}", data=given)

    assert (answer.status_code, f'id="{field}-problem"' in answer.text) == (422, True)


def test_the_session_cookie_is_bound_to_this_host_and_out_of_reach_for_scripts(
    gateway: Gateway, browser: httpx.Client
) -> None:
    cookies = set_up(gateway, browser).headers.get_list("set-cookie")

    session = next(one for one in cookies if one.startswith("__Host-session="))
    assert re.fullmatch(r"__Host-session=[^;]+; HttpOnly; Path=/; SameSite=lax; Secure", session)


def test_signing_in_gives_a_new_session_and_ends_the_one_that_was_brought(
    gateway: Gateway, site: WebSite, browser: httpx.Client
) -> None:
    set_up(gateway, browser)
    planted = browser.cookies["__Host-session"]
    sign_in(browser)

    with another(site) as thief:
        thief.cookies.set("__Host-session", planted)
        assert (browser.cookies["__Host-session"] != planted, thief.get("/").status_code) == (True, 303)


def test_a_session_that_was_made_up_is_nobody(browser: httpx.Client) -> None:
    browser.cookies.set("__Host-session", "sgs_made-up")

    assert browser.get("/").status_code == 303


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    gateway: Gateway, site: WebSite, browser: httpx.Client
) -> None:
    set_up(gateway, browser)
    with another(site) as other:
        answers = [sign_in(other, name, "wrong password here").text.replace(name, "") for name in ("olga", "nobody")]

    assert answers[0] == answers[1]


def test_too_many_tries_are_not_looked_at(gateway: Gateway, site: WebSite, browser: httpx.Client) -> None:
    set_up(gateway, browser)
    with another(site) as other:
        answers = [sign_in(other, "olga", f"guess number {number}") for number in range(8)]

    assert (answers[-1].status_code, answers[-1].headers["retry-after"].isdigit()) == (429, True)


def test_one_comes_back_to_where_one_wanted_to_go(gateway: Gateway, site: WebSite, browser: httpx.Client) -> None:
    set_up(gateway, browser)
    with another(site) as other:
        away = other.get("/mta/transport").headers["location"]
        answer = sign_in(other, next="/mta/transport")

    assert (away, answer.headers["location"]) == ("/sign-in?next=%2Fmta%2Ftransport", "/mta/transport")


def test_signing_out_ends_the_session(gateway: Gateway, browser: httpx.Client) -> None:
    set_up(gateway, browser)
    text = browser.cookies["__Host-session"]
    browser.post("/sign-out")
    browser.cookies.set("__Host-session", text)

    assert browser.get("/").status_code == 303


def with_codes(gateway: Gateway, browser: httpx.Client) -> tuple[str, list[str]]:
    """Set up time-based codes over the pages; return the secret and the recovery codes."""
    set_up(gateway, browser)
    begun = browser.post("/account/codes").text
    ticket = re.search(r'name="ticket" value="([^"]+)"', begun)
    secret = re.search(r'<p class="code">([A-Z2-7]+)</p>', begun)
    assert ticket
    assert secret
    form = {"ticket": html.unescape(ticket[1]), "code": pyotp.TOTP(secret[1]).now()}
    done = browser.post("/account/codes/confirm", data=form).text
    return secret[1], re.findall(r"<li><code>([^<]+)</code></li>", done)


def test_a_recovery_code_is_the_second_step_once(gateway: Gateway, site: WebSite, browser: httpx.Client) -> None:
    _secret, codes = with_codes(gateway, browser)
    statuses = []
    for _try in range(2):
        with another(site) as other:
            first = sign_in(other)
            second = other.post("/sign-in/code", data={"code": codes[0]})
            statuses.append((first.status_code, second.status_code))

    assert statuses == [(200, 303), (200, 422)]


def test_the_password_alone_is_not_enough_with_codes(gateway: Gateway, site: WebSite, browser: httpx.Client) -> None:
    with_codes(gateway, browser)
    with another(site) as other:
        sign_in(other)

        assert other.get("/").status_code == 303


def test_changing_the_password_ends_other_sessions(gateway: Gateway, site: WebSite, browser: httpx.Client) -> None:
    set_up(gateway, browser)
    with another(site) as other:
        sign_in(other)
        new = "quite another sentence, longer too"
        browser.post("/account/password", data={"old": PASSWORD, "new": new, "again": new})

        assert (other.get("/").status_code, browser.get("/").status_code) == (303, 200)


def test_a_wrong_old_password_is_said_at_its_field(gateway: Gateway, browser: httpx.Client) -> None:
    set_up(gateway, browser)
    form = {"old": "not this one at all", "new": "quite another sentence", "again": "quite another sentence"}

    answer = browser.post("/account/password", data=form)

    assert (answer.status_code, "The password is not right" in answer.text) == (422, True)


def test_a_token_is_shown_once(gateway: Gateway, browser: httpx.Client) -> None:
    set_up(gateway, browser)
    shown = browser.post("/account/tokens", data={"label": "export", "days": "30", "right": "view"}).text
    token = re.search(r"<code>(sg[^<]+)</code>", shown)

    assert token
    assert token[1] not in browser.get("/account").text


def test_an_invited_person_gets_in_with_the_rights_of_the_role(
    gateway: Gateway, site: WebSite, browser: httpx.Client
) -> None:
    set_up(gateway, browser)
    shown = browser.post("/people/invite", data={"name": "vera", "title": "Vera", "role": "viewer"}).text
    link = re.search(r"/welcome/[A-Za-z0-9_-]+", shown)
    assert link
    with another(site) as other:
        other.post(link[0], data={"password": PASSWORD + "!", "again": PASSWORD + "!"})

        assert [other.get(path).status_code for path in ("/", "/people", "/mta/black")] == [200, 403, 200]


@pytest.mark.parametrize(("cookie", "configured"), [("", True), ("", False), ("made up", False)])
def test_an_answer_of_a_provider_that_nobody_asked_leads_to_the_sign_in_without_a_trace(
    directory: Path, tmp_path: Path, cookie: str, *, configured: bool
) -> None:
    if configured:
        (directory / "sealgate.toml").write_text(SINGLE_SIGN_ON)
    gateway = Gateway.open(Settings.load(directory))
    with served(gateway, tmp_path / "tls") as running, running.client("") as client:
        answer = client.get("/sign-in/openid?code=c&state=s", headers={"cookie": f"{TICKET}={cookie}"})

    assert (answer.status_code, answer.headers["location"], verbs(gateway)) == (303, "/sign-in", [])
    gateway.close()


@pytest.mark.parametrize("begin", ["/sign-in/openid-begin", "/account/openid-begin"])
@pytest.mark.parametrize("from_where", ["cross-site", "same-site"])
def test_a_page_elsewhere_begins_no_way_to_the_provider(
    gateway: Gateway, site: WebSite, begin: str, from_where: str
) -> None:
    with site.client("", **{"sec-fetch-site": "same-origin"}) as browser:
        set_up(gateway, browser)
        answer = browser.get(begin, headers={"sec-fetch-site": from_where})
        here = browser.get(begin)

    back = "/account" if begin.startswith("/account") else "/sign-in"
    assert (answer.status_code, answer.headers["location"], TICKET in answer.headers.get("set-cookie", "")) == (
        303, back, False,
    )  # fmt: skip
    assert here.status_code == 409


def test_a_locked_person_is_out_at_once(gateway: Gateway, site: WebSite, browser: httpx.Client) -> None:
    set_up(gateway, browser)
    shown = browser.post("/people/invite", data={"name": "vera", "role": "viewer"}).text
    link = re.search(r"/welcome/[A-Za-z0-9_-]+", shown)
    assert link
    with another(site) as other:
        other.post(link[0], data={"password": PASSWORD + "!", "again": PASSWORD + "!"})
        browser.post("/people/lock", params={"name": "vera"}, data={"do": "lock"})

        assert other.get("/").status_code == 303


def test_the_last_owner_cannot_be_removed(gateway: Gateway, browser: httpx.Client) -> None:
    set_up(gateway, browser)

    answer = browser.post("/people/remove", params={"name": "olga"}, data={"sure": "yes"})

    assert (answer.status_code, "without an owner" in answer.text) == (409, True)


def test_a_role_is_changed(gateway: Gateway, browser: httpx.Client) -> None:
    set_up(gateway, browser)
    browser.post("/people/invite", data={"name": "vera", "role": "viewer"})
    page = browser.get("/people/person", params={"name": "vera"}).text
    base = re.search(r'name="base" value="(\d+)"', page)
    assert base
    form = {"base": base[1], "title": "Vera", "email": "", "role": "operator", "area": ["rbl"]}
    browser.post("/people/person", params={"name": "vera"}, data=form)

    assert ">operator</td>" in browser.get("/people").text


def test_after_a_while_an_invitation_asks_for_the_password_and_loses_nothing(
    gateway: Gateway, browser: httpx.Client
) -> None:
    set_up(gateway, browser)
    with gateway.store.writing("local:test") as writer:
        olga = writer.people.named("olga")
        assert olga is not None
        (session,) = writer.people.sessions(olga.id)
        writer.people.change_session(session.id, proven=session.proven - RECENT)
    ahead = browser.get("/people").text
    asked = browser.post("/people/invite", data={"name": "vera", "title": "Vera <V>", "role": "operator"})
    kept = {
        one[0]: html.unescape(one[1]) for one in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asked.text)
    }
    wrong = browser.post("/people/invite", data=kept | {"proof": "another one"})
    done = browser.post("/people/invite", data=kept | {"proof": PASSWORD})

    assert ("asked for your password" in ahead, asked.status_code, wrong.status_code) == (True, 403, 409)
    assert kept.items() >= {"name": "vera", "title": "Vera <V>", "role": "operator"}.items()
    assert "/welcome/" in done.text
    assert browser.get("/people").status_code == 200


def test_passkeys_are_not_offered_without_a_name_of_the_gateway(browser: httpx.Client) -> None:
    answer = browser.post("/sign-in/passkey-begin")

    assert (answer.status_code, "data-passkey" in browser.get("/sign-in").text) == (409, False)


def test_no_password_reaches_the_audit(gateway: Gateway, browser: httpx.Client) -> None:
    set_up(gateway, browser)
    sign_in(browser, "olga", "a wrong one that is secret")

    text = browser.get("/audit").text

    assert (PASSWORD in text, "a wrong one" in text, "sign-in-failed" in text) == (False, False, True)
