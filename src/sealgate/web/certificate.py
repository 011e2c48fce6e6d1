"""The certificate of the pages: a given one, or one that the gateway makes itself at its first start.

A self-made certificate says nothing to a browser about who is there; so its fingerprint is printed where the gateway is
started, to be compared in the browser once. It is made for the machine's name and addresses and lasts as long as
browsers take (825 days); one that has run out is made anew. The private key is for root's eyes only.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sealgate.model.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LIFE = dt.timedelta(days=825)
_SOON = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Files:
    """Where certificate (with its chain) and key are, in PEM."""

    certificate: Path
    key: Path


def own(directory: Path, names: Sequence[str], today: dt.datetime) -> Files:
    """Return the gateway's own certificate, made now if there is none that lasts two weeks more."""
    files = Files(directory / "certificate.pem", directory / "key.pem")
    if not (files.key.exists() and _lasts(files.certificate, today + _SOON)):
        _make(files, names, today)
    return files


def fingerprint(certificate: Path) -> str:
    """Return the SHA-256 fingerprint of a certificate as browsers show it; InvalidValue for a file without one."""
    try:
        first = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    except (OSError, ValueError):
        raise InvalidValue.of(f"{certificate} holds no certificate in PEM form.", field="web_certificate") from None
    return first.fingerprint(hashes.SHA256()).hex(":").upper()


def names_of_this_machine() -> tuple[str, ...]:
    """Return the names and addresses by which a person may call this machine; no name server is asked."""
    return tuple(dict.fromkeys((socket.gethostname(), "localhost", "127.0.0.1", "::1")))


def _lasts(certificate: Path, until: dt.datetime) -> bool:
    with suppress(OSError, ValueError):
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc > until
    return False


def _make(files: Files, names: Sequence[str], today: dt.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(hours=1))
        .not_valid_after(today + _LIFE)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(files.key, private, 0o600)
    _write(files.certificate, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(file: Path, content: bytes, mode: int) -> None:
    """Write a file that has its name only when it is complete, with its mode from the first moment."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)
    fresh.rename(file)
