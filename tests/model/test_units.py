"""Sizes and times are read with units and shown so that they read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.errors import InvalidValue
from sealgate.model.units import parse_duration, parse_size, show_duration, show_size

LARGEST = 1 << 60


@given(st.integers(0, LARGEST))
def test_a_size_that_is_shown_reads_back(size):
    assert parse_size(show_size(size), "It", 0, LARGEST) == size


@given(st.integers(0, 10**10))
def test_a_time_that_is_shown_reads_back(seconds):
    assert parse_duration(show_duration(seconds), "It", 0, 10**10) == seconds


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (10485760, "10 MiB"),
        (10000000, "10000000 bytes"),
        (1024, "1 KiB"),
        (1 << 40, "1 TiB"),
        (3 << 30, "3 GiB"),
        (0, "0 bytes"),
    ],
)
def test_a_size_is_shown_with_the_largest_unit_that_fits(size, text):
    assert show_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (432000, "5 days"), (86400, "1 day"), (129600, "1 day 12 hours"), (5400, "1 hour 30 minutes"),
        (450, "450 seconds"),
        (1, "1 second"), (0, "0 seconds"), (90061, "90061 seconds"), (93780, "93780 seconds"),
    ],
)  # fmt: skip
def test_a_time_is_shown_in_words(seconds, text):
    assert show_duration(seconds) == text


@pytest.mark.parametrize("text", ["10 mib", "10MIB", "10m", "10 M", "10240k", "0.009765625 g"])
def test_case_and_blanks_of_a_unit_do_not_matter(text):
    if text.startswith("0.0"):  # three places after the point at most
        with pytest.raises(InvalidValue):
            parse_size(text, "It", 0, LARGEST)
    else:
        assert parse_size(text, "It", 0, LARGEST) == 10485760


@pytest.mark.parametrize(
    "junk", ["", "x", "1,5 MB", "5 pounds", "-1", "1e3", "0x10", None, 1.5, True, [], "10 Mi", "1 2"]
)
def test_what_is_no_size_is_refused(junk):
    with pytest.raises(InvalidValue):
        parse_size(junk, "It", 0, LARGEST)


@pytest.mark.parametrize("junk", ["", "d", "5 parsecs", "-1", "1.5h", "1:30", None, 1.5, True, [], "5d x", "x 5d"])
def test_what_is_no_time_is_refused(junk):
    with pytest.raises(InvalidValue):
        parse_duration(junk, "It", 0, LARGEST)


@pytest.mark.parametrize("parse", [parse_size, parse_duration])
def test_a_number_out_of_range_is_refused_with_the_range(parse):
    with pytest.raises(InvalidValue) as refused:
        parse(11, "It", 1, 10)

    assert refused.value.problems[0].remedy.startswith("Enter 1 ")


@pytest.mark.parametrize("parse", [parse_size, parse_duration])
def test_an_enormous_number_is_refused_quickly(parse):
    with pytest.raises(InvalidValue):
        parse(10**5000, "It", 1, 10)
