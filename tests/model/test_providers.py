"""Client access list providers: their lists are sorted, bounded, and never open the gateway to half the internet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.provider_rows import made, refused
from tests.strategies import providers

from sealgate.model.providers import MOST_NETWORKS, PROVIDER, ProviderSenders


@given(providers())
def test_a_provider_comes_back_from_its_fields(value):
    assert PROVIDER.parse(PROVIDER.fields(value)) == value


@given(providers(), st.randoms(use_true_random=False))
def test_the_order_and_repetition_of_networks_do_not_count(value, chance):
    fields = PROVIDER.fields(value)
    networks = fields["networks"] * 2
    chance.shuffle(networks)

    assert PROVIDER.parse(fields | {"networks": networks}) == value


def test_networks_stand_ipv4_first_then_by_number():
    value = made(networks=["2001:db8::/32", "198.51.100.0/24", "20.0.0.0/16", "20.0.0.0/15", "9.0.0.0/16"])

    assert [str(one) for one in value.networks] == [
        "9.0.0.0/16",
        "20.0.0.0/15",
        "20.0.0.0/16",
        "198.51.100.0/24",
        "2001:db8::/32",
    ]


def test_networks_are_read_from_text():
    assert len(made(networks="192.0.2.0/24, 198.51.100.1\n203.0.113.0/24").networks) == 3


def test_without_a_word_only_own_senders_relay():
    assert made().senders is ProviderSenders.OWN


def test_a_list_that_was_never_fetched_is_empty():
    assert made(networks=None).networks == ()


def test_a_name_is_kept_in_small_letters():
    assert made(name=" Microsoft365 ").name == "microsoft365"


def test_the_key_is_the_name():
    assert PROVIDER.key(made()) == "cloud"


@pytest.mark.parametrize("name", ["-cloud", "cloud-", "a_b", "a.b", "../x", "$cloud", "größe", "x" * 41])
def test_a_name_of_other_characters_is_refused(name):
    assert refused(name=name).field == "name"


@pytest.mark.parametrize("name", ["x", "x" * 40, "a-b", "365"])
def test_a_name_is_letters_digits_and_hyphens(name):
    assert made(name=name).name == name


@pytest.mark.parametrize("network", ["0.0.0.0/0", "0.0.0.0/1", "10.0.0.0/7", "::/0", "2000::/3", "2000::/23"])
def test_a_network_wider_than_any_providers_is_not_believed(network):
    assert "check the source of the list" in refused(networks=[network]).remedy


@pytest.mark.parametrize("network", ["10.0.0.0/8", "2001::/24", "192.0.2.1", "2001:db8::1"])
def test_the_widest_networks_of_providers_are_believed(network):
    assert len(made(networks=[network]).networks) == 1


@pytest.mark.parametrize(
    ("networks", "says"),
    [
        ([f"{first}.0.0.0/8" for first in range(1, 224)], "3,741,319,168 IPv4 addresses"),
        (["9.0.0.0/8", "192.0.2.1"], "16,777,217 IPv4 addresses"),
        (["2600::/24", "2601::/64"], "16,777,217 IPv6 networks of /48"),
    ],
)
def test_networks_that_hold_too_much_together_are_not_believed(networks, says):
    problem = refused(networks=networks)

    assert problem.field == "networks"
    assert f"together hold {says}" in problem.what
    assert "at most 16,777,216 are believed" in problem.what


def test_networks_inside_others_count_once():
    assert len(made(networks=["9.0.0.0/8", "9.1.0.0/16", "9.1.2.3", "2600::/24", "2600::/32"]).networks) == 5


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (["!10.0.0.1"], "is negated"),
        (["10.0.0.1/8"], "host bits"),
        (["mail.example.com"], "not an IP address"),
        (["fe80::1%eth0"], "zone identifier"),
        ([7], "must be text"),
        ([["10.0.0.1"]], "must be text"),
        ({"10.0.0.1": 1}, "must be a list"),
        (["10.0.0.1"] * (MOST_NETWORKS + 1), "20001 entries"),
        ("1" * 10_000_000, "too long a text"),
    ],
)
def test_a_list_that_is_none_is_refused_with_its_field(value, says):
    problem = refused(networks=value)

    assert problem.field == "networks"
    assert says in problem.what


@pytest.mark.parametrize("senders", ["all", "OWN", "own and null", 1])
def test_other_senders_are_refused(senders):
    assert refused(senders=senders).field == "senders"
