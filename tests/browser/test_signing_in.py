"""Ways in that need a browser: a passkey of a (virtual) authenticator, an OpenID provider, codes of a second step."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pyotp
import pytest
from playwright.sync_api import expect
from tests.support.accounts import PASSWORD, person, signed_in, verbs
from tests.support.control_half import make_directory, stand_in
from tests.support.openid_provider import authorized, knows, real_provider
from tests.support.ports import lease_port, release_port
from tests.support.web_site import served

from sealgate.services import people
from sealgate.services.actor import Actor
from sealgate.services.gateway import Gateway
from sealgate.services.single_sign_on import BACK
from sealgate.settings import Settings
from sealgate.web.sign_in import SESSION, identify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Route
    from tests.support.web_site import WebSite

SETTINGS = """web_name = "localhost"
web_port = {port}
openid_issuer = "{issuer}"
openid_client = "sealgate"
openid_secret = "client secret of the test"
openid_roles = ["desk=operator"]
"""
ROOT = Actor.local("root")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with real_provider() as address:
        yield address


@pytest.fixture
def port() -> Iterator[int]:
    leased = lease_port()
    yield leased
    release_port(leased)


@pytest.fixture
def gateway(tmp_path: Path, port: int, issuer: str) -> Iterator[Gateway]:
    make_directory(tmp_path / "gw")
    (tmp_path / "gw" / "sealgate.toml").write_text(SETTINGS.format(port=port, issuer=issuer))
    opened = Gateway.open(Settings.load(tmp_path / "gw"))
    yield opened
    opened.close()


@pytest.fixture
def site(gateway: Gateway, port: int, tmp_path: Path) -> Iterator[WebSite]:
    with stand_in(tmp_path / "gw"), served(gateway, tmp_path / "tls", port=port) as running:
        running.site.identify = identify
        yield running


@pytest.fixture
def page(browser: Browser, site: WebSite) -> Iterator[Page]:
    context = browser.new_context(base_url=site.url, ignore_https_errors=True)
    context.set_default_timeout(20_000)
    context.route("**/*", only_this_machine)
    yield context.new_page()
    context.close()


def only_this_machine(route: Route) -> None:
    here = urlsplit(route.request.url).hostname == "localhost"
    route.continue_() if here else route.abort()


def enter(page: Page, gateway: Gateway, site: WebSite, name: str = "olga") -> None:
    """Be signed in, freshly."""
    cookie = {"name": SESSION, "value": signed_in(gateway, name).session, "url": site.url, "secure": True}
    page.context.add_cookies([cookie])  # type: ignore[list-item]


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.goto("/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@contextmanager
def authenticator(page: Page) -> Iterator[str]:
    """A device that makes and uses passkeys when it is asked to, and knows its person."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    abilities = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": abilities})
    yield made["authenticatorId"]
    session.send("WebAuthn.removeVirtualAuthenticator", made)
    session.detach()


def test_a_passkey_is_made_on_the_account_page_and_signs_in(gateway: Gateway, site: WebSite, page: Page) -> None:
    person(gateway, "olga", "owner")
    enter(page, gateway, site)
    page.goto("/account")
    with authenticator(page):
        page.get_by_label("Name of a new passkey").fill("the laptop")
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.get_by_text("the laptop")).to_be_visible()
        sign_out(page)
        page.get_by_role("button", name="Use a passkey").click()

        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert page.get_by_role("link", name="olga").is_visible()


def test_a_passkey_of_somebody_who_was_locked_does_not_sign_in(gateway: Gateway, site: WebSite, page: Page) -> None:
    person(gateway, "vera")
    enter(page, gateway, site, "vera")
    page.goto("/account")
    with authenticator(page):
        page.get_by_label("Name of a new passkey").fill("the laptop")
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.get_by_text("the laptop")).to_be_visible()
        people.lock(gateway, ROOT, "vera")
        page.goto("/sign-in")
        page.get_by_role("button", name="Use a passkey").click()

        expect(page.locator("#passkey-said")).not_to_be_empty()
    assert page.goto("/").url.endswith("/sign-in?next=%2F")  # type: ignore[union-attr]


