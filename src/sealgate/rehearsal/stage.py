"""The staged release at work inside the sealed world: start it, wake every daemon, let strangers ask.

`perform` runs in the world that `sealed` made. The release starts from its own bytes, on its own paths and ports.
Then every listener must greet, every daemon of master.cf is woken (a daemon reads its parameters when it starts, so a
bad value for any program shows here and not with the first mail), and every smtpd is asked for a recipient by a
stranger and from loopback, so that restrictions are evaluated. Then the plan's trials are held (`holding`): up to RCPT
by a probe; to the end at full grade, where the mail filter runs too, and mail goes on to the artificial internet until
nothing moves any more. Nothing is judged here: the answer holds facts, `judging` reads them.

Sources: master(5); the daemons speak first on their sockets (attr_print0(3)).
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealgate.link.codec import from_json, to_json
from sealgate.model.errors import NodeFailed
from sealgate.postfix.command import Programs
from sealgate.postfix.complaints import complaints
from sealgate.postfix.logfile import LogFile, Position
from sealgate.postfix.master import Instance, InstancePaths, Outcome
from sealgate.postfix.parameters import in_force
from sealgate.postfix.queue import Queue
from sealgate.postfix.rewrite import Rewrite
from sealgate.postfix.spool import Accounts
from sealgate.postfix.tables import Tables, TableType
from sealgate.rehearsal import trials
from sealgate.rehearsal.callers import VERIFYING, call_all
from sealgate.rehearsal.filtering import MailFilter
from sealgate.rehearsal.holding import AT_ONCE, AT_ONCE_QUICK, PATIENCE, Terms, hold_all
from sealgate.rehearsal.internet import ArtificialInternet, Clients
from sealgate.rehearsal.network import Place
from sealgate.rehearsal.outside import Kind, Outsider
from sealgate.rehearsal.standins import StandIns
from sealgate.rehearsal.tracing import Trace, with_lines
from sealgate.rehearsal.trials import Plan, Seen, Until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.postfix.listeners import Listener
    from sealgate.postfix.parameters import ReadBack, Service
    from sealgate.rehearsal.trials import Ended

_SILENT_PROGRAMS = {"pickup", "qmgr", "nqmgr", "oqmgr", "postlogd", "spawn", "postscreen"}
"""Daemons that never speak first on their socket (pickup and the queue manager start with master anyway)."""

WAKING = 10.0
"""Seconds in which a daemon says its first word, on a machine that is busy with other things too."""
_LAST_CHANCE = 0.5
"""Seconds without any daemon's word after which the rest is given up, once one has died."""

NO_HOPE = 0.1
_GRACE = 1.5
"""Seconds that sessions go on after a daemon died: it may have been another one's."""
_SETTLING = 10.0
"""Seconds in which mail that was taken gets where it is going, or is deferred."""
_MARK_WAIT = 5.0
FOREIGN = "someone@example.net"


def perform(task: dict[str, Any], internet: Place | None = None) -> dict[str, Any]:
    """Start and question the release; return what was seen. `task` is made by `running`."""
    clock = Clock()
    instance = instance_of(task)
    stage = _Stage(instance, from_json(Plan, task.get("plan", {})), task, internet)
    stage.world.serve_names()
    stage.stand_ins.serve()
    with stage.filter_at_work():
        clock.lap("internet")
        outcome = instance.start(timeout=task["patience"])
        clock.lap("start")
        seen = stage.examined(outcome, clock) if instance.is_running() else {}
        log = whole_log(instance)
        return seen | {
            "started": as_json(outcome),
            "log": log,
            "filter": stage.filter_fault(),
            "trials": to_json(stage.seen(log)),
            "asked": stage.stand_ins.asked,
            "stand_in_faults": stage.stand_ins.faults,
            "seconds": clock.laps,
        }


def instance_of(task: dict[str, Any]) -> Instance:
    """Return the instance that a task of `judging` describes."""
    paths = InstancePaths(*(Path(task[name]) for name in ("config_dir", "queue_dir", "data_dir", "log_file")))
    programs = Programs(paths.config_dir, Path(task["command_dir"]), Path(task["daemon_dir"]))
    return Instance(paths, programs, Accounts(*task["accounts"]))


