"""`check`, `discard`, `history`, `restore`: the draft as a whole, and what was.

Nothing here changes what is live. What would be lost is asked for first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealgate.cli import failures, output
from sealgate.cli.completion import keys, objects
from sealgate.cli.differences import difference_lines
from sealgate.cli.progress import ProgressLine
from sealgate.cli.shapes import difference_json, judged_json, revision_json
from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb
from sealgate.model.errors import InvalidValue, NodeUnreachable, NotFound
from sealgate.model.findings import errors_in
from sealgate.model.nouns import NOUNS

if TYPE_CHECKING:
    from sealgate.services.judging import Judged


@click.command("check", cls=Verb, short_help="Say what is wrong or doubtful in the draft.")
@click.pass_context
def check(ctx: click.Context) -> None:
    """Check the draft: the rules of every page, then the real Postfix, without changing anything.

    Also says who may newly do what when it goes live, found by running it beside what is live.
    Ends with 1 when there are errors, which would stop an apply; warnings alone end with 0.
    """
    from sealgate.services import judging, widening

    terminal = ctx.ensure_object(Terminal)
    with ProgressLine(terminal.json) as line:
        judged = judging.check(terminal.gateway, terminal.actor, line.step)
        newly = widening.of_judged(terminal.gateway, terminal.actor, judged, line.step)
    lines = [text for finding in judged.findings for text in output.finding_lines(finding, colour=terminal.colour)]
    lines += output.newly_lines(newly, colour=terminal.colour)
    shape = judged_json(judged) | {"newly_possible": None if newly is None else list(newly)}
    terminal.answer(shape, [*lines, _summary(judged)])
    ctx.exit(failures.REFUSED if errors_in(judged.findings) else failures.DONE)


def _summary(judged: Judged) -> str:
    counts = output.findings_summary(judged.findings) or "nothing found"
    if judged.report is None:
        return f"Draft {judged.candidate.digest[:12]}: {counts}."
    postfix = "judged by Postfix" if judged.report.passed else "refused by Postfix"
    return f"Draft {judged.candidate.digest[:12]}: {counts}; {postfix} in {judged.report.seconds:.2f} s."


@click.command("discard", cls=Verb, short_help="Forget changes of the draft.")
@click.argument("noun", required=False, metavar="[NOUN KEY]", shell_complete=objects)
@click.argument("key", required=False, metavar="", shell_complete=keys)
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_terminal
def discard(terminal: Terminal, noun: str | None, key: str | None, *, yes: bool) -> None:
    r"""Forget all changes of the draft, or the change of one object.

    \b
    sealgate discard                          everything that is pending
    sealgate discard setting my-hostname      one setting
    sealgate discard own-lines main-cf        the own lines of main.cf
    sealgate discard transport example.com    one row
    """
    from sealgate.services import changes

    if noun and not key:
        raise InvalidValue.of("Which one?", f"Name its key: sealgate discard {output.safe(noun)} KEY", "key")
    if noun and key:
        changes.discard(terminal.gateway, terminal.actor, noun, key)
        terminal.answer({"discarded": [{"noun": noun, "key": key}]}, [f"{noun} {key} is as it was."])
        return
    pending = changes.pending(terminal.gateway, terminal.actor)
    if pending:
        terminal.confirm(f"Forget {output.count_of(len(pending), 'change')} of the draft?", yes=yes)
        changes.discard_all(terminal.gateway, terminal.actor)
    gone = [{"noun": item.difference.noun, "key": item.difference.key} for item in pending]
    text = f"{output.count_of(len(gone), 'change')} forgotten." if gone else "The draft changes nothing."
    terminal.answer({"discarded": gone}, [text])


@click.command("history", cls=Verb, short_help="List the revisions, or the life of one object.")
@click.argument("noun", required=False, metavar="[NOUN KEY]", shell_complete=objects)
@click.argument("key", required=False, metavar="", shell_complete=keys)
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many.")
@pass_terminal
def history(terminal: Terminal, noun: str | None, key: str | None, limit: int) -> None:
    r"""List the revisions, newest first: number, state, author, time, comment.

    With an object: the versions of it that went live, newest first, with what changed, and the pending one.

    \b
    sealgate history                          the revisions
    sealgate history transport example.com    one row
    sealgate history setting my-hostname      one setting
    """
    from sealgate.services import changes, status

    if noun:
        _show_life(terminal, *_object(noun, key), limit)
        return
    try:
        status.note_standing(terminal.gateway, terminal.actor)
    except NodeUnreachable:
        terminal.remark("The agent does not answer; the states below are those last known.")
    found = changes.history(terminal.gateway, terminal.actor, limit)
    rows = [
        (item.number, f"{item.state}{', in force' if item.number == found.in_force else ''}", item.actor,
         item.at.astimezone().strftime("%Y-%m-%d %H:%M"), item.comment)
        for item in found.revisions
    ]  # fmt: skip
    shapes = [revision_json(item, found.in_force) for item in found.revisions]
    terminal.answer_table(
        shapes,
        ("Revision", "State", "By", "At", "Comment"),
        rows,
        "Nothing was applied yet. Do it: sealgate apply -m TEXT",
    )


def _show_life(terminal: Terminal, noun: str, key: str, limit: int) -> None:
    from sealgate.services import object_history

    steps = object_history.steps(terminal.gateway, terminal.actor, noun, key, limit)
    if not steps and noun in NOUNS:
        raise NotFound(f"There never was such a row: {noun} {output.safe(key)}.")
    lines: list[str] = []
    for step in steps:
        where = f"Revision {step.revision}" if step.revision else "Not applied"
        stands = ", as it is now" if step.stands else ""
        lines.append(f"{where}, {output.safe(step.actor)}, {step.at.astimezone():%Y-%m-%d %H:%M}{stands}")
        lines += [f"  {line}" for line in difference_lines(step.difference, colour=terminal.colour)]
    shapes = [
        {"revision": step.revision, "actor": step.actor, "at": step.at.isoformat(), "stands": step.stands}
        | difference_json(step.difference)
        for step in steps
    ]
    terminal.answer(shapes, lines or ["It was never changed."])


def _object(noun: str, key: str | None) -> tuple[str, str]:
    """Return the noun and key of an object that was named in words; InvalidValue where only half of it was."""
    from sealgate.services.nouns import noun_of, setting_of

    if not key:
        raise InvalidValue.of("Which one?", f"Name its key after {output.safe(noun)}.", "key")
    if noun in {"setting", "settings"}:
        return "setting", setting_of(key).name
    return (noun, key) if noun == "own-lines" else (noun_of(noun).name, key)


@click.command("restore", cls=Verb, short_help="Fill the draft with a revision, or with one object of it.")
@click.argument("revision", type=click.IntRange(1))
@click.argument("noun", required=False, metavar="[NOUN KEY]", shell_complete=objects)
@click.argument("key", required=False, metavar="", shell_complete=keys)
@click.option("--yes", is_flag=True, help="Do not ask before pending changes are forgotten.")
@pass_terminal
def restore(terminal: Terminal, revision: int, noun: str | None, key: str | None, *, yes: bool) -> None:
    r"""Make the draft say what a revision says. Apply makes it live then, as a new revision.

    With an object only that is made what it was; all else in the draft stays. To go back at once, without a draft:
    sealgate rollback N.

    \b
    sealgate restore 3                          everything
    sealgate restore 3 transport example.com    one row
    """
    from sealgate.services import changes, object_history

    if noun:
        name, which = _object(noun, key)
        object_history.bring_back(terminal.gateway, terminal.actor, name, which, revision, removing=False)
        text = f"{name} {which} is in the draft as revision {revision} had it. See: sealgate diff"
        terminal.answer({"revision": revision, "noun": name, "key": which}, [text])
        return
    pending = len(changes.pending(terminal.gateway, terminal.actor))
    if pending:
        terminal.confirm(f"Forget {output.count_of(pending, 'change')} of the draft?", yes=yes)
    count = changes.restore(terminal.gateway, terminal.actor, revision)
    text = f"The draft is as revision {revision} was: {output.count_of(count, 'object')} changed. See: sealgate diff"
    terminal.answer({"revision": revision, "changed": count}, [text])
