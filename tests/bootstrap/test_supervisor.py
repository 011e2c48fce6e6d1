"""The supervisor, over real small programs: order, readiness, restarts, stopping, and what a kill -9 leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.waiting import wait_until

from sealgate.bootstrap.running import Running
from sealgate.bootstrap.supervisor import Pace

if TYPE_CHECKING:
    from collections.abc import Iterator

DRIVER = Path(__file__).with_name("supervised.py")
QUICK = {"first": 0.02, "longest": 0.1, "calm": 60.0, "poll": 0.01}


def serving(name: str) -> str:
    """A program that says when it comes up and goes down, and serves until it is asked to stop."""
    return f"""
        trap 'echo {name} down >>story; exit 0' TERM
        echo {name} up >>story; echo $$ >{name}.number; echo $$ >{name}.ready
        sleep 600 & wait
    """


def deaf(name: str) -> str:
    """A program that takes no notice of SIGTERM."""
    return f"trap '' TERM; echo {name} up >>story; echo $$ >{name}.ready; while :; do sleep 600; done"


class Scene:
    """A run directory, the supervisors started over it, and what they said."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.started: list[subprocess.Popen[str]] = []

    def supervise(self, *programs: dict[str, Any], **pace: float) -> subprocess.Popen[str]:
        description = json.dumps({"programs": programs, "pace": QUICK | pace})
        process = subprocess.Popen(
            [sys.executable, str(DRIVER), str(self.place), description],
            cwd=self.place,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def heard(self, process: subprocess.Popen[str], text: str) -> str:
        """The first line of the supervisor that has `text` in it."""
        assert process.stdout is not None
        return next(line.strip() for line in process.stdout if text in line)

    def story(self) -> list[str]:
        file = self.place / "story"
        return file.read_text().splitlines() if file.exists() else []

    def number(self, name: str) -> int:
        return int(str(wait_until(lambda: self.read(f"{name}.number"), f"{name} writes its number")))

    def read(self, name: str) -> str:
        with suppress(FileNotFoundError):
            return (self.place / name).read_text()
        return ""

    def close(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()
        for note in self.place.glob("*.pid"):
            if (left := Running.noted(note)) is not None:
                os.killpg(left.pid, signal.SIGKILL)
        for process in self.started:
            process.communicate()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.close()


def program(name: str, shell: str | None = None, **limits: float) -> dict[str, Any]:
    return {"name": name, "shell": shell if shell is not None else serving(name), **limits}


def stop(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


def test_a_program_starts_when_the_one_before_it_is_ready(scene: Scene) -> None:
    slow = f"sleep 0.3; echo really >>story; {serving('agent')}"
    supervisor = scene.supervise(program("agent", slow), program("mpa"))

    scene.heard(supervisor, "everything runs")

    assert scene.story() == ["really", "agent up", "mpa up"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_in_reverse_order(scene: Scene, number: signal.Signals) -> None:
    supervisor = scene.supervise(program("agent"), program("mpa"))
    scene.heard(supervisor, "everything runs")

    code, said = stop(supervisor, number)

    assert (code, said) == (0, "everything stopped\n")
    assert scene.story()[-2:] == ["mpa down", "agent down"]


def test_a_signal_during_the_start_stops_what_runs_already(scene: Scene) -> None:
    supervisor = scene.supervise(program("agent"), program("mpa", "echo waiting >>story; sleep 600"))
    wait_until(lambda: "waiting" in scene.story(), "the second program runs")

    code, said = stop(supervisor)

    assert (code, said.splitlines()[-2:]) == (0, ["stopped while starting", "everything stopped"])
    assert scene.story()[-1] == "agent down"


def test_no_note_stays_after_an_orderly_stop(scene: Scene) -> None:
    supervisor = scene.supervise(program("agent"))
    scene.heard(supervisor, "everything runs")

    stop(supervisor)

    assert list(scene.place.glob("*.pid")) == []


def test_the_note_names_the_program(scene: Scene) -> None:
    supervisor = scene.supervise(program("agent"))
    scene.heard(supervisor, "everything runs")

    noted = Running.noted(scene.place / "agent.pid")

    assert noted is not None
    assert noted.pid == scene.number("agent")


def test_a_program_has_a_session_of_its_own(scene: Scene) -> None:
    supervisor = scene.supervise(program("agent"))
    scene.heard(supervisor, "everything runs")

    assert os.getsid(scene.number("agent")) == scene.number("agent")


def test_a_program_sees_no_blocked_signals(scene: Scene) -> None:
    supervisor = scene.supervise(program("agent", f"grep SigBlk /proc/self/status >blocked; {serving('agent')}"))
    scene.heard(supervisor, "everything runs")

    assert int(scene.read("blocked").split()[1], 16) == 0


def test_a_program_that_ends_before_it_is_ready_stops_the_start(scene: Scene) -> None:
    supervisor = scene.supervise(program("agent"), program("mpa", "exit 7"))

    said, _ = supervisor.communicate(timeout=60)

    assert supervisor.returncode == 3
    assert said.splitlines()[-1] == "NodeFailed: mpa ended with code 7 before it was ready."
    assert scene.story() == ["agent up", "agent down"]


def test_a_program_that_never_becomes_ready_stops_the_start(scene: Scene) -> None:
    supervisor = scene.supervise(program("agent", "sleep 600", ready_within=0.2))

    said, _ = supervisor.communicate(timeout=60)

    assert said.splitlines()[-1] == "NodeFailed: agent did not become ready within 0.2 s."


def test_a_killed_program_is_started_again(scene: Scene) -> None:
    supervisor = scene.supervise(program("agent"), program("mpa"))
    scene.heard(supervisor, "everything runs")

    os.kill(scene.number("mpa"), signal.SIGKILL)

    assert scene.heard(supervisor, "mpa was killed") == "mpa was killed by SIGKILL; it is started again now."
    wait_until(lambda: scene.story().count("mpa up") == 2, "the second mpa is up")


def test_a_restart_leaves_the_other_programs_alone(scene: Scene) -> None:
    supervisor = scene.supervise(program("agent"), program("mpa"))
    scene.heard(supervisor, "everything runs")
    before = scene.number("mpa")

    os.kill(scene.number("agent"), signal.SIGKILL)
    wait_until(lambda: scene.story().count("agent up") == 2, "the second agent is up")

    assert scene.number("mpa") == before
    assert "mpa down" not in scene.story()


def test_what_a_dead_program_leaves_in_its_session_is_ended(scene: Scene) -> None:
    worker = "sh -c 'echo $$ >worker; exec sleep 600' & echo $$ >agent.ready; wait"
    supervisor = scene.supervise(program("agent", f"echo $$ >agent.number; {worker}"))
    scene.heard(supervisor, "everything runs")
    left = Running.of(int(str(wait_until(lambda: scene.read("worker"), "the worker runs"))))

    os.kill(scene.number("agent"), signal.SIGKILL)

    scene.heard(supervisor, "agent was killed")
    wait_until(lambda: left is None or not left.alive, "the worker is gone")


def test_a_program_that_keeps_ending_is_started_more_and_more_slowly(scene: Scene) -> None:
    crashing = (
        "echo up >>story; echo $$ >agent.ready; test -e ran && exit 1; touch ran; echo $$ >agent.number; sleep 600"
    )
    supervisor = scene.supervise(program("agent", crashing))
    scene.heard(supervisor, "everything runs")

    os.kill(scene.number("agent"), signal.SIGKILL)
    said = [scene.heard(supervisor, "agent") for _ in range(6)]

    assert [line.rpartition("again ")[2] for line in said] == [
        "now.", "in 0.02 s.", "in 0.04 s.", "in 0.08 s.", "in 0.1 s.", "in 0.1 s.",
    ]  # fmt: skip


def test_a_stop_does_not_wait_for_a_restart_that_is_due_later(scene: Scene) -> None:
    crashing = "echo $$ >agent.ready; test -e ran && exit 1; touch ran; echo $$ >agent.number; sleep 600"
    supervisor = scene.supervise(program("agent", crashing), first=3600.0, longest=3600.0)
    scene.heard(supervisor, "everything runs")
    os.kill(scene.number("agent"), signal.SIGKILL)
    scene.heard(supervisor, "in 3600 s")

    code, _ = stop(supervisor)

    assert code == 0


def test_failures_are_forgotten_after_a_calm_time(scene: Scene) -> None:
    supervisor = scene.supervise(program("agent"), calm=0.05)
    scene.heard(supervisor, "everything runs")

    said = []
    for count in range(1, 4):
        wait_until(partial(came_up, scene, count), "the agent is up")
        subprocess.run(["sleep", "0.3"], check=True)  # the calm time itself, not a wait for something
        os.kill(scene.number("agent"), signal.SIGKILL)
        said.append(scene.heard(supervisor, "was killed"))

    assert {line.rpartition("again ")[2] for line in said} == {"now."}


def test_a_program_that_ignores_the_request_is_killed(scene: Scene) -> None:
    supervisor = scene.supervise(program("agent"), program("mpa", deaf("mpa"), stopped_within=0.2))
    scene.heard(supervisor, "everything runs")

    _, said = stop(supervisor)

    assert said == "mpa did not stop when asked; it is killed.\neverything stopped\n"
    assert scene.story()[-1] == "agent down"


def test_a_second_signal_kills_what_is_left_at_once(scene: Scene) -> None:
    supervisor = scene.supervise(program("agent"), program("mpa", deaf("mpa"), stopped_within=600))
    scene.heard(supervisor, "everything runs")
    left = Running.noted(scene.place / "mpa.pid")
    assert left is not None

    supervisor.send_signal(signal.SIGTERM)
    wait_until(lambda: not pending(supervisor.pid, signal.SIGTERM), "the first signal is taken")
    stop(supervisor)

    assert not left.alive


def came_up(scene: Scene, times: int) -> bool:
    return scene.story().count("agent up") == times


def pending(pid: int, number: signal.Signals) -> bool:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool((int(status["ShdPnd"], 16) | int(status["SigPnd"], 16)) >> (number - 1) & 1)


def test_a_second_supervisor_is_refused_and_told_who_holds_the_gateway(scene: Scene) -> None:
    first = scene.supervise(program("agent"))
    scene.heard(first, "everything runs")

    second = scene.supervise(program("agent"))

    assert scene.heard(second, "up already") == (
        f"Refused: This gateway is up already: its supervisor is process {first.pid}. Stop that one first."
    )
    assert scene.story() == ["agent up"]


def test_what_a_killed_supervisor_left_is_ended_before_the_next_start(scene: Scene) -> None:
    first = scene.supervise(program("agent"), program("mpa"))
    scene.heard(first, "everything runs")
    before = [scene.number("mpa"), scene.number("agent")]
    first.kill()
    first.wait()

    second = scene.supervise(program("agent"), program("mpa"))
    said = [scene.heard(second, "Ending") for _ in before]
    scene.heard(second, "everything runs")

    assert said == [
        f"Ending mpa, process {before[0]}, which a killed supervisor left behind …",
        f"Ending agent, process {before[1]}, which a killed supervisor left behind …",
    ]
    assert scene.story() == ["agent up", "mpa up", "mpa down", "agent down", "agent up", "mpa up"]


def test_programs_go_on_while_their_supervisor_is_dead(scene: Scene) -> None:
    first = scene.supervise(program("agent"))
    scene.heard(first, "everything runs")

    first.kill()
    first.wait()

    assert Running.noted(scene.place / "agent.pid") is not None


def test_a_stranger_with_the_number_of_a_dead_program_is_left_alone(scene: Scene) -> None:
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        (scene.place / "agent.pid").write_text(f"{stranger.pid} 5a1b:77\n")
        supervisor = scene.supervise(program("agent"))
        scene.heard(supervisor, "everything runs")

        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_program_that_cannot_be_started_stops_the_start(tmp_path: Path) -> None:
    from sealgate.bootstrap import children

    with pytest.raises(FileNotFoundError):
        children.start(["/absent"], tmp_path / "agent.pid")


def test_delays_double_up_to_the_longest() -> None:
    pace = Pace(first=1.0, longest=30.0)

    assert [pace.delay(failures) for failures in range(1, 9)] == [0, 1, 2, 4, 8, 16, 30, 30]


def test_a_program_that_has_settled_is_told_once(scene: Scene) -> None:
    supervisor = scene.supervise(program("mpa", settled_after=0.05))
    scene.heard(supervisor, "everything runs")
    scene.heard(supervisor, "mpa has settled")

    assert "mpa has settled" not in stop(supervisor)[1]


def test_what_a_program_leaves_behind_becomes_no_zombie(scene: Scene) -> None:
    """A grandchild in a session of its own, as Postfix's master is, whose parent ends before it."""
    leaving = "(setsid sh -c 'echo $$ >left.number; while [ ! -e go ]; do sleep 0.02; done' &)"
    supervisor = scene.supervise(program("agent", f"{leaving}\n{serving('agent')}"))
    scene.heard(supervisor, "everything runs")
    left = scene.number("left")
    parent = Path(f"/proc/{left}/stat").read_text().rpartition(")")[2].split()[1]
    (scene.place / "go").touch()
    wait_until(lambda: not Path(f"/proc/{left}").exists(), "it was waited for")

    assert int(parent) == supervisor.pid
