"""Names of the artificial internet: what exists by rule, by record and by client, as messages that are read back."""

from __future__ import annotations

import ipaddress
import struct

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.rehearsal.addresses import Book, address_of, plain
from sealgate.rehearsal.dns_answers import TYPES, Names, reply, wire_name
from sealgate.rehearsal.trials import Client, Internet

CLIENTS = (
    Client("203.0.113.9", name="client.example.net"),
    Client("203.0.113.10", name="client.example.net"),
    Client("2001:db8:77::9", name="six.example.net"),
    Client("203.0.113.11"),
)
DATA = Internet(
    records={
        "listed.example": {"MX": ("5 a.example", "10 b.example"), "TXT": ("v=spf1 -all",)},
        "alias.example": {"CNAME": ("target.example",)},
        "2.0.0.127.zen.example.org": {"A": ("127.0.0.2",), "TXT": ("listed, " + "x" * 300,)},
        "_25._tcp.mx.dane.example": {"TLSA": ("3 1 1 " + "ab" * 32,)},
        "Upper.Example": {"a": ("192.0.2.99",)},
        "9.2.0.192.in-addr.arpa": {"PTR": ("other.example",)},
        "circle.example": {"CNAME": ("circle.example",)},
        "big.example": {"A": tuple(f"192.0.2.{n}" for n in range(200))},
    },
    missing=("gone.example",),
    silent=("quiet.example",),
    empty_zones=("zen.example.org",),
)


@pytest.fixture
def names() -> Names:
    return Names(DATA, CLIENTS, Book())


def ask(names: Names, name: str, kind: str, *, stream: bool = False, **more: object) -> dns.message.Message:
    query = dns.message.make_query(name, kind, **more)  # type: ignore[arg-type]
    answer = reply(query.to_wire(), names, stream=stream)
    assert answer is not None
    found = dns.message.from_wire(answer)
    assert query.is_response(found)
    return found


def texts(names: Names, name: str, kind: str) -> list[str]:
    found = ask(names, name, kind)
    return [str(record) for group in found.answer if group.rdtype == dns.rdatatype.from_text(kind) for record in group]


# -- by rule


def test_any_name_has_one_address_of_each_family(names: Names) -> None:
    assert texts(names, "any.example", "A") == [address_of("any.example")]
    assert texts(names, "any.example", "AAAA") == [address_of("any.example", 6)]


def test_any_name_has_an_exchanger_that_has_none_itself(names: Names) -> None:
    assert texts(names, "any.example", "MX") == ["10 mx.any.example."]
    assert texts(names, "mx.any.example", "MX") == []


@pytest.mark.parametrize("name", ["any.example", "listed.example", "six.example.net", "zen.example.org"])
def test_a_name_without_that_type_exists_all_the_same(name: str, names: Names) -> None:
    found = ask(names, name, "TLSA")

    assert (found.rcode(), found.answer) == (dns.rcode.NOERROR, [])
    assert found.authority[0].rdtype == dns.rdatatype.SOA


@pytest.mark.parametrize("kind", ["NS", "SOA"])
def test_zones_have_a_server_and_a_start(kind: str, names: Names) -> None:
    assert texts(names, "any.example", kind)
    assert texts(names, ".", kind)


# -- by record


def test_a_listed_name_has_its_records_and_nothing_else(names: Names) -> None:
    assert texts(names, "listed.example", "MX") == ["5 a.example.", "10 b.example."]
    assert texts(names, "listed.example", "TXT") == ['"v=spf1 -all"']
    assert texts(names, "listed.example", "A") == []


def test_case_does_not_matter(names: Names) -> None:
    assert texts(names, "uPPer.example", "A") == ["192.0.2.99"]


def test_an_alias_is_followed(names: Names) -> None:
    found = ask(names, "alias.example", "A")

    assert [group.rdtype for group in found.answer] == [dns.rdatatype.CNAME, dns.rdatatype.A]
    assert str(found.answer[1][0]) == address_of("target.example")


def test_an_alias_of_itself_ends(names: Names) -> None:
    assert ask(names, "circle.example", "A").answer == []


def test_a_long_text_is_cut_into_strings(names: Names) -> None:
    assert [len(part) for part in ask(names, "2.0.0.127.zen.example.org", "TXT").answer[0][0].strings] == [255, 53]


def test_dane_records_are_served(names: Names) -> None:
    assert texts(names, "_25._tcp.mx.dane.example", "TLSA") == ["3 1 1 " + "ab" * 32]


# -- what is not there


@pytest.mark.parametrize(
    "name", ["gone.example", "www.gone.example", "3.0.0.127.zen.example.org", "11.113.0.203.in-addr.arpa"]
)
def test_what_does_not_exist_is_said_not_to(name: str, names: Names) -> None:
    assert ask(names, name, "A").rcode() == dns.rcode.NXDOMAIN


def test_an_empty_zone_has_only_what_is_listed(names: Names) -> None:
    assert texts(names, "2.0.0.127.zen.example.org", "A") == ["127.0.0.2"]


