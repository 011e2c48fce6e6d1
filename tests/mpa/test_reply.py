"""Replies are cut out of a byte stream wherever it is cut, and never carry a line end further."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.mpa.reply import MAX_REPLY, MAX_TEXT, ProtocolError, Reply, ReplyReader

TEXTS = st.binary(max_size=60).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b""))
REPLIES = st.tuples(st.integers(200, 599), st.lists(TEXTS, min_size=1, max_size=4))


def sent(code: int, lines: list[bytes]) -> bytes:
    *first, last = lines
    return b"".join(b"%d-%b\r\n" % (code, line) for line in first) + b"%d %b\r\n" % (code, last)


@given(st.lists(REPLIES, max_size=5), st.data())
def test_replies_are_read_wherever_the_stream_is_cut(replies, data):
    wire = b"".join(sent(code, lines) for code, lines in replies)
    reader, found = ReplyReader(), []
    while wire:
        cut = data.draw(st.integers(1, len(wire)))
        found += reader.feed(wire[:cut])
        wire = wire[cut:]

    assert [(reply.code, list(reply.lines)) for reply in found] == replies


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_any_octets_are_replies_or_a_protocol_error(chunks):
    reader = ReplyReader()
    try:
        found = [reply for chunk in chunks for reply in reader.feed(chunk)]
    except ProtocolError:
        return

    assert all(reply.wire().count(b"\n") == 1 for reply in found)


def test_the_lines_of_a_reply_are_joined():
    assert ReplyReader().feed(b"550-5.1.1 no\r\n550 such user\r\n") == [Reply(550, b"5.1.1 no such user")]


def test_a_reply_may_be_a_code_alone():
    assert ReplyReader().feed(b"250\r\n") == [Reply(250, b"")]


def test_control_characters_become_blanks():
    assert ReplyReader().feed(b"550 a\0b\x07c\r\n")[0].text == b"a b c"


def test_a_long_text_is_cut():
    assert len(ReplyReader().feed(b"550 " + b"x" * 5000 + b"\r\n")[0].text) == MAX_TEXT


def feed_in_pieces(flood: bytes) -> None:
    reader = ReplyReader()
    for start in range(0, len(flood), 1000):
        reader.feed(flood[start : start + 1000])


@pytest.mark.parametrize("flood", [b"2" * MAX_REPLY * 2, b"250-x\r\n" * MAX_REPLY, b"250-\r\n" * MAX_REPLY])
def test_a_reply_that_does_not_end_is_an_error(flood):
    with pytest.raises(ProtocolError):
        feed_in_pieces(flood)


@pytest.mark.parametrize("line", [b"hello\r\n", b"99 x\r\n", b"650 x\r\n", b"250x\r\n", b"\r\n"])
def test_what_is_no_reply_is_an_error(line):
    with pytest.raises(ProtocolError):
        ReplyReader().feed(line)


def test_the_queue_id_is_read_from_postfix_reply():
    assert Reply(250, b"2.0.0 Ok: queued as 4jXcQr6LtjzJB4v").queue_id == "4jXcQr6LtjzJB4v"


def test_a_reply_without_a_queue_id_has_none():
    assert Reply(250, b"2.0.0 Ok").queue_id == ""


@pytest.mark.parametrize(
    ("code", "accepted", "permanent"),
    [(250, True, False), (354, False, False), (451, False, False), (550, False, True)],
)
def test_the_code_says_how_it_ended(code, accepted, permanent):
    reply = Reply(code, b"x")

    assert (reply.accepted, reply.permanent) == (accepted, permanent)
