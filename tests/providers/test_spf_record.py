"""Reading one SPF record."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.errors import InvalidValue
from sealgate.providers.spf_record import Mechanism, Record, is_record, parse_record

TERMS = st.one_of(
    st.sampled_from(
        ["a", "mx", "ptr", "a:x.example", "mx:x.example/24", "a/8//32", "include:x.example", "exp=y.example"]
    ),
    st.sampled_from(["exists:%{ir}.%{v}._spf.%{d2}", "include:%{d}", "ptr:x.example.", "unknown.name=what=ever%%"]),
    st.builds("ip4:{}".format, st.ip_addresses(v=4)),
    st.builds("ip6:{}/{}".format, st.ip_addresses(v=6), st.integers(0, 128)),
)


def only(term: str) -> Mechanism:
    (found,) = parse_record(f"v=spf1 {term}").mechanisms
    return found


def test_terms_are_read_in_their_order() -> None:
    record = parse_record("v=spf1  mx ~a:x.example  -all")

    assert [(one.name, one.qualifier, one.domain) for one in record.mechanisms] == [
        ("mx", "+", ""),
        ("a", "~", "x.example"),
        ("all", "-", ""),
    ]


def test_nothing_after_all_is_kept() -> None:
    assert parse_record("v=spf1 -all a redirect=x.example") == Record((Mechanism("all", "-", "-all"),))


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ("ip4:192.0.2.1 " * 1200, "16,807 bytes, and at most 16,384"),
        ("a " * 1001, "1,001 terms, and at most 1,000"),
        (f"a:x.{'a' * 500}", "is longer than 500 characters"),
    ],
)
def test_a_record_that_is_too_long_is_not_read(terms: str, why: str) -> None:
    with pytest.raises(InvalidValue, match=why):
        parse_record(f"v=spf1 {terms}")


def test_names_and_macros_are_read_whatever_their_case() -> None:
    record = parse_record("V=SPF1 A:X.Example INCLUDE:%{D} REDIRECT=X.example.")

    assert [(one.name, one.domain) for one in record.mechanisms] == [("a", "x.example"), ("include", "%{D}")]
    assert record.redirect == "x.example"


@pytest.mark.parametrize(
    ("term", "lengths"),
    [
        ("a", (32, 128)),
        ("a/24", (24, 128)),
        ("a//64", (32, 64)),
        ("mx/0//0", (0, 0)),
        ("mx:x.example/32//128", (32, 128)),
    ],
)
def test_prefix_lengths_are_read(term: str, lengths: tuple[int, int]) -> None:
    assert (only(term).v4, only(term).v6) == lengths


@pytest.mark.parametrize(
    "term", ["include:%{d}", "a:%{i}.example/24", "exists:%%.%{s}", "mx:%{L1r+-.,/_=}.example", "ptr:%{d9}"]
)
def test_macros_are_marked(term: str) -> None:
    assert only(term).macro


@pytest.mark.parametrize(
    "term",
    [
        "ip4", "ip4:", "ip4:192.0.2", "ip4:192.0.2.0/33", "ip4:192.0.2.0/", "ip4:192.0.2.0/024", "ip4:192.0.2.256",
        "ip4:192.0.02.1", "ip4:2001:db8::", "ip4:192.0.2.0//24", "ip4:192.0.2.0/-1",
        "ip6:192.0.2.1", "ip6:2001:db8::/129", "ip6:2001:db8::%eth0", "ip6:2001:db8::/x",
        "include", "include:", "include:localhost", "include:x.example/24", "include:x..", "include:192.0.2.1",
        "a:", "a:/24", "a/33", "a//129", "a/", "a/24/64", "a/024", "mx:x.1",
        "exists", "exists:", "ptr/24", "ptr:", "all:x.example", "all/0", "alle", "++all", "+", ":", "=", "%",
        "include:%{x}.example", "include:%.example", "include:%{d.example", "a:x.exam\tple", "a:x.exämple",
        "+redirect=x.example", "redirect=", "redirect=x", "exp=", "what=%", "1what=x", "\tip4:192.0.2.1",
    ],
)  # fmt: skip
def test_one_fault_is_a_fault_of_the_record(term: str) -> None:
    with pytest.raises(InvalidValue, match="The term"):
        parse_record(f"v=spf1 ip4:192.0.2.1 {term} -all")


@pytest.mark.parametrize("name", ["redirect", "exp"])
def test_a_modifier_that_counts_stands_there_once(name: str) -> None:
    with pytest.raises(InvalidValue, match="twice"):
        parse_record(f"v=spf1 {name}=x.example {name.upper()}=x.example")


def test_unknown_modifiers_are_passed_over() -> None:
    record = parse_record("v=spf1 x-y_z.1=%{s} moo= a exp=y.example ip4=192.0.2.1")

    assert record.mechanisms == (Mechanism("a", "+", "a"),)
    assert record.unknown == ("x-y_z.1=%{s}", "moo=", "ip4=192.0.2.1")


@pytest.mark.parametrize("text", ["v=spf1", "v=spf1 ", "V=Spf1 a"])
def test_a_record_is_known_by_its_version(text: str) -> None:
    assert is_record(text)


@pytest.mark.parametrize("text", ["", "v=spf10", "v=spf1\ta", " v=spf1", "v=spf1:a", "spf2.0/pra"])
def test_another_text_is_no_record(text: str) -> None:
    assert not is_record(text)


@given(st.text(st.characters(max_codepoint=0x17F), max_size=80))
def test_any_text_is_a_record_or_a_fault(text: str) -> None:
    try:
        found = parse_record(f"v=spf1 {text}")
    except InvalidValue:
        return
    assert all(one.text in text for one in found.mechanisms)


@given(st.lists(TERMS, max_size=8, unique=True))
def test_valid_terms_are_all_there(terms: list[str]) -> None:
    found = parse_record(" ".join(["v=spf1", *terms]))

    assert [one.text for one in found.mechanisms] == [term for term in terms if "=" not in term]


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_every_ipv4_network_is_read_as_ipaddress_reads_it(address: ipaddress.IPv4Address, length: int) -> None:
    assert only(f"ip4:{address}/{length}").network == ipaddress.ip_network(f"{address}/{length}", strict=False)


@given(st.ip_addresses(v=6), st.integers(0, 128))
def test_every_ipv6_network_is_read_or_is_the_ipv4_network_that_it_maps(
    address: ipaddress.IPv6Address, length: int
) -> None:
    found = only(f"ip6:{address}/{length}").network
    whole = ipaddress.IPv6Network(f"{address}/{length}", strict=False)

    if whole.subnet_of(ipaddress.IPv6Network("::ffff:0:0/96")):
        assert found == ipaddress.IPv4Network((int(whole[0]) & 0xFFFFFFFF, length - 96))
    else:
        assert found == whole
