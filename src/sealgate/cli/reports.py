"""How a rehearsal's report is shown: a line for each promise, then every failure with what was tried and what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.cli import output
from sealgate.model.verdicts import Ruling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.model.verdicts import Verdict
    from sealgate.services.reports import Count, Kept

_COLOURS = {Ruling.PASSED: "32", Ruling.FAILED: "31", Ruling.NOT_JUDGED: "33"}


def count_rows(counts: Iterable[Count]) -> list[tuple[Any, ...]]:
    """Return the cells of a table of counts; zeros are left empty."""
    return [(one.promise, one.passed or "", one.failed or "", one.not_judged or "") for one in counts]


def report_lines(report: Kept, *, columns: int | None, colour: bool, verdicts: bool = False) -> Iterator[str]:
    """Give a report for people; with `verdicts` each test that is told, not the failures only."""
    titles = ("Promise", "Passed", "Failed", "Not judged")
    yield from output.table(titles, count_rows(report.counts), columns)
    told = report.verdicts if verdicts else report.failed
    for verdict in told:
        yield from verdict_lines(verdict, colour=colour)
    if verdicts:
        for verdict in report.passing:
            yield from verdict_lines(verdict, colour=colour)
    for override in report.overridden:
        by = f" ({output.safe(override.actor)})" if override.actor else ""
        yield f"Overridden: {output.safe(override.test)}: {output.safe(override.reason)}{by}"
    for newly in report.widened:
        yield f"Newly possible: {output.safe(newly)}"
    for text in report.not_judged:
        yield f"Not judged: {output.safe(text)}"


def verdict_lines(verdict: Verdict, *, colour: bool) -> Iterator[str]:
    """Give one verdict: its name, what was tried, expected and came, whom to blame, and the log."""
    word = output.paint(verdict.ruling.value, _COLOURS[verdict.ruling], colour=colour)
    yield f"{word}: {output.safe(verdict.promise)}: {output.safe(verdict.test)}"
    said = (
        ("Tried", verdict.tried),
        ("Expected", verdict.expected),
        ("Came", verdict.came),
        ("See", str(verdict.blame)),
    )
    yield from (f"    {title}: {output.safe(text)}" for title, text in said if text)
    yield from (f"    | {output.safe(line)}" for line in verdict.log)


def summary(report: Kept) -> str:
    """Return `12 passed, 1 failed, 2 not judged`."""
    counts = [(report.total(ruling), ruling.value) for ruling in Ruling]
    return ", ".join(f"{number:,} {word}" for number, word in counts if number) or "no test was held"
