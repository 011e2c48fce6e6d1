"""Policy tests and the scheduler on a real gateway: what a test says stops what breaks it, and saves are probed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.support.trial import Trial
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.flow

OUTSIDE = "from 203.0.113.5 mail a@b.example to c@elsewhere.example expect reject 554 access"
INSIDE = "from 203.0.113.5 mail a@b.example to c@example.com expect next-hop [198.51.100.25]"
TRUSTED = "from 10.1.2.3 mail a@b.example to c@elsewhere.example expect reject"


def ask(trial: Trial, *words: str, code: int = 0) -> str:
    quoted = " ".join(f"'{word}'" for word in words)
    return trial.shell(f"set +e; var/bin/sealgate {quoted}; test $? = {code} || exit 1")


def status(trial: Trial) -> dict[str, dict[str, object]]:
    return {job["name"]: job for job in json.loads(trial.sealgate("status", "--json"))["jobs"]}


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


def test_a_save_is_probed_in_the_background(configured: Trial) -> None:
    wait_until(lambda: status(configured).get("probe", {}).get("finished"), "the draft was probed", 60)

    probe = status(configured)["probe"]
    assert probe["result"]["passed"], probe  # type: ignore[index]
