"""Which ports are taken, and by whom."""

from __future__ import annotations

import os
import socket

import pytest

from sealgate.postfix.listeners import Listener
from sealgate.postfix.ports import listened_on, taken


def listener(port: int, host: str = "127.0.0.1", *, wildcard: bool = False) -> Listener:
    return Listener("x/inet", "smtpd", host, port, wildcard=wildcard)


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def test_the_ports_of_a_process_are_those_it_listens_on(server: socket.socket) -> None:
    with socket.create_connection(server.getsockname()) as client:
        ports = listened_on(os.getpid())

        assert server.getsockname()[1] in ports
        assert client.getsockname()[1] not in ports


def test_a_process_that_is_gone_listens_on_nothing() -> None:
    assert listened_on(1 << 22) == frozenset()


@pytest.mark.parametrize("wildcard", [False, True])
def test_a_port_that_another_program_has_is_taken(server: socket.socket, *, wildcard: bool) -> None:
    wanted = listener(server.getsockname()[1], wildcard=wildcard)

    assert taken([wanted]) == (wanted,)


def test_a_port_that_the_instance_itself_has_is_not_taken(server: socket.socket) -> None:
    assert taken([listener(server.getsockname()[1])], by_other_than=os.getpid()) == ()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_free_port_is_not_taken(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]

    assert taken([listener(port, host), listener(port, host, wildcard=True)]) == ()
