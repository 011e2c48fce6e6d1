"""What the installed Postfix knows, and how it reads a configuration: postconf(1), strictly.

`Installed` tells version, map types and every parameter with its default. `read_back` gives what Postfix makes of a
main.cf and a master.cf: the parameters set, the services, the overrides of services, and every complaint. A healthy
configuration makes postconf say nothing at all, so any line is a finding; its status 0 proves nothing (an unknown
parameter ends with 0).

Never: `postconf -e`, which would write into a release.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sealgate.model.errors import NodeFailed
from sealgate.postfix.complaints import complaints, stderr_complaints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.postfix.command import Programs, Result
    from sealgate.postfix.complaints import Complaint


class ParameterKind(StrEnum):
    """What a parameter's value looks like, as far as its default tells."""

    SWITCH = "switch"
    NUMBER = "number"
    TIME = "time"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the installed version. `scope` is postconf's class: builtin, service or user."""

    name: str
    default: str
    scope: str
    kind: ParameterKind


@dataclass(frozen=True, slots=True)
class Installed:
    """The Postfix of this machine."""

    version: str
    map_types: frozenset[str]
    parameters: Mapping[str, Parameter]
    daemons: frozenset[str]


@dataclass(frozen=True, slots=True)
class Service:
    """One service of master.cf, as postconf -M prints it; see master(5). `arguments` are those after the command."""

    name: str
    kind: str
    private: str
    unprivileged: str
    chroot: str
    wakeup: str
    processes: str
    command: str
    arguments: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The service as postconf and findings name it: `smtp/inet`."""
        return f"{self.name}/{self.kind}"


@dataclass(frozen=True, slots=True)
class ReadBack:
    """A configuration as Postfix reads it. With complaints the rest may be incomplete."""

    main: Mapping[str, str] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    complaints: tuple[Complaint, ...] = ()

    def value(self, service: str, parameter: str) -> str | None:
        """Return what is written for a service: its own override, else main.cf, else None (the default)."""
        return self.overrides.get(service, {}).get(parameter, self.main.get(parameter))


def installed(programs: Programs) -> Installed:
    """Ask the installed version all it can say of itself. Raises NodeFailed when it does not answer."""
    defaults = _pairs(_answer(programs.run("postconf", "-d")))
    by_service = set(_pairs(_answer(programs.run("postconf", "-d", "-C", "service"))))
    found = {
        name: Parameter(name, default, "service" if name in by_service else "builtin", _kind(default))
        for name, default in defaults.items()
    }
    types = frozenset(_answer(programs.run("postconf", "-m")).split())
    daemons = frozenset(path.name for path in programs.daemon_dir.iterdir())
    return Installed(defaults["mail_version"], types, found, daemons)


def read_back(programs: Programs, *, expanded: bool = False) -> ReadBack:
    """Read the main.cf and master.cf of the programs' directory with every complaint Postfix has about them.

    `expanded` gives values with their `$names` replaced.
    """
    expand = ("-x",) if expanded else ()
    outputs: list[str] = []
    said: dict[str, None] = {}
    for view in ("-n", "-M", "-P"):
        result = programs.run("postconf", view, *expand)
        said |= dict.fromkeys(result.stderr)
        outputs.append(result.output)
        if result.failed:  # the other views would fail for the same reason, a second later each
            said |= {} if result.stderr else {f"postconf: fatal: status {result.status} without a word": None}
            break
    main, services, overrides = (*outputs, "", "")[:3]
    return ReadBack(
        _pairs(main),
        tuple(map(service, filter(str.strip, services.split("\n")))),
        _by_service(_pairs(overrides)),
        stderr_complaints(said),
    )


def values(programs: Programs, *names: str) -> dict[str, str]:
    """Return the values in force, `$names` expanded. Raises NodeFailed when main.cf cannot be read."""
    return _pairs(_answer(programs.run("postconf", "-x", *names)))


def in_force(programs: Programs, read: ReadBack, *names: str) -> dict[str, str]:
    """Return what `values` does; Postfix is asked only for what `read` does not say word for word."""
    written = {name: read.main[name] for name in names if "$" not in read.main.get(name, "$")}
    missing = [name for name in names if name not in written]
    return written | (values(programs, *missing) if missing else {})


def service(line: str) -> Service:
    """Read one unfolded line of master.cf. Raises ValueError when it has fewer than eight columns."""
    columns = _columns(line)
    if len(columns) < 8:
        raise ValueError(f"a master.cf line has eight columns or more, not {len(columns)}: {line!r}")
    name, kind, private, unprivileged, chroot, wakeup, processes, command = columns[:8]
    return Service(name, kind, private, unprivileged, chroot, wakeup, processes, command, tuple(columns[8:]))


def _columns(line: str) -> list[str]:
    """Split at blanks outside of { }, as master(8) does."""
    return re.findall(r"\{(?:[^{}]|\{[^{}]*\})*\}|\S+", line)


def _answer(result: Result) -> str:
    if result.failed:
        said = "; ".join(c.text for c in complaints(result.stderr)) or f"status {result.status}"
        raise NodeFailed(f"postconf does not answer: {said}")
    return result.output


def _pairs(output: str) -> dict[str, str]:
    """Read `name = value` lines."""
    found = {}
    for line in output.split("\n"):
        name, equals, value = line.partition(" =")
        if equals:
            found[name] = value.removeprefix(" ")
    return found


def _by_service(pairs: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Sort `service/type/parameter` names by service."""
    found: dict[str, dict[str, str]] = {}
    for path, value in pairs.items():
        where, _, parameter = path.rpartition("/")
        found.setdefault(where, {})[parameter] = value
    return found


def _kind(default: str) -> ParameterKind:
    if default in {"yes", "no"}:
        return ParameterKind.SWITCH
    if re.fullmatch(r"-?\d+", default):
        return ParameterKind.NUMBER
    if re.fullmatch(r"\d+[smhdw]", default):
        return ParameterKind.TIME
    return ParameterKind.TEXT
