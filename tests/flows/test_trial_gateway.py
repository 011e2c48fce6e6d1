"""The trial gateway as a whole: it comes up, survives what is done to it, stops without a trace, keeps its state."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.trial import Trial
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.bootstrap.running import Running

pytestmark = pytest.mark.flow

PARTS = ("agent", "mpa", "scheduler", "web")
READY = '"revision": 2, "event": "ready"'
NEXT_HOP = """
mkdir -p inbox; chown nobody inbox
smtp-sink -u nobody -d "$PWD/inbox/%H%M%S." 127.0.0.1:2600 10 &
until (exec 3<>/dev/tcp/127.0.0.1/2600) 2>/dev/null; do sleep 0.1; done
"""
SEND = "smtp-source -f alice@example.net -t bob@example.com -S '{}' 127.0.0.1:2525\n"
ARRIVED = "until grep -qs 'Subject: {}' inbox/*; do sleep 0.1; done\n"


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    """A gateway with mail for example.com; this one is to be stopped."""
    yield from started(tmp_path)


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """Such a gateway that the tests leave as they found it: up. Its revision is on watch."""
    directory = tmp_path_factory.mktemp("living")
    directory.chmod(0o755)
    yield from started(directory)


def started(directory: Path) -> Iterator[Trial]:
    trial = Trial(directory)
    trial.said_at_start()
    trial.sealgate("add", "relay-domain", "example.com")
    trial.sealgate("set", "internal-relay-host", "127.0.0.1", "--port", "2600")
    trial.sealgate("apply", "-m", "mail for example.com")
    yield trial
    trial.close()


def send(trial: Trial, subject: str) -> None:
    """Send a message and wait until it has arrived at the next hop."""
    trial.shell(NEXT_HOP + SEND.format(subject) + ARRIVED.format(subject))


def test_ctrl_c_leaves_no_process_and_the_next_start_goes_on_with_the_revision_and_the_mail(trial: Trial) -> None:
    """The mail was accepted while the next hop was down."""
    trial.shell(SEND.format("waiting"))
    said_at_the_end = trial.down(signal.SIGINT)
    left = trial.processes()

    trial.up()
    said = trial.said_at_start()

    assert said_at_the_end.splitlines()[-1] == "Everything is stopped; the state is kept."
    assert left == set()
    assert "first revision" not in said
    trial.shell(f"{NEXT_HOP} var/bin/sealgate queue flush --all --yes\n{ARRIVED.format('waiting')}")
    send(trial, "after the restart")


def test_what_a_killed_supervisor_left_is_taken_over_and_stopped_even_in_the_moment_of_an_agents_restart(
    trial: Trial,
) -> None:
    trial.gateway.kill()
    trial.gateway.wait()

    trial.up()
    said = trial.said_at_start()

    assert said.count("which a killed supervisor left behind") == len(PARTS)
    send(trial, "after the take-over")

    agent = trial.part("agent")
    assert agent is not None
    os.kill(agent.pid, signal.SIGKILL)
    trial.down()

    assert trial.processes() == set()


def test_the_first_start_gives_a_link_for_the_owner_that_no_log_has(living: Trial) -> None:
    link = living.said_at_start().partition("/welcome/")[2].split()[0]
    logged = "".join(file.read_text("utf-8", "replace") for file in living.directory.rglob("*.log"))

    assert link.startswith("sgl_")
    assert link not in logged


def test_a_new_gateway_greets_on_its_port(living: Trial) -> None:
    said = living.shell("exec 3<>/dev/tcp/127.0.0.1/2525; head -n 1 <&3")

    assert said.startswith("220 ")


def is_another(living: Trial, part: str, before: Running) -> bool:
    return living.part(part) not in {None, before}


def test_mail_flows_again_after_each_part_was_killed(living: Trial) -> None:
    for part in PARTS:
        before = living.part(part)
        assert before is not None, part

        os.kill(before.pid, signal.SIGKILL)
        wait_until(partial(is_another, living, part, before), f"{part} is started again")

        send(living, f"after {part} died")


def test_postfix_goes_on_while_the_agent_is_dead(living: Trial) -> None:
    master = (living.directory / "postfix/spool/pid/master.pid").read_text()
    agent, ready = living.part("agent"), living.log().count(READY)
    assert agent is not None

    os.kill(agent.pid, signal.SIGKILL)
    wait_until(lambda: living.part("agent") not in {None, agent}, "the agent is started again")
    wait_until(lambda: living.log().count(READY) > ready, "and has looked at what it found")

    assert (living.directory / "postfix/spool/pid/master.pid").read_text() == master
    assert Path(f"/proc/{master.strip()}").exists()


def test_a_second_start_is_refused_and_disturbs_nothing(living: Trial) -> None:
    said = living.shell("var/bin/sealgate up && exit 1 || test $? = 1")

    assert f"This gateway is up already: its supervisor is process {living.gateway.pid}." in said
    send(living, "undisturbed")


def test_the_mpa_is_not_root_and_cannot_read_settings_or_keys(living: Trial) -> None:
    part = living.part("mpa")
    assert part is not None
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{part.pid}/status").read_text().splitlines())

    uid, gid = status["Uid"].split()[0], status["Gid"].split()[0]
    said = living.shell(
        f"setpriv --reuid {uid} --regid {gid} --clear-groups sh -c "
        "'for f in sealgate.toml node/group.key control/sealgate.db; do cat var/gateway/$f; done' || true"
    )

    assert uid != "0"
    assert said.count("Permission denied") == 3


def test_the_settings_file_and_the_database_are_not_for_everybody(living: Trial) -> None:
    modes = {
        name: oct((living.directory / name).stat().st_mode & 0o007)
        for name in ("sealgate.toml", "control", "node", "log/sealgate.log")
    }

    assert set(modes.values()) == {"0o0"}
