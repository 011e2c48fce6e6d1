"""Examples of patterns: what is made matches, the same each time, or it is said that none could be made."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.rehearsal.examples import Unmade, compiled, example


@pytest.mark.parametrize(
    "pattern",
    [
        r"^Subject:\s+make money fast", r"^Subject: make money fast", r"^(To|Cc):.*undisclosed", r"n=[^>]*\.(exe|bat)",
        r"^Received:.*\bfoo\b", r"^X-[[:alpha:]]+: [[:digit:]]{3}$", r"viagra", r"^(a)\1", r"[^\s]+", r"a{3,5}b?c*d+",
        r"(?:x|y)(?=z)z", r"\d+\w\s", r"a.c", r"^$|x",
    ],
)  # fmt: skip
def test_an_example_matches_its_pattern(pattern: str) -> None:
    assert compiled(pattern).search(example(pattern))


@pytest.mark.parametrize("pattern", ["(", "[z", "a{5", "*x", r"(?P<n", "x" * 600])
def test_no_example_is_made_of_what_is_none_or_too_long(pattern: str) -> None:
    try:
        text = example(pattern)
    except Unmade:
        return
    assert compiled(pattern).search(text)


@pytest.mark.parametrize("pattern", [r"(?!)", r"a(?<!a)", r"x\by"])
def test_what_nothing_matches_is_told(pattern: str) -> None:
    with pytest.raises(Unmade):
        example(pattern)


def test_case_is_ignored_unless_the_flag_turns_it_off() -> None:
    assert compiled("abc").search("ABC")
    assert not compiled("abc", "i").search("ABC")


def test_the_same_pattern_gives_the_same_example() -> None:
    assert example(r"^X-(Foo|Bar): \w+") == example(r"^X-(Foo|Bar): \w+")


_atoms = st.sampled_from(
    ["a", "b", ".", r"\d", r"\s", "[a-f]", "[^a]", "x{2}", "(p|q)", "(?:y)", "z?", "w*", r"\.", "^a", "q$"]
)


@given(st.lists(_atoms, min_size=1, max_size=8).map("".join))
def test_whatever_is_made_matches(pattern: str) -> None:
    try:
        text = example(pattern)
    except Unmade:
        return
    assert re.search(pattern, text, re.IGNORECASE | re.DOTALL)
