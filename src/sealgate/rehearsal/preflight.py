"""Whether the real services live that a rehearsal replaces by stand-ins: asked outside the seal, beside the rehearsal.

A process of its own becomes Postfix's unprivileged account, connects to each service with a short time-out, and
negotiates where a service speaks: a milter must answer the offer of a version, a login server must tell its protocol, a
filter must greet. Nothing is sent that a service would remember: no mail, no request for a decision. What does not
answer is a warning that names parameter and line: it stops nothing, since a service may be down for a minute, but mail
will be refused or deferred until it is back.

`Preflight` starts at once and is waited for with `findings`; `perform` is what runs in the process. Sources:
MILTER_README, Dovecot's auth-protocol, ldap_table(5), mysql_table(5), pgsql_table(5), memcache_table(5).
"""

from __future__ import annotations

import os
import pwd
import re
import socket
import struct
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sealgate.model.errors import Refused
from sealgate.model.findings import Finding, Place, warning
from sealgate.rehearsal.outside import Kind, Outsider, Where
from sealgate.rehearsal.sealed import NotSealed, Running, start_apart

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_REACHED = "service-does-not-live"
LONGEST = 3.0
"""Seconds for all of them together, which are asked at once."""
_MODULE = "sealgate.rehearsal.preflight"
_SPARE = 10.0
_OFFER = struct.pack("!IBIII", 13, ord("O"), 6, 0x1FF, 0x1FFFFF)
_PORTS = {"ldap": "389", "ldaps": "636", "mysql": "3306", "pgsql": "5432", "memcache": "11211"}
_SETTING = re.compile(r"^(?:server_host|hosts|memcache)[ \t]*=[ \t]*(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_SPEAK_FIRST = {Kind.LOGIN: b"VERSION", Kind.PROXY: b"220", Kind.FILTER: b"220"}


class Preflight:
    """The question to the live services of one release; a context manager that leaves no process."""

    def __init__(self, found: tuple[Outsider, ...], account: int, queue_dir: Path, release: Path) -> None:
        self._found, self._release = found, release
        self._running: Running | None = None
        self._fault = ""
        questions = [_question(one, queue_dir) for one in found]
        if found:
            try:
                self._running = start_apart(_MODULE, {"account": account, "questions": questions})
            except (NotSealed, Refused) as failure:
                self._fault = str(failure)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._running is not None:
            self._running.__exit__()

    def findings(self) -> tuple[Finding, ...]:
        """Wait for the answers and return a warning for each service that does not live."""
        faults = self._faults()
        return tuple(
            _finding(one, fault, self._release) for one, fault in zip(self._found, faults, strict=True) if fault
        )

    def _faults(self) -> list[str]:
        if self._running is None:
            return [self._fault] * len(self._found)
        try:
            faults: list[str] = self._running.answer(LONGEST + _SPARE)["faults"]
        except (NotSealed, Refused) as failure:
            return [f"it could not be asked: {failure}"] * len(self._found)
        return faults


def _question(one: Outsider, queue_dir: Path) -> dict[str, Any]:
    """Return what the process must know: where to connect, any of which is enough."""
    where = tuple(_of_settings(one.named)) if one.kind is Kind.PROGRAM else (one.where,)
    places = [[str(queue_dir / at.path) if at.path else "", at.host, at.port] for at in where]
    return {"kind": one.kind.value, "places": places}


def _of_settings(named: str) -> Iterator[Where]:
    """Give the servers that the settings of a database table name; none for one that is a file (sqlite)."""
    kind, _, path = named.partition(":")
    try:
        text = Path(path).read_text("utf-8", "replace")
    except OSError:
        return
    found = _SETTING.search(text)
    words = found[1].replace(",", " ").split() if found else ["localhost"] if kind in _PORTS else []
    for word in words:
        scheme, slashes, rest = word.partition("://")
        name = (rest if slashes else word).removeprefix("inet:").rstrip("/")
        if name.startswith("unix:"):
            yield Where(path=name.removeprefix("unix:"))
            continue
        host, colon, port = name.rpartition(":")
        default = _PORTS.get(scheme if slashes else kind, "")
        yield Where(host=(host if colon else name).strip("[]"), port=port if colon else default)


def _finding(one: Outsider, fault: str, release: Path) -> Finding:
    name = "master.cf" if one.service else "main.cf"
    return warning(
        NOT_REACHED,
        Place(key=one.service, field=one.parameter, line=_line(release / name, one), file=name),
        f"The {one} does not answer: {fault}.",
        "It was replaced in the rehearsal; as long as it does not live, Postfix does what the settings say for that.",
        "Start it, or see that the account of Postfix may connect to it.",
    )


def _line(path: Path, one: Outsider) -> int:
    """Return the line that names an outsider in a file, or that sets its parameter; 0 when there is none."""
    lines = path.read_text("utf-8", "surrogateescape").split("\n") if path.is_file() else []
    numbered = [(number, line) for number, line in enumerate(lines, 1) if not line.startswith("#")]
    naming = [number for number, line in numbered if one.named in line]
    setting = [number for number, line in numbered if re.search(rf"(?:^|\s){re.escape(one.parameter)}\s*=", line)]
    return (naming or setting or [0])[-1]


# -- in the process


def perform(task: dict[str, Any]) -> dict[str, Any]:
    """Become the account and ask all services at once; return a fault for each, empty for one that lives."""
    _become(task["account"])
    questions = task["questions"]
    faults = [f"nothing came within {LONGEST:.0f} s"] * len(questions)

    def ask(number: int) -> None:
        question = questions[number]
        faults[number] = _fault(Kind(question["kind"]), question["places"])

    threads = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(len(questions))]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + LONGEST
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return {"faults": list(faults)}


def _become(account: int) -> None:
    if os.geteuid() != 0:
        return
    entry = pwd.getpwuid(account)
    os.initgroups(entry.pw_name, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(account)


def _fault(kind: Kind, places: list[list[str]]) -> str:
    """Ask one service at its places until one lives; return the last fault."""
    fault = ""
    for path, host, port in places:
        try:
            with _connected(path, host, port) as connection:
                fault = _spoken(kind, connection)
        except OSError as failure:
            fault = failure.strerror or str(failure)
        if not fault:
            return ""
    return fault


def _connected(path: str, host: str, port: str) -> socket.socket:
    if not path:
        return socket.create_connection((host, port), LONGEST)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(LONGEST)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


def _spoken(kind: Kind, connection: socket.socket) -> str:
    """Negotiate where the service speaks; return what is wrong with its answer."""
    if kind is Kind.MILTER:
        connection.sendall(_OFFER)
        answer = connection.recv(5)
        right = answer[4:] == b"O"
        if right:
            connection.sendall(struct.pack("!IB", 1, ord("Q")))
        return "" if right else "it does not speak the milter protocol"
    expected = _SPEAK_FIRST.get(kind)
    if expected is None:
        return ""
    said = connection.recv(64)
    return "" if said.startswith(expected) else f"it greets with {said[:40]!r}" if said else "it closed the connection"