class _Stage:
    """One release with what it is asked."""

    def __init__(self, instance: Instance, plan: Plan, task: dict[str, Any], internet: Place | None) -> None:
        self._instance, self._plan, self._full = instance, plan, internet is not None
        place = internet or Place()
        self.world = ArtificialInternet(plan, place)
        self._clients = Clients(place, frozenset(task.get("inner", ())))
        self._filter = MailFilter(task["filter"]) if self._full and "filter" in task else None
        self.stand_ins = _stand_ins(task, place)
        self._ended: dict[str, Ended] = {}
        self._routes: dict[str, trials.Route] = {}
        self._failing: dict[str, tuple[str, ...]] = {}
        if self._full:
            self.world.serve_mail(_written(task["chains"], Path(task["own_dir"])), ipv6=task["ipv6"])

    @contextlib.contextmanager
    def filter_at_work(self) -> Iterator[None]:
        """Have the mail filter started for the time being, if there is one; it ends however it was started."""
        if self._filter is None:
            yield
            return
        with contextlib.ExitStack() as ended:
            ended.callback(self._filter.stop)
            if self._plan.mpa:
                self._filter.start()
            yield

    def filter_fault(self) -> str:
        """Tell why the mail filter does not work; empty when it does or there is none."""
        return self._filter.fault if self._filter else ""

    def examined(self, outcome: Outcome, clock: Clock) -> dict[str, Any]:
        """Do everything that is to be done with a release that runs."""
        instance = self._instance
        read = outcome.read or instance.read_back()
        if self._full:
            self.world.serve_loopback()
        silent = wake(instance, read.services, hopeless=bool(outcome.silent))
        clock.lap("wake")
        recipients = some_recipients(instance, read)
        patience = NO_HOPE if "rewrite/unix" in silent else WAKING
        routes = routes_of(instance, recipients, timeout=patience)
        self._routes = {
            one["recipient"]: as_route(one) for one in routes_of(instance, self._plan.routes, timeout=patience)
        }
        clock.lap("routes")
        if self._filter and self._plan.mpa:
            self._filter.await_greeting()
            clock.lap("filter")
        answering = tuple(greeting.listener for greeting in outcome.greetings if greeting.answers)
        heard = call_all(answering, recipients, self._clients, Fatal(instance.log).seen)
        clock.lap("callers")
        self._ended = hold_all(self._plan.trials, self._terms(read, answering))
        clock.lap("trials")
        if self._full:
            taken = [end.queue_id for end in self._ended.values() if end.queue_id]
            _await_settled(instance.log, [*taken, *_queue_ids(heard)])
            if self._plan.repaired:
                self._repair(taken)
        else:
            _await_deliveries(instance.log, heard)
        clock.lap("deliveries")
        return {"silent": silent, "routes": routes, "calls": heard}

    def seen(self, log: list[str]) -> Seen:
        """Return what the plan's trials showed."""
        ended = with_lines((one for one in self._plan.trials if one.id in self._ended), self._ended, log)
        left = self._left(Trace(log))
        return Seen(ended, self.world.arrivals(), self._routes, tuple(log), left, self._failing)

    def _left(self, trace: Trace) -> dict[str, tuple[str, ...]]:
        """Return the trials whose mail is not delivered, with how it stands."""
        standing = {name: trace.standing(end.queue_id) for name, end in self._ended.items() if end.queue_id}
        return {name: lines for name, lines in standing.items() if lines}

    def _repair(self, taken: list[str]) -> None:
        """Make what failed work again, and have what is queued tried once more."""
        self._failing = self._left(Trace(whole_log(self._instance)))
        self.world.repair()
        if self._filter and not self._plan.mpa:
            self._filter.start()
            self._filter.await_greeting()
        at = self._instance.log.end()
        Queue(self._instance.programs).flush()
        _await_tried_again(self._instance.log, at, taken)

    def _terms(self, read: ReadBack, answering: tuple[Listener, ...]) -> Terms:
        limits = {one.key: int(one.processes) for one in read.services if one.processes.isdigit()}
        return Terms(
            clients=self._clients,
            give_up=Fatal(self._instance.log).long_ago,
            at_once=AT_ONCE if self._full else AT_ONCE_QUICK,
            furthest=Until.MESSAGE if self._full else Until.RCPT,
            rcpt_patience=VERIFYING if not self._full and verifies(read) else PATIENCE,
            processes={one.port: limits[one.service] for one in answering if limits.get(one.service)},
            wrapped=frozenset(one.port for one in answering if one.tls_wrapped),
        )


