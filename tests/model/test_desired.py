"""A state in memory gives rows in order, tags once each, and texts from their chunks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import desired_states

from sealgate.model.content import chunk_digest, join, split
from sealgate.model.desired import DesiredState, MemoryRows
from sealgate.model.nouns import NOUNS
from sealgate.model.settings import Settings


def transports(*lines: tuple[str, str, int, bool]) -> MemoryRows:
    rows = MemoryRows()
    for pattern, host, position, enabled in lines:
        rows.put(NOUNS["transport"].row({"pattern": pattern, "host": host}, position=position, enabled=enabled))
    return rows


def test_rows_come_by_position_then_key():
    rows = transports(
        ("b.example", "x.example", 1, True), ("c.example", "x.example", 0, True), ("a.example", "x.example", 1, True)
    )

    assert [row.key for row in rows.rows("transport")] == ["c.example", "a.example", "b.example"]


def test_tags_are_those_of_enabled_rows_once_each_and_sorted():
    rows = transports(
        ("a.example", "y.example", 0, True),
        ("b.example", "x.example", 0, True),
        ("c.example", "x.example", 0, True),
        ("d.example", "z.example", 0, False),
    )

    assert list(rows.tags("transport")) == ["[x.example]", "[y.example]"]


def test_a_row_with_the_same_key_replaces():
    rows = transports(("a.example", "x.example", 0, True), ("a.example", "y.example", 0, True))

    assert rows.count("transport") == 1
    assert [row.value.next_hop.destination for row in rows.rows("transport")] == ["[y.example]"]


def test_what_is_not_there_is_none():
    assert MemoryRows().row("transport", "a.example") is None
    assert MemoryRows().count("rbl") == 0


def test_an_empty_state_has_the_defaults():
    assert DesiredState().settings == Settings()
    assert DesiredState().main_cf.text == ""


def test_the_text_of_a_table_comes_back_from_its_chunks():
    rows = MemoryRows()
    digests = rows.put_text("a b\nc d\n")

    assert join(rows.chunks(digests)) == "a b\nc d\n"


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")), max_size=30
    )
)
def test_chunks_put_together_are_the_text(lines):
    text = "\n".join(lines)

    assert join(split(text)) == text


@given(st.lists(st.sampled_from(["a", "b", "c\n", "d\n"]), max_size=30))
def test_a_chunk_ends_with_a_whole_line(parts):
    chunks = list(split("".join(parts)))

    assert all(chunk.endswith(b"\n") for chunk in chunks[:-1])


def test_equal_chunks_have_equal_names():
    assert chunk_digest(b"a\n") == chunk_digest(b"a\n")
    assert chunk_digest(b"a\n") != chunk_digest(b"b\n")


@given(state=desired_states())
def test_every_row_of_a_drawn_state_can_be_written_and_read(state):
    for noun, described in NOUNS.items():
        for row in state.rows.rows(noun):
            fields = described.fields(row.value)
            assert described.row(fields, comment=row.comment, enabled=row.enabled, position=row.position) == row
