"""What is known of files and daemons, as verdicts: Postfix starts and answers, parameters are known, tables answer.

These verdicts sum up findings that are there already, with file and line; so they make no findings of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.model.findings import Severity
from sealgate.rehearsal.promises.promise import Case
from sealgate.rehearsal.reading import NO_PROGRAM, NO_SERVICE, TABLE_BROKEN, UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sealgate.model.findings import Finding
    from sealgate.model.verdicts import Verdict

STARTS = "starts-and-answers"
PARAMETERS = "parameters-are-known"
TABLES = "tables-answer"
_STARTING = frozenset(
    {
        "postfix-does-not-start",
        "service-does-not-answer",
        "server-cannot-answer",
        "mail-filter-does-not-start",
        NO_PROGRAM,
    }
)
_ROUTES = frozenset({NO_SERVICE, "no-route"})


def summaries(findings: Iterable[Finding], seen: Mapping[str, Any]) -> Iterator[Verdict]:
    """Return the three promises, each listener on its own; without a run only what the files say."""
    errors = [found for found in findings if found.severity is Severity.ERROR]
    if seen:
        yield from _listeners(errors, seen)
    yield _of(errors, {UNREADABLE, "postfix-says", *_ROUTES}, Case(
        PARAMETERS, "every parameter and service", "main.cf and master.cf are read back, every daemon reads its own",
        "Postfix has no complaint",
    ))  # fmt: skip
    yield _of(errors, {TABLE_BROKEN}, Case(
        TABLES, "every table", "Every table that is named is opened and asked", "each exists, compiles and answers"
    ))  # fmt: skip


def _listeners(errors: list[Finding], seen: Mapping[str, Any]) -> Iterator[Verdict]:
    started = seen.get("started", {})
    silent = {one["address"]: one["fault"] for one in started.get("silent", ())}
    faults = {one["address"]: one["fault"] for one in seen.get("calls", ()) if one["fault"]}
    for address in started.get("listeners", ()):
        case = Case(STARTS, f"listener {address}", f"Clients call on {address}", "it greets and can answer")
        came = silent.get(address) or faults.get(address)
        yield case.failed(came) if came else case.passed("it does")
    yield _of(errors, _STARTING, Case(
        STARTS, "every daemon", "Postfix is started and every daemon of master.cf woken", "each comes up and speaks"
    ))  # fmt: skip


def _of(errors: list[Finding], codes: Iterable[str], case: Case) -> Verdict:
    found = next((one for one in errors if one.code in codes), None)
    return case.failed(found.what, found.place) if found else case.passed("it is so")
