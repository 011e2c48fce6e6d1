"""A disk that refuses: every change of a file in turn, from some change on, and a disk that is really full.

An apply that the system does not let happen says so, and what was in force stays in force.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.node.crashes import Step, io_error, no_space
from tests.node.story import apply, told
from tests.node.world import basic

from sealgate.link.messages import State
from sealgate.model.errors import NodeFailed, SealgateError
from sealgate.node.agent import Agent

pytestmark = pytest.mark.timeout(600)
NO_FILE = ("start", "reload", "stop")
"""Steps that are no change of a file; the disk has no say in them."""


def refusing(fail, **more):
    """Return a step that fails changes of files only."""

    def act(step, path):
        if not step.startswith(NO_FILE):
            fail(step, path)

    return lambda number: Step(number, act, **more)


@pytest.fixture
def story():
    with told(basic(), basic("other.example.com", domain="example.net")) as made:
        yield made


def attempt(story, step):
    """Apply with a failing step; return the failure and the agent that met it."""
    agent = story.agent(step)
    try:
        apply(story)(agent)
    except SealgateError as refusal:
        return refusal, agent
    finally:
        step.armed = False
    return None, agent


@pytest.mark.parametrize("fail", [no_space, io_error])
def test_an_apply_fails_with_the_old_revision_in_force_whichever_change_of_a_file_is_refused(story, fail):
    make, refusals = refusing(fail), 0
    for number in range(500):
        step = make(number)
        refusal, agent = attempt(story, step)
        status = story.check(agent, f"refused at step {number}, {step.seen[number : number + 1]}")
        story.check(story.agent(), f"after a new start, refused at step {number}")
        if refusal is not None:
            refusals += 1
            assert isinstance(refusal, NodeFailed)
            assert status.revision == 1
            assert os.strerror(28 if fail is no_space else 5) in str(refusal)
        story.back_to_first(agent)
        if number >= len(step.seen):
            break

    assert refusals > 8


def test_an_apply_leaves_a_sound_node_when_the_disk_is_full_from_some_change_on(story):
    """The disk stays full while the agent undoes, and while the next agent starts."""
    make = refusing(no_space, lasting=True)
    for number in range(500):
        step = make(number)
        agent = story.agent(step)
        try:
            apply(story)(agent)
        except SealgateError:
            pass
        finally:
            step.armed = False
        status = story.check(story.agent(), f"full from step {number} on")
        assert status.state is State.CONFIRMED
        story.back_to_first(story.agent())
        if number >= len(step.seen):
            break

    assert number > 8


def test_an_agent_starts_on_a_disk_that_has_been_full_since_the_last_one_was_ended(story):
    """The disk fills at some step, the agent is ended there, and the next one finds it full."""
    make = refusing(no_space, lasting=True)
    for number in range(500):
        step = make(number)
        agent = story.agent(step)
        with contextlib.suppress(SealgateError):
            apply(story)(agent)
        full = Step(0, step.act, lasting=True, armed=True)
        successor = Agent(story.gateway.paths, story.gateway.ports, story.gateway.access, full)
        successor.recover()
        story.check(successor, f"full from step {number} on")
        story.back_to_first(story.agent())
        if number >= len(step.seen):
            break

    assert number > 8


def test_judging_reports_a_refused_write_and_changes_nothing_live(story):
    candidate = basic("third.example.com", domain="example.org")
    make, refusals = refusing(no_space), 0
    for number in range(2000):
        step = make(number)
        agent = story.agent(step)
        try:
            story.judge(agent, candidate)
        except NodeFailed as refusal:
            refusals += "No space left" in str(refusal)
        step.armed = False
        assert story.check(agent, f"refused at step {number}").revision == 1
        if number >= len(step.seen):
            break

    assert refusals > 30


FULL_DISK = """
import subprocess, sys
from pathlib import Path
from tests.node.story import Story, apply
from tests.node.world import Gateway, basic
from sealgate.model.errors import SealgateError

with Gateway() as gateway:
    place = gateway.directory / "node"
    for name, size in (("node", "24m"), ("postfix", "24m")):
        (gateway.directory / name).mkdir(mode=0o755, exist_ok=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", gateway.directory / name]
        subprocess.run(mount, check=True)
    first, second = basic(), basic("other.example.com", domain="example.net")
    for made in (first, second):
        made.set("before-filter-size-limit", 100_000)
    story = Story(gateway, first, second)

    def fill(directory):
        with open(directory / "ballast", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass

    fill(gateway.directory / "node")
    agent = story.agent()
    try:
        apply(story)(agent)
        raise SystemExit("the apply succeeded though nothing could be journalled")
    except SealgateError as refusal:
        print(refusal)
    assert story.check(agent, "full").revision == 1
    assert story.check(story.agent(), "full, new start").revision == 1
    (gateway.directory / "node/ballast").unlink()
    agent = story.agent()
    assert apply(story)(agent).revision == 2
    from sealgate.link.messages import Rollback
    story.do(agent, "rollback", Rollback(1))
    apply(story, keep_for=3600)(agent)
    for name in ("node", "postfix"):
        fill(gateway.directory / name)
    story.do(agent, "rollback", Rollback())
    assert story.check(agent, "undone on a full disk").revision == 1
    assert story.check(story.agent(), "undone on a full disk, new start").revision == 1
    print("all done")
"""


def test_a_disk_that_is_really_full_refuses_the_apply_and_lets_an_undo_through(tmp_path):
    """Two small file systems of our own, in a mount namespace that ends with the program."""
    program = tmp_path / "full_disk.py"
    program.write_text(FULL_DISK)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, str(program)],
        env={**os.environ, "PYTHONPATH": f"{root}:{root / 'src'}"},
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    assert "full" in done.stdout
    assert "all done" in done.stdout


def test_an_agent_starts_on_a_disk_that_takes_nothing_more(story):
    step = Step(0, no_space, lasting=True, armed=True)
    agent = Agent(story.gateway.paths, story.gateway.ports, story.gateway.access, step)
    agent.recover()
    step.armed = False

    assert story.check(agent, "started on a full disk").revision == 1
