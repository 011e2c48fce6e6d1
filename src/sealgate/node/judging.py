"""Judging a candidate: one call, one report, the same code for the background probe and before an apply.

The bundle is taken, checked as a whole by the model, rendered, staged as the very release that would go live, and run
by Postfix in a sealed world (`rehearsal/judging.py`). Everything found is a finding of the report. Own lines that the
deny-list refuses are never shown to any Postfix program: then only the model's findings are reported.

A report is kept with its release. A release's name follows from the candidate, the node's facts and Sealgate's version,
so the same name means the same verdict, and a second question costs nothing.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sealgate import __version__
from sealgate.link.bundle import release_name
from sealgate.link.codec import from_json, to_json
from sealgate.link.messages import Grade, Report
from sealgate.model.checking import check
from sealgate.model.errors import InvalidValue, NodeFailed, Refused
from sealgate.model.findings import Finding, Place, Severity, errors_in
from sealgate.node.context import context
from sealgate.node.permits import read_permits
from sealgate.node.staging import Staged
from sealgate.rehearsal.verdicts import finding_of
from sealgate.render import render, settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.link.bundle import Header
    from sealgate.model.context import Permits
    from sealgate.node.facts import Machine
    from sealgate.node.receiving import Asking, Candidate, Receiver
    from sealgate.node.releases import Release
    from sealgate.node.staging import Stager
    from sealgate.node.stores import Stores
    from sealgate.postfix.complaints import Complaint
    from sealgate.rehearsal.judging import Judge as Rehearsal
    from sealgate.render import ConfigTree, NodeFacts

MOST_FINDINGS = 2000
_NO_FULL_REHEARSAL = "delivery through queue, MPA and next hops (this version has no full rehearsal)"


@dataclass(frozen=True, slots=True)
class Bench:
    """What a judge works with. `in_force` gives the live release, whose directory is never made again."""

    stores: Stores
    machine: Machine
    receiver: Receiver
    stager: Stager
    rehearsal: Rehearsal
    in_force: Callable[[], Release | None]


class Judge:
    """Judges candidates, one at a time."""

    def __init__(self, bench: Bench) -> None:
        self._b = bench

    def judge(self, header: Header, grade: Grade, talk: Asking) -> Report:
        """Return the report on the candidate that a bundle describes; what was judged before is not judged again."""
        started = time.monotonic()
        talk.progress("receiving the candidate")
        candidate = self._b.receiver.receive(header, talk)
        allowed = read_permits(self._b.stores.paths.permits)
        live = self._b.in_force()
        old = live.tables if live else {}
        allowed.refuse_foreign_own_lines(talk.asker.name, talk.peer.uid, old, candidate.table_digests)
        facts = settled(candidate.desired, self._b.machine.facts())
        name = release_name(candidate.digest, facts.digest(), __version__)
        facts = facts.for_release(str(self._b.stores.releases.path(name)))
        known = self.report(name)
        if known is not None and self._is_complete(name):
            return _graded(replace(known, cached=True), grade)
        if header.tree:
            self._refuse_skew(header.tree, candidate, facts)
        report = self._judged(name, candidate, facts, allowed.permits, talk)
        report = replace(report, seconds=time.monotonic() - started)
        self._keep(report)
        return _graded(report, grade)

    def report(self, release: str) -> Report | None:
        """Return the kept report on a release."""
        try:
            return from_json(Report, json.loads(self._path(release).read_bytes()), "report")
        except (FileNotFoundError, ValueError, InvalidValue):
            return None

    def passed(self, digest: str) -> str:
        """Return the newest release of a candidate that passed; Refused when there is none."""
        for release in self._b.stores.releases.all():
            report = self.report(release.id) if release.digest == digest else None
            if report is not None and report.passed:
                return release.id
        raise Refused(
            "This candidate was not judged by this node, or did not pass. Nothing was changed. Check it first."
        )

    @staticmethod
    def _refuse_skew(promised: str, candidate: Candidate, facts: NodeFacts) -> None:
        if promised != render(candidate.desired, facts).digest():
            raise Refused(
                "Control half and agent render this candidate differently. Nothing was changed. Bring both halves to "
                "the same version."
            )

    def _judged(self, name: str, candidate: Candidate, facts: NodeFacts, permits: Permits, talk: Asking) -> Report:
        talk.progress("checking the whole")
        world = context(candidate.desired, facts, self._b.machine.postfix(), permits)
        findings = list(check(candidate.desired, world))
        tree = render(candidate.desired, facts)
        findings = [*findings, *tree.findings]
        if any(found.place.noun == "own-lines" for found in errors_in(findings)):
            words = ("not judged by Postfix: it is not shown own lines that the deny-list or the parser refuses",)
            return _report(name, candidate, tree, findings, judged=("the whole desired state",), not_judged=words)
        talk.progress("writing the files of the release")
        staged = self._stage(name, candidate, tree, facts, talk)
        findings += [_of_table(place, said) for place, said in staged.complaints]
        talk.progress("running the release in a sealed world")
        shown = tuple(path for path in map(Path, permits.files) if path.exists())
        seen = replace(self._b.rehearsal, shown=shown).probe(self._b.stores.releases.path(name))
        findings += [_traced(found, tree) for found in seen.findings]
        judged = ("the whole desired state", *seen.judged)
        return _report(name, candidate, tree, findings, judged=judged, not_judged=seen.not_judged)

    def _stage(self, name: str, candidate: Candidate, tree: ConfigTree, facts: NodeFacts, talk: Asking) -> Staged:
        live = self._b.in_force()
        if live is not None and live.id == name:
            return Staged(live)
        try:
            return self._b.stager.stage(name, candidate, tree, facts, tell=talk.progress)
        except ValueError as fault:
            raise NodeFailed(
                f"A table of the candidate cannot be written: {fault}. Nothing live was changed."
            ) from None
        except OSError as failure:
            raise NodeFailed(
                f"The files of the candidate cannot be written: {failure.strerror or failure}. Nothing live was "
                "changed."
            ) from None

    def _is_complete(self, name: str) -> bool:
        live = self._b.in_force()
        if live is not None and live.id == name:
            return True
        release = self._b.stores.releases.find(name)
        return release is not None and self._b.stores.releases.look(release).clean

    def _keep(self, report: Report) -> None:
        text = json.dumps(to_json(report), ensure_ascii=False)
        self._b.stores.loose.write(self._path(report.release), text, mode=0o600)

    def _path(self, release: str) -> Path:
        return self._b.stores.paths.reports / f"{release}.json"


def _graded(report: Report, grade: Grade) -> Report:
    """Return a probe's report as the answer to a question of another grade, which says what was left out."""
    if grade is Grade.PROBE:
        return report
    return replace(report, grade=grade, not_judged=(*report.not_judged, _NO_FULL_REHEARSAL))


