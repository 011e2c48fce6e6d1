"""From what Postfix said to findings: how bad, where, and what to do.

A healthy configuration makes Postfix say nothing, so everything it says is shown. Fatal errors and the warnings that
mean "this line is not in force" or "this cannot be answered" stop an apply; other warnings are shown. Lines that only
follow from another (a daemon's exit after its fatal error) or from the way of asking (a socket closed unused) are
left out.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sealgate.model.findings import Finding, Place, error, warning
from sealgate.model.verdicts import Ruling
from sealgate.postfix.complaints import Complaint, Level

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sealgate.model.verdicts import Verdict
    from sealgate.postfix.parameters import ReadBack

_FOLLOWS = re.compile(
    r"pid \d+ exit status|bad command startup -- throttling|daemon initialization failure -- see logs"
    r"|see logs for details|killed by signal"
)
_ECHO = re.compile(r"lookup error for|lookup failure$|table lookup problem|\S+ is unavailable\. ")
"""Said once more for each address that was asked; left out when the same program has named a cause."""

_OUR_ASKING = re.compile(
    r"malformed request|end-of-input while reading|premature end-of-input|unexpected (?:EOF|end-of-input)"
    r"|file system clock is \d+ seconds|resetting file time stamps|queue file size limit exceeded"
    r"|RBL lookup error: .*try again"
    r"|undeliverable postmaster notification discarded|DNSSEC validation may be unavailable|dnssec_probe"
)
"""What the sealed world and the trials themselves bring about: sockets closed unused, bounces that find no postmaster,
names that nobody signs, messages made too large, DNS lists made silent; and the clocks of a busy machine."""

_NOT_IN_FORCE = re.compile(
    r"skipping this|ignoring|no matching ENDIF|unknown|unsupported|unavailable|lookup (?:error|problem|failure)"
    r"|No such file|[Pp]ermission denied|error in regex|[Uu]nmatched|bad |invalid|malformed|cannot|not found"
    r"|is older than|error loading|error opening|disabling TLS|No server certs"
    r"|undefined parameter|unused parameter|expected format|duplicate entry|using empty string"
    r"|missing|is ignored|configuration error|null |must |not allowed|problem|non-null|requires|non-",
)
_OWN_WISH = re.compile(r"overriding earlier entry")


_QUOTED = re.compile(r'"([^"\s]+)"')


def with_parameter(said: Complaint, read: ReadBack) -> Complaint:
    """Name the parameter that a complaint quotes a word of, when Postfix did not and only one has that word."""
    quoted = _QUOTED.search(said.text)
    if said.parameter or said.file or not quoted:
        return said
    holders = [name for name, value in read.main.items() if quoted[1] in re.split(r"[\s,]+", value)]
    return replace(said, parameter=holders[0]) if len(holders) == 1 else said


def findings_of(said: Iterable[Complaint], code: str, release: Path | None = None) -> tuple[Finding, ...]:
    """Make one finding of each complaint that means something; `code` names who was asked."""
    kept = [one for one in said if not (_FOLLOWS.search(one.text) or _OUR_ASKING.search(one.text))]
    speakers = {one.program for one in kept if not _ECHO.search(one.text)}
    told = [one for one in kept if one.program not in speakers or not _ECHO.search(one.text)]
    once = {one.text: one for one in reversed(told)}
    return tuple(finding_of(one, code, release) for one in reversed(once.values()))


def finding_of(said: Complaint, code: str, release: Path | None = None) -> Finding:
    """Make a finding of one complaint."""
    program = f"{said.program}: " if said.program else ""
    why = ""
    if said.stops_service:
        why = f"{said.program or 'The program'} cannot work with this configuration."
    elif _stops(said):
        why = "Postfix would go on without what is meant here."
    return (error if _stops(said) else warning)(code, place_of(said, release), f"{program}{said.text}", why)


def place_of(said: Complaint, release: Path | None) -> Place:
    """Name the file (relative to the release), the line and the parameter that a complaint is about."""
    file = said.file
    if release is not None and file.startswith(f"{release}/"):
        file = file[len(str(release)) + 1 :]
    if not file and said.parameter:
        file = "main.cf"
    return Place(field=said.parameter, line=said.line, file=file)


def _stops(said: Complaint) -> bool:
    if said.level is not Level.WARNING:
        return True
    return bool(_NOT_IN_FORCE.search(said.text)) and not _OWN_WISH.search(said.text)


# -- failed tests

SUMMED_UP = frozenset({"starts-and-answers", "parameters-are-known", "tables-answer"})
"""Promises whose failures are findings of their own already, with file and line."""


def findings_of_failures(verdicts: Iterable[Verdict]) -> tuple[Finding, ...]:
    """Return a finding for each failed test; of many with one promise and one cause the first, which counts them."""
    by_cause: dict[object, list[Verdict]] = {}
    for one in verdicts:
        if one.ruling is Ruling.FAILED and one.promise not in SUMMED_UP:
            by_cause.setdefault((one.promise, one.blame), []).append(one)
    return tuple(_of_failures(group) for group in by_cause.values())


def _of_failures(group: list[Verdict]) -> Finding:
    found, more = group[0].as_finding(), len(group) - 1
    if not more:
        return found
    return replace(found, why=f"{found.why} {more} more test{'s fail' if more > 1 else ' fails'} likewise.".strip())
