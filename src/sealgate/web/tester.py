"""Questions to the real Postfix from a page: a key in a look-up table, a header against the header checks.

The draft is asked, and what is live, side by side: so one sees what an apply would change. A message is cut into its
headers as Postfix does it (folded lines belong together), and each is looked up by itself, with a bound on how many.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.errors import NodeFailed, NotFound, SealgateError
from sealgate.services import lookups, rows
from sealgate.services.actor import Right
from sealgate.web.routing import get, post

if TYPE_CHECKING:
    from starlette.responses import Response

    from sealgate.web.visit import Visit

CHECKS = {
    "header-check": "header_checks",
    "mime-header-check": "mime_header_checks",
    "nested-header-check": "nested_header_checks",
    "body-check": "body_checks",
}
MOST_HEADERS = 100
_MOST_TABLES = 20
_MOST_RULES = 10_000
_ENCODED = re.compile(r"=\?[^?\s]+\?[bq]\?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one side says: the value (None: nothing), or why it could not be asked."""

    value: str | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """One header or line that was looked up: what the draft says, what is live, the rules that say so, a warning."""

    line: str
    draft: Answer
    live: Answer
    rules: tuple[str, ...] = ()
    encoded: bool = False


def table_query(visit: Visit) -> Response:
    """Look a key up in a look-up table."""
    table, key = visit.asked("table"), visit.asked("key")
    tried = None
    if table and key:
        tried = Tried(key, _ask(visit, table, key, live=False), _ask(visit, table, key, live=True))
    return visit.page("query.html", table=table, key=key, tried=tried)


def show_tester(visit: Visit) -> Response:
    """Show the tester of header checks."""
    return visit.page("tester.html", noun_name="header-check", text="", tried=None, checks=CHECKS, cut=False)


def test_headers(visit: Visit) -> Response:
    """Look up each header of a text in the checks."""
    noun = visit.given("checks")
    if noun not in CHECKS:
        raise NotFound("There are no such checks. Nothing was changed.")
    text = visit.given("text")
    lines = text.splitlines() if noun == "body-check" else headers_of(text)
    tried = [_try(visit, noun, line) for line in lines[:MOST_HEADERS]]
    return visit.page(
        "tester.html", noun_name=noun, text=text, tried=tried, checks=CHECKS, cut=len(lines) > MOST_HEADERS
    )


def headers_of(text: str) -> list[str]:
    """Return the headers of a message as one line each: folded lines are joined as Postfix joins them for a look-up."""
    found: list[str] = []
    for line in text.splitlines():
        if not line.strip():
            if found:
                break
            continue
        if line[:1] in {" ", "\t"} and found:
            found[-1] += f" {line.strip()}"
        else:
            found.append(line.rstrip())
    return found


def _try(visit: Visit, noun: str, line: str) -> Tried:
    draft = _ask_checks(visit, noun, line, live=False)
    live = _ask_checks(visit, noun, line, live=True)
    return Tried(line, draft, live, _rules(visit, noun, draft.value), bool(_ENCODED.search(line)))


def _ask_checks(visit: Visit, noun: str, line: str, *, live: bool) -> Answer:
    """Ask the tables of one kind of check in their order; the first that answers decides."""
    for number in range(1, _MOST_TABLES):
        name = CHECKS[noun] if number == 1 else f"{CHECKS[noun]}-{number}"
        try:
            answer = lookups.query(visit.gateway, visit.actor, name, line, live=live)
        except NotFound:
            return Answer()
        except (NodeFailed, SealgateError) as fault:
            return Answer(fault=str(fault))
        if answer.value is not None:
            return Answer(answer.value)
    return Answer()


def _rules(visit: Visit, noun: str, value: str | None) -> tuple[str, ...]:
    """Return the rules whose action and text are the answer (`$` parts of a text make it look different)."""
    if value is None:
        return ()
    page = rows.listing(visit.gateway, visit.actor, noun, limit=_MOST_RULES)
    return tuple(row.key for row in page.rows if f"{row.fields['action']} {row.fields['text']}".strip() == value)


def _ask(visit: Visit, table: str, key: str, *, live: bool) -> Answer:
    try:
        return Answer(lookups.query(visit.gateway, visit.actor, table, key, live=live).value)
    except SealgateError as fault:
        return Answer(fault=str(fault))


ROUTES = (
    get("/mta/table-query", Right.VIEW, table_query),
    get("/mta/check-tester", Right.VIEW, show_tester),
    post("/mta/check-tester", Right.VIEW, test_headers),
)
