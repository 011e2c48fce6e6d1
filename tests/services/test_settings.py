from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from sealgate.link.sealing import KeyPair, open_
from sealgate.model.errors import Conflict, InvalidValue, NodeUnreachable, NotFound, NotPermitted
from sealgate.model.mta import SETTINGS
from sealgate.services import settings
from sealgate.services.actor import Actor, Right

if TYPE_CHECKING:
    from sealgate.services.gateway import Gateway

GIVEN: dict[str, Any] = {
    "match-subdomains": True,
    "my-hostname": "gw.example.com",
    "smtp-helo-name": "out.example.com",
    "reject-unverified-recipient": "yes",
    "unverified-recipient-reject-code": "550",
    "verify-positive-expire": "10d",
    "verify-positive-refresh": "2d",
    "verify-negative-expire": "1d",
    "verify-negative-refresh": "1h",
    "external-relay-host": {"host": "smtp.example.net", "port": 2525, "mx": True},
    "internal-relay-host": "[2001:db8::1]:26",
    "before-filter-size-limit": "20 MiB",
    "after-filter-size-limit": "60 MiB",
    "listen-on": ["192.0.2.1:25"],
    "public-addresses": ["192.0.2.2"],
    "delay-warning": "4h",
    "queue-lifetime": "3d",
    "bounce-queue-lifetime": "1d",
    "bare-newline": "reject",
    "default-forwarding": ["admin@example.com"],
    "tls-incoming": "encrypt",
    "tls-outgoing": "dane",
}


def private_key(passphrase: bytes = b"") -> str:
    lock = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode()


def value(gateway: Gateway, actor: Actor, name: str) -> settings.ShownSetting:
    return settings.show(gateway, actor, [name])[0]


def test_every_setting_is_tried_here() -> None:
    assert set(SETTINGS) - set(GIVEN) == {"tls-certificate", "tls-key"}


@pytest.mark.parametrize("name", GIVEN)
def test_a_setting_reads_back_as_what_it_was_set_to(gateway: Gateway, ann: Actor, name: str) -> None:
    settings.set_value(gateway, ann, name, GIVEN[name])

    shown = value(gateway, ann, name)
    setting = SETTINGS[name]
    assert (shown.value, shown.is_set, shown.pending) == (setting.to_json(setting.parse(GIVEN[name])), True, True)


@pytest.mark.parametrize("name", GIVEN)
def test_an_unset_setting_has_its_default(gateway: Gateway, ann: Actor, name: str) -> None:
    settings.set_value(gateway, ann, name, GIVEN[name])

    settings.unset(gateway, ann, name)

    shown = value(gateway, ann, name)
    assert (shown.value, shown.is_set) == (SETTINGS[name].to_json(SETTINGS[name].default), False)


def test_unsetting_what_is_not_set_changes_nothing(gateway: Gateway, ann: Actor) -> None:
    assert settings.unset(gateway, ann, "my-hostname").version is None


def test_a_bad_value_is_refused_with_the_settings_name(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(InvalidValue) as refusal:
        settings.set_value(gateway, ann, "my-hostname", "no name")

    assert [problem.field for problem in refusal.value.problems] == ["my-hostname"]


def test_an_unknown_setting_is_not_found_but_guessed(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(NotFound, match="my-hostname"):
        settings.set_value(gateway, ann, "my-hostnam", "gw.example.com")


def test_the_attributes_spelling_is_taken(gateway: Gateway, ann: Actor) -> None:
    assert settings.set_value(gateway, ann, "my_hostname", "gw.example.com").key == "my-hostname"


def test_a_stale_setting_is_a_conflict(gateway: Gateway, ann: Actor, bob: Actor) -> None:
    seen = settings.set_value(gateway, ann, "my-hostname", "a.example.com").version
    settings.set_value(gateway, bob, "my-hostname", "b.example.com", base=seen)

    with pytest.raises(Conflict):
        settings.set_value(gateway, ann, "my-hostname", "c.example.com", base=seen)

    assert value(gateway, ann, "my-hostname").value == "b.example.com"


def test_settings_come_in_the_order_of_the_pages(gateway: Gateway, ann: Actor) -> None:
    assert [shown.name for shown in settings.show(gateway, ann)] == list(SETTINGS)


def test_a_private_key_is_sealed_and_only_the_nodes_key_opens_it(gateway: Gateway, ann: Actor, keys: KeyPair) -> None:
    clear = private_key()

    settings.set_value(gateway, ann, "tls-key", clear)

    with gateway.store.reading() as reader:
        stored = reader.draft().row("setting", "tls-key")
        assert stored is not None
        name = stored.fields["value"]
        assert open_(keys.private, name, reader.secret(name)).decode() == clear


def test_a_private_key_is_only_shown_as_stored(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "tls-key", private_key())

    shown = value(gateway, ann, "tls-key")
    assert (shown.value, shown.shown, shown.live) == ("stored", "stored", None)


@pytest.mark.parametrize("text", ["no key at all", "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_private_key_is_refused_without_repeating_it(gateway: Gateway, ann: Actor, text: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        settings.set_value(gateway, ann, "tls-key", text)

    assert "secret" not in str(refusal.value)
    assert "no key at all" not in str(refusal.value)


def test_a_locked_private_key_is_refused_with_the_way_to_unlock_it(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(InvalidValue, match="openssl pkey"):
        settings.set_value(gateway, ann, "tls-key", private_key(b"words"))


def test_without_the_nodes_key_no_secret_is_taken(gateway: Gateway, ann: Actor) -> None:
    gateway.settings.public_key_file.unlink()

    with pytest.raises(NodeUnreachable, match="Start the gateway once"):
        settings.set_value(gateway, ann, "tls-key", private_key())


def test_nobody_sets_without_the_right(gateway: Gateway) -> None:
    viewer = Actor("local:eve", rights=frozenset({Right.VIEW}))

    for edit in (
        lambda: settings.set_value(gateway, viewer, "my-hostname", "a.example.com"),
        lambda: settings.unset(gateway, viewer, "my-hostname"),
    ):
        with pytest.raises(NotPermitted):
            edit()


def certificate() -> tuple[str, str]:
    """A certificate of the test's own and its private key, in PEM."""
    import trustme

    issued = trustme.CA().issue_cert("gw.example.com")
    return issued.cert_chain_pems[0].bytes().decode(), issued.private_key_pem.bytes().decode()


def test_a_key_that_belongs_to_the_certificate_is_taken(gateway: Gateway, ann: Actor) -> None:
    chain, key = certificate()
    settings.set_value(gateway, ann, "tls-certificate", chain)

    settings.set_value(gateway, ann, "tls-key", key)

    assert value(gateway, ann, "tls-key").is_set


def test_a_key_of_another_certificate_is_refused(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "tls-certificate", certificate()[0])

    with pytest.raises(InvalidValue, match="does not belong"):
        settings.set_value(gateway, ann, "tls-key", certificate()[1])
