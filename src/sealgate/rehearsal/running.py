"""One run of a release with a plan: the sealed world is laid out, the stage performs in it, what was seen comes back.

`run` is the call for those who only want to know what came of their trials; `start` gives a `Rehearsal` at once, so
that files can be judged meanwhile, and its `outcome()` has what the stage saw of the daemons as well. The grade decides
about the world: a probe has the gateway's network alone and goes up to RCPT; a full rehearsal has an internet around
it, certificates for its servers, and the mail filter.

Raises NotSealed where no world can be closed off, and Refused when the machine is short of something. Nothing live is
touched: what is changed of the release (more words in the log, the trusted authority) is changed in the world only.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sealgate.link.codec import from_json, to_json
from sealgate.link.messages import Grade
from sealgate.postfix.command import Programs
from sealgate.postfix.parameters import read_back
from sealgate.rehearsal.callers import STRANGERS
from sealgate.rehearsal.certificates import issue, names_in
from sealgate.rehearsal.internet import down
from sealgate.rehearsal.name_server import RESOLV_CONF
from sealgate.rehearsal.outside import PROGRAM_TABLE, Kind, Outsider, outsiders
from sealgate.rehearsal.resources import check
from sealgate.rehearsal.sealed import NotSealed, Running, World, libraries, shortage, start_apart, start_sealed
from sealgate.rehearsal.standins import behind_filters, left_open, links
from sealgate.rehearsal.trials import Plan, Seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgate.postfix.parameters import ReadBack
    from sealgate.rehearsal.judging import Judge

STAGE = "sealgate.rehearsal.stage"
UNSEALED = "sealgate.rehearsal.unsealed"
OWN_DIR = "/run/sealgate-rehearsal"
"""The stage's own directory in the world: certificates, the filter's log and events."""
_AUTHORITIES = re.compile(r"(?:^|/)(?:smtp|lmtp)_tls_CAfile$")
_COULD_NOT = re.compile(r"fork\S*: Resource temporarily unavailable|: Cannot allocate memory")
"""What Postfix says when the machine, and not the candidate, is at fault."""
_TALKATIVE = ("smtpd", "cleanup")
EMPTY_TABLE = "cidr:/dev/null"
"""What stands for a table that another program would answer: it is built in, and finds nothing."""
LONGEST = 90.0
"""Seconds after which a run is ended, whatever it does."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run: `stage` has the facts about daemons and listeners, `seen` what the trials showed."""

    stage: Mapping[str, Any]
    seen: Seen


class Rehearsal:
    """A run under way; a context manager that leaves nothing running. `outside` is what was replaced by stand-ins."""

    def __init__(self, running: Running, outside: tuple[Outsider, ...] = ()) -> None:
        self._running = running
        self.outside = outside

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.__exit__()

    def outcome(self) -> Outcome:
        """Wait for the end and return what was seen. Raises NotSealed or Refused."""
        answer = self._running.answer(LONGEST)
        for line in filter(_COULD_NOT.search, answer["log"]):
            raise shortage(line) or NotSealed(line)
        return Outcome(answer, from_json(Seen, answer.pop("trials"), "seen"))

    def left_open(self, stage: Mapping[str, Any]) -> tuple[str, ...]:
        """Return what a report says of the stand-ins of a run."""
        faults = stage.get("stand_in_faults", {})
        return tuple(
            f"{one} ({one.parameter}) could not be replaced: {faults[str(one)]}"
            if str(one) in faults
            else left_open(one)
            for one in self.outside
        )


def run(judge: Judge, release: Path, plan: Plan, grade: Grade, read: ReadBack | None = None) -> Seen:
    """Run a release once with a plan and return what was seen; as `start`. Raises NotSealed or Refused."""
    with start(judge, release, plan, grade, read) as rehearsal:
        return rehearsal.outcome().seen


def start(judge: Judge, release: Path, plan: Plan, grade: Grade, read: ReadBack | None = None) -> Rehearsal:
    """Start a run and return at once. `read` is the release's configuration with values expanded."""
    check(judge.needs, judge.work_dir)
    read = read or read_back(Programs(release), expanded=True)
    world, task = judge.world(release), judge.task() | {"plan": to_json(plan)}
    found = outside_of(release, read)
    texts = {"/etc/resolv.conf": RESOLV_CONF} if "/etc/resolv.conf" in world.texts else {}
    texts |= {str(release / path): "" for path in plan.emptied}
    texts |= _changed_texts(release, found, verbose=plan.verbose)
    if grade is Grade.FULL:
        world, more = _full(judge, release, plan, world, read)
        texts |= more.pop("texts")
        task |= more
    if found:
        world, more = _with_stand_ins(world, found, read)
        task |= more
    return Rehearsal(start_sealed(replace(world, texts=texts), STAGE, task), found)


