"""One's own account: password, codes, passkeys, sessions, tokens; and signing out.

What is shown once (recovery codes, a token) is on the page that made it and on no other. What is delicate asks for a
fresh proof first, and comes back to where it was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from starlette.responses import JSONResponse, RedirectResponse

from sealgate.model.errors import InvalidValue, Refused
from sealgate.services import own_account, passkeys, people, second_factors, sessions, single_sign_on, tokens
from sealgate.services.actor import Right
from sealgate.services.roles import GRANTABLE
from sealgate.web import sign_in
from sealgate.web.entrance import json_body
from sealgate.web.guard import comes_from_here
from sealgate.web.routing import get, post
from sealgate.web.visit import whole

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.web.visit import Visit

HOME = "/account"


def show(visit: Visit) -> Response:
    """Show one's account."""
    return _page(visit)


def _page(visit: Visit, status: int = 200, **values: Any) -> Response:
    known: dict[str, Any] = {"problems": {}, "codes": (), "token": None, "set_up": None, "picture": ""}
    known["typed"] = {"label": "", "days": "90", "right": [Right.VIEW]}
    gateway, actor = visit.gateway, visit.actor
    me = people.show(gateway, actor)
    return visit.page(
        "account.html",
        status,
        me=me,
        ways=own_account.ways_in(gateway, actor),
        sessions=sessions.listing(gateway, actor),
        tokens=tokens.listing(gateway, actor),
        recent=sessions.is_recent(gateway, actor),
        passkeys_possible=passkeys.is_possible(gateway.settings) and not me.managed,
        openid_possible=single_sign_on.is_possible(gateway.settings),
        rights=sorted(actor.rights & GRANTABLE),
        **known | values,
    )


def prove(visit: Visit) -> Response:
    """Take the password again, for what asks for a fresh proof."""
    try:
        proven = own_account.prove(visit.gateway, visit.actor, visit.given("password"))
    except Refused as fault:
        return _page(visit, 422, problems={"prove": str(fault)})
    return _goes_on(visit, proven.session, "proven")


def change_password(visit: Visit) -> Response:
    """Replace the password."""
    if visit.given("new") != visit.given("again"):
        return _page(visit, 422, problems={"again": visit.site.texts("welcome.differs")})
    try:
        proven = own_account.change_password(visit.gateway, visit.actor, visit.given("old"), visit.given("new"))
    except InvalidValue as fault:
        return _page(visit, 422, problems={"new": " ".join(f"{p.what} {p.remedy}" for p in fault.problems)})
    except Refused as fault:
        return _page(visit, 422, problems={"old": str(fault)})
    return _goes_on(visit, proven.session, "password")


def _goes_on(visit: Visit, session: str, done: str) -> Response:
    """Go on under the session's new text."""
    answer = visit.go(HOME, done=done)
    sign_in.keep(answer, sign_in.SESSION, session)
    return answer


def begin_codes(visit: Visit) -> Response:
    """Begin to set up time-based codes."""
    set_up = second_factors.begin(visit.gateway, visit.actor)
    return _page(visit, set_up=set_up, picture=Markup(set_up.picture))  # noqa: S704 - drawn by the services from a link


def confirm_codes(visit: Visit) -> Response:
    """Finish setting up time-based codes; shows the recovery codes, once."""
    try:
        codes = second_factors.confirm(visit.gateway, visit.actor, visit.given("ticket"), visit.given("code"))
    except InvalidValue as fault:
        return _page(visit, 422, problems={"code": str(fault)})
    return _page(visit, codes=codes)


def new_recovery_codes(visit: Visit) -> Response:
    """Make new recovery codes; shows them, once."""
    return _page(visit, codes=second_factors.new_codes(visit.gateway, visit.actor))


def drop_codes(visit: Visit) -> Response:
    """Go without time-based codes."""
    second_factors.remove(visit.gateway, visit.actor)
    return visit.go(HOME, done="codes_off")


