"""`import` and `export`: whole lists from and to files.

Files are opened with the caller's rights. An exported file has its name only when it is complete.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from sealgate.cli import output
from sealgate.cli.completion import nouns
from sealgate.cli.inputs import created, opened
from sealgate.cli.progress import ProgressLine
from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb
from sealgate.model.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from sealgate.services.imports import Imported

_FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "csv", "yaml", "ndjson"]),
    help="How the file is written; by its name if not said.",
)


@click.command("import", cls=Verb, short_help="Import rows from a file.")
@click.argument("noun", shell_complete=nouns)
@click.argument("file", type=click.Path(allow_dash=True, readable=False))
@_FORMAT
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--replace", is_flag=True, help="Make the list exactly the file: remove what is not in it.")
@pass_terminal
def import_(terminal: Terminal, noun: str, file: str, form: str | None, *, dry_run: bool, replace: bool) -> None:
    """Import rows into the draft from FILE (- is standard input): all of them or none.

    Plain text has one row a line, as in Postfix's own tables; CSV has a first line with the names of the columns; YAML
    is a list of entries with the columns as fields.
    """
    from sealgate.services import imports
    from sealgate.services.formats import Format

    chosen = Format(form) if form else Format.of_file(file)
    with opened(terminal.identity, file) as stream, ProgressLine(terminal.json) as line:
        reading = _Reading(stream, file)
        done = imports.import_rows(
            terminal.gateway,
            terminal.actor,
            noun,
            reading.lines(),
            form=chosen,
            replace=replace,
            dry_run=dry_run,
            progress=lambda count: line.show(f"{count:,} rows", reading.position(), reading.size),
        )
    terminal.answer(_json(done), [_summary(done)])


class _Reading:
    """Lines of a file, with how far it was read; a line that is not UTF-8 is a fault of that line."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._name = name
        self._read = 0
        self.size = os.fstat(stream.fileno()).st_size if name != "-" else 0

    def lines(self) -> Iterator[str]:
        for number, line in enumerate(self._stream, 1):
            self._read += len(line)
            try:
                yield line.decode()
            except UnicodeDecodeError:
                raise InvalidValue.of(
                    "The line is not UTF-8 text.", "Save the file as UTF-8.", f"line {number}"
                ) from None

    def position(self) -> int:
        return self._read if self.size else 0


def _json(done: Imported) -> dict[str, Any]:
    return {
        "noun": done.noun,
        "read": done.read,
        "added": done.added,
        "changed": done.changed,
        "same": done.same,
        "removed": done.removed,
        "dry_run": done.dry_run,
    }


def _summary(done: Imported) -> str:
    counts = [
        (done.added, "added"),
        (done.changed, "changed"),
        (done.same, "already so"),
        (done.removed, "removed"),
    ]
    said = ", ".join(f"{count:,} {word}" for count, word in counts if count) or "nothing to do"
    if done.dry_run:
        return f"{output.count_of(done.read, 'row')} read; would be: {said}. Nothing was changed."
    return f"{output.count_of(done.read, 'row')} read: {said}. Live after: sealgate apply"


@click.command("export", cls=Verb, short_help="Export a list to a file.")
@click.argument("noun", shell_complete=nouns)
@click.argument("file", type=click.Path(allow_dash=True, readable=False))
@_FORMAT
@click.option("--state", metavar="STATE", default="draft", show_default=True, help="draft, live, or a revision.")
@pass_terminal
def export(terminal: Terminal, noun: str, file: str, form: str | None, state: str) -> None:
    """Export all rows of a list to FILE (- is standard output); import reads them back. Passwords are left out."""
    from sealgate.services import exports
    from sealgate.services.formats import Format
    from sealgate.services.states import StateName

    chosen = Format(form) if form else Format.of_file(file)
    named = StateName.parse(state)
    count = 0
    with (
        exports.exported(terminal.gateway, terminal.actor, noun, form=chosen, state=named) as lines,
        created(terminal.identity, file) as stream,
    ):
        for line in lines:
            stream.write(line.encode())
            count += line.count("\n")
    if file != "-":
        terminal.answer({"noun": noun, "file": file, "lines": count}, [f"{output.count_of(count, 'line')} in {file}."])
