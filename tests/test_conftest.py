"""The promises of tests/conftest.py."""

from __future__ import annotations

import socket
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def test_another_user_can_enter_tmp_path(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("hello")

    read = subprocess.run(
        ["cat", str(tmp_path / "word")],
        user="nobody",
        group="nogroup",
        extra_groups=[],
        capture_output=True,
        check=True,
    )

    assert read.stdout == b"hello"


def test_tmp_path_is_short_enough_for_a_unix_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "agent.sock"))

    assert stat.S_ISSOCK((tmp_path / "agent.sock").stat().st_mode)


def test_a_connection_beyond_loopback_fails_before_it_leaves() -> None:
    with socket.socket() as client, pytest.raises(OSError, match=r"tried to reach 192\.0\.2\.1"):
        client.connect(("192.0.2.1", 25))
