"""The pages of settings: MTA configuration, TLS, and the default of email forwarding.

One form a page: every value at fault is named at its field and nothing is stored. Each setting carries the value and
the version that the person saw; only what differs from that value is sent on, so what nobody touched is left alone.
After a clash only the settings that clashed carry what stands now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.model.errors import Conflict, InvalidValue
from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS
from sealgate.model.objects import Kind
from sealgate.services import rows, settings, verify_cache
from sealgate.services.actor import Right
from sealgate.web import fields, lists, live_tests
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from sealgate.model.errors import Problem
    from sealgate.services.settings import ShownSetting
    from sealgate.web.visit import Visit

PAGES = {
    "config": ("MTA configuration", "MTA configuration, more"),
    "tls": ("TLS",),
    "default-forwarding": ("Email forwarding",),
}
"""Each page with the groups of settings that it shows, as the register names them."""
_HOMES = {"config": "/mta/config", "tls": "/mta/tls", "default-forwarding": "/mta/default-forwarding"}
_FEW = 5
_SEEN = "seen."


def show(visit: Visit) -> Response:
    """Show a page of settings."""
    return _form(visit, _name(visit))


def save(visit: Visit) -> Response:
    """Save what was changed on a page of settings."""
    name = _name(visit)
    shown = _shown(visit, name)
    given = {one.name: fields.setting_given(visit, one.name) for one in shown if _was_typed(visit, one)}
    bases = {one.name: visit.version(f"base.{one.name}") for one in shown}
    try:
        saved = settings.set_many(visit.gateway, visit.actor, given, bases)
    except InvalidValue as fault:
        return _form(visit, name, fault.problems, status=422)
    except Conflict as clash:
        return _form(visit, name, clash=clash, status=409)
    visit.changed()
    return visit.go(_HOMES[name], done="settings", n=len(saved))


def _was_typed(visit: Visit, shown: ShownSetting) -> bool:
    """Tell whether a form says something else about a setting than it was shown with; an empty secret says nothing."""
    kind = SETTINGS[shown.name].kind
    if kind is Kind.SECRET:
        return bool(visit.given(shown.name).strip()) or f"forget.{shown.name}" in visit.form
    if shown.name not in visit.form and (kind is not Kind.FLAG or not visit.may_edit("setting", shown.name)):
        return False  # what was only shown, and not to be edited
    if f"{_SEEN}{shown.name}" not in visit.form:
        return True
    names = [shown.name, *fields.parts_of_hop(shown.name)]
    return any(visit.given(name).strip() != visit.given(f"{_SEEN}{name}").strip() for name in names)


def _name(visit: Visit) -> str:
    return visit.path.rpartition("/")[2]


def _shown(visit: Visit, name: str) -> list[ShownSetting]:
    return [one for one in settings.show(visit.gateway, visit.actor) if one.page in PAGES[name]]


def _form(
    visit: Visit, name: str, problems: Sequence[Problem] = (), *, clash: Conflict | None = None, status: int = 200
) -> Response:
    sent = visit if visit.form else None
    checked = visit.site.standing.bar(visit.actor).checked
    shown = _shown(visit, name)
    groups: dict[str, list[fields.Field]] = {group: [] for group in PAGES[name]}
    for one in shown:
        findings = checked.at("setting", one.name) if checked is not None else ()
        may = visit.may_edit("setting", one.name)
        field = fields.setting_field(one, sent if may else None, problems, findings)
        groups[one.page].append(field if may else field.fixed_to(one.shown))
    clashing = clash.names if clash else ()
    fixed = [("setting", one.name) for one in shown if not visit.may_edit("setting", one.name)]
    fresh = [one for one in shown if (sent is None or one.name in clashing) and ("setting", one.name) not in fixed]
    kept = {name: visit.given(name) for name in visit.form if name.startswith(("base.", _SEEN))}
    made = [field for group in groups.values() for field in group]
    return visit.page(
        "settings.html",
        status,
        name=name,
        may=len(fixed) < len(shown),
        only_look=visit.only_look(*fixed),
        home=_HOMES[name],
        main=groups[PAGES[name][0]],
        more=groups[PAGES[name][1]] if len(PAGES[name]) > 1 else [],
        seen=kept | _as_seen(fresh),
        loose=fields.loose(problems, made),
        clash={"text": str(clash), "now": [one for one in shown if one.name in clashing]} if clash else None,
        lists=_lists(visit) if name == "config" else {},
        look=live_tests.last_look(visit) if name == "config" else None,
        open_more=any(f.problems or f.was for f in groups[PAGES[name][-1]]),
    )


def _as_seen(shown: Sequence[ShownSetting]) -> dict[str, str]:
    """Return what a form keeps about settings as they stand: version and value of each, but of no secret its value."""
    kept = {f"base.{one.name}": "" if one.version is None else str(one.version) for one in shown}
    for one in shown:
        if SETTINGS[one.name].kind is not Kind.SECRET:
            kept |= {f"{_SEEN}{name}": text for name, text in fields.setting_sent(one).items()}
    return kept


def _lists(visit: Visit) -> dict[str, Any]:
    """Return the beginnings of the lists that belong to this page."""
    return {noun: rows.listing(visit.gateway, visit.actor, noun, limit=_FEW) for noun in ("relay-domain", "network")}


def forwarding(visit: Visit) -> Response:
    """Show the list of forwardings, with the way to what holds for all other accounts."""
    return visit.page("forwarding.html", **lists.shown(visit, NOUNS["forwarding"]))


def look_up_recipient(visit: Visit) -> Response:
    """Show what the cache of verified recipients says about an address."""
    address = visit.asked("address")
    found = verify_cache.show(visit.gateway, visit.actor, address) if address else None
    return visit.page("verified.html", found=found, address=address)


def forget_recipients(visit: Visit) -> Response:
    """Empty the cache of verified recipients."""
    done = verify_cache.clear(visit.gateway, visit.actor)
    return visit.go("/mta/verified-recipients", done="forgotten", n=done.count)


ROUTES = (
    *(get(path, Right.VIEW, show) for path in _HOMES.values()),
    *(post(path, Right.EDIT, save) for path in _HOMES.values()),
    get("/mta/forwarding", Right.VIEW, forwarding),
    get("/mta/verified-recipients", Right.OPERATE, look_up_recipient),
    post("/mta/verified-recipients/forget", Right.OPERATE, forget_recipients),
)
