"""`list`: the rows of one kind, a page at a time.

A page costs a page, whatever the length of the list. What is left to see is said on standard error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sealgate.cli import output
from sealgate.cli.completion import nouns
from sealgate.cli.shapes import page_json
from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb
from sealgate.model.objects import Kind
from sealgate.services.wording import shown_fields

if TYPE_CHECKING:
    from sealgate.model.objects import Noun
    from sealgate.services.rows import Page
    from sealgate.store import Stored


@click.command("list", cls=Verb, short_help="List rows.")
@click.argument("noun", shell_complete=nouns)
@click.option("--search", metavar="TEXT", default="", help="Only rows that have TEXT in key, fields or comment.")
@click.option("--limit", type=int, default=100, show_default=True, help="At most so many rows.")
@click.option("--after", metavar="CURSOR", default="", help="Go on behind the row where the last page ended.")
@pass_terminal
def list_(terminal: Terminal, noun: str, search: str, limit: int, after: str) -> None:
    """List the rows of one kind in the draft, in the order that counts.

    Long lists come in pages; the end of a page says how to get the next one.
    """
    from sealgate.services import rows
    from sealgate.services.nouns import noun_of

    kind = noun_of(noun)
    page = rows.listing(terminal.gateway, terminal.actor, noun, search=search, after=after, limit=limit)
    columns = [column for column in kind.columns if column.kind is not Kind.LONG_TEXT]
    titles = ["Key", *(column.title for column in columns), "", "Comment"]
    shown = [_cells(row, columns) for row in page.rows]
    if all(row[0] == output.cell(row[1]) for row in shown):
        titles, shown = titles[1:], [row[1:] for row in shown]
    terminal.answer_table(page_json(page), titles, shown, _nothing(kind, search))
    _say_more(terminal, page)


def _cells(row: Stored, columns: Any) -> list[Any]:
    fields = shown_fields(row)
    values = ["yes" if fields.get(column.name) is True else _plain(fields.get(column.name)) for column in columns]
    return [output.safe(row.key), *values, "" if row.enabled else "disabled", row.comment]


def _plain(value: Any) -> Any:
    if value is False:
        return ""
    if isinstance(value, list) and len(value) > 5:
        return f"{output.cell(value[:5])}, … ({len(value)})"
    return value


def _nothing(kind: Noun[Any], search: str) -> str:
    return f"{kind.title}: nothing found." if search else f"{kind.title}: the list is empty."


def _say_more(terminal: Terminal, page: Page) -> None:
    if page.next:
        terminal.remark(
            f"{output.count_of(len(page.rows), 'row')} of {page.total:,}. The next page: --after '{page.next}'"
        )
