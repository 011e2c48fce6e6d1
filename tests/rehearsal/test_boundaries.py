"""The address space is cut where lists begin and end, and nowhere else."""

from __future__ import annotations

import ipaddress
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sealgate.rehearsal.boundaries import Stretch, address, merged, sample, stretches

networks = st.builds(
    lambda number, prefix: ipaddress.ip_network((number, prefix), strict=False),
    st.integers(1 << 24, (127 << 24) - 1),
    st.integers(12, 32),
)


def found(*texts: str, changed: tuple[str, ...] = ()) -> tuple[Stretch, ...]:
    return stretches(map(ipaddress.ip_network, texts), map(ipaddress.ip_network, changed))


def edges(parts: tuple[Stretch, ...], version: int = 4) -> list[str]:
    return [edge for one in parts if one.version == version for edge in one.edges]


def test_a_network_cuts_before_and_after_itself() -> None:
    assert {"10.8.255.255", "10.9.0.0", "10.9.0.255", "10.9.1.0"} <= set(edges(found("10.9.0.0/24")))


def test_without_lists_everybody_is_alike_but_for_those_who_cannot_come() -> None:
    assert edges(found()) == ["1.0.0.0", "126.255.255.255", "128.0.0.0", "223.255.255.255"]


def test_a_network_inside_another_is_a_stretch_of_its_own() -> None:
    inside = next(one for one in found("10.0.0.0/8", "10.9.0.0/24") if one.edges[0] == "10.9.0.0")

    assert (inside.size, inside.listed) == (256, True)


def test_one_address_has_one_edge() -> None:
    assert edges(found("192.0.2.7/32")).count("192.0.2.7") == 1


def test_what_only_one_side_lists_and_its_neighbours_are_changed() -> None:
    changed = [one.edges[0] for one in found("10.9.0.0/24", changed=("10.20.0.0/24",)) if one.changed]

    assert changed == ["10.9.1.0", "10.20.0.0", "10.20.1.0"]


def test_a_network_of_the_whole_internet_makes_nobody_known() -> None:
    assert not any(one.listed for one in found("0.0.0.0/0") if one.version == 4)


def test_neighbours_are_merged_to_the_fewest_networks() -> None:
    parts = [one for one in found("10.9.0.0/24", "10.9.1.0/24") if one.listed]

    assert list(map(str, merged(parts))) == ["10.9.0.0/23"]


def test_both_families_are_merged_apart() -> None:
    parts = [one for one in found("10.9.0.0/24", "2001:db8::/32") if one.listed]

    assert list(map(str, merged(parts))) == ["10.9.0.0/24", "2001:db8::/32"]


def test_a_sample_has_the_changed_ones_and_some_strangers() -> None:
    many = [f"10.{number}.0.0/24" for number in range(200)]
    every = found(*many, changed=("172.16.5.0/24",))

    chosen = sample(every, 20)

    assert {one for one in every if one.changed} <= set(chosen)
    assert any(not one.listed and one.version == 6 for one in chosen)
    assert len(chosen) <= 20


def test_a_part_of_one_address_is_that_address() -> None:
    one = found("10.9.0.0/24")[2]

    assert one.at(one.edges[-1]).edges == one.edges[-1:]


def test_a_stretch_is_within_the_network_that_has_all_of_it() -> None:
    (one,) = [part for part in found("10.9.0.0/24") if part.listed]

    assert one.within([ipaddress.ip_network("10.0.0.0/8")])
    assert not one.within([ipaddress.ip_network("10.9.0.0/25"), ipaddress.ip_network("2001:db8::/32")])


def test_numbers_are_written_as_addresses_of_their_family() -> None:
    assert (address(4, 1), address(6, 1)) == ("0.0.0.1", "::1")


@given(st.lists(networks, max_size=12))
def test_stretches_never_overlap_and_no_network_is_cut(listed: list[ipaddress.IPv4Network]) -> None:
    parts = [one for one in stretches(listed) if one.version == 4]

    assert all(one.last < other.first for one, other in pairwise(parts))
    for network in listed:
        first, last = int(network.network_address), int(network.broadcast_address)
        assert all(one.last < first or one.first > last or (first <= one.first and one.last <= last) for one in parts)


@given(st.lists(networks, max_size=12))
def test_merging_the_listed_stretches_gives_the_networks_back(listed: list[ipaddress.IPv4Network]) -> None:
    narrow = [network for network in listed if network.prefixlen >= 16]
    parts = [one for one in stretches(narrow) if one.listed and one.version == 4]

    assert list(merged(parts)) == list(ipaddress.collapse_addresses(narrow))


@given(st.lists(networks, max_size=30), st.integers(4, 20))
def test_a_sample_is_bounded_in_order_and_the_same_each_time(listed: list[ipaddress.IPv4Network], most: int) -> None:
    every = stretches(listed)

    chosen = sample(every, most)

    assert len(chosen) <= most
    assert list(chosen) == sorted(chosen)
    assert chosen == sample(every, most)
