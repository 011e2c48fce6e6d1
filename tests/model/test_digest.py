"""Digests: the same for the same rows in any order, another for any difference, and fit for storing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.digest import (
    ROW_DIGEST_BYTES,
    TableSum,
    canonical_json,
    canonical_text,
    encoded_row_digest,
    row_digest,
    state_digest,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
DIGESTS = st.lists(st.integers(0, (1 << 8 * ROW_DIGEST_BYTES) - 1), max_size=6)
ROW: dict[str, Any] = {"comment": "", "enabled": True, "position": 0}


def total(rows):
    found = TableSum()
    for row in rows:
        found = found.add(row)
    return found


@given(JSON)
def test_canonical_json_means_the_same_value(value):
    assert json.loads(canonical_json(value)) == value


def test_the_order_of_fields_does_not_count():
    assert canonical_text({"b": 1, "a": [2]}) == canonical_text({"a": [2], "b": 1}) == '{"a":[2],"b":1}'


def test_letters_outside_ascii_stay_as_they_are():
    assert canonical_json("bücher") == '"bücher"'.encode()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_has_no_canonical_form(number):
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_text({"a": number})


def test_a_row_digest_is_a_number_of_256_octets():
    assert 0 < row_digest("black", "k", {}, **ROW) < 1 << 8 * ROW_DIGEST_BYTES


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), JSON, max_size=3))
def test_fields_that_are_text_already_give_the_same_digest(fields):
    assert encoded_row_digest("n", "k", canonical_text(fields), **ROW) == row_digest("n", "k", fields, **ROW)


@pytest.mark.parametrize(
    "change",
    [
        {"noun": "white"},
        {"key": "l"},
        {"fields": {"a": 2}},
        {"comment": "x"},
        {"enabled": False},
        {"position": 1},
    ],
)
def test_every_part_of_a_row_counts(change):
    row: dict[str, Any] = {"noun": "black", "key": "k", "fields": {"a": 1}} | ROW

    assert row_digest(**(row | change)) != row_digest(**row)


def test_text_cannot_move_from_one_part_of_a_row_to_the_next():
    assert row_digest("a", 'b","c', {}, **ROW) != row_digest('a","b', "c", {}, **ROW)


@given(DIGESTS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_count(rows, chance):
    shuffled = rows.copy()
    chance.shuffle(shuffled)

    assert total(shuffled) == total(rows)


@given(DIGESTS, st.integers(0, (1 << 8 * ROW_DIGEST_BYTES) - 1))
def test_a_row_taken_away_leaves_what_was_before(rows, one):
    assert total(rows).add(one).remove(one) == total(rows)


@given(DIGESTS, DIGESTS)
def test_many_rows_at_once_are_the_same_as_one_by_one(before, more):
    assert total(before).shift(sum(more), len(more)) == total(before + more)


@given(DIGESTS, DIGESTS)
def test_a_difference_below_nothing_wraps_around(rows, gone):
    assert total(rows + gone).shift(-sum(gone), -len(gone)) == total(rows)


@given(DIGESTS)
def test_a_sum_comes_back_from_its_bytes(rows):
    assert TableSum.from_bytes(total(rows).to_bytes()) == total(rows)


def test_a_stored_sum_has_264_bytes():
    assert len(TableSum().to_bytes()) == 264


def test_a_row_twice_is_not_no_row():
    assert total([5, 5]).digest() != TableSum().digest()


def test_the_number_of_rows_counts_besides_their_sum():
    assert TableSum(0, 1).digest() != TableSum(0, 0).digest()


def test_a_digest_is_64_hexadecimal_digits():
    assert len(bytes.fromhex(TableSum(1, 1).digest())) == 32


def test_nouns_without_rows_do_not_count():
    assert state_digest({"black": TableSum(7, 1), "white": TableSum()}) == state_digest({"black": TableSum(7, 1)})


def test_the_same_rows_under_another_noun_are_another_state():
    assert state_digest({"black": TableSum(7, 1)}) != state_digest({"white": TableSum(7, 1)})


def test_the_order_of_nouns_does_not_count():
    tables = {"black": TableSum(7, 1), "white": TableSum(8, 2)}

    assert state_digest(tables) == state_digest(dict(reversed(tables.items())))


def test_a_sum_is_changed_by_making_another():
    before = TableSum(7, 1)

    assert (before.add(1), before) == (TableSum(8, 2), replace(before))
