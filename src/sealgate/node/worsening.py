"""Whether mail suffers: the flow of mail after a switch against that before it. Pure numbers in, sentences out.

A sign needs three things at once: enough cases that chance is out of the question, a clear difference to the time
before (in shares or rates, never in mere counts), and that it still goes on in the latest stretch. Much spam, much
traffic or little traffic is no sign; neither is what was as bad before. What it cannot see: a change that turns away
some of the wanted mail while most still comes, and anything while hardly any mail comes.

The numbers below are judgement, argued in docs/decisions/0101.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.node.traffic import Sample

LEAST_REFUSED = 20
LEAST_EXPECTED = 5.0
LEAST_BROKEN = 3
LEAST_FAILED = 5
LEAST_WAITING = 20
LEAST_DIED = 3
LEAST_WARNINGS = 10
CLEARLY = 0.3
"""By how much a share must be larger than before."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign that mail suffers: its kind, a sentence with the numbers, and lines of the log that show it."""

    kind: str
    text: str
    lines: tuple[str, ...] = ()


def signs(before: Sample, after: Sample, latest: Sample) -> tuple[Sign, ...]:
    """Return what is clearly worse `after` the switch than `before`, as far as it goes on in the `latest` stretch."""
    found = (
        *_refused(before, after, latest),
        *_broken(before, after, latest),
        *_failed(before, after, latest),
        *_waiting(before, after),
        *_died(before, after, latest),
        *_warnings(before, after, latest),
    )
    return tuple(found)


def _refused(before: Sample, after: Sample, latest: Sample) -> Iterator[Sign]:
    """Yield a sign when far more is refused than before, and far less accepted than was to be expected."""
    was, now = _share(before.refused, before.accepted), _plain(after.refused, after.accepted)
    expected = _expected(before.accepted, before, after)
    if (
        after.refused >= LEAST_REFUSED
        and now >= was + CLEARLY
        and expected >= LEAST_EXPECTED
        and after.accepted < expected / 2
        and latest.refused > latest.accepted
    ):
        lines = after.examples.get("rejected", ()) + after.examples.get("put_off", ())
        yield Sign(
            "refused",
            f"{after.refused} messages were refused and {after.accepted} accepted, where about {expected:.0f} accepted "
            f"ones were to be expected (before: {before.refused} refused, {before.accepted} accepted).",
            lines,
        )


def _broken(before: Sample, after: Sample, latest: Sample) -> Iterator[Sign]:
    expected = _expected(before.broken, before, after)
    if after.broken >= LEAST_BROKEN and after.broken >= 5 * expected and latest.broken:
        yield Sign(
            "broken",
            f"{after.broken} messages were put off because of an error of the configuration or of a table "
            f"(before: {before.broken} in {_time(before.seconds)}).",
            after.examples.get("broken", ()),
        )


def _failed(before: Sample, after: Sample, latest: Sample) -> Iterator[Sign]:
    was, now = _share(before.failed, before.delivered), _plain(after.failed, after.delivered)
    goes_on = latest.failed > 0 and latest.failed >= latest.delivered
    if after.failed >= LEAST_FAILED and now >= 0.5 and now >= was + CLEARLY and goes_on:
        yield Sign(
            "failed",
            f"Of the messages that came since, {after.failed} could not be delivered at the first attempt and "
            f"{after.delivered} could (before: {before.failed} and {before.delivered}).",
            after.examples.get("failed", ()),
        )


def _waiting(before: Sample, after: Sample) -> Iterator[Sign]:
    was = _share(before.waiting, before.arrived - before.waiting) if before.arrived else CLEARLY
    if after.waiting >= LEAST_WAITING and after.waiting / max(1, after.arrived) >= was + CLEARLY:
        yield Sign(
            "waiting",
            f"The queue grows: of {after.arrived} messages that came since, {after.waiting} were not even tried "
            f"(before: {before.waiting} of {before.arrived}).",
        )


def _died(before: Sample, after: Sample, latest: Sample) -> Iterator[Sign]:
    if after.died >= LEAST_DIED and after.died >= 3 * _expected(before.died, before, after) and latest.died:
        yield Sign(
            "died",
            f"Daemons of Postfix ended by an error {after.died} times "
            f"(before: {before.died} times in {_time(before.seconds)}).",
            after.examples.get("died", ()),
        )


def _warnings(before: Sample, after: Sample, latest: Sample) -> Iterator[Sign]:
    for kind, count in sorted(after.warnings.items()):
        earlier = before.warnings.get(kind, 0)
        often = count >= 5 * _expected(earlier, before, after)
        if count >= LEAST_WARNINGS and often and latest.warnings.get(kind, 0):
            yield Sign(
                f"warnings {kind}",
                f"Postfix warned {count} times of the same: {kind} (before: {earlier} times).",
                after.examples.get(kind, ()),
            )


def _share(bad: int, good: int) -> float:
    """Return a share as a careful guess: without any cases one half, so that little is concluded from little."""
    return (bad + 1) / (bad + good + 2)


def _plain(bad: int, good: int) -> float:
    return bad / max(1, bad + good)


def _expected(count: int, before: Sample, after: Sample) -> float:
    """Return how many cases the time since the switch would have had at the rate of before."""
    return count * after.seconds / before.seconds if before.seconds > 0 else 0.0


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
