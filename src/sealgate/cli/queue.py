"""`queue list|view|flush|hold|release|requeue|delete`: the mail queue, by ids or by filter.

What changes mail says first how many messages it concerns, and asks; `--yes` answers beforehand.
"""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING, Any

import click

from sealgate.cli import output
from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb, Verbs
from sealgate.link.codec import to_json
from sealgate.link.upkeep import QueueFilter, QueueVerb

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.link.upkeep import QueueMessage

queue = Verbs("queue", help="Look at the mail queue and act on messages.", short_help="The mail queue.")

_MOST = 1_000_000
_QUEUES = ("active", "incoming", "deferred", "hold", "maildrop", "corrupt")


def _filtered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ids and the options of a filter to a command."""
    for option in (
        click.option("--older-than", metavar="TIME", help="Arrived longer ago than TIME (90s, 30m, 4h, 2d)."),
        click.option("--reason", metavar="TEXT", default="", help="The reason for the delay has TEXT in it."),
        click.option("--recipient", metavar="TEXT", default="", help="A recipient has TEXT in it."),
        click.option("--sender", metavar="TEXT", default="", help="The sender has TEXT in it; <> is the null sender."),
        click.option("--queue", "queues", type=click.Choice(_QUEUES), multiple=True, help="In this queue."),
        click.argument("ids", metavar="[ID]...", nargs=-1),
    ):
        function = option(function)
    return function


def _filter(given: dict[str, Any], limit: int = _MOST) -> QueueFilter:
    from sealgate.services import queue as service

    return QueueFilter(
        ids=given["ids"],
        queues=given["queues"],
        sender=given["sender"],
        recipient=given["recipient"],
        reason=given["reason"],
        older_than=service.age(given["older_than"] or ""),
        limit=limit,
    )


@queue.command("list", cls=Verb, short_help="List queued messages.")
@_filtered
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="At most so many.")
@pass_terminal
def list_(terminal: Terminal, /, limit: int, **given: Any) -> None:
    """List queued messages with age, size, sender, recipients and the reason for the delay."""
    from sealgate.services import queue as service

    found = list(service.listing(terminal.gateway, terminal.actor, _filter(given, limit)))
    now = dt.datetime.now(dt.UTC).timestamp()
    rows = [row for message in found for row in _rows(message, now)]
    titles = ("Id", "Queue", "Age", "Size", "Sender", "Recipient", "Reason")
    terminal.answer_table([to_json(message) for message in found], titles, rows, "The queue is empty.")


def _rows(message: QueueMessage, now: float) -> list[tuple[Any, ...]]:
    age = _age(max(now - message.arrival, 0))
    head: tuple[Any, ...] = (message.id, message.queue, age, message.size, message.sender or "<>")
    rows = []
    for recipient in message.recipients:
        rows.append((*head, recipient.address, recipient.reason))
        head = ("", "", "", "", "")
    return rows or [(*head, "", "")]


def _age(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"


@queue.command("view", cls=Verb, short_help="Show one queued message.")
@click.argument("id", metavar="ID")
@pass_terminal
def view(terminal: Terminal, id: str) -> None:  # noqa: A002 - the word on the command line
    """Show one queued message: envelope, header and body."""
    from sealgate.services import queue as service

    data = b"".join(service.view(terminal.gateway, terminal.actor, id))
    text = data.decode("utf-8", "replace")
    if terminal.json:
        terminal.answer({"id": id, "text": text})
    elif terminal.columns is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
    else:
        terminal.answer(None, output.safe_lines(text).splitlines())


def _act_command(verb: QueueVerb, title: str, effect: str) -> click.Command:
    @click.command(verb.value, cls=Verb, short_help=title, help=f"{title} {effect}")
    @_filtered
    @click.option("--all", "everything", is_flag=True, help="All messages of the queue.")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @pass_terminal
    def act(terminal: Terminal, /, *, everything: bool, yes: bool, **given: Any) -> None:
        from sealgate.model.errors import InvalidValue
        from sealgate.services import queue as service

        which = _filter(given)
        if service.is_everything(which) and not everything:
            raise InvalidValue.of("Which messages?", "Name queue ids or a filter, or say --all.", "filter")
        found = service.count(terminal.gateway, terminal.actor, verb, which)
        if found.count and verb is not QueueVerb.FLUSH:
            question = f"{verb.value.capitalize()} {output.count_of(found.count, 'message')}?"
            terminal.confirm(question, yes=yes)
        done = found
        if found.count or verb is QueueVerb.FLUSH:
            done = service.act(terminal.gateway, terminal.actor, verb, which, everything=everything)
        text = done.text or f"{output.count_of(done.count, 'message')}: {verb.value}."
        terminal.answer({"verb": verb.value, "count": done.count, "text": done.text}, [output.safe(text)])

    return act


for _verb, _title, _effect in (
    (QueueVerb.FLUSH, "Try to deliver now.", "Deferred messages are tried again at once."),
    (QueueVerb.HOLD, "Hold messages.", "They stay in the queue until they are released."),
    (QueueVerb.RELEASE, "Release held messages.", "They are delivered as usual."),
    (QueueVerb.REQUEUE, "Queue messages anew.", "They pass through address rewriting, filter and routing again."),
    (QueueVerb.DELETE, "Delete messages.", "They are gone for good; no sender is told."),
):
    queue.add_command(_act_command(_verb, _title, _effect))
