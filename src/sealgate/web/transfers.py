"""Whole lists at once: import with a preview, export, and editing a list as text.

A preview says what would become of the list, or every line at fault, and changes nothing. A list as text is the list as
a postmaster would paste it; saving it replaces the list, unless somebody else changed it meanwhile.
"""

from __future__ import annotations

import io
from itertools import islice
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.responses import StreamingResponse

from sealgate.model.errors import Conflict, InvalidValue, NotFound
from sealgate.model.nouns import NOUNS
from sealgate.model.text_forms import READERS
from sealgate.services import changes, exports, imports, rows
from sealgate.services.actor import Right
from sealgate.services.areas import may_edit
from sealgate.services.formats import Format
from sealgate.services.states import DRAFT, StateName
from sealgate.web.lists import noun_in, path_of
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from starlette.responses import Response

    from sealgate.model.objects import Noun
    from sealgate.services.imports import Imported
    from sealgate.web.visit import Visit

MOST_LINES_AS_TEXT = 20_000
_MOST_SHOWN = 2_000_000
_MOST_REVISIONS = 200
_MEDIA = {
    Format.TEXT: ("text/plain; charset=utf-8", "txt"),
    Format.CSV: ("text/csv; charset=utf-8", "csv"),
    Format.NDJSON: ("application/x-ndjson", "ndjson"),
    Format.YAML: ("application/yaml", "yaml"),
}


def show_import(visit: Visit) -> Response:
    """Show the form of an import."""
    kind = _listed(visit)
    may_edit(visit.actor, kind.name)
    return _import_page(visit, kind)


def do_import(visit: Visit) -> Response:
    """Preview an import, or do it."""
    kind = _listed(visit)
    form = _format(visit.given("format"))
    text = visit.given("text")
    replace = "replace" in visit.form
    dry = visit.given("do") != "import"
    try:
        text = _sent_text(visit)
        if not text.strip():
            raise InvalidValue.of("There is nothing to import.", "Paste rows, or choose a file.", "text")
        result = imports.import_rows(
            visit.gateway, visit.actor, kind.name, _lines(text, form), form=form, replace=replace, dry_run=dry
        )
    except InvalidValue as fault:
        return _import_page(visit, kind, text=text, form=form, replace=replace, problems=fault.problems, status=422)
    if dry:
        return _import_page(visit, kind, text=text, form=form, replace=replace, preview=result)
    visit.changed()
    return visit.go(path_of(kind), done="imported", n=result.added + result.changed + result.removed)


def export(visit: Visit) -> Response:
    """Send a whole list of a state as a file, or show what is to be chosen."""
    kind = _listed(visit)
    state = StateName.parse(visit.asked("state", "draft"))
    visit.actor.may(Right.VIEW)
    with visit.gateway.store.reading() as reader:
        state.view(reader)
    if not visit.asked("format"):
        history = changes.history(visit.gateway, visit.actor, _MOST_REVISIONS)
        numbers = [it.number for it in history.revisions]
        return visit.page(
            "export.html",
            noun=kind,
            base=path_of(kind),
            formats=list(Format),
            state=str(state),
            revisions=numbers if not state.number or state.number in numbers else [*numbers, state.number],
        )
    form = _format(visit.asked("format"))
    media, ending = _MEDIA[form]

    def lines() -> Iterator[str]:
        with exports.exported(visit.gateway, visit.actor, kind.name, form=form, state=state) as found:
            while chunk := list(islice(found, 1000)):
                yield "".join(chunk)

    name = kind.name if state == DRAFT else f"{kind.name}-{state}"
    headers = {"content-disposition": f'attachment; filename="{name}.{ending}"'}
    return StreamingResponse(lines(), media_type=media, headers=headers)


def export_one(visit: Visit) -> Response:
    """Lead to the export of a list that was chosen elsewhere, as it was in a state."""
    kind = NOUNS.get(visit.asked("list"))
    if kind is None or kind.name not in READERS:
        raise NotFound("There is no such list.")
    return visit.go(f"{path_of(kind)}/export", state=str(StateName.parse(visit.asked("state", "draft"))))


def _format(text: str) -> Format:
    """Return the form that was chosen; plain text where none was."""
    try:
        return Format(text or Format.TEXT)
    except ValueError:
        raise InvalidValue.of("There is no such format.", f"Possible are: {', '.join(Format)}.", "format") from None


