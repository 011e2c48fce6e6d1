"""Microsoft 365: the web service that says which addresses it uses (endpoints.office.com), or its SPF record.

The web service is asked for its version first, and for the endpoints only when that changed, as Microsoft asks for.
Endpoints of Exchange with TCP port 25 hold the addresses that mail comes from. Each instance of Microsoft 365 (the
world, China, two of the US government) has addresses of its own. The service wants a number that tells machines apart:
it is derived from /etc/machine-id and does not give that away.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue, NotFetched
from sealgate.model.text import shown
from sealgate.providers.networks import fit_for_the_internet, listed, read
from sealgate.providers.pointer import read_json
from sealgate.providers.source import Fetched
from sealgate.providers.spf import fetch_spf

if TYPE_CHECKING:
    from sealgate.model.network import IPNetwork
    from sealgate.providers.names import Names
    from sealgate.providers.source import Source
    from sealgate.providers.web import Web

_SERVICE = "https://endpoints.office.com"
_SMTP = 25
_VERSION = re.compile(r"[0-9]{1,20}", re.ASCII)
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Instance:
    """One of Microsoft's clouds: its name in the web service, and the domain whose SPF record names its senders."""

    name: str
    spf: str


INSTANCES = {
    "worldwide": _Instance("Worldwide", "spf.protection.outlook.com"),
    "china": _Instance("China", "spf.protection.partner.outlook.cn"),
    "usgov-dod": _Instance("USGovDoD", "spf.protection.office365.us"),
    "usgov-gcchigh": _Instance("USGovGCCHigh", "spf.protection.office365.us"),
}


def fetch_microsoft365(source: Source, web: Web, known: str) -> Fetched:
    """Return the networks of Exchange for port 25, unless the service still has the version known."""
    instance = _instance(source)
    version = f"{source.instance} {_latest(instance, web)}"
    if version == known:
        return Fetched((), known, unchanged=True)
    what = f"The addresses of Microsoft 365 ({instance.name})"
    address = f"{_SERVICE}/endpoints/{instance.name}?ClientRequestId={client()}&ServiceAreas=Exchange"
    kept, remarks = fit_for_the_internet(_senders(read_json(web.get(address).body, what), what))
    return Fetched(listed(kept, what), version, remarks)


def fetch_microsoft365_spf(source: Source, names: Names) -> Fetched:
    """Return the networks that the SPF record of an instance lets pass."""
    return fetch_spf(_instance(source).spf, names)


@functools.cache
def client() -> str:
    """Return the number of this machine for the web service; without a machine-id, one for this process."""
    try:
        machine = Path("/etc/machine-id").read_bytes().strip()
    except OSError:
        machine = b""
    if not machine:
        return str(uuid.uuid4())
    derived = hmac.new(machine, b"sealgate: endpoints.office.com", hashlib.sha256).digest()
    return str(uuid.UUID(bytes=derived[:16], version=4))


def _instance(source: Source) -> _Instance:
    try:
        return INSTANCES[source.instance]
    except KeyError:
        raise NotFetched(
            f"Microsoft 365 has no instance {shown(source.instance)!r}. Choose one of {', '.join(INSTANCES)}."
        ) from None


def _latest(instance: _Instance, web: Web) -> str:
    what = f"The version of the addresses of Microsoft 365 ({instance.name})"
    said = read_json(web.get(f"{_SERVICE}/version/{instance.name}?ClientRequestId={client()}").body, what)
    latest = said.get("latest") if isinstance(said, dict) else None
    if not isinstance(latest, str) or not _VERSION.fullmatch(latest):
        raise _strange(what)
    return latest


def _senders(said: Any, what: str) -> list[IPNetwork]:
    """Return the networks of the endpoints of Exchange that use port 25."""
    if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        raise _strange(what)
    found: list[IPNetwork] = []
    for endpoint in said:
        if endpoint.get("serviceArea") != "Exchange" or not _uses_smtp(endpoint.get("tcpPorts", ""), what):
            continue
        networks = endpoint.get("ips", [])
        if not isinstance(networks, list):
            raise _strange(what)
        found += (_network(text, what) for text in networks)
    return found


def _uses_smtp(ports: Any, what: str) -> bool:
    if not isinstance(ports, str):
        raise _strange(what)
    spans = [_PORTS.fullmatch(part.strip()) for part in ports.split(",") if part.strip()]
    if not all(spans):
        raise _strange(what)
    return any(int(span[1]) <= _SMTP <= int(span[2] or span[1]) for span in spans if span)


def _network(text: Any, what: str) -> IPNetwork:
    try:
        return read(text)
    except InvalidValue as fault:
        raise NotFetched(f"{what}: {fault} Nothing of the list was taken.") from None


def _strange(what: str) -> NotFetched:
    return NotFetched(
        f"{what}: the answer is not as Microsoft describes it. Fetch again later, or choose the SPF record."
    )
