"""The one verb: fetch the list of a source now.

Nothing is stored here, and nothing goes live. A fetch returns a list that can be believed or raises NotFetched, whose
text says what was asked, what came and what to do; then the list that was there before stays what it is. What nobody
planned for while something from outside is read is a NotFetched too, and its traceback is in the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.log import logger
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

_log = logger("providers")


def fetch(source: Source, reach: Reach, known: str = "") -> Fetched:
    """Ask a source for its list; `known` is the version of the list that the caller has, from an earlier fetch.

    It takes up to `reach.seconds`, and blocks. NotFetched: there is no list that can be believed now.
    """
    try:
        return _fetched(source, reach, known)
    except NotFetched:
        raise
    except Exception:  # noqa: BLE001 - what strangers send must never end more than this fetch
        _log.exception("a fetch ended by a fault of the program", kind=source.kind)
        target = source.target.partition("?")[0].rpartition("@")[2]
        raise NotFetched(
            f"The list of the source {shown(source.kind)}{f' ({shown(target)})' if target else ''} was not read, by a"
            " fault of the program. Nothing was taken. Look at the log of the service for what happened."
        ) from None


def _fetched(source: Source, reach: Reach, known: str) -> Fetched:
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
