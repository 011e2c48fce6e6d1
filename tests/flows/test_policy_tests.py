"""Policy tests and the scheduler on a real gateway: what a test says stops what breaks it; saves are probed, and a
provider's list goes live by itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.published import ADDRESS
from tests.support.trial import Trial
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.flow

OUTSIDE = "from 203.0.113.5 mail a@b.example to c@elsewhere.example expect reject 554 access"
INSIDE = "from 203.0.113.5 mail a@b.example to c@example.com expect next-hop [198.51.100.25]"
A, B = "192.0.2.0/25", "198.51.100.0/25"
TRUSTED = "from 10.1.2.3 mail a@b.example to c@elsewhere.example expect reject"


def ask(trial: Trial, *words: str, code: int = 0) -> str:
    quoted = " ".join(f"'{word}'" for word in words)
    return trial.shell(f"set +e; var/bin/sealgate {quoted}; test $? = {code} || exit 1")


def status(trial: Trial) -> dict[str, dict[str, object]]:
    return {job["name"]: job for job in json.loads(trial.sealgate("status", "--json"))["jobs"]}


def newest(trial: Trial) -> dict[str, object]:
    found: dict[str, object] = json.loads(trial.sealgate("history", "--json"))[0]
    return found


@pytest.fixture
def configured(tmp_path: Path) -> Iterator[Trial]:
    trial = Trial(tmp_path)
    trial.said_at_start()
    trial.sealgate("set", "my-hostname", "gw.example.test")
    trial.sealgate("add", "relay-domain", "example.com")
    trial.sealgate("set", "internal-relay-host", "198.51.100.25")
    trial.sealgate("test", "add", OUTSIDE, "--name", "outside")
    trial.sealgate("test", "add", INSIDE, "--name", "inside")
    yield trial
    trial.close()


def test_tests_are_held_stop_what_breaks_them_and_can_be_overridden_with_a_reason(configured: Trial) -> None:
    trial = configured
    ran = ask(trial, "test", "run")
    assert "2 passed" in ran
    trial.sealgate("apply", "-m", "with tests")

    trial.sealgate("test", "add", TRUSTED, "--name", "nobody-relays")
    trial.sealgate("add", "network", "10.0.0.0/8")
    refused = ask(trial, "apply", "-m", "breaks a test", code=1)
    assert "nobody-relays" in refused

    trial.sealgate("apply", "-m", "meant", "--override", "nobody-relays", "--reason", "the office moved")
    report = trial.sealgate("show", "report", "3")
    assert "Overridden: nobody-relays: the office moved" in report
    assert "failed: policy-tests: nobody-relays" in report

    trial.sealgate("comment", "network", "10.0.0.0/8", "office")
    assert "nobody-relays" in ask(trial, "apply", "-m", "the override has ended", code=1)


class Listening(Trial):
    """A trial gateway that fetches lists from an outside in its own network."""

    def up(self) -> None:
        """Start the outside, then the gateway."""
        self.networks = self.place / "networks.txt"
        self.networks.write_text(f"{A}\n")
        words = [*self.inside, sys.executable, "-m", "tests.support.publishing", str(self.place)]
        self.outside = subprocess.Popen(words, env=self.environment)
        lines = self.place / "outside.toml"
        wait_until(lines.exists, "the outside serves", 60)
        with (self.directory / "sealgate.toml").open("a") as settings:
            settings.write(lines.read_text())
        super().up()

    def close(self) -> None:
        """End both."""
        super().close()
        self.outside.kill()
        self.outside.wait()


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    trial = Listening(tmp_path)
    trial.said_at_start()
    yield trial
    trial.close()


def test_a_save_is_probed_in_the_background_and_a_new_list_goes_live_by_itself(listening: Listening) -> None:
    trial = listening
    trial.sealgate("set", "my-hostname", "gw.example.test")
    trial.sealgate("add", "relay-domain", "example.com")
    trial.sealgate("set", "internal-relay-host", "198.51.100.25")
    wait_until(lambda: status(trial).get("probe", {}).get("finished"), "the draft was probed", 60)
    assert status(trial)["probe"]["result"]["passed"]  # type: ignore[index]

    trial.sealgate("add", "provider", "cloud", "--source", "url", "--address", ADDRESS, "--networks", A, "--pin")
    trial.sealgate("apply", "-m", "pinned", "--watch", "0")
    trial.networks.write_text(f"{A}\n{B}\n")
    trial.sealgate("change", "provider", "cloud", "--no-pin")
    trial.sealgate("apply", "-m", "fetched from now on", "--watch", "0")
    trial.sealgate("add", "relay-domain", "pending.example")
    wait_until(lambda: newest(trial)["actor"] == "system:providers", "the list went live", 90)
    wait_until(lambda: newest(trial)["state"] != "switching", "and is in force", 60)
    table = (trial.directory / "postfix/conf/maps/client_provider_cloud.cidr").read_text()
    pending = [one["key"] for one in json.loads(trial.sealgate("diff", "--json"))["differences"]]

    assert (newest(trial)["revision"], newest(trial)["state"]) == (4, "on-watch")
    assert B in table
    assert pending == ["pending.example"]
