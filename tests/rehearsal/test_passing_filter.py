"""The filter that changes nothing: what goes in comes out behind it, and what is said there is said here."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.outside import listening, talking

from sealgate.rehearsal.passing_filter import PassingFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EHLO = b"250-behind\r\n250-STARTTLS\r\n250-PIPELINING\r\n250-XFORWARD NAME ADDR\r\n250 CHUNKING\r\n"


class Server:
    """A listener behind the filter: it keeps what it hears, and answers as told."""

    def __init__(self, **replies: bytes) -> None:
        self.heard: list[bytes] = []
        self._replies = {"EHLO": EHLO, "DATA": b"354 Go on\r\n", ".": b"250 2.0.0 Ok: queued as 4X\r\n"}
        self._replies |= {"QUIT": b"221 Bye\r\n"} | replies

    def __call__(self, connection: socket.socket) -> None:
        connection.sendall(b"220 behind ESMTP\r\n")
        with connection.makefile("rb") as said:
            data = False
            for line in said:
                self.heard.append(line)
                word = line.rstrip(b"\r\n").decode("latin-1")
                if data and word != ".":
                    continue
                data = word == "DATA" and self._replies["DATA"].startswith(b"354")
                verb = word.upper() if word == "." else word[:4].upper()
                connection.sendall(self._replies.get(verb, b"250 2.1.0 Ok\r\n"))


@contextlib.contextmanager
def through(server: Server, *, lmtp: bool = False) -> Iterator[Callable[[bytes], bytes]]:
    """Give a function that says a line to a filter before the server and returns the whole reply."""
    with listening(None, server) as address, talking(PassingFilter(address, lmtp=lmtp)) as connection:
        with connection.makefile("rb") as replies:
            assert reply(replies) == b"220 behind ESMTP\r\n"

            def say(line: bytes) -> bytes:
                connection.sendall(line + b"\r\n")
                return reply(replies)

            say.more = lambda: reply(replies)  # type: ignore[attr-defined]
            yield say
        connection.shutdown(socket.SHUT_RDWR)


def reply(replies: BinaryIO) -> bytes:
    lines = [replies.readline()]
    while lines[-1][3:4] == b"-":
        lines.append(replies.readline())
    return b"".join(lines)


def test_replies_of_the_listener_are_given_back() -> None:
    with through(Server(MAIL=b"250 2.1.0 fine\r\n", RCPT=b"550-5.1.1 no\r\n550 5.1.1 such user\r\n")) as say:
        assert say(b"MAIL FROM:<a@b.example>") == b"250 2.1.0 fine\r\n"
        assert say(b"RCPT TO:<x@y.example>") == b"550-5.1.1 no\r\n550 5.1.1 such user\r\n"


def test_what_cannot_be_handed_on_is_not_offered() -> None:
    with through(Server()) as say:
        assert say(b"EHLO gw.example.com") == b"250-behind\r\n250-PIPELINING\r\n250 XFORWARD NAME ADDR\r\n"


def test_commands_go_on_as_they_are() -> None:
    server = Server()
    with through(server) as say:
        say(b"XFORWARD NAME=client.example ADDR=192.0.2.1")
        say(b"MAIL FROM:<a@b.example> SIZE=100 BODY=8BITMIME")

    assert server.heard == [
        b"XFORWARD NAME=client.example ADDR=192.0.2.1\r\n", b"MAIL FROM:<a@b.example> SIZE=100 BODY=8BITMIME\r\n",
    ]  # fmt: skip


def test_every_byte_of_a_message_goes_on() -> None:
    server, message = Server(), b"Subject: \xe4\r\n\r\n..dot\r\nMAIL FROM:<not a command>\r\n" + b"x" * 70000
    with through(server) as say:
        assert say(b"DATA").startswith(b"354")
        assert say(message + b"\r\n.") == b"250 2.0.0 Ok: queued as 4X\r\n"

    assert b"".join(server.heard) == b"DATA\r\n" + message + b"\r\n.\r\n"


def test_a_refused_data_is_followed_by_commands() -> None:
    with through(Server(DATA=b"554 5.5.1 no recipients\r\n")) as say:
        assert say(b"DATA").startswith(b"554")
        assert say(b"RSET") == b"250 2.1.0 Ok\r\n"


@pytest.mark.parametrize("recipients", [1, 3])
def test_by_lmtp_there_is_a_reply_for_each_recipient(recipients: int) -> None:
    with through(Server(), lmtp=True) as say:
        assert say(b"LHLO gw.example.com").startswith(b"250-behind")
        say(b"MAIL FROM:<a@b.example>")
        for number in range(recipients):
            say(b"RCPT TO:<x%d@y.example>" % number)
        say(b"DATA")
        said = [say(b"hello\r\n."), *(say.more() for _ in range(recipients - 1))]  # type: ignore[attr-defined]

        assert said == [b"250 2.0.0 Ok: queued as 4X\r\n"] * recipients
        assert say(b"QUIT") == b"221 Bye\r\n"


def test_the_listener_behind_hears_no_lmtp() -> None:
    server = Server()
    with through(server, lmtp=True) as say:
        say(b"LHLO gw.example.com")

    assert server.heard == [b"EHLO gw.example.com\r\n"]


def test_recipients_of_an_earlier_message_do_not_count() -> None:
    with through(Server(), lmtp=True) as say:
        for _ in range(2):
            say(b"MAIL FROM:<a@b.example>")
            say(b"RCPT TO:<x@y.example>")
            say(b"DATA")
            say(b"hello\r\n.")

        assert say(b"QUIT") == b"221 Bye\r\n"


def test_after_quit_the_connection_is_closed() -> None:
    with through(Server()) as say:
        say(b"QUIT")

        assert say.more() == b""  # type: ignore[attr-defined]


def test_without_a_listener_behind_mail_is_taken() -> None:
    with talking(PassingFilter(None)) as connection, connection.makefile("rb") as replies:
        assert reply(replies).startswith(b"220 ")
        codes = []
        for line in (b"EHLO a", b"MAIL FROM:<>", b"RCPT TO:<x@y>", b"DATA", b"hello\r\n.", b"QUIT"):
            connection.sendall(line + b"\r\n")
            codes.append(reply(replies)[:3])

    assert codes == [b"250", b"250", b"250", b"354", b"250", b"221"]


def test_a_listener_that_does_not_live_ends_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = gone.getsockname()
    with talking(PassingFilter(address)) as connection:
        assert connection.recv(10) == b""


@settings(max_examples=20, deadline=None)
@given(said=st.binary(max_size=200))
def test_whatever_is_said_ends_without_an_error(said: bytes) -> None:
    with talking(PassingFilter(None, lmtp=True)) as connection:
        connection.sendall(said)
