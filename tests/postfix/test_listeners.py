"""Which addresses a configuration listens on, and when a listener counts as answering."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from typing import TYPE_CHECKING

import pytest
import trustme

from sealgate.postfix.listeners import Greeting, Listener, greet, listeners
from sealgate.postfix.parameters import ReadBack, service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def found(line: str, interfaces: str = "all", protocols: str = "all") -> list[str]:
    read = ReadBack(services=(service(line),))
    return [str(one) for one in listeners(read, {"inet_interfaces": interfaces, "inet_protocols": protocols})]


@pytest.mark.parametrize(
    ("line", "interfaces", "protocols", "addresses"),
    [
        ("2525 inet n - n - - smtpd", "all", "ipv4", ["127.0.0.1:2525"]),
        ("smtp inet n - n - - smtpd", "127.0.0.1", "ipv4", ["127.0.0.1:25"]),
        ("2525 inet n - n - - smtpd", "127.0.0.2, 127.0.0.3", "all", ["127.0.0.2:2525", "127.0.0.3:2525"]),
        ("127.0.0.9:2525 inet n - n - - smtpd", "all", "all", ["127.0.0.9:2525"]),
        ("[::1]:2525 inet n - n - - smtpd", "all", "ipv6", ["[::1]:2525"]),
        ("2525 inet n - n - - smtpd", "[::1]", "all", ["[::1]:2525"]),
        ("2525 inet n - n - - smtpd", "loopback-only", "all", ["127.0.0.1:2525", "[::1]:2525"]),
        ("smtp unix - - n - - smtp", "all", "all", []),
    ],
)
def test_the_addresses_of_a_service_follow_its_name_and_the_interfaces(
    line: str, interfaces: str, protocols: str, addresses: list[str]
) -> None:
    assert found(line, interfaces, protocols) == addresses


def test_a_listener_on_all_addresses_is_known_as_such() -> None:
    read = ReadBack(services=(service("2525 inet n - n - - smtpd"),))

    assert [one.wildcard for one in listeners(read, {"inet_interfaces": "all", "inet_protocols": "ipv4"})] == [True]
    assert [one.wildcard for one in listeners(read, {"inet_interfaces": "127.0.0.1"})] == [False]


def test_tls_from_the_first_byte_is_seen_in_the_services_own_override() -> None:
    read = ReadBack(
        services=(service("465 inet n - n - - smtpd"),), overrides={"465/inet": {"smtpd_tls_wrappermode": "yes"}}
    )

    assert [one.tls_wrapped for one in listeners(read, {"inet_protocols": "ipv4"})] == [True]


# -- greeting

Serve = "Callable[[socket.socket], None]"


@pytest.fixture
def serving() -> Iterator[Callable[[Callable[[socket.socket], None]], Listener]]:
    """Start a server that handles one connection by a function, and return its listener."""
    opened: list[socket.socket] = []

    def start(handle: Callable[[socket.socket], None], program: str = "smtpd") -> Listener:
        server = socket.create_server(("127.0.0.1", 0))
        opened.append(server)

        def run() -> None:
            with contextlib.suppress(OSError):  # the test may be over before anybody has taken its connection
                connection, _ = server.accept()
                with connection:
                    handle(connection)

        threading.Thread(target=run, daemon=True).start()
        return Listener("test/inet", program, "127.0.0.1", server.getsockname()[1])

    yield start
    for server in opened:
        server.close()


def speaking(*replies: bytes) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        connection.sendall(replies[0])
        for reply in replies[1:]:
            connection.recv(1000)
            connection.sendall(reply)
        connection.recv(1000)

    return handle


def fault_of(listener: Listener) -> str:
    return greet(listener, 3.0).fault


def test_a_banner_and_an_answer_to_ehlo_are_what_counts(serving) -> None:
    greeting = greet(serving(speaking(b"220 ready\r\n", b"250-one\r\n250 two\r\n")), 5)

    assert greeting.answers
    assert greeting.banner == "220 ready"


def test_a_server_that_never_speaks_does_not_answer(serving) -> None:
    assert fault_of(serving(lambda connection: connection.recv(1))) == "connected, but nothing answers"


def test_a_server_that_closes_at_once_does_not_answer(serving) -> None:
    assert "closed" in fault_of(serving(lambda _: None))


@pytest.mark.parametrize("banner", [b"554 no\r\n", b"hello\r\n"])
def test_another_banner_than_220_is_a_fault_with_its_words(serving, banner: bytes) -> None:
    assert repr(banner.decode().strip()) in fault_of(serving(speaking(banner)))


def test_ehlo_must_be_answered_with_250(serving) -> None:
    assert "EHLO" in fault_of(serving(speaking(b"220 ready\r\n", b"421 gone\r\n")))


def test_a_server_that_closes_after_its_answer_has_answered(serving) -> None:
    """The farewell may meet a closed connection."""

    def handle(connection: socket.socket) -> None:
        connection.sendall(b"220 ready\r\n")
        connection.recv(1000)
        connection.sendall(b"250 ok\r\n")

    assert [fault_of(serving(handle)) for _ in range(20)] == [""] * 20


def test_a_connection_that_is_reset_is_tried_again() -> None:
    """As by the last daemon of a killed master, which shared the port: its end resets what waits for it."""
    met = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            for number in range(2):
                connection, _ = server.accept()
                met.append(number)
                with connection:
                    if number:
                        speaking(b"220 ready\r\n", b"250 ok\r\n")(connection)
                    else:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        thread = threading.Thread(target=run)
        thread.start()
        greeting = greet(Listener("test/inet", "smtpd", "127.0.0.1", server.getsockname()[1]), 10)
        thread.join()

    assert (greeting.fault, met) == ("", [0, 1])


def test_postscreen_is_believed_at_its_first_line(serving) -> None:
    handle = speaking(b"220-wait for the rest\r\n")

    assert fault_of(serving(handle, "postscreen")) == ""


def test_of_other_programs_only_the_connection_is_asked(serving) -> None:
    assert fault_of(serving(lambda connection: connection.recv(1), "spawn")) == ""


def test_a_port_where_nobody_listens_is_a_fault() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        listener = Listener("x/inet", "smtpd", "127.0.0.1", closed.getsockname()[1])

        assert "refused" in greet(listener, 0.1).fault


def test_waiting_ends_when_it_is_given_up(serving) -> None:
    listener = serving(lambda connection: connection.recv(1))

    greeting = greet(listener, 60, give_up=lambda: True)

    assert not greeting.answers


def test_tls_from_the_first_byte_is_spoken_with_any_certificate(serving) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("gw.example.test").configure_cert(context)

    def handle(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as wrapped:
            speaking(b"220 ready\r\n", b"250 ok\r\n")(wrapped)

    plain = serving(handle)
    listener = Listener(plain.service, plain.program, plain.host, plain.port, tls_wrapped=True)

    assert greet(listener, 5).fault == ""


def test_a_greeting_without_fault_is_an_answer() -> None:
    listener = Listener("x/inet", "smtpd", "::1", 25)

    assert Greeting(listener).answers
    assert str(listener) == "[::1]:25"
