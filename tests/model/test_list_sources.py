"""Where a provider's list comes from: what is believed of it, and what is refused in which words."""

from __future__ import annotations

import pytest
from hypothesis import given
from tests.model.provider_rows import made, refused
from tests.strategies import origins

from sealgate.model.list_sources import Origin, origin_fields, parse_list_address
from sealgate.model.providers import PROVIDER, origin_of

URL = "https://lists.example/networks.txt"


@given(origins())
def test_an_origin_comes_back_from_its_fields(origin):
    assert made(**origin_fields(origin)).origin == origin


@given(origins())
def test_an_origin_is_told_without_reading_the_networks(origin):
    assert origin_of(origin_fields(origin) | {"networks": "not read"}) == origin


@given(origins(), origins())
def test_two_origins_have_two_names(one, other):
    assert (str(one) == str(other)) == (one == other)


def test_a_row_from_before_there_were_sources_is_typed_by_hand():
    stored = {"name": "cloud", "networks": ["192.0.2.0/24"], "senders": "any"}

    assert not made(**stored).origin.fetched
    assert PROVIDER.fields(made(**stored)) == stored


def test_what_is_at_its_default_is_not_stored():
    fields = PROVIDER.fields(made(source="google", interval="1h", pin="no", most_shrink="50"))

    assert set(fields) == {"name", "networks", "senders", "source"}


def test_a_source_needs_no_networks():
    assert made(source="microsoft365", instance="china").networks == ()


def test_an_address_is_kept_in_one_spelling():
    assert parse_list_address("HTTPS://Lists.Example:443") == "https://lists.example/"


def test_a_host_of_other_letters_is_converted():
    assert parse_list_address("https://bücher.example/a") == "https://xn--bcher-kva.example/a"


def test_several_pointers_stand_with_one_blank_between():
    assert made(source="url", address=URL, pointer=" /a/*  /b~1c ").origin.pointer == "/a/* /b~1c"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("", "is missing"),
        ("http://lists.example/a", "does not begin with https://"),
        ("ftp://lists.example/a", "does not begin with https://"),
        ("lists.example/a", "does not begin with https://"),
        ("https://user:secret@lists.example/a", "name or password"),
        ("https://user@lists.example/a", "name or password"),
        ("https://localhost/a", "this machine itself"),
        ("https://x.localhost/a", "this machine itself"),
        ("https://127.0.0.1/a", "this machine itself"),
        ("https://[::1]:8443/a", "this machine itself"),
        ("https://[::ffff:127.0.0.1]/a", "this machine itself"),
        ("https://0.0.0.0/a", "this machine itself"),
        ("https://lists.example/a\nb", "line break"),
        ("https://lists.example/a b", "blank"),
        ("https://lists.example/$a", "has a $ in it"),
        ("https://lists.example/\u202ea", "U+202E"),
        ("https://lists.example/ä", "outside ASCII"),
        ("https://lists.example/#a", "has a # in it"),
        ("https://lists.example:99999/a", "is no address"),
        ("https://lists.example:0/a", "port 0"),
        ("https://lists/a", "two labels"),
        ("https:///a", "empty"),
        ("https://[::1/a", "is no address"),
        ("https://lists.example/" + "a" * 1000, "At most 1000"),
        (7, "must be text"),
    ],
)
def test_an_address_that_is_not_fetched_from_is_refused_with_its_field(address, says):
    problem = refused(source="url", address=address)

    assert problem.field == "address"
    assert says in str(problem)


@pytest.mark.parametrize(
    ("domain", "says"),
    [
        ("", "is missing"),
        ("example", "two labels"),
        ("$mydomain.example", "has a $ in it"),
        ("a\nb.example", "line break"),
        ("\u202ea.example", "U+202E"),
        ("192.0.2.1", "address"),
    ],
)
def test_a_domain_without_a_record_is_refused_with_its_field(domain, says):
    problem = refused(source="spf", domain=domain)

    assert problem.field == "domain"
    assert says in str(problem)


@pytest.mark.parametrize(
    ("pointer", "says"), [("prefixes", "begin with a slash"), ("/a~b", "lonely ~"), ("/a\nb", "line break")]
)
def test_a_pointer_that_is_none_is_refused_with_its_field(pointer, says):
    problem = refused(source="url", address=URL, pointer=pointer)

    assert problem.field == "pointer"
    assert says in str(problem)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("instance", {"source": "google", "instance": "china"}),
        ("domain", {"source": "google", "domain": "example.com"}),
        ("address", {"source": "spf", "domain": "example.com", "address": URL}),
        ("pointer", {"source": "by-hand", "pointer": "/a"}),
    ],
)
def test_what_belongs_to_another_source_is_refused(field, fields):
    assert refused(**fields).field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", "microsoft"),
        ("source", "google\n"[:3]),
        ("instance", "mars"),
        ("interval", "9m"),
        ("interval", "31d"),
        ("interval", "soon"),
        ("interval", -3600),
        ("pin", "perhaps"),
        ("most_shrink", 101),
        ("most_shrink", -1),
        ("most_shrink", "half"),
    ],
)
def test_what_is_no_value_is_refused_with_its_field(field, value):
    assert refused(**{"source": "google", field: value}).field == field


def test_an_interval_is_typed_in_words_and_kept_in_seconds():
    assert PROVIDER.fields(made(source="google", interval="2 hours"))["interval"] == 7200


def test_no_origin_is_by_hand():
    assert str(Origin()) == "by-hand"
