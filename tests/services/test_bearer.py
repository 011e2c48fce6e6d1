"""Random texts that let their bearer in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.log import HIDDEN, redact
from sealgate.services import bearer
from sealgate.services.bearer import Prefix


@pytest.mark.parametrize("prefix", Prefix)
def test_a_text_says_what_it_is(prefix: Prefix) -> None:
    assert bearer.make(prefix).startswith(prefix)


def test_no_two_texts_are_alike() -> None:
    assert len({bearer.make(Prefix.SESSION) for _ in range(1000)}) == 1000


def test_a_text_has_256_random_bits() -> None:
    assert len(bearer.make(Prefix.TOKEN)) == len("sgt_") + 43  # 43 characters of 6 bits


def test_the_digest_does_not_hold_the_text() -> None:
    text = bearer.make(Prefix.SESSION)
    kept = bearer.digest(text, Prefix.SESSION)

    assert kept is not None
    assert len(kept) == 64
    assert text[4:] not in kept


def test_a_text_of_one_kind_is_none_of_another() -> None:
    for prefix in Prefix:
        others = [other for other in Prefix if other is not prefix]
        assert [bearer.digest(bearer.make(prefix), other) for other in others] == [None] * len(others)


@pytest.mark.parametrize("odd", [None, 5, b"sgs_", "", "sgs_", "sgs_" + "ä" * 43, "sgs_" + "a" * 42, "sgs_" + "a" * 44])
def test_what_has_not_the_shape_has_no_digest(odd: object) -> None:
    assert bearer.digest(odd, Prefix.SESSION) is None


@given(st.text())
def test_any_text_has_a_digest_or_none_and_never_an_error(text: str) -> None:
    assert bearer.digest(text, Prefix.SESSION) is None


@pytest.mark.parametrize("prefix", Prefix)
def test_the_log_hides_every_kind(prefix: Prefix) -> None:
    text = bearer.make(prefix)
    said = redact(None, "", {"event": f"GET /welcome/{text} HTTP/1.1", "detail": [f"Bearer {text}"]})

    assert text not in str(said)
    assert HIDDEN in str(said["event"])
