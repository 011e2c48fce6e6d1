"""The careful SMTP client meets servers that break every rule: it leaves in time, and takes no more than its bounds."""

from __future__ import annotations

import itertools
import ssl
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.scripted_server import ScriptedServer, drip, lines

from sealgate.node.live_tests.smtp import SHOWN_LENGTH, Dialogue, Limits, Trouble, connect, visible
from sealgate.node.live_tests.tls import trusting_nothing

SHORT = Limits(connect=2, answer=1, whole=2, line=200, lines=10, octets=100_000)


@pytest.fixture
def over():
    event = threading.Event()
    yield event
    event.set()


def heard(script, limits=SHORT, work=Dialogue.reply):
    """Meet a server; return its reply, or the trouble that it made."""
    with ScriptedServer(script) as server:
        dialogue = Dialogue(connect("127.0.0.1", server.port, "", limits), limits)
        try:
            return work(dialogue)
        except Trouble as trouble:
            return str(trouble)
        finally:
            dialogue.close()


def test_a_reply_of_several_lines_is_read_whole():
    reply = heard(lambda wire: lines(wire, b"220-mx.example\r\n220-is\r\n220 ready\r\n"))

    assert (reply.code, reply.lines, reply.last) == (220, ("220-mx.example", "220-is", "220 ready"), "220 ready")


def test_a_line_without_end_is_left():
    said = heard(lambda wire: lines(wire, b"220 " + b"x" * 10_000_000))

    assert said == "The server sent a line longer than 200 octets; it was left."


def test_a_banner_without_end_is_left():
    def endless(wire):
        for _ in range(1_000_000):
            wire.sendall(b"220-more\r\n")

    assert heard(endless) == "The server sent more than 10 lines in one answer; it was left."


def test_more_octets_than_allowed_are_left():
    wide = Limits(connect=2, answer=2, whole=4, line=200, lines=100, octets=1000)

    assert "more than 1000 octets" in heard(lambda wire: lines(wire, b"220-%s\r\n" % (b"x" * 150) * 99), wide)


def test_a_server_that_drips_gets_no_more_time_than_one_answer(over):
    began = time.monotonic()

    said = heard(drip(itertools.repeat(b"2"), 0.05, over))

    assert said.startswith("Connected, but no whole answer came in time.")
    assert time.monotonic() - began < 30  # the bound is one second; a hang would be the test's own time-out


def test_many_slow_answers_get_no_more_than_the_whole_time(over):
    def patient(wire):
        for number in range(100):
            wire.sendall(b"220 hello %d\r\n" % number)
            if over.wait(0.4):
                return

    def ask_for_ever(dialogue):
        for _ in range(100):
            dialogue.reply()

    assert "no whole answer came in time" in heard(patient, work=ask_for_ever)


def test_a_server_that_says_nothing_is_left(over):
    assert "no whole answer came in time" in heard(lambda _wire: over.wait(60))


def test_a_server_that_hangs_up_is_told():
    assert heard(lambda wire: wire.close()) == "The server closed the connection without an answer."


@pytest.mark.parametrize(
    "banner", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x15\x03\x01\x00\x02\x02\n", b"HTTP/1.1 400 Bad\r\n", b"\n"]
)
def test_what_is_no_smtp_is_told(banner):
    assert heard(lambda wire: lines(wire, banner)).startswith("What answers does not speak SMTP")


def test_garbage_instead_of_tls_is_told():
    def begin(dialogue):
        dialogue.reply()
        dialogue.command("STARTTLS")
        dialogue.start_tls(trusting_nothing())

    said = heard(lambda wire: lines(wire, b"220 hi\r\n", b"220 go\r\n", b"garbage" * 100), work=begin)

    assert said.startswith("The TLS handshake fails:")


def test_a_handshake_that_never_ends_is_left(over):
    def begin(dialogue):
        dialogue.reply()
        dialogue.command("STARTTLS")
        dialogue.start_tls(trusting_nothing())

    def half(wire):
        lines(wire, b"220 hi\r\n", b"220 go\r\n")
        over.wait(60)

    assert heard(half, work=begin) == "The server does not finish the TLS handshake in time."


def test_a_port_where_nobody_listens_is_told():
    with ScriptedServer(lambda wire: wire.close()) as server:
        port = server.port

    with pytest.raises(Trouble, match="nothing listens on port"):
        connect("127.0.0.1", port, "", SHORT)


def test_an_address_that_is_not_here_cannot_be_connected_from():
    with pytest.raises(Trouble, match="This machine cannot connect from"):
        connect("127.0.0.1", 25, "203.0.113.77", SHORT)


def test_the_connection_comes_from_the_address_that_was_wanted():
    seen = []

    def script(wire):
        seen.append(wire.getpeername()[0])
        lines(wire, b"220 hi\r\n")

    with ScriptedServer(script) as server:
        dialogue = Dialogue(connect("127.0.0.1", server.port, "127.0.0.9", SHORT), SHORT)
        dialogue.reply()
        dialogue.close()

    assert seen == ["127.0.0.9"]


def test_the_library_can_do_the_tls_that_is_asked_for():
    assert ssl.HAS_TLSv1_3


@given(st.binary(max_size=2000))
def test_whatever_is_shown_has_no_control_characters_and_an_end(raw):
    shown = visible(raw)

    assert shown.isprintable()
    assert len(shown) <= SHOWN_LENGTH + 1
