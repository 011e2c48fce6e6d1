"""The socket that hears what Postfix says before it knows its log."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from sealgate.postfix.command import Programs
from sealgate.postfix.early_log import EarlyLog, environment

if TYPE_CHECKING:
    from pathlib import Path


def say(path: Path, text: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(text.encode(), str(path))


def test_what_was_said_is_taken_once_and_kept(tmp_path: Path) -> None:
    with EarlyLog(tmp_path / "log") as early:
        say(early.path, "first\n")

        assert early.drain() == ["first"]
        assert early.drain() == []
        say(early.path, "last")

    assert early.lines == ["first", "last"]


def test_a_socket_that_was_left_over_is_replaced_and_ours_is_removed(tmp_path: Path) -> None:
    (tmp_path / "log").touch()

    with EarlyLog(tmp_path / "log") as early:
        say(early.path, "x")

    assert not (tmp_path / "log").exists()


def test_the_socket_that_master_put_in_its_place_is_left_alone(tmp_path: Path) -> None:
    with EarlyLog(tmp_path / "log"):
        (tmp_path / "log").rename(tmp_path / "gone")
        (tmp_path / "log").touch()

    assert (tmp_path / "log").exists()


def test_a_program_that_fails_before_it_reads_its_main_cf_is_heard(tmp_path: Path) -> None:
    broken = tmp_path / "conf"
    broken.mkdir()
    (broken / "main.cf").write_text("no equals sign\n")
    (broken / "master.cf").touch()
    os.utime(broken / "main.cf", (0, 0))

    with EarlyLog(tmp_path / "log") as early:
        Programs(broken, extra=environment(early.path)).run("postsuper", "-p")

    assert any("missing '='" in line for line in early.lines)


def test_without_anything_said_draining_does_not_wait(tmp_path: Path) -> None:
    with EarlyLog(tmp_path / "log") as early:
        assert early.drain() == []
