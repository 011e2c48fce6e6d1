"""Networks in JSON."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.errors import InvalidValue, NotFetched
from sealgate.model.providers import MOST_NETWORKS
from sealgate.providers.pointer import networks_at, parse_pointer, read_json
from sealgate.providers.source import Clock

NAMES = st.text(st.sampled_from("ab/~*0 é"), max_size=4)
VALUES = st.recursive(
    st.sampled_from(["192.0.2.1", "2001:db8::/32", "no network", "", None, 7, True]),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(NAMES, inside, max_size=3),
    max_leaves=8,
)
DOCUMENT = {
    "prefixes": [{"v4": "192.0.2.0/24"}, {"v6": "2001:db8::/32"}, {"v4": "198.51.100.7"}],
    "all": ["192.0.2.1", "192.0.2.2"],
    "by/place~": {"here": ["203.0.113.1"], "there": ["203.0.113.2"]},
    "one": "192.0.2.9",
}


def found(pointer: str, document: Any = None) -> list[str]:
    networks, _ = networks_at(DOCUMENT if document is None else document, pointer, "The list", Clock(60))
    return [str(network) for network in networks]


@pytest.mark.parametrize(
    ("pointer", "networks"),
    [
        ("/one", ["192.0.2.9/32"]),
        ("/all", ["192.0.2.1/32", "192.0.2.2/32"]),
        ("/all/*", ["192.0.2.1/32", "192.0.2.2/32"]),
        ("/all/1", ["192.0.2.2/32"]),
        ("/by~1place~0/there", ["203.0.113.2/32"]),
        ("/by~1place~0/*", ["203.0.113.1/32", "203.0.113.2/32"]),
        ("/prefixes/*/v4", ["192.0.2.0/24", "198.51.100.7/32"]),
        ("/prefixes/*/v4  /prefixes/*/v6", ["192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32"]),
        ("/prefixes/*/*", ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32"]),
    ],
)
def test_a_pointer_leads_to_networks(pointer: str, networks: list[str]) -> None:
    assert found(pointer) == networks


def test_elements_that_lack_a_step_are_counted() -> None:
    assert networks_at(DOCUMENT, "/prefixes/*/v6", "The list", Clock(60))[1] == (
        "2 elements have nothing at /prefixes/*/v6.",
    )


def test_a_walk_ends_with_the_bound_before_all_places_are_made() -> None:
    document = [["192.0.2.1"]] * 300_000
    tracemalloc.start()
    try:
        with pytest.raises(NotFetched, match=f"more than {MOST_NETWORKS:,} networks"):
            found("/*/*", document)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_walk_ends_with_the_time_of_the_fetch() -> None:
    with pytest.raises(NotFetched, match="no whole answer in 0 seconds"):
        networks_at([{}] * 2000, "/*/gone", "The list", Clock(0))


@pytest.mark.parametrize("pointer", ["/gone", "/all/2", "/all/-", "/all/01", "/one/0", "/prefixes/*/gone", "/one/*"])
def test_a_pointer_that_leads_nowhere_is_refused(pointer: str) -> None:
    with pytest.raises(NotFetched, match="leads nowhere"):
        found(pointer)


@pytest.mark.parametrize(
    "value", [{"a": "192.0.2.1"}, 7, None, True, ["192.0.2.1", 7], [["192.0.2.1"]], "mail.example"]
)
def test_what_is_no_network_at_the_end_is_refused_with_its_place(value: object) -> None:
    with pytest.raises(NotFetched, match=r"The list, at '/x/~1y(/\d)?': .*Nothing of the list was taken"):
        found("/x/~1y", {"x": {"/y": value}})


def test_nothing_of_a_document_is_quoted() -> None:
    with pytest.raises(NotFetched, match=r"The list, at '/x/\*\[2\]': ") as fault:
        found("/x/*", {"x": {"a": "192.0.2.1", "hunter2": "db_password=hunter2"}})
    assert "hunter2" not in str(fault.value)


@pytest.mark.parametrize("pointer", ["one", "/a~", "/a~2b", "one/*"])
def test_a_pointer_that_is_none_is_refused(pointer: str) -> None:
    with pytest.raises(NotFetched, match="The pointer"):
        found(pointer)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"<html>", b"[" * 100_000, b"1" * 5000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(NotFetched, match="no JSON document"):
        read_json(body, "The list")


def test_a_document_of_very_many_parts_is_refused() -> None:
    with pytest.raises(NotFetched, match="more than 200,000 arrays and objects"):
        read_json(b"[" + b"[]," * 200_000 + b"{}]", "The list")


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read_json(b"\xef\xbb\xbf[]", "The list") == []


@given(VALUES, st.lists(NAMES, max_size=3))
def test_any_pointer_into_any_document_gives_networks_or_is_refused(document: Any, steps: list[str]) -> None:
    fault = ""
    try:
        found("/" + "/".join(steps), document)
    except NotFetched as caught:
        fault = str(caught)
    assert fault == "" or fault.startswith("The list")


@given(st.lists(NAMES, max_size=4))
def test_escaped_steps_are_read_back(steps: list[str]) -> None:
    written = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)

    assert parse_pointer(written) == tuple(steps)


@given(st.text(max_size=20))
def test_any_text_is_a_pointer_or_refused(text: str) -> None:
    try:
        steps = parse_pointer(text)
    except InvalidValue:
        return
    assert len(steps) == text.count("/")


@given(st.dictionaries(NAMES, st.just("192.0.2.1"), min_size=1, max_size=3))
def test_each_value_of_an_object_is_found(values: dict[str, str]) -> None:
    assert len(found("/*", json.loads(json.dumps(values)))) == len(values)
