"""The gateway's names and TLS certificate: My hostname, HELO name, and what the certificate says."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sealgate.model.certificates import chain_facts
from sealgate.model.checking.routes import host_name
from sealgate.model.findings import Finding, Place, error, note, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.context import CheckContext
    from sealgate.model.desired import DesiredState

SOON = dt.timedelta(days=14)
_HOSTNAME = Place("setting", "my-hostname")
_CERTIFICATE = Place("setting", "tls-certificate")


def check_identity(desired: DesiredState, context: CheckContext) -> Iterator[Finding]:
    """Give the findings about the gateway's own names."""
    name = host_name(desired, context)
    if name is None:
        yield error(
            "hostname-missing",
            _HOSTNAME,
            "The machine has no fully qualified name, and My hostname is not set.",
            "Postfix does not start without a name.",
            "Set My hostname, such as gw.example.com.",
        )
        return
    row = desired.rows.row("relay-domain", name.ascii)
    if row is not None and row.enabled:
        yield error(
            "hostname-is-relay-domain",
            _HOSTNAME,
            f"{name} is the name of this gateway and also a relay domain.",
            "Postfix takes mail for its own name as local, so nothing for this domain would reach its mail server.",
            "Give the gateway a name of its own, such as gw." + name.ascii + ".",
        )
    if name.ascii.count(".") == 1:
        yield warning(
            "hostname-bare-domain",
            _HOSTNAME,
            f"My hostname {name} is a domain without a host part.",
            "Servers expect the name of one machine, and mail for the domain itself may be taken as local.",
            f"Use a name such as gw.{name}.",
        )


def check_listeners(desired: DesiredState, context: CheckContext) -> Iterator[Finding]:
    """Give the findings about addresses to listen on that this machine does not have."""
    for listener in desired.settings.listen_on:
        address = listener.address
        if address is None or address.is_loopback or address.is_unspecified or not context.addresses:
            continue
        if address not in context.addresses:
            yield error(
                "listen-address-not-here",
                Place("setting", "listen-on"),
                f"This machine has no address {address}.",
                "Postfix stops when it cannot listen there.",
                f"Choose from {', '.join(sorted(map(str, context.addresses)))}.",
            )


def check_certificate(desired: DesiredState, context: CheckContext) -> Iterator[Finding]:
    """Give the findings about the certificate, the key and the level of TLS for incoming mail."""
    settings = desired.settings
    has_certificate, has_key = bool(settings.tls_certificate), settings.tls_key is not None
    if has_certificate and not has_key:
        yield error(
            "tls-key-missing",
            Place("setting", "tls-key"),
            "There is a TLS certificate without its key.",
            "",
            "Store it.",
        )
    if has_key and not has_certificate:
        yield error(
            "tls-certificate-missing", _CERTIFICATE, "There is a TLS key without its certificate.", "", "Enter it."
        )
    if not has_certificate:
        yield from _without_certificate(settings.tls_incoming)
        return
    yield from _chain(desired, context)


def _without_certificate(level: str) -> Iterator[Finding]:
    place = Place("setting", "tls-incoming")
    if level == "encrypt":
        yield error(
            "tls-incoming-without-certificate",
            place,
            "Incoming mail must use TLS, but there is no certificate.",
            "Every client would be refused.",
            "Enter a certificate and its key.",
        )
    elif level == "may":
        yield note(
            "tls-not-offered",
            place,
            "There is no certificate, so TLS is not offered to clients.",
            "",
            "Enter a certificate and its key.",
        )


def _chain(desired: DesiredState, context: CheckContext) -> Iterator[Finding]:
    facts = chain_facts(desired.settings.tls_certificate)
    begins, ends = facts.begins.date(), facts.ends.date()
    if ends < context.today or begins > context.today:
        yield error(
            "certificate-not-valid",
            _CERTIFICATE,
            f"The certificate is valid from {begins} to {ends}, not today.",
            "Servers that verify it refuse to send.",
            "Enter a new one.",
        )
    elif ends - context.today < SOON:
        yield warning(
            "certificate-expires-soon", _CERTIFICATE, f"The certificate is valid until {ends} only.", "", "Renew it."
        )
    if not facts.in_order:
        yield error(
            "certificate-chain-order",
            _CERTIFICATE,
            "The certificates do not follow each other: one is not issued by the next.",
            "",
            "Put the server's own certificate first, then the one that issued it, and so on.",
        )
    name = host_name(desired, context)
    if name is not None and not facts.names_host(name):
        yield warning(
            "hostname-not-in-certificate",
            _CERTIFICATE,
            f"The certificate is not for {name}.",
            f"It is for: {', '.join(facts.names) or 'no host name'}.",
            "Use a certificate with My hostname in it.",
        )
