"""Own lines of master.cf: services of the administrator's own, and entries that take the place of generated ones.

The syntax is that of master(5) and nothing else: name, type, six columns, command and arguments, continued by lines
that begin with a blank. An entry with the name and type of a generated service takes its place; the options that
Sealgate gives that service and the entry does not name are kept, so an entry that only adds `-o` changes that option
alone. Written as `smtp inet` or with the port number, a public listener is the same service.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.own_text import Fault, dollar_faults, logical_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.own_text import LogicalLine

TYPES = ("inet", "unix", "unix-dgram", "fifo", "pass")
PORTS = {"smtp": "25", "smtps": "465", "submissions": "465", "submission": "587", "qmqp": "628"}
_FLAG = re.compile(r"[yn-]")
_WAKEUP = re.compile(r"-|[0-9]{1,9}\??")
_LIMIT = re.compile(r"-|[0-9]{1,9}")
_COLUMNS = (
    ("private", _FLAG),
    ("unprivileged", _FLAG),
    ("chroot", _FLAG),
    ("wake-up time", _WAKEUP),
    ("process limit", _LIMIT),
)


@dataclass(frozen=True, slots=True)
class Option:
    """`-o name=value` of a service, with the line that its name stands in."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class OwnService:
    """An own service of master.cf; `arguments` are those after the command that are no `-o`.

    `line` is where it begins, `last` where it ends.
    """

    name: str
    type: str
    private: str
    unprivileged: str
    chroot: str
    wakeup: str
    processes: str
    command: str
    options: tuple[Option, ...]
    arguments: tuple[str, ...]
    line: int
    last: int

    @property
    def key(self) -> str:
        """The service as postconf and findings name it: `smtp/inet`."""
        return f"{self.name}/{self.type}"

    @property
    def host(self) -> str:
        """For an inet service the address it listens on without brackets; empty: all addresses."""
        return self.name.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> str:
        """For an inet service the port it listens on, as a number where the name of the port is known."""
        port = self.name.rpartition(":")[2]
        return PORTS.get(port, port)


def parse_master(text: str) -> tuple[tuple[OwnService, ...], tuple[Fault, ...]]:
    """Return the services of master.cf lines in their order, and the faults of form."""
    services: list[OwnService] = []
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for line in logical_lines(text):
        found = _service(line, faults)
        if found is None:
            continue
        if found.key in seen:
            faults.append(
                Fault(
                    line.first,
                    "own-service-twice",
                    f"The service {found.name} {found.type} is already defined in line {seen[found.key]}.",
                    "Postfix would use only the last one. Keep one of the two.",
                )
            )
        seen[found.key] = line.first
        services.append(found)
    return tuple(services), tuple(faults)


def _service(line: LogicalLine, faults: list[Fault]) -> OwnService | None:
    if line.text[:1].isspace():
        faults.append(
            Fault(
                line.first,
                "own-lines-continue-generated",
                "The first own line begins with white space, so it would continue the generated service before it.",
                "Begin it at the left margin.",
            )
        )
        return None
    arguments = list(_arguments(line.text))
    parts = [word for _start, word in arguments]
    if len(parts) < 8 or parts[1] not in TYPES:
        faults.append(
            Fault(
                line.first,
                "own-service-not-understood",
                f"The line has {len(parts)} fields." if len(parts) < 8 else f"The type {parts[1][:20]!r} is not known.",
                "A service has eight: name, type (inet, unix, …), private, unprivileged, chroot, wake-up time, process"
                " limit, command.",
            )
        )
        return None
    for (title, shape), (start, column) in zip(_COLUMNS, arguments[2:7], strict=True):
        if not shape.fullmatch(column):
            faults.append(
                Fault(
                    line.line_at(start),
                    "own-service-not-understood",
                    f"The column {title} is {column[:20]!r}.",
                    "It is y, n or - in the first three, a number or - in the others (master(5)).",
                )
            )
            return None
    options, rest = _options(arguments[8:], line, faults)
    name, kind, private, unprivileged, chroot, wakeup, processes, command = parts[:8]
    return OwnService(
        name,
        kind,
        private,
        unprivileged,
        chroot,
        wakeup,
        processes,
        command,
        options=tuple(options),
        arguments=tuple(rest),
        line=line.first,
        last=line.last,
    )


def _arguments(text: str) -> Iterator[tuple[int, str]]:
    """Split at blanks, and say where each argument begins.

    `{ … }` is one argument, without its braces' inner blanks (master(5)).
    """
    start, depth = 0, 0
    for position, char in enumerate(text):
        depth += (char == "{") - (char == "}" and depth > 0)
        if depth == 0 and char.isspace():
            if start < position:
                yield start, text[start:position]
            start = position + 1
    if start < len(text):
        yield start, text[start:]


def _options(
    arguments: list[tuple[int, str]], line: LogicalLine, faults: list[Fault]
) -> tuple[list[Option], list[str]]:
    options: list[Option] = []
    rest: list[str] = []
    pending = iter(arguments)
    for start, argument in pending:
        if not argument.startswith("-o") or (rest and rest[-1].startswith("argv=")):
            rest.append(argument)
            continue
        begin, typed = (start + 2, argument[2:]) if argument[2:] else next(pending, (start, ""))
        braced = typed.startswith("{") and typed.endswith("}")
        bare = typed[1:-1] if braced else typed
        name, equals, value = bare.partition("=")
        if not equals or not name.strip() or (not braced and not re.fullmatch(r"[A-Za-z0-9_.-]+", name)):
            faults.append(
                Fault(
                    line.line_at(begin),
                    "own-option-not-understood",
                    f"The option -o {typed[:40]!r} has no name=value without blanks.",
                    "Write -o name=value, or -o { name = value with blanks }.",
                )
            )
            continue
        options.append(Option(name.strip(), value.strip(), line.line_at(begin + typed.index(name.strip()))))
        faults.extend(dollar_faults(value, line, begin + braced + len(name) + 1))
    return options, rest
