"""What the last rehearsals said: of the draft, of what is live, of the night, and of each policy test.

Nothing is rehearsed here and the agent is not asked: only reports that are kept are read. A report counts for the
very state that it was made of; the draft of a moment ago is another one, and nothing is known of the new one then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.verdicts import Ruling
from sealgate.services import reports
from sealgate.services.actor import Right
from sealgate.services.policy_tests import PROMISE
from sealgate.services.scheduling import NIGHTLY

if TYPE_CHECKING:
    from sealgate.model.verdicts import Verdict
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.reports import Kept
    from sealgate.store import Job, Reader


@dataclass(frozen=True, slots=True)
class Result:
    """How a policy test ended last; `live`: on what is live, else on the draft. `verdict` is None for one that passed.

    `at` is a time in ISO form.
    """

    ruling: Ruling
    at: str
    live: bool
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known from rehearsals.

    `pending`: the draft is not what is live. `draft` is the best report on the draft as it is now, `live` the full one
    on what is live. `night` is how the nightly rehearsal ended last; None where there was none yet.
    """

    pending: bool
    in_force: int
    draft: Kept | None
    live: Kept | None
    night: Job | None

    @property
    def tests(self) -> dict[str, Result]:
        """How each policy test ended last, by name: on the draft if it was rehearsed in full, else on what is live."""
        if self.draft is not None and self.draft.grade == Grade.FULL.value:
            return results(self.draft, live=False)
        return results(self.live, live=True) if self.live is not None else {}

    @property
    def failing(self) -> list[str]:
        """Which policy tests failed last, by name."""
        return [name for name, result in self.tests.items() if result.ruling is Ruling.FAILED]


def known(gateway: Gateway, actor: Actor) -> Known:
    """Return what the last rehearsals said."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        draft = reader.draft().digest()
        live = reader.live().digest()
        night = next((job for job in reader.jobs() if job.name == NIGHTLY and job.finished is not None), None)
        full = _full(reader, live) if reader.in_force else None
        return Known(draft != live, reader.in_force, reports.best(reader, draft), full, night)


def _full(reader: Reader, digest: str) -> Kept | None:
    """Return the full report on what is live: the last one kept on it, else the one that it was applied with."""
    found = reports.best(reader, digest)
    if found is None or found.grade != Grade.FULL.value:
        found = reports.from_json(reader.report(reader.in_force), reader.about(reader.in_force).at.isoformat())
    return found if found.grade == Grade.FULL.value else None


def results(report: Kept, *, live: bool) -> dict[str, Result]:
    """Return how the policy tests came out in a report, by name."""
    head = f"{PROMISE}: "
    passed = {text.removeprefix(head) for text in report.passed if text.startswith(head)}
    found = {name: Result(Ruling.PASSED, report.at, live) for name in passed}
    for verdict in report.verdicts:
        if verdict.promise == PROMISE:
            found[verdict.test] = Result(verdict.ruling, report.at, live, verdict)
    return found
