"""`add`, `change`, `remove`, `comment`, `enable`, `disable`, `move`: rows of every kind.

The commands for a kind of row are made from its description; a new kind of row needs nothing here.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from sealgate.cli import columns, output
from sealgate.cli.completion import keys, nouns
from sealgate.cli.shapes import saved_json
from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb, Verbs
from sealgate.model.nouns import NOUNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgate.model.objects import Noun
    from sealgate.services.saved import Saved

LATER = "Live after: sealgate apply"


class PerNoun(Verbs):
    """A group with one command for each kind of row, made by `make`."""

    def __init__(self, *args: Any, make: Any, **kwargs: Any) -> None:
        super().__init__(*args, subcommand_metavar="NOUN ...", **kwargs)
        self._make = make

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return all kinds of rows."""
        return list(NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command for a kind of row, named in singular or plural."""
        from sealgate.services.nouns import noun_of

        if ctx.resilient_parsing and cmd_name not in NOUNS:
            return None
        command: click.Command = self._make(noun_of(cmd_name))
        return command


def _add_command(noun: Noun[Any]) -> click.Command:
    params = [
        *columns.parameters(noun, adding=True),
        click.Option(["--comment"], metavar="TEXT", default="", help="A comment for people."),
        click.Option(["--disabled"], is_flag=True, help="Add it switched off."),
    ]
    title = f"Add a row to {noun.title}, in the draft."
    return Verb(
        noun.name, params=params, callback=click.pass_obj(partial(_add, noun)), help=title, short_help=noun.title
    )


def _add(noun: Noun[Any], terminal: Terminal, comment: str, *, disabled: bool, **given: Any) -> None:
    from sealgate.services import rows

    fields = columns.fields_from(terminal, noun, given, adding=True)
    saved = rows.add(terminal.gateway, terminal.actor, noun.name, fields, comment=comment, enabled=not disabled)
    _answer(terminal, saved, "added")


def _change_command(noun: Noun[Any]) -> click.Command:
    params = [
        click.Argument(["key"], shell_complete=partial(keys, noun=noun.name)),
        *columns.parameters(noun, adding=False),
        click.Option(
            ["--base"], type=int, metavar="VERSION", help="Refuse if the row is not of this version any more."
        ),
    ]
    title = f"Change some fields of a row of {noun.title}, in the draft; the others stay."
    return Verb(
        noun.name, params=params, callback=click.pass_obj(partial(_change, noun)), help=title, short_help=noun.title
    )


def _change(noun: Noun[Any], terminal: Terminal, key: str, base: int | None, **given: Any) -> None:
    from sealgate.services import rows
    from sealgate.store import ANY

    fields = columns.fields_from(terminal, noun, given, adding=False)
    start = ANY if base is None else base
    saved = rows.change(terminal.gateway, terminal.actor, noun.name, key, fields, base=start)
    _answer(terminal, saved, "changed")


def _answer(terminal: Terminal, saved: Saved, done: str) -> None:
    terminal.answer(saved_json(saved), [f"{saved.noun} {output.safe(saved.key)} {done}. {LATER}"])
    terminal.findings(saved.findings)


def _answer_many(terminal: Terminal, saved: Sequence[Saved], done: str) -> None:
    lines = [f"{item.noun} {output.safe(item.key)} {done}." for item in saved]
    terminal.answer([saved_json(item) for item in saved], [*lines[:20], *_more(lines), LATER])


def _more(lines: Sequence[str]) -> list[str]:
    return [f"… and {output.count_of(len(lines) - 20, 'more row', 'more rows')}"] if len(lines) > 20 else []


add = PerNoun("add", make=_add_command, help="Add a row to a list, in the draft.", short_help="Add a row.")
change = PerNoun(
    "change", make=_change_command, help="Change fields of a row, in the draft.", short_help="Change a row."
)


@click.command("remove", cls=Verb, short_help="Remove rows.")
@click.argument("noun", shell_complete=nouns)
@click.argument("rows", metavar="KEY...", nargs=-1, required=True, shell_complete=keys)
@pass_terminal
def remove(terminal: Terminal, noun: str, rows: tuple[str, ...]) -> None:
    """Remove rows from a list, in the draft: all of those named, or none."""
    from sealgate.services import rows as service

    _answer_many(terminal, service.remove(terminal.gateway, terminal.actor, noun, rows), "removed")


@click.command("comment", cls=Verb, short_help="Comment a row.")
@click.argument("noun", shell_complete=nouns)
@click.argument("key", shell_complete=keys)
@click.argument("text")
@pass_terminal
def comment(terminal: Terminal, noun: str, key: str, text: str) -> None:
    """Replace the comment of a row; an empty TEXT removes it."""
    from sealgate.services import rows

    _answer(terminal, rows.comment(terminal.gateway, terminal.actor, noun, key, text), "commented")


@click.command("enable", cls=Verb, short_help="Switch rows on.")
@click.argument("noun", shell_complete=nouns)
@click.argument("rows", metavar="KEY...", nargs=-1, required=True, shell_complete=keys)
@pass_terminal
def enable(terminal: Terminal, noun: str, rows: tuple[str, ...]) -> None:
    """Switch rows on, in the draft."""
    from sealgate.services import rows as service

    _answer_many(terminal, service.switch(terminal.gateway, terminal.actor, noun, rows, enabled=True), "enabled")


@click.command("disable", cls=Verb, short_help="Switch rows off.")
@click.argument("noun", shell_complete=nouns)
@click.argument("rows", metavar="KEY...", nargs=-1, required=True, shell_complete=keys)
@pass_terminal
def disable(terminal: Terminal, noun: str, rows: tuple[str, ...]) -> None:
    """Switch rows off, in the draft; they stay in the list and do nothing."""
    from sealgate.services import rows as service

    _answer_many(terminal, service.switch(terminal.gateway, terminal.actor, noun, rows, enabled=False), "disabled")


@click.command("move", cls=Verb, short_help="Move a row of an ordered list.")
@click.argument("noun", shell_complete=nouns)
@click.argument("key", shell_complete=keys)
@click.option("--before", metavar="KEY", default="", shell_complete=keys, help="Put it before this row.")
@click.option("--after", metavar="KEY", default="", shell_complete=keys, help="Put it after this row.")
@click.option("--first", is_flag=True, help="Put it first.")
@click.option("--last", is_flag=True, help="Put it last.")
@pass_terminal
def move(terminal: Terminal, noun: str, key: str, before: str, after: str, *, first: bool, last: bool) -> None:
    """Move a row to another place of its list, where the order decides."""
    from sealgate.services import ordering

    target = ordering.Target(before, after, first, last)
    _answer(terminal, ordering.move(terminal.gateway, terminal.actor, noun, key, target), "moved")
