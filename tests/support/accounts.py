"""People for tests: made and signed in without the work that a real password costs, unless a test wants just that.

Also a passkey device that does in software what a real one does: makes keys, signs challenges, counts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from sealgate.services import passwords, signing_in
from sealgate.services.origins import Origin
from sealgate.services.signing_in import Browser, SignedIn
from sealgate.store.people_records import CredentialKind

if TYPE_CHECKING:
    from sealgate.services.gateway import Gateway

PASSWORD = "plover quartz umbel 94"
OTHER_PASSWORD = "gnarled thimble oxbow 61"
HERE = Browser(Origin("web", "192.0.2.10", "Lynx"))
ELSEWHERE = Browser(Origin("web", "198.51.100.20", "Links"))


@cache
def kept_password(clear: str = PASSWORD) -> str:
    return passwords.kept(clear)


def person(gateway: Gateway, name: str, role: str = "viewer", **more: Any) -> str:
    """Add a person with a password; returns the id."""
    with gateway.store.writing("local:test") as writer:
        id_ = writer.people.add(name, title=name.title(), email=f"{name}@example.com", role=role, **more)
        writer.people.add_credential(id_, CredentialKind.PASSWORD, kept_password())
    return id_


def signed_in(gateway: Gateway, name: str, browser: Browser = HERE) -> SignedIn:
    """Sign a person in, as if they had proven who they are."""
    with gateway.store.writing(name, origin=browser.origin.source) as writer:
        found = writer.people.named(name)
        assert found is not None
        return signing_in.finish(writer, found, browser, "test")


def verbs(gateway: Gateway) -> list[str]:
    """What the audit says was done, oldest first."""
    with gateway.store.reading() as reader:
        return [entry.verb for entry in reader.audit_trail()]


def audit_text(gateway: Gateway) -> str:
    """Everything that the audit says."""
    with gateway.store.reading() as reader:
        return "\n".join(map(repr, reader.audit_trail()))


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class Device:
    """A passkey device with one key; `origin` is what its browser says where it is."""

    origin: str
    relying_party: str
    verifies: bool = True
    count: int = 0
    credential: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer navigator.credentials.create()."""
        numbers = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        attested = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + public
        data = self._authenticator_data(0x40) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": unpadded(self._client_data("webauthn.create", options)),
            "attestationObject": unpadded(attestation),
        }
        return self._answer(response)

    def use(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer navigator.credentials.get()."""
        self.count += 1
        data, client = self._authenticator_data(0), self._client_data("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": unpadded(client),
            "authenticatorData": unpadded(data),
            "signature": unpadded(signature),
        }
        return self._answer(response)

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        name = unpadded(self.credential)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": self.origin}).encode()

    def _authenticator_data(self, flags: int) -> bytes:
        flags |= 0x01 | (0x04 if self.verifies else 0)
        return hashlib.sha256(self.relying_party.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")
