"""Lists of rows, one page for all kinds: look, search, go on, switch, remove, move, and take a removal back.

Pages are cut by key, never by number, so the last page of a million rows costs what the first does. What is done to
the rows that were ticked is done to all of them or to none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue, NotFound
from sealgate.model.nouns import NOUNS
from sealgate.model.text_forms import READERS
from sealgate.services import ordering, rows
from sealgate.services.actor import Right
from sealgate.web import live_tests
from sealgate.web.asking import about_row
from sealgate.web.columns import columns_of
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.model.objects import Noun
    from sealgate.services.rows import Page
    from sealgate.store import Stored
    from sealgate.web.visit import Visit

ROWS_OF_A_PAGE = 100


def noun_in(visit: Visit) -> Noun[Any]:
    """Return the kind of row that the address names; NotFound for any other."""
    kind = NOUNS.get(visit.request.path_params.get("noun", ""))
    if kind is None:
        raise NotFound("There is no such list. Nothing was changed.")
    return kind


def path_of(kind: Noun[Any]) -> str:
    """Return the address of a list."""
    return f"/mta/{kind.name}"


def show(visit: Visit) -> Response:
    """Show a part of a list."""
    return visit.page("list.html", **shown(visit, noun_in(visit)))


def shown(visit: Visit, kind: Noun[Any]) -> dict[str, Any]:
    """Return what the page of a list shows: the part of it that was asked for, and what is known about its rows."""
    search, after = visit.asked("q"), visit.asked("after")
    page = rows.listing(visit.gateway, visit.actor, kind.name, search=search, after=after, limit=ROWS_OF_A_PAGE)
    return {
        "noun": kind,
        "base": path_of(kind),
        "columns": columns_of(kind.name),
        "page": page,
        "marks": _marks(visit, page),
        "search": search,
        "after": after,
        "as_text": kind.name in READERS,
        "findings": _findings(visit, kind),
        "testable": live_tests.may_test(visit, kind.name),
        "explain": {row.key: ask for row in page.rows if (ask := about_row(row))},
    }


def bulk(visit: Visit) -> Response:
    """Switch or remove the rows that were ticked."""
    kind = noun_in(visit)
    keys = visit.all_given("key")
    if not keys:
        raise InvalidValue.of("No row is ticked.", "Go back, tick the rows, and choose what to do with them.", "key")
    verb = visit.given("do")
    back = {"q": visit.given("q"), "after": visit.given("after")}
    if verb == "remove":
        return _removed(visit, kind, keys, back)
    if verb not in {"enable", "disable"}:
        raise InvalidValue.of("It was not said what to do with the rows.", "Choose one of the buttons.", "do")
    saved = rows.switch(visit.gateway, visit.actor, kind.name, keys, enabled=verb == "enable")
    visit.changed()
    return visit.go(path_of(kind), done=f"{verb}d", n=len(saved), **back)


def _removed(visit: Visit, kind: Noun[Any], keys: list[str], back: dict[str, str]) -> Response:
    saved = rows.remove(visit.gateway, visit.actor, kind.name, keys)
    visit.changed()
    versions = [item.version or 0 for item in saved]
    return visit.go(path_of(kind), done="removed", n=len(saved), first=min(versions), last=max(versions), q=back["q"])


def put_back(visit: Visit) -> Response:
    """Take a removal back."""
    kind = noun_in(visit)
    first, last = visit.version("first") or 0, visit.version("last") or 0
    saved = rows.put_back(visit.gateway, visit.actor, kind.name, first, last)
    visit.changed()
    return visit.go(path_of(kind), done="put_back", n=len(saved))


def move(visit: Visit) -> Response:
    """Move one row of an ordered list up, down, or to an end."""
    kind = noun_in(visit)
    verb, _, key = visit.given("move").partition(":")
    target = _target(visit, kind, verb, key)
    if target is not None:
        ordering.move(visit.gateway, visit.actor, kind.name, key, target)
        visit.changed()
    return visit.go(path_of(kind), done="moved", after=visit.given("after"), q=visit.given("q"))


def _target(visit: Visit, kind: Noun[Any], verb: str, key: str) -> ordering.Target | None:
    """Return where a row goes; None where it is at that end already."""
    if verb == "first":
        return ordering.Target(first=True)
    if verb == "last":
        return ordering.Target(last=True)
    if verb not in {"up", "down"}:
        raise InvalidValue.of("It was not said where to.", "Choose one of the buttons.", "move")
    before, after = rows.neighbours(visit.gateway, visit.actor, kind.name, key)
    if verb == "up":
        return ordering.Target(before=before) if before else None
    return ordering.Target(after=after) if after else None


def _marks(visit: Visit, page: Page) -> dict[str, str]:
    """Return for the rows that are not applied yet what they are: `new` or `changed`."""
    known = rows.applied(visit.gateway, visit.actor, page.noun, [row.key for row in page.rows])
    return {row.key: _mark(row, known.get(row.key)) for row in page.rows if not row.says_the_same(known.get(row.key))}


def _mark(_row: Stored, old: Stored | None) -> str:
    return "new" if old is None else "changed"


def _findings(visit: Visit, kind: Noun[Any]) -> dict[str, Any]:
    """Return what is known to be wrong with this list and its rows, by key."""
    checked = visit.site.standing.bar(visit.actor).checked
    found: dict[str, Any] = {}
    for finding in checked.judged.findings if checked is not None else ():
        if finding.place.noun == kind.name:
            found.setdefault(finding.place.key, []).append(finding)
    return found


ROUTES = (
    get("/mta/{noun}", Right.VIEW, show),
    post("/mta/{noun}/bulk", Right.EDIT, bulk),
    post("/mta/{noun}/put-back", Right.EDIT, put_back),
    post("/mta/{noun}/move", Right.EDIT, move),
)
