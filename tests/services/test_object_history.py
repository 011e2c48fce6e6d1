"""The life of one object, and the way back to a version of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sealgate.model.errors import Conflict, NotFound, NotPermitted
from sealgate.services import changes, lookup_tables, object_history, rows, settings
from sealgate.services.actor import Actor, Area, Right
from sealgate.services.wording import What

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services.gateway import Gateway

KEY = "192.0.2.1"


@pytest.fixture
def lived(gateway: Gateway, ann: Actor, bob: Actor, applied: Callable[..., int]) -> tuple[int, int]:
    """A row of the black list: added in one revision, changed in a second, changed again and not applied."""
    rows.add(gateway, ann, "black", {"client": KEY, "reason": "first"})
    one = applied()
    rows.change(gateway, bob, "black", KEY, {"reason": "second"}, comment="of bob")
    two = applied()
    rows.change(gateway, ann, "black", KEY, {"reason": "third"})
    return one, two


def test_each_step_tells_revision_person_and_what_changed(gateway: Gateway, ann: Actor, lived: tuple[int, int]) -> None:
    one, two = lived
    found = object_history.steps(gateway, ann, "black", KEY)

    assert [(step.revision, step.actor, step.difference.what) for step in found] == [
        (None, "local:ann", What.CHANGED), (two, "local:bob", What.CHANGED), (one, "local:ann", What.ADDED),
    ]  # fmt: skip
    assert [(field.field, field.old, field.new) for field in found[1].difference.fields] == [
        ("reason", "first", "second"), ("comment", "", "of bob"),
    ]  # fmt: skip
    assert [step.stands for step in found] == [True, False, False]


def test_only_the_newest_steps_are_told_with_what_changed_against_the_one_before(
    gateway: Gateway, ann: Actor, lived: tuple[int, int]
) -> None:
    del lived
    (step,) = object_history.steps(gateway, ann, "black", KEY, 1)

    assert [(field.old, field.new) for field in step.difference.fields] == [("second", "third")]


def test_a_removed_row_tells_its_end(gateway: Gateway, ann: Actor, lived: tuple[int, int]) -> None:
    del lived
    rows.remove(gateway, ann, "black", [KEY])

    step = object_history.steps(gateway, ann, "black", KEY)[0]
    assert (step.difference.what, step.stored, step.stands) == (What.REMOVED, None, True)


@pytest.mark.parametrize("key", ["never", "nul\0"])
def test_an_object_that_never_was_has_no_steps(gateway: Gateway, ann: Actor, key: str) -> None:
    assert object_history.steps(gateway, ann, "black", key) == []


def test_a_setting_has_a_life_too(gateway: Gateway, ann: Actor, applied: Callable[..., int]) -> None:
    settings.set_value(gateway, ann, "my-hostname", "a.example.com")
    number = applied()
    settings.set_value(gateway, ann, "my-hostname", "b.example.com")

    object_history.bring_back(gateway, ann, "setting", "my-hostname", number)

    assert settings.show(gateway, ann, ["my-hostname"])[0].value == "a.example.com"


def test_a_text_is_brought_back_with_its_difference_line_by_line(
    gateway: Gateway, ann: Actor, applied: Callable[..., int]
) -> None:
    rows.add(gateway, ann, "lookup-table", {"name": "t", "type": "hash", "content": "a x\n"})
    number = applied()
    lookup_tables.edit(gateway, ann, "t", "b y\n")

    lines = object_history.steps(gateway, ann, "lookup-table", "t")[0].difference.lines
    object_history.bring_back(gateway, ann, "lookup-table", "t", number)

    assert {"-a x", "+b y"} <= set(lines)
    assert lookup_tables.show(gateway, ann, "t").text == "a x\n"


def test_a_version_is_brought_back_into_the_draft(gateway: Gateway, ann: Actor, lived: tuple[int, int]) -> None:
    assert object_history.bring_back(gateway, ann, "black", KEY, lived[1])

    row = rows.show(gateway, ann, "black", KEY)
    assert (row.fields["reason"], row.comment) == ("second", "of bob")


def test_a_row_that_changed_meanwhile_is_not_brought_back(
    gateway: Gateway, ann: Actor, bob: Actor, lived: tuple[int, int]
) -> None:
    seen = rows.show(gateway, ann, "black", KEY).version
    rows.comment(gateway, bob, "black", KEY, "meanwhile")

    with pytest.raises(Conflict):
        object_history.bring_back(gateway, ann, "black", KEY, lived[0], base=seen)
    assert rows.show(gateway, ann, "black", KEY).fields["reason"] == "third"


def test_bringing_back_what_a_revision_had_not_removes_nothing(
    gateway: Gateway, ann: Actor, lived: tuple[int, int]
) -> None:
    rows.add(gateway, ann, "black", {"client": "192.0.2.9"})

    with pytest.raises(NotFound):
        object_history.bring_back(gateway, ann, "black", "192.0.2.9", lived[0], removing=False)
    assert rows.listing(gateway, ann, "black").total == 2


def test_only_who_may_edit_the_area_brings_a_version_back(gateway: Gateway, ann: Actor, lived: tuple[int, int]) -> None:
    carl = Actor("carl", rights=frozenset({Right.VIEW, Right.EDIT}), areas=frozenset({Area.RBL}))

    with pytest.raises(NotPermitted):
        object_history.bring_back(gateway, carl, "black", KEY, lived[0])
    assert rows.show(gateway, ann, "black", KEY).fields["reason"] == "third"


LOGIN = {"host": "smtp.example.net", "user": "u"}
SASL = "[smtp.example.net]"
EDITOR = Actor("eve", rights=frozenset(set(Right) - {Right.SECRETS}))


def password(gateway: Gateway) -> str | None:
    """Return the name of the password that the draft has."""
    row = rows.standing(gateway, EDITOR, "sasl", SASL)
    return row.fields["password"] if row else None


@pytest.fixture
def replaced(gateway: Gateway, ann: Actor, applied: Callable[..., int]) -> int:
    """A password in a revision, and another one in the draft; returns the revision."""
    rows.add(gateway, ann, "sasl", LOGIN | {"password": "the first of all"})
    number = applied()
    rows.change(gateway, ann, "sasl", SASL, {"password": "the second of all"})
    return number


WAYS: dict[str, Callable[[Gateway, Actor, int], object]] = {
    "bring back": lambda gateway, actor, number: object_history.bring_back(gateway, actor, "sasl", SASL, number),
    "restore": changes.restore,
    "discard": lambda gateway, actor, _number: changes.discard(gateway, actor, "sasl", SASL),
    "discard all": lambda gateway, actor, _number: changes.discard_all(gateway, actor),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_older_password_comes_back_only_for_who_may_store_one(
    gateway: Gateway, ann: Actor, replaced: int, way: str
) -> None:
    stands = password(gateway)

    with pytest.raises(NotPermitted, match="secrets"):
        WAYS[way](gateway, EDITOR, replaced)

    assert password(gateway) == stands
    WAYS[way](gateway, ann, replaced)
    assert password(gateway) != stands


@pytest.mark.parametrize("way", WAYS)
def test_a_state_with_the_same_password_is_brought_back_by_who_may_store_none(
    gateway: Gateway, ann: Actor, applied: Callable[..., int], way: str
) -> None:
    rows.add(gateway, ann, "sasl", LOGIN | {"password": "the first of all"})
    number = applied()
    rows.change(gateway, EDITOR, "sasl", SASL, {"user": "v"})

    WAYS[way](gateway, EDITOR, number)

    assert rows.show(gateway, ann, "sasl", SASL).fields["user"] == "u"


def test_a_removed_password_is_not_put_back_by_who_may_store_none(gateway: Gateway, ann: Actor, replaced: int) -> None:
    del replaced
    (gone,) = rows.remove(gateway, ann, "sasl", [SASL])

    with pytest.raises(NotPermitted):
        rows.put_back(gateway, EDITOR, "sasl", gone.version or 0, gone.version or 0)


def test_an_older_private_key_is_not_brought_back_by_who_may_store_none(
    gateway: Gateway, ann: Actor, applied: Callable[..., int]
) -> None:
    settings.set_value(gateway, ann, "tls-key", new_key())
    number = applied()
    settings.set_value(gateway, ann, "tls-key", new_key())

    with pytest.raises(NotPermitted):
        object_history.bring_back(gateway, EDITOR, "setting", "tls-key", number)


def test_steps_and_pending_changes_tell_what_secrets_forbid(gateway: Gateway, ann: Actor, replaced: int) -> None:
    steps = object_history.steps(gateway, EDITOR, "sasl", SASL)

    assert [step.allowed for step in steps] == [True, False]
    assert [one.allowed for who in (ann, EDITOR) for one in changes.pending(gateway, who)] == [True, False]
    assert [changes.allows_all(gateway, who, replaced) for who in (ann, EDITOR)] == [True, False]
    assert not object_history.standing(gateway, EDITOR, [("sasl", SASL)], replaced)["sasl", SASL].allowed


def new_key() -> str:
    """Return a new private key in PEM."""
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Ed25519PrivateKey.generate().private_bytes(*form).decode()
