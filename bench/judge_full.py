"""What a full rehearsal costs, against handing the same mail to the same gateway without a sealed world.

    PYTHONPATH=src:. python bench/judge_full.py [--rounds 7] [--trials 100] [--rows 10000]

A gateway as the product renders it, with many transports, is judged at full grade: the world is made, every daemon
woken, every listener called, and so many trials held (two thirds send a message through queue, filter and re-injection
to a next hop, the others are refused), until all mail has arrived. The plain alternative is the lower bound: Postfix is
checked and started by its own command on the same release, and stopped. The probe of the same release with the same
trials stands beside it. Rounds alternate; the ratio of the medians says more than the milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

from tests.support.staged import plan, staged, trial
from tests.support.states import state

from sealgate.postfix.command import Programs
from sealgate.postfix.listeners import greet
from sealgate.postfix.master import Instance
from sealgate.rehearsal.trials import Client, Internet, Plan, Server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sealgate.model.desired import DesiredState
    from sealgate.rehearsal.judging import Judge, Judgement

OFFICE = Client("10.1.2.3", name="office.example.com")


def desired(rows: int) -> DesiredState:
    transports = [{"pattern": f"d{n:07}.example", "host": "198.51.100.7", "port": 25} for n in range(rows)]
    return state(
        {"my-hostname": "gw.example.com", "internal-relay-host": "inside.example.org:2600"},
        {"relay-domain": ["example.com"], "network": ["10.0.0.0/8"], "transport": transports},
    )


def trials(count: int) -> Plan:
    """Return a third each: mail from outside, mail from the office, strangers who are refused."""
    kinds: list[Callable[[int], object]] = [
        lambda n: trial(f"in{n}", f"u{n}@example.com", client=Client(f"203.0.113.{n % 250}")),
        lambda n: trial(f"out{n}", f"u{n}@far{n}.example", client=OFFICE, sender="a@example.com"),
        lambda n: trial(f"no{n}", f"u{n}@far.example", client=Client(f"203.0.113.{n % 250}")),
    ]
    made = [kinds[n % 3](n) for n in range(count)]
    return plan(*made, internet=Internet(servers={"inside.example.org": Server()}, ports=(2600,)))  # type: ignore[arg-type]


def with_postfix(judge: Judge, release: Path) -> float:
    """Check, start until it answers, and stop, with Postfix's own command; return the seconds to the answer."""
    instance = Instance(judge.live, Programs(release))
    instance.prepare()
    started = time.monotonic()
    instance.programs.run("postfix", "check")
    instance.programs.run("postfix", "start")
    for listener in instance.listeners():
        greeting = greet(listener, 20)
        if not greeting.answers:
            raise SystemExit(f"it does not answer: {greeting.fault}")
    seconds = time.monotonic() - started
    instance.stop()
    return seconds


def seconds_of(judgement: Judgement, count: int) -> float:
    if judgement.findings or judgement.not_judged or judgement.trials is None:
        raise SystemExit(f"it is not judged well: {[*map(str, judgement.findings), *judgement.not_judged]}")
    taken = sum(bool(judgement.trials.arrived(name)) for name in judgement.trials.ended)
    if "stage.filter" in judgement.seconds and taken != sum(n % 3 < 2 for n in range(count)):
        raise SystemExit(f"only {taken} messages arrived: {judgement.trials.queued}")
    return judgement.seconds["all"]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--trials", type=int, default=100)
    options.add_argument("--rows", type=int, default=10_000)
    asked = options.parse_args()
    given = trials(asked.trials)
    with staged(desired(asked.rows)) as (judge, release):
        ways: dict[str, Callable[[], float]] = {
            "postfix check + start": lambda: with_postfix(judge, release),
            "probe": lambda: seconds_of(judge.probe(release, given), asked.trials),
            "full": lambda: seconds_of(judge.full(release, given), asked.trials),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(asked.rounds):
            for name, way in ways.items():
                taken[name].append(way())
        parts = judge.full(release, given).seconds
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    for name, seconds in taken.items():
        ratio = medians[name] / medians["postfix check + start"]
        print(f"{name:22} median {medians[name] * 1000:6.0f} ms   best {min(seconds) * 1000:6.0f} ms   {ratio:.2f}")
    print(f"{asked.trials} trials, {asked.rows} transports; targets: probe <= 300 ms, full <= 3 s")
    print("parts of one full: " + ", ".join(f"{name} {took * 1000:.0f} ms" for name, took in parts.items()))


if __name__ == "__main__":
    main()