def _stand_ins(task: dict[str, Any], place: Place) -> StandIns:
    """Make the stand-ins that a task names."""
    return StandIns(
        (from_json(Outsider, one) for one in task.get("outsiders", ())),
        place,
        [Path(one) for one in task.get("fresh", ())],
        Path(task.get("own_dir", "/")),
        inner=frozenset(task.get("own_addresses", ())),
        behind={Kind(kind): (host, port) for kind, (host, port) in task.get("behind", {}).items()},
    )


def verifies(read: ReadBack) -> bool:
    """Tell whether any restriction asks a next hop for an address, which takes a second or more."""
    values_ = (*read.main.values(), *(value for own in read.overrides.values() for value in own.values()))
    return any("reject_unverified_" in value for value in values_)


def _written(chains: dict[str, str], directory: Path) -> dict[str, str]:
    """Write the servers' certificates down, for ssl reads files; return where, by kind."""
    found = {}
    for number, (kind, chain) in enumerate(chains.items()):
        path = directory / f"server{number}.pem"
        path.write_text(chain)
        found[kind] = str(path)
    return found


def _queue_ids(calls: Iterable[dict[str, Any]]) -> set[str]:
    texts = (reply for call in calls for _, reply in call["replies"])
    return {text.rpartition(" ")[2] for text in texts if "queued as " in text}


# -- daemons


def wake(
    instance: Instance, services: Iterable[Service], timeout: float = WAKING, *, hopeless: bool = False
) -> list[str]:
    """Connect to one unix service of each kind and wait for its first word; return those that gave none.

    master starts the daemon for the connection. Once one has died of a fatal error the others get little time more;
    `hopeless` says that one was seen to die before.
    """
    present = [one for one in services if (instance.programs.daemon_dir / one.command).is_file()]
    alike = _alike(present)
    waiting = dict(_connected(instance.paths.queue_dir, [first for first, *_ in alike.values()]))
    deadline, fatal = time.monotonic() + timeout, Fatal(instance.log, seen=hopeless)
    quiet_until = time.monotonic() + _LAST_CHANCE
    while waiting and time.monotonic() < deadline:
        ready, _, _ = select.select(list(waiting), [], [], 0.01)
        for connection in ready:
            connection.close()
            del waiting[connection]
        if ready or not fatal.seen():
            quiet_until = time.monotonic() + _LAST_CHANCE
        elif time.monotonic() > quiet_until:
            break
    for connection in waiting:
        connection.close()
    return sorted(one.key for group in alike.values() if group[0].key in waiting.values() for one in group)


def _alike(services: Iterable[Service]) -> dict[tuple[object, ...], list[Service]]:
    """Put together the services that run one program with the same arguments: they read the same parameters."""
    found: dict[tuple[object, ...], list[Service]] = {}
    for one in services:
        name = one.name if one.command == "proxymap" else ""  # it has different rights by its name
        found.setdefault((one.kind, one.command, one.arguments, one.chroot, one.unprivileged, name), []).append(one)
    return found


def _connected(queue_dir: Path, services: Iterable[Service]) -> Iterable[tuple[socket.socket, str]]:
    for service in services:
        if service.kind != "unix" or service.command in _SILENT_PROGRAMS:
            continue
        directory = "public" if service.private == "n" else "private"
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(queue_dir / directory / service.name))
        except OSError:
            connection.close()
            continue
        yield connection, service.key


class Fatal:
    """Tells whether any daemon has met a fatal error since this was made."""

    def __init__(self, log: LogFile, *, seen: bool = False) -> None:
        self._log = log
        self._at = log.end()
        self._since = time.monotonic() if seen else 0.0

    def seen(self) -> bool:
        """Tell whether one has."""
        lines, self._at = self._log.since(self._at)
        if not self._since and any(c.hopeless for c in complaints(lines)):
            self._since = time.monotonic()
        return self._since > 0

    def long_ago(self) -> bool:
        """Tell whether one has, and whoever did not depend on it has had the time to answer."""
        return self.seen() and time.monotonic() > self._since + _GRACE


def _await_deliveries(log: LogFile, calls: Iterable[dict[str, Any]], timeout: float = 3.0) -> None:
    """Wait until each message that was taken has been tried once, or a daemon died of it."""
    waiting = _queue_ids(calls)
    deadline, position = time.monotonic() + timeout, Position()
    while waiting and time.monotonic() < deadline:
        lines, position = log.since(position)
        waiting -= {name for line in lines for name in waiting if f"{name}: to=<" in line}
        said = complaints(lines)
        if any(one.stops_service or "connect to transport" in one.text for one in said):
            return
        if waiting:
            time.sleep(0.005)


