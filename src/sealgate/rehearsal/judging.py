"""Judging a staged release: is it readable, are its tables whole, does it run, can it answer.

`probe` judges the files (`reading`) while the release runs in a sealed world (`running`, `stage`), and makes findings
of both that name file, line and parameter as far as Postfix names them; `full` also sends mail through. Neither changes
anything live; all that is written is the neutral configuration for asking tables, and the age of the release's main.cf,
for which every program would wait.

What could not be judged is in `not_judged`, with the reason: no verdict is ever assumed. Whether the policy is right
(an open relay, say) is not the question here.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sealgate.link.messages import Grade
from sealgate.model.errors import Refused
from sealgate.model.findings import Finding, Place, Severity, error, warning
from sealgate.postfix.command import Programs
from sealgate.postfix.complaints import Complaint, Level, complaints
from sealgate.postfix.files import HOT_SECONDS, Files, free_space
from sealgate.postfix.neutral import neutral_programs
from sealgate.postfix.parameters import ReadBack, read_back
from sealgate.postfix.spool import Accounts
from sealgate.rehearsal import running
from sealgate.rehearsal.name_server import RESOLV_CONF
from sealgate.rehearsal.network import has_ipv6, own_addresses
from sealgate.rehearsal.preflight import Preflight
from sealgate.rehearsal.reading import judge_files
from sealgate.rehearsal.resources import Needs
from sealgate.rehearsal.sealed import Forbidden, NotSealed, World
from sealgate.rehearsal.trials import Plan
from sealgate.rehearsal.verdicts import findings_of, with_parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sealgate.model.verdicts import Verdict
    from sealgate.postfix.master import InstancePaths
    from sealgate.rehearsal.outside import Outsider
    from sealgate.rehearsal.running import Outcome, Rehearsal
    from sealgate.rehearsal.trials import Seen

NOT_STARTED = "postfix-does-not-start"
SILENT = "service-does-not-answer"
CANNOT_TELL = "server-cannot-answer"
SAID = "postfix-says"
NO_ROUTE = "no-route"
NOT_REHEARSED = "not-rehearsed"
BROKEN_OFF = "rehearsal-broken-off"
NO_FILTER = "mail-filter-does-not-start"

# In there every address is local, so what is sent to a next hop meets the gateway itself.
_MEETS_ITSELF = re.compile(r"with my own hostname|loops back to myself")
_JUDGED_FILES = "main.cf and master.cf as Postfix reads them, and every table file they name"
_JUDGED_MAIL = "mail on its way through queue and filter to every next hop that was tried"
_JUDGED_UNSEALED = "a copy of the release that cannot send mail: daemons that take it, restrictions, tables and routes"
_NOT_SEALED = "the release as it would live: namespaces are forbidden here ({}), so only a copy of it was run"
_JUDGED_STAGE = "the release running sealed off: every listener, every daemon, callers from outside and inside"


@dataclass(frozen=True)
class Judgement:
    """What a judge says of one release. `seconds` by part; `judged` and `not_judged` in words for people.

    Not `sealed`: namespaces are forbidden here, so mail was tried up to RCPT at most, whatever the grade.
    """

    findings: tuple[Finding, ...]
    seconds: Mapping[str, float]
    judged: tuple[str, ...]
    not_judged: tuple[str, ...] = ()
    seen: Mapping[str, Any] = field(default_factory=dict)
    trials: Seen | None = None
    verdicts: tuple[Verdict, ...] = ()
    sealed: bool = True

    @property
    def passed(self) -> bool:
        """Whether nothing found stops an apply."""
        return not any(found.severity is Severity.ERROR for found in self.findings)


@dataclass(frozen=True)
class Judge:
    """Judges releases for the instance that lives, or will live, at `live`.

    `work_dir` may be written (the neutral configuration). `shown` are further paths that a candidate may read.
    `patience` is how long, in seconds, a listener may take to greet. `mpa_user` is whom the mail filter becomes.
    `needs` is what must be free on the machine.
    """

    live: InstancePaths
    work_dir: Path
    shown: tuple[Path, ...] = ()
    accounts: Accounts | None = None
    patience: float = 10.0
    mpa_user: str = "sealgate-mpa"
    needs: Needs = field(default_factory=Needs)

    def probe(self, release: Path, plan: Plan | None = None, read: ReadBack | None = None) -> Judgement:
        """Judge the release whose main.cf and master.cf lie in the directory `release`, without sending mail through.

        `read` is the release as Postfix reads it, values expanded, if that is known already. Nothing expected raises,
        but for Refused when the machine is short of what a rehearsal needs.
        """
        return self._judged(release, plan or Plan(), Grade.PROBE, read)

    def full(self, release: Path, plan: Plan | None = None, read: ReadBack | None = None) -> Judgement:
        """Judge as `probe` does, with mail that goes through queue, filter and next hops to its end."""
        return self._judged(release, plan or Plan(), Grade.FULL, read)

    def _judged(self, release: Path, plan: Plan, grade: Grade, early: ReadBack | None) -> Judgement:
        clock = _Clock()
        try:
            neutral = neutral_programs(self.work_dir)
        except OSError as failure:
            raise Refused(f"The rehearsal was not started: {failure}. Nothing was changed. Make room there.") from None
        cool(release)
        read = early or read_back(Programs(release), expanded=True)
        files = partial(judge_files, release, read, neutral, self.live.config_dir)
        try:
            held = self._held(running.start(self, release, plan, grade, read), release, files, clock)
        except Forbidden as failure:
            return self._unsealed(release, plan, grade, read, failure)
        except NotSealed as failure:
            return _not_held(files(), clock, grade, failure)
        return _judgement(held, release, read, clock, (_JUDGED_FILES, *_judged_inside(grade)))

    def _unsealed(self, release: Path, plan: Plan, grade: Grade, read: ReadBack, why: NotSealed) -> Judgement:
        """Judge without a seal, and say so: of a copy that cannot send mail, up to RCPT."""
        clock = _Clock()
        files = partial(judge_files, release, read, neutral_programs(self.work_dir), self.live.config_dir)
        try:
            held = self._held(running.start_unsealed(self, release, plan, read), release, files, clock)
        except NotSealed as failure:
            return _not_held(files(), clock, grade, failure)
        found = _judgement(held, release, read, clock, (_JUDGED_FILES, _JUDGED_UNSEALED))
        missed = [_NOT_SEALED.format(why), *held.outcome.stage.get("missed", ()), *found.not_judged]
        missed += [_JUDGED_MAIL] if grade is Grade.FULL else []
        shown = (_not_rehearsed(why, missed, "A copy that cannot send mail was tried up to RCPT."),)
        return replace(
            found,
            findings=(*found.findings, *(shown if grade is Grade.FULL else ())),
            not_judged=tuple(missed),
            sealed=False,
        )

    def _held(self, stage: Rehearsal, release: Path, files: Callable[[], tuple[Finding, ...]], clock: _Clock) -> _Held:
        """Judge the files and ask the live services while the stage performs; wait for all."""
        with stage, self._preflight(stage.outside, release) as preflight:
            findings = files()
            clock.lap("files")
            outcome = stage.outcome()
            return _Held(outcome, (*findings, *preflight.findings()), stage.left_open(outcome.stage))

    def _preflight(self, outside: tuple[Outsider, ...], release: Path) -> Preflight:
        accounts = self.accounts or Accounts.named()
        return Preflight(outside, accounts.mail_owner, self.live.queue_dir, release)

    def world(self, release: Path) -> World:
        """Return the sealed world in which a release runs as it would live."""
        live = self.live
        return World(
            shown=tuple(map(str, (release, *self.shown))),
            fresh={
                str(live.queue_dir): _space(live.queue_dir),
                str(live.data_dir): 0,
                str(live.log_file.parent): 0,
            },
            links=_links(live.config_dir, release),
            texts={"/etc/resolv.conf": RESOLV_CONF} if os.path.lexists("/etc/resolv.conf") else {},
            addresses=own_addresses(),
            ipv6=has_ipv6(),
        )

    def task(self) -> dict[str, Any]:
        """Return what the stage must know of the instance."""
        accounts = self.accounts or Accounts.named()
        programs = Programs(self.live.config_dir)
        return {
            "config_dir": str(self.live.config_dir),
            "queue_dir": str(self.live.queue_dir),
            "data_dir": str(self.live.data_dir),
            "log_file": str(self.live.log_file),
            "accounts": [accounts.mail_owner, accounts.setgid_group],
            "patience": self.patience,
            "command_dir": str(programs.command_dir),
            "daemon_dir": str(programs.daemon_dir),
        }


def _judged_inside(grade: Grade) -> tuple[str, ...]:
    return (_JUDGED_STAGE, _JUDGED_MAIL) if grade is Grade.FULL else (_JUDGED_STAGE,)


@dataclass(frozen=True, slots=True)
class _Held:
    """A run that was held: what came of it, the findings beside it, and what its stand-ins leave open."""

    outcome: Outcome
    findings: tuple[Finding, ...]
    left_open: tuple[str, ...]


def _judgement(held: _Held, release: Path, read: ReadBack, clock: _Clock, judged: tuple[str, ...]) -> Judgement:
    seen, findings = held.outcome.stage, held.findings
    known = {(found.place.file, found.place.line) for found in findings if found.place.line}
    told = (*findings, *(f for f in _of_stage(seen, release, read) if (f.place.file, f.place.line) not in known))
    seconds = {f"stage.{part}": took for part, took in seen["seconds"].items()} | clock.all()
    return Judgement(tuple(dict.fromkeys(told)), seconds, judged, held.left_open, seen, held.outcome.seen)


def _not_held(findings: tuple[Finding, ...], clock: _Clock, grade: Grade, failure: NotSealed) -> Judgement:
    """Return the judgement where no run could be held: of the files alone, and what was not judged, with why."""
    missed = tuple(f"{words} ({failure})" for words in _judged_inside(grade))
    if not isinstance(failure, Forbidden):
        shown: tuple[Finding, ...] = (_broken_off(failure),)
    else:
        shown = (_not_rehearsed(failure, missed, "Only its files were judged."),) if grade is Grade.FULL else ()
    return Judgement((*findings, *shown), clock.all(), (_JUDGED_FILES,), missed, sealed=False)


def _broken_off(why: NotSealed) -> Finding:
    return error(
        BROKEN_OFF,
        Place(),
        f"The rehearsal did not come to its end: {why}.",
        "Whether mail would go on with this candidate is not known.",
        "Try again when the machine is less busy; if it stays so, take back the last own lines.",
    )


def _not_rehearsed(why: NotSealed, missed: Sequence[str], what_was: str) -> Finding:
    return warning(
        NOT_REHEARSED,
        Place(),
        f"This candidate was not rehearsed in full: {why}.",
        f"{what_was} {len(missed)} things were not judged; the report lists them.",
        "Allow the gateway to make namespaces (CAP_SYS_ADMIN), or look at these things yourself.",
    )


# -- findings from what the stage saw


def _of_stage(seen: Mapping[str, Any], release: Path, read: ReadBack) -> Iterator[Finding]:
    started = seen["started"]
    early = [_complaint(said) for said in started["complaints"]]
    logged = (said for said in complaints(seen["log"]) if not _MEETS_ITSELF.search(said.text))
    said = (with_parameter(one, read) for one in dict.fromkeys((*early, *logged)))
    yield from findings_of(said, SAID, release)
    for fault in started["faults"]:
        yield error(NOT_STARTED, Place(file="main.cf"), fault, "Every mail would stay outside.")
    if seen["filter"]:
        yield error(
            NO_FILTER, Place(file="policy.json"), f"The mail filter does not work: {seen['filter']}.",
            "Mail would be taken and stay in the queue.",
        )  # fmt: skip
    for silent in started["silent"]:
        yield _silent(silent["service"], f"on {silent['address']}: {silent['fault']}")
    for service in seen.get("silent", ()):
        yield _silent(service, "its daemon does not come up")
    for call in seen.get("calls", ()):
        if call["fault"]:
            yield _cannot_tell(call)
    for route in seen.get("routes", ()):
        if not route["transport"] or "fail" in route["flags"]:
            yield error(NO_ROUTE, Place(file="main.cf"), f"Postfix finds no route for {route['recipient']}.")


def _silent(service: str, how: str) -> Finding:
    name = service.partition("/")[0]
    return error(
        SILENT, Place(file="master.cf", key=service), f"The service {name} does not answer ({how}).",
        "Its daemon cannot run with this configuration.",
    )  # fmt: skip


def _cannot_tell(call: Mapping[str, Any]) -> Finding:
    return error(
        CANNOT_TELL, Place(file="master.cf", key=call["service"]),
        f"A client with the address {call['client']} cannot be served on {call['address']}: {call['fault']}.",
        "Postfix answers so when a setting or a table that it needs is broken; the other findings may name it.",
    )  # fmt: skip


def _complaint(data: Mapping[str, Any]) -> Complaint:
    return Complaint(**{**data, "level": Level(data["level"])})


# -- the world


def _links(config_dir: Path, release: Path) -> dict[str, str]:
    """Make the live configuration path lead to the release: by a link, or file by file in a system directory."""
    if config_dir == release:
        return {}
    if config_dir.is_dir() and not config_dir.is_symlink() and config_dir.is_relative_to("/etc"):
        return {str(config_dir / name): str(release / name) for name in ("main.cf", "master.cf")}
    return {str(config_dir): str(release)}


def _space(queue_dir: Path) -> int:
    """Return the bytes free where the live queue is or will be: the staged queue has as many, and no more is used."""
    place = queue_dir
    while not place.is_dir():
        place = place.parent
    return max(free_space(place), 1 << 20)


def cool(release: Path) -> None:
    """Make sure that no program waits for a main.cf that is too young (postfix.md fact 1)."""
    main = release / "main.cf"
    if main.is_file() and time.time() - main.stat().st_mtime < HOT_SECONDS / 2:
        Files(durable=False).back_date(main)


class _Clock:
    def __init__(self) -> None:
        self._started = self._last = time.monotonic()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self._laps[name] = now - self._last
        self._last = now

    def all(self) -> dict[str, float]:
        return {**self._laps, "all": time.monotonic() - self._started}
