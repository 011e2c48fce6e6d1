"""Guessing is slowed down, and nobody can lock anybody out."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from sealgate.services import throttling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.services.gateway import Gateway
    from sealgate.services.throttling import Key

START = dt.datetime(2026, 5, 4, 12, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    """Time stands still unless a test moves it: a slow machine must not be what lets a try through."""
    with time_machine.travel(START, tick=False):
        yield


def attempt(gateway: Gateway, *keys: Key) -> int:
    with gateway.store.writing("nobody") as writer:
        return throttling.take(writer, *keys)


def test_the_first_tries_are_free(gateway: Gateway) -> None:
    key = throttling.account("ann")

    assert [attempt(gateway, key) for _ in range(throttling.FREE)] == [0] * throttling.FREE


def test_after_them_a_try_must_wait(gateway: Gateway) -> None:
    key = throttling.account("ann")
    for _ in range(throttling.FREE):
        attempt(gateway, key)

    assert attempt(gateway, key) > 0


def test_a_try_that_is_not_looked_at_does_not_count(gateway: Gateway) -> None:
    key = throttling.account("ann")
    for _ in range(50):
        attempt(gateway, key)
    with gateway.store.reading() as reader:
        assert reader.people.attempts([key.text])[key.text].count == throttling.FREE


def test_each_further_failure_doubles_the_wait_up_to_a_quarter_of_an_hour(gateway: Gateway) -> None:
    key, waits = throttling.account("ann"), []
    with time_machine.travel(START, tick=False) as clock:
        for _ in range(throttling.FREE):
            attempt(gateway, key)
        for _ in range(14):
            wait = attempt(gateway, key)
            waits.append(wait)
            clock.shift(wait)
            assert attempt(gateway, key) == 0

    assert waits[:4] == [2, 3, 5, 9]
    assert max(waits) == throttling.LONGEST.total_seconds() + 1


def test_nothing_is_ever_locked(gateway: Gateway) -> None:
    """However often somebody failed: a quarter of an hour later the next try is looked at."""
    key = throttling.account("ann")
    with time_machine.travel(START, tick=False) as clock:
        for _ in range(60):
            assert attempt(gateway, key) == 0
            clock.shift(throttling.LONGEST + dt.timedelta(seconds=1))


def test_a_success_begins_the_count_anew(gateway: Gateway) -> None:
    key = throttling.account("ann")
    for _ in range(throttling.FREE):
        attempt(gateway, key)
    with gateway.store.writing("nobody") as writer:
        throttling.forgive(writer, key)

    assert attempt(gateway, key) == 0


def test_a_success_takes_only_its_own_try_off_the_address(gateway: Gateway) -> None:
    key, address = throttling.account("ann"), throttling.address("192.0.2.1")
    for _ in range(3):
        attempt(gateway, key, address)
    with gateway.store.writing("nobody") as writer:
        throttling.forgive(writer, key, address)
    with gateway.store.reading() as reader:
        assert reader.people.attempts([address.text])[address.text].count == 2


def test_accounts_do_not_delay_each_other(gateway: Gateway) -> None:
    for _ in range(10):
        attempt(gateway, throttling.account("ann"))

    assert attempt(gateway, throttling.account("bob")) == 0


def test_a_known_browser_is_not_delayed_by_tries_at_the_name(gateway: Gateway) -> None:
    for _ in range(50):
        attempt(gateway, throttling.account("ann"))

    assert attempt(gateway, throttling.browser("digest")) == 0


def test_tries_are_forgotten_after_a_day(gateway: Gateway) -> None:
    key = throttling.account("ann")
    with time_machine.travel(START, tick=False) as clock:
        for _ in range(throttling.FREE):
            attempt(gateway, key)
        clock.shift(throttling.FORGOTTEN_AFTER + dt.timedelta(seconds=1))
        attempt(gateway, throttling.account("bob"))

        assert attempt(gateway, key) == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("", "", True),
    ],
)
def test_addresses_of_one_customer_count_as_one(one: str, other: str, same: bool) -> None:
    assert (throttling.address(one) == throttling.address(other)) is same


def test_an_address_has_more_free_tries_than_an_account() -> None:
    assert throttling.address("192.0.2.1").free > throttling.account("ann").free


@given(st.text(min_size=3))
def test_a_key_does_not_hold_the_name(name: str) -> None:
    """People type passwords into name fields."""
    assert name not in throttling.account(name).text or set(name) <= set("0123456789abcdef")


def test_names_count_alike_in_any_case() -> None:
    assert throttling.account("Ann") == throttling.account("ann")
