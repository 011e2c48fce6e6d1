"""Which servers stand behind a next hop: its MX records or its addresses, as Postfix's delivery agent asks DNS.

Only DNS is asked, as smtp(8) does unless smtp_host_lookup says otherwise: a name that stands in /etc/hosts alone does
not exist for it. A name without MX records is its own mail server (RFC 5321 §5.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.link.codec import to_json
from sealgate.link.live_tests import MOST_SERVERS, Result, Step

if TYPE_CHECKING:
    from sealgate.node.live_tests.names import Answer, Names

_KINDS = {4: "A", 6: "AAAA"}


@dataclass(frozen=True, slots=True)
class Servers:
    """The steps of finding them, and each server's name and address, in order; `more` were left out."""

    steps: tuple[Step, ...]
    found: tuple[tuple[str, str], ...]
    more: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return them as plain JSON values."""
        return {"steps": to_json(self.steps), "found": [list(pair) for pair in self.found], "more": self.more}


def servers_of(names: Names, host: str, *, mx: bool, versions: tuple[int, ...]) -> Servers:
    """Find the servers of a next hop."""
    steps: list[Step] = []
    hosts = [host]
    if mx:
        answer = names.ask(host, "MX")
        steps.append(_step(answer))
        if answer.fault or answer.missing == "there is no such name":
            return Servers(tuple(steps), ())
        ranked = sorted((int(rank), name) for rank, _, name in (value.partition(" ") for value in answer.values))
        if ranked and not any(name and name != "." for _, name in ranked):
            steps.append(Step("MX", Result.BAD, f"{host} says that it takes no mail (a null MX record)."))
            return Servers(tuple(steps), ())
        hosts = [name for _, name in ranked if name and name != "."] or [host]
    kinds = [_KINDS[version] for version in versions]
    answers = names.ask_all((one, kind) for one in hosts[: 2 * MOST_SERVERS] for kind in kinds)
    pairs = [(answer.name, value) for answer in answers for value in answer.values]
    steps += [_step(answer, alone=bool(pairs)) for answer in answers]
    return Servers(tuple(steps), tuple(pairs[:MOST_SERVERS]), max(0, len(pairs) - MOST_SERVERS))


def _step(answer: Answer, *, alone: bool = False) -> Step:
    """Return an answer as a step; a kind of address that is missing is no news where there is another."""
    missing = Result.NOTE if alone else Result.BAD
    result = Result.BAD if answer.fault else missing if answer.missing else Result.GOOD
    if answer.kind == "MX" and answer.missing and "no such name" not in answer.missing:
        result = Result.NOTE
    return Step(f"{answer.kind} of {answer.name}", result, answer.words, (), {}, answer.seconds)
