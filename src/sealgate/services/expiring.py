"""Rows of the static lists that have expired stop counting by themselves, as a revision of their own.

What is rendered depends on the day: a row counts until its last day is over (UTC). So nothing of the content has to
change: what is live is judged again, as of today, and becomes the next revision with the same content. The draft is
untouched, and its pending changes stay pending on top of it. Where the newest revision is not the one in force (after a
rollback), the one in force is put in force again, as of today, under its own number.

An apply is refused while a watch runs or live files were edited by hand; then it is tried again later.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sealgate.link.messages import Apply, Grade, State
from sealgate.model.errors import Refused
from sealgate.model.findings import errors_in
from sealgate.model.next_steps import Act, Step
from sealgate.services import reports
from sealgate.services.actor import Right
from sealgate.services.applying import hand_over, refuse_early
from sealgate.services.bundles import bundle_of
from sealgate.services.judging import Judged, findings_of, keep
from sealgate.store import Candidate

if TYPE_CHECKING:
    from sealgate.link.messages import Outcome
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Reader

FACT = "rendered-for"
_LISTS = ("black", "white")
_MOST_NAMED = 20


def expired(gateway: Gateway, actor: Actor, today: dt.date) -> list[str]:
    """Return the rows of what is live that counted when it was rendered and do not count today, as `noun key`."""
    actor.may(Right.VIEW)
    with gateway.store.reading() as reader:
        if not reader.in_force:
            return []
        since = _rendered_for(reader).isoformat()
        live = reader.live()
        return [
            f"{row.noun} {row.key}"
            for noun in _LISTS
            for row in live.rows(noun)
            if row.enabled and row.fields["expires"] and since <= row.fields["expires"] < today.isoformat()
        ]


def take_effect(gateway: Gateway, actor: Actor, rows: list[str], today: dt.date) -> tuple[int, Outcome]:
    """Put what is live in force as of today; return the revision and how it ended.

    Raises Refused when it does not pass, or cannot be applied now; NodeUnreachable when the agent is down.
    """
    actor.may(Right.APPLY)
    refuse_early(gateway, actor)
    judged, newest, before = _judged(gateway, actor)
    comment = _comment(rows)
    number = before
    if newest == before:
        report = reports.to_json(reports.kept(judged.report, judged.findings))
        with gateway.writing(actor) as writer:
            number = writer.promote(judged.candidate, comment, report, state=State.SWITCHING.value)
    outcome = hand_over(gateway, actor, Apply(judged.candidate.digest, number, comment), before, None)
    with gateway.writing(actor) as writer:
        writer.put_fact(FACT, f"{number} {today.isoformat()}")
    return number, outcome


def _rendered_for(reader: Reader) -> dt.date:
    """Return the day as of which the revision in force was rendered."""
    number, _, day = (reader.fact(FACT) or "").partition(" ")
    if number == str(reader.in_force):
        return dt.date.fromisoformat(day)
    return reader.about(reader.in_force).at.astimezone(dt.UTC).date()


def _judged(gateway: Gateway, actor: Actor) -> tuple[Judged, int, int]:
    with gateway.store.reading() as reader:
        view = reader.live()
        report = gateway.node(actor).judge(bundle_of(reader, view), Grade.FULL)
        candidate = Candidate(reader.newest, view.at or 0, view.digest())
        newest, in_force = reader.newest, reader.in_force
    judged = Judged(candidate, findings_of(report), report)
    keep(gateway, actor, judged)
    if not judged.passed:
        errors = len(errors_in(judged.findings))
        raise Refused(
            f"Rows have expired, but what is live does not pass a rehearsal any more ({errors} errors), so they still "
            "count. Rehearse what is live to see why.",
            judged.findings,
        ).then(Step(Act.REHEARSE_LIVE))
    return judged, newest, in_force


def _comment(rows: list[str]) -> str:
    more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
    return f"expired: {', '.join(rows[:_MOST_NAMED])}{more}"[:1000]
