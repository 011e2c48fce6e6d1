"""Where mail goes: relay domains, relay hosts, transports, logins for next hops.

The external relay host stands in default_transport, never in relayhost: a relay_transport without next hop would
inherit relayhost, and an empty internal relay host would send incoming mail out again. So relayhost is always empty.
Subdomains count by a key of their own (`.example.com`); parent_domain_matches_subdomains is empty, since its default
switches them on for everything.

An international name gets two keys, as A-labels and as people write it: Postfix looks a recipient up as it came
(SMTPUTF8_README). A SASL login is looked up by the next hop exactly as a route names it (SASL_README), so both use
`NextHop.destination`; port 25 has a second spelling, which hand-written routes use; TLS policies likewise.

`hold` is a service of its own (see `master_cf`), since mail for the transport `retry` is refused at RCPT already.
Sources: transport(5), postconf(5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.findings import Place
from sealgate.model.names import DomainName, NextHop
from sealgate.render.clients import enabled
from sealgate.render.part import Parameter, Part, lmdb, named
from sealgate.render.tree import Entry, PerRow, SecretText, TableFile

if TYPE_CHECKING:
    from sealgate.model.desired import DesiredState
    from sealgate.model.objects import Row
    from sealgate.model.sasl import SaslPassword
    from sealgate.model.transports import RelayDomain, Transport
    from sealgate.render.facts import NodeFacts


def routing(desired: DesiredState, node: NodeFacts) -> Part:
    """Return relay domains, relay hosts and transports."""
    settings = desired.settings
    domains = _relay_domains(desired)
    transports = lmdb("transport", PerRow("transport", "1", transport_entries, desired.rows), Place("transport"))
    internal = Place("setting", "internal-relay-host")
    external = Place("setting", "external-relay-host")
    parameters = (
        Parameter(
            "relay_domains", named(domains, node), Place("relay-domain"), "The rows of relay domains are not in force."
        ),
        Parameter(
            "parent_domain_matches_subdomains",
            "",
            Place("setting", "match-subdomains"),
            "Subdomains may count without being asked for.",
        ),
        Parameter("relayhost", "", external, "With an empty internal relay host, incoming mail goes to this host too."),
        Parameter(
            "default_transport",
            _route("smtp", settings.external_relay_host),
            external,
            "The external relay host is not in force.",
        ),
        Parameter(
            "relay_transport",
            _route("relay", settings.internal_relay_host),
            internal,
            "The internal relay host is not in force.",
        ),
        Parameter(
            "transport_maps",
            named(transports, node),
            Place("transport"),
            "The rows of SMTP transports are not in force.",
        ),
    )
    return Part("Where mail goes", parameters, (domains, transports))


def _route(transport: str, hop: NextHop | None) -> str:
    return f"{transport}:{hop.destination}" if hop else transport


def _relay_domains(desired: DesiredState) -> TableFile:
    subdomains = desired.settings.match_subdomains
    entries_of = _with_subdomains if subdomains else _exact
    shape = "subdomains" if subdomains else "exact"
    return lmdb("relay_domains", PerRow("relay-domain", shape, entries_of, desired.rows), Place("relay-domain"))


def _exact(row: Row[RelayDomain]) -> tuple[Entry, ...]:
    return tuple((name, "OK") for name in spellings(row.value.domain)) if row.enabled else ()


def _with_subdomains(row: Row[RelayDomain]) -> tuple[Entry, ...]:
    return tuple((key, "OK") for name, _ in _exact(row) for key in (name, f".{name}"))


def spellings(name: str) -> tuple[str, ...]:
    """Return a domain, `.domain` or address in A-labels, and besides as people write it where that differs."""
    if "xn--" not in name:
        return (name,)
    head, at, rest = name.rpartition("@")
    dot = "." if rest.startswith(".") else ""
    shown = f"{head}{at}{dot}{DomainName(rest.removeprefix('.')).unicode}"
    return (name,) if shown == name else (name, shown)


def transport_entries(row: Row[Transport]) -> tuple[Entry, ...]:
    """Return the entries of one transport; a raw line's key is taken as it stands."""
    value = row.value
    if not row.enabled:
        return ()
    keys = (value.pattern,) if value.raw else spellings(value.pattern)
    return tuple((key, value.result) for key in keys)


def logins(desired: DesiredState, node: NodeFacts) -> Part:
    """Return the logins for next hops; without any, no login is tried."""
    place = Place("sasl")
    if not any(enabled(desired, "sasl")):
        return Part("Logins for next hops", (Parameter("smtp_sasl_auth_enable", "no", place),))
    table = lmdb("sasl_passwd", PerRow("sasl", "1", login_entries, desired.rows), place, 0o600)
    parameters = (
        Parameter("smtp_sasl_auth_enable", "yes", place, "Next hops may get no login."),
        Parameter("smtp_sasl_password_maps", named(table, node), place, "The rows of SASL passwords are not in force."),
        Parameter("smtp_sasl_security_options", "noanonymous", place),
    )
    return Part("Logins for next hops", parameters, (table,))


def login_entries(row: Row[SaslPassword]) -> tuple[Entry, ...]:
    """Return the entries of one login, by each spelling of its next hop."""
    if not row.enabled:
        return ()
    secret = SecretText(f"{row.value.user}:", row.value.password)
    return tuple((key, secret) for key in next_hop_keys(row.value.next_hop.destination))


def next_hop_keys(destination: str) -> tuple[str, ...]:
    """Return the spellings of a next hop that routes may have; port 25 is left out or written."""
    has_port = ":" in destination.rpartition("]")[2]
    return (destination,) if has_port else (destination, f"{destination}:25")
