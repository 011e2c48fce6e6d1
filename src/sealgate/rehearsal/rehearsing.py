"""A rehearsal as a whole: the promises are planned, the release is run once, and every promise is judged.

`rehearse` reads the release as Postfix does, has the caller say what it is about (`Subject`), merges the plans of all
promises that the grade allows, and of the administrator's own tests, into one run, and returns the judgement with a
verdict for each test. A failed verdict is a finding too, so the release does not pass. Where the run could not be held
nothing is assumed: there are then no verdicts, and the judgement says what was not judged.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.verdicts import Ruling, Verdict
from sealgate.postfix.command import Programs
from sealgate.postfix.listeners import listeners
from sealgate.postfix.parameters import read_back
from sealgate.rehearsal.judging import cool
from sealgate.rehearsal.network import FALLBACKS
from sealgate.rehearsal.preflight import NOT_REACHED
from sealgate.rehearsal.promises import due
from sealgate.rehearsal.promises.promise import merge
from sealgate.rehearsal.promises.summary import summaries
from sealgate.rehearsal.verdicts import findings_of_failures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from sealgate.model.findings import Finding
    from sealgate.postfix.listeners import Listener
    from sealgate.postfix.parameters import ReadBack
    from sealgate.rehearsal.judging import Judge, Judgement
    from sealgate.rehearsal.promises.promise import Promise
    from sealgate.rehearsal.sealed import World
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Plan

    About = Callable[[ReadBack, tuple[Listener, ...]], Subject]

UNSEALED = "it needs a sealed world, which this machine forbids"


def rehearse(judge: Judge, release: Path, grade: Grade, about: About, more: Iterable[Promise] = ()) -> Judgement:
    """Judge the release in the directory `release` with every promise of its grade, and with `more`."""
    started = time.monotonic()
    cool(release)
    read = read_back(Programs(release), expanded=True)
    subject = replace(about(read, listeners(read, read.main)), addresses=gateway_addresses(judge.world(release)))
    promises = (*due(grade), *more)
    plan = with_tls(subject, merge(promise.plan(subject) for promise in promises))
    planned = time.monotonic() - started
    ask = judge.full if grade is Grade.FULL else judge.probe
    judgement = ask(release, plan, read)
    verdicts = tuple(_verdicts(judgement, subject, promises))
    findings = (*(_placed(found, subject) for found in judgement.findings), *findings_of_failures(verdicts))
    seconds = {**judgement.seconds, "plan": planned, "whole": time.monotonic() - started}
    return replace(judgement, verdicts=verdicts, findings=findings, seconds=seconds)


def with_tls(subject: Subject, plan: Plan) -> Plan:
    """Return the plan with every client using TLS where a listener serves nobody without."""
    demanding = {
        listener.port
        for listener in subject.listeners
        if subject.value(listener.service, "smtpd_tls_security_level") == "encrypt"
        or subject.value(listener.service, "smtpd_enforce_tls") == "yes"
    }
    trials = tuple(
        replace(one, client=replace(one.client, tls=True)) if one.port in demanding and not one.client.opening else one
        for one in plan.trials
    )
    return replace(plan, trials=trials)


def gateway_addresses(world: World) -> tuple[str, ...]:
    """Return the addresses that the gateway has in its sealed world, whatever its grade."""
    families = {":" in address for address in world.addresses}
    return (*world.addresses, *(one for one in FALLBACKS if (":" in one) not in families))


def _verdicts(judgement: Judgement, subject: Subject, promises: Iterable[Promise]) -> Iterable[Verdict]:
    yield from summaries(judgement.findings, judgement.seen)
    if judgement.trials is not None:
        for promise in promises:
            if judgement.sealed or promise.grade is Grade.PROBE:
                yield from promise.judge(subject, judgement.trials)
            else:
                yield Verdict(promise.name, "the whole", Ruling.NOT_JUDGED, promise.title, came=UNSEALED)


def _placed(found: Finding, subject: Subject) -> Finding:
    """Name the page, row or own line that a service outside is named in, where that is known."""
    if found.code != NOT_REACHED:
        return found
    return replace(found, place=subject.blame(found.place.field, found.place.key))
