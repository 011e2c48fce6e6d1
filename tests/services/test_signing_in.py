"""Signing in with name, password and code; what strangers learn from trying, which is nothing."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyotp
import pytest
import time_machine
from argon2 import PasswordHasher
from tests.support.accounts import (
    ELSEWHERE,
    HERE,
    OTHER_PASSWORD,
    PASSWORD,
    audit_text,
    kept_password,
    person,
    signed_in,
    verbs,
)

from sealgate.services import passwords, people, second_factors, sessions, signing_in, throttling, tokens
from sealgate.services.signing_in import Browser, NotSignedIn, SecondStep, SignedIn
from sealgate.store.people_records import CredentialKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway

OLD = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
"""The password as it would be kept with older parameters."""
START = dt.datetime(2026, 5, 4, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def secret(gateway: Gateway) -> str:
    """The secret of the time-based codes of a person named tom."""
    id_, made = person(gateway, "tom", "operator"), pyotp.random_base32()
    with gateway.store.writing("local:test") as writer:
        writer.people.add_credential(id_, CredentialKind.TOTP, made)
        second_factors._new_codes(writer, id_)
    return made


def tried_from_here(gateway: Gateway, times: int) -> None:
    """Count tries from the address of `HERE`, as `times` wrong names do, without the work of comparing a password."""
    with gateway.store.writing("local:test") as writer:
        for _ in range(times):
            assert throttling.take(writer, throttling.address(HERE.origin.address)) == 0


def hurried(gateway: Gateway, name: str, role: str = "viewer") -> str:
    """Add a person whose password is kept with less work, so that a wrong one is soon compared; returns the id."""
    with gateway.store.writing("local:test") as writer:
        id_ = writer.people.add(name, title="", email="", role=role)
        writer.people.add_credential(id_, CredentialKind.PASSWORD, OLD)
    return id_


def test_the_right_password_signs_in(gateway: Gateway) -> None:
    person(gateway, "ann", "auditor")
    done = signing_in.with_password(gateway, "ann", PASSWORD, HERE)

    assert isinstance(done, SignedIn)
    actor = sessions.actor_of(gateway, done.session, HERE.origin)
    assert actor == done.actor


@pytest.mark.parametrize("name", ["Ann", " ann ", "ANN"])
def test_the_name_is_taken_in_any_case(gateway: Gateway, name: str) -> None:
    person(gateway, "ann")

    assert isinstance(signing_in.with_password(gateway, name, PASSWORD, HERE), SignedIn)


ODD_NAMES = ["", "nobody", "\0", "\ud800", "a" * 10_000, "' OR 1=1 --", "local:root", "\u0430nn"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_other_name_is_nobody(gateway: Gateway, name: str) -> None:
    person(gateway, "ann")

    assert signing_in.with_password(gateway, name, PASSWORD, HERE) == NotSignedIn()


def test_every_reason_has_the_same_answer(gateway: Gateway, ann: Actor) -> None:
    for name in ("wrong", "locked", "bare"):
        person(gateway, name)
    people.lock(gateway, ann, "locked")
    with gateway.store.writing("local:test") as writer:
        bare = writer.people.named("bare")
        assert bare is not None
        writer.people.drop_credentials(bare.id, [CredentialKind.PASSWORD])
    answers = [
        signing_in.with_password(gateway, "wrong", OTHER_PASSWORD, HERE),
        signing_in.with_password(gateway, "locked", PASSWORD, HERE),
        signing_in.with_password(gateway, "bare", PASSWORD, HERE),
        signing_in.with_password(gateway, "unknown", PASSWORD, HERE),
    ]

    assert answers == [NotSignedIn()] * 4


def test_an_unknown_name_costs_the_same_work(gateway: Gateway) -> None:
    """Without an account a hash of the same parameters is computed: compared by what is computed, not by a clock."""
    from argon2 import extract_parameters

    assert extract_parameters(passwords._nobodys()) == extract_parameters(kept_password())


def test_unknown_names_are_slowed_down_like_known_ones(gateway: Gateway, clock: Any) -> None:
    hurried(gateway, "ann")
    seen = {}
    for name in ("ann", "nobody"):
        browser = Browser(type(HERE.origin)("web", f"192.0.2.{len(name)}"))
        seen[name] = [
            signing_in.with_password(gateway, name, OTHER_PASSWORD, browser) for _ in range(throttling.FREE + 2)
        ]

    assert seen["ann"] == seen["nobody"]
    assert isinstance(seen["ann"][-1], NotSignedIn)
    assert seen["ann"][-1].wait > 0


def test_the_right_password_is_not_looked_at_while_tries_must_wait(gateway: Gateway, clock: Any) -> None:
    hurried(gateway, "ann")
    for _ in range(throttling.FREE):
        signing_in.with_password(gateway, "ann", OTHER_PASSWORD, HERE)
    early = signing_in.with_password(gateway, "ann", PASSWORD, HERE)
    clock.shift(3)
    late = signing_in.with_password(gateway, "ann", PASSWORD, HERE)

    assert isinstance(early, NotSignedIn)
    assert early.wait > 0
    assert isinstance(late, SignedIn)


def test_a_browser_that_is_known_signs_in_while_strangers_guess(gateway: Gateway, clock: Any) -> None:
    """Nobody locks the owner out by guessing at their name."""
    hurried(gateway, "olga", "owner")
    mark = signed_in(gateway, "olga").browser
    for _ in range(throttling.FREE + 1):
        signing_in.with_password(gateway, "olga", OTHER_PASSWORD, ELSEWHERE)

    assert isinstance(signing_in.with_password(gateway, "olga", PASSWORD, ELSEWHERE), NotSignedIn)
    assert isinstance(signing_in.with_password(gateway, "olga", PASSWORD, Browser(HERE.origin, mark=mark)), SignedIn)


def test_a_browser_that_is_known_is_not_delayed_by_its_neighbours_behind_one_address(
    gateway: Gateway, clock: Any
) -> None:
    person(gateway, "olga", "owner")
    known = Browser(HERE.origin, mark=signed_in(gateway, "olga").browser)
    tried_from_here(gateway, throttling.FREE_OF_AN_ADDRESS)
    stranger = signing_in.with_password(gateway, "name", OTHER_PASSWORD, HERE)

    assert isinstance(stranger, NotSignedIn)
    assert stranger.wait > 0
    assert isinstance(signing_in.with_password(gateway, "olga", PASSWORD, known), SignedIn)


def test_bad_tokens_do_not_delay_passwords_from_the_same_address(gateway: Gateway, clock: Any) -> None:
    person(gateway, "olga", "owner")
    for _ in range(throttling.FREE_OF_AN_ADDRESS + 1):
        tokens.refused(gateway, HERE.origin)

    assert tokens.refused(gateway, HERE.origin) > 0
    assert isinstance(signing_in.with_password(gateway, "olga", PASSWORD, HERE), SignedIn)


def test_the_mark_of_one_person_helps_nobody_else(gateway: Gateway, clock: Any) -> None:
    for name in ("olga", "eve"):
        hurried(gateway, name)
    mark = signed_in(gateway, "eve").browser
    for _ in range(throttling.FREE):
        signing_in.with_password(gateway, "olga", OTHER_PASSWORD, ELSEWHERE)
    done = signing_in.with_password(gateway, "olga", OTHER_PASSWORD, Browser(HERE.origin, mark=mark))

    assert isinstance(done, NotSignedIn)
    assert done.wait > 0


def test_a_known_browser_is_slowed_down_for_its_own_guesses(gateway: Gateway, clock: Any) -> None:
    hurried(gateway, "olga")
    browser = Browser(HERE.origin, mark=signed_in(gateway, "olga").browser)
    answers = [signing_in.with_password(gateway, "olga", OTHER_PASSWORD, browser) for _ in range(throttling.FREE + 1)]

    assert [isinstance(one, NotSignedIn) and one.wait > 0 for one in answers] == [False] * throttling.FREE + [True]


def test_one_address_cannot_try_many_names(gateway: Gateway, clock: Any) -> None:
    tried_from_here(gateway, throttling.FREE_OF_AN_ADDRESS - 2)
    answers = [signing_in.with_password(gateway, f"name{number}", PASSWORD, HERE) for number in range(3)]

    assert [isinstance(one, NotSignedIn) and one.wait > 0 for one in answers] == [False, False, True]


def test_those_who_share_an_address_and_sign_in_do_not_delay_each_other(gateway: Gateway, clock: Any) -> None:
    person(gateway, "ann")
    tried_from_here(gateway, throttling.FREE_OF_AN_ADDRESS - 1)
    for _ in range(3):
        assert isinstance(signing_in.with_password(gateway, "ann", PASSWORD, HERE), SignedIn)


def test_many_tries_at_once_are_counted_one_by_one(gateway: Gateway, clock: Any) -> None:
    hurried(gateway, "ann")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: signing_in.with_password(gateway, "ann", OTHER_PASSWORD, HERE), range(16)))
    looked_at = [one for one in answers if isinstance(one, NotSignedIn) and not one.wait]

    assert len(looked_at) == throttling.FREE


def test_the_terminal_lets_a_person_in_again_at_once(gateway: Gateway, ann: Actor, clock: Any) -> None:
    hurried(gateway, "olga", "owner")
    for _ in range(throttling.FREE + 1):
        signing_in.with_password(gateway, "olga", OTHER_PASSWORD, ELSEWHERE)
    people.unlock(gateway, ann, "olga")

    assert isinstance(signing_in.with_password(gateway, "olga", PASSWORD, HERE), SignedIn)


def test_a_password_kept_with_older_parameters_is_kept_anew(gateway: Gateway) -> None:
    id_ = hurried(gateway, "ann")
    signing_in.with_password(gateway, "ann", PASSWORD, HERE)
    with gateway.store.reading() as reader:
        kept = reader.people.credentials(id_)[0].data

    assert not passwords.is_outdated(kept)
    assert passwords.matches(kept, PASSWORD)


def test_a_wrong_password_changes_nothing_that_is_kept(gateway: Gateway) -> None:
    id_ = hurried(gateway, "ann")
    signing_in.with_password(gateway, "ann", OTHER_PASSWORD, HERE)
    with gateway.store.reading() as reader:
        assert reader.people.credentials(id_)[0].data == OLD


def test_success_and_failure_are_audited_with_the_address(gateway: Gateway) -> None:
    person(gateway, "ann")
    signing_in.with_password(gateway, "ann", OTHER_PASSWORD, HERE)
    signing_in.with_password(gateway, "ann", PASSWORD, ELSEWHERE)
    with gateway.store.reading() as reader:
        last = reader.audit_newest(limit=2)

    assert [(e.verb, e.object, e.origin) for e in last] == [
        ("sign-in", "person ann", "web 198.51.100.20"),
        ("sign-in-failed", "person ann", "web 192.0.2.10"),
    ]


def test_a_password_typed_as_name_is_in_no_audit(gateway: Gateway) -> None:
    signing_in.with_password(gateway, PASSWORD, "", HERE)

    assert PASSWORD not in audit_text(gateway)
    assert verbs(gateway) == ["sign-in-failed"]


def test_tries_that_are_not_looked_at_do_not_fill_the_audit(gateway: Gateway, clock: Any) -> None:
    hurried(gateway, "ann")
    for _ in range(throttling.FREE + 10):
        signing_in.with_password(gateway, "ann", OTHER_PASSWORD, HERE)

    assert verbs(gateway).count("sign-in-failed") == throttling.FREE


def stepped(gateway: Gateway) -> str:
    """Return the ticket that tom gets for his password, without the work of comparing it."""
    with gateway.store.writing("local:test") as writer:
        tom = writer.people.named("tom")
        assert tom is not None
        done = signing_in.admit(writer, tom, HERE, "password")
    assert isinstance(done, SecondStep)
    assert done.ticket not in repr(done)
    return done.ticket


def test_with_codes_set_up_a_password_alone_signs_nobody_in(gateway: Gateway, secret: str) -> None:
    assert isinstance(signing_in.with_password(gateway, "tom", PASSWORD, HERE), SecondStep)
    with gateway.store.reading() as reader:
        assert reader.people.sessions() == []


def test_the_code_of_the_moment_signs_in(gateway: Gateway, secret: str, clock: Any) -> None:
    step = signing_in.with_password(gateway, "tom", PASSWORD, HERE)
    assert isinstance(step, SecondStep)
    done = signing_in.with_code(gateway, step.ticket, pyotp.TOTP(secret).at(START), HERE)

    assert isinstance(done, SignedIn)
    assert done.actor.name == "tom"


@pytest.mark.parametrize(("seconds", "good"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)])
def test_a_code_counts_half_a_minute_early_and_late(
    gateway: Gateway, secret: str, clock: Any, seconds: int, good: bool
) -> None:
    code = pyotp.TOTP(secret).at(START + dt.timedelta(seconds=seconds))

    assert isinstance(signing_in.with_code(gateway, stepped(gateway), code, HERE), SignedIn) is good


def test_a_code_works_once(gateway: Gateway, secret: str, clock: Any) -> None:
    code = pyotp.TOTP(secret).at(START)
    first = signing_in.with_code(gateway, stepped(gateway), code, HERE)
    second = signing_in.with_code(gateway, stepped(gateway), code, ELSEWHERE)

    assert (isinstance(first, SignedIn), second) == (True, NotSignedIn())


def test_a_code_that_was_seen_makes_the_earlier_one_void(gateway: Gateway, secret: str, clock: Any) -> None:
    now, before = (pyotp.TOTP(secret).at(START + dt.timedelta(seconds=s)) for s in (0, -30))
    signing_in.with_code(gateway, stepped(gateway), now, HERE)

    assert signing_in.with_code(gateway, stepped(gateway), before, HERE) == NotSignedIn()


def test_the_ticket_of_the_second_step_works_once(gateway: Gateway, secret: str, clock: Any) -> None:
    ticket = stepped(gateway)
    signing_in.with_code(gateway, ticket, pyotp.TOTP(secret).at(START), HERE)
    clock.shift(30)
    again = signing_in.with_code(gateway, ticket, pyotp.TOTP(secret).at(START + dt.timedelta(seconds=30)), HERE)

    assert isinstance(again, NotSignedIn)


def test_the_second_step_ends_after_five_tries(gateway: Gateway, secret: str, clock: Any) -> None:
    ticket = stepped(gateway)
    for _ in range(signing_in.STEP_TRIES):
        signing_in.with_code(gateway, ticket, "abcdef", HERE)
    clock.shift(5)
    code = pyotp.TOTP(secret).at(START + dt.timedelta(seconds=5))

    assert signing_in.with_code(gateway, ticket, code, HERE) == NotSignedIn(signing_in.STEP_GONE)


def test_the_second_step_ends_after_five_minutes(gateway: Gateway, secret: str, clock: Any) -> None:
    ticket = stepped(gateway)
    clock.shift(signing_in.STEP_TIME)
    code = pyotp.TOTP(secret).at(START + signing_in.STEP_TIME)

    assert signing_in.with_code(gateway, ticket, code, HERE) == NotSignedIn(signing_in.STEP_GONE)


def test_guessing_codes_is_slowed_down_over_many_second_steps(gateway: Gateway, secret: str, clock: Any) -> None:
    tickets = [stepped(gateway) for _ in range(throttling.FREE + 1)]
    answers = [signing_in.with_code(gateway, ticket, "000000", HERE) for ticket in tickets]

    assert isinstance(answers[-1], NotSignedIn)
    assert answers[-1].wait > 0


def test_the_ticket_is_no_session(gateway: Gateway, secret: str) -> None:
    assert sessions.actor_of(gateway, stepped(gateway), HERE.origin) is None


def test_guessing_codes_is_slowed_down_in_a_known_browser_whatever_passwords_were_right(
    gateway: Gateway, secret: str, clock: Any
) -> None:
    known = Browser(HERE.origin, mark=signed_in(gateway, "tom").browser)
    answers = []
    for _ in range(throttling.FREE + 1):
        step = signing_in.with_password(gateway, "tom", PASSWORD, known)
        assert isinstance(step, SecondStep)
        answers.append(signing_in.with_code(gateway, step.ticket, "abcdef", known))

    assert [isinstance(one, NotSignedIn) and one.wait > 0 for one in answers] == [False] * throttling.FREE + [True]


def test_a_person_locked_between_the_steps_stays_out(gateway: Gateway, ann: Actor, secret: str, clock: Any) -> None:
    ticket = stepped(gateway)
    people.lock(gateway, ann, "tom")

    assert isinstance(signing_in.with_code(gateway, ticket, pyotp.TOTP(secret).at(START), HERE), NotSignedIn)


@pytest.mark.parametrize("odd", ["", "12345", "1234567", "١٢٣٤٥٦", "\0", "\ud800", "-12345", "1e5000"])
def test_odd_codes_are_wrong_codes(gateway: Gateway, secret: str, odd: str) -> None:
    assert signing_in.with_code(gateway, stepped(gateway), odd, HERE) == NotSignedIn()


@pytest.mark.parametrize("ticket", ["", "sgk_" + "a" * 43, "sgs_" + "a" * 43, "\0"])
def test_what_is_no_ticket_leads_nowhere(gateway: Gateway, secret: str, ticket: str) -> None:
    assert signing_in.with_code(gateway, ticket, "123456", HERE) == NotSignedIn(signing_in.STEP_GONE)
