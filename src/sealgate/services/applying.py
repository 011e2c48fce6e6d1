"""Making a state live: apply the draft, confirm, roll back; and noting how it ended.

Apply judges the candidate in full, makes it a revision and hands it to the agent. Editing goes on meanwhile: exactly
the judged edits become the revision. What the agent did (on watch, confirmed, undone, failed) is noted with the
revision, also when it happened later and by itself (`standing.py`).

A revision that the node undid stays in the history as undone, and the draft stands on it: change what was wrong and
apply again, or restore the revision in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.messages import Apply, Grade, Outcome, Override, State
from sealgate.model.errors import Conflict, InvalidValue, NotFound, Refused, SealgateError
from sealgate.model.findings import Place, error, errors_in
from sealgate.model.next_steps import Act, Step
from sealgate.model.text import comment as comment_text
from sealgate.model.text import one_line
from sealgate.model.verdicts import NEVER_OVERRIDDEN
from sealgate.services import reports
from sealgate.services.actor import Right
from sealgate.services.bundles import bundle_of
from sealgate.services.judging import Judged, findings_of, judge, keep
from sealgate.services.standing import STANDS, note, note_outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgate.model.findings import Finding
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.services.judging import OnProgress
    from sealgate.store import Reader, Writer

LONGEST_WATCH = 7 * 24 * 3600
USUAL_WATCH = 10 * 60
"""Seconds that the node watches over mail after an apply, unless another time is given."""
LONGEST_TEST = 2000
LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class Applied:
    """How an apply ended: the new revision, what the agent said, and the warnings it was applied with.

    `widened` says who may newly do what.
    """

    revision: int
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    widened: tuple[str, ...] = ()

    @property
    def in_force(self) -> bool:
        """Whether the new revision is in force now."""
        return self.outcome.state in STANDS and self.outcome.revision == self.revision


def apply(
    gateway: Gateway,
    actor: Actor,
    comment: str,
    *,
    keep_for: int | None = None,
    watch_for: int = USUAL_WATCH,
    overrides: Sequence[tuple[str, str]] = (),
    seen: int | None = None,
    progress: OnProgress | None = None,
) -> Applied:
    """Judge the draft in full and make it live; `keep_for` seconds: undone by itself unless confirmed.

    For `watch_for` seconds it is undone by itself if mail suffers; 0: nobody watches.

    `overrides` are pairs of a failed test, by its name, and the reason why it shall not stop this apply. They need a
    right of their own, are kept with the revision and audited, and end with it: the next apply starts without.

    `seen` is the last edit of the draft that was looked at: Conflict if the draft went on since. None: whatever it is.
    Raises Refused with the findings when something stops it, NodeUnreachable when the agent is down.
    """
    actor.may(Right.APPLY)
    spared = _overrides(actor, overrides)
    said = _comment(comment)
    _check_watch(keep_for)
    if not 0 <= watch_for <= LONGEST_WATCH:
        raise InvalidValue.of("The time to watch is out of range.", "Give 0 to 10080 minutes (7 days).", "watch")
    refuse_early(gateway, actor)
    judged = _judged(gateway, actor, spared, seen, progress)
    report = reports.to_json(reports.kept(judged.report, judged.findings))
    with gateway.writing(actor) as writer:
        before = writer.in_force
        number = writer.promote(judged.candidate, said, report, state=State.SWITCHING.value)
        for one in judged.report.overridden if judged.report else ():
            writer.audit("override", f"revision {number}", {"test": one.test, "reason": one.reason})
    question = Apply(judged.candidate.digest, number, said, keep_for, watch_for)
    outcome = hand_over(gateway, actor, question, before, progress)
    return Applied(number, outcome, judged.findings, judged.report.widened if judged.report else ())


def check_seen(gateway: Gateway, actor: Actor, seen: int | None) -> None:
    """Raise Conflict with who edited if the draft went on since edit `seen`, before anything else is begun."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        _check_seen(reader, seen)


def _check_seen(reader: Reader, seen: int | None) -> None:
    if seen is None or reader.last_edit == seen:
        return
    names = ", ".join(name.partition(":")[2] or name for name in reader.editors_since(seen)) or "somebody"
    raise Conflict(
        f"The draft was changed meanwhile by {names}. Nothing was applied, and the draft is kept. "
        "Look at the changes again, then apply them."
    )


def confirm(gateway: Gateway, actor: Actor, revision: int | None = None) -> Outcome:
    """Keep the revision that is on watch."""
    actor.may(Right.APPLY)
    outcome = gateway.node(actor).confirm(revision)
    with gateway.writing(actor) as writer:
        writer.audit("confirm", f"revision {outcome.revision}")
        note_outcome(writer, outcome)
    return outcome


def rollback(
    gateway: Gateway,
    actor: Actor,
    revision: int | None = None,
    progress: OnProgress | None = None,
    *,
    watched: int | None = None,
) -> Outcome:
    """Make an earlier revision live again; None: the one confirmed before the one in force.

    With `watched` only if that revision is on watch on the node; otherwise Conflict, and nothing is changed. The draft
    and the numbers of revisions stay. A revision that was never confirmed on the node is judged first.
    """
    check_rollback(gateway, actor, revision)
    with gateway.store.reading() as reader:
        before = reader.in_force
    comment = f"rollback from revision {before}" if before else "rollback"
    try:
        outcome = gateway.node(actor).rollback(revision, comment, progress, watched=watched)
    except NotFound:
        if revision is None:
            raise
        outcome = _judge_and_apply(gateway, actor, revision, comment, progress)
    with gateway.writing(actor) as writer:
        writer.audit("rollback", f"revision {outcome.revision}", {"from": before, "asked": revision})
        if before != outcome.revision:
            _end_watch_of(writer, before, State.UNDONE, outcome.text)
        note_outcome(writer, outcome)
    return outcome


