"""Servers that are not asked: private ones, this machine's, and those behind names that lead there."""

from __future__ import annotations

import ipaddress
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.forbidden import environment
from tests.support.outside_sources import Page

from sealgate.providers import NotFetched, Reach, Source, fetch
from sealgate.providers.connecting import forbidden

if TYPE_CHECKING:
    from tests.support.outside_sources import OutsideSources


def refused(outside: OutsideSources, target: str) -> str:
    with pytest.raises(NotFetched) as fault:
        fetch(Source("url", target=target), outside.reach(allow_private=False))
    return str(fault.value)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "this machine's"), ("127.9.9.9", "this machine's"), ("0.0.0.0", "this machine's"),
        ("::1", "this machine's"), ("::", "this machine's"), ("::ffff:127.0.0.1", "this machine's"),
        ("169.254.169.254", "link-local"), ("fe80::1", "link-local"), ("::ffff:169.254.169.254", "link-local"),
        ("10.0.0.1", "private"), ("172.16.0.1", "private"), ("192.168.1.1", "private"), ("100.64.0.1", "private"),
        ("fd00::1", "private"), ("198.18.0.1", "private"), ("192.0.2.1", "private"), ("0.1.2.3", "private"),
        ("224.0.0.1", "private"), ("255.255.255.255", "private"), ("240.0.0.1", "private"), ("ff02::1", "private"),
        ("64:ff9b::10.0.0.1", "private"), ("2002:0a00:0001::1", "private"), ("64:ff9b::7f00:1", "this machine's"),
        ("2001:0::1", "private"), ("fec0::1", "private"), ("192.0.0.9", "private"), ("192.88.99.1", "private"),
        ("198.19.255.255", "private"), ("100.127.255.255", "private"), ("64:ff9b:1::10.0.0.1", "private"),
        ("3fff::1", "private"), ("5f00::1", "private"), ("2001:20::1", "private"), ("2002:6440:1::1", "private"),
        ("64:ff9b::192.0.0.9", "private"), ("::ffff:192.0.0.9", "private"), ("::10.0.0.1", "private"),
        ("2001:0:808:808::f5ff:fffe", "private"),
    ],
)  # fmt: skip
def test_special_addresses_are_not_asked(address: str, why: str) -> None:
    assert why in forbidden(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet_are_asked(address: str) -> None:
    assert forbidden(ipaddress.ip_address(address)) == ""


def test_public_addresses_of_this_machine_are_not_asked() -> None:
    setup = "ip link set lo up && ip addr add 8.8.4.4/32 dev lo && ip -6 addr add 2606:4700::7/128 dev lo && "
    setup += 'ip route add default dev lo && exec "$@"'
    judged = ["8.8.4.4", "2606:4700::7", "::ffff:8.8.4.4", "8.8.4.5", "2606:4700::8"]
    code = "import ipaddress, sys; from sealgate.providers.connecting import forbidden\n"
    code += "for one in sys.argv[1:]: print(forbidden(ipaddress.ip_address(one)))"

    command = ["unshare", "-n", "sh", "-c", setup, "sh", sys.executable, "-c", code, *judged]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["this machine's"] * 3 + [""] * 2


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_as_itself(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    translated = ipaddress.IPv6Address(f"64:ff9b::{address}")

    assert forbidden(mapped) == forbidden(translated) == forbidden(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:10.0.0.1]"])
def test_an_address_in_an_address_is_judged(outside: OutsideSources, host: str) -> None:
    assert "such servers are not asked" in refused(outside, f"https://{host}/latest/meta-data")


@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:1"])
def test_a_proxy_makes_no_private_address_reachable(outside: OutsideSources, proxy: str) -> None:
    with pytest.raises(NotFetched, match="such servers are not asked"):
        fetch(Source("url", target="https://10.0.0.1/"), Reach(nameservers=(outside.address,), proxy=proxy))


def test_a_name_that_leads_inside_is_judged_by_its_address(outside: OutsideSources) -> None:
    assert f"its address {outside.address} is this machine's" in refused(outside, "https://lists.example/all")
    assert outside.asked == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
def test_other_spellings_of_an_address_lead_nowhere(outside: OutsideSources, host: str) -> None:
    refused(outside, f"https://{host}/")

    assert outside.asked == []


def test_the_name_is_asked_for_once_and_its_address_is_kept(outside: OutsideSources) -> None:
    outside.pages["lists.example", "/all"] = Page(status=302, headers={"Location": "/new"})
    outside.pages["lists.example", "/new"] = Page(b"192.0.2.1")

    fetch(Source("url", target="https://lists.example/all"), outside.reach())

    assert outside.dns.asked == [("lists.example", "A"), ("lists.example", "AAAA")]


def test_a_name_server_that_is_no_address_is_told() -> None:
    with pytest.raises(NotFetched, match="No name server can be asked"):
        fetch(Source("spf", target="own.example"), Reach(nameservers=("ns.example",)))
