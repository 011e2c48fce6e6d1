"""SMTP transports: which next hop a domain, a subdomain pattern or an address takes (transport(5))."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sealgate.model.names import NextHop


@dataclass(frozen=True, slots=True)
class RelayDomain:
    """A destination domain that mail is accepted for; A-labels in lower case."""

    domain: str


@dataclass(frozen=True, slots=True)
class Transport:
    """A row of the transport table.

    `pattern` is a domain, `.domain` (all its subdomains) or an address, in Postfix's spelling. Exactly one of these
    says where to: `next_hop` (SMTP), or `special` (`error:text`, `discard:`, `lmtp:host:port`, as typed).
    `raw` is a line that the parser does not know, kept as typed and in its place (then `pattern` is its key).
    """

    pattern: str
    next_hop: NextHop | None = None
    special: str = ""
    raw: str = ""
