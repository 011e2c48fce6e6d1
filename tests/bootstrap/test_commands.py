"""The verbs that make and run a gateway, as a person calls them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.ports import lease_port

from sealgate.bootstrap.gateway import make_gateway
from sealgate.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def sealgate(*arguments: object, user: str = "root") -> subprocess.CompletedProcess[str]:
    """Call the program as a user and return what it said."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "sealgate.bootstrap", *map(str, arguments)],
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        user=user,
        group="nogroup" if user == "nobody" else "root",
        extra_groups=[],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    make_gateway(tmp_path / "gw", {f"{name}_port": lease_port() for name in ("smtp", "web", "mpa", "reinject")})
    return tmp_path / "gw"


def test_init_makes_a_gateway_and_says_how_to_start_it(tmp_path: Path) -> None:
    run = sealgate("init", tmp_path / "gw", "--smtp-port", 2600)

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == f"Made the gateway {tmp_path}/gw.\nStart it: sealgate up --dir {tmp_path}/gw\n"


def test_init_answers_with_json_when_asked(tmp_path: Path) -> None:
    run = sealgate("init", tmp_path / "gw", "--json")

    assert json.loads(run.stdout) == {
        "directory": str(tmp_path / "gw"),
        "settings": str(tmp_path / "gw/sealgate.toml"),
    }


def test_init_on_a_gateway_is_refused_with_one_sentence(gateway: Path) -> None:
    run = sealgate("init", gateway)

    assert run.returncode == 1
    assert run.stderr == (
        f"sealgate: {gateway} is a gateway already; nothing was changed. Start it: sealgate up --dir {gateway}\n"
    )


def test_init_with_a_port_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    assert sealgate("init", tmp_path / "gw", "--smtp-port", 70000).returncode == 2


def test_init_without_root_says_so(tmp_path: Path) -> None:
    run = sealgate("init", tmp_path / "gw", user="nobody")

    assert run.returncode == 1
    assert run.stderr == "sealgate: Making a gateway needs root, because Postfix does. Nothing was made. Use sudo.\n"


def test_up_without_a_directory_asks_which_gateway() -> None:
    run = sealgate("up")

    assert run.returncode == 2
    assert "Which gateway?" in run.stderr


def test_up_where_there_is_no_gateway_says_how_to_make_one(tmp_path: Path) -> None:
    run = sealgate("up", "--dir", tmp_path)

    assert run.returncode == 2
    assert run.stderr == f"sealgate: There is no gateway in {tmp_path}. Make one: sealgate init {tmp_path}\n"


def test_up_without_rights_on_the_settings_says_what_to_do(gateway: Path) -> None:
    run = sealgate("up", "--dir", gateway, user="nobody")

    assert run.returncode == 1
    assert run.stderr.startswith(f"sealgate: {gateway}/sealgate.toml may not be read by this user.")


def test_up_with_a_port_in_use_starts_nothing_and_names_the_program(gateway: Path) -> None:
    port = Settings.load(gateway).smtp_port
    with socket.create_server(("127.0.0.1", port)):
        run = sealgate("up", "--dir", gateway)

    assert run.returncode == 1
    assert f"sealgate: Nothing was started. smtp_port {port} is in use by " in run.stderr
    assert f"(process {os.getpid()})" in run.stderr
    assert not (gateway / "run/agent.sock").exists()


def test_a_fault_in_the_settings_file_is_told_with_key_and_remedy(gateway: Path) -> None:
    (gateway / "sealgate.toml").write_text("smtp_prot = 25\n")

    run = sealgate("up", "--dir", gateway)

    assert run.returncode == 2
    assert run.stderr == f"sealgate: {gateway}/sealgate.toml: smtp_prot is no setting. Did you mean smtp_port?\n"


def test_the_agent_alone_needs_root_too(gateway: Path) -> None:
    (gateway / "sealgate.toml").chmod(0o644)
    (gateway / "log/sealgate.log").chmod(0o666)

    run = sealgate("agent", "--dir", gateway, user="nobody")

    assert run.returncode == 1
    assert "The agent needs root" in run.stderr


def test_the_mpa_that_cannot_listen_ends_and_says_why_in_the_log(gateway: Path) -> None:
    port = Settings.load(gateway).mpa_port
    with socket.create_server(("127.0.0.1", port)):
        run = sealgate("mpa", "--dir", gateway)

    assert run.returncode == 1
    assert "did not start" in (gateway / "log/sealgate.log").read_text()
