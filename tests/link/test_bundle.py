"""Rows on their way: the same row arrives, and nothing else passes for one."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.link.bundle import Need, SentRow, read_row, row_line
from sealgate.link.framing import Raw, blocks, encode
from sealgate.model.errors import InvalidValue
from sealgate.model.providers import MOST_NETWORKS, PROVIDER

FIELDS = st.dictionaries(st.text(max_size=10), st.none() | st.booleans() | st.integers() | st.text(max_size=20))
ROWS = st.builds(SentRow, st.text(), FIELDS, st.text(), st.booleans(), st.integers())


@given(ROWS)
def test_a_row_arrives_as_it_was_sent(row):
    assert read_row(row_line(row)) == row


@given(ROWS)
def test_a_row_is_exactly_one_line(row):
    assert row_line(row).count(b"\n") == 1
    assert row_line(row).endswith(b"\n")


@given(st.text())
def test_a_deleted_row_is_its_key_alone(key):
    assert read_row(row_line(SentRow(key, None))) == SentRow(key, None)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"[1]",
        b'["a",{}]',
        b'["a",{},"",true,true]',
        b'["a",{},"",1,0]',
        b'["a",{},null,true,0]',
        b'["a",[],"",true,0]',
        b'["a",{},"",true,0,0]',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_another_shape_is_refused(line):
    with pytest.raises(InvalidValue):
        read_row(line)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_row_or_refused(line):
    try:
        row = read_row(line)
    except InvalidValue:
        return

    assert isinstance(row, SentRow)


def test_an_empty_need_is_false():
    assert not Need()
    assert Need(chunks=("a",))


@pytest.mark.parametrize(
    ("first", "length"),
    [
        (ipaddress.ip_address("fd00:1111:1111:1111:1111:1111:1111:1000"), 127),
        (ipaddress.ip_address("192.168.100.100"), 31),
    ],
)
def test_a_provider_with_as_many_of_the_longest_networks_as_may_be_is_sent(first, length):
    networks = [f"{first + 2 * number}/{length}" for number in range(MOST_NETWORKS)]
    origin = {"source": "url", "address": f"https://example.com/{'x' * 900}", "pointer": "/x" * 250}
    fields = PROVIDER.fields(PROVIDER.parse({"name": "x" * 40, "networks": networks} | origin))
    row = SentRow(fields["name"], fields, "ü" * 1000)

    assert len(fields["networks"]) == MOST_NETWORKS
    (block,) = blocks([row_line(row)])
    assert encode(Raw(block)).endswith(block)
