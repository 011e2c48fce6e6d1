"""One row: add it, change it, remove it; what was wrong at its field, and both sides when somebody was faster.

The form carries the version that the person saw. When another one stands by now, nothing is written: the page shows
what was typed beside what stands, and saving again is then meant. Of a row that was removed meanwhile the form stays,
to add it anew. A key that another row has is a problem at its field: that row is never overwritten from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.model.errors import Conflict, InvalidValue, NotFound, Problem
from sealgate.model.text import shown
from sealgate.services import lookup_tables, object_history, rows, settings
from sealgate.services.actor import Right
from sealgate.services.areas import may_edit
from sealgate.services.wording import shown_fields
from sealgate.store import Stored
from sealgate.web import fields, listed_networks, live_tests
from sealgate.web.asking import about_row
from sealgate.web.columns import name_of
from sealgate.web.formats import address, plain
from sealgate.web.lists import noun_in, path_of
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from sealgate.model.findings import Finding
    from sealgate.model.objects import Noun
    from sealgate.web.visit import Visit

_MOST_SUGGESTIONS = 200
_FEW_STEPS = 5
"""Steps of a row's life on its own page; a page of its own has the others."""


def new(visit: Visit) -> Response:
    """Show an empty form; values in the address fill it."""
    kind = noun_in(visit)
    may_edit(visit.actor, kind.name)
    values = {c.name: visit.asked(c.name) for c in kind.columns if visit.asked(c.name)}
    return form(visit, kind, values, enabled=True)


def add(visit: Visit) -> Response:
    """Add a row."""
    kind = noun_in(visit)
    given = fields.row_given(visit, kind)
    enabled = "enabled" in visit.form
    try:
        saved = rows.add(visit.gateway, visit.actor, kind.name, given, comment=visit.given("comment"), enabled=enabled)
    except InvalidValue as fault:
        return form(visit, kind, given, problems=fault.problems, enabled=enabled, status=422)
    except Conflict as clash:
        if (there := _current(clash)) is None:
            raise
        return form(visit, kind, given, there=there, enabled=enabled, status=409)
    visit.changed()
    if kind.name == "lookup-table":
        return visit.go(path_of(kind) + "/row", key=saved.key, done="added")
    return visit.go(path_of(kind), done="added")


def show(visit: Visit) -> Response:
    """Show the form of a row."""
    kind = noun_in(visit)
    row = rows.show(visit.gateway, visit.actor, kind.name, visit.asked("key"))
    return form(visit, kind, row.fields, row=row, comment=row.comment, enabled=row.enabled)


def change(visit: Visit) -> Response:
    """Change a row."""
    kind = noun_in(visit)
    key = visit.asked("key")
    given = fields.row_given(visit, kind, exists=True)
    enabled, comment = "enabled" in visit.form, visit.given("comment")
    try:
        rows.change(
            visit.gateway,
            visit.actor,
            kind.name,
            key,
            given,
            comment=comment,
            enabled=enabled,
            base=visit.version(),
        )
    except InvalidValue as fault:
        row = rows.show(visit.gateway, visit.actor, kind.name, key)
        return form(
            visit, kind, row.fields | given, row=row, problems=fault.problems, comment=comment, enabled=enabled,
            version=visit.version(), status=422,
        )  # fmt: skip
    except NotFound:
        if visit.version() is None:
            raise
        return form(visit, kind, given, gone=True, enabled=enabled, status=409)
    except Conflict as clash:
        current = _current(clash)
        if current is not None and current.key != key:
            row = rows.show(visit.gateway, visit.actor, kind.name, key)
            return form(
                visit, kind, row.fields | given, row=row, there=current, comment=comment, enabled=enabled,
                version=visit.version(), status=409,
            )  # fmt: skip
        both = _both_sides(visit, kind, given, clash)
        return form(visit, kind, given, row=current, comment=comment, enabled=enabled, clash=both, status=409)
    visit.changed()
    return visit.go(path_of(kind), done="saved")


