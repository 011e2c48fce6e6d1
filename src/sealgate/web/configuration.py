"""The pages of settings: MTA configuration, TLS, and the default of email forwarding.

One form a page, saved as a whole: every value at fault is named at its field and nothing is stored, and what nobody
touched is left alone. Each setting carries the version that the person saw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.model.errors import Conflict, InvalidValue
from sealgate.model.mta import SETTINGS
from sealgate.model.objects import Kind
from sealgate.services import rows, settings, verify_cache
from sealgate.services.actor import Right
from sealgate.services.wording import shown_setting
from sealgate.store import Stored
from sealgate.web import fields, live_tests
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


def show(visit: Visit) -> Response:
    """Show a page of settings."""
    return _form(visit, _name(visit))


def save(visit: Visit) -> Response:
    """Save what was changed on a page of settings."""
    name = _name(visit)
    shown = _shown(visit, name)
    given = {one.name: fields.setting_given(visit, one.name) for one in shown if _was_sent(visit, one)}
    bases = {one.name: visit.version(f"base.{one.name}") for one in shown}
    try:
        saved = settings.set_many(visit.gateway, visit.actor, given, bases)
    except InvalidValue as fault:
        return _form(visit, name, fault.problems, status=422)
    except Conflict as clash:
        return _form(visit, name, clash=clash, status=409)
    visit.changed()
    return visit.go(_HOMES[name], done="settings", n=len(saved))


def _was_sent(visit: Visit, shown: ShownSetting) -> bool:
    """Tell whether a form says anything about a setting; an empty secret means unchanged."""
    kind = SETTINGS[shown.name].kind
    if kind is Kind.SECRET:
        return bool(visit.given(shown.name).strip()) or f"forget.{shown.name}" in visit.form
    return kind is Kind.FLAG or shown.name in visit.form


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
        groups[one.page].append(fields.setting_field(one, sent, problems, findings))
    versions = {one.name: one.version if sent is None or clash else visit.version(f"base.{one.name}") for one in shown}
    made = [field for group in groups.values() for field in group]
    return visit.page(
        "settings.html",
        status,
        name=name,
        home=_HOMES[name],
        main=groups[PAGES[name][0]],
        more=groups[PAGES[name][1]] if len(PAGES[name]) > 1 else [],
        versions=versions,
        loose=fields.loose(problems, made),
        clash=_clash(clash),
        lists=_lists(visit) if name == "config" else {},
        look=live_tests.last_look(visit) if name == "config" else None,
        open_more=any(f.problems or f.was for f in groups[PAGES[name][-1]]),
    )


def _clash(clash: Conflict | None) -> dict[str, Any] | None:
    if clash is None:
        return None
    current = clash.current
    shown = shown_setting(current.key, current.fields["value"]) if isinstance(current, Stored) else ""
    return {"text": str(clash), "now": shown}


def _lists(visit: Visit) -> dict[str, Any]:
    """Return the beginnings of the lists that belong to this page."""
    return {noun: rows.listing(visit.gateway, visit.actor, noun, limit=_FEW) for noun in ("relay-domain", "network")}


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
    get("/mta/verified-recipients", Right.OPERATE, look_up_recipient),
    post("/mta/verified-recipients/forget", Right.OPERATE, forget_recipients),
)
