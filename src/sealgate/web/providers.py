"""Client access list providers: the list with how each stands, fetching one now, trying a source before it is saved.

Adding, changing, switching and removing them is as in every list (`lists`, `rows`). A trial takes what stands in the
form, saved or not, and stores nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    return visit.go(f"/jobs/{site.jobs.start('try-provider', actor, work, str(origin)).id}")


ROUTES = (
    get(PATH, Right.VIEW, show),
    post(f"{PATH}/fetch", Right.EDIT, fetch),
    post(f"{PATH}/try", Right.EDIT, attempt),
)
