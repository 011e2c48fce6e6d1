"""The pages before there is anybody: signing in, the second step, links, passkeys, single sign-on.

A wrong name and a wrong password get one and the same answer. Where somebody wanted to go is kept as a path of this
site and nothing else. A link is used up by choosing a password, never by being looked at.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse

from sealgate.model.errors import Conflict, InvalidValue, NotFound, SealgateError
from sealgate.services import invitations, passkeys, signing_in, single_sign_on
from sealgate.services.signing_in import NotSignedIn, SecondStep, SignedIn
from sealgate.web import sign_in
from sealgate.web.failures import bare, page
from sealgate.web.formats import address
from sealgate.web.guard import comes_from_here
from sealgate.web.visit import THEME_COOKIE, THEMES, Visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from sealgate.services.gateway import Gateway
    from sealgate.services.signing_in import Outcome
    from sealgate.web.site import Site

_LONGEST_PATH = 2000


@dataclass(slots=True)
class Guest:
    """One request of somebody who is not known yet."""

    site: Site
    request: Request
    form: FormData = field(default_factory=FormData)
    body: bytes = b""

    @property
    def gateway(self) -> Gateway:
        """The gateway that the pages are about."""
        return self.site.gateway

    def given(self, name: str) -> str:
        """Return a text of the form."""
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Answer with a page."""
        theme = self.request.cookies.get(THEME_COOKIE, "auto")
        made = self.site.templates.get_template(template)
        text = made.render(theme=theme if theme in THEMES else "auto", **values)
        return HTMLResponse(text, status)


def local_path(text: str) -> str:
    """Return a path of this site, or `/` for anything that a browser could take for another place."""
    safe = text.startswith("/") and not text.startswith("//") and len(text) <= _LONGEST_PATH
    return text if safe and not any(char in "\\\r\n\t\0" or ord(char) < 32 for char in text) else "/"


def show(guest: Guest) -> Response:
    """Show the way in."""
    return _way_in(guest)


def _way_in(guest: Guest, status: int = 200, *, failed: NotSignedIn | None = None, text: str = "") -> Response:
    settings = guest.gateway.settings
    answer = guest.page(
        "sign_in.html",
        status,
        text=failed.text if failed else text,
        next=local_path(guest.given("next") or guest.request.query_params.get("next", "/")),
        name=guest.given("name")[:64],
        passkeys=passkeys.is_possible(settings),
        openid=single_sign_on.is_possible(settings),
        is_set_up=invitations.is_set_up(guest.gateway),
    )
    if failed and failed.wait:
        answer.headers["retry-after"] = str(failed.wait)
    return answer


def with_password(guest: Guest) -> Response:
    """Take name and password."""
    browser = sign_in.browser_of(guest.request)
    outcome = signing_in.with_password(guest.gateway, guest.given("name"), guest.given("password"), browser)
    return _after(guest, outcome)


def with_code(guest: Guest) -> Response:
    """Take the code of the second step."""
    ticket = guest.request.cookies.get(sign_in.TICKET, "")
    browser = sign_in.browser_of(guest.request)
    outcome = signing_in.with_code(guest.gateway, ticket, guest.given("code"), browser)
    if isinstance(outcome, NotSignedIn) and outcome.text != signing_in.STEP_GONE:
        return _second_step(guest, 422 if not outcome.wait else 429, outcome.text)
    return _after(guest, outcome)


def _after(guest: Guest, outcome: Outcome) -> Response:
    """Answer to what came of a try to sign in."""
    if isinstance(outcome, SecondStep):
        answer = _second_step(guest)
        sign_in.keep_ticket(answer, outcome.ticket)
        return answer
    if isinstance(outcome, SignedIn):
        return sign_in.let_in(RedirectResponse(local_path(guest.given("next") or "/"), 303), outcome)
    return _way_in(guest, 429 if outcome.wait else 422, failed=outcome)


def _second_step(guest: Guest, status: int = 200, text: str = "") -> Response:
    return guest.page("second_step.html", status, text=text, next=local_path(guest.given("next") or "/"))


def welcome(guest: Guest) -> Response:
    """Show what a link is for."""
    return _welcome(guest)


def _welcome(guest: Guest, problems: dict[str, str] | None = None, status: int = 200) -> Response:
    text = guest.request.path_params["text"]
    found = invitations.look(guest.gateway, text)
    if found is None:
        return bare(guest.site, 404, "link")
    return guest.page(
        "welcome.html",
        status,
        link=f"{invitations.PATH}{text}",
        welcome=found,
        problems=problems or {},
        name=guest.given("name"),
        title=guest.given("title"),
    )


