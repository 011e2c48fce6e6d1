"""Judging a candidate: one call, one report, the same code for the background probe and before an apply.

The bundle is taken, checked as a whole by the model, rendered, staged as the very release that would go live, and run
by Postfix in a sealed world (`rehearsal/judging.py`). Everything found is a finding of the report. Own lines that the
deny-list refuses are never shown to any Postfix program: then only the model's findings are reported.

Reports are kept with their release (`reports`). A release's name follows from the candidate, the node's facts and
Sealgate's version, so the same name means the same verdict, and a second question of the same grade costs nothing; a
full rehearsal answers for the probe. Overrides count for the one judging that names them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sealgate import __version__
from sealgate.link.bundle import release_name
from sealgate.link.messages import Grade, Report
from sealgate.model.checking import check
from sealgate.model.errors import NodeFailed, Refused
from sealgate.model.findings import Finding, Place, Severity, errors_in
from sealgate.node.context import context
from sealgate.node.permits import read_permits
from sealgate.node.reports import Reports, overridden
from sealgate.node.sides import showing
from sealgate.node.staging import Staged
from sealgate.node.table_changes import changed_keys
from sealgate.rehearsal.policy_tests import PolicyTests
from sealgate.rehearsal.rehearsing import rehearse
from sealgate.rehearsal.subject import Subject
from sealgate.rehearsal.verdicts import finding_of
from sealgate.render import render, settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.link.bundle import Header
    from sealgate.link.messages import Judge as Question
    from sealgate.model.context import Permits
    from sealgate.model.verdicts import Verdict
    from sealgate.node.facts import Machine
    from sealgate.node.receiving import Asking, Candidate, Receiver
    from sealgate.node.releases import Release
    from sealgate.node.staging import Stager
    from sealgate.node.stores import Stores
    from sealgate.postfix.complaints import Complaint
    from sealgate.postfix.listeners import Listener
    from sealgate.postfix.parameters import ReadBack
    from sealgate.rehearsal.judging import Judge as Rehearsal
    from sealgate.render import ConfigTree, NodeFacts

MOST_FINDINGS = 2000


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
        self._reports = Reports(bench.stores)

    def judge(self, header: Header, question: Question, talk: Asking) -> Report:
        """Return the report on the candidate that a bundle describes; what was judged before is not judged again.

        A failed test that an override names does not count this time; Refused for one that nobody may override.
        """
        report = overridden(self._report(header, question, talk), question.overrides)
        self._reports.keep_overridden(report)
        return report

    def _report(self, header: Header, question: Question, talk: Asking) -> Report:
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
        known = self._reports.find(name, question.grade)
        if known is not None and not question.fresh and self._is_complete(name):
            return replace(known, cached=True)
        if header.tree:
            self._refuse_skew(header.tree, candidate, facts)
        asked = _Asked(name, candidate, facts, question.grade)
        report = self._judged(asked, allowed.permits, talk)
        report = replace(report, seconds=time.monotonic() - started)
        self._reports.keep(report)
        return report

    def passed(self, digest: str) -> str:
        """Return the newest release of a candidate that passed a full rehearsal; Refused when there is none."""
        for release in self._b.stores.releases.all():
            report = self._reports.decides(release.id) if release.digest == digest else None
            if report is not None and report.passed:
                return release.id
        raise Refused(
            "This candidate has not passed a full rehearsal on this node. Nothing was changed. Rehearse it first."
        )

    @staticmethod
    def _refuse_skew(promised: str, candidate: Candidate, facts: NodeFacts) -> None:
        if promised != render(candidate.desired, facts).digest():
            raise Refused(
                "Control half and agent render this candidate differently. Nothing was changed. Bring both halves to "
                "the same version."
            )

    def _judged(self, asked: _Asked, permits: Permits, talk: Asking) -> Report:
        talk.progress("checking the whole")
        desired, facts = asked.candidate.desired, asked.facts
        world = context(desired, facts, self._b.machine.postfix(), permits)
        tree = render(desired, facts)
        findings = [*check(desired, world), *tree.findings]
        if any(found.place.noun == "own-lines" for found in errors_in(findings)):
            words = ("not judged by Postfix: it is not shown own lines that the deny-list or the parser refuses",)
            return _report(asked, tree, findings, judged=("the whole desired state",), not_judged=words)
        talk.progress("writing the files of the release")
        staged = self._stage(asked.name, asked.candidate, tree, facts, talk)
        findings += [_of_table(place, said) for place, said in staged.complaints]
        what = "running the release in a sealed world"
        talk.progress(what if asked.grade is Grade.PROBE else f"{what}, with mail through it")
        judge, release = showing(self._b.rehearsal, permits), self._b.stores.releases.path(asked.name)
        about = partial(self._subject, asked, tree)
        more = (PolicyTests(),) if asked.grade is Grade.FULL else ()
        seen = rehearse(judge, release, asked.grade, about, more)
        findings += [_traced(found, tree) for found in seen.findings]
        judged = ("the whole desired state", *seen.judged)
        return _report(asked, tree, findings, judged=judged, not_judged=seen.not_judged, verdicts=seen.verdicts)

    def _subject(self, asked: _Asked, tree: ConfigTree, read: ReadBack, listeners: tuple[Listener, ...]) -> Subject:
        """Return what the rehearsal is about: the candidate, with the rows that differ from what is in force."""
        live = self._b.in_force()
        return Subject(
            asked.candidate.desired, asked.facts, read, listeners, asked.grade, tree,
            changed=changed_keys(self._b.stores.rows, asked.candidate, live.tables if live else {}),
            spread=asked.candidate.spread,
        )  # fmt: skip

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


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question: the release's name, the candidate, what it is rendered for, and how much is judged."""

    name: str
    candidate: Candidate
    facts: NodeFacts
    grade: Grade


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
    asked: _Asked,
    tree: ConfigTree,
    findings: list[Finding],
    *,
    judged: tuple[str, ...],
    not_judged: tuple[str, ...] = (),
    verdicts: tuple[Verdict, ...] = (),
) -> Report:
    """Make the report; errors come first, and of very many findings only the first ones cross."""
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    unique = sorted(dict.fromkeys(findings), key=lambda found: order[found.severity])
    return Report(
        digest=asked.candidate.digest,
        release=asked.name,
        grade=asked.grade,
        passed=not errors_in(unique),
        findings=tuple(found.to_json() for found in unique[:MOST_FINDINGS]),
        seconds=0.0,
        judged=judged,
        not_judged=not_judged,
        omitted_findings=max(0, len(unique) - MOST_FINDINGS),
        tree=tree.digest(),
        verdicts=tuple(one.to_json() for one in verdicts),
    )
