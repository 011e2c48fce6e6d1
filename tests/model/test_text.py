"""Text from outside is one visible line of bounded length before anything else is asked of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.errors import Conflict, InvalidValue, Problem, Refused, SealgateError
from sealgate.model.findings import Finding, Place, Severity, error, errors_in, note, warning
from sealgate.model.text import comment, flag, hidden_character, one_line, shown, token, whole_number


@pytest.mark.parametrize(
    "char", ["\0", "\t", "\n", "\r", "\x0b", "\x7f", "\x85", "\u2028", "\u200b", "\u202e", "\ufeff", "\ue000"]
)
def test_an_invisible_character_is_named_with_its_place(char):
    assert "at character 3" in hidden_character(f"ab{char}c")


@pytest.mark.parametrize("text", ["", "abc", "für", "日本", "a b", "é", "😀"])
def test_visible_text_hides_nothing(text):
    assert hidden_character(text) == ""


def test_a_line_is_stripped_of_blanks_around_it():
    assert one_line(" \t a b \t", "It", 10) == "a b"


@pytest.mark.parametrize("junk", [None, 5, [], b"bytes", "x" * 11, "a\nb", "a\tb"])
def test_what_is_no_line_is_refused(junk):
    with pytest.raises(InvalidValue):
        one_line(junk, "It", 10)


@pytest.mark.parametrize("junk", ["", " ", "a b", "a\u00a0b", "a\u3000b"])
def test_a_token_has_no_blanks(junk):
    with pytest.raises(InvalidValue):
        token(junk, "It")


def test_a_comment_may_be_missing():
    assert comment(None) == ""


@pytest.mark.parametrize("typed", [True, 1, "yes", "YES", " on ", "true", "1"])
def test_yes_is_read_in_each_form(typed):
    assert flag(typed, "It")


@pytest.mark.parametrize("typed", [False, 0, None, "no", "off", "false", "0", ""])
def test_no_is_read_in_each_form(typed):
    assert not flag(typed, "It")


@pytest.mark.parametrize("junk", [2, -1, "maybe", [], {}, 1.0, "yes please"])
def test_what_is_neither_yes_nor_no_is_refused(junk):
    with pytest.raises(InvalidValue):
        flag(junk, "It")


@pytest.mark.parametrize(("typed", "number"), [("5", 5), (" 5 ", 5), (5, 5), ("-5", -5), ("0005", 5)])
def test_a_whole_number_is_read(typed, number):
    assert whole_number(typed, "It", -10, 10) == number


@pytest.mark.parametrize(
    "junk", ["", "five", "5.0", 5.0, True, None, [], "1" * 30, 10**400, 11, "\u0665", "+5", "5 5", "--5"]
)
def test_what_is_no_whole_number_in_range_is_refused(junk):
    with pytest.raises(InvalidValue):
        whole_number(junk, "It", -10, 10)


@given(st.text())
def test_what_is_shown_fits_on_a_line_of_visible_ascii_or_is_as_it_was(text):
    seen = shown(text)

    assert "\n" not in seen
    assert hidden_character(seen) == ""
    assert len(seen) < 100


def test_a_refusal_says_where_what_and_what_to_do():
    problem = Problem("port", "It is out of range.", "Enter 1 to 65535.")

    assert str(InvalidValue(problem)) == "port: It is out of range. Enter 1 to 65535."


def test_a_refusal_is_placed_only_where_no_place_is_named():
    refusal = InvalidValue(Problem("", "a."), Problem("b", "c.")).at("field")

    assert [problem.field for problem in refusal.problems] == ["field", "b"]


def test_errors_carry_what_is_needed_to_go_on():
    assert Conflict("changed", current=7).current == 7
    assert Refused("no", [error("x", Place(), "y.")]).findings[0].code == "x"
    assert issubclass(InvalidValue, SealgateError)


def test_a_finding_is_one_line_with_its_place():
    found = warning("some-code", Place("transport", "a.example", "host", 3), "It loops.", "Because.", "Change it.")

    assert str(found) == "warning: transport a.example, host, line 3: It loops. Because. Change it."


def test_a_finding_without_a_place_begins_with_what_it_is():
    assert str(note("c", Place(), "It is.")) == "note: It is."


def test_a_place_in_a_file_is_named_by_the_file():
    assert str(Place(file="main.cf", line=7)) == "main.cf, line 7"


@pytest.mark.parametrize("make", [error, warning, note])
def test_a_finding_survives_json(make):
    found = make("some-code", Place("rbl", "a.example"), "What.", "Why.", "Remedy.")

    assert Finding.from_json(found.to_json()) == found


def test_only_errors_stop():
    found = [error("a", Place(), "x."), warning("b", Place(), "x."), note("c", Place(), "x.")]

    assert [f.severity for f in errors_in(found)] == [Severity.ERROR]
