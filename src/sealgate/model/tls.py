"""TLS levels (postconf(5) smtp_tls_security_level, smtpd_tls_security_level) and the policy per destination."""

from __future__ import annotations

from dataclasses import dataclass

INCOMING_LEVELS = ("none", "may", "encrypt")
OUTGOING_LEVELS = ("none", "may", "encrypt", "dane", "dane-only", "verify", "secure", "fingerprint")


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """TLS towards one next hop: `destination` in Postfix's spelling (`example.com`, `.example.com`, `[mx.example]:25`).

    `match` are the names or fingerprints that the server's certificate must show, for verify, secure, fingerprint.
    """

    destination: str
    level: str
    match: tuple[str, ...] = ()
