"""Time-based codes and recovery codes: set up, used up, removed."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import pyotp
import pytest
import time_machine
from tests.support.accounts import HERE, PASSWORD, audit_text, person, signed_in, verbs

from sealgate.model.errors import InvalidValue, NotFound, NotPermitted
from sealgate.services import second_factors, sessions, signing_in
from sealgate.services.signing_in import NotSignedIn, SecondStep, SignedIn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway

START = dt.datetime(2026, 5, 4, 12, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def tom(gateway: Gateway) -> Actor:
    person(gateway, "tom")
    return signed_in(gateway, "tom").actor


def code(secret: str, seconds: int = 0) -> str:
    return pyotp.TOTP(secret).at(START + dt.timedelta(seconds=seconds))


def set_up(gateway: Gateway, actor: Actor) -> tuple[str, tuple[str, ...]]:
    begun = second_factors.begin(gateway, actor)
    return begun.secret, second_factors.confirm(gateway, actor, begun.ticket, code(begun.secret))


def with_recovery(gateway: Gateway, text: str) -> object:
    step = signing_in.with_password(gateway, "tom", PASSWORD, HERE)
    assert isinstance(step, SecondStep)
    return signing_in.with_code(gateway, step.ticket, text, HERE)


def test_nothing_counts_before_a_code_was_entered(gateway: Gateway, tom: Actor) -> None:
    second_factors.begin(gateway, tom)

    assert isinstance(signing_in.with_password(gateway, "tom", PASSWORD, HERE), SignedIn)


def test_after_a_code_was_entered_the_second_step_is_wanted(gateway: Gateway, tom: Actor) -> None:
    set_up(gateway, tom)

    assert isinstance(signing_in.with_password(gateway, "tom", PASSWORD, HERE), SecondStep)


def test_the_code_that_set_up_is_used_up(gateway: Gateway, tom: Actor) -> None:
    secret, _codes = set_up(gateway, tom)

    assert with_recovery(gateway, code(secret)) == NotSignedIn()


def test_a_wrong_code_can_be_tried_again(gateway: Gateway, tom: Actor) -> None:
    begun = second_factors.begin(gateway, tom)
    with pytest.raises(InvalidValue, match="not right"):
        second_factors.confirm(gateway, tom, begun.ticket, "abcdef")

    assert second_factors.confirm(gateway, tom, begun.ticket, code(begun.secret))


def test_a_set_up_ends(gateway: Gateway, tom: Actor, clock: Any) -> None:
    begun = second_factors.begin(gateway, tom)
    clock.shift(second_factors.SETTING_UP - dt.timedelta(seconds=1))
    with pytest.raises(InvalidValue):
        second_factors.confirm(gateway, tom, begun.ticket, "000000")
    clock.shift(1)

    with pytest.raises((NotFound, NotPermitted)):
        second_factors.confirm(gateway, tom, begun.ticket, code(begun.secret, 900))


def test_nobody_finishes_the_set_up_of_another(gateway: Gateway, tom: Actor) -> None:
    person(gateway, "eve")
    begun = second_factors.begin(gateway, tom)

    with pytest.raises(NotFound):
        second_factors.confirm(gateway, signed_in(gateway, "eve").actor, begun.ticket, code(begun.secret))


def test_setting_up_asks_for_a_fresh_proof(gateway: Gateway, tom: Actor, clock: Any) -> None:
    clock.shift(sessions.RECENT)

    with pytest.raises(NotPermitted, match="fresh proof"):
        second_factors.begin(gateway, tom)


def test_setting_up_ends_sessions_that_were_begun_without_it(gateway: Gateway, tom: Actor) -> None:
    other = signed_in(gateway, "tom")
    set_up(gateway, tom)

    assert sessions.actor_of(gateway, other.session, HERE.origin) is None


def test_the_picture_is_an_svg_without_scripts(gateway: Gateway, tom: Actor) -> None:
    picture = second_factors.begin(gateway, tom).picture

    assert picture.startswith("<svg")
    assert set(re.findall(r"<([a-z]+)", picture)) <= {"svg", "path", "g"}


def test_the_link_is_for_this_person_and_gateway(gateway: Gateway, tom: Actor) -> None:
    begun = second_factors.begin(gateway, tom)
    totp = pyotp.parse_uri(begun.link)

    assert isinstance(totp, pyotp.TOTP)
    assert (totp.secret, totp.name, totp.issuer) == (begun.secret, "tom", "Sealgate")


def test_the_secret_is_in_no_repr_and_no_audit(gateway: Gateway, tom: Actor) -> None:
    begun = second_factors.begin(gateway, tom)
    codes = second_factors.confirm(gateway, tom, begun.ticket, code(begun.secret))
    said = repr(begun) + audit_text(gateway)
    with gateway.store.reading() as reader:
        said += repr(reader.people.credentials(tom.person))

    assert begun.secret not in said
    assert not [one for one in codes if one in said]


def test_recovery_codes_are_ten_and_random(gateway: Gateway, tom: Actor) -> None:
    _secret, codes = set_up(gateway, tom)

    assert len(set(codes)) == second_factors.HOW_MANY
    assert all(re.fullmatch(r"[a-z2-7]{4}(-[a-z2-7]{4}){3}", one) for one in codes)


def test_recovery_codes_are_kept_nowhere_in_clear(gateway: Gateway, tom: Actor) -> None:
    _secret, codes = set_up(gateway, tom)
    kept = b"".join(file.read_bytes() for file in gateway.settings.directory.rglob("*") if file.is_file())

    assert not [one for one in codes if one.encode() in kept or one.replace("-", "").upper().encode() in kept]


@pytest.mark.parametrize("form", [str, str.upper, lambda text: text.replace("-", ""), lambda text: f" {text} "])
def test_a_recovery_code_is_taken_as_people_type_it(gateway: Gateway, tom: Actor, form: Any) -> None:
    _secret, codes = set_up(gateway, tom)

    assert isinstance(with_recovery(gateway, form(codes[3])), SignedIn)


def test_a_recovery_code_works_once(gateway: Gateway, tom: Actor) -> None:
    _secret, codes = set_up(gateway, tom)
    first, second = with_recovery(gateway, codes[0]), with_recovery(gateway, codes[0])

    assert (isinstance(first, SignedIn), second) == (True, NotSignedIn())


def test_new_recovery_codes_make_the_old_ones_void(gateway: Gateway, tom: Actor) -> None:
    _secret, old = set_up(gateway, tom)
    new = second_factors.new_codes(gateway, tom)

    assert with_recovery(gateway, old[0]) == NotSignedIn()
    assert isinstance(with_recovery(gateway, new[0]), SignedIn)


def test_there_are_no_recovery_codes_without_time_based_ones(gateway: Gateway, tom: Actor) -> None:
    with pytest.raises(NotFound):
        second_factors.new_codes(gateway, tom)


def test_what_was_removed_is_wanted_no_more(gateway: Gateway, tom: Actor) -> None:
    set_up(gateway, tom)
    second_factors.remove(gateway, tom)

    assert isinstance(signing_in.with_password(gateway, "tom", PASSWORD, HERE), SignedIn)
    with pytest.raises(NotFound):
        second_factors.remove(gateway, tom)


def test_adding_and_removing_is_audited(gateway: Gateway, tom: Actor) -> None:
    set_up(gateway, tom)
    second_factors.new_codes(gateway, tom)
    second_factors.remove(gateway, tom)

    assert verbs(gateway)[-3:] == ["second-factor-add", "recovery-codes", "second-factor-remove"]


def test_setting_up_again_replaces_the_former_secret(gateway: Gateway, tom: Actor, clock: Any) -> None:
    old, _codes = set_up(gateway, tom)
    new, _codes = set_up(gateway, tom)
    clock.shift(30)

    assert with_recovery(gateway, code(old, 30)) == NotSignedIn()
    assert isinstance(with_recovery(gateway, code(new, 30)), SignedIn)
