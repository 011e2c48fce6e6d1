"""MTA config file: the administrator's own lines of main.cf and master.cf beside the whole file as it is made.

Own lines are kept as typed. What is known to be wrong with them stands above, each line of it leads into the text. The
whole file is shown with line numbers, as the draft makes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.errors import Conflict, InvalidValue, NotFound
from sealgate.services import own_lines, rendering
from sealgate.services.actor import Right
from sealgate.services.states import DRAFT
from sealgate.store import Stored
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from sealgate.web.visit import Visit

FILES = {"main-cf": "main.cf", "master-cf": "master.cf"}
HOME = "/mta/config-file"


def show(visit: Visit) -> Response:
    """Show one of the two files."""
    return _page(visit, _key(visit))


def save(visit: Visit) -> Response:
    """Save the own lines."""
    key = _key(visit)
    text = visit.given("text")
    try:
        own_lines.edit(visit.gateway, visit.actor, key, text, base=visit.version())
    except InvalidValue as fault:
        return _page(visit, key, text=text, problems=[str(p) for p in fault.problems], status=422)
    except Conflict as clash:
        theirs = clash.current.fields["text"] if isinstance(clash.current, Stored) else ""
        return _page(visit, key, text=text, clash=(str(clash), theirs), status=409)
    visit.changed()
    return visit.go(HOME, file=key, done="saved")


def _key(visit: Visit) -> str:
    key = visit.asked("file", "main-cf")
    if key not in FILES:
        raise NotFound("There is no such file. Nothing was changed.")
    return key


def _page(
    visit: Visit,
    key: str,
    *,
    text: str | None = None,
    problems: Sequence[str] = (),
    clash: tuple[str, str] | None = None,
    status: int = 200,
) -> Response:
    own = own_lines.show(visit.gateway, visit.actor, key)
    typed = own.text if text is None else text
    checked = visit.site.standing.bar(visit.actor).checked
    version = visit.version() if text is not None and clash is None else own.version
    return visit.page(
        "config_file.html",
        status,
        key=key,
        files=FILES,
        text=typed,
        version="" if version is None else version,
        problems=problems,
        clash=clash,
        findings=checked.at("own-lines", key) if checked is not None else [],
        whole=rendering.rendered_file(visit.gateway, visit.actor, DRAFT, FILES[key]),
    )


ROUTES = (get(HOME, Right.VIEW, show), post(HOME, Right.RAW, save))
