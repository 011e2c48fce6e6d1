"""What makes a list that can be believed, and the arithmetic of networks."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.errors import InvalidValue, NotFetched
from sealgate.model.providers import MOST_NETWORKS
from sealgate.providers.networks import Ranges, listed, outermost, read

if TYPE_CHECKING:
    from sealgate.model.network import IPNetwork


def network(text: str) -> IPNetwork:
    return ipaddress.ip_network(text)


# Small parts of both families, so that networks meet often.
SMALL = st.one_of(
    st.builds(
        lambda a, p: ipaddress.IPv4Network((0x05000000 + a, p), strict=False), st.integers(0, 63), st.integers(26, 32)
    ),
    st.builds(
        lambda a, p: ipaddress.IPv6Network(((0x20 << 120) + a, p), strict=False),
        st.integers(0, 15),
        st.integers(124, 128),
    ),
)


def addresses(networks: list[IPNetwork]) -> set[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    return {address for one in networks for address in one}


@given(st.lists(SMALL, max_size=8))
def test_a_list_holds_the_same_addresses_without_networks_inside_others(networks: list[IPNetwork]) -> None:
    found = outermost(networks)

    assert addresses(found) == addresses(networks)
    assert sum(one.num_addresses for one in found) == len(addresses(networks))
    assert set(found) <= set(networks)


@given(st.lists(SMALL, max_size=6), st.lists(SMALL, max_size=6))
def test_what_is_taken_out_is_gone_and_nothing_else_is(networks: list[IPNetwork], gone: list[IPNetwork]) -> None:
    assert addresses(Ranges(gone).without(networks)) == addresses(networks) - addresses(gone)


def test_neighbours_are_not_joined() -> None:
    found = listed([network("192.0.2.128/25"), network("192.0.2.0/25")], "The list")

    assert [str(one) for one in found] == ["192.0.2.0/25", "192.0.2.128/25"]


@pytest.mark.parametrize(
    "text", ["0.0.0.0/0", "64.0.0.0/7", "::/0", "2000::/23", "127.0.0.1", "::1", "224.0.0.1", "fe80::1"]
)
def test_a_list_with_what_cannot_be_believed_is_refused(text: str) -> None:
    with pytest.raises(NotFetched, match="nothing was taken"):
        listed([network("192.0.2.1/32"), network(text)], "The list")


@pytest.mark.parametrize("text", ["9.0.0.0/8", "2000::/24", "10.0.0.0/8", "fd00::/24"])
def test_the_widest_that_is_believed_is_taken(text: str) -> None:
    assert [str(one) for one in listed([read(text)], "The list")] == [text]


def test_a_list_that_holds_too_much_in_all_is_refused() -> None:
    with pytest.raises(NotFetched, match=r"the networks together hold 16,777,472 IPv4 addresses.*nothing was taken"):
        listed([network("9.0.0.0/8"), network("192.0.2.0/24")], "The list")


def test_a_list_that_is_too_long_is_refused() -> None:
    many = map(ipaddress.IPv4Network, range(0x09000000, 0x09000000 + MOST_NETWORKS + 1))

    with pytest.raises(NotFetched, match="20,001 networks came"):
        listed(many, "The list")


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("192.0.2.1/24", "no host bits"),
        ("!192.0.2.1", "only adds networks"),
        ("192.0.2.0/255.255.255.0", "no mask"),
        ("fe80::1%eth0", "no zone"),
        (7, "must be text"),
        (None, "must be text"),
    ],
)
def test_what_is_no_network_of_a_list_is_refused_with_what_would_be_right(text: object, right: str) -> None:
    with pytest.raises(InvalidValue, match=right):
        read(text)
