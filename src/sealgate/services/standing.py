"""Which revision is in force: the agent's word, noted in the store.

The agent acts by itself too: a watch that ran out, an undo at its start after a power cut. So whenever its status is
asked, what it says is compared with what the store says, and the store follows. A revision is the same only if number
and digest are: after a restored backup a node may run something that is not in this history, and then nothing of the
history is in force.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.link.messages import State

if TYPE_CHECKING:
    from sealgate.link.messages import Outcome, Status
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Reader, Revision, Writer

STANDS = frozenset({State.ON_WATCH, State.CONFIRMED})
"""Outcomes after which the revision that was asked for is in force."""
_LOOKED_AT = 200


def note(gateway: Gateway, actor: Actor, status: Status) -> None:
    """Note in the store what the agent says is in force, where the store says something else."""
    with gateway.store.reading() as reader:
        number, before = in_force_by(reader, status), reader.in_force
        news = _news(status, number, before, {one.number: one for one in reader.history(limit=_LOOKED_AT)})
    if not news and number == before:
        return
    with gateway.writing(actor) as writer:
        for changed, state, text in news:
            writer.set_revision_state(changed, state.value, text)
        writer.set_in_force(number)


def note_broken_off(gateway: Gateway, actor: Actor, number: int, status: Status) -> None:
    """Note how an apply ended of which nobody heard the end: the agent runs revision `number`, or it failed."""
    note(gateway, actor, status)
    with gateway.store.reading() as reader:
        missing = reader.in_force != number and reader.about(number).state == State.SWITCHING
    if missing:
        text = "Its apply was broken off, and the agent does not run it."
        with gateway.writing(actor) as writer:
            writer.set_revision_state(number, State.FAILED.value, text)


def in_force_by(reader: Reader, status: Status) -> int:
    """Return the revision of this history that the node runs; 0 where it runs none of them."""
    if not status.revision or status.revision > reader.newest:
        return 0
    return status.revision if reader.about(status.revision).digest == status.digest else 0


def note_outcome(writer: Writer, outcome: Outcome) -> None:
    """Note which revision is in force after an outcome, and its state."""
    if outcome.revision:
        if outcome.state in STANDS:
            writer.set_revision_state(outcome.revision, outcome.state.value, outcome.text)
        writer.set_in_force(outcome.revision)


def _news(status: Status, number: int, before: int, known: dict[int, Revision]) -> list[tuple[int, State, str]]:
    """Return the revisions whose state in the store is not true any more, with state and sentence."""
    news, last = [], status.last
    if number != before and before in known and known[before].state == State.ON_WATCH:
        text = last.text if last is not None and last.state is State.UNDONE else "It was undone."
        news.append((before, State.UNDONE, text))
    if number in known and status.state in STANDS and known[number].state != status.state:
        news.append((number, status.state, last.text if last is not None and last.revision == number else ""))
    return news
