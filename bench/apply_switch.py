"""How long it takes until a judged revision is in force, and what one changed transport among a million costs.

    PYTHONPATH=src:. python bench/apply_switch.py [--rows 1000000] [--rounds 20]

Needs root and an installed Postfix; works in a directory of its own below /tmp, on loopback. Targets (docs, design):
decision to new policy in force, and rollback, at most 150 ms each; stage and apply of one transport among 1,000,000 at
most a tenth of `postmap` of the table. An apply has a fixed price, that of a switch with its proof, whatever the tables
are: it is shown by a change of another setting beside the same rows. postmap is measured with its defaults, from
a sorted and from a shuffled text. Questions, and what the control half sends, are made before the clock starts. Times
are medians of one run on an idle machine; the ratios are what counts.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import time
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from tests.node.crashes import DirectTalk
from tests.node.world import Gateway, MemoryBundle, basic

from sealgate.link.bundle import Need, Part, SentRow, row_line
from sealgate.link.codec import to_json
from sealgate.link.framing import blocks
from sealgate.link.messages import Apply, Grade, Judge, Rollback
from sealgate.model.nouns import NOUNS
from sealgate.node.agent import Agent
from sealgate.node.desired import desired_state
from sealgate.node.rows import digest_of
from sealgate.render import NodeFacts, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sealgate.link.messages import Report
    from sealgate.model.digest import TableSum


def ask(agent: Agent, verb: str, question: object, made: MemoryBundle | None = None) -> Any:
    return agent.handlers()[verb](question, cast("Any", DirectTalk(made)))


def judge(agent: Agent, made: MemoryBundle) -> Report:
    report: Report = ask(agent, "judge", Judge(to_json(made.header), Grade.FULL), made)
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


class Rows(MemoryBundle):
    """A bundle that knows what it changes in its parent, so that a digest of a million rows is not counted again."""

    def __init__(self, parent: MemoryBundle | None = None) -> None:
        super().__init__(parent)
        self._sums: dict[str, TableSum] | None = None
        self._changed: set[tuple[str, str]] = set()

    def put(self, noun: str, row: SentRow) -> None:
        """Set a row."""
        super().put(noun, row)
        self._changed.add((noun, row.key))

    def sums(self) -> dict[str, TableSum]:
        """Give the sum of each noun."""
        if self._sums is None and self.parent is None:
            self._sums = super().sums()
        elif self._sums is None:
            assert self.parent is not None
            self._sums = dict(self.parent.sums())
            for noun, key in self._changed:
                old, new = self.parent.tables[noun].get(key), self.tables[noun][key]
                total = self._sums[noun]
                total = total.remove(digest_of(noun, old)) if old else total
                self._sums[noun] = total.add(digest_of(noun, new))
        return self._sums or {}

    def delta(self, noun: str, _base: str) -> Iterator[SentRow]:
        """Give what differs from the parent."""
        yield from (self.tables[noun][key] for changed, key in sorted(self._changed) if changed == noun)


class Prepared(DirectTalk):
    """A conversation whose parts were encoded before the clock starts: what the control half does is not measured."""

    def __init__(self, made: MemoryBundle) -> None:
        super().__init__(made)
        self._parts = {
            base: self._encoded(noun, base) for noun, base in (("transport", ""), ("transport", _base(made)))
        }
        self._made = made

    def ask(self, need: Need) -> Iterator[tuple[Part, Iterator[bytes]]]:
        """Give the parts asked for."""
        base = need.tables.get("transport")
        if base is not None:
            yield Part("delta" if base else "rows", "transport", base), iter(self._parts[base])
        rest = Need(
            {noun: base for noun, base in need.tables.items() if noun != "transport"}, need.chunks, need.secrets
        )
        yield from super().ask(rest)

    def _encoded(self, noun: str, base: str) -> list[bytes]:
        made = self._bundle
        assert made is not None
        if base and made.parent is None:
            return []
        return list(blocks(map(row_line, made.delta(noun, base) if base else made.rows(noun))))


def _base(made: MemoryBundle) -> str:
    bases = made.header.tables["transport"].bases
    return bases[0] if bases else "none"


class Node:
    """An agent in this process, asked without a socket; every question is made before the clock starts."""

    def __init__(self, gateway: Gateway) -> None:
        self.agent = Agent(gateway.paths, gateway.ports, gateway.access)

    def judged(self, made: MemoryBundle) -> float:
        """Return what judging at the probe grade costs, in milliseconds; a full rehearsal follows, for the apply."""
        question, talk = Judge(to_json(made.header), Grade.PROBE), cast("Any", Prepared(made))
        reports: list[Report] = []
        taken = milliseconds(lambda: reports.append(self.agent.handlers()["judge"](question, talk)))
        assert reports[0].passed, reports[0].findings
        judge(self.agent, made)
        return taken

    def applied(self, made: MemoryBundle, revision: int) -> float:
        """Return what an apply costs, in milliseconds."""
        question, talk = Apply(made.digest, revision), cast("Any", DirectTalk())
        return milliseconds(lambda: self.agent.handlers()["apply"](question, talk))

    def staged(self, made: MemoryBundle) -> tuple[float, float]:
        """Return what taking the bundle costs, and what making the files of its release costs, in milliseconds."""
        header, talk, bench = made.header, cast("Any", Prepared(made)), self.agent._judge._b
        received = milliseconds(lambda: bench.receiver.receive(header, talk))
        candidate = bench.receiver.receive(header, talk)
        facts = NodeFacts.from_json(bench.stores.releases.all()[0].facts)
        place = facts.for_release(facts.release_dir[:-16] + "f" * 16)
        tree = render(desired_state(candidate.tables, bench.stores.objects), place)
        return received, milliseconds(
            lambda: bench.stager.stage("f" * 16, candidate, tree, place, tell=lambda _text: None)
        )


def one_among(rows: int, rounds: int) -> None:
    with Gateway() as gateway:
        node = Node(gateway)
        first = Rows(basic())
        first.parent = None
        noun = NOUNS["transport"]
        for number in range(rows):
            value = noun.parse({"pattern": f"d{number:07}.example.com", "host": "192.0.2.1"})
            first.put("transport", SentRow(noun.key(value), noun.fields(value)))
        print(f"rows: {rows:,}; first arrival, judged: {node.judged(first):.0f} ms")
        node.applied(first, 1)
        before, revision = first, 1
        judged, received, staged, applied, other = [], [], [], [], []
        for number in range(rounds):
            changed = Rows(before)
            changed.add("transport", {"pattern": f"d{number:07}.example.com", "host": "192.0.2.2"})
            taken = node.staged(changed)
            received.append(taken[0])
            staged.append(taken[1])
            judged.append(node.judged(changed))
            applied.append(node.applied(changed, revision + 1))
            without = Rows(changed)
            without.set("my-hostname", f"h{number}.example.com")
            node.judged(without)
            other.append(node.applied(without, revision + 2))
            before, revision = without, revision + 2
        costs = [statistics.median(costs) for costs in (received, staged, judged, applied, other)]
        print(
            "one changed row: taken {:.0f}, staged {:.0f}, judged in all {:.0f}, applied {:.0f} ms;".format(*costs[:4])
        )
        print(f"another setting changed beside the {rows:,} rows: applied {costs[4]:.0f} ms")
        for order in ("sorted", "shuffled"):
            table = postmap(node.agent, gateway.directory, rows, shuffled=order == "shuffled")
            print(f"postmap of the table from a {order} text: {table:.0f} ms")
            show(f"stage / postmap, {order}", costs[1] / table, 0.1)
            show(f"stage + apply / postmap, {order}", (costs[1] + costs[3]) / table, 0.1)


def postmap(agent: Agent, place: Path, rows: int, *, shuffled: bool) -> float:
    """Build the same table from a text, as an administrator would."""
    source = place / "transport"
    lines = [f"d{number:07}.example.com\tsmtp:[192.0.2.1]\n" for number in range(rows)]
    if shuffled:
        random.Random(1).shuffle(lines)
    with source.open("w") as file:
        file.writelines(lines)
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
    one_among(chosen.rows, 3)


if __name__ == "__main__":
    main()
