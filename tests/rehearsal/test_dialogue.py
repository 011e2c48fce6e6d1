"""An SMTP session: replies are values, waiting is short, nothing raises."""

from __future__ import annotations

import socket
import ssl
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest
import trustme

from sealgate.rehearsal.dialogue import CLOSED, NO_REPLY, Reply, Session
from sealgate.rehearsal.internet import Clients
from sealgate.rehearsal.network import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def serving() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    opened: list[socket.socket] = []

    def start(handle: Callable[[socket.socket], None]) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        opened.append(server)

        def run() -> None:
            connection, _ = server.accept()
            with connection:
                handle(connection)

        threading.Thread(target=run, daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for server in opened:
        server.close()


def session(port: int, *, patience: float = 2.0, give_up: Callable[[], bool] = lambda: False) -> Session:
    return Session(
        partial(Clients(Place()).connect, "127.0.0.1", "127.0.0.1", port), patience=patience, give_up=give_up
    )


def saying(*replies: bytes) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        for reply in replies:
            connection.sendall(reply)
            connection.recv(1000)

    return handle


def test_a_reply_of_many_lines_is_one_reply(serving) -> None:
    with session(serving(saying(b"220 hi\r\n", b"250-one\r\n250-two\r\n250 three\r\n"))) as one:
        one.banner()
        reply = one.command("EHLO x")

    assert reply == Reply(250, "250-one\n250-two\n250 three")
    assert str(reply) == "250 three"


def test_a_reply_in_pieces_is_put_together(serving) -> None:
    def handle(connection: socket.socket) -> None:
        for byte in b"220 slowly\r\n":
            connection.send(bytes([byte]))
        connection.recv(10)

    with session(serving(handle)) as one:
        assert one.banner().text == "220 slowly"


def test_everything_said_is_kept(serving) -> None:
    with session(serving(saying(b"220 hi\r\n", b"250 ok\r\n"))) as one:
        one.banner()
        one.command("NOOP")

        assert [(said, reply.code) for said, reply in one.replies] == [("(connect)", 220), ("NOOP", 250)]


def test_a_server_that_says_nothing_gives_no_reply(serving) -> None:
    with session(serving(lambda connection: connection.recv(1)), patience=0.05) as one:
        assert one.banner() == NO_REPLY


def test_a_reply_says_how_long_it_took(serving) -> None:
    with session(serving(lambda connection: connection.recv(1)), patience=0.05) as one:
        assert one.banner().seconds >= 0.05


def test_how_long_it_took_makes_no_other_reply() -> None:
    assert Reply(250, "250 Ok", 1.0) == Reply(250, "250 Ok", 2.0)


def test_a_hopeless_wait_is_given_up(serving) -> None:
    with session(serving(lambda connection: connection.recv(1)), patience=60, give_up=lambda: True) as one:
        assert one.banner() == NO_REPLY


def test_a_server_that_hangs_up_is_closed_for_all_that_follows(serving) -> None:
    with session(serving(lambda _: None)) as one:
        assert one.banner() == CLOSED
        assert one.command("NOOP") == CLOSED
        assert one.start_tls() != ""


def test_where_nobody_listens_the_session_is_closed() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))

        with session(unused.getsockname()[1]) as one:
            assert one.banner() == Reply(0, "Connection refused")


def test_a_message_ends_with_a_dot(serving) -> None:
    received: list[bytes] = []

    def handle(connection: socket.socket) -> None:
        received.append(connection.recv(1000))
        connection.sendall(b"250 queued\r\n")

    with session(serving(handle)) as one:
        assert one.data(b"Subject: x\r\n\r\nbody\r\n").code == 250

    assert received == [b"Subject: x\r\n\r\nbody\r\n.\r\n"]


def test_after_starttls_the_session_goes_on_inside_tls(serving) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("gw.example.test").configure_cert(context)

    def handle(connection: socket.socket) -> None:
        connection.sendall(b"220 hi\r\n")
        connection.recv(1000)
        connection.sendall(b"220 go\r\n")
        with context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(1000)
            wrapped.sendall(b"250 secret\r\n")

    with session(serving(handle)) as one:
        one.banner()
        one.command("STARTTLS")

        assert one.start_tls() == ""
        assert one.command("EHLO x").text == "250 secret"


def test_tls_that_fails_is_told_in_words(serving) -> None:
    with session(serving(lambda connection: connection.sendall(b"no tls here\r\n" * 10))) as one:
        assert one.start_tls() != ""
