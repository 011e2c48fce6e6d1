"""Where the pages say that mail goes: the route of a recipient, its next hop, TLS and login.

The order is Postfix's: the transport of the address, of the domain, of the nearest `.parent`, of `*`; then the internal
relay host for relay domains, the external one for all others, and without one the MX of the domain. A TLS policy and a
login are looked up by the next hop as the route writes it. What own lines change is not known here. Sources:
transport(5), postconf(5) relay_transport, smtp_tls_policy_maps, smtp_sasl_password_maps.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.findings import Place
from sealgate.render.routing import spellings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.names import NextHop
    from sealgate.model.objects import Row
    from sealgate.rehearsal.subject import Subject

NEVER_CLEAR = frozenset({"encrypt", "dane-only", "verify", "secure", "fingerprint"})
"""TLS levels at which mail never goes out in clear."""
OWN_LINES = (
    r".*_transport", r".*transport_maps", r"relay_domains", r"relayhost", r"sender_dependent_.*", r"mydestination",
    r"virtual_.*", r"canonical.*", r".*_canonical_.*", r"relocated_maps", r"parent_domain_matches_subdomains",
    r"content_filter", r"smtpd_.*", r".*milter.*", r"receive_override_options", r"fallback_.*", r"smtp_.*",
    r"always_bcc", r".*_bcc_maps", r"header_checks", r"mynetworks.*", r"inet_.*", r"local_.*", r"relay_.*",
    r"my.*", r"default_.*", r"recipient_delimiter", r"address_.*", r"unverified_.*", r"alias_.*", r".*_destination_.*",
    r"append_.*", r"masquerade_.*", r"swap_bangpath", r"allow_.*", r"body_checks", r"mime_.*", r"nested_.*",
    r"owner_.*", r"defer_transports", r"disable_.*", r"in_flow_delay", r"lmtp_.*", r"message_.*", r"queue_minfree",
)  # fmt: skip
"""Parameters by which own lines may send mail elsewhere, or refuse it."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The route of one recipient. With a `special` transport there is no `hop`; without either the MX of `domain`."""

    recipient: str
    domain: str
    transport: str
    hop: NextHop | None
    special: str
    blame: Place

    @property
    def nexthop(self) -> str:
        """The next hop as trivial-rewrite tells it."""
        return self.hop.destination if self.hop else self.domain

    @property
    def server(self) -> str:
        """The name or address that mail is delivered to in the artificial internet, whose MX of N is mx.N."""
        host = str(self.hop.host) if self.hop else self.domain
        return f"mx.{host}" if self.hop is None or self.hop.mx else host

    @property
    def port(self) -> int:
        """The port that mail is delivered to."""
        return self.hop.port if self.hop else 25

    @property
    def inside(self) -> bool:
        """Whether the next hop is this machine itself, where no server of the artificial internet can be."""
        try:
            return ipaddress.ip_address(self.server).is_loopback
        except ValueError:
            return self.server == "localhost"


def expected(subject: Subject, recipient: str) -> Expected:
    """Return where the pages send a recipient."""
    domain = recipient.rpartition("@")[2].lower()
    row = _transport(subject, recipient.lower(), domain)
    if row is not None:
        return _by_row(recipient, domain, row)
    settings = subject.desired.settings
    ours = is_relay_domain(subject, domain)
    hop = settings.internal_relay_host if ours else settings.external_relay_host
    blame = Place("setting", "internal-relay-host" if ours else "external-relay-host")
    return Expected(recipient, domain, "relay" if ours else "smtp", hop, "", blame)


def is_relay_domain(subject: Subject, domain: str) -> bool:
    """Tell whether the pages accept mail for a domain."""
    names = (domain, *(_parents(domain) if subject.desired.settings.match_subdomains else ()))
    return any(_enabled(subject, "relay-domain", name) is not None for name in names)


def _transport(subject: Subject, recipient: str, domain: str) -> Row[Any] | None:
    keys = (recipient, domain, *(f".{parent}" for parent in _parents(domain)), "*")
    return next((row for key in keys if (row := _enabled(subject, "transport", key)) is not None), None)


def _by_row(recipient: str, domain: str, row: Row[Any]) -> Expected:
    value, blame = row.value, Place("transport", row.key)
    if value.next_hop is not None:
        return Expected(recipient, domain, "smtp", value.next_hop, "", blame)
    service, _, rest = value.result.partition(":")
    return Expected(
        recipient, domain, "hold" if value.special == "hold:" else service, None, f"{service}:{rest}", blame
    )


def _enabled(subject: Subject, noun: str, key: str) -> Row[Any] | None:
    row = subject.desired.rows.row(noun, key)
    return row if row is not None and row.enabled else None


def _parents(domain: str) -> Iterator[str]:
    while "." in domain:
        domain = domain.partition(".")[2]
        yield domain


def tls_level(subject: Subject, route: Expected) -> tuple[str, Place]:
    """Return the TLS level towards a route's next hop, and the row or setting that says so."""
    names = (route.nexthop, *(f".{parent}" for parent in _parents(route.nexthop.partition(":")[0])))
    for name in names:
        row = _enabled(subject, "tls-policy", name)
        if row is not None:
            return row.value.level, Place("tls-policy", row.key)
    return subject.desired.settings.tls_outgoing, Place("setting", "tls-outgoing")


def login(subject: Subject, route: Expected) -> Row[Any] | None:
    """Return the row of SASL passwords for a route's next hop."""
    rows = (row for row in subject.desired.rows.rows("sasl") if row.enabled)
    if route.hop is None:
        return next((row for row in rows if row.value.next_hop.destination == route.domain), None)
    return next((row for row in rows if row.value.next_hop == route.hop), None)


def mailbox(pattern: str) -> str:
    """Return an address that a transport pattern is for; nothing for `*`, which any address is."""
    if pattern == "*":
        return ""
    if "@" in pattern:
        return pattern
    return f"someone@sub{pattern}" if pattern.startswith(".") else f"someone@{pattern}"


def plain(pattern: str) -> bool:
    """Tell whether a pattern has one spelling, so that mail for it can be sent as it stands."""
    return len(spellings(pattern)) == 1
