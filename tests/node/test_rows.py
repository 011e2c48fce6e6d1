"""Rows on disk: any table, any change, the same content and the same digest as counted from nothing."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgate.link.bundle import SentRow
from sealgate.model.digest import TableSum
from sealgate.model.errors import NodeFailed
from sealgate.node import rows as module
from sealgate.node.rows import RowStore, digest_of
from sealgate.postfix.files import Files

KEYS = st.text(max_size=8)
FIELDS = st.fixed_dictionaries({"hop": st.sampled_from(["a", "b", "c"])})
ROWS = st.dictionaries(KEYS, FIELDS, max_size=30).map(lambda made: [SentRow(key, value) for key, value in made.items()])
CHANGES = st.dictionaries(KEYS, st.none() | FIELDS, max_size=15).map(
    lambda made: [SentRow(key, value) for key, value in made.items()]
)


def hop(row):
    return row.fields["hop"] if row.fields else None


def total_of(rows):
    total = TableSum()
    for row in rows:
        total = total.add(digest_of("transport", row))
    return total


def in_order(rows):
    return sorted(rows, key=lambda row: row.key.encode())


@pytest.fixture
def store(tmp_path):
    return RowStore(tmp_path, Files(durable=False))


@pytest.fixture(scope="module")
def places():
    with tempfile.TemporaryDirectory() as place:
        numbers = iter(range(10**9))
        yield lambda: RowStore(Path(place, str(next(numbers))), Files(durable=False))


@given(ROWS)
@settings(max_examples=60)
def test_a_table_gives_its_rows_sorted_with_the_digest_of_all(places, rows):
    table = places().take("transport", rows, hop)

    assert list(table) == in_order(rows)
    assert table.total == total_of(rows)
    assert table.tags == Counter(hop(row) for row in rows)


@given(ROWS)
@settings(max_examples=60)
def test_every_row_is_found_by_its_key_and_no_other(places, rows):
    table = places().take("transport", rows, hop)

    assert [table.row(row.key) for row in rows] == rows
    assert table.row("no such key") is None


@given(ROWS, st.lists(CHANGES, max_size=4))
@settings(max_examples=80)
def test_changes_one_after_the_other_are_the_table_that_they_make(places, rows, series):
    store = places()
    expected = {row.key: row for row in rows}
    table = store.take("transport", rows, hop)
    for changes in series:
        table = store.change(table, changes, hop)
        for row in changes:
            if row.fields is None:
                expected.pop(row.key, None)
            else:
                expected[row.key] = row

    assert list(table) == in_order(expected.values())
    assert table.total == total_of(expected.values())
    assert {name: n for name, n in table.tags.items() if n} == Counter(map(hop, expected.values()))
    assert store.find("transport", table.digest) == table


@given(ROWS, CHANGES, CHANGES)
@settings(max_examples=60)
def test_the_differences_of_two_tables_lead_from_one_to_the_other(places, rows, first, second):
    store = places()
    parent = store.take("transport", rows, hop)
    one, two = store.change(parent, first, hop), store.change(parent, second, hop)
    content = {row.key: row for row in one}
    differences = one.differences(two)
    assert differences is not None
    for old, new in differences:
        assert old == content.get((old or new).key)
        if new is None:
            del content[old.key]
        else:
            content[new.key] = new

    assert in_order(content.values()) == list(two)


def test_tables_that_arrived_separately_are_not_compared(store):
    one = store.take("transport", [SentRow("a", {"hop": "a"})], hop)
    two = store.take("transport", [SentRow("b", {"hop": "a"})], hop)

    assert one.differences(two) is None


def test_a_key_that_comes_twice_is_refused(store):
    with pytest.raises(NodeFailed, match="'a' twice"):
        store.take("transport", [SentRow("a", {"hop": "a"}), SentRow("a", {"hop": "b"})], hop)


def test_rows_in_any_order_make_one_table(store):
    rows = [SentRow(f"{number:03}", {"hop": "a"}) for number in range(500)]

    assert store.take("transport", rows, hop).digest == store.take("transport", rows[::-1], hop).digest


def test_more_rows_than_fit_a_run_are_merged_from_several(store):
    many = module._RUN + 10
    table = store.take("transport", (SentRow(str(number * 7919 % many), {"hop": "a"}) for number in range(many)), hop)

    assert table.total.count == many
    assert table.row(str(many - 1)) is not None
    keys = [row.key.encode() for row in table]
    assert keys == sorted(keys)


def test_past_a_bound_of_changes_the_rows_are_written_anew(store):
    parent = store.take("transport", [SentRow("first", {"hop": "a"})], hop)
    changes = [SentRow(f"{number:06}", {"hop": "b"}) for number in range(module.MOST_CHANGES + 1)]
    table = store.change(parent, changes, hop)

    assert table.changes == {}
    assert table.base != parent.base
    assert list(table) == [*changes, SentRow("first", {"hop": "a"})]


def test_one_changed_row_among_many_costs_a_small_file(store):
    parent = store.take("transport", (SentRow(f"{number:06}", {"hop": "a"}) for number in range(20_000)), hop)
    table = store.change(parent, [SentRow("010000", {"hop": "b"})], hop)
    path = table.base.with_name(f"{table.digest}.table")

    assert table.base == parent.base
    assert path.stat().st_size < 2000


def test_comment_position_and_the_switch_are_part_of_a_row(store):
    row = SentRow("a", {"hop": "a"}, "why", enabled=False, position=3)
    table = store.take("transport", [row], lambda _row: None)

    assert table.row("a") == row
    assert table.tags == {}


def test_an_unknown_table_is_not_there(store):
    assert store.find("transport", "0" * 64) is None


def test_a_table_without_its_file_of_rows_is_not_there(store):
    table = store.take("transport", [SentRow("a", {"hop": "a"})], hop)
    table.base.unlink()

    assert store.find("transport", table.digest) is None


def test_sweeping_keeps_what_is_named_and_what_that_needs(store):
    parent = store.take("transport", [SentRow("a", {"hop": "a"})], hop)
    child = store.change(parent, [SentRow("b", {"hop": "a"})], hop)
    other = store.take("black", [SentRow("c", {"hop": "a"})], hop)
    store.sweep([("transport", child.digest)])

    assert store.find("transport", child.digest) == child
    assert store.find("transport", parent.digest) is None
    assert store.find("black", other.digest) is None
    assert not other.base.exists()
    assert list(child) == [SentRow("a", {"hop": "a"}), SentRow("b", {"hop": "a"})]


def test_a_table_that_broke_off_while_arriving_leaves_nothing_after_sweeping(store, tmp_path):
    def broken():
        yield SentRow("a", {"hop": "a"})
        raise ConnectionError

    with pytest.raises(ConnectionError):
        store.take("transport", broken(), hop)
    store.sweep([])

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
