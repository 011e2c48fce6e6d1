"""Names of the mail world are refused where they could mean something else, and kept in one spelling."""

from __future__ import annotations

import ipaddress

import pytest

from sealgate.model.errors import InvalidValue
from sealgate.model.names import (
    DomainName,
    HostName,
    MailAddress,
    NextHop,
    domain_ascii,
    parse_address,
    parse_host,
    parse_port,
)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("example.com", "example.com"),
        (" Example.COM. ", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("xn--i-7iq.ws", "xn--i-7iq.ws"),
        ("3com.example", "3com.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_a_domain_is_kept_as_a_labels_in_lower_case(typed, kept):
    assert DomainName.parse(typed).ascii == kept
    assert domain_ascii(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "com", ".com", "example..com", ".example.com", "-a.example", "a-.example", "a b.example",
        "192.0.2.1", "[192.0.2.1]", "2001:db8::1", "example.123", "a" * 64 + ".example", "a." * 130 + "example",
        "ex$ample.com", "ex/ample.com", "!example.com", "example.com,example.net", "static:all", "{a}.example",
        "example.com\nx.example", "example.com\0", "ex\u202eample.com", "a\u200bb.example", "☃☃☃.☃", None, 5, [], {},
        "a..", "..", "user@example.com", "*.example.com", "ex\tample.com", "\\example.com", "#example.com",
        '"a".example',
    ],
)  # fmt: skip
def test_what_is_no_domain_is_refused(typed):
    with pytest.raises(InvalidValue):
        DomainName.parse(typed)


def test_an_international_name_is_shown_as_people_write_it():
    assert DomainName("xn--bcher-kva.example").unicode == "bücher.example"


def test_a_name_that_does_not_decode_is_shown_as_it_is():
    assert DomainName("xn--a.example").unicode == "xn--a.example"


def test_a_subdomain_is_strictly_below():
    assert DomainName("a.example.com").is_subdomain_of(DomainName("example.com"))
    assert not DomainName("example.com").is_subdomain_of(DomainName("example.com"))
    assert not DomainName("badexample.com").is_subdomain_of(DomainName("example.com"))


def test_a_host_name_has_no_underscore():
    with pytest.raises(InvalidValue):
        HostName.parse("_a.example.com")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("[192.0.2.1]", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8:0:0::1]", "2001:db8::1"),
        ("[IPv6:2001:db8::1]", "2001:db8::1"),
    ],
)
def test_an_address_is_read_in_each_spelling(typed, kept):
    assert str(parse_address(typed)) == kept


@pytest.mark.parametrize("typed", ["192.0.2", "192.0.2.256", "fe80::1%eth0", "::1::", "example.com", "01.2.3.4", ""])
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(InvalidValue):
        parse_address(typed)


def test_a_host_is_a_name_or_an_address():
    assert parse_host("Smtp.example.com") == HostName("smtp.example.com")
    assert parse_host("192.0.2.1") == ipaddress.ip_address("192.0.2.1")


@pytest.mark.parametrize("typed", ["[smtp.example.com]", "[smtp", "smtp", "smtp.example.com:25", "1.2.3"])
def test_what_is_no_host_is_refused(typed):
    with pytest.raises(InvalidValue):
        parse_host(typed)


@pytest.mark.parametrize("typed", [0, 65536, "", "smtp", "2.5", -1, "\uff12\uff15", True])
def test_what_is_no_port_is_refused(typed):
    with pytest.raises(InvalidValue):
        parse_port(typed)


@pytest.mark.parametrize(
    ("hop", "written"),
    [
        (NextHop(HostName("a.example")), "[a.example]"),
        (NextHop(HostName("a.example"), 587), "[a.example]:587"),
        (NextHop(HostName("a.example"), 25, mx=True), "a.example"),
        (NextHop(HostName("a.example"), 26, mx=True), "a.example:26"),
        (NextHop(ipaddress.ip_address("2001:db8::1"), 26), "[2001:db8::1]:26"),
    ],
)
def test_a_next_hop_is_written_and_read_as_postfix_does(hop, written):
    assert hop.destination == written
    assert NextHop.from_destination(written) == hop


def test_port_25_has_one_spelling():
    assert NextHop.from_destination("[a.example]:25").destination == "[a.example]"


@pytest.mark.parametrize(
    "typed", ["", "[a.example", "a.example]", "[[a.example]]", "[a.example]25", "a.example:", "[]", "[]:25"]
)
def test_what_is_no_next_hop_is_refused(typed):
    with pytest.raises(InvalidValue):
        NextHop.from_destination(typed)


def test_an_address_has_no_mx():
    with pytest.raises(InvalidValue) as refused:
        NextHop.parse("192.0.2.1", 25, "yes")

    assert refused.value.problems[0].field == "mx"


@pytest.mark.parametrize("typed", ["Joe@Example.com", "o'brien+x@example.com", "a.b@bücher.example"])
def test_the_local_part_of_an_address_keeps_its_case(typed):
    assert str(MailAddress.parse(typed)).startswith(typed.split("@")[0])


@pytest.mark.parametrize(
    "typed",
    [
        "root", "@example.com", "a@", "a@b", "a b@example.com", '"a b"@example.com', "a%b@example.com",
        "a!b@example.com",
        "@a:b@example.com", "a..b@example.com", ".a@example.com", "|/bin/sh@example.com", "/etc/passwd@example.com",
        "$x@example.com", "a@[192.0.2.1]", "x" * 65 + "@example.com", "a@example.com,b@example.com", "<a@example.com>",
        "#a@example.com", "{a}@example.com", ":include:/x@example.com", "ü@example.com",
    ],
)  # fmt: skip
def test_what_is_no_plain_mail_address_is_refused(typed):
    with pytest.raises(InvalidValue):
        MailAddress.parse(typed)
