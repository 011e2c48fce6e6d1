"""`status`: how the gateway stands, in one look.

It works without the agent, too, and says so; what is not as it should be comes last, with what to do.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from sealgate.cli import failures, output
from sealgate.cli.next_steps import sentence
from sealgate.cli.terminal import Terminal
from sealgate.cli.verbs import Verb
from sealgate.link.codec import to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.link.messages import Status as NodeStatus
    from sealgate.services.status import Status
    from sealgate.store import Job


@click.command("status", cls=Verb, short_help="Say what runs and what is in force.")
@click.pass_context
def status(ctx: click.Context) -> None:
    """Say what runs, which revision is in force, and what is pending.

    Ends with 3 when the agent does not answer, with 1 when something on the node is not as it should be.
    """
    from sealgate.services import status as service

    terminal = ctx.ensure_object(Terminal)
    found = service.show(terminal.gateway, terminal.actor)
    terminal.answer(_json(found), _lines(found))
    if found.node is None:
        ctx.exit(failures.FAILED)
    ctx.exit(failures.REFUSED if _troubles(found.node) else failures.DONE)


def _json(found: Status) -> dict[str, Any]:
    return {
        "newest_revision": found.newest or None,
        "in_force": found.in_force or None,
        "pending": found.pending,
        "node": None if found.node is None else to_json(found.node),
        "reason": found.reason,
        "scheduler": found.scheduler,
        "jobs": [_job_json(job) for job in found.jobs],
    }


def _lines(found: Status) -> Iterator[str]:
    if found.node is None:
        next_ = sentence(found.steps)
        yield f"Node: {output.safe(found.reason)}{next_ and f' {next_}'}"
    else:
        yield from _node_lines(found.node)
    if found.newest != found.in_force and found.newest:
        yield f"The newest revision, {found.newest}, is not in force. See: sealgate history"
    yield from _job_lines(found)
    yield f"Draft: {output.count_of(found.pending, 'change')} not applied yet" if found.pending else "Draft: no changes"


def _job_json(job: Job) -> dict[str, Any]:
    return {
        "name": job.name,
        "about": job.about,
        "running": bool(job.holder),
        "finished": job.finished.isoformat() if job.finished else None,
        "result": job.result,
    }


def _job_lines(found: Status) -> Iterator[str]:
    runs = f"runs (process {found.scheduler})" if found.scheduler else "does not run here"
    yield f"Scheduler: {runs}"
    for job in found.jobs:
        if job.finished is None:
            yield f"  {job.name}: runs now, for {output.safe(job.about)}"
            continue
        ended = "passed" if job.result.get("passed") else "did not pass"
        when = job.finished.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        yield f"  {job.name} {when}, {output.safe(job.about)}: {ended}: {output.safe(job.result.get('text', ''))}"


def _node_lines(node: NodeStatus) -> Iterator[str]:
    since = f" since {_time(node.since)}" if node.since else ""
    if node.revision:
        yield f"In force: revision {node.revision} ({node.state.value}){since}: {output.safe(node.comment)}"
    else:
        yield "In force: no revision yet. Make one: sealgate apply -m TEXT"
    if node.watch_until:
        yield f"On watch: undone at {_time(node.watch_until)} unless confirmed: sealgate confirm"
    if node.watched_until:
        yield f"Watched until {_time(node.watched_until)}, undone before if mail suffers:"
        yield from (f"  {output.safe(line)}" for line in node.watched)
    runs = f"runs (process {node.postfix_pid})" if node.postfix_pid else "does not run"
    yield f"Postfix {output.safe(node.postfix_version)}: {runs}"
    for listener in node.listeners:
        answers = "answers" if listener.answers else "does not answer"
        detail = f": {output.safe(listener.detail)}" if listener.detail else ""
        yield f"  {output.safe(listener.name)} {answers}{detail}"
    yield f"MPA: {'answers' if node.mpa_answers else 'does not answer'}"
    yield f"Free disk space: {node.free_bytes / 2**30:.1f} GiB"
    for trouble in _troubles(node):
        yield f"! {output.safe(trouble)}"


def _troubles(node: NodeStatus) -> list[str]:
    troubles = list(node.problems)
    if node.drifted:
        names = ", ".join(node.drifted[:5])
        troubles.append(f"Changed by hand: {names}. See: sealgate drift")
    return troubles


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
