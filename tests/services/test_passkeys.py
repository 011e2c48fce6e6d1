"""Passkeys, with a device in software that signs as a real one does."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from tests.support.accounts import HERE, Device, audit_text, person, signed_in, unpadded, verbs

from sealgate.model.errors import Conflict, InvalidValue, NotFound, NotPermitted, Refused
from sealgate.services import own_account, passkeys, people, sessions, throttling, tokens
from sealgate.services.gateway import Gateway
from sealgate.services.signing_in import NotSignedIn, SignedIn
from sealgate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sealgate.services.actor import Actor

START = dt.datetime(2026, 5, 4, 12, 0, tzinfo=dt.UTC)
NAME = "mail.example.com"
ORIGIN = "https://mail.example.com:8443"


@pytest.fixture
def gateway(directory: Path) -> Iterator[Gateway]:
    (directory / "sealgate.toml").write_text(f'web_name = "{NAME}"\n')
    opened = Gateway.open(Settings.load(directory))
    yield opened
    opened.close()


@pytest.fixture
def pat(gateway: Gateway) -> Actor:
    person(gateway, "pat", "operator")
    return signed_in(gateway, "pat").actor


@pytest.fixture
def device() -> Device:
    return Device(ORIGIN, NAME)


def added(gateway: Gateway, actor: Actor, device: Device) -> None:
    begun = passkeys.begin_adding(gateway, actor)
    passkeys.finish_adding(gateway, actor, begun.ticket, device.make(begun.options), "blue key")


def used(gateway: Gateway, device: Device) -> object:
    begun = passkeys.begin_sign_in(gateway)
    return passkeys.finish_sign_in(gateway, begun.ticket, device.use(begun.options), HERE)


def test_a_passkey_that_was_added_signs_in(gateway: Gateway, pat: Actor, device: Device) -> None:
    added(gateway, pat, device)
    done = used(gateway, device)

    assert isinstance(done, SignedIn)
    assert (done.actor.name, done.actor.rights) == ("pat", pat.rights)
    assert sessions.actor_of(gateway, done.session, HERE.origin) == done.actor


def test_a_passkey_signs_in_from_behind_a_proxy_on_the_usual_port(gateway: Gateway, pat: Actor) -> None:
    device = Device(f"https://{NAME}", NAME)
    added(gateway, pat, device)

    assert isinstance(used(gateway, device), SignedIn)


def test_a_token_adds_no_passkey_to_the_account_that_it_belongs_to(gateway: Gateway, pat: Actor) -> None:
    token = tokens.actor_of(gateway, tokens.create(gateway, pat, "nightly", ["view"], days=1).text, HERE.origin)
    assert token is not None

    with pytest.raises(NotPermitted, match="signed in"):
        passkeys.begin_adding(gateway, token)


def test_the_options_ask_for_verification_and_name_the_gateway(gateway: Gateway, pat: Actor) -> None:
    new, use = passkeys.begin_adding(gateway, pat).options, passkeys.begin_sign_in(gateway).options

    assert new["rp"] == {"name": "Sealgate", "id": NAME}
    assert new["authenticatorSelection"]["userVerification"] == "required"
    assert new["attestation"] == "none"
    assert (use["rpId"], use["userVerification"], use["allowCredentials"]) == (NAME, "required", [])


def test_what_is_known_is_not_offered_again(gateway: Gateway, pat: Actor, device: Device) -> None:
    added(gateway, pat, device)
    options = passkeys.begin_adding(gateway, pat).options

    assert [one["id"] for one in options["excludeCredentials"]] == [unpadded(device.credential)]


@pytest.mark.parametrize(
    "wrong",
    [{"origin": "https://mail.example.com.evil.example"}, {"relying_party": "evil.example"}, {"verifies": False}],
    ids=["origin", "relying-party", "unverified"],
)
def test_a_wrong_device_is_not_added(gateway: Gateway, pat: Actor, device: Device, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match="not right"):
        added(gateway, pat, replace(device, **wrong))


@pytest.mark.parametrize(
    "wrong",
    [{"origin": "https://mail.example.com.evil.example"}, {"relying_party": "evil.example"}, {"verifies": False}],
    ids=["origin", "relying-party", "unverified"],
)
def test_a_page_that_imitates_the_gateway_gets_nothing(
    gateway: Gateway, pat: Actor, device: Device, wrong: dict[str, Any]
) -> None:
    added(gateway, pat, device)

    assert used(gateway, replace(device, **wrong)) == NotSignedIn()


def test_a_key_that_is_not_the_one_added_signs_nobody_in(gateway: Gateway, pat: Actor, device: Device) -> None:
    added(gateway, pat, device)
    other = Device(ORIGIN, NAME, credential=device.credential)

    assert used(gateway, other) == NotSignedIn()


def test_a_device_that_nobody_added_signs_nobody_in(gateway: Gateway, pat: Actor, device: Device) -> None:
    assert used(gateway, device) == NotSignedIn()


def test_an_answer_works_once(gateway: Gateway, pat: Actor, device: Device) -> None:
    added(gateway, pat, device)
    begun = passkeys.begin_sign_in(gateway)
    answer = device.use(begun.options)
    first, second = (passkeys.finish_sign_in(gateway, begun.ticket, answer, HERE) for _ in range(2))

    assert (isinstance(first, SignedIn), second) == (True, NotSignedIn())


def test_an_answer_to_another_challenge_is_wrong(gateway: Gateway, pat: Actor, device: Device) -> None:
    added(gateway, pat, device)
    begun, other = passkeys.begin_sign_in(gateway), passkeys.begin_sign_in(gateway)

    assert passkeys.finish_sign_in(gateway, begun.ticket, device.use(other.options), HERE) == NotSignedIn()


def test_a_count_that_does_not_rise_is_refused(gateway: Gateway, pat: Actor, device: Device) -> None:
    """It may come from a copy of the device."""
    added(gateway, pat, device)
    used(gateway, device)
    device.count -= 1

    assert used(gateway, device) == NotSignedIn()


def test_a_device_that_does_not_count_signs_in_again_and_again(gateway: Gateway, pat: Actor, device: Device) -> None:
    added(gateway, pat, device)
    for _ in range(3):
        device.count = -1  # the next use says 0

        assert isinstance(used(gateway, device), SignedIn)


def test_a_ceremony_ends_after_five_minutes(gateway: Gateway, device: Device) -> None:
    person(gateway, "pat")
    with time_machine.travel(START, tick=False) as clock:
        added(gateway, signed_in(gateway, "pat").actor, device)
        begun = passkeys.begin_sign_in(gateway)
        clock.shift(passkeys.CEREMONY)

        assert passkeys.finish_sign_in(gateway, begun.ticket, device.use(begun.options), HERE) == NotSignedIn()


def test_the_passkey_of_a_locked_person_signs_nobody_in(
    gateway: Gateway, pat: Actor, ann: Actor, device: Device
) -> None:
    added(gateway, pat, device)
    people.lock(gateway, ann, "pat")

    assert used(gateway, device) == NotSignedIn()


def test_a_passkey_that_was_removed_signs_nobody_in(gateway: Gateway, pat: Actor, device: Device) -> None:
    added(gateway, pat, device)
    way = next(one for one in own_account.ways_in(gateway, pat) if one.label == "blue key")
    own_account.remove_way_in(gateway, pat, way.id)

    assert used(gateway, device) == NotSignedIn()


def test_a_passkey_belongs_to_one_person(gateway: Gateway, pat: Actor, device: Device) -> None:
    added(gateway, pat, device)
    person(gateway, "eve")

    with pytest.raises(Conflict):
        added(gateway, signed_in(gateway, "eve").actor, device)


def test_nobody_finishes_what_another_began(gateway: Gateway, pat: Actor, device: Device) -> None:
    person(gateway, "eve")
    begun = passkeys.begin_adding(gateway, pat)

    with pytest.raises(NotFound):
        passkeys.finish_adding(
            gateway, signed_in(gateway, "eve").actor, begun.ticket, device.make(begun.options), "mine"
        )


def test_adding_asks_for_a_fresh_proof(gateway: Gateway) -> None:
    person(gateway, "pat")
    with time_machine.travel(START, tick=False) as clock:
        actor = signed_in(gateway, "pat").actor
        clock.shift(sessions.RECENT)

        with pytest.raises(NotPermitted):
            passkeys.begin_adding(gateway, actor)


def test_a_person_has_a_bounded_number_of_passkeys(gateway: Gateway, pat: Actor) -> None:
    for _ in range(passkeys.MOST):
        added(gateway, pat, Device(ORIGIN, NAME))

    with pytest.raises(Refused, match="already"):
        passkeys.begin_adding(gateway, pat)


def test_without_a_name_there_are_no_passkeys(gateway: Gateway, pat: Actor, directory: Path) -> None:
    (directory / "sealgate.toml").write_text("")
    nameless = replace(gateway, settings=Settings.load(directory))

    assert not passkeys.is_possible(nameless.settings)
    for begin in (lambda: passkeys.begin_adding(nameless, pat), lambda: passkeys.begin_sign_in(nameless)):
        with pytest.raises(Refused, match="web_name"):
            begin()


def test_guesses_at_a_name_do_not_keep_a_passkey_out(gateway: Gateway, pat: Actor, device: Device) -> None:
    added(gateway, pat, device)
    with gateway.store.writing("nobody") as writer:
        for _ in range(50):
            throttling.take(writer, throttling.account("pat"))

    assert isinstance(used(gateway, device), SignedIn)


ODD: list[Callable[[dict[str, Any]], Any]] = [
    lambda _a: {},
    lambda _a: [],
    lambda _a: "text",
    lambda a: {**a, "rawId": 5},
    lambda a: {**a, "rawId": "!"},
    lambda a: {**a, "id": "other"},
    lambda a: {**a, "response": {}},
    lambda a: {**a, "response": None},
    lambda a: {**a, "response": {**a["response"], "signature": ""}},
    lambda a: {**a, "response": {**a["response"], "clientDataJSON": unpadded(b"[]")}},
    lambda a: {**a, "response": {**a["response"], "clientDataJSON": unpadded(b"\xff")}},
    lambda a: {**a, "response": {**a["response"], "authenticatorData": unpadded(b"short")}},
    lambda a: {**a, "response": {**a["response"], "authenticatorData": 7}},
]


@pytest.mark.parametrize("spoil", ODD)
def test_odd_answers_sign_nobody_in(gateway: Gateway, pat: Actor, device: Device, spoil: Any) -> None:
    added(gateway, pat, device)
    begun = passkeys.begin_sign_in(gateway)

    assert passkeys.finish_sign_in(gateway, begun.ticket, spoil(device.use(begun.options)), HERE) == NotSignedIn()


@pytest.mark.parametrize("spoil", [*ODD[:1], *ODD[3:8]])
def test_odd_answers_add_nothing(gateway: Gateway, pat: Actor, device: Device, spoil: Any) -> None:
    begun = passkeys.begin_adding(gateway, pat)

    with pytest.raises(InvalidValue):
        passkeys.finish_adding(gateway, pat, begun.ticket, spoil(device.make(begun.options)), "x")


@pytest.mark.parametrize("ticket", ["", "sgk_" + "a" * 43, "\0"])
def test_without_its_ticket_an_answer_is_worth_nothing(
    gateway: Gateway, pat: Actor, device: Device, ticket: str
) -> None:
    added(gateway, pat, device)
    begun = passkeys.begin_sign_in(gateway)

    assert passkeys.finish_sign_in(gateway, ticket, device.use(begun.options), HERE) == NotSignedIn()


def test_what_happened_is_audited(gateway: Gateway, pat: Actor, device: Device) -> None:
    added(gateway, pat, device)
    used(gateway, device)
    used(gateway, Device(ORIGIN, NAME))

    assert verbs(gateway)[-3:] == ["passkey-add", "sign-in", "sign-in-failed"]
    assert "blue key" in audit_text(gateway)


def test_a_ceremony_shows_nothing_of_itself(gateway: Gateway) -> None:
    begun = passkeys.begin_sign_in(gateway)

    assert begun.ticket not in repr(begun)
    assert begun.options["challenge"] not in repr(begun)


def test_wrong_passwords_from_the_same_address_do_not_delay_a_passkey(
    gateway: Gateway, pat: Actor, device: Device
) -> None:
    added(gateway, pat, device)
    for _ in range(throttling.FREE_OF_AN_ADDRESS + 9):
        with gateway.store.writing("nobody") as writer:
            writer.people.note_attempts(
                [throttling.address(HERE.origin.address).text], writer.people.now - throttling.FORGOTTEN_AFTER
            )

    assert isinstance(used(gateway, device), SignedIn)


def managed(gateway: Gateway, name: str) -> None:
    with gateway.store.writing("local:test") as writer:
        found = writer.people.named(name)
        assert found is not None
        writer.people.change(found.id, managed=True)


def test_who_is_managed_by_the_provider_adds_no_passkey(gateway: Gateway, pat: Actor, device: Device) -> None:
    begun = passkeys.begin_adding(gateway, pat)
    managed(gateway, "pat")

    with pytest.raises(Refused, match="OpenID provider"):
        passkeys.begin_adding(gateway, pat)
    with pytest.raises(Refused, match="OpenID provider"):
        passkeys.finish_adding(gateway, pat, begun.ticket, device.make(begun.options), "blue key")


def test_a_passkey_does_not_go_around_the_groups_of_the_provider(gateway: Gateway, pat: Actor, device: Device) -> None:
    added(gateway, pat, device)
    managed(gateway, "pat")

    assert used(gateway, device) == NotSignedIn()