@pytest.mark.parametrize("name", ["quiet.example", "www.quiet.example"])
def test_a_silent_name_is_never_answered(name: str, names: Names) -> None:
    assert reply(dns.message.make_query(name, "A").to_wire(), names) is None


def test_a_dead_resolver_answers_nothing() -> None:
    assert reply(dns.message.make_query("a.example", "A").to_wire(), Names(Internet(dead=True), (), Book())) is None


# -- clients


def test_a_client_with_a_name_has_it_both_ways(names: Names) -> None:
    assert texts(names, "9.113.0.203.in-addr.arpa", "PTR") == ["client.example.net."]
    assert texts(names, "client.example.net", "A") == ["203.0.113.9", "203.0.113.10"]
    assert texts(names, "client.example.net", "AAAA") == []


def test_a_client_of_ipv6_has_its_name_too(names: Names) -> None:
    reverse = ipaddress.ip_address("2001:db8:77::9").reverse_pointer

    assert texts(names, reverse, "PTR") == ["six.example.net."]
    assert texts(names, "six.example.net", "AAAA") == ["2001:db8:77::9"]


def test_a_reverse_name_may_be_a_record(names: Names) -> None:
    assert texts(names, "9.2.0.192.in-addr.arpa", "PTR") == ["other.example."]


# -- the message


def test_a_reply_too_long_for_udp_is_cut_off_and_whole_on_a_stream(names: Names) -> None:
    short = ask(names, "big.example", "A")

    assert short.flags & dns.flags.TC
    assert short.answer == []
    assert len(ask(names, "big.example", "A", stream=True).answer[0]) == 200


def test_a_client_that_takes_more_gets_more(names: Names) -> None:
    found = ask(names, "big.example", "A", use_edns=0, payload=4096)

    assert not found.flags & dns.flags.TC
    assert len(found.answer[0]) == 200


@pytest.mark.parametrize(("asked", "said"), [(False, False), (True, True)])
def test_answers_are_authentic_for_those_who_ask(asked: bool, said: bool, names: Names) -> None:
    assert bool(ask(names, "any.example", "A", want_dnssec=asked).flags & dns.flags.AD) is said


def test_two_questions_at_once_are_not_understood(names: Names) -> None:
    query = bytearray(dns.message.make_query("a.example", "A").to_wire())
    query[5] = 2

    assert dns.message.from_wire(reply(bytes(query), names) or b"").rcode() == dns.rcode.FORMERR


def test_an_update_is_not_implemented(names: Names) -> None:
    query = bytearray(dns.message.make_query("a.example", "A").to_wire())
    query[2] |= 5 << 3

    answer = reply(bytes(query), names)

    assert answer is not None
    assert answer[3] & 15 == dns.rcode.NOTIMP


def test_a_reply_is_never_answered(names: Names) -> None:
    query = dns.message.make_query("a.example", "A")
    query.flags |= dns.flags.QR

    assert reply(query.to_wire(), names) is None


@given(st.binary(max_size=600))
def test_nothing_that_is_sent_raises(data: bytes) -> None:
    reply(data, Names(DATA, CLIENTS, Book()))


LABEL = st.from_regex(r"[a-z0-9_]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)


@given(st.lists(LABEL, min_size=1, max_size=6).map(".".join), st.sampled_from(sorted(TYPES)))
def test_every_answer_is_a_message_that_answers_the_question(name: str, kind: str) -> None:
    found = ask(Names(Internet(), (), Book()), name, kind)

    assert found.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", ".a"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        wire_name(name)


def test_the_final_dot_and_case_are_taken_away() -> None:
    assert plain("A.Example.") == "a.example"


# -- addresses


@given(st.text(max_size=30))
def test_addresses_lie_in_the_ranges_for_tests(name: str) -> None:
    assert ipaddress.ip_address(address_of(name)) in ipaddress.ip_network("198.18.0.0/15")
    assert ipaddress.ip_address(address_of(name, 6)) in ipaddress.ip_network("2001:db8:1::/48")


def test_an_address_leads_back_to_its_name() -> None:
    book = Book()

    assert book.name_at(book.address("One.Example.")) == "one.example"
    assert book.name_at(book.address("one.example", 6)) == "one.example"
    assert book.name_at("192.0.2.1") == ""


def test_two_names_never_share_an_address() -> None:
    book = Book()

    addresses = [book.address(f"host{number}.example") for number in range(2000)]

    assert len(set(addresses)) == 2000
    assert {book.name_at(address) for address in addresses} == {f"host{number}.example" for number in range(2000)}


def test_an_address_in_a_record_leads_to_the_name_of_the_record(names: Names) -> None:
    book = Book()
    Names(DATA, (), book).look_up("upper.example", "A")

    assert book.name_at("192.0.2.99") == "upper.example"


def test_a_query_cut_short_is_no_question(names: Names) -> None:
    whole = dns.message.make_query("a.example", "A").to_wire()

    assert all(
        answer is None or struct.unpack("!H", answer[2:4])[0] & 15 == dns.rcode.FORMERR
        for answer in (reply(whole[:length], names) for length in range(len(whole)))
    )
