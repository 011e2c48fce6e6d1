"""A certificate chain is kept in one spelling, and says for whom and how long it is valid."""

from __future__ import annotations

import datetime as dt

import pytest
import trustme

from sealgate.model.certificates import chain_facts, parse_chain
from sealgate.model.errors import InvalidValue
from sealgate.model.names import HostName

AUTHORITY = trustme.CA()
LEAF = AUTHORITY.issue_cert("gw.example.com", "*.mail.example.com", not_after=dt.datetime(2031, 5, 1, tzinfo=dt.UTC))
LEAF_PEM = LEAF.cert_chain_pems[0].bytes().decode()
AUTHORITY_PEM = AUTHORITY.cert_pem.bytes().decode()


def test_a_chain_is_kept_in_one_spelling():
    typed = f"some words\r\n{LEAF_PEM}\nmore words\n{AUTHORITY_PEM}"

    assert parse_chain(typed) == LEAF_PEM + AUTHORITY_PEM


def test_the_spelling_kept_is_read_back_as_it_is():
    assert parse_chain(parse_chain(LEAF_PEM)) == LEAF_PEM


@pytest.mark.parametrize("empty", ["", None])
def test_no_text_means_no_certificate(empty):
    assert parse_chain(empty) == ""


@pytest.mark.parametrize("junk", ["hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "ü", 5, []])
def test_text_that_is_no_certificate_is_refused(junk):
    with pytest.raises(InvalidValue):
        parse_chain(junk)


def test_a_chain_says_whom_it_is_for():
    facts = chain_facts(LEAF_PEM)

    assert [facts.names_host(HostName(n)) for n in ("gw.example.com", "a.mail.example.com", "other.example.com")] == [
        True,
        True,
        False,
    ]


def test_a_chain_says_how_long_it_is_valid():
    assert chain_facts(LEAF_PEM).ends == dt.datetime(2031, 5, 1, tzinfo=dt.UTC)


def test_a_chain_in_the_wrong_order_is_noticed():
    assert chain_facts(LEAF_PEM + AUTHORITY_PEM).in_order
    assert not chain_facts(AUTHORITY_PEM + LEAF_PEM).in_order
