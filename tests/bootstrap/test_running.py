"""Notes on processes, and signals that reach the process meant or nobody."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.waiting import wait_until

from sealgate.bootstrap.running import Running

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def running(process: subprocess.Popen[bytes]) -> Running:
    found = Running.of(process.pid)
    assert found is not None
    return found


def test_a_running_process_is_alive(sleeper: subprocess.Popen[bytes]) -> None:
    assert running(sleeper).alive


def test_a_process_keeps_its_birth_when_it_becomes_another_program() -> None:
    process = subprocess.Popen(["sh", "-c", "read line; exec sleep 600"], stdin=subprocess.PIPE)
    assert process.stdin is not None
    before = running(process)
    process.stdin.write(b"go\n")
    process.stdin.close()
    wait_until(lambda: before.command == "sleep", "the shell becomes sleep")

    assert before.alive
    process.kill()
    process.wait()


def test_a_process_that_ended_is_not_alive_even_before_it_is_waited_for(sleeper: subprocess.Popen[bytes]) -> None:
    found = running(sleeper)

    sleeper.kill()

    assert found.ended_within(30)
    assert not found.alive
    assert Running.of(sleeper.pid) is None


def test_a_note_names_the_same_process_again(sleeper: subprocess.Popen[bytes], tmp_path: Path) -> None:
    running(sleeper).note(tmp_path / "agent.pid")

    assert Running.noted(tmp_path / "agent.pid") == running(sleeper)


def test_a_note_of_an_ended_process_counts_as_none(sleeper: subprocess.Popen[bytes], tmp_path: Path) -> None:
    running(sleeper).note(tmp_path / "agent.pid")
    sleeper.kill()
    sleeper.wait()

    assert Running.noted(tmp_path / "agent.pid") is None


def test_a_missing_note_counts_as_none(tmp_path: Path) -> None:
    assert Running.noted(tmp_path / "agent.pid") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60))
def test_a_note_of_anything_else_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "agent.pid").write_bytes(content)

    assert Running.noted(tmp_path / "agent.pid") is None


def test_a_signal_reaches_the_process(sleeper: subprocess.Popen[bytes]) -> None:
    assert running(sleeper).send(signal.SIGTERM)

    assert sleeper.wait(30) == -signal.SIGTERM


def test_a_signal_does_not_reach_another_process_with_the_same_number(sleeper: subprocess.Popen[bytes]) -> None:
    former = Running(sleeper.pid, "another-boot:1")

    assert not former.send(signal.SIGKILL)
    assert sleeper.poll() is None


def test_a_group_has_its_leader_and_the_members_that_it_started(tmp_path: Path) -> None:
    leader = subprocess.Popen(["sh", "-c", "sleep 600 & echo $! >member; wait"], cwd=tmp_path, start_new_session=True)
    file = tmp_path / "member"
    wait_until(lambda: file.exists() and file.read_text(), "the member runs")

    group = running(leader).group()

    assert {process.pid for process in group} == {leader.pid, int(file.read_text())}
    for process in group:
        process.send(signal.SIGKILL)
    leader.wait()


def test_waiting_for_a_process_ends_with_the_time(sleeper: subprocess.Popen[bytes]) -> None:
    assert not running(sleeper).ended_within(0.01)


def test_this_process_knows_its_own_name() -> None:
    me = Running.of(os.getpid())

    assert me is not None
    assert me.command == Path("/proc/self/comm").read_text().strip()
