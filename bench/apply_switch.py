"""How long it takes until a judged revision is in force, and what one changed transport among a million costs.

    PYTHONPATH=src:. python bench/apply_switch.py [--rows 1000000] [--rounds 20]

Needs root and an installed Postfix; works in a directory of its own below /tmp, on loopback. Targets (docs, design):
decision to new policy in force, and rollback, at most 150 ms each; stage and apply of one transport among 1,000,000 at
most a tenth of `postmap` of the table. Times are medians of one run on an idle machine; the ratios are what counts.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import time
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from tests.node.crashes import DirectTalk
from tests.node.world import Gateway, MemoryBundle, basic

from sealgate.link.bundle import SentRow
from sealgate.link.codec import to_json
from sealgate.link.messages import Apply, Grade, Judge, Rollback
from sealgate.model.nouns import NOUNS
from sealgate.node.agent import Agent
from sealgate.node.desired import desired_state
from sealgate.render import NodeFacts, render

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sealgate.link.messages import Report


def ask(agent: Agent, verb: str, question: object, made: MemoryBundle | None = None) -> Any:
    return agent.handlers()[verb](question, cast("Any", DirectTalk(made)))


def judge(agent: Agent, made: MemoryBundle) -> Report:
    report: Report = ask(agent, "judge", Judge(to_json(made.header), Grade.PROBE), made)
    assert report.passed, report.findings
    return report


def milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def switching(rounds: int) -> None:
    with Gateway() as gateway:
        agent = Agent(gateway.paths, gateway.ports, gateway.access)
        candidates = [basic("one.example.com"), basic("two.example.com")]
        for made in candidates:
            judge(agent, made)
        ask(agent, "apply", Apply(candidates[0].digest, 1))
        applies, rollbacks, judging = [], [], []
        for number in range(rounds):
            applies.append(milliseconds(lambda: ask(agent, "apply", Apply(candidates[1].digest, 2))))
            rollbacks.append(milliseconds(lambda: ask(agent, "rollback", Rollback(1))))
            judging.append(milliseconds(partial(judge, agent, basic(f"h{number}.example.com"))))
        show("decision -> in force", statistics.median(applies), 150)
        show("rollback", statistics.median(rollbacks), 150)
        show("judge, probe grade", statistics.median(judging), 300)


class Million(MemoryBundle):
    """Transports made as they are sent, so that the bundle itself costs nothing."""


def one_among(rows: int) -> None:
    with Gateway() as gateway:
        agent = Agent(gateway.paths, gateway.ports, gateway.access)
        first = basic()
        noun = NOUNS["transport"]
        for number in range(rows):
            value = noun.parse({"pattern": f"d{number:07}.example.com", "host": "192.0.2.1"})
            first.put("transport", SentRow(noun.key(value), noun.fields(value)))
        full = milliseconds(lambda: judge(agent, first))
        ask(agent, "apply", Apply(first.digest, 1))
        second = MemoryBundle(first)
        second.add("transport", {"pattern": "d0500000.example.com", "host": "192.0.2.2"})
        header = second.header
        offers = to_json(header)
        talk = cast("Any", DirectTalk(second))
        receiver = agent._judge._b.receiver
        received = milliseconds(lambda: receiver.receive(header, talk))
        candidate = receiver.receive(header, talk)
        facts = NodeFacts.from_json(agent._stores.releases.all()[0].facts)
        tree = render(
            desired_state(candidate.tables, agent._stores.objects),
            facts.for_release(facts.release_dir[:-16] + "f" * 16),
        )
        staged = milliseconds(
            lambda: agent._judge._b.stager.stage("f" * 16, candidate, tree, facts, tell=lambda _t: None)
        )
        judged = milliseconds(lambda: ask(agent, "judge", Judge(offers, Grade.PROBE), second))
        apply = milliseconds(lambda: ask(agent, "apply", Apply(second.digest, 2)))
        table = postmap(agent, gateway.directory, rows)
        print(f"rows: {rows:,}; first arrival, judged: {full:.0f} ms; one changed row, judged: {judged:.0f} ms")
        print(
            f"postmap of the table (sorted): {table:.0f} ms; "
            f"bundle {received:.0f}, stage {staged:.0f}, apply {apply:.0f} ms"
        )
        show("stage + apply / postmap", (staged + apply) / table, 0.1)


def postmap(agent: Agent, place: Path, rows: int) -> float:
    """Build the same table from a sorted text, as an administrator would."""
    source = place / "transport"
    with source.open("w") as file:
        file.writelines(f"d{number:07}.example.com\tsmtp:[192.0.2.1]\n" for number in range(rows))
    command = ["postmap", "-c", str(agent._stores.paths.neutral), f"lmdb:{source}"]
    return milliseconds(lambda: subprocess.run(command, check=True))


def show(what: str, value: float, target: float) -> None:
    unit = "" if target < 1 else " ms"
    verdict = "reached" if value <= target else f"missed by {value / target:.2f}x"
    print(f"{what}: {value:.3g}{unit} (target {target:g}{unit}: {verdict})")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=20)
    chosen = options.parse_args()
    switching(chosen.rounds)
    one_among(chosen.rows)


if __name__ == "__main__":
    main()
