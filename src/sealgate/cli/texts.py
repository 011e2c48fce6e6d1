"""`edit`: texts as a whole, in an editor or from a file: own lines and look-up tables.

A text is never lost: when it is refused, or somebody else saved meanwhile, it stays in a file that the message names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sealgate.cli import output
from sealgate.cli.completion import keys
from sealgate.cli.inputs import edited, kept, text_of
from sealgate.cli.shapes import saved_json
from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb
from sealgate.model.errors import Conflict, InvalidValue, Problem, Refused, SealgateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services.saved import Saved


@click.command("edit", cls=Verb, short_help="Edit own lines or a look-up table as text.")
@click.argument("what", type=click.Choice(["main-cf", "master-cf", "lookup-table"]))
@click.argument("name", required=False, metavar="[TABLE]", shell_complete=lambda c, p, i: keys(c, p, i, "lookup-table"))
@click.option("--file", "file", metavar="FILE", help="Take the text from FILE (- is standard input); no editor.")
@click.option("--base", type=int, metavar="VERSION", help="Refuse if the text is not of this version any more.")
@pass_terminal
def edit(terminal: Terminal, what: str, name: str | None, file: str | None, base: int | None) -> None:
    """Edit your own lines of main.cf or master.cf, or the text of a look-up table, in the draft.

    Without --file, $VISUAL or $EDITOR opens. What somebody else saved meanwhile is never overwritten.
    """
    if (what == "lookup-table") != bool(name):
        raise InvalidValue.of(
            "Which table?" if what == "lookup-table" else f"There is one {what}.",
            "Write: sealgate edit lookup-table NAME, or sealgate edit main-cf.",
            "name",
        )
    text, version, save = _opened(terminal, what, name or "")
    start = version if base is None else base
    new = text_of(terminal.identity, file) if file is not None else edited(terminal.identity, text, _suffix(what))
    if file is None and new == text:
        terminal.answer({"noun": what, "key": name or what, "version": version}, ["Nothing was changed."])
        return
    try:
        saved = save(new, start)
    except (SealgateError, OSError) as fault:
        if file is not None and file != "-":
            raise
        raise _with_text_kept(terminal, fault, new, _suffix(what)) from None
    terminal.answer(saved_json(saved), [f"{output.safe(saved.key)} saved in the draft. Live after: sealgate apply"])
    terminal.findings(saved.findings)


def _opened(terminal: Terminal, what: str, name: str) -> tuple[str, int | None, Callable[[str, Any], Saved]]:
    """Return the text, its version, and what saves a new one."""
    from sealgate.services import lookup_tables, own_lines

    if what == "lookup-table":
        table = lookup_tables.show(terminal.gateway, terminal.actor, name)
        return (
            table.text,
            table.version,
            lambda text, base: lookup_tables.edit(terminal.gateway, terminal.actor, table.name, text, base=base),
        )
    own = own_lines.show(terminal.gateway, terminal.actor, what)
    return (
        own.text,
        own.version,
        lambda text, base: own_lines.edit(terminal.gateway, terminal.actor, own.name, text, base=base),
    )


def _suffix(what: str) -> str:
    return ".cf" if what.endswith("-cf") else ".map"


def _with_text_kept(terminal: Terminal, fault: Exception, text: str, suffix: str) -> SealgateError:
    """Return the same error, which says where the text is now."""
    with terminal.identity.as_caller():
        where = f"Your text is kept in {kept(text, suffix)}."
    if isinstance(fault, Conflict):
        return Conflict(f"{fault} {where}", fault.current)
    if isinstance(fault, InvalidValue):
        return InvalidValue(*fault.problems, Problem("", where))
    if isinstance(fault, Refused):
        return Refused(f"{fault} {where}", fault.findings)
    if isinstance(fault, SealgateError):
        return type(fault)(f"{fault} {where}")
    return Refused(f"{fault}. {where}")
