"""What can be judged of a release without running it: is it readable, are its tables whole, do its transports exist.

postconf is asked strictly, any message is a finding. Every `type:/path` that main.cf or master.cf names is opened and
asked one key, with programs of a neutral configuration. A transport or content filter must be a service of master.cf:
Postfix itself would find out only with the first mail. Sources: postconf(1), transport(5), postfix.md §2.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sealgate.model.findings import Finding, Place, error
from sealgate.postfix.complaints import Complaint
from sealgate.postfix.tables import Tables
from sealgate.rehearsal.actions import unknown_actions, unusable_lists
from sealgate.rehearsal.outside import PROGRAMS
from sealgate.rehearsal.verdicts import findings_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.postfix.command import Programs
    from sealgate.postfix.parameters import ReadBack

UNREADABLE = "postfix-cannot-read"
TABLE_BROKEN = "table-broken"
NO_SERVICE = "no-such-service"
NO_PROGRAM = "no-such-program"

_ASKED_ELSEWHERE = frozenset(PROGRAMS) - {"sqlite"}
_NO_TABLES = {"unix", "inet", "pass", "fifo"}
_TABLE = re.compile(r"(?:^|[\s,{=])(?:proxy:)?([a-z][a-z0-9_]*):(/[^\s,}]+)")


def judge_files(release: Path, read: ReadBack, neutral: Programs, live: Path) -> tuple[Finding, ...]:
    """Judge main.cf, master.cf and the table files they name. `read` has its values expanded.

    A path below `live`, the live configuration path, is looked for in the release, which will be there then.
    """
    return (
        *_programs(read, neutral.daemon_dir),
        *findings_of(read.complaints, UNREADABLE, release),
        *_tables(release, read, neutral, live),
        *unknown_actions(((kind, at, name) for kind, _, at, name in _staged(release, read, live)), read, release),
        *unusable_lists(read),
        *_transports(read),
    )


def tables_named(read: ReadBack) -> tuple[tuple[str, Path, str], ...]:
    """Return type, path and parameter of every table file named, each file once; values must be expanded."""
    services = {service.name for service in read.services} | _NO_TABLES
    found: dict[tuple[str, Path], str] = {}
    for name, value in _values(read):
        for kind, path in _TABLE.findall(value):
            if kind not in services:
                found.setdefault((kind, Path(path)), name)
    return tuple((kind, path, name) for (kind, path), name in found.items())


_WRITTEN_BY_POSTFIX = re.compile(r"(?:^|/)(?:address_verify_map|postscreen_cache_map|.*_session_cache_database)$")


def _tables(release: Path, read: ReadBack, neutral: Programs, live: Path) -> Iterator[Finding]:
    """Open and ask every table; those that Postfix writes itself need not be there before it has run."""
    tables = Tables(neutral)
    for kind, path, staged, parameter in _staged(release, read, live):
        if kind in _ASKED_ELSEWHERE:
            yield from _settings_of(kind, staged, parameter, neutral)
            continue
        said = (_at(complaint, path, parameter) for complaint in tables.check(staged, kind))
        yield from findings_of(said, TABLE_BROKEN, release)


def _staged(release: Path, read: ReadBack, live: Path) -> Iterator[tuple[str, Path, Path, str]]:
    """Give type, path, where the file is now, and parameter of every table that must be there before Postfix runs."""
    for kind, path, parameter in tables_named(read):
        if not _WRITTEN_BY_POSTFIX.search(parameter):
            yield kind, path, release / path.relative_to(live) if path.is_relative_to(live) else path, parameter


def _settings_of(kind: str, path: Path, parameter: str, neutral: Programs) -> Iterator[Finding]:
    """Judge a table that a server answers: its type must be known and its settings there. `preflight` asks the server.

    Never asked here: a rehearsal puts no question to a live server, and whether that lives is no fault of the release.
    """
    fault = ""
    if kind not in neutral.run("postconf", "-m").output.split():
        fault = f"unsupported dictionary type: {kind}. Is the postfix-{kind} package installed?"
    elif not path.is_file():
        fault = f"open {path}: No such file or directory"
    if fault:
        yield error(TABLE_BROKEN, Place(field=parameter, file=str(path)), fault, "Nothing can be looked up in it.")


def _at(said: Complaint, path: Path, parameter: str) -> Complaint:
    """Name the table and the parameter it is for, where postmap named neither."""
    return Complaint(said.level, said.text, said.program, said.file or str(path), said.line, parameter)


def _programs(read: ReadBack, daemon_dir: Path) -> Iterator[Finding]:
    """Find services whose program is not installed: master(8) says nothing of why it cannot start them."""
    for service in read.services:
        if not (daemon_dir / service.command).is_file():
            yield error(
                NO_PROGRAM,
                Place(file="master.cf", key=service.key),
                f"The service {service.name} runs {service.command}, which is no program of this Postfix.",
                "Whoever needs the service would wait in vain.",
                f"Name a program that is in {daemon_dir}.",
            )


def _transports(read: ReadBack) -> Iterator[Finding]:
    services = {service.name for service in read.services if service.kind == "unix"}
    if not services:
        return
    for name, value in _values(read):
        parameter = name.rpartition("/")[2]
        if not (parameter.endswith("_transport") or parameter == "content_filter"):
            continue
        transport = value.partition(":")[0].strip()
        if transport and transport not in services:
            yield error(
                NO_SERVICE,
                Place(
                    file="main.cf" if name == parameter else "master.cf", field=parameter, key=name.rpartition("/")[0]
                ),
                f"{parameter} names the transport {transport}, which is no service of master.cf.",
                "Mail for it would be deferred.",
                f"Name one of master.cf's services, or add a service {transport}.",
            )


def _values(read: ReadBack) -> Iterator[tuple[str, str]]:
    yield from read.main.items()
    for service, overrides in read.overrides.items():
        for parameter, value in overrides.items():
            yield f"{service}/{parameter}", value
