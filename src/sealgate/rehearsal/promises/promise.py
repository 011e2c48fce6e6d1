"""What a promise is: something that must hold of every release, planned as trials and judged from what was seen.

A promise plans and judges; it never talks to Postfix. Both come from one list of `Try`s, made afresh each time from
the same subject: so the verdict is about the trial that was held. Trial ids begin with the promise's short name, and
plans of all promises are merged into one run (`merge`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol

from sealgate.model.findings import Place
from sealgate.model.verdicts import Ruling, Verdict
from sealgate.rehearsal.trials import Internet, Plan, Server

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sealgate.link.messages import Grade
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Ended, Reply, Seen, Trial

FOREIGN_DOMAIN = "not-ours.example"
"""A domain that is nobody's relay domain; mail for it is what only trusted clients may hand over."""
FOREIGN = f"someone@{FOREIGN_DOMAIN}"
SENDER = "probe@sender.example"
HELO = "client.sender.example"


class Promise(Protocol):
    """One promise. `name` is what verdicts and overrides call it, `title` a sentence, `grade` the lowest it needs."""

    name: str
    title: str
    grade: Grade

    def plan(self, subject: Subject) -> Plan:
        """Return what must be tried."""
        ...

    def judge(self, subject: Subject, seen: Seen) -> Iterable[Verdict]:
        """Return a verdict for each test."""
        ...


@dataclass(frozen=True)
class Case:
    """One test before its verdict: what it is called, what was tried, what is expected."""

    promise: str
    test: str
    tried: str
    expected: str

    def passed(self, came: str = "") -> Verdict:
        """Return that it is as expected."""
        return self._verdict(Ruling.PASSED, came)

    def failed(self, came: str, blame: Place | None = None, log: tuple[str, ...] = ()) -> Verdict:
        """Return that something else came."""
        return self._verdict(Ruling.FAILED, came, blame, log)

    def not_judged(self, why: str, blame: Place | None = None) -> Verdict:
        """Return that it could not be told."""
        return self._verdict(Ruling.NOT_JUDGED, why, blame)

    def _verdict(self, ruling: Ruling, came: str, blame: Place | None = None, log: tuple[str, ...] = ()) -> Verdict:
        return Verdict(self.promise, self.test, ruling, self.tried, self.expected, came, log[-10:], blame or Place())


def merge(plans: Iterable[Plan]) -> Plan:
    """Return one plan that tries all; servers and records of two plans must not contradict each other."""
    parts = tuple(plans)
    trials: dict[str, Trial] = {}
    for trial in (trial for part in parts for trial in part.trials):
        if trials.setdefault(trial.id, trial) != trial:
            raise ValueError(f"two trials are called {trial.id}")
    return Plan(
        trials=tuple(trials.values()),
        internet=_internets(tuple(part.internet for part in parts)),
        routes=tuple(dict.fromkeys(route for part in parts for route in part.routes)),
        mpa=any(part.mpa for part in parts),
        verbose=any(part.verbose for part in parts),
    )


def _internets(parts: tuple[Internet, ...]) -> Internet:
    records: dict[str, Mapping[str, tuple[str, ...]]] = {}
    servers: dict[str, Server] = {}
    for part in parts:
        for name, found in part.records.items():
            records[name] = {**records.get(name, {}), **found}
        for name, server in part.servers.items():
            servers[name] = _both(servers[name], server) if name in servers else server
    return Internet(
        records=records,
        missing=_all(part.missing for part in parts),
        silent=_all(part.silent for part in parts),
        empty_zones=_all(part.empty_zones for part in parts),
        dead=any(part.dead for part in parts),
        servers=servers,
        ports=tuple(sorted({port for part in parts for port in part.ports})),
    )


def _both(one: Server, other: Server) -> Server:
    """Return a server that does what either plan wants of it: the first's manner unless it is the plain one."""
    plain = Server()
    kept = {
        field.name: getattr(one if getattr(one, field.name) != getattr(plain, field.name) else other, field.name)
        for field in fields(Server)
    }
    return Server(**kept | {"replies": {**other.replies, **one.replies}})


def _all(parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for part in parts for one in part))


def shown(reply: Reply | None) -> str:
    """Return a reply as a person reads it: the command, and the last line of the answer."""
    if reply is None:
        return "nothing was answered"
    last = reply.text.rsplit("\n", 1)[-1]
    return f"{reply.said or 'the connection'} → {last or reply.code}"


def reply_to(ended: Ended | None, recipient: str) -> Reply | None:
    """Return the reply to RCPT for this recipient, or what ended the session before it."""
    if ended is None:
        return None
    return ended.reply_to(f"RCPT TO:<{recipient}>") or ended.last


def accepted(reply: Reply | None) -> bool:
    """Tell whether a reply accepts what was said."""
    return reply is not None and 200 <= reply.code < 300
