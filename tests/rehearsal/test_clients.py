"""Who is trusted, who is listed, and who is a stranger, by the pages and own lines alone."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rehearsal.subjects import subject

from sealgate.rehearsal.clients import Clients, networks_in, usable
from sealgate.rehearsal.promises.trusted import edges


def clients(rows=None, **more):
    return Clients(subject(None, rows, **more))


def address(text):
    return ipaddress.ip_address(text)


def test_my_networks_and_loopback_are_trusted() -> None:
    made = clients({"network": ["10.0.0.0/8", "2001:db8::/32"]})

    assert [made.trusted(address(one)) for one in ("10.1.2.3", "2001:db8::5", "127.0.0.1", "::1")] == [True] * 4
    assert not made.trusted(address("11.0.0.0"))


def test_the_first_network_that_has_an_address_decides() -> None:
    made = clients({"network": ["!10.0.0.13", "10.0.0.0/24"]})

    assert not made.trusted(address("10.0.0.13"))
    assert made.trusted(address("10.0.0.14"))


def test_a_row_that_is_off_trusts_nobody() -> None:
    assert not clients({"network": [{"network": "10.0.0.0/8", "_enabled": False}]}).trusted(address("10.0.0.1"))


def test_the_white_list_goes_before_the_black_list() -> None:
    made = clients({"black": ["192.0.2.0/24"], "white": ["192.0.2.7"]})

    assert made.refused(address("192.0.2.7")) is None
    assert made.refused(address("192.0.2.8")).key == "192.0.2.0/24"


def test_an_expired_row_lists_nobody() -> None:
    made = clients({"black": [{"client": "192.0.2.0/24", "expires": "2020-01-01"}]})

    assert made.refused(address("192.0.2.8")) is None


def test_a_provider_is_found_by_its_ranges() -> None:
    made = clients({"provider": [{"name": "cloud", "networks": ["40.92.0.0/15"]}]})

    assert made.provider(address("40.93.1.1")).key == "cloud"
    assert made.provider(address("40.94.0.0")) is None


@pytest.mark.parametrize("version", [4, 6])
def test_there_are_strangers_of_both_families(version: int) -> None:
    found = clients({"network": ["10.0.0.0/8"]}).strangers(version)

    assert len(found) >= 5
    assert {one.version for one in found} == {version}


def test_nobody_whom_a_page_trusts_or_refuses_is_a_stranger() -> None:
    made = clients({"network": ["203.113.0.0/16"], "black": ["8.0.0.0/8"]})

    assert not [one for one in made.strangers(4) if str(one).startswith(("203.", "8."))]


def test_with_everybody_confirmed_there_is_no_stranger() -> None:
    assert clients({"network": [{"network": "0.0.0.0/0", "confirm": "0.0.0.0/0"}]}).strangers(4) == ()


def test_a_narrow_network_of_own_lines_has_no_strangers() -> None:
    found = clients(main_cf="mynetworks = 203.113.7.0/24\n").strangers(4)

    assert not [one for one in found if one in ipaddress.ip_network("203.113.7.0/24")]


@pytest.mark.parametrize("network", ["128.0.0.0/1", "62.0.0.0/9", "0.0.0.0/0", "1.0.0.0/8"])
def test_a_wide_network_of_own_lines_has_one(network: str) -> None:
    found = clients(main_cf=f"mynetworks = 127.0.0.0/8 {network}\n").strangers(4)

    assert any(one in ipaddress.ip_network(network) for one in found)


def test_a_wide_network_of_a_table_has_one() -> None:
    found = clients(tables={"cidr:wide": "44.0.0.0/8 OK\n"}).strangers(4)

    assert any(str(one).startswith("44.") for one in found)


def test_networks_are_found_in_any_text() -> None:
    text = "mynetworks = 127.0.0.0/8, [2001:db8::]/32 10.0.0.1\n  -o x=[::1]/128 at 12:30 v1.2 a.b.c"

    assert [str(one) for one in networks_in(text)] == ["127.0.0.0/8", "2001:db8::/32", "10.0.0.1/32", "::1/128"]


@given(st.text(max_size=200))
def test_no_text_breaks_the_search_for_networks(text: str) -> None:
    list(networks_in(text))


@pytest.mark.parametrize("text", ["224.0.0.1", "0.0.0.0", "::", "fe80::1", "240.0.0.1", "127.0.0.1"])
def test_addresses_that_no_client_can_have_are_left_out(text: str) -> None:
    assert not usable(address(text))


@given(st.integers(1, 2**32 - 2), st.integers(8, 32))
def test_edges_are_within_and_beside_a_network(number: int, length: int) -> None:
    network = ipaddress.ip_network((number, length), strict=False)
    inside = [one in network for one in edges(network)]

    assert inside[: 1 if length == 32 else 2] == [True] * (1 if length == 32 else 2)
    assert not any(inside[1 if length == 32 else 2 :])