def test_a_device_without_a_passkey_of_ours_is_told_so(site: WebSite, page: Page) -> None:
    page.goto("/sign-in")
    with authenticator(page):
        page.get_by_role("button", name="Use a passkey").click()

        expect(page.locator("#passkey-said")).not_to_be_empty()


def by_provider(page: Page, subject: str) -> None:
    page.goto("/sign-in")
    page.get_by_role("link", name="single sign-on").click()
    page.get_by_placeholder("sub").fill(subject)
    page.get_by_role("button", name="Authorize").click()


def test_somebody_whom_the_provider_vouches_for_is_signed_in(issuer: str, page: Page) -> None:
    knows(issuer, "u-1", preferred_username="bob", name="Bob B.", groups=["desk"])

    by_provider(page, "u-1")

    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert page.get_by_role("link", name="bob").is_visible()


def test_somebody_of_no_group_that_counts_stays_outside(issuer: str, gateway: Gateway, page: Page) -> None:
    knows(issuer, "u-2", preferred_username="mallory", name="Mallory", groups=["visitors"])

    by_provider(page, "u-2")

    expect(page.get_by_role("alert").first).to_contain_text("none of your groups may use this gateway")
    assert [one.name for one in people.listing(gateway, ROOT)] == []


def test_who_declines_at_the_provider_stays_outside(page: Page) -> None:
    page.goto("/sign-in")
    page.get_by_role("link", name="single sign-on").click()
    page.get_by_role("button", name="Deny").click()

    expect(page.get_by_role("alert").first).not_to_be_empty()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_somebody_links_the_own_account_to_the_provider_and_signs_in_by_it(
    issuer: str, gateway: Gateway, site: WebSite, page: Page
) -> None:
    knows(issuer, "u-4", preferred_username="olga", email="olga@example.com", groups=[])
    person(gateway, "olga", "owner")
    enter(page, gateway, site)
    page.goto("/account")
    page.get_by_role("link", name="Link single sign-on").click()
    page.get_by_placeholder("sub").fill("u-4")
    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_text("Single sign-on is linked to your account.")).to_be_visible()
    sign_out(page)
    by_provider(page, "u-4")

    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert page.get_by_role("link", name="People").is_visible()


def test_an_answer_of_the_provider_for_another_browser_signs_nobody_in(issuer: str, site: WebSite, page: Page) -> None:
    knows(issuer, "u-3", preferred_username="carl", groups=["desk"])
    with site.client("") as other:
        departure = other.get("/sign-in/openid-begin").headers["location"]

    page.goto(f"{BACK}?{urlencode(authorized(departure, 'u-3'))}")

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/people")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_second_step_is_set_up_used_and_replaced_by_a_recovery_code(
    gateway: Gateway, site: WebSite, page: Page
) -> None:
    person(gateway, "olga", "owner")
    enter(page, gateway, site)
    page.goto("/account")
    page.get_by_role("button", name="Set up codes").click()
    secret = page.locator(".qr + .code").inner_text()
    expect(page.locator(".qr svg")).to_be_visible()
    page.get_by_role("textbox", name="Code").fill(pyotp.TOTP(secret).now())
    page.locator("form[action='/account/codes/confirm'] button").click()
    expect(page.locator("ul.codes")).to_be_visible()
    recovery = page.locator("ul.codes code").first.inner_text()
    sign_out(page)
    sign_in(page, "olga")
    page.get_by_role("textbox", name="Code").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert").first).not_to_be_empty()
    page.get_by_role("textbox", name="Code").fill(recovery)
    page.get_by_role("button", name="Sign in", exact=True).click()

    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert "sign-in" in verbs(gateway)
