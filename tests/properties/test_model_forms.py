"""What is exported, as text or as CSV, is read back as the same rows; and no file makes the readers fail."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import rows_of

from sealgate.model.forms import read_csv, read_text, write_csv, write_text
from sealgate.model.nouns import NOUNS
from sealgate.model.text_forms import READERS
from sealgate.model.yaml_forms import read_yaml, write_yaml


def rows_in(entries):
    found = list(entries)
    assert not [entry.problems for entry in found if entry.problems]
    return [entry.row for entry in found if entry.row]


def numbered(rows):
    return [replace(row, position=place) for place, row in enumerate(rows)]


@pytest.mark.parametrize("noun", READERS)
@given(data=st.data())
def test_text_reads_back_as_the_rows_it_was_written_from(noun, data):
    rows = numbered(data.draw(rows_of(noun)))
    text = "".join(write_text(noun, rows))

    back = rows_in(read_text(noun, text.splitlines(keepends=True)))

    assert [NOUNS[noun].fields(row.value) | {"name": ""} for row in back] == [
        NOUNS[noun].fields(row.value) | {"name": ""} for row in rows
    ]
    assert [(row.comment, row.enabled, row.position) for row in back] == [
        (row.comment, row.enabled, row.position) for row in rows
    ]


@pytest.mark.parametrize("noun", READERS)
@given(data=st.data())
def test_csv_reads_back_as_the_rows_it_was_written_from(noun, data):
    rows = numbered(data.draw(rows_of(noun)))
    text = "".join(write_csv(noun, rows))

    assert rows_in(read_csv(noun, text.splitlines(keepends=True))) == rows


@pytest.mark.parametrize("noun", READERS)
@given(data=st.data())
def test_yaml_reads_back_as_the_rows_it_was_written_from(noun, data):
    rows = numbered(data.draw(rows_of(noun)))
    text = "".join(write_yaml(noun, rows))

    assert rows_in(read_yaml(noun, text.splitlines(keepends=True))) == rows


@pytest.mark.parametrize("noun", READERS)
@pytest.mark.parametrize("reader", [read_text, read_csv, read_yaml])
@given(data=st.data())
def test_every_line_of_junk_becomes_a_row_or_a_problem(noun, reader, data):
    column = NOUNS[noun].columns[0].name
    lines = data.draw(
        st.lists(
            st.one_of(
                st.text(max_size=20),
                st.sampled_from(['"', "#off# ", " x", "a,b,c,d,e,f,g,h,i", "\0", column, "- ", f"- {column}: [x"]),
            ),
            max_size=4,
        )
    )
    head = [f"{column}\n"] if data.draw(st.booleans()) else []

    for entry in reader(noun, [*head, *(f"{line}\n" for line in lines)]):
        assert (entry.row is None) == bool(entry.problems)
        assert entry.line >= 1