def drop_way_in(visit: Visit) -> Response:
    """Remove a passkey or another way in."""
    own_account.remove_way_in(visit.gateway, visit.actor, visit.given("id"))
    return visit.go(HOME, done="way_in_removed")


def passkey_begin(visit: Visit) -> Response:
    """Give the browser what it makes a passkey from."""
    ceremony = passkeys.begin_adding(visit.gateway, visit.actor)
    answer = JSONResponse(ceremony.options)
    sign_in.keep_ticket(answer, ceremony.ticket)
    return answer


def passkey_finish(visit: Visit) -> Response:
    """Take the passkey that the browser made."""
    said = json_body(visit.body)
    ticket = visit.request.cookies.get(sign_in.TICKET, "")
    passkeys.finish_adding(visit.gateway, visit.actor, ticket, said.get("answer") or {}, str(said.get("label", "")))
    return JSONResponse({"added": True})


def openid_begin(visit: Visit) -> Response:
    """Send the browser to the OpenID provider, to link the account to the person that it vouches for.

    A page elsewhere that leads here begins nothing: what it could end is the ticket of what was begun before.
    """
    if not comes_from_here(visit.request.headers):
        return visit.go(HOME)
    departure = single_sign_on.begin_linking(visit.gateway, visit.actor)
    answer = RedirectResponse(departure.address, 303)
    sign_in.keep_ticket(answer, departure.ticket)
    return answer


def revoke_session(visit: Visit) -> Response:
    """End one session, or all others."""
    if visit.given("id"):
        sessions.revoke(visit.gateway, visit.actor, visit.given("id"))
        return visit.go(HOME, done="session_ended")
    return visit.go(HOME, done="session_ended", n=sessions.revoke_others(visit.gateway, visit.actor))


def make_token(visit: Visit) -> Response:
    """Make a token; shows it, once."""
    try:
        days = whole(visit.given("days"), "days", 0)
        made = tokens.create(visit.gateway, visit.actor, visit.given("label"), visit.all_given("right"), days=days)
    except InvalidValue as fault:
        typed = {"label": visit.given("label"), "days": visit.given("days"), "right": visit.all_given("right")}
        return _page(visit, 422, problems={"token": " ".join(str(p) for p in fault.problems)}, typed=typed)
    return _page(visit, token=made)


def revoke_token(visit: Visit) -> Response:
    """Revoke a token."""
    tokens.revoke(visit.gateway, visit.actor, visit.given("id"))
    return visit.go(HOME, done="token_revoked")


def sign_out(visit: Visit) -> Response:
    """End the session."""
    sessions.sign_out(visit.gateway, visit.actor)
    answer = RedirectResponse("/sign-in", 303)
    sign_in.forget(answer, sign_in.SESSION)
    answer.headers["clear-site-data"] = '"cache"'
    return answer


ROUTES = (
    get(HOME, Right.VIEW, show),
    post(f"{HOME}/prove", Right.VIEW, prove),
    post(f"{HOME}/password", Right.VIEW, change_password),
    post(f"{HOME}/codes", Right.VIEW, begin_codes),
    post(f"{HOME}/codes/confirm", Right.VIEW, confirm_codes),
    post(f"{HOME}/codes/recovery", Right.VIEW, new_recovery_codes),
    post(f"{HOME}/codes/off", Right.VIEW, drop_codes),
    post(f"{HOME}/way-in/remove", Right.VIEW, drop_way_in),
    post(f"{HOME}/passkey-begin", Right.VIEW, passkey_begin),
    post(f"{HOME}/passkey-finish", Right.VIEW, passkey_finish),
    get(f"{HOME}/openid-begin", Right.VIEW, openid_begin),
    post(f"{HOME}/sessions/end", Right.VIEW, revoke_session),
    post(f"{HOME}/tokens", Right.VIEW, make_token),
    post(f"{HOME}/tokens/revoke", Right.VIEW, revoke_token),
    post("/sign-out", Right.VIEW, sign_out),
)
