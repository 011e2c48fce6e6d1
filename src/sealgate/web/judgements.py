"""A rehearsal's report as the pages show it: what failed first and in full, then what was not judged, then the rest.

The tests of one promise stand together. What passed is folded: its name, what was tried and what came. A report says
the same while it is new and when it is read back years later. Nothing is shown as judged that is not: a report is only
ever shown with the state it is of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.verdicts import Ruling, Verdict
from sealgate.services import reports

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.link.messages import Override
    from sealgate.model.findings import Finding
    from sealgate.services.judging import Judged
    from sealgate.services.reports import Count, Kept

MOST_PASSED = 1000
"""Tests that passed that one page names."""


@dataclass(frozen=True, slots=True)
class Promise:
    """The tests of one promise: how they came out, and those that passed."""

    count: Count
    passed: tuple[Verdict, ...]

    @property
    def name(self) -> str:
        """Its name (`size-limits`)."""
        return self.count.promise

    @property
    def worst(self) -> str:
        """The badge that tells how its tests came out."""
        return "error" if self.count.failed else "good" if self.count.passed else "note"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A report for a page. `findings` are those that no failed test tells; `more` tests passed and are not named."""

    report: Kept
    findings: tuple[Finding, ...]
    failed: tuple[Verdict, ...]
    not_judged: tuple[Verdict, ...]
    promises: tuple[Promise, ...]
    more: int = 0

    @property
    def full(self) -> bool:
        """Whether mail was sent through it; else it was only started and asked."""
        return self.report.grade == Grade.FULL.value

    def total(self, ruling: str) -> int:
        """Return how many tests came out so, by the word (`not judged`)."""
        return self.report.total(Ruling(ruling))

    def override_of(self, verdict: Verdict) -> Override | None:
        """Return the override that let a failed test pass, if there was one."""
        names = names_of(verdict)
        return next((one for one in self.report.overridden if one.test in names), None)


def names_of(verdict: Verdict) -> tuple[str, str]:
    """Return how an override may name a test: with its promise before it, or by its words."""
    return f"{verdict.promise}: {verdict.test}", verdict.test


def of_kept(report: Kept | None) -> Judgement | None:
    """Return what a kept report shows; None where there is none, or none of a real rehearsal."""
    if report is None or not report.grade:
        return None
    return _judgement(report, list(report.passing))


def of_judged(judged: Judged | None) -> Judgement | None:
    """Return what a judging of this moment shows; None where the agent said nothing."""
    if judged is None or judged.report is None:
        return None
    return of_kept(reports.kept(judged.report, judged.findings))


def untold(findings: Iterable[Finding], failed: Iterable[Verdict]) -> tuple[Finding, ...]:
    """Return the findings that are not told by a failed test."""
    told = {one.promise for one in failed}
    return tuple(finding for finding in findings if finding.code not in told)


def _judgement(report: Kept, passed: list[Verdict]) -> Judgement:
    by_promise: dict[str, list[Verdict]] = {}
    for one in passed[:MOST_PASSED]:
        by_promise.setdefault(one.promise, []).append(one)
    promises = [Promise(count, tuple(by_promise.get(count.promise, ()))) for count in report.counts]
    promises.sort(key=lambda one: (not one.count.failed, not one.count.not_judged))
    named = sum(len(one.passed) for one in promises)
    return Judgement(
        report,
        untold(report.findings, report.failed),
        report.failed,
        tuple(one for one in report.verdicts if one.ruling is Ruling.NOT_JUDGED),
        tuple(promises),
        report.total(Ruling.PASSED) - named,
    )
