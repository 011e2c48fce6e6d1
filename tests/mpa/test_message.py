"""A message's size, hops, name and line ends are seen without changing it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.smtp_client import dot_stuff, undot

from sealgate.mpa.message import Message

LINES = st.lists(st.sampled_from([b"", b".", b"..", b".x", b"text", b"a.b", b"\xe4\0"]), max_size=12)
OWN = b"mpa.gw.example.test"


def message(content: bytes) -> Message:
    return Message(dot_stuff(content) + b".\r\n")


@given(LINES)
def test_the_size_is_that_of_the_content_without_doubled_dots(lines):
    content = b"".join(line + b"\r\n" for line in lines)

    assert message(content).size == len(content)


def test_an_empty_message_has_size_zero():
    assert Message(b".\r\n").size == 0


@pytest.mark.parametrize(
    ("wire", "lone"), [(b"a\r\nb\r\n", False), (b"a\nb\r\n", True), (b"\n\r\n", True), (b"a\rb\r\n", False)]
)
def test_a_lone_line_feed_is_noticed(wire, lone):
    assert Message(wire + b".\r\n").has_lone_lf is lone


@given(st.lists(st.sampled_from([b"a", b".", b"\n", b"\r\n", b"\r"]), max_size=20))
def test_normalizing_makes_every_line_end_crlf_and_keeps_the_text(pieces):
    wire = dot_stuff(b"".join(pieces)).replace(b"\r\r\n", b"\r\n")
    normal = Message(wire + b".\r\n").normalized()

    assert not normal.has_lone_lf
    assert undot(normal.wire[:-3]) == re.sub(rb"(?<!\r)\n", b"\r\n", undot(wire))


@given(st.lists(st.sampled_from([b"a", b".", b"\n", b"\r\n"]), max_size=20))
def test_a_normalized_message_ends_only_at_its_end(pieces):
    normal = Message(dot_stuff(b"".join(pieces)) + b".\r\n").normalized()

    assert re.findall(rb"(?:\A|\n)\.\r?\n", normal.wire)[-1:] == [
        normal.wire[-4:] if len(normal.wire) > 3 else b".\r\n"
    ]
    assert len(re.findall(rb"(?:\A|(?<=\n))\.\r?\n", normal.wire)) == 1


def received(name: bytes) -> bytes:
    return b"Received: from " + name + b" (x [127.0.0.1])\r\n\tby gw.example.test (Postfix) with ESMTP id 1\r\n"


def test_hops_and_own_hops_are_counted_in_the_header():
    content = received(OWN) + received(b"other.example") + b"received:from x\r\nSubject: t\r\n\r\nbody\r\n"
    peek = message(content).peek(OWN)

    assert (peek.hops, peek.own_hops) == (3, 1)


def test_a_received_line_in_the_body_is_no_hop():
    assert message(b"Subject: t\r\n\r\n" + received(OWN)).peek(OWN).hops == 0


def test_a_name_that_only_begins_like_ours_is_not_ours():
    assert message(received(OWN + b".evil.example")).peek(OWN).own_hops == 0


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        (b"Message-ID: <1@a>", "<1@a>"),
        (b"message-id:<1@a>", "<1@a>"),
        (b"Message-ID:\r\n <1@a>", "<1@a>"),
        (b"Message-ID: \xff", "\ufffd"),
        (b"X-Message-ID: <1@a>", ""),
        (b"Message-ID:", ""),
    ],
)
def test_the_message_id_is_read(field, shown):
    assert message(field + b"\r\nSubject: t\r\n\r\nMessage-ID: <body@a>\r\n").peek(OWN).message_id == shown


def test_a_huge_message_id_is_cut():
    assert len(message(b"Message-ID: " + b"x" * 50_000 + b"\r\n\r\n").peek(OWN).message_id) == 998


@given(st.binary(max_size=300))
def test_any_octets_can_be_peeked_at(wire):
    assert Message(wire + b"\r\n.\r\n").peek(OWN).hops >= 0
