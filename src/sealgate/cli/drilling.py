"""`drill`: parts fail in a sealed copy, and what senders would see is shown.

One paragraph for each failure, one line for each kind of mail; what would be lost is said first and loudest.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click

from sealgate.cli import failures, output
from sealgate.cli.progress import ProgressLine
from sealgate.cli.terminal import Terminal
from sealgate.cli.verbs import Verb
from sealgate.link.codec import to_json
from sealgate.link.rehearsals import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.link.rehearsals import DrillReport

_WORDS = {fault.value.replace(" ", "-"): fault for fault in Fault}


@click.command("drill", cls=Verb, short_help="Say what senders see when a part fails.")
@click.option(
    "--fault", "words", type=click.Choice(list(_WORDS)), multiple=True, help="Only this part; may be given again."
)
@click.option("--live", is_flag=True, help="With what is live, not with the draft.")
@click.pass_context
def drill(ctx: click.Context, words: tuple[str, ...], *, live: bool) -> None:
    """Let next hop, name servers, MPA and tables fail, one after the other, in a sealed copy of the gateway.

    Says for mail from outside and for mail to the outside what its sender sees, what is queued, and what happens when
    the part comes back. Nothing live is touched. Ends with 1 when mail would be lost.
    """
    from sealgate.services import drilling

    terminal = ctx.ensure_object(Terminal)
    faults = tuple(_WORDS[word] for word in words)
    with ProgressLine(terminal.json) as line:
        report = drilling.drill(terminal.gateway, terminal.actor, faults, live=live, progress=line.step)
    terminal.answer(to_json(report), list(_lines(report, colour=terminal.colour)))
    ctx.exit(failures.REFUSED if any(one.lost for one in report.results) else failures.DONE)


def _lines(report: DrillReport, *, colour: bool) -> Iterator[str]:
    for what, results in groupby(report.results, lambda one: one.what):
        yield f"{output.safe(what[:1].upper() + what[1:])}:"
        for one in results:
            yield f"    {output.safe(one.mail)}"
            yield f"        the sender sees: {output.safe(one.seen_by_sender)}"
            mark = output.paint("LOST: ", "31", colour=colour) if one.lost else ""
            yield f"        {mark}{output.safe(one.afterwards)}"
    yield ""
    lost = sum(one.lost for one in report.results)
    count = output.count_of(len(report.results), "mail")
    words = f"{output.count_of(lost, 'mail')} would be lost" if lost else "none would be lost"
    yield f"{count} tried: {words}. ({report.seconds:.1f} s)"
    yield from (f"Not drilled: {output.safe(words)}" for words in report.not_drilled)
    yield from (f"Assumed: {output.safe(words)}" for words in report.assumed)
