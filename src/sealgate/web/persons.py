"""People: who may use this gateway and with what rights; inviting, changing, locking, a new link, removing.

A link is shown once, on the page that made it, to be handed over by whoever made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.model.errors import Conflict, InvalidValue
from sealgate.services import people, sessions, tokens
from sealgate.services.actor import Area, Right
from sealgate.services.roles import GRANTABLE, Role
from sealgate.store.people_records import Person
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.web.visit import Visit

HOME = "/people"
_TYPED = ("name", "title", "email", "role")
_NOTHING: dict[str, Any] = dict.fromkeys(_TYPED, "") | {"extra": [], "areas": list(Area)}


def show(visit: Visit) -> Response:
    """Show all people."""
    return _page(visit)


def _page(visit: Visit, status: int = 200, **values: Any) -> Response:
    known: dict[str, Any] = {"problems": {}, "link": None, "whose": "", "typed": _NOTHING}
    return visit.page(
        "people.html",
        status,
        people=people.listing(visit.gateway, visit.actor),
        roles=list(Role),
        rights=sorted(GRANTABLE),
        areas=list(Area),
        stale=_is_stale(visit),
        **known | values,
    )


def invite(visit: Visit) -> Response:
    """Invite somebody; shows the link, once."""
    name = visit.given("name")
    typed = {name: visit.given(name) for name in _TYPED} | _rights_typed(visit)
    given = {"title": visit.given("title"), "email": visit.given("email"), "extra": typed["extra"]}
    try:
        link = people.invite(visit.gateway, visit.actor, name, visit.given("role"), areas=_areas_given(visit), **given)
    except InvalidValue as fault:
        return _page(visit, 422, problems=_by_field(fault, "name"), typed=typed)
    except Conflict as clash:
        return _page(visit, 409, problems={"name": str(clash)}, typed=typed)
    return _page(visit, link=link, whose=name)


def _rights_typed(visit: Visit) -> dict[str, Any]:
    return {"extra": visit.all_given("extra"), "areas": visit.all_given("area")}


def _areas_given(visit: Visit) -> list[str] | None:
    """Return the areas that were ticked; None for all of them, so that later ones are among them."""
    areas = visit.all_given("area")
    return areas if set(areas) != set(Area) else None


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
        sessions=sessions.listing(visit.gateway, visit.actor, who.name),
        tokens=tokens.listing(visit.gateway, visit.actor, who.name),
        roles=list(Role),
        rights=sorted(GRANTABLE),
        areas=list(Area),
        stale=_is_stale(visit),
        **known | values,
    )


def _typed(visit: Visit) -> dict[str, Any]:
    """Return what was typed about a person, with the version that was seen."""
    typed: dict[str, Any] = {name: visit.given(name) for name in ("base", "title", "email", "role")}
    return typed | _rights_typed(visit)


def change(visit: Visit) -> Response:
    """Change a person's name, role, rights and areas."""
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
            areas=_areas_given(visit),
        )
    except InvalidValue as fault:
        return _person(visit, 422, problems=_by_field(fault), typed=_typed(visit))
    except Conflict as clash:
        now = clash.current
        return _person(
            visit,
            409,
            clash=str(clash),
            typed=_typed(visit) | ({"base": now.version} if isinstance(now, Person) else {}),
        )
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


def end_session(visit: Visit) -> Response:
    """End one session of a person."""
    sessions.revoke(visit.gateway, visit.actor, visit.given("id"), visit.asked("name"))
    return visit.go(f"{HOME}/person", name=visit.asked("name"), done="session_ended")


def revoke_token(visit: Visit) -> Response:
    """Revoke one API token of a person."""
    tokens.revoke(visit.gateway, visit.actor, visit.given("id"), visit.asked("name"))
    return visit.go(f"{HOME}/person", name=visit.asked("name"), done="token_revoked")


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
    post(f"{HOME}/end-session", Right.PEOPLE, end_session),
    post(f"{HOME}/revoke-token", Right.PEOPLE, revoke_token),
    post(f"{HOME}/remove", Right.PEOPLE, remove),
)
