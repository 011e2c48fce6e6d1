"""Finding: pages, settings, and rows of every list that have a piece of text, in one look.

Pages and settings are found by their names and help; rows by key, fields and comment, a few of each list, as the lists'
own search finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS
from sealgate.services import rows
from sealgate.web.columns import name_of
from sealgate.web.formats import address
from sealgate.web.navigation import every_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.web.visit import Visit

_FEW = 8
_ENOUGH = 2
_MOST = 40


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found: its name, what kind of thing it is, and its page."""

    name: str
    kind: str
    path: str
    more: str = ""


def found(visit: Visit, text: str) -> list[Hit]:
    """Return what has the text in it: pages first, then settings, then rows."""
    return [*_pages(visit, text), *_settings(text), *_rows(visit, text)]


def hits(visit: Visit, text: str) -> list[Hit]:
    """Return what the palette shows: all pages for nothing typed, pages and settings for one letter, then rows too."""
    if len(text) < _ENOUGH:
        return [*_pages(visit, text), *(_settings(text) if text else ())][:_MOST]
    return sorted(found(visit, text), key=lambda hit: _nearness(hit.name.casefold(), text.casefold()))[:_MOST]


def _nearness(name: str, text: str) -> int:
    """Return how near a name is to what was typed: the same, beginning with it, holding it, found by other words."""
    return 0 if name == text else 1 if name.startswith(text) else 2 if text in name else 3


def home_of(setting: str) -> str:
    """Return the page that shows a setting."""
    if setting == "default-forwarding":
        return "/mta/default-forwarding"
    return "/mta/tls" if SETTINGS[setting].page == "TLS" else "/mta/config"


def _pages(visit: Visit, text: str) -> Iterator[Hit]:
    words = visit.site.texts
    for place in every_place():
        name = words(f"nav.{place.name}")
        if text.casefold() in name.casefold() and place.right in visit.actor.rights:
            yield Hit(name, words("search.page"), place.path)


def _settings(text: str) -> Iterator[Hit]:
    wanted = text.casefold()
    for setting in SETTINGS.values():
        if wanted in setting.title.casefold() or wanted in setting.name or wanted in setting.help.casefold():
            yield Hit(setting.title, setting.page, f"{home_of(setting.name)}#f-{setting.name}", setting.help)


def _rows(visit: Visit, text: str) -> Iterator[Hit]:
    for noun in NOUNS.values():
        page = rows.listing(visit.gateway, visit.actor, noun.name, search=text, limit=_FEW)
        for row in page.rows:
            yield Hit(name_of(row), noun.title, address(f"/mta/{noun.name}/row", key=row.key), row.comment)
        if page.next:
            yield Hit("…", noun.title, address(f"/mta/{noun.name}", q=text))
