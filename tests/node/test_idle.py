"""An agent that nobody asks: little memory, no work."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.node.world import applied, basic
from tests.support.waiting import wait_until

PROGRAM = """
import sys
from pathlib import Path
from sealgate.node.agent import Access, Agent, run
from sealgate.node.facts import Ports
from sealgate.node.paths import NodePaths
from sealgate.render import Endpoint
smtp, mpa, reinject = (Endpoint("127.0.0.1", int(port)) for port in sys.argv[2:])
ports = Ports((smtp,), mpa, reinject)
sys.exit(run(Agent(NodePaths(Path(sys.argv[1])), ports, Access(frozenset({0}), 0))))
"""


@pytest.fixture
def program(gateway):
    command = [sys.executable, "-c", PROGRAM, str(gateway.directory)]
    command += map(str, (gateway.smtp_port, gateway.mpa_port, gateway.reinject_port))
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(root / "src")}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        wait_until(lambda: gateway.paths.socket.exists() or process.poll() is not None, "the agent answers")
        yield process
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors.decode()


def used(process):
    """Return the processor time of a process so far, in seconds."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_an_idle_agent_with_a_revision_in_force_holds_at_most_sixty_mebibytes(gateway, program):
    applied(gateway.node, basic(), 1)
    lines = Path(f"/proc/{program.pid}/status").read_text().splitlines()
    (resident,) = [int(line.split()[1]) for line in lines if line.startswith("VmRSS:")]

    assert resident <= 60 * 1024


def test_an_idle_agent_uses_no_processor_time(gateway, program):
    applied(gateway.node, basic(), 1)
    before = used(program)
    end = time.monotonic() + 3
    wait_until(lambda: time.monotonic() > end, "three seconds have passed")

    assert used(program) - before <= 0.02


def test_a_terminated_agent_stops_its_postfix(gateway, program):
    applied(gateway.node, basic(), 1)
    pid = gateway.node.status().postfix_pid
    program.terminate()
    program.wait(60)

    assert not Path(f"/proc/{pid}/exe").exists()
