"""Lists at an address: what is taken, what is refused, and how it is told that nothing changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.support.outside_sources import Page

from sealgate.providers import NotFetched, Source, fetch

if TYPE_CHECKING:
    from tests.support.outside_sources import OutsideSources

    from sealgate.providers import Fetched

ALL = "https://lists.example/all"


def fetched(outside: OutsideSources, page: Page, *, pointer: str = "", known: str = "") -> Fetched:
    outside.pages["lists.example", "/all"] = page
    return fetch(Source("url", target=ALL, pointer=pointer), outside.reach(), known)


def networks(got: Fetched) -> list[str]:
    return [str(network) for network in got.networks]


def refused(outside: OutsideSources, page: Page, *, pointer: str = "") -> str:
    with pytest.raises(NotFetched) as fault:
        fetched(outside, page, pointer=pointer)
    return str(fault.value)


def test_a_list_of_lines_is_fetched_in_order(outside: OutsideSources) -> None:
    got = fetched(outside, Page(b"2001:db8::/32\n198.51.100.7\n192.0.2.0/24\n"))

    assert networks(got) == ["192.0.2.0/24", "198.51.100.7", "2001:db8::/32"]


def test_the_server_is_asked_by_its_name(outside: OutsideSources) -> None:
    fetched(outside, Page(b"192.0.2.0/24"))

    assert [(request.host, request.target) for request in outside.asked] == [("lists.example", "/all")]


def test_an_international_host_is_asked_by_its_ascii_name(outside: OutsideSources) -> None:
    outside.pages["xn--bcher-kva.example", "/"] = Page(b"192.0.2.0/24")

    assert fetch(Source("url", target="https://xn--bcher-kva.example"), outside.reach()).networks


def test_json_is_read_at_its_pointers(outside: OutsideSources) -> None:
    body = {"prefixes": [{"v4": "192.0.2.0/24"}, {"v6": "2001:db8::/32"}]}

    got = fetched(outside, Page(json.dumps(body).encode()), pointer="/prefixes/*/v4 /prefixes/*/v6")

    assert networks(got) == ["192.0.2.0/24", "2001:db8::/32"]
    assert got.remarks == ("1 elements have nothing at /prefixes/*/v4.", "1 elements have nothing at /prefixes/*/v6.")


def test_what_the_server_calls_unchanged_is_unchanged(outside: OutsideSources) -> None:
    first = fetched(
        outside, Page(b"192.0.2.0/24", headers={"ETag": '"7"', "Last-Modified": "Sun, 01 Nov 2026 00:00:00 GMT"})
    )

    second = fetched(outside, Page(status=304), known=first.version)

    assert (second.unchanged, second.networks, second.version) == (True, (), first.version)
    assert outside.asked[-1].headers["if-none-match"] == '"7"'
    assert outside.asked[-1].headers["if-modified-since"] == "Sun, 01 Nov 2026 00:00:00 GMT"


def test_the_version_of_another_list_is_no_condition(outside: OutsideSources) -> None:
    known = fetched(outside, Page(b'["192.0.2.0/24"]', headers={"ETag": '"7"'}), pointer="/0").version

    fetched(outside, Page(b"192.0.2.0/24"), known=known)

    assert "if-none-match" not in outside.asked[-1].headers


def test_unchanged_without_having_been_asked_is_no_answer(outside: OutsideSources) -> None:
    assert "answered 304" in refused(outside, Page(status=304))


def test_a_list_without_any_name_of_its_state_has_a_digest(outside: OutsideSources) -> None:
    first = fetched(outside, Page(b"192.0.2.0/24\n198.51.100.0/24"))
    second = fetched(outside, Page(b"198.51.100.0/24\n192.0.2.0/24"), known=first.version)

    assert first.version.startswith("sha256:")
    assert (second.version, second.unchanged) == (first.version, False)


def test_an_empty_list_is_refused(outside: OutsideSources) -> None:
    assert "not one network" in refused(outside, Page(b"# nothing yet\n"))


def test_a_page_for_people_is_refused_at_its_first_line(outside: OutsideSources) -> None:
    assert "https://lists.example/all, line 1:" in refused(outside, Page(b"<!DOCTYPE html>\n<html>Sign in</html>"))


def test_a_missing_list_is_refused_with_the_answer(outside: OutsideSources) -> None:
    assert "answered 404. Check the address" in refused(outside, Page(status=404))


def test_a_kind_that_nobody_fetches_is_refused(outside: OutsideSources) -> None:
    with pytest.raises(NotFetched, match="'by-hand' is not fetched"):
        fetch(Source("by-hand"), outside.reach())
