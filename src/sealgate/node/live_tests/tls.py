"""TLS as a live test sees it: what was negotiated, what the certificate says, whether it verifies and fits a name.

The conversation itself trusts nothing, as Postfix does at the levels may and encrypt; whether the certificate
verifies is found out by OpenSSL, in a handshake that insists on it. Names are compared as postconf(5) describes for
smtp_tls_verify_cert_match: a leading dot means any subdomain, a wildcard stands for one label, and the common name
counts only where there are no DNS names.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from sealgate.node.live_tests.smtp import visible

_SOON = dt.timedelta(days=14)
_MOST_NAMES = 20
_DIGESTS = {16: "md5", 20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate: facts to show, the names that it is for, and until when it is valid."""

    facts: dict[str, str]
    names: tuple[str, ...]
    begins: dt.datetime
    ends: dt.datetime

    def out_of_date(self, now: dt.datetime) -> str:
        """Return in words what is wrong with its dates; empty: nothing."""
        if now > self.ends:
            return f"it ended on {self.ends.date()}"
        if now < self.begins:
            return f"it begins on {self.begins.date()}"
        return f"it ends soon, on {self.ends.date()}" if self.ends - now < _SOON else ""


def trusting_nothing() -> ssl.SSLContext:
    """Return a context that takes any certificate: the question is what is there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def insisting(ca_file: str, ca_path: str) -> tuple[ssl.SSLContext, str]:
    """Return a context that insists on a certificate which leads to a trusted authority; and what cannot be read."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    fault = ""
    for kind, path in (("cafile", ca_file), ("capath", ca_path)):
        if path:
            try:
                context.load_verify_locations(**{kind: path})
            except (OSError, ssl.SSLError):
                fault = f"the trusted certificates in {Path(path)} cannot be read"
    return context, fault


def certificate_of(der: bytes | None) -> Certificate | None:
    """Read a certificate; None where there is none or it is none."""
    try:
        found = x509.load_der_x509_certificate(der or b"")
        names = _names(found)
        facts = {
            "subject": visible(found.subject.rfc4514_string()),
            "issuer": visible(found.issuer.rfc4514_string()),
            "names": ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else ""),
            "valid from": f"{found.not_valid_before_utc:%Y-%m-%d %H:%M} UTC",
            "valid until": f"{found.not_valid_after_utc:%Y-%m-%d %H:%M} UTC",
            "SHA-256": _colons(hashlib.sha256(der or b"").digest()),
        }
        return Certificate(facts, names, found.not_valid_before_utc, found.not_valid_after_utc)
    except Exception:  # noqa: BLE001 - a stranger made it: whatever the library finds wrong, it cannot be read
        return None


def _names(found: x509.Certificate) -> tuple[str, ...]:
    try:
        alternative = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [*alternative.get_values_for_type(x509.DNSName)]
        addresses = [str(one) for one in alternative.get_values_for_type(x509.IPAddress)]
    except x509.ExtensionNotFound:
        names, addresses = [], []
    if not names:
        names = [str(one.value) for one in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return tuple(visible(name) for name in (*names, *addresses))


def fits(names: tuple[str, ...], wanted: str) -> bool:
    """Tell whether one of a certificate's names is the name wanted."""
    return any(_fits(name.lower().rstrip("."), wanted.lower().rstrip(".")) for name in names)


def _fits(name: str, wanted: str) -> bool:
    if wanted.startswith("."):
        return name.removeprefix("*").endswith(wanted)
    if name.startswith("*."):
        return wanted.partition(".")[2] == name[2:]
    return name == wanted


def has_fingerprint(der: bytes, wanted: tuple[str, ...]) -> bool:
    """Tell whether a certificate or its public key has one of these fingerprints (smtp_tls_fingerprint_digest)."""
    parts: tuple[bytes, ...] = (der,)
    try:
        key = x509.load_der_x509_certificate(der).public_key()
        parts = (der, key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    except Exception:  # noqa: BLE001, S110 - a stranger made it: then only the whole counts
        pass
    for text in wanted:
        algorithm = _DIGESTS.get((len(text) + 1) // 3)
        if algorithm and any(_colons(hashlib.new(algorithm, part).digest()) == text.upper() for part in parts):
            return True
    return False


def _colons(digest: bytes) -> str:
    return digest.hex(":").upper()
