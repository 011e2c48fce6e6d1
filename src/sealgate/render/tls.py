"""TLS for SMTP in and out: levels, the gateway's certificate, the policy per destination.

The private key is a secret: the chain file holds its name until the agent fills it in, and is readable by root only;
smtpd reads it before it gives up its rights (TLS_README). Without a certificate a server cannot offer TLS, so the level
`may` becomes `none`; `encrypt` stays, which refuses mail rather than take it in clear.

DANE works only with DNSSEC look-ups, so they are switched on where a level or a row asks for it.

Sessions of outgoing TLS are not kept: tlsmgr's keys hold names of the next hop, lmdb takes keys of at most 511 bytes,
and with a domain of some 200 characters tlsmgr dies of it (MDB_BAD_VALSIZE), and with it all outgoing TLS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.findings import Place
from sealgate.render.clients import enabled
from sealgate.render.part import Parameter, Part, lmdb, named
from sealgate.render.routing import next_hop_keys, spellings
from sealgate.render.tree import Entry, PerRow, SecretText, TableFile, TextFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.desired import DesiredState
    from sealgate.model.objects import Row
    from sealgate.model.tls import TlsPolicy
    from sealgate.render.facts import NodeFacts

CHAIN_FILE = "tls/smtpd-chain.pem"
_DANE = frozenset({"dane", "dane-only"})
_IN = Place("setting", "tls-incoming")
_OUT = Place("setting", "tls-outgoing")
_CERTIFICATE = Place("setting", "tls-certificate")
_POLICY = Place("tls-policy")


def tls(desired: DesiredState, node: NodeFacts) -> Part:
    """Return everything about TLS."""
    chain = _chain(desired)
    table = _policies(desired)
    parameters = (*_incoming(desired, node, chain), *_outgoing(desired, node, table))
    return Part("TLS", parameters, (table,) if table else (), (chain,) if chain else ())


def _chain(desired: DesiredState) -> TextFile | None:
    settings = desired.settings
    if not settings.tls_certificate or settings.tls_key is None:
        return None
    certificate = settings.tls_certificate.rstrip("\n")
    return TextFile(CHAIN_FILE, SecretText("", settings.tls_key, f"\n{certificate}\n"), 0o600)


def _incoming(desired: DesiredState, node: NodeFacts, chain: TextFile | None) -> Iterator[Parameter]:
    level = desired.settings.tls_incoming
    yield Parameter("smtpd_tls_security_level", "none" if level == "may" and not chain else level, _IN)
    if chain:
        path = f"{node.release_dir}/{chain.path}"
        yield Parameter("smtpd_tls_chain_files", path, _CERTIFICATE, "The certificate that was uploaded is not used.")
    yield Parameter("smtpd_tls_loglevel", "1", _IN)
    yield Parameter("smtpd_tls_received_header", "yes", _IN)


def _outgoing(desired: DesiredState, node: NodeFacts, table: TableFile | None) -> Iterator[Parameter]:
    level = desired.settings.tls_outgoing
    yield Parameter("smtp_tls_security_level", level, _OUT)
    if table:
        yield Parameter("smtp_tls_policy_maps", named(table, node), _POLICY, "The rows of TLS policy are not in force.")
    if level in _DANE or any(row.value.level in _DANE for row in enabled(desired, "tls-policy")):
        yield Parameter("smtp_dns_support_level", "dnssec", _OUT, "DANE does not work without DNSSEC look-ups.")
    if node.ca_file:
        yield Parameter("smtp_tls_CAfile", node.ca_file, _OUT)
    yield Parameter("smtp_tls_loglevel", "1", _OUT)


def _policies(desired: DesiredState) -> TableFile | None:
    if not any(enabled(desired, "tls-policy")):
        return None
    return lmdb("tls_policy", PerRow("tls-policy", "1", policy_entries, desired.rows), _POLICY)


def policy_entries(row: Row[TlsPolicy]) -> tuple[Entry, ...]:
    """Return the entries of one destination, by each spelling of it; `.domain` is none of a next hop's."""
    if not row.enabled:
        return ()
    names = spellings(row.value.destination)
    keys = names if row.value.destination.startswith(".") else tuple(k for name in names for k in next_hop_keys(name))
    return tuple((key, row.value.result) for key in keys)
