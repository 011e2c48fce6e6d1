"""What the kernel tells about a master daemon."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.support.waiting import wait_until

from sealgate.postfix.processes import children, has_let_go, locked_by, name_and_state, running_master

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.gateway import Gateway


def test_a_master_that_lives_and_holds_its_lock_is_running(running: Gateway) -> None:
    pid = running_master(running.queue / "pid/master.pid")

    assert pid is not None
    assert name_and_state(pid)[0] == "master"


@pytest.mark.parametrize("content", ["", "no number", "0", "99999999"])
def test_a_pid_file_that_names_no_process_names_no_master(content: str, tmp_path: Path) -> None:
    (tmp_path / "master.pid").write_text(content)

    assert running_master(tmp_path / "master.pid") is None


def test_a_missing_pid_file_names_no_master(tmp_path: Path) -> None:
    assert running_master(tmp_path / "master.pid") is None


def test_a_process_of_another_name_is_no_master_even_with_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "master.pid"
    path.write_text(f"{os.getpid()}\n")
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        assert running_master(path) is None


def test_locks_are_known_by_the_file_they_are_on(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    holder = subprocess.Popen(["flock", path, "sleep", "600"], start_new_session=True)
    try:
        wait_until(lambda: locked_by(holder.pid) == {path.stat().st_ino}, "the lock is taken and seen")
    finally:
        os.killpg(holder.pid, signal.SIGKILL)
        holder.wait()


def test_asking_takes_no_lock(running: Gateway) -> None:
    path = running.queue / "pid/master.pid"

    running_master(path)

    assert path.stat().st_ino not in locked_by(os.getpid())


def test_children_are_those_that_live() -> None:
    before = children(os.getpid())
    child = subprocess.Popen(["sleep", "600"])

    assert child.pid in children(os.getpid()) - before
    child.kill()
    child.wait()
    wait_until(lambda: child.pid not in children(os.getpid()), "the child is gone")


def test_a_process_that_is_gone_has_no_children() -> None:
    assert children(1 << 22) == set()


def test_what_a_process_had_open_is_free_when_it_has_ended_even_before_its_parent_looks() -> None:
    child = subprocess.Popen(["sleep", "600"])
    try:
        assert not has_let_go(child.pid)
        child.kill()
        wait_until(lambda: name_and_state(child.pid)[1] == "Z", "the child has ended")
        assert has_let_go(child.pid)
    finally:
        child.kill()
        child.wait()
    assert has_let_go(child.pid)
