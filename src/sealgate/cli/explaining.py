"""`explain`: the way of one mail, stage by stage, and the restriction and table line that decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealgate.cli import failures, output
from sealgate.cli.inputs import opened
from sealgate.cli.progress import ProgressLine
from sealgate.cli.terminal import Terminal
from sealgate.cli.verbs import Verb
from sealgate.link.codec import to_json
from sealgate.link.rehearsals import LARGEST_MAIL, Mail, Opinion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.link.rehearsals import Explained, Stage

_MARKS = {
    Opinion.PASSED: "·",
    Opinion.PERMITTED: "+",
    Opinion.REFUSED: "✗",
    Opinion.DEFERRED: "…",
    Opinion.NOT_REACHED: " ",
}


@click.command("explain", cls=Verb, short_help="Follow one mail, stage by stage.")
@click.argument("client")
@click.argument("recipient")
@click.option("--sender", metavar="ADDRESS", default="someone@example.org", help='Envelope sender; "" for a bounce.')
@click.option("--name", metavar="HOST", default="", help="What DNS says the client is called.")
@click.option("--helo", metavar="HOST", default="client.example.org", help="What the client says in EHLO.")
@click.option("--tls", is_flag=True, help="The client uses STARTTLS.")
@click.option("--listener", metavar="PORT", default="", help="Where it connects; empty: the public one.")
@click.option("--size", type=click.IntRange(0), metavar="BYTES", help="Size that the client announces.")
@click.option("--message", metavar="FILE", help="Send this message (- for standard input) instead of a short one.")
@click.option("--listed", metavar="ZONE[=ANSWER]", multiple=True, help="A block list lists the client.")
@click.option("--live", is_flag=True, help="By what is live, not by the draft.")
@click.pass_context
def explain(
    ctx: click.Context, /, client: str, recipient: str, *, message: str | None, live: bool, **about: object
) -> None:
    """Say what becomes of a mail from the address CLIENT to RECIPIENT, and what decides it.

    The release runs sealed off, and the mail is really sent through it; nothing leaves the machine. Ends with 1 when
    the mail is refused or deferred.
    """
    from sealgate.services import explaining

    terminal = ctx.ensure_object(Terminal)
    content = b""
    if message:
        with opened(terminal.identity, message) as stream:
            content = stream.read(LARGEST_MAIL + 1)
    mail = Mail(client=client, recipient=recipient, message=content, **about)  # type: ignore[arg-type]
    with ProgressLine(terminal.json) as line:
        answer = explaining.explain(terminal.gateway, terminal.actor, mail, live=live, progress=line.step)
    terminal.answer(to_json(answer), list(_lines(answer)))
    ctx.exit(failures.DONE if answer.opinion is Opinion.PERMITTED else failures.REFUSED)


def _lines(answer: Explained) -> Iterator[str]:
    for stage in answer.stages:
        yield f"{_MARKS[stage.opinion]} {stage.name}: {output.safe(stage.text)}"
        yield from (f"      {line}" for line in _details(stage))
    yield ""
    verdict = {
        Opinion.PERMITTED: "The mail is accepted and delivered.",
        Opinion.REFUSED: f"The mail is refused ({answer.decided}).",
        Opinion.DEFERRED: f"The mail is deferred ({answer.decided}).",
    }
    yield verdict.get(answer.opinion, answer.opinion.value)
    yield from (f"Assumed: {output.safe(words)}" for words in answer.assumed)


def _details(stage: Stage) -> Iterator[str]:
    if stage.opinion in {Opinion.REFUSED, Opinion.DEFERRED} and stage.reply:
        yield f"reply: {output.safe(stage.reply)}"
    if stage.opinion in {Opinion.PASSED, Opinion.NOT_REACHED}:
        return
    if stage.parameter:
        yield f"decided by {output.safe(' '.join(filter(None, (stage.parameter, stage.restriction))))}"
    if stage.table:
        where = f", line {stage.line}" if stage.line else ""
        yield f"in {output.safe(stage.table)}{where}"
    if stage.noun:
        yield f"to change it: {output.safe(' '.join(filter(None, (stage.noun, stage.row))))}"
