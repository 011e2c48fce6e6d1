"""What stands in for services has no opinion: each protocol, spoken by a client of the test's own."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.outside import talking

from sealgate.rehearsal import neutral_services

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

EVERY = (
    neutral_services.milter,
    neutral_services.policy,
    neutral_services.login,
    neutral_services.socketmap,
    neutral_services.tcp_table,
)


def packet(command: bytes, data: bytes = b"") -> bytes:
    return struct.pack("!I", len(data) + 1) + command + data


def answer(connection: socket.socket) -> bytes:
    (length,) = struct.unpack("!I", connection.recv(4, 0x100))
    return connection.recv(length, 0x100)


def until(connection: socket.socket, end: bytes) -> bytes:
    said = b""
    while not said.endswith(end):
        more = connection.recv(4096)
        assert more, said
        said += more
    return said


@pytest.mark.parametrize(("offered", "agreed"), [(6, 6), (2, 2), (9, 6)])
def test_a_milter_agrees_on_a_version_and_wants_to_change_nothing(offered: int, agreed: int) -> None:
    with talking(neutral_services.milter) as connection:
        connection.sendall(packet(b"O", struct.pack("!III", offered, 0x1FF, 0x1FFFFF)))

        assert struct.unpack("!cIII", answer(connection)) == (b"O", agreed, 0, 0)


@pytest.mark.parametrize("command", list("CHMRTLNBEU"))
def test_a_milter_continues_to_every_event(command: str) -> None:
    with talking(neutral_services.milter) as connection:
        connection.sendall(packet(b"O", struct.pack("!III", 6, 0, 0)))
        answer(connection)
        connection.sendall(packet(b"D", b"Cj\0gw\0") + packet(command.encode(), b"x\0"))

        assert answer(connection) == b"c"


def test_a_milter_says_nothing_to_an_abort_and_leaves_when_told() -> None:
    with talking(neutral_services.milter) as connection:
        connection.sendall(packet(b"A") + packet(b"Q"))

        assert connection.recv(10) == b""


def test_a_policy_service_answers_dunno_to_each_request() -> None:
    with talking(neutral_services.policy) as connection:
        for _ in range(2):
            connection.sendall(b"request=smtpd_access_policy\nsender=a@b.example\n\n")

            assert until(connection, b"\n\n") == b"action=DUNNO\n\n"


def test_a_login_server_offers_mechanisms_and_refuses() -> None:
    with talking(neutral_services.login) as connection:
        offer = until(connection, b"DONE\n")
        connection.sendall(b"VERSION\t1\t1\nCPID\t9\nAUTH\t7\tPLAIN\tservice=smtp\tresp=AGEAYg==\n")

        assert b"\nMECH\tPLAIN\tplaintext\n" in offer
        assert until(connection, b"\n").startswith(b"FAIL\t7\t")


def test_a_socketmap_finds_nothing() -> None:
    with talking(neutral_services.socketmap) as connection:
        for _ in range(2):
            connection.sendall(b"11:users alice,")

            assert until(connection, b",") == b"9:NOTFOUND ,"


def test_a_tcp_table_finds_nothing() -> None:
    with talking(neutral_services.tcp_table) as connection:
        connection.sendall(b"get alice@example.com\n")

        assert until(connection, b"\n").startswith(b"500 ")


@pytest.mark.parametrize("dialogue", EVERY)
@settings(max_examples=20, deadline=None)
@given(said=st.binary(max_size=200))
def test_whatever_is_said_ends_without_an_error(dialogue: Callable[[socket.socket], None], said: bytes) -> None:
    with talking(dialogue) as connection:
        connection.sendall(said)


@pytest.mark.parametrize("length", [0, 1 << 25])
def test_a_packet_of_no_possible_length_ends_the_connection(length: int) -> None:
    with talking(neutral_services.milter) as connection:
        connection.sendall(struct.pack("!I", length))

        assert connection.recv(10) == b""


@pytest.mark.parametrize("said", [b"x:", b"99999999999:", b"5"])
def test_a_netstring_that_is_none_ends_the_connection(said: bytes) -> None:
    with talking(neutral_services.socketmap) as connection:
        connection.sendall(said)
        connection.shutdown(1)

        assert connection.recv(10) == b""


@pytest.mark.parametrize("mechanism", [b"PLAIN", b"LOGIN", b"CRAM-MD5", b"SCRAM-SHA-256", b"UNHEARD-OF"])
def test_every_mechanism_is_refused_at_once(mechanism: bytes) -> None:
    with talking(neutral_services.login) as connection:
        until(connection, b"DONE\n")
        connection.sendall(b"AUTH\t1\t" + mechanism + b"\tservice=smtp\n")

        assert until(connection, b"\n").split(b"\t")[:2] == [b"FAIL", b"1"]