def remove(visit: Visit) -> Response:
    """Remove the row of the form."""
    kind = noun_in(visit)
    key = visit.asked("key")
    try:
        saved = rows.remove(visit.gateway, visit.actor, kind.name, [key], base=visit.version())
    except NotFound:
        if visit.version() is None:
            raise
        return visit.go(path_of(kind), done="gone")
    except Conflict as clash:
        if (row := _current(clash)) is None:
            return visit.go(path_of(kind), done="gone")
        seen = row.fields | fields.row_given(visit, kind, exists=True)
        both = _both_sides(visit, kind, seen, clash)
        return form(
            visit, kind, row.fields, row=row, comment=row.comment, enabled=row.enabled, clash=both, removing=True,
            status=409,
        )  # fmt: skip
    visit.changed()
    return visit.go(path_of(kind), done="removed", n=1, first=saved[0].version or 0, last=saved[0].version or 0)


def life(visit: Visit) -> Response:
    """Show the life of a row, also of one that is removed."""
    return _life(visit, noun_in(visit), visit.asked("key"))


def bring_back(visit: Visit) -> Response:
    """Make a row in the draft what it was in a revision."""
    kind, key = noun_in(visit), visit.asked("key")
    number = visit.version("revision")
    if not number:
        raise InvalidValue.of("It was not said which version.", "Use the button of one.", "revision")
    try:
        object_history.bring_back(
            visit.gateway, visit.actor, kind.name, key, number, base=visit.version(), removing=False
        )
    except Conflict as clash:
        return _life(visit, kind, key, clash=str(clash), status=409)
    visit.changed()
    return visit.go(f"{path_of(kind)}/row", key=key, done="brought_back")


def _life(visit: Visit, kind: Noun[Any], key: str, *, clash: str = "", status: int = 200) -> Response:
    steps = object_history.steps(visit.gateway, visit.actor, kind.name, key)
    if not steps:
        raise NotFound(f"There never was such a row in this list: {shown(key)}.")
    stands = rows.standing(visit.gateway, visit.actor, kind.name, key)
    last = next(step.stored for step in steps if step.stored is not None)
    title = name_of(last)
    return visit.page(
        "row_history.html", status, noun=kind, base=path_of(kind), key=key, row=stands, title=title, history=steps,
        clash=clash, may=visit.may_edit(kind.name),
    )  # fmt: skip


def form(
    visit: Visit,
    kind: Noun[Any],
    values: dict[str, Any],
    *,
    row: Stored | None = None,
    problems: Sequence[Problem] = (),
    clash: dict[str, Any] | None = None,
    removing: bool = False,
    there: Stored | None = None,
    gone: bool = False,
    comment: str | None = None,
    enabled: bool = True,
    version: int | None = None,
    status: int = 200,
) -> Response:
    """Show the form of a row with these values.

    `there` is another row that has the key already; `gone`: the row was removed by somebody else; `removing`:
    it was to be removed when somebody else had changed it.
    """
    if there is not None:
        problems = [*problems, _taken(visit, kind, there)]
    findings = _findings(visit, kind, row)
    made = fields.row_fields(
        kind, values, problems, findings, exists=row is not None, suggestions=_suggestions(visit, kind)
    )
    if not (may := visit.may_edit(kind.name)):
        made = [field.fixed_to(plain(shown_fields(row).get(field.name)) if row else "") for field in made]
    said = visit.given("comment") if comment is None else comment
    here = address(f"{path_of(kind)}/row", key=row.key) if row else f"{path_of(kind)}/add"
    return visit.page(
        "row.html",
        status,
        noun=kind,
        base=path_of(kind),
        may=may,
        row=row,
        title=name_of(row) if row else "",
        fields=made,
        loose=fields.loose(problems, made),
        comment=said,
        comment_problems=[str(p) for p in problems if p.field == "comment"],
        enabled=enabled,
        version=version if version is not None else (row.version if row else ""),
        clash=clash,
        removing=removing,
        there=there,
        gone=gone,
        findings=findings,
        explain=about_row(row) if row else "",
        action=here,
        history=object_history.steps(visit.gateway, visit.actor, kind.name, row.key, _FEW_STEPS) if row else [],
        table=_table(visit, kind, row, sent=not removing),
        badge=listed_networks.badge,
        listed=listed_networks.of_row(visit, kind, row, values),
        testable=row is not None and live_tests.may_test(visit, kind.name) and bool(row.fields.get("host", True)),
    )


