"""Networks and client patterns: what is taken for one, how it is spelled afterwards, and what is never let in."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.errors import InvalidValue
from sealgate.model.network import ClientPattern, Network, parse_network

ADDRESSES = st.ip_addresses().filter(lambda one: getattr(one, "ipv4_mapped", None) is None)

MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


@st.composite
def networks(draw):
    address = draw(ADDRESSES)
    length = draw(st.integers(0, address.max_prefixlen))
    network = ipaddress.ip_network(f"{address}/{length}", strict=False)
    mapped = isinstance(network, ipaddress.IPv6Network) and network.subnet_of(MAPPED)
    return ipaddress.ip_network("2001:db8::/32") if mapped else network


def refused(read, text):
    with pytest.raises(InvalidValue) as caught:
        read(text)
    return str(caught.value)


@given(networks(), st.booleans())
def test_a_network_is_read_as_it_is_shown(network, negated):
    value = Network(network, negated)

    assert Network.parse(str(value)) == value


@given(networks())
def test_a_client_pattern_is_read_as_it_is_shown(network):
    assert ClientPattern.parse(str(ClientPattern(network))).network == network


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1/32", "192.0.2.1"),
        (" 192.0.2.0/24\t", "192.0.2.0/24"),
        ("!10.0.0.1", "!10.0.0.1"),
        ("[2001:DB8::]/32", "2001:db8::/32"),
        ("[::1]", "::1"),
        ("2001:0db8:0:0::1", "2001:db8::1"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("!::/0", "!::/0"),
        ("10.0.0.0/08", "10.0.0.0/8"),
    ],
)
def test_a_network_has_one_spelling(typed, shown):
    assert str(Network.parse(typed)) == shown


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "The network is empty"),
        ("!", "The network is empty"),
        ("!!10.0.0.1", "is not an IP address or network"),
        ("10.0.0", "is not an IP address or network"),
        ("010.0.0.1", "is not an IP address or network"),
        ("10.0.0.0/33", "is not an IP address or network"),
        ("2001:db8::/129", "is not an IP address or network"),
        ("mail.example.com", "is not an IP address or network"),
        ("static:all", "is not an IP address or network"),
        ("/etc/passwd", "has no prefix length after the slash"),
        ("10.0.0.0/255.0.0.0", "not as a mask"),
        ("10.0.0.0/", "has no prefix length"),
        ("10.0.0.0/-1", "has no prefix length"),
        ("10.0.0.0/\u0668", "has no prefix length"),
        ("10.0.0.0/8/8", "has no prefix length"),
        ("10.0.0.1/8", "Did you mean 10.0.0.0/8, or the single address 10.0.0.1?"),
        ("2001:db8::1/32", "Did you mean 2001:db8::/32, or the single address 2001:db8::1?"),
        ("::ffff:192.0.2.1", "Enter the IPv4 form"),
        ("::ffff:0:0/96", "Enter the IPv4 form"),
        ("10.0.0.1 10.0.0.2", "has a blank in it"),
        ("10.0.0.1\n10.0.0.2", "a line break at character 9"),
        ("10.0.0.1\0", "U+0000"),
        ("10.0.0.1\u202e", "U+202E"),
        ("1" * 10_000_000, "10000000 characters"),
    ],
)
def test_what_is_no_network_is_refused_with_the_reason(typed, says):
    assert says in refused(Network.parse, typed)


@pytest.mark.parametrize("typed", ["fe80::1%eth0", "fe80::1%$mynetworks", "[fe80::1%0]", "fe80::1%a/128", "::1%,0::/0"])
def test_a_zone_identifier_is_refused_since_postfix_would_read_its_text(typed):
    assert "leave it out" in refused(Network.parse, typed)


@pytest.mark.parametrize("value", [None, 167772160, ["10.0.0.1"], b"10.0.0.1"])
def test_a_network_is_text(value):
    assert "must be text" in refused(Network.parse, value)


def test_the_refusal_calls_the_network_as_the_page_does():
    assert refused(lambda text: parse_network(text, "The client"), "x").startswith("The client 'x'")


@pytest.mark.parametrize(
    ("typed", "network"),
    [
        ("10", "10.0.0.0/8"),
        ("10.", "10.0.0.0/8"),
        ("192.168", "192.168.0.0/16"),
        ("192.168.88", "192.168.88.0/24"),
        ("192.168.88.", "192.168.88.0/24"),
        ("192.168.88.9", "192.168.88.9/32"),
        ("192.168.88.0/30", "192.168.88.0/30"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_octets_left_out_mean_all_clients_that_begin_so(typed, network):
    assert ClientPattern.parse(typed).network == ipaddress.ip_network(network)


@pytest.mark.parametrize(
    "typed", ["256", "1.2.999", "10..1", ".10", "10.0.0.1.", "!10", "10/8", "1000", "\u0661\u0660"]
)
def test_a_prefix_of_wrong_octets_is_refused(typed):
    assert "The client" in refused(ClientPattern.parse, typed)


@pytest.mark.parametrize(
    ("typed", "overlaps"),
    [
        ("127.0.0.1", True),
        ("127", True),
        ("0.0.0.0/0", True),
        ("126.0.0.0/7", True),
        ("::/0", True),
        ("::1", True),
        ("128.0.0.0/8", False),
        ("::2", False),
        ("2001:db8::/32", False),
    ],
)
def test_a_pattern_that_touches_loopback_says_so(typed, overlaps):
    assert ClientPattern.parse(typed).overlaps_loopback is overlaps


@given(st.text(max_size=40))
def test_any_text_is_a_network_or_refused(text):
    try:
        found = Network.parse(text)
    except InvalidValue:
        return
    assert not set(str(found)) - set("!0123456789abcdef:./")
