"""Client access list providers: the list with how each stands, fetching one now, trying a source before it is saved.

Adding, changing, switching and removing them is as in every list (`lists`, `rows`). A trial takes what stands in the
form, saved or not, and stores nothing. The address of its page carries what was typed, and leads back to the form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sealgate.model.errors import InvalidValue
from sealgate.model.providers import PROVIDER
from sealgate.services import list_fetching, list_trying, rows
from sealgate.services.actor import Right
from sealgate.services.areas import may_edit
from sealgate.services.provider_lists import NOUN
from sealgate.web import fields, listed_networks, lists
from sealgate.web.routing import get, post
from sealgate.web.rows import form

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.services.jobs import Job
    from sealgate.services.list_fetching import Refreshed
    from sealgate.services.list_trying import Tried
    from sealgate.web.visit import Visit

PATH = f"/mta/{NOUN}"
_ROW = "row"
_LONGEST_TYPED = 1000
"""A longer value is not carried: an address has to stay one that every browser takes."""
_CARRIED = (*(column.name for column in PROVIDER.columns if column.name != "networks"), "comment", "enabled", "base")


def show(visit: Visit) -> Response:
    """Show the providers, each with its source, how many networks it has, and how its list stands."""
    values = lists.shown(visit, PROVIDER)
    states = listed_networks.states(visit, values["page"].rows)
    return visit.page("providers.html", **values, states=states, badge=listed_networks.badge)


def fetch(visit: Visit) -> Response:
    """Fetch a provider's list now, in the background."""
    site, actor, key = visit.site, visit.actor, visit.given("key")
    if not key:
        raise InvalidValue.of("It was not said which list to fetch.", "Use the button of a provider.", "key")

    def work(job: Job) -> Refreshed:
        return list_fetching.fetch_now(site.gateway, actor, key, job.progress)

    return visit.go(f"/jobs/{site.jobs.start('fetch-provider', actor, work, key).id}")


def attempt(visit: Visit) -> Response:
    """Try the source that stands in the form, in the background; what is wrong with it is shown in the form."""
    site, actor, key = visit.site, visit.actor, visit.asked("key")
    may_edit(actor, NOUN)
    row = rows.show(visit.gateway, actor, NOUN, key) if key else None
    given = fields.row_given(visit, PROVIDER, exists=row is not None)
    whole = (row.fields if row is not None else {}) | {name: value for name, value in given.items() if value != ""}
    whole = {"name": "trial"} | whole | {name: "" for name, value in given.items() if value == "" and name in whole}
    try:
        origin = PROVIDER.parse(whole | {"name": whole["name"] or "trial"}).origin
        if not origin.fetched:
            raise InvalidValue.of("A list that is typed by hand cannot be tried.", "Choose a source.", "source")
    except InvalidValue as fault:
        return form(
            visit, PROVIDER, (row.fields if row else {}) | given, row=row, problems=fault.problems,
            enabled="enabled" in visit.form, version=visit.version(), status=422,
        )  # fmt: skip

    def work(job: Job) -> Tried:
        return list_trying.try_source(site.gateway, actor, whole | {"name": whole["name"] or "trial"}, job.progress)

    typed = {name: visit.given(name) for name in _CARRIED if name in visit.form}
    carried = urlencode({_ROW: key} | {name: text for name, text in typed.items() if len(text) <= _LONGEST_TYPED})
    return visit.go(f"/jobs/{site.jobs.start('try-provider', actor, work, str(origin)).id}?{carried}")


def typed_before(visit: Visit) -> dict[str, str]:
    """Return what was typed in the form that a trial was started from; empty for what was started elsewhere."""
    asked = visit.request.query_params
    return {name: asked[name] for name in (_ROW, *_CARRIED) if name in asked} if _ROW in asked else {}


def resume(visit: Visit) -> Response:
    """Show the form again as it was typed before a trial; nothing is stored."""
    may_edit(visit.actor, NOUN)
    key = visit.given(_ROW)
    row = rows.standing(visit.gateway, visit.actor, NOUN, key) if key else None
    values = (row.fields if row is not None else {}) | fields.row_given(visit, PROVIDER, exists=row is not None)
    enabled = "enabled" in visit.form
    gone = bool(key) and row is None
    return form(visit, PROVIDER, values, row=row, gone=gone, enabled=enabled, version=visit.version())


ROUTES = (
    get(PATH, Right.VIEW, show),
    post(f"{PATH}/fetch", Right.EDIT, fetch),
    post(f"{PATH}/try", Right.EDIT, attempt),
    post(f"{PATH}/form", Right.EDIT, resume),
)
