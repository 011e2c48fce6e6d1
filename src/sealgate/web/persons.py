"""People: who may use this gateway and with what rights; inviting, changing, locking, a new link, removing.

A link is shown once, on the page that made it, to be handed over by whoever made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.model.errors import Conflict, InvalidValue
from sealgate.services import people, sessions
from sealgate.services.actor import Area, Right
from sealgate.services.roles import GRANTABLE, Role
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.web.visit import Visit

HOME = "/people"
_TYPED = ("name", "title", "role")


def show(visit: Visit) -> Response:
    """Show all people."""
    return _page(visit)


def _page(visit: Visit, status: int = 200, **values: Any) -> Response:
    typed = {name: visit.given(name) for name in _TYPED}
    known: dict[str, Any] = {"problems": {}, "link": None, "whose": "", "typed": typed}
    found = people.listing(visit.gateway, visit.actor)
    return visit.page("people.html", status, people=found, roles=list(Role), stale=_is_stale(visit), **known | values)


def invite(visit: Visit) -> Response:
    """Invite somebody; shows the link, once."""
    name = visit.given("name")
    try:
        link = people.invite(visit.gateway, visit.actor, name, visit.given("role"), title=visit.given("title"))
    except InvalidValue as fault:
        return _page(visit, 422, problems=_by_field(fault, "name"))
    except Conflict as clash:
        return _page(visit, 409, problems={"name": str(clash)})
    return _page(visit, link=link, whose=name, typed=dict.fromkeys(_TYPED, ""))


def _by_field(fault: InvalidValue, otherwise: str = "") -> dict[str, str]:
    """Return what is wrong, by the field that shows it."""
    return {p.field or otherwise: f"{p.what} {p.remedy}".strip() for p in fault.problems}


def person(visit: Visit) -> Response:
    """Show one person."""
    return _person(visit)


def _person(visit: Visit, status: int = 200, **values: Any) -> Response:
    name = visit.asked("name")
    who = people.show(visit.gateway, visit.actor, name)
    stands = {
        "base": who.version, "title": who.title, "email": who.email, "role": who.role, "extra": who.extra,
        "areas": who.areas,
    }  # fmt: skip
    known: dict[str, Any] = {"problems": {}, "link": None, "clash": "", "typed": stands}
    return visit.page(
        "person.html",
        status,
        who=who,
        own=bool(visit.actor.session) and who.name == visit.actor.name,
        sessions=sessions.listing(visit.gateway, visit.actor, name) if name else [],
        roles=list(Role),
        rights=sorted(GRANTABLE),
        areas=list(Area),
        stale=_is_stale(visit),
        **known | values,
    )


def _typed(visit: Visit) -> dict[str, Any]:
    """Return what was typed about a person, with the version that was seen."""
    typed: dict[str, Any] = {name: visit.given(name) for name in ("base", "title", "email", "role")}
    return typed | {"extra": visit.all_given("extra"), "areas": visit.all_given("area")}


def change(visit: Visit) -> Response:
    """Change a person's name, role, rights and areas."""
    areas = visit.all_given("area")
    try:
        people.change(
            visit.gateway,
            visit.actor,
            visit.asked("name"),
            base=visit.version(),
            title=visit.given("title"),
            email=visit.given("email"),
            role=visit.given("role"),
            extra=visit.all_given("extra"),
            areas=areas if set(areas) != set(Area) else None,
        )
    except InvalidValue as fault:
        return _person(visit, 422, problems=_by_field(fault), typed=_typed(visit))
    except Conflict as clash:
        return _person(visit, 409, clash=str(clash))
    return visit.go(HOME, done="person_saved")


def reset(visit: Visit) -> Response:
    """Make a new link for a person who cannot sign in; shows it, once."""
    link = people.reset(visit.gateway, visit.actor, visit.asked("name"), second_step="second_step" in visit.form)
    return _person(visit, link=link)


def lock(visit: Visit) -> Response:
    """Lock a person out, or let them in again."""
    act = people.unlock if visit.given("do") == "unlock" else people.lock
    act(visit.gateway, visit.actor, visit.asked("name"))
    return visit.go(HOME, done="person_saved")


def end_sessions(visit: Visit) -> Response:
    """End all sessions of a person."""
    ended = sessions.revoke_others(visit.gateway, visit.actor, visit.asked("name"))
    return visit.go(HOME, done="session_ended", n=ended)


def remove(visit: Visit) -> Response:
    """Remove a person; asked for once more before."""
    if visit.given("sure") != "yes":
        return _person(visit, remove=True)
    people.remove(visit.gateway, visit.actor, visit.asked("name"))
    return visit.go(HOME, done="person_removed")


def _is_stale(visit: Visit) -> bool:
    """Tell whether what is sent from this page will be asked for a fresh proof."""
    return bool(visit.actor.session) and not sessions.is_recent(visit.gateway, visit.actor)


ROUTES = (
    get(HOME, Right.PEOPLE, show),
    post(f"{HOME}/invite", Right.PEOPLE, invite),
    get(f"{HOME}/person", Right.PEOPLE, person),
    post(f"{HOME}/person", Right.PEOPLE, change),
    post(f"{HOME}/reset", Right.PEOPLE, reset),
    post(f"{HOME}/lock", Right.PEOPLE, lock),
    post(f"{HOME}/end-sessions", Right.PEOPLE, end_sessions),
    post(f"{HOME}/remove", Right.PEOPLE, remove),
)
