"""A body ends at CRLF.CRLF, wherever the stream is cut, and at nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.smtp_client import dot_stuff

from sealgate.mpa.body import Body, most_on_the_wire

PIECES = st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"a", b"."]), max_size=30).map(b"".join)


def fed(stream: bytes, cuts: list[int]) -> tuple[Body, bytes | None]:
    """Feed a stream in pieces of the given sizes; what is left after the end is put together again."""
    body = Body()
    sizes = iter(cuts)
    while stream:
        size = next(sizes, len(stream))
        piece, stream = stream[:size], stream[size:]
        rest = body.feed(piece)
        if rest is not None:
            return body, rest + stream
    return body, None


@given(PIECES, PIECES, st.lists(st.integers(1, 9), max_size=40))
def test_the_end_is_found_wherever_the_stream_is_cut(text, after, cuts):
    wire = dot_stuff(text) + b".\r\n"
    first_end = re.search(rb"(?:\A|\r\n)\.\r\n", wire)
    assert first_end
    body, rest = fed(wire + after, cuts)

    assert body.message().wire == wire[: first_end.end()]
    assert rest == wire[first_end.end() :] + after


@given(st.binary(max_size=200), st.lists(st.integers(1, 5), max_size=50))
def test_without_the_end_nothing_is_complete(text, cuts):
    text = text.replace(b".", b"")

    assert fed(text, cuts)[1] is None


@pytest.mark.parametrize(
    "trick",
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n\r.\r\n", b"\r\n.\0\r\n", b"\r\n\0.\r\n"],
)
def test_another_mixture_of_line_ends_is_content(trick):
    stream = b"one" + trick + b"MAIL FROM:<evil@x>\r\n.\r\n"
    body, rest = fed(stream, [])

    assert rest == b""
    assert body.message().wire == stream


def test_a_dot_at_the_very_start_ends_an_empty_message():
    body, rest = fed(b".\r\nQUIT\r\n", [])

    assert rest == b"QUIT\r\n"
    assert body.message().wire == b".\r\n"


def test_a_single_piece_is_not_copied():
    wire = b"x" * 1000 + b"\r\n.\r\n"
    body = Body()
    body.feed(wire)

    assert body.message().wire is wire


def test_a_discarded_body_is_still_read_to_its_end():
    body = Body()
    body.feed(b"one\r\n")
    body.discard()

    assert body.feed(b"two\r\n.\r\nNOOP\r\n") == b"NOOP\r\n"
    assert body.size == len(b"one\r\ntwo\r\n.\r\n")


@given(st.lists(st.sampled_from([b"", b".", b"x", b".x"]), max_size=40))
def test_no_content_takes_more_than_the_bound_on_the_wire(lines):
    content = b"".join(line + b"\r\n" for line in lines)

    assert not content or len(dot_stuff(content) + b".\r\n") <= most_on_the_wire(len(content))


def test_no_limit_has_no_bound():
    assert most_on_the_wire(0) == 0
