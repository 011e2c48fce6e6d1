"""Is a port free, and who has it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.ports import lease_port

from sealgate.bootstrap.listeners import holders, obstacle
from sealgate.settings import Endpoint

ME = Path("/proc/self/comm").read_text().strip()


@pytest.mark.parametrize("host", ["", "127.0.0.1", "::1"])
def test_a_free_port_has_no_obstacle(host: str) -> None:
    assert obstacle(Endpoint(host, lease_port())) == ""


def test_a_port_in_use_names_the_program_that_has_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        assert obstacle(Endpoint("127.0.0.1", port)) == f"is in use by {ME} (process {os.getpid()})"


def test_all_addresses_are_not_free_while_one_is_taken() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]

        assert obstacle(Endpoint("", port)).startswith("is in use by ")


def test_another_address_is_free_while_one_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        assert obstacle(Endpoint("127.0.0.2", port)) == ""


def test_a_connection_that_has_just_ended_is_no_obstacle() -> None:
    port = lease_port()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        client = socket.create_connection(("127.0.0.1", port))
        served, _ = listener.accept()
        served.close()  # this side closes first and keeps the port in TIME_WAIT
        client.recv(1)
        client.close()

    assert obstacle(Endpoint("127.0.0.1", port)) == ""


def test_an_address_of_another_machine_is_an_obstacle() -> None:
    assert obstacle(Endpoint("192.0.2.1", lease_port())) == "cannot be used: 192.0.2.1 is no address of this machine"


def test_a_low_port_is_for_root_only() -> None:
    program = (
        "import os, subprocess; from sealgate.bootstrap.listeners import obstacle\n"
        "from sealgate.settings import Endpoint\n"
        "subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)\n"
        "os.setgid(65534); os.setuid(65534); print(obstacle(Endpoint('127.0.0.1', 7)))"
    )
    path = os.pathsep.join(filter(None, sys.path))

    # In a network namespace of its own, where the lowest port for everybody is the kernel's default, 1024.
    run = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )

    assert run.stdout.strip() == "is for root only"


def test_nobody_holds_a_free_port() -> None:
    assert holders(lease_port()) == []
