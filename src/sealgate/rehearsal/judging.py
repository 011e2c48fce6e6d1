"""Judging a staged release, probe grade: is it readable, are its tables whole, does it run, can it answer.

`probe` judges the files (`reading`) while the release runs in a sealed world (`stage`), and makes findings of both
that name file, line and parameter as far as Postfix names them. It changes nothing live; all it writes is the neutral
configuration for asking tables, and the age of the release's main.cf, for which every program would wait.

What could not be judged is in `not_judged`, with the reason: no verdict is ever assumed. Whether the policy is right
(an open relay, say) is not the question here.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sealgate.model.findings import Finding, Place, Severity, error
from sealgate.postfix.command import Programs
from sealgate.postfix.complaints import Complaint, Level, complaints
from sealgate.postfix.files import HOT_SECONDS, Files, free_space
from sealgate.postfix.neutral import neutral_programs
from sealgate.postfix.parameters import ReadBack, read_back
from sealgate.postfix.spool import Accounts
from sealgate.rehearsal.reading import judge_files
from sealgate.rehearsal.sealed import NotSealed, World, own_addresses, start_sealed
from sealgate.rehearsal.verdicts import findings_of, with_parameter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sealgate.postfix.master import InstancePaths

NOT_STARTED = "postfix-does-not-start"
SILENT = "service-does-not-answer"
CANNOT_TELL = "server-cannot-answer"
SAID = "postfix-says"
NO_ROUTE = "no-route"

_STAGE = "sealgate.rehearsal.stage"
# In there every address is local, so what is sent to a next hop meets the gateway itself.
_MEETS_ITSELF = re.compile(r"with my own hostname|loops back to myself")
_JUDGED_FILES = "main.cf and master.cf as Postfix reads them, and every table file they name"
_JUDGED_STAGE = "the release running sealed off: every listener, every daemon, callers from outside and inside"


@dataclass(frozen=True)
class Judgement:
    """What a judge says of one release. `seconds` by part; `judged` and `not_judged` in words for people."""

    findings: tuple[Finding, ...]
    seconds: Mapping[str, float]
    judged: tuple[str, ...]
    not_judged: tuple[str, ...] = ()
    seen: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing found stops an apply."""
        return not any(found.severity is Severity.ERROR for found in self.findings)


@dataclass(frozen=True)
class Judge:
    """Judges releases for the instance that lives, or will live, at `live`.

    `work_dir` may be written (the neutral configuration). `shown` are further paths that a candidate may read.
    `patience` is how long, in seconds, a listener may take to greet.
    """

    live: InstancePaths
    work_dir: Path
    shown: tuple[Path, ...] = ()
    accounts: Accounts | None = None
    patience: float = 10.0

    def probe(self, release: Path) -> Judgement:
        """Judge the release whose main.cf and master.cf lie in the directory `release`. Nothing expected raises."""
        clock = _Clock()
        neutral = neutral_programs(self.work_dir)
        _cool(release)
        try:
            stage = start_sealed(self.world(release), _STAGE, self.task())
        except NotSealed as failure:
            read = read_back(Programs(release), expanded=True)
            return self._unsealed(judge_files(release, read, neutral, self.live.config_dir), clock, failure)
        with stage:
            read = read_back(Programs(release), expanded=True)
            findings = judge_files(release, read, neutral, self.live.config_dir)
            clock.lap("files")
            try:
                seen = stage.answer(self.patience * 6)
            except NotSealed as failure:
                return self._unsealed(findings, clock, failure)
        known = {(found.place.file, found.place.line) for found in findings if found.place.line}
        told = (*findings, *(f for f in _of_stage(seen, release, read) if (f.place.file, f.place.line) not in known))
        seconds = {f"stage.{part}": took for part, took in seen["seconds"].items()} | clock.all()
        return Judgement(tuple(dict.fromkeys(told)), seconds, (_JUDGED_FILES, _JUDGED_STAGE), (), seen)

    @staticmethod
    def _unsealed(findings: tuple[Finding, ...], clock: _Clock, failure: NotSealed) -> Judgement:
        return Judgement(findings, clock.all(), (_JUDGED_FILES,), (f"{_JUDGED_STAGE} ({failure})",))

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
            texts={"/etc/resolv.conf": "nameserver 127.0.0.1\n"} if os.path.lexists("/etc/resolv.conf") else {},
            addresses=own_addresses(),
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


# -- findings from what the stage saw


def _of_stage(seen: Mapping[str, Any], release: Path, read: ReadBack) -> Iterator[Finding]:
    started = seen["started"]
    early = [_complaint(said) for said in started["complaints"]]
    logged = (said for said in complaints(seen["log"]) if not _MEETS_ITSELF.search(said.text))
    said = (with_parameter(one, read) for one in dict.fromkeys((*early, *logged)))
    yield from findings_of(said, SAID, release)
    for fault in started["faults"]:
        yield error(NOT_STARTED, Place(file="main.cf"), fault, "Every mail would stay outside.")
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


def _cool(release: Path) -> None:
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
