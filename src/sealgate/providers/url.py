"""Any list at an https address: text with one network a line, or JSON with pointers to the networks.

The version that is returned holds what the server calls its state (ETag, Last-Modified) with a digest of address and
pointer, so that a version of another list never leads to «unchanged»; without either it is a digest of the networks.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from sealgate.providers.lines import networks_of_lines
from sealgate.providers.networks import digest, listed
from sealgate.providers.pointer import networks_at, read_json
from sealgate.providers.source import Fetched
from sealgate.providers.web import Place

if TYPE_CHECKING:
    from sealgate.providers.source import Source
    from sealgate.providers.web import Web


def fetch_url(source: Source, web: Web, known: str) -> Fetched:
    """Return the networks of the list at `source.target`."""
    etag, modified = _conditions(source, known)
    document = web.get(source.target, etag=etag, modified=modified)
    if document.unchanged:
        return Fetched((), known, unchanged=True)
    what = str(Place.parse(source.target))
    remarks: tuple[str, ...] = ()
    if source.pointer.strip():
        found, remarks = networks_at(read_json(document.body, what), source.pointer, what, web.clock)
    else:
        found = networks_of_lines(document.body, what, web.clock)
    networks = listed(found, what)
    if document.etag or document.modified:
        return Fetched(networks, json.dumps([_digest(source), document.etag, document.modified]), remarks)
    return Fetched(networks, digest(networks), remarks)


def _digest(source: Source) -> str:
    return hashlib.sha256(f"{source.target}\n{source.pointer}".encode()).hexdigest()[:16]


def _conditions(source: Source, known: str) -> tuple[str, str]:
    """Return ETag and Last-Modified of a version, or nothing when it is of another list."""
    try:
        whose, etag, modified = json.loads(known)
    except (ValueError, TypeError):
        return "", ""
    if whose != _digest(source) or not isinstance(etag, str) or not isinstance(modified, str):
        return "", ""
    return etag, modified
