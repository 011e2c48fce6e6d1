"""Which answers of a DNS list count: Postfix's d.d.d.d with ranges (postconf(5), reject_rbl_client)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.rbl import counts, parse_answers

OCTET = st.integers(0, 255)


@pytest.mark.parametrize(
    ("answers", "address", "yes"),
    [
        ("", "127.0.0.2", True),
        ("127.0.0.2", "127.0.0.2", True),
        ("127.0.0.2", "127.0.0.22", False),
        ("127.0.0.[2..11]", "127.0.0.2", True),
        ("127.0.0.[2..11]", "127.0.0.11", True),
        ("127.0.0.[2..11]", "127.0.0.12", False),
        ("127.0.[1;3].[4..6;9]", "127.0.3.9", True),
        ("127.0.[1;3].[4..6;9]", "127.0.2.9", False),
        ("127.0.0.2", "2001:db8::1", False),
        ("127.0.0.2", "no address", False),
        ("127.0.0.2", "127.0.0.²", False),
    ],
)
def test_an_answer_counts_when_each_part_is_named(answers: str, address: str, yes: bool) -> None:
    assert counts(answers, address) is yes


@given(
    st.lists(st.lists(st.tuples(OCTET, OCTET).map(sorted), min_size=1, max_size=4), min_size=4, max_size=4), st.data()
)
def test_a_range_means_every_number_in_it(parts: list[list[list[int]]], data: st.DataObject) -> None:
    written = ".".join("[" + ";".join(f"{low}..{high}" for low, high in part) + "]" for part in parts)
    given_ = [data.draw(OCTET) for _ in range(4)]

    meant = all(any(low <= octet <= high for low, high in part) for octet, part in zip(given_, parts, strict=True))
    assert counts(parse_answers(written), ".".join(map(str, given_))) is meant
