"""The one verb: fetch the list of a source now.

Nothing is stored here, and nothing goes live. A fetch returns a list that can be believed or raises NotFetched, whose
text says what was asked, what came and what to do; then the list that was there before stays what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.errors import NotFetched
from sealgate.model.text import shown
from sealgate.providers.google import fetch_google
from sealgate.providers.microsoft365 import fetch_microsoft365, fetch_microsoft365_spf
from sealgate.providers.names import Names
from sealgate.providers.source import Clock
from sealgate.providers.spf import fetch_spf
from sealgate.providers.url import fetch_url
from sealgate.providers.web import Web

if TYPE_CHECKING:
    from sealgate.providers.source import Fetched, Reach, Source


def fetch(source: Source, reach: Reach, known: str = "") -> Fetched:
    """Ask a source for its list; `known` is the version of the list that the caller has, from an earlier fetch.

    It takes up to `reach.seconds`, and blocks. NotFetched: there is no list that can be believed now.
    """
    clock = Clock(reach.seconds)
    names = Names(reach, clock)
    match source.kind:
        case "microsoft365":
            return fetch_microsoft365(source, Web(reach, clock, names), known)
        case "microsoft365-spf":
            return fetch_microsoft365_spf(source, names)
        case "google":
            return fetch_google(reach, clock, names)
        case "spf":
            return fetch_spf(source.target, names)
        case "url":
            return fetch_url(source, Web(reach, clock, names), known)
    raise NotFetched(f"A list of the kind {shown(source.kind)!r} is not fetched. Choose a source that is.")
