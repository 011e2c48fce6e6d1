"""Rows on their way: the same row arrives, and nothing else passes for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.link.bundle import Need, SentRow, read_row, row_line
from sealgate.model.errors import InvalidValue

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
