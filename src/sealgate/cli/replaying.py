"""`replay`: recent mail on the draft and on what is live, and what would be different.

Differences are grouped by the rule that decided; each group shows how it was, how it would be, and a few of the mails.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from sealgate.cli import failures, output
from sealgate.cli.progress import ProgressLine
from sealgate.cli.terminal import Terminal
from sealgate.cli.verbs import Verb
from sealgate.link.codec import to_json
from sealgate.link.rehearsals import MOST_ENVELOPES
from sealgate.model.units import parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.link.rehearsals import Difference, Mail, Replayed


@click.command("replay", cls=Verb, short_help="Try recent mail on the draft and on what is live.")
@click.option(
    "--count", type=click.IntRange(1, MOST_ENVELOPES), default=200, show_default=True, help="At most so many envelopes."
)
@click.option("--since", "age", metavar="TIME", default="", help="Only mail of the last TIME (90s, 30m, 4h, 2d).")
@click.pass_context
def replay(ctx: click.Context, count: int, age: str) -> None:
    """Try the envelopes of recent mail, from the log, on the draft and on what is live.

    Only what would be different is shown. Both run sealed off; no mail is sent. Ends with 1 when anything differs.
    """
    from sealgate.services import replaying

    terminal = ctx.ensure_object(Terminal)
    since = time.time() - parse_duration(age, "The time", 1, 365 * 86400) if age else 0.0
    with ProgressLine(terminal.json) as line:
        found = replaying.replay(terminal.gateway, terminal.actor, count=count, since=since, progress=line.step)
    terminal.answer(to_json(found), list(_lines(found)))
    ctx.exit(failures.REFUSED if found.differences else failures.DONE)


def _lines(found: Replayed) -> Iterator[str]:
    for one in found.differences:
        yield from _difference(one)
    yield _summary(found)
    if found.not_as_recorded:
        count = output.count_of(found.not_as_recorded, "envelope")
        yield f"What is live answered {count} otherwise than the log says; they were compared all the same."
    yield from (f"Assumed: {output.safe(words)}" for words in found.assumed)


def _difference(one: Difference) -> Iterator[str]:
    yield f"{output.count_of(one.count, 'envelope')}: {output.safe(one.cause)}"
    yield f"    before: {output.safe(one.before)}"
    yield f"    after:  {output.safe(one.after)}"
    if one.noun:
        yield f"    to change it: {output.safe(' '.join(filter(None, (one.noun, one.row))))}"
    yield from (f"    such as {output.safe(_mail(mail))}" for mail in one.examples)
    yield ""


def _mail(mail: Mail) -> str:
    client = f"{mail.client} ({mail.name})" if mail.name else mail.client
    return f"from {client}: {mail.sender or '<>'} -> {mail.recipient or '(no recipient)'}"


def _summary(found: Replayed) -> str:
    if not found.tried:
        return "The log has no mail that can be tried."
    tried = f"{output.count_of(found.tried, 'envelope')} of {output.count_of(found.mails, 'mail')} were tried"
    changed = found.tried - found.same
    words = f"{changed:,} would be treated differently" if changed else "none would be treated differently"
    return f"{tried}: {words}. ({found.seconds:.1f} s)"