def _await_settled(log: LogFile, queue_ids: Iterable[str], timeout: float = _SETTLING) -> None:
    """Wait until these messages, and what came of them, are delivered, bounced, deferred or kept; not for ever."""
    wanted, trace, position = list(queue_ids), Trace(), Position()
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        lines, position = log.since(position)
        trace.feed(lines)
        if trace.settled(wanted):
            return
        time.sleep(0.01)


def _await_tried_again(log: LogFile, since: Position, queue_ids: list[str], timeout: float = _SETTLING) -> None:
    """Wait until what was queued, and what comes of it, is gone or was tried once more since then; not for ever."""
    trace, before = Trace(), Trace(log.since(Position())[0])
    waiting = [one for one in queue_ids if not before.gone(one)]
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        lines, since = log.since(since)
        trace.feed(lines)
        before.feed(lines)
        again = (any(part in trace.messages for part in before.chain(one)) for one in waiting)
        if all(again) and before.settled(waiting):
            return
        time.sleep(0.01)


# -- recipients and routes


def some_recipients(instance: Instance, read: ReadBack) -> list[str]:
    """One address of a relay domain, if there is one, and one of a domain that is nobody's here."""
    try:
        domains = in_force(instance.programs, read, "relay_domains").get("relay_domains", "")
    except NodeFailed:
        return [FOREIGN]
    for word in domains.replace(",", " ").split():
        names = _first_keys(instance, word) if ":" in word else [word]
        for name in names:
            if name.isascii() and not set(name) & set("/$:"):
                return [f"someone@{name.lstrip('.')}", FOREIGN]
    return [FOREIGN]


def _first_keys(instance: Instance, table: str) -> list[str]:
    kind, _, path = table.removeprefix("proxy:").partition(":")
    if kind not in {TableType.LMDB, TableType.HASH, TableType.BTREE, TableType.CDB}:
        return []
    keys = Tables(instance.programs).contents(Path(path), TableType(kind))
    try:
        return [key for key, _ in islice(keys, 100)]
    except NodeFailed:
        return []


def routes_of(instance: Instance, recipients: Iterable[str], timeout: float) -> list[dict[str, Any]]:
    """Ask trivial-rewrite for the recipients; an empty transport says that it gave no answer."""
    found: list[dict[str, Any]] = []
    with Rewrite(instance.paths.queue_dir, timeout=timeout) as rewrite:
        for recipient in recipients:
            try:
                route = rewrite.resolve(recipient)
            except NodeFailed as failure:
                return [{"recipient": recipient, "transport": "", "nexthop": "", "flags": [str(failure)]}]
            found.append(asdict(route) | {"flags": sorted(route.flags)})
    return found


def as_route(found: dict[str, Any]) -> trials.Route:
    """Return what trivial-rewrite said as a report has it."""
    return trials.Route(found["recipient"], found["transport"], found["nexthop"], tuple(found["flags"]))


# -- the log


def whole_log(instance: Instance) -> list[str]:
    """Return all that was logged, up to a mark that we put at its end: postlogd writes in the order of what it gets."""
    mark = f"sealgate-end-of-stage-{os.getpid()}-{time.monotonic_ns()}"
    log, position = LogFile(instance.paths.log_file), Position()
    lines: list[str] = []
    deadline = time.monotonic() + (_MARK_WAIT if _put_mark(instance, mark) else 0)
    while True:
        more, position = log.since(position)
        lines += more
        if any(mark in line for line in more) or time.monotonic() >= deadline:
            return [line for line in lines if mark not in line]
        time.sleep(0.002)


def _put_mark(instance: Instance, mark: str) -> bool:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.settimeout(_MARK_WAIT)
            out.sendto(f"{mark}\n".encode(), str(instance.paths.queue_dir / "public/postlog"))
    except OSError:
        return False
    return True


class Clock:
    """Takes the time of each part of a run, in seconds (`laps`)."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        """Note how long the part lasted that ends now."""
        now = time.monotonic()
        self.laps[name] = now - self._last
        self._last = now


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return what came of a start as plain values."""
    return {
        "faults": list(outcome.faults),
        "complaints": [asdict(said) for said in outcome.complaints],
        "silent": [
            {"service": g.listener.service, "address": str(g.listener), "fault": g.fault} for g in outcome.silent
        ],
        "listeners": [str(g.listener) for g in outcome.greetings],
    }
