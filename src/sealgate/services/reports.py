"""Reports of rehearsals as they are kept: with each revision, and for the newest states that were judged.

A report may have thousands of verdicts. What is kept is bounded: failures and what was not judged in full (as many as
`MOST_TOLD`), of what passed the names (`MOST_NAMED`) with what was tried and what came (as many as `MOST_TRIED` texts
have room for), and always the counts of each promise over all verdicts. So a kept report is never more than about a
megabyte, and never leaves out that something failed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from sealgate.link.messages import Override
from sealgate.model.findings import Finding
from sealgate.model.verdicts import Ruling, Verdict
from sealgate.services.actor import Right

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sealgate.link.messages import Report
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Reader

MOST_TOLD = 300
MOST_NAMED = 3000
MOST_TRIED = 200_000
"""Characters that are kept of what was tried in tests that passed, and of what came."""
_LONGEST_TEXT = 1000
_LONGEST_TRY = 300
_MOST_LINES = 10


@dataclass(frozen=True, slots=True)
class Count:
    """How the tests of one promise came out."""

    promise: str
    passed: int = 0
    failed: int = 0
    not_judged: int = 0


@dataclass(frozen=True, slots=True)
class Try:
    """What was tried in a test that passed, and what came."""

    tried: str
    came: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A report as it is kept. `verdicts` are those told in full, `passed` the names of tests that passed.

    `tries` are those of the first of `passed`, in the same order. `at` is when it was kept, in ISO form; empty where it
    was not kept by itself.
    """

    digest: str
    grade: str
    seconds: float
    findings: tuple[Finding, ...]
    counts: tuple[Count, ...]
    verdicts: tuple[Verdict, ...]
    passed: tuple[str, ...]
    judged: tuple[str, ...]
    not_judged: tuple[str, ...]
    overridden: tuple[Override, ...]
    widened: tuple[str, ...]
    at: str = ""
    tries: tuple[Try, ...] = ()

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The failed verdicts that are told in full."""
        return tuple(one for one in self.verdicts if one.ruling is Ruling.FAILED)

    @property
    def passing(self) -> Iterator[Verdict]:
        """Give the tests that passed, by name, with what was tried and came as far as it is kept."""
        for name, one in zip_longest(self.passed, self.tries, fillvalue=Try("", "")):
            promise, _, test = str(name).partition(": ")
            yield Verdict(promise, test, Ruling.PASSED, tried=one.tried, came=one.came)

    def total(self, ruling: Ruling) -> int:
        """Return how many tests came out so."""
        field = ruling.value.replace(" ", "_")
        return sum(getattr(count, field) for count in self.counts)


def kept(report: Report | None, findings: Iterable[Finding] = ()) -> Kept:
    """Return what is kept of a report; without one, of findings alone."""
    if report is None:
        return Kept("", "", 0.0, tuple(findings), (), (), (), (), (), (), ())
    verdicts = [Verdict.from_json(data) for data in report.verdicts]
    told = sorted((one for one in verdicts if one.ruling is not Ruling.PASSED), key=lambda one: one.ruling.value)
    passed = [one for one in verdicts if one.ruling is Ruling.PASSED][:MOST_NAMED]
    return Kept(
        report.digest,
        report.grade.value,
        report.seconds,
        tuple(findings),
        counted(verdicts),
        tuple(map(_shortened, told[:MOST_TOLD])),
        tuple(f"{one.promise}: {one.test}"[:_LONGEST_TEXT] for one in passed),
        report.judged,
        report.not_judged,
        report.overridden,
        report.widened[:MOST_TOLD],
        tries=tuple(_tries(passed)),
    )


def counted(verdicts: Sequence[Verdict]) -> tuple[Count, ...]:
    """Return how the tests of each promise came out, in the order of the verdicts."""
    counts: dict[str, Count] = {}
    for verdict in verdicts:
        count = counts.get(verdict.promise, Count(verdict.promise))
        field = verdict.ruling.value.replace(" ", "_")
        counts[verdict.promise] = replace(count, **{field: getattr(count, field) + 1})
    return tuple(counts.values())


def _tries(passed: Iterable[Verdict]) -> Iterator[Try]:
    room = MOST_TRIED
    for one in passed:
        told = Try(one.tried[:_LONGEST_TRY], one.came[:_LONGEST_TRY])
        room -= len(told.tried) + len(told.came)
        if room < 0:
            return
        yield told


def _shortened(verdict: Verdict) -> Verdict:
    texts = {name: getattr(verdict, name)[:_LONGEST_TEXT] for name in ("test", "tried", "expected", "came")}
    log = tuple(line[:_LONGEST_TEXT] for line in verdict.log[:_MOST_LINES])
    return replace(verdict, log=log, **texts)


def to_json(report: Kept) -> dict[str, Any]:
    """Return a kept report as plain JSON values."""
    return {
        "digest": report.digest,
        "grade": report.grade,
        "seconds": report.seconds,
        "findings": [finding.to_json() for finding in report.findings],
        "counts": [
            {"promise": one.promise, "passed": one.passed, "failed": one.failed, "not_judged": one.not_judged}
            for one in report.counts
        ],
        "verdicts": [verdict.to_json() for verdict in report.verdicts],
        "passed": list(report.passed),
        "tries": [{"tried": one.tried, "came": one.came} for one in report.tries],
        "judged": list(report.judged),
        "not_judged": list(report.not_judged),
        "overridden": [{"test": one.test, "reason": one.reason, "actor": one.actor} for one in report.overridden],
        "widened": list(report.widened),
    }


def from_json(data: Mapping[str, Any], at: str = "") -> Kept:
    """Make a kept report again; what an older version did not keep is empty."""
    return Kept(
        str(data.get("digest", "")),
        str(data.get("grade", "")),
        float(data.get("seconds", 0.0)),
        tuple(map(Finding.from_json, data.get("findings", ()))),
        tuple(Count(**count) for count in data.get("counts", ())),
        tuple(map(Verdict.from_json, data.get("verdicts", ()))),
        tuple(data.get("passed", ())),
        tuple(data.get("judged", ())),
        tuple(data.get("not_judged", ())),
        tuple(Override(**one) for one in data.get("overridden", ())),
        tuple(data.get("widened", ())),
        at,
        tuple(Try(**one) for one in data.get("tries", ())),
    )


def of_revision(gateway: Gateway, actor: Actor, revision: int) -> Kept:
    """Return the report that a revision was made with; NotFound where there is no such revision."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        return from_json(reader.report(revision), reader.about(revision).at.isoformat())


def of_draft(gateway: Gateway, actor: Actor) -> Kept | None:
    """Return the best report on the draft as it is now, full before probe; None where it was not judged."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        return best(reader, reader.draft().digest())


def best(reader: Reader, digest: str) -> Kept | None:
    """Return the best report that is kept on a state, full before probe; None where it was not judged."""
    for grade in ("full", "probe"):
        found = reader.judgement(digest, grade)
        if found is not None:
            return from_json(found, reader.judged_at(digest, grade))
    return None


def widened(gateway: Gateway, actor: Actor) -> tuple[str, ...] | None:
    """Return who may newly do what if the draft is applied; None where neither the agent nor a report says so."""
    from sealgate.services import widening

    found = widening.widened(gateway, actor)
    if found is not None:
        return found
    report = of_draft(gateway, actor)
    return None if report is None or report.grade != "full" else report.widened
