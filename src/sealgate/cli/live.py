"""`apply`, `confirm`, `rollback`: what makes something live, and takes it back.

Exit codes of the outcome: 0, the revision asked for is in force; 1, it was refused, or the node undid it because mail
suffered, and the one before is in force; 3, the node failed or cannot be reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealgate.cli import failures, output
from sealgate.cli.progress import ProgressLine
from sealgate.cli.shapes import outcome_json
from sealgate.cli.terminal import Terminal
from sealgate.cli.verbs import Verb
from sealgate.link.messages import State
from sealgate.model.errors import InvalidValue

if TYPE_CHECKING:
    from sealgate.link.messages import Outcome


@click.command("apply", cls=Verb, short_help="Make the draft live.")
@click.option("-m", "--message", "comment", metavar="TEXT", required=True, help="What the change is for; kept with it.")
@click.option(
    "--for",
    "minutes",
    type=click.FloatRange(0.05, 10_080),
    metavar="MIN",
    help="Undo it after MIN minutes (0.5 is half a minute) unless confirmed.",
)
@click.option(
    "--watch",
    type=click.FloatRange(0, 10_080),
    metavar="MIN",
    default=10.0,
    show_default=True,
    help="Watch over mail for MIN minutes; 0: do not.",
)
@click.option(
    "--override", "tests", metavar="TEST", multiple=True, help="Apply although this test fails; needs --reason."
)
@click.option("--reason", "reasons", metavar="TEXT", multiple=True, help="Why; one for each --override, in order.")
@click.pass_context
def apply(
    ctx: click.Context,
    comment: str,
    minutes: float | None,
    *,
    watch: float,
    tests: tuple[str, ...],
    reasons: tuple[str, ...],
) -> None:
    """Judge the draft on the real Postfix, and make it live as a new revision if it passes.

    If mail suffers the node undoes it by itself: at once when a service does not come up, or within the time of
    --watch when mail goes clearly worse than before. `status` shows what is watched; the next apply, or `confirm`,
    ends it.

    An override counts for this one apply, is kept with the revision, and never lets pass that Postfix does not start
    or that a stranger can relay.
    """
    from sealgate.services import applying

    terminal = ctx.ensure_object(Terminal)
    if len(tests) != len(reasons):
        raise InvalidValue.of(
            f"There are {len(tests)} overrides and {len(reasons)} reasons.", "Say --reason once for each.", "--reason"
        )
    with ProgressLine(terminal.json) as line:
        applied = applying.apply(
            terminal.gateway,
            terminal.actor,
            comment,
            keep_for=None if minutes is None else round(minutes * 60),
            watch_for=round(watch * 60),
            overrides=tuple(zip(tests, reasons, strict=True)),
            progress=line.step,
        )
    terminal.findings(applied.findings)
    shape = outcome_json(applied.outcome) | {
        "applied": applied.revision,
        "findings": [finding.to_json() for finding in applied.findings],
        "newly_possible": list(applied.widened),
    }
    newly = output.newly_lines(applied.widened, colour=terminal.colour)
    terminal.answer(shape, [*newly, *_lines(applied.outcome, applied.revision)])
    ctx.exit(_exit_code(applied.outcome, applied.revision))


@click.command("confirm", cls=Verb, short_help="Keep the revision on watch.")
@click.pass_context
def confirm(ctx: click.Context) -> None:
    """Keep the revision that is on watch: it is not undone when its time runs out."""
    from sealgate.services import applying

    terminal = ctx.ensure_object(Terminal)
    outcome = applying.confirm(terminal.gateway, terminal.actor)
    terminal.answer(outcome_json(outcome), _lines(outcome, outcome.revision))
    ctx.exit(_exit_code(outcome, outcome.revision))


@click.command("rollback", cls=Verb, short_help="Make an earlier revision live again.")
@click.argument("revision", type=click.IntRange(1), required=False)
@click.pass_context
def rollback(ctx: click.Context, revision: int | None) -> None:
    """Make an earlier revision live again; without a number, the one confirmed before. The draft stays as it is."""
    from sealgate.services import applying

    terminal = ctx.ensure_object(Terminal)
    with ProgressLine(terminal.json) as line:
        outcome = applying.rollback(terminal.gateway, terminal.actor, revision, line.step)
    wanted = outcome.revision if revision is None else revision
    terminal.answer(outcome_json(outcome), _lines(outcome, wanted))
    ctx.exit(_exit_code(outcome, wanted))


def _lines(outcome: Outcome, wanted: int | None) -> list[str]:
    lines = [output.safe(outcome.text)] if outcome.text else []
    if outcome.state is State.ON_WATCH and outcome.revision == wanted:
        keep = "Keep it: sealgate confirm." if outcome.watch_until else "See how it does: sealgate status."
        lines.append(f"Revision {wanted} is live and on watch. {keep} Go back: sealgate rollback")
    elif _is_live(outcome, wanted):
        lines.append(f"Revision {wanted} is live.")
    else:
        stands = f"Revision {outcome.revision}" if outcome.revision else "No revision"
        lines.append(f"Revision {wanted} is not live ({outcome.state.value}). {stands} is in force.")
    return [*lines, *(f"    {output.safe(line)}" for line in outcome.evidence)]


def _is_live(outcome: Outcome, wanted: int | None) -> bool:
    """Tell whether what was asked for is in force now; for a rollback the node may have undone what was on watch."""
    stands = outcome.state in {State.ON_WATCH, State.CONFIRMED, State.UNDONE}
    return stands and wanted is not None and outcome.revision == wanted


def _exit_code(outcome: Outcome, wanted: int | None) -> int:
    if _is_live(outcome, wanted):
        return failures.DONE
    return failures.REFUSED if outcome.state is State.UNDONE else failures.FAILED
