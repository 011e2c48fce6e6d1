"""Secrets on their way in: checked, sealed to the node group's public key, stored as ciphertext, named by an id.

The fields of a row or a setting go in with the secret in clear and come out with the id of a new sealed secret in its
place. The clear text is in no error, no audit entry, and nowhere on disk; control cannot open what it sealed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.link.sealing import seal
from sealgate.model.errors import InvalidValue
from sealgate.model.objects import Kind
from sealgate.model.secrets import check_password
from sealgate.services.actor import Right

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sealgate.model.mta import Setting
    from sealgate.model.objects import Noun
    from sealgate.services.actor import Actor
    from sealgate.store import Writer


@dataclass(frozen=True, slots=True)
class Sealing:
    """Seals inside one transaction; key and right are asked for only when there is a secret."""

    public_key: Callable[[], bytes]
    writer: Writer
    actor: Actor

    def of_row(self, kind: Noun[Any], fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields with each secret in them sealed."""
        sealed = dict(fields)
        for column in kind.columns:
            if column.kind is Kind.SECRET and sealed.get(column.name):
                sealed[column.name] = self._sealed(_password(sealed[column.name], column.name))
        return sealed

    def of_setting(self, setting: Setting[Any], given: Any) -> Any:
        """Return the value given for a setting, sealed if the setting is a secret one."""
        if setting.kind is not Kind.SECRET or not given:
            return given
        certificate = self.writer.draft().row("setting", "tls-certificate")
        return self._sealed(private_key(given, certificate.fields["value"] if certificate else ""))

    def _sealed(self, clear: bytes) -> str:
        self.actor.may(Right.SECRETS)
        name = secrets.token_hex(16)
        self.writer.put_secret(name, seal(self.public_key(), name, clear))
        return name


def _password(clear: object, field: str) -> bytes:
    try:
        return check_password(clear).encode()
    except InvalidValue as fault:
        raise fault.at(field) from None


def private_key(text: object, chain: str = "") -> bytes:
    """Return a private key in PEM as bytes; InvalidValue if it is none, is locked, or belongs to another certificate.

    `chain` is the certificate of the draft in PEM, its own first; empty: there is none to compare with.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificates

    data = text.encode() if isinstance(text, str) else b""
    try:
        key = load_pem_private_key(data, password=None)
    except TypeError:
        raise InvalidValue.of(
            "The private key is locked with a passphrase.", "Unlock it first: openssl pkey -in FILE -out NEW", "tls-key"
        ) from None
    except Exception:  # noqa: BLE001 - whatever the library finds wrong, its text might quote the key
        raise InvalidValue.of(
            "This is no private key in PEM form.",
            "Give the file that begins with -----BEGIN PRIVATE KEY-----.",
            "tls-key",
        ) from None
    if chain:
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        certified = load_pem_x509_certificates(chain.encode())[0].public_key()
        if key.public_key().public_bytes(*form) != certified.public_bytes(*form):
            raise InvalidValue.of(
                "The private key does not belong to the TLS certificate of the draft.",
                "Set the certificate that belongs to it first, then the key.",
                "tls-key",
            )
    return data