def _table(visit: Visit, kind: Noun[Any], row: Stored | None, *, sent: bool) -> dict[str, Any] | None:
    """Return the text of a look-up table: as it was just sent, or as the draft has it."""
    if kind.name != lookup_tables.NOUN:
        return None
    if row is None:
        return {"text": visit.given("text"), "used": ()}
    table = lookup_tables.show(visit.gateway, visit.actor, row.key)
    text = visit.given("text") if sent and "text" in visit.form else table.text
    file = f"{table.type}-{table.name}.map"
    return {"text": text, "now": table.text, "used": table.used, "file": file, "type": table.type}


def _current(clash: Conflict) -> Stored | None:
    return clash.current if isinstance(clash.current, Stored) else None


def _taken(visit: Visit, kind: Noun[Any], there: Stored) -> Problem:
    """Return the problem, at the field that names a row, that another row has this name."""
    return Problem(fields.columns_in_form(kind)[0].name, visit.site.texts("row.there", key=name_of(there)))


def _both_sides(visit: Visit, kind: Noun[Any], values: dict[str, Any], clash: Conflict) -> dict[str, Any]:
    """Return what was typed beside what stands, each field that differs, with comment and switch.

    A field that a row has not is at its default; one that the form had not stays as it stands.
    """
    current = _current(clash)
    theirs = shown_fields(current) if current is not None else {}
    typed = {column.name: theirs.get(column.name, column.default) for column in kind.columns} | values
    stands = {column.name: column.default for column in kind.columns if current is not None} | theirs
    sides = [
        (column.title, *(plain(fields.as_typed(column, side.get(column.name))) for side in (typed, stands)))
        for column in fields.columns_in_form(kind)
        if column.kind != "secret"
    ]
    words = visit.site.texts
    if current is not None:
        sides += [
            (words("list.comment"), plain(visit.given("comment")), plain(current.comment)),
            (words("row.enabled"), plain("enabled" in visit.form), plain(current.enabled)),
        ]
    return {"text": str(clash), "current": current, "sides": [it for it in sides if it[1] != it[2]]}


def _findings(visit: Visit, kind: Noun[Any], row: Stored | None) -> list[Finding]:
    checked = visit.site.standing.bar(visit.actor).checked
    return checked.at(kind.name, row.key) if checked is not None and row is not None else []


def _suggestions(visit: Visit, kind: Noun[Any]) -> dict[str, tuple[str, ...]]:
    """Return hosts that a login may be for: relay hosts and next hops of transports."""
    if kind.name != "sasl":
        return {}
    names = ("external-relay-host", "internal-relay-host")
    hosts = [item.value["host"] for item in settings.show(visit.gateway, visit.actor, names) if item.value]
    tags = rows.tags(visit.gateway, visit.actor, "transport", _MOST_SUGGESTIONS)
    hosts += [tag.strip("[]").partition("]")[0].partition(":")[0] for tag in tags if not tag.endswith(":")]
    return {"host": tuple(dict.fromkeys(filter(None, hosts)))}


ROUTES = (
    get("/mta/{noun}/add", Right.EDIT, new),
    post("/mta/{noun}/add", Right.EDIT, add),
    get("/mta/{noun}/row", Right.VIEW, show),
    post("/mta/{noun}/row", Right.EDIT, change),
    post("/mta/{noun}/remove", Right.EDIT, remove),
    get("/mta/{noun}/history", Right.VIEW, life),
    post("/mta/{noun}/bring-back", Right.EDIT, bring_back),
)
