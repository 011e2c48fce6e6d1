"""Lines of tables: what fits and what is refused. That the real postmap agrees is shown in test_tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.postfix.entries import Counted, batches, entry_line, key_line, refuse_unless_one_line


def test_an_entry_is_key_tab_value() -> None:
    assert entry_line("relay.test", "smtp:[mx.test]:25") == b"relay.test\tsmtp:[mx.test]:25\n"


def test_a_key_alone_is_a_line() -> None:
    assert key_line("Subject: a b") == b"Subject: a b\n"


@pytest.mark.parametrize("key", ["", "#x", " x", "\tx", "a b", 'a"b', "a\\", "alias:", "a\nb", "a\rb", "a\0b"])
def test_a_key_that_postmap_would_read_otherwise_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r"key|single"):
        entry_line(key, "x")


@pytest.mark.parametrize("value", ["", " x", "x ", "x\t", "x\ny", "x\0"])
def test_a_value_that_postmap_would_read_otherwise_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"value|single"):
        entry_line("a", value)


@pytest.mark.parametrize("key", ["/a b/i", "/colon:/", '/"/', "10.0.0.0/8", "!/x/"])
def test_a_pattern_may_hold_what_a_key_may_not(key: str) -> None:
    assert entry_line(key, "OK", pattern=True) == f"{key}\tOK\n".encode()


@given(st.lists(st.binary(max_size=5000), max_size=60))
def test_batches_lose_nothing_and_keep_the_order(lines: list[bytes]) -> None:
    assert b"".join(batches(lines)) == b"".join(lines)


def test_a_large_input_comes_in_several_batches() -> None:
    assert len(list(batches([b"x" * 1000] * 200))) > 1


def test_what_was_given_is_counted() -> None:
    counted = Counted(iter([b"a", b"b"]))

    assert list(counted) == [b"a", b"b"]
    assert counted.count == 2


def test_one_line_is_one_line() -> None:
    refuse_unless_one_line("fine ü \u2028")

    with pytest.raises(ValueError, match="single lines"):
        refuse_unless_one_line("two\nlines")
