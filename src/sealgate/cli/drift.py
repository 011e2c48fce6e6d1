"""`drift`: files that were edited on the machine by hand; shown, adopted, or overwritten.

Nothing is settled without being asked for, and overwriting asks first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealgate.cli import failures, output
from sealgate.cli.shapes import difference_json
from sealgate.cli.terminal import Terminal
from sealgate.cli.verbs import Verb
from sealgate.link.codec import to_json

if TYPE_CHECKING:
    from sealgate.link.upkeep import Drift


@click.command("drift", cls=Verb, short_help="Show, adopt or overwrite hand edits of live files.")
@click.argument("files", metavar="[FILE]...", nargs=-1)
@click.option("--adopt", is_flag=True, help="Take the edits into the draft, as fields or own lines.")
@click.option("--overwrite", is_flag=True, help="Make the files again as the revision in force has them.")
@click.option("--yes", is_flag=True, help="Do not ask before overwriting.")
@click.pass_context
def drift(ctx: click.Context, files: tuple[str, ...], *, adopt: bool, overwrite: bool, yes: bool) -> None:
    """Show which live files were edited by hand, and how. Apply waits until that is settled.

    Without FILE all edited files are meant. Ends with 1 while anything is unsettled.
    """
    from sealgate.services import drifting

    terminal = ctx.ensure_object(Terminal)
    if adopt and overwrite:
        raise click.UsageError("Say --adopt or --overwrite, not both.")
    if adopt:
        ctx.exit(_adopt(terminal, files))
    if overwrite:
        terminal.confirm("Overwrite the hand edits?", yes=yes)
        found = drifting.overwrite(terminal.gateway, terminal.actor, files)
    else:
        found = drifting.show(terminal.gateway, terminal.actor, files)
    terminal.answer(to_json(found), _lines(found, colour=terminal.colour))
    ctx.exit(failures.REFUSED if found.unresolved else failures.DONE)


def _adopt(terminal: Terminal, files: tuple[str, ...]) -> int:
    from sealgate.services import drifting

    adopted = drifting.adopt(terminal.gateway, terminal.actor, files)
    shape = {
        "adopted": [difference_json(item) for item in adopted.differences],
        "files": list(adopted.files),
        "findings": [finding.to_json() for finding in adopted.findings],
    }
    lines = [f"Taken into the draft: {item.noun} {output.safe(item.key)}" for item in adopted.differences]
    if adopted.files:
        lines.append(f"Settled: {', '.join(map(output.safe, adopted.files))}. See: sealgate diff")
    terminal.answer(shape, lines or ["There was nothing to take into the draft."])
    terminal.findings(adopted.findings)
    return failures.REFUSED if adopted.findings else failures.DONE


def _lines(found: Drift, *, colour: bool) -> list[str]:
    if not found.items:
        return ["No live file was changed by hand."]
    lines = []
    for item in found.items:
        settled = " (taken into the draft)" if item.adopted else ""
        lines.append(output.paint(f"{output.safe(item.file)}: {item.kind.value}{settled}", "1", colour=colour))
        lines += [f"    {output.safe(line, keep=chr(9))}" for line in item.diff.splitlines()]
    if found.unresolved:
        lines.append("Settle it: sealgate drift --adopt, or sealgate drift --overwrite")
    return lines
