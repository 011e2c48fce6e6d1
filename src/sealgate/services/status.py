"""How the gateway stands: what runs, which revision is in force, what is pending; for people in one look."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sealgate.model.errors import NodeFailed
from sealgate.services.actor import Right
from sealgate.services.scheduling import SELF
from sealgate.services.standing import note

if TYPE_CHECKING:
    from sealgate.link.messages import Status as NodeStatus
    from sealgate.model.next_steps import Step
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Job


@dataclass(frozen=True, slots=True)
class Status:
    """The control half's view, and the node's own word; `node` is None, with the reason, when it cannot be asked.

    `pending` is the number of objects that an apply would change. `jobs` are what the control half does by itself, with
    how each ended last; `scheduler` is the number of the process that does them here, None while none runs.
    """

    newest: int
    in_force: int
    pending: int
    node: NodeStatus | None
    reason: str = ""
    steps: tuple[Step, ...] = ()
    jobs: tuple[Job, ...] = ()
    scheduler: int | None = None


def show(gateway: Gateway, actor: Actor) -> Status:
    """Return how the gateway stands, and note in the history what the node did by itself."""
    actor.may(Right.VIEW)
    node, reason = None, ""
    steps: tuple[Step, ...] = ()
    try:
        node = gateway.node(actor).status()
        note(gateway, actor, node)
    except NodeFailed as fault:
        reason, steps = str(fault), fault.steps
    with gateway.store.reading() as reader:
        pending = sum(1 for _change in reader.compare(reader.live(), reader.draft()))
        jobs = tuple(reader.jobs())
        running = next((_process(job) for job in jobs if job.name == SELF), None)
        others = tuple(job for job in jobs if job.name != SELF)
        return Status(reader.newest, reader.in_force, pending, node, reason, steps, others, running)


def _process(job: Job) -> int | None:
    """Return the process of the scheduler, where it runs on this machine."""
    alive = bool(job.holder) and Path(f"/proc/{job.about}").is_dir()
    return int(job.about) if alive and job.about.isdigit() else None


def note_standing(gateway: Gateway, actor: Actor) -> None:
    """Note in the history what the node did by itself; NodeUnreachable when it does not answer."""
    note(gateway, actor, gateway.node(actor).status())