def start_unsealed(judge: Judge, release: Path, plan: Plan, read: ReadBack) -> Rehearsal:
    """Start a run of a copy without a seal, where namespaces are forbidden; it goes up to RCPT (`unsealed`)."""
    check(judge.needs, judge.work_dir)
    task = judge.task() | {"plan": to_json(plan), "release": str(release), "places": _places()}
    return Rehearsal(start_apart(UNSEALED, task, gently=True), outside_of(release, read))


def _places() -> str:
    """Return where throw-away copies are made: names of sockets are short, so that is near the top."""
    return "/run" if os.access("/run", os.W_OK) else "/tmp"  # noqa: S108 - a fresh directory in it


def outside_of(release: Path, read: ReadBack) -> tuple[Outsider, ...]:
    """Return what a release names and no sealed world has; Sealgate's own mail filter is not among it."""
    try:
        own = [str(json.loads((release / "policy.json").read_text())["listen"]).replace("[", "").replace("]", "")]
    except (OSError, ValueError, KeyError, TypeError):
        own = []
    return outsiders(read, own)


def _with_stand_ins(world: World, found: tuple[Outsider, ...], read: ReadBack) -> tuple[World, dict[str, Any]]:
    """Return the world with room for stand-ins, and the stage's further task."""
    taken = (*world.shown, *world.fresh)
    fresh = {**world.fresh, OWN_DIR: 0}
    task = {
        "outsiders": [to_json(one) for one in found],
        "fresh": [*world.fresh],
        "behind": {kind.value: list(address) for kind, address in behind_filters(read).items()},
        "own_dir": OWN_DIR,
        "own_addresses": list(world.addresses),
    }
    return replace(world, fresh=fresh, links={**world.links, **links(found, taken, OWN_DIR)}), task


def _changed_texts(release: Path, found: tuple[Outsider, ...], *, verbose: bool) -> dict[str, str]:
    """Return the texts of the release that are others in the world, by path: more words, and tables that are empty."""
    emptied = any(one.kind is Kind.PROGRAM for one in found)
    texts = {}
    for name in ("main.cf", "master.cf"):
        if emptied or (verbose and name == "master.cf"):
            text = (release / name).read_text("utf-8", "surrogateescape")
            text = PROGRAM_TABLE.sub(EMPTY_TABLE, text) if emptied else text
            texts[str(release / name)] = talkative(text) if verbose and name == "master.cf" else text
    return texts


def _full(judge: Judge, release: Path, plan: Plan, world: World, read: ReadBack) -> tuple[World, dict[str, Any]]:
    """Return the world and the further task of a full rehearsal."""
    issued = issue(names_in(plan))
    inner = tuple(dict.fromkeys([STRANGERS[6], *_of_own_loopback(plan)]))
    packages = tuple(map(str, libraries()))
    task: dict[str, Any] = {
        "chains": {kind.value: chain for kind, chain in issued.chains.items()},
        "inner": (*world.addresses, *inner),
        "ipv6": world.ipv6,
        "own_dir": OWN_DIR,
        "texts": dict.fromkeys(_authorities(read, release, judge.live.config_dir), issued.authority),
    }
    if (plan.mpa or plan.repaired) and (release / "policy.json").is_file():
        policy = str(release / "policy.json")
        task["filter"] = {"policy": policy, "user": judge.mpa_user, "directory": OWN_DIR, "packages": packages}
    fresh = {**world.fresh, OWN_DIR: 0}
    return replace(
        world, shown=(*world.shown, *packages), fresh=fresh, internet=True, inner=inner, down=down(plan.internet)
    ), task


def _of_own_loopback(plan: Plan) -> Iterator[str]:
    """Give the addresses of clients that call on IPv6 loopback, which no packet from outside may reach."""
    for trial in plan.trials:
        host, client = ipaddress.ip_address(trial.host), ipaddress.ip_address(trial.client.address)
        if host.version == 6 and host.is_loopback and not client.is_loopback:
            yield str(client)


def _authorities(read: ReadBack, release: Path, live: Path) -> Iterator[str]:
    """Give the files of trusted authorities that the release names for mail going out, where they really are."""
    named = {
        **read.main,
        **{f"{key}/{name}": value for key, own in read.overrides.items() for name, value in own.items()},
    }
    for name, value in named.items():
        if _AUTHORITIES.search(name) and value.startswith("/"):
            path = Path(value)
            place = release / path.relative_to(live) if path.is_relative_to(live) else path
            if place.exists():
                yield str(place)


def talkative(master: str) -> str:
    """Return master.cf with `-v` for the programs whose decisions are to be explained."""
    return "".join(_talkative_line(line) for line in master.splitlines(keepends=True))


def _talkative_line(line: str) -> str:
    words = line.split()
    if line[:1].isspace() or line.startswith("#") or len(words) < 8 or words[7] not in _TALKATIVE:
        return line
    at = [found.end() for found in re.finditer(r"\S+", line)][7]
    return f"{line[:at]} -v{line[at:]}"
