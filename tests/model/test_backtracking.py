"""Patterns are judged slow by their shape where an engine could try very many ways, and only there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.backtracking import is_slow


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a*)*x",
        "^(a+)+b",
        "(a|a)*$",
        r"(\w|\d)+$",
        "(.|x)*y",
        "([a-z]+)*!",
        r"^(\w+\s?)*$",
        r"(\s*\w+)*:",
        "((a+)b?)*c",
        "(?:a+)+$",
        "(?P<name>a+)+$",
        "(ab|ab)*c",
        "(a{1,50}){1,50}b",
        "(x+x+)+y",
        ".*.*.*=x",
        r"^X: \s*\s*\s*y",
        "([[:alpha:]]+)*9",
        "(A+)+$",
        r"(\x61+)+$",
        "(a|[a-c])+d",
        "((a+)+)b",
        "(a+){20}b",
        "(?i)(a+)+$",
    ],
)
def test_a_pattern_that_can_be_split_in_many_ways_is_slow(pattern):
    assert is_slow(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^Subject:\s+make\s+money\s+fast",
        "(a+b)+$",
        r"^([a-z]+\.)+com$",
        r"(\d{1,3}\.){3}\d{1,3}",
        "(a|b)*c",
        "(foo|bar)+$",
        ".*foo.*bar",
        "(a+)+",
        "a+a+$",
        "(a++)+$",
        "(?>a+)+$",
        "([^,]*,)*$",
        r"^[^@]+@example\.com$",
        "(ab|ac)*d",
        "a{3}b{2,4}",
        "(a{20})+$",
        r"\bword\b.*$",
        "(?=a+)b",
        "",
        "x" * 5000,
        "(a" * 100 + ")" * 100,
        "(a",
        "a)",
        "[a",
        "[a-",
        r"\Q(a+)+\E$",
        "(?(1)a|b)",
        "*a",
        "\\",
        "(?R)+",
        "[[:alpha",
    ],
)
def test_a_pattern_that_is_told_apart_or_not_understood_is_not_slow(pattern):
    assert not is_slow(pattern)


def test_blanks_and_comments_of_an_extended_pattern_are_ignored():
    assert is_slow("( a+ # letters\n )+ $", extended=True)
    assert not is_slow("( a+ # letters\n )+ $".replace("a+", "a"), extended=True)


@given(st.text(alphabet="ab.*+?(){}[]|^$\\-:=!<>PQE0123456789,#x ", max_size=40), st.booleans())
def test_any_text_is_judged_without_failing(pattern, extended):
    assert is_slow(pattern, extended=extended) in {True, False}
