"""Certificates as values: a PEM chain, the server's own certificate first (RFC 8446 §4.4.2).

Only parsing, no files and no clock: whether a certificate is valid on a date is asked with the date. Keys never come
here; they are sealed at the edge, and the agent proves that key and certificate belong together.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.errors import InvalidValue

if TYPE_CHECKING:
    import datetime as dt

    from cryptography.x509 import Certificate

    from sealgate.model.names import HostName

_LONGEST = 200_000
_MOST = 10


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """What a chain says: names and validity (UTC) of the first certificate; whether each is issued by the next."""

    names: tuple[str, ...]
    begins: dt.datetime
    ends: dt.datetime
    in_order: bool

    def names_host(self, host: HostName) -> bool:
        """Tell whether the certificate is for `host`; a wildcard stands for one label (RFC 9525 §6.3)."""
        _, _, parent = host.ascii.partition(".")
        return host.ascii in self.names or f"*.{parent}" in self.names


def parse_chain(value: object) -> str:
    """Read a PEM certificate chain and return it in one spelling; an empty text means none."""
    if value is None or value == "":
        return ""
    if not isinstance(value, str):
        raise InvalidValue.of("The certificate must be PEM text.")
    if len(value) > _LONGEST:
        raise InvalidValue.of(f"The certificate text has {len(value)} characters.", f"At most {_LONGEST} are possible.")
    if "PRIVATE KEY" in value:
        raise InvalidValue.of(
            "The text holds a private key, which does not belong here.",
            "Nothing was stored. Enter only the certificates here, and the key as the TLS key.",
        )
    chain = _load(value)
    if len(chain) > _MOST:
        raise InvalidValue.of(f"The chain has {len(chain)} certificates.", f"At most {_MOST} are possible.")
    from cryptography.hazmat.primitives.serialization import Encoding

    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in chain)


def _load(text: str) -> list[Certificate]:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(text.encode("ascii"))
    except ValueError:
        raise InvalidValue.of(
            "The text is not a certificate chain in PEM form.",
            "It holds one or more blocks from BEGIN CERTIFICATE to END CERTIFICATE, the server's own first.",
        ) from None


def chain_facts(chain: str) -> ChainFacts:
    """Return what a chain read by `parse_chain` says."""
    from cryptography import x509

    certificates = _load(chain)
    first = certificates[0]
    try:
        extension = first.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = tuple(name.lower() for name in extension.value.get_values_for_type(x509.DNSName))
    except (x509.ExtensionNotFound, ValueError):
        names = ()
    pairs = itertools.pairwise(certificates)
    in_order = all(below.issuer == above.subject for below, above in pairs)
    return ChainFacts(names, first.not_valid_before_utc, first.not_valid_after_utc, in_order)
