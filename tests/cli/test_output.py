from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.cli import output
from sealgate.model.findings import Place, error, warning

OBEYED = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left_in_safe_text(text: str) -> None:
    assert not [char for char in output.safe(text) if unicodedata.category(char) in OBEYED]


@given(st.text(alphabet=st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))))
def test_safe_text_is_otherwise_the_text(text: str) -> None:
    assert output.safe(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;evil\x07", "\\x1b]0;evil\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\nb", "a\\x0ab"),
        ("bücher.example", "bücher.example"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_escapes_are_shown_as_escapes(text: str, shown: str) -> None:
    assert output.safe(text) == shown


def test_many_lines_stay_many_lines() -> None:
    assert output.safe_lines("a\n\tb\x1b\n") == "a\n\tb\\x1b\n"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
    )
)
def test_json_is_ascii_and_reads_back(value: object) -> None:
    text = output.to_json(value)

    assert text.isascii()
    assert json.loads(text) == value


def test_columns_align() -> None:
    lines = output.table(("Key", "Value"), [("a", 1), ("longer", 22)])

    assert lines == ["KEY     VALUE", "a       1", "longer  22"]


def test_wide_characters_align() -> None:
    lines = output.table(("Key", "Value"), [("例え", "x"), ("ab", "y")])

    assert [output.width(line.rpartition(" ")[0]) for line in lines[1:]] == [5, 5]


def test_columns_without_a_value_are_left_out() -> None:
    assert output.table(("Key", "Nothing", "Value"), [("a", "", 1), ("b", None, 2)])[0] == "KEY  VALUE"


def test_a_table_without_rows_is_nothing() -> None:
    assert output.table(("Key",), []) == []


def test_without_a_terminal_a_row_is_one_line_however_long() -> None:
    assert len(output.table(("Key", "Value"), [("a", "x " * 500)])) == 2


@given(st.lists(st.tuples(st.text(), st.text(max_size=300)), min_size=1, max_size=5), st.integers(30, 120))
def test_a_table_fits_its_terminal(rows: list[tuple[str, str]], columns: int) -> None:
    assert all(output.width(line) <= columns for line in output.table(("Key", "Value"), rows, columns))


def test_a_long_value_is_continued_below_itself() -> None:
    lines = output.table(("Key", "Value"), [("a", "one two three four five six seven")], 20)

    assert lines[1:] == ["a    one two three", "     four five six", "     seven"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(True, "yes"), (False, "no"), (None, ""), ("", ""), ([], ""), (["a", "b"], "a, b"), (7, "7"), ("a\x1b", "a\\x1b")],
)
def test_values_are_shown_in_words(value: object, shown: str) -> None:
    assert output.cell(value) == shown


def test_a_finding_is_a_headline_with_the_reason_and_the_way_out_below() -> None:
    finding = error("code", Place("transport", "a\x1b"), "What.", "Why.", "Do this.")

    assert output.finding_lines(finding, colour=False) == [
        "error: transport a\\x1b: What.",
        "    Why.",
        "    Do this.",
    ]


def test_colour_is_only_for_those_who_want_it() -> None:
    finding = warning("code", Place(), "What.")

    assert "\x1b" not in "".join(output.finding_lines(finding, colour=False))
    assert output.finding_lines(finding, colour=True) == ["\x1b[33mwarning\x1b[0m: What."]


def test_findings_are_summed_up() -> None:
    some = [error("a", Place(), ""), warning("b", Place(), ""), warning("c", Place(), "")]

    assert output.findings_summary(some) == "1 error, 2 warnings"


@pytest.mark.parametrize(("number", "text"), [(0, "0 rows"), (1, "1 row"), (1_000_000, "1,000,000 rows")])
def test_numbers_have_their_words(number: int, text: str) -> None:
    assert output.count_of(number, "row") == text