def redeem(guest: Guest) -> Response:
    """Use a link: set the password and sign in."""
    text = guest.request.path_params["text"]
    password = guest.given("password")
    if password != guest.given("again"):
        return _welcome(guest, {"again": guest.site.texts("welcome.differs")}, 422)
    browser = sign_in.browser_of(guest.request)
    try:
        outcome = invitations.redeem(
            guest.gateway, text, password, browser, name=guest.given("name"), title=guest.given("title")
        )
    except InvalidValue as fault:
        return _welcome(guest, {p.field or "password": f"{p.what} {p.remedy}".strip() for p in fault.problems}, 422)
    except Conflict as clash:
        return _welcome(guest, {"name": str(clash)}, 409)
    except NotFound:
        return bare(guest.site, 404, "link")
    return _after(guest, outcome)


def openid_begin(guest: Guest) -> Response:
    """Send the browser to the OpenID provider; a page elsewhere that leads here begins nothing."""
    if not comes_from_here(guest.request.headers):
        return RedirectResponse("/sign-in", 303)
    departure = single_sign_on.begin(guest.gateway)
    answer = RedirectResponse(departure.address, 303)
    sign_in.keep_ticket(answer, departure.ticket)
    return answer


def openid_back(guest: Guest) -> Response:
    """Take what the browser brings back from the OpenID provider; what was not begun here is not even noted."""
    ticket = guest.request.cookies.get(sign_in.TICKET, "")
    if not ticket or not single_sign_on.is_possible(guest.gateway.settings):
        return RedirectResponse("/sign-in", 303)
    if single_sign_on.is_linking(guest.gateway, ticket):
        return _linked(guest, ticket)
    browser = sign_in.browser_of(guest.request)
    outcome = single_sign_on.finish(guest.gateway, ticket, dict(guest.request.query_params), browser)
    return _after(guest, outcome)


def _linked(guest: Guest, ticket: str) -> Response:
    """Link the account of whoever is signed in to the person that the provider vouches for."""
    actor = guest.site.identify(guest.gateway, guest.request)
    if actor is None:
        return _way_in(guest, 422, text=guest.site.texts("error.signed_out.title"))
    try:
        single_sign_on.finish_linking(guest.gateway, actor, ticket, dict(guest.request.query_params))
        answer: Response = RedirectResponse(address("/account", done="openid_linked"), 303)
    except SealgateError as fault:
        answer = page(Visit(guest.site, guest.request, actor), fault)
    sign_in.forget(answer, sign_in.TICKET)
    return answer


def passkey_begin(guest: Guest) -> Response:
    """Give the browser what it asks a passkey with."""
    ceremony = passkeys.begin_sign_in(guest.gateway)
    answer = JSONResponse(ceremony.options)
    sign_in.keep_ticket(answer, ceremony.ticket)
    return answer


def passkey_finish(guest: Guest) -> Response:
    """Take a passkey's answer."""
    ticket = guest.request.cookies.get(sign_in.TICKET, "")
    browser = sign_in.browser_of(guest.request)
    outcome = passkeys.finish_sign_in(guest.gateway, ticket, json_body(guest.body), browser)
    if isinstance(outcome, SignedIn):
        return sign_in.let_in(JSONResponse({"signed_in": True}), outcome)
    text = outcome.text if isinstance(outcome, NotSignedIn) else ""
    return JSONResponse({"signed_in": False, "text": text}, 422)


def json_body(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a request; InvalidValue for anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidValue.of("This is no JSON object.")
    return value


def answer(guest: Guest, function: Callable[[Guest], Response]) -> Response:
    """Answer a request of somebody unknown; errors become the way in with their text."""
    try:
        return function(guest)
    except SealgateError as fault:
        return _way_in(guest, 422 if isinstance(fault, InvalidValue) else 409, text=str(fault))


GUEST_ROUTES: tuple[tuple[str, str, Callable[[Guest], Response]], ...] = (
    ("GET", "/sign-in", show),
    ("POST", "/sign-in", with_password),
    ("POST", "/sign-in/code", with_code),
    ("GET", "/sign-in/openid-begin", openid_begin),
    ("GET", single_sign_on.BACK, openid_back),
    ("POST", "/sign-in/passkey-begin", passkey_begin),
    ("POST", "/sign-in/passkey-finish", passkey_finish),
    ("GET", f"{invitations.PATH}{{text}}", welcome),
    ("POST", f"{invitations.PATH}{{text}}", redeem),
)