def _lines(text: str, form: Format) -> Iterable[str]:
    """Return lines with their ends; JSON and YAML may have in a line what ends one elsewhere (U+2028, form feed)."""
    if form in {Format.NDJSON, Format.YAML}:
        return io.StringIO(text, newline="\n")
    return text.splitlines(keepends=True)  # a field of CSV may have line ends in it


def show_text(visit: Visit) -> Response:
    """Show a list as text, to be edited."""
    kind = _listed(visit)
    if rows.listing(visit.gateway, visit.actor, kind.name, limit=1).total > MOST_LINES_AS_TEXT:
        return visit.page("text.html", noun=kind, base=path_of(kind), text=None, most=MOST_LINES_AS_TEXT)
    return _text_page(visit, kind, _as_text(visit, kind), imports.digest_of(visit.gateway, visit.actor, kind.name))


def save_text(visit: Visit) -> Response:
    """Make a list what the text says; asked for once more where that removes rows, with their number."""
    kind = _listed(visit)
    text, base = visit.given("text"), visit.given("base")
    try:
        preview = _if_saved(visit, kind, text, base)
        if preview is not None and preview.removed and visit.given("sure") != str(preview.removed):
            return _text_page(visit, kind, text, base, preview=preview)
        result = imports.import_rows(visit.gateway, visit.actor, kind.name, text.splitlines(), replace=True, base=base)
    except InvalidValue as fault:
        return _text_page(visit, kind, text, base, problems=fault.problems, status=422)
    except Conflict as clash:
        now = imports.digest_of(visit.gateway, visit.actor, kind.name)
        return _text_page(visit, kind, text, now, clash=str(clash), theirs=_as_text(visit, kind), status=409)
    visit.changed()
    home = visit.path.removesuffix("/text")
    return visit.go(home, done="imported", n=result.added + result.changed + result.removed)


def _if_saved(visit: Visit, kind: Noun[Any], text: str, base: str) -> Imported | None:
    """Return what saving a text would change; None where the list is not what was seen: saving says so."""
    if imports.digest_of(visit.gateway, visit.actor, kind.name) != base:
        return None
    return imports.import_rows(visit.gateway, visit.actor, kind.name, text.splitlines(), replace=True, dry_run=True)


def _listed(visit: Visit) -> Noun[Any]:
    if visit.path.startswith("/mta/transport-config"):
        visit.request.path_params["noun"] = "transport"
    kind = noun_in(visit)
    if kind.name not in READERS:
        raise NotFound("This list has no form as text: what is in it is entered one by one.")
    return kind


def _as_text(visit: Visit, kind: Noun[Any]) -> str:
    with exports.exported(visit.gateway, visit.actor, kind.name) as found:
        return "".join(found)


def _sent_text(visit: Visit) -> str:
    file = visit.form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        try:
            return file.file.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InvalidValue.of("The file is not UTF-8 text.", "Save it as UTF-8.", "file") from None
    return visit.given("text")


def _import_page(visit: Visit, kind: Noun[Any], status: int = 200, **values: Any) -> Response:
    known: dict[str, Any] = {
        "text": "",
        "form": Format.TEXT,
        "replace": False,
        "problems": (),
        "preview": None,
        "formats": list(Format),
    }
    known |= values
    known["too_long"] = len(known["text"]) > _MOST_SHOWN
    return visit.page("import.html", status, noun=kind, base=path_of(kind), **known)


def _text_page(visit: Visit, kind: Noun[Any], text: str, digest: str, status: int = 200, **values: Any) -> Response:
    known: dict[str, Any] = {"problems": (), "clash": "", "theirs": "", "preview": None}
    return visit.page(
        "text.html",
        status,
        noun=kind,
        base=path_of(kind),
        text=text,
        digest=digest,
        action=visit.path,
        **known | values,
    )


ROUTES = (
    get("/mta/transport-config", Right.VIEW, show_text),
    post("/mta/transport-config", Right.EDIT, save_text),
    get("/mta/{noun}/import", Right.EDIT, show_import),
    post("/mta/{noun}/import", Right.EDIT, do_import),
    get("/export", Right.VIEW, export_one),
    get("/mta/{noun}/export", Right.VIEW, export),
    get("/mta/{noun}/text", Right.VIEW, show_text),
    post("/mta/{noun}/text", Right.EDIT, save_text),
)
