from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgate.link.sealing import KeyPair, open_
from sealgate.model.errors import InvalidValue
from sealgate.services import auditing, changes, rows

if TYPE_CHECKING:
    from pathlib import Path

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway

SECRET = "correct horse $battery: {staple}"
LOGIN = {"host": "smtp.example.net", "user": "u"}


def test_a_password_is_sealed_to_the_nodes_key(gateway: Gateway, ann: Actor, keys: KeyPair) -> None:
    rows.add(gateway, ann, "sasl", LOGIN | {"password": SECRET})

    with gateway.store.reading() as reader:
        name = next(reader.draft().rows("sasl")).fields["password"]
        assert open_(keys.private, name, reader.secret(name)).decode() == SECRET


def test_each_password_has_a_new_name_even_when_it_is_the_same(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "sasl", LOGIN | {"password": SECRET})
    before = rows.show(gateway, ann, "sasl", "[smtp.example.net]").fields["password"]

    rows.change(gateway, ann, "sasl", "[smtp.example.net]", {"password": SECRET})

    assert rows.show(gateway, ann, "sasl", "[smtp.example.net]").fields["password"] != before


def test_a_change_of_another_field_keeps_the_password(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "sasl", LOGIN | {"password": SECRET})
    before = rows.show(gateway, ann, "sasl", "[smtp.example.net]").fields["password"]

    rows.change(gateway, ann, "sasl", "[smtp.example.net]", {"user": "v"})

    assert rows.show(gateway, ann, "sasl", "[smtp.example.net]").fields["password"] == before


def test_the_name_of_a_stored_secret_is_a_password_like_any_other(gateway: Gateway, ann: Actor, keys: KeyPair) -> None:
    """Nobody takes over another row's secret by naming it."""
    rows.add(gateway, ann, "sasl", LOGIN | {"password": SECRET})
    name = rows.show(gateway, ann, "sasl", "[smtp.example.net]").fields["password"]

    rows.add(gateway, ann, "sasl", {"host": "evil.example.net", "user": "u", "password": name})

    other = rows.show(gateway, ann, "sasl", "[evil.example.net]").fields["password"]
    with gateway.store.reading() as reader:
        assert open_(keys.private, other, reader.secret(other)).decode() == name


@pytest.mark.parametrize("password", ["", " lead", "trail ", "two\nlines", "nul\0", "x" * 1001, "ümlaut"])
def test_a_password_that_postfix_could_not_send_is_refused_without_repeating_it(
    gateway: Gateway, ann: Actor, password: str
) -> None:
    with pytest.raises(InvalidValue) as refusal:
        rows.add(gateway, ann, "sasl", LOGIN | {"password": password})

    assert [problem.field for problem in refusal.value.problems] == ["password"]
    assert not password.strip() or password.strip() not in str(refusal.value)


def test_a_refused_row_leaves_no_secret_behind(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(InvalidValue):
        rows.add(gateway, ann, "sasl", {"host": "no host", "user": "u", "password": SECRET})

    with gateway.store.reading() as reader:
        assert list(reader.secret_ids()) == []


def test_a_secret_is_in_clear_nowhere_in_the_gateways_directory(gateway: Gateway, ann: Actor, directory: Path) -> None:
    rows.add(gateway, ann, "sasl", LOGIN | {"password": SECRET})
    rows.change(gateway, ann, "sasl", "[smtp.example.net]", {"password": SECRET + "2"})

    found = [path for path in directory.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert found == []


def test_a_secret_is_in_no_audit_entry_and_no_difference(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "sasl", LOGIN | {"password": SECRET})

    said = repr(auditing.newest(gateway, ann)) + repr(changes.pending(gateway, ann))
    assert SECRET not in said


@pytest.mark.parametrize("change", [{"host": "evil.example.net"}, {"port": 2525}, {"mx": True}])
def test_a_stored_password_does_not_move_to_another_host(
    gateway: Gateway, ann: Actor, change: dict[str, object]
) -> None:
    rows.add(gateway, ann, "sasl", LOGIN | {"password": SECRET})
    before = rows.listing(gateway, ann, "sasl")

    with pytest.raises(InvalidValue, match="belongs to its host") as refusal:
        rows.change(gateway, ann, "sasl", "[smtp.example.net]", change)
    assert [problem.field for problem in refusal.value.problems] == ["password"]
    assert rows.listing(gateway, ann, "sasl") == before


def test_a_login_moves_to_another_host_with_its_password_entered_again(gateway: Gateway, ann: Actor) -> None:
    rows.add(gateway, ann, "sasl", LOGIN | {"password": SECRET})

    moved = rows.change(gateway, ann, "sasl", "[smtp.example.net]", {"host": "mx.example.net", "password": SECRET})

    assert moved.key == "[mx.example.net]"
