"""Google Workspace: the SPF record makes the list, and the published ranges only check it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import dns.rcode
import pytest
from tests.support.outside_sources import Page

from sealgate.providers import Fetched, NotFetched, Source, fetch

if TYPE_CHECKING:
    from tests.support.outside_sources import OutsideSources

HOST = "www.gstatic.com"


def ranges(*networks: str) -> Page:
    prefixes = [{"ipv6Prefix" if ":" in one else "ipv4Prefix": one} for one in networks]
    return Page(json.dumps({"syncToken": "1", "prefixes": prefixes}).encode())


def fetched(outside: OutsideSources, own: Page, rented: Page) -> Fetched:
    outside.dns.texts("_spf.google.com", "v=spf1 include:_netblocks.google.com include:_netblocks2.google.com ~all")
    outside.dns.texts("_netblocks.google.com", "v=spf1 ip4:64.233.160.0/19 ip4:74.125.0.0/16 ~all")
    outside.dns.texts("_netblocks2.google.com", "v=spf1 ip6:2001:4860:4000::/36 ~all")
    outside.pages[HOST, "/ipranges/goog.json"] = own
    outside.pages[HOST, "/ipranges/cloud.json"] = rented
    return fetch(Source("google"), outside.reach())


OWN = ranges("64.233.160.0/20", "64.233.176.0/20", "74.125.0.0/16", "8.8.8.0/24", "2001:4860::/32")
RENTED = ranges("34.0.0.0/15", "2600:1900::/35")


def test_the_list_is_what_the_spf_record_lets_pass(outside: OutsideSources) -> None:
    got = fetched(outside, OWN, RENTED)

    assert [str(one) for one in got.networks] == ["64.233.160.0/19", "74.125.0.0/16", "2001:4860:4000::/36"]
    assert got.remarks == ()


def test_what_is_not_among_googles_ranges_is_a_remark(outside: OutsideSources) -> None:
    got = fetched(outside, ranges("64.233.160.0/20", "74.125.0.0/16", "2001:4860::/32"), RENTED)

    assert len(got.networks) == 3
    assert got.remarks == (
        "64.233.160.0/19: in Google's SPF record, but not among the ranges that Google publishes as its own.",
    )


def test_what_google_rents_to_customers_is_a_remark(outside: OutsideSources) -> None:
    got = fetched(outside, OWN, ranges("74.125.7.0/24", "2600:1900::/35"))

    assert got.remarks == (
        "74.125.0.0/16: in Google's SPF record, but also among the ranges that Google rents to its customers.",
    )


@pytest.mark.parametrize("own", [Page(status=503), Page(b"<html>"), Page(b'{"prefixes": []}')])
def test_without_anything_to_compare_the_list_comes_with_a_remark(outside: OutsideSources, own: Page) -> None:
    got = fetched(outside, own, RENTED)

    assert len(got.networks) == 3
    assert got.remarks[0].startswith("The list was not compared with the ranges that Google publishes.")


def test_where_dns_fails_the_published_ranges_never_make_a_list(outside: OutsideSources) -> None:
    outside.dns.failing["_netblocks2.google.com"] = dns.rcode.SERVFAIL

    with pytest.raises(NotFetched, match=r"TXT records of _netblocks2\.google\.com"):
        fetched(outside, OWN, RENTED)
    assert outside.asked == []
