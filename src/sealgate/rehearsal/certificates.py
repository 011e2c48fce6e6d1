"""The certificates of the artificial internet's servers: an authority of the rehearsal's own, made anew for each run.

`issue` makes one key, the authority's certificate and one certificate each that is good, expired, and for another name.
The good one is for all names that a run can verify: what `names_in` finds in a plan, so a host whose certificate must
be right is named there (as a server, a record, or a recipient's domain). Made outside of the sealed world, and shown
in it as files; the private key is worth nothing outside. Sources: RFC 5280, RFC 6125.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.rehearsal.addresses import plain
from sealgate.rehearsal.trials import Certificate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cryptography import x509

    from sealgate.rehearsal.trials import Plan

WRONG_NAME = "another-name.sealgate.invalid"
_DAY = dt.timedelta(days=1)
_MOST_NAMES = 2000


@dataclass(frozen=True, slots=True)
class Issued:
    """What was issued, as PEM: the authority's certificate, and for each kind the chain with its key."""

    authority: str
    chains: dict[Certificate, str]


def issue(names: Iterable[str]) -> Issued:
    """Make an authority and the certificates of its servers; names that no certificate can carry are left out."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    authority_key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    current, past = (now - _DAY, now + 30 * _DAY), (now - 30 * _DAY, now - 10 * _DAY)
    good = list(dict.fromkeys(filter(_fits, names)))[:_MOST_NAMES] or ["server.sealgate.invalid"]
    authority = _signed(authority_key, authority_key.public_key(), (), current)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    made = {
        Certificate.GOOD: _signed(authority_key, key.public_key(), good, current),
        Certificate.EXPIRED: _signed(authority_key, key.public_key(), good, past),
        Certificate.WRONG_NAME: _signed(authority_key, key.public_key(), [WRONG_NAME], current),
    }
    return Issued(_pem(authority), {kind: secret + _pem(one) for kind, one in made.items()})


def names_in(plan: Plan) -> Iterator[str]:
    """Give the host names that servers of a plan may be verified by."""
    for name in plan.internet.servers:
        yield from _with_domain(name)
    for name, types in plan.internet.records.items():
        yield from _with_domain(name)
        for value in types.get("MX", ()):
            yield from _with_domain(value.split()[-1])
    for recipient in (*(one for trial in plan.trials for one in trial.recipients), *plan.routes):
        domain = plain(recipient.rpartition("@")[2])
        yield from (domain, f"mx.{domain}")


def _with_domain(name: str) -> Iterator[str]:
    yield plain(name)
    yield plain(name).removeprefix("mx.")


def _signed(
    signer: object, public: object, names: Iterable[str], validity: tuple[dt.datetime, dt.datetime]
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    listed = list(names)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sealgate rehearsal")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sealgate rehearsal server")]) if listed else issuer
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity[0])
        .not_valid_after(validity[1])
        .add_extension(x509.BasicConstraints(ca=not listed, path_length=None), critical=True)
    )
    if listed:
        builder = builder.add_extension(x509.SubjectAlternativeName(map(x509.DNSName, listed)), critical=False)
    return builder.sign(signer, hashes.SHA256())  # type: ignore[arg-type]


def _pem(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _fits(name: str) -> bool:
    labels = name.split(".")
    return (
        name.isascii()
        and len(name) < 254
        and all(0 < len(label) < 64 and label.replace("-", "").replace("_", "").isalnum() for label in labels)
    )
