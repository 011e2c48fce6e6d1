"""Every page of a gateway, found as a person finds them: by following links and search forms from the first one.

A page that is added later is found by itself as soon as a link leads to it, so walks over all pages need no list. For
each route that shows something, at most a few addresses are followed (each list of rows counts as a route of its own).
"""

from __future__ import annotations

import html
import re
from collections import Counter, deque
from typing import TYPE_CHECKING, cast
from urllib.parse import urljoin, urlsplit

from starlette.routing import Match, Route
from tests.support.full_gateway import LOGIN
from tests.support.hostile import HOSTILE
from tests.support.waiting import wait_until

from sealgate.web.pages import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

_LINK = re.compile(r"""<(?:a|form)\b[^>]*?\s(?:href|action)="([^"]*)\"[^>]*>""")
_POSTS = re.compile(r"<form\b[^>]*method=\"post\"", re.IGNORECASE)
_SHOWN = [Route(page.path, lambda _request: None, methods=["GET"]) for page in ROUTES if page.method == "GET"]
ALSO = (
    "/mta/table-query?table=partners&key=x", "/mta/verified-recipients?address=a@example.com", "/mta/sasl/add",
    "/history/1?against=draft", "/queue?sender=x&older=4h&part=hold", "/log?message=4ABC", "/log/newer?after=1:2",
    "/search?q=a",
    "/search?q=script",
    "/changes?after=a:b", "/mta/black/export?format=ndjson&state=1",
    "/styleguide", "/changes/bar", "/no/such/page", "/search/hits?q=script", "/mta/editor/words?language=main-cf",
)  # fmt: skip
"""Addresses with a question in them, which a person types and no link has."""

MAIL = {"client": "203.0.113.5", "recipient": "info@example.com", "sender": "a@b.example", "of": "draft", "helo": "h"}
JOBS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/explain", MAIL),
    ("/what-if/replay", {"count": "20", "since": ""}),
    ("/what-if/drill", {"of": "draft"}),
    ("/mta/policy-test/run", {}),
    ("/changes/rehearse", {}),
    ("/mta/test/relay-host", {"which": "external-relay-host"}),
    ("/mta/test/dns", {"search": HOSTILE}),
    ("/mta/test/rbl", {"key": "zen.example.net=127.0.0.2"}),
    ("/mta/test/sasl", {"key": LOGIN}),
    ("/mta/test/transport", {"key": "customer-000000.example"}),
    ("/mta/provider/fetch", {"key": "listed"}),
    ("/mta/provider/try", {"source": "url", "address": "https://lists.example/a"}),
    ("/changes/apply", {"comment": HOSTILE}),
)
"""The acts that start long work, with what a person types."""


def pages_of(client: httpx.Client, *, per_route: int = 2) -> Iterator[tuple[str, httpx.Response]]:
    """Give the address and the answer of every page that can be reached, the first page first."""
    waiting = deque(["/", *ALSO])
    seen, counted = set(waiting), Counter[str]()
    while waiting:
        path = waiting.popleft()
        answer = client.get(path)
        yield path, answer
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        for link in links_of(answer.text, path):
            group = group_of(link)
            if link not in seen and group and counted[group] < per_route:
                counted[group] += 1
                seen.add(link)
                waiting.append(link)


def jobs_of(client: httpx.Client) -> Iterator[tuple[str, httpx.Response]]:
    """Start a piece of long work of each kind; give the address and the answer of its page when it has ended."""
    for path, form in JOBS:
        begun = client.post(path, data=form)
        assert begun.status_code == 303, (path, begun.status_code, begun.text)
        place = begun.headers["location"]

        def ended(place: str = place) -> httpx.Response | None:
            answer = client.get(place)
            return answer if 'data-job="ended"' in answer.text else None

        yield place, cast("httpx.Response", wait_until(ended, f"the job of {path} ends"))


def links_of(text: str, path: str) -> list[str]:
    """Return where a page leads to within this site, without what is sent by POST, in order."""
    found = [match for match in _LINK.finditer(text) if not _POSTS.match(match[0])]
    places = [urlsplit(urljoin(f"https://here{path}", html.unescape(match[1]))) for match in found]
    kept = [f"{place.path}?{place.query}" if place.query else place.path for place in places if place.netloc == "here"]
    return [link for link in kept if not link.startswith("/static/")]


def group_of(link: str) -> str:
    """Return what an address is an example of: its route, and for lists of rows the kind; empty for nothing of ours."""
    place = urlsplit(link)
    for route in _SHOWN:
        match, found = route.matches({"type": "http", "path": place.path, "method": "GET"})
        if match is Match.FULL:
            named = "&".join(sorted(part.partition("=")[0] for part in place.query.split("&")))
            return f"{route.path} {found['path_params'].get('noun', '')} {named}"
    return ""


def route_of(link: str) -> str:
    """Return the route that an address belongs to."""
    return group_of(link).partition(" ")[0]
