"""Reports on candidates, kept beside their releases: one of each grade, and one that somebody's overrides made pass.

A full report answers a probe too. What an override lets pass is a report of its own: it stands for the apply that
follows it, and is gone as soon as the candidate is judged again without that override. A test is overridden by naming
it and a reason; nobody overrides that Postfix does not start or that a stranger can relay.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from sealgate.link.codec import from_json, to_json
from sealgate.link.messages import Grade, Report
from sealgate.model.errors import InvalidValue, Refused
from sealgate.model.findings import Finding, Severity, errors_in
from sealgate.model.verdicts import NEVER_OVERRIDDEN, Ruling, Verdict
from sealgate.rehearsal.verdicts import findings_of_failures

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sealgate.link.messages import Override
    from sealgate.node.stores import Stores

_OVERRIDDEN = "overridden"
LONGEST_REASON = 2000


class Reports:
    """The reports in the agent's stores."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def find(self, release: str, grade: Grade) -> Report | None:
        """Return the report on a release that answers a question of this grade: a full one for either."""
        kinds = (Grade.FULL,) if grade is Grade.FULL else (Grade.FULL, Grade.PROBE)
        return next((report for kind in kinds if (report := self._read(release, kind)) is not None), None)

    def keep(self, report: Report) -> None:
        """Keep what judging found, before any override."""
        self._write(report, report.grade)

    def keep_overridden(self, report: Report) -> None:
        """Keep what overrides made of a full report; without any, what stood before is gone."""
        if report.overridden and report.grade is Grade.FULL:
            self._write(report, _OVERRIDDEN)
        else:
            self._stores.loose.remove(self._path(report.release, _OVERRIDDEN))

    def decides(self, release: str) -> Report | None:
        """Return the report by which a release may be put in force or not: that of its last full rehearsal."""
        return self._read(release, _OVERRIDDEN) or self.find(release, Grade.FULL)

    def _read(self, release: str, kind: str) -> Report | None:
        try:
            return from_json(Report, json.loads(self._path(release, kind).read_bytes()), "report")
        except (FileNotFoundError, ValueError, InvalidValue):
            return None

    def _write(self, report: Report, kind: str) -> None:
        text = json.dumps(to_json(report), ensure_ascii=False)
        self._stores.loose.write(self._path(report.release, kind), text, mode=0o600)

    def _path(self, release: str, kind: str) -> Path:
        middle = "" if kind == Grade.PROBE else f".{kind}"
        return self._stores.paths.reports / f"{release}{middle}.json"


def overridden(report: Report, overrides: tuple[Override, ...]) -> Report:
    """Return the report as it is with these failed tests overridden; Refused for what nobody may override."""
    if not overrides:
        return report
    verdicts = [Verdict.from_json(data) for data in report.verdicts]
    named = {(one.promise, one.test): one for one in verdicts if one.ruling is Ruling.FAILED}
    for override in overrides:
        _check(override, named.values())
    words = {override.test for override in overrides}
    left = [one for one in named.values() if not words & names_of(one)]
    promises = {one.promise for one in verdicts}  # no finding of files or daemons has such a code
    findings = [f for f in map(Finding.from_json, report.findings) if f.code not in promises]
    findings = [*findings_of_failures(left), *findings]
    findings.sort(key=lambda found: list(Severity).index(found.severity))
    used = tuple(one for one in overrides if any(one.test in names_of(verdict) for verdict in named.values()))
    return replace(
        report,
        passed=not errors_in(findings) and (report.omitted_findings == 0),
        findings=tuple(found.to_json() for found in findings),
        overridden=used,
    )


def names_of(verdict: Verdict) -> set[str]:
    """Return how a test may be named: by its words, or with its promise before them."""
    return {verdict.test, f"{verdict.promise}: {verdict.test}"}


def _check(override: Override, failed: Iterable[Verdict]) -> None:
    if not override.reason.strip() or len(override.reason) > LONGEST_REASON:
        raise InvalidValue.of(
            "An override needs a reason.", "Say in a sentence why this failure is acceptable.", "reason"
        )
    found = [one for one in failed if override.test in names_of(one)]
    if override.test in NEVER_OVERRIDDEN or any(not one.may_be_overridden for one in found):
        raise Refused(
            f"The test “{override.test[:200]}” cannot be overridden: mail would stop, or anybody could relay. Nothing "
            "was changed. Correct the draft."
        )
    if not found:
        raise Refused(
            f"No failed test is called “{override.test[:200]}”. Nothing was overridden. The report names the tests."
        )
