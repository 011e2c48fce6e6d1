"""Putting in force what nobody applies by hand: what is live with one row changed, and nothing of the draft.

It goes the way of every change: a full rehearsal first, then a revision of its own, then the watch over mail, which
undoes it if mail suffers. While any watch runs it waits, since an apply ends the watch of the one before; so it does
while hand edits are not settled, and while the agent does not answer. What was pending stays pending on top of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.messages import Apply, Grade, State
from sealgate.model.errors import Conflict, NodeFailed, NotFound, Refused, SealgateError
from sealgate.model.findings import errors_in
from sealgate.services import reports
from sealgate.services.actor import Right
from sealgate.services.applying import USUAL_WATCH, hand_over, refuse_early
from sealgate.services.bundles import live_with
from sealgate.services.judging import Judged, findings_of, keep
from sealgate.services.standing import STANDS
from sealgate.store import Candidate

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.link.messages import Outcome
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.judging import OnProgress
    from sealgate.store import Reader, Stored, Writer

    Change = Callable[[Reader], Stored]
    Follow = Callable[[Writer], None]


class NotHandedOver(SealgateError):  # noqa: N818
    """The revision was made, and the node could not take it; what was in force is, as far as is known, still so."""

    def __init__(self, revision: int, text: str) -> None:
        super().__init__(text)
        self.revision = revision


class NotNow(SealgateError):  # noqa: N818 - reads as what it is
    """It could not go live now; nothing was changed, and it may be tried again."""


@dataclass(frozen=True, slots=True)
class WentLive:
    """How it ended: the revision, whether it is in force, and what the node said."""

    revision: int
    in_force: bool
    text: str


def wait_for_quiet(gateway: Gateway, actor: Actor) -> None:
    """Raise NotNow unless something can go live by itself just now."""
    try:
        status = gateway.node(actor).status()
        if status.state is State.ON_WATCH:
            raise NotNow(f"Revision {status.revision} is on watch, and its watch is not cut short.")
        refuse_early(gateway, actor)
    except (Refused, NodeFailed) as fault:
        raise NotNow(str(fault)) from None


def put_in_force(
    gateway: Gateway,
    actor: Actor,
    change: Change,
    comment: str,
    *,
    follow: Follow,
    progress: OnProgress | None = None,
) -> WentLive:
    """Judge what is live with one row changed, make it a revision, and put it in force.

    `change` returns the row as it shall be, from what is live at that moment, or raises NotNow; it is asked before the
    rehearsal, and again in the transaction that makes the revision. `follow` is called in that transaction, for what
    else belongs to it. Raises Refused when the rehearsal does not pass, NotNow when it has to wait, NotHandedOver when
    the node failed. That the node undid it at once is no exception.
    """
    actor.may(Right.APPLY)
    wait_for_quiet(gateway, actor)
    judged, before = _judged(gateway, actor, change, progress)
    report = reports.to_json(reports.kept(judged.report, judged.findings))
    digest = judged.candidate.digest
    try:
        with gateway.writing(actor) as writer:
            # A rehearsal takes minutes: what stood against it by now is asked in the transaction that makes it so.
            changed = change(writer)
            number = writer.promote_on_live(changed, digest, comment, report, state=State.SWITCHING.value)
            follow(writer)
    except (Conflict, NotFound) as fault:
        raise NotNow(str(fault)) from None
    try:
        outcome = hand_over(gateway, actor, Apply(digest, number, comment, None, USUAL_WATCH), before, progress)
    except SealgateError as fault:
        raise NotHandedOver(number, f"Revision {number} could not be put in force. {fault}") from None
    return WentLive(number, _stands(outcome, number), outcome.text)


def _stands(outcome: Outcome, number: int) -> bool:
    return outcome.state in STANDS and outcome.revision == number


def _judged(gateway: Gateway, actor: Actor, change: Change, progress: OnProgress | None) -> tuple[Judged, int]:
    try:
        with gateway.store.reading() as reader:
            bundle = live_with(reader, change(reader))
            report = gateway.node(actor).judge(bundle, Grade.FULL, progress)
            candidate, before = Candidate(reader.newest, 0, bundle.header.digest), reader.in_force
    except (NodeFailed, NotFound) as fault:
        raise NotNow(str(fault)) from None
    judged = Judged(candidate, findings_of(report), report)
    keep(gateway, actor, judged)
    if not judged.passed:
        errors = errors_in(judged.findings)
        first = f" The first: {errors[0]}" if errors else ""
        raise Refused(f"The rehearsal found {len(errors)} errors.{first}", judged.findings)
    return judged, before
