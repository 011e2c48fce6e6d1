"""One request from one person, as the pages see it: what was asked, who asks, and the ways to answer.

A page's function takes a `Visit` and returns a response; it never sees the web server. An answer is a page, a fragment
of one (for a script that asked for it), or a redirection to a page of this site, never to anywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse

from sealgate.model.errors import InvalidValue
from sealgate.services import areas
from sealgate.services.actor import ALL_AREAS, Right
from sealgate.web import navigation
from sealgate.web.formats import address

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.web.site import Site

THEME_COOKIE = "__Host-theme"
THEMES = ("auto", "light", "dark")
MOST_UNDONE = 2**62


@dataclass(slots=True)
class Visit:
    """One request."""

    site: Site
    request: Request
    actor: Actor
    form: FormData = field(default_factory=FormData)
    body: bytes = b""

    @property
    def gateway(self) -> Gateway:
        """The gateway that the pages are about."""
        return self.site.gateway

    @property
    def path(self) -> str:
        """The path that was asked for."""
        return self.request.url.path

    @property
    def here(self) -> str:
        """The address that shows this page again: its path and query, or the overview after a form was sent."""
        return asked_for(self.request) if self.request.method in {"GET", "HEAD"} else "/"

    def asked(self, name: str, default: str = "") -> str:
        """Return a value of the address's query."""
        return self.request.query_params.get(name, default)

    def number(self, name: str, default: int = 0) -> int:
        """Return a whole number of the query; InvalidValue for anything else."""
        return whole(self.asked(name), name, default)

    def given(self, name: str, default: str = "") -> str:
        """Return a text of the form, with LF line ends."""
        value = self.form.get(name, default)
        return value.replace("\r\n", "\n") if isinstance(value, str) else default

    def all_given(self, name: str) -> list[str]:
        """Return all texts of the form with that name."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def version(self, name: str = "base") -> int | None:
        """Return the version that the person saw; None: there was none."""
        text = self.given(name)
        return whole(text, name, 0) if text else None

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Answer with a page."""
        theme = self.request.cookies.get(THEME_COOKIE, "auto")
        text = self.site.templates.get_template(template).render(
            visit=self,
            actor=self.actor,
            groups=navigation.GROUPS,
            path=self.path,
            bar=self.site.standing.bar(self.actor),
            theme=theme if theme in THEMES else "auto",
            done=self._done(),
            **values,
        )
        return HTMLResponse(text, status)

    def go(self, path: str, **query: Any) -> Response:
        """Answer with the way to another page of this site, after something was done."""
        return RedirectResponse(address(path, **query), 303)

    def may_edit(self, noun: str, key: str = "") -> bool:
        """Tell whether this person may change rows of a list, one setting, or own lines; services decide again."""
        return areas.allows(self.actor, noun, key)

    def may_add(self, noun: str) -> bool:
        """Tell whether this person may add rows to a list."""
        return areas.allows_adding(self.actor, noun)

    def may_edit_all(self, *rights: str) -> bool:
        """Tell whether this person may change the whole draft, and has these rights besides."""
        return {Right.EDIT, *rights} <= self.actor.rights and self.actor.areas >= ALL_AREAS

    def only_look(self, *objects: tuple[str, str]) -> str:
        """Return in words who may change these, nouns with their keys."""
        return "; ".join(dict.fromkeys(areas.needs(noun, key) for noun, key in objects))

    def changed(self) -> None:
        """Say that the draft was changed."""
        self.site.watch.changed()

    def _done(self) -> dict[str, Any] | None:
        """Return what the page before did, from the query: a known name and numbers, no text of anybody's."""
        name = self.asked("done")
        if f"done.{name}.one" not in self.site.texts.entries:
            return None
        try:
            count, first, last = (self.number(part, base) for part, base in (("n", 1), ("first", 0), ("last", 0)))
        except InvalidValue:
            return None
        return {"name": name, "n": count, "first": first, "last": last}


def asked_for(request: Request) -> str:
    """Return path and query of a request, as its address has them."""
    query = request.url.query
    return quote(request.url.path) + (f"?{query}" if query else "")


def whole(text: str, name: str, default: int) -> int:
    """Return a whole number of a request."""
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= MOST_UNDONE and len(text) <= 19):
        raise InvalidValue.of("This is not a whole number.", field=name)
    return int(text)