def check_rollback(gateway: Gateway, actor: Actor, revision: int | None) -> None:
    """Raise NotFound for a revision that there is not, before anything is begun."""
    actor.may(Right.APPLY)
    if revision is not None:
        with gateway.store.reading() as reader:
            reader.revision(revision)


def refuse_early(gateway: Gateway, actor: Actor) -> None:
    """Refuse what the agent would refuse after the judging, before a number is spent on it."""
    node = gateway.node(actor)
    status = node.status()
    note(gateway, actor, status)
    if status.state is State.ON_WATCH and status.watch_until is not None:
        raise Refused(
            f"Revision {status.revision} is on watch. Nothing was applied, and the draft is kept. "
            "Confirm it or roll it back first."
        ).then(Step(Act.CONFIRM), Step(Act.ROLL_BACK))
    drifted = node.drift().unresolved if status.drifted else ()
    if drifted:
        raise Refused(
            "Live files were changed by hand. Nothing was applied, and the draft is kept. "
            "Adopt or overwrite the edits first.",
            [_by_hand(item.file) for item in drifted],
        ).then(Step(Act.DRIFT))


def _by_hand(file: str) -> Finding:
    return error("drift", Place(file=file), "This file was changed by hand on the machine.")


def _overrides(actor: Actor, given: Sequence[tuple[str, str]]) -> tuple[Override, ...]:
    """Return the overrides as the agent takes them, checked as far as that is possible before the judging."""
    if given:
        actor.may(Right.OVERRIDE)
    found = []
    for test, reason in given:
        name = one_line(test, "The test's name", LONGEST_TEST)
        why = one_line(reason, "The reason", LONGEST_REASON)
        if not name or not why:
            raise InvalidValue.of(
                "An override needs the name of one failed test and a reason.",
                "The report of a full rehearsal names the tests.",
                "override",
            ).then(Step(Act.REHEARSE))
        if name.partition(":")[0] in NEVER_OVERRIDDEN:
            raise Refused(
                f"The test “{name[:200]}” cannot be overridden: mail would stop, or anybody could relay. Nothing was "
                "applied, and the draft is kept. Correct the draft."
            )
        found.append(Override(name, why, actor.name))
    return tuple(found)


def _judged(
    gateway: Gateway,
    actor: Actor,
    overrides: tuple[Override, ...],
    seen: int | None,
    progress: OnProgress | None,
) -> Judged:
    with gateway.store.reading() as reader:
        _check_seen(reader, seen)
        view = reader.candidate()
        if reader.in_force and view.digest() == reader.live().digest():
            raise Refused("There is nothing to apply: the draft is what is live already.")
        judged = judge(gateway, actor, reader, view, Grade.FULL, overrides=overrides, progress=progress)
    keep(gateway, actor, judged)
    if not judged.passed:
        raise _refused(judged.candidate.digest, judged.findings, len(errors_in(judged.findings)))
    return judged


def _refused(digest: str, findings: tuple[Finding, ...], errors: int) -> Refused:
    return Refused(
        f"Nothing was applied: {errors} error{'s' if errors != 1 else ''} in the draft (candidate {digest[:12]}). "
        "What was live stays live, and the draft is kept. Change what is named below, then apply again.",
        findings,
    )


def hand_over(gateway: Gateway, actor: Actor, question: Apply, before: int, progress: OnProgress | None) -> Outcome:
    """Hand a revision to the agent and note the outcome, also when there is none."""
    number = question.revision
    try:
        outcome = gateway.node(actor).apply(question, progress)
    except SealgateError as fault:
        with gateway.writing(actor) as writer:
            writer.set_revision_state(number, State.FAILED.value, str(fault))
            writer.set_in_force(before)
        raise
    with gateway.writing(actor) as writer:
        if outcome.revision != number or outcome.state not in STANDS:
            state = State.UNDONE if outcome.state in STANDS else outcome.state
            writer.set_revision_state(number, state.value, outcome.text)
            writer.set_in_force(outcome.revision or before)
        else:
            _end_watch_of(writer, before, State.CONFIRMED, "The next apply ended its watch.")
            note_outcome(writer, outcome)
    return outcome


def _end_watch_of(writer: Writer, before: int, state: State, text: str) -> None:
    """Note what became of the revision that was in force before, if it was on watch."""
    if before and writer.about(before).state == State.ON_WATCH:
        writer.set_revision_state(before, state.value, text)


def _judge_and_apply(
    gateway: Gateway, actor: Actor, revision: int, comment: str, progress: OnProgress | None
) -> Outcome:
    with gateway.store.reading() as reader:
        view = reader.revision(revision)
        report = gateway.node(actor).judge(bundle_of(reader, view), Grade.FULL, progress)
    if not report.passed:
        raise Refused(
            f"Revision {revision} was not made live: it does not pass the rehearsal any more. What was live stays.",
            findings_of(report),
        )
    return gateway.node(actor).apply(Apply(report.digest, revision, comment), progress)


def _comment(text: str) -> str:
    try:
        said = comment_text(text)
    except InvalidValue as fault:
        raise fault.at("comment") from None
    if not said:
        raise InvalidValue.of("An apply needs a comment.", "Say in a few words what it is for.", "comment")
    return said


def _check_watch(keep_for: int | None) -> None:
    if keep_for is not None and not 1 <= keep_for <= LONGEST_WATCH:
        raise InvalidValue.of("The time to keep it is out of range.", "Give 1 minute to 7 days (10080).", "for")