def _of_table(place: Place, said: Complaint) -> Finding:
    """Make the finding of what postmap said while a table was built; lines count only where people wrote them."""
    found = finding_of(said, "table-not-whole")
    line = said.line if place.noun == "lookup-table" else 0
    return replace(found, place=replace(place, line=line))


def _traced(found: Finding, tree: ConfigTree) -> Finding:
    """Name the setting, page or row that a parameter of main.cf comes from, where that is known."""
    origin = tree.origin_of(found.place.field) if found.place.file == "main.cf" and found.place.field else None
    if origin is None:
        return found
    return replace(found, place=replace(found.place, noun=origin.noun, key=origin.key))


def _report(
    name: str,
    candidate: Candidate,
    tree: ConfigTree,
    findings: list[Finding],
    *,
    judged: tuple[str, ...],
    not_judged: tuple[str, ...] = (),
) -> Report:
    """Make the report; errors come first, and of very many findings only the first ones cross."""
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    unique = sorted(dict.fromkeys(findings), key=lambda found: order[found.severity])
    return Report(
        digest=candidate.digest,
        release=name,
        grade=Grade.PROBE,
        passed=not errors_in(unique),
        findings=tuple(found.to_json() for found in unique[:MOST_FINDINGS]),
        seconds=0.0,
        judged=judged,
        not_judged=not_judged,
        omitted_findings=max(0, len(unique) - MOST_FINDINGS),
        tree=tree.digest(),
    )
