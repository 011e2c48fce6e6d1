"""`show`: settings, own lines, whole rendered files, single rows, and what became of a revision.

Only looks; nothing is changed. Secrets are shown as "stored".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealgate.cli import output
from sealgate.cli.completion import objects
from sealgate.cli.shapes import revision_json, setting_json, stored_json
from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb
from sealgate.model.errors import InvalidValue, NotFound
from sealgate.model.findings import Finding
from sealgate.model.mta import SETTINGS
from sealgate.model.objects import Kind

if TYPE_CHECKING:
    from sealgate.services.settings import ShownSetting


@click.command("show", cls=Verb, short_help="Show settings, own lines, a row, or a revision.")
@click.argument("what", shell_complete=objects)
@click.argument("names", nargs=-1, shell_complete=objects)
@click.option("--whole", is_flag=True, help="With main-cf and master-cf: the whole rendered file.")
@click.option("--text", is_flag=True, help="With a look-up table: its text and where it is used.")
@click.option("--fetches", is_flag=True, help="With a provider: what came of fetching its list.")
@click.option("--state", metavar="STATE", default="draft", help="With --whole: draft, live, or a revision.")
@pass_terminal
def show(
    terminal: Terminal, what: str, names: tuple[str, ...], state: str, *, whole: bool, text: bool, fetches: bool
) -> None:
    r"""Show what the draft says, and what a revision was.

    \b
    sealgate show settings                       all settings
    sealgate show settings my-hostname           one, with its help
    sealgate show main-cf                        your own lines of main.cf
    sealgate show main-cf --whole --state live   the whole file, as it was made
    sealgate show transport example.com          one row
    sealgate show lookup-table NAME --text       the text of a look-up table
    sealgate show provider NAME --fetches        what came of fetching a provider's list
    sealgate show revision 3                     a revision, with what was found when it was applied
    sealgate show report 3                       how its rehearsal came out, test by test
    sealgate show report                         the newest report on the draft
    """
    from sealgate.services.nouns import OWN_LINES

    if what in {"settings", "setting"}:
        _show_settings(terminal, names)
    elif what.replace(".", "-") in OWN_LINES:
        _show_file(terminal, what, state) if whole else _show_own_lines(terminal, what)
    elif what == "revision":
        _show_revisions(terminal, names)
    elif what == "report":
        _show_report(terminal, names)
    elif what in SETTINGS and not names:
        _show_settings(terminal, (what,))
    elif text:
        _show_texts(terminal, names)
    elif fetches:
        from sealgate.cli.fetching import show_fetches

        show_fetches(terminal, names)
    else:
        _show_rows(terminal, what, names)


def _show_settings(terminal: Terminal, names: tuple[str, ...]) -> None:
    from sealgate.services import settings

    found = settings.show(terminal.gateway, terminal.actor, names)
    rows = [(item.name, item.shown, _mark(item)) for item in found]
    terminal.answer_table([setting_json(item) for item in found], ("Setting", "Value", ""), rows, "")
    if names and not terminal.json:
        for item in found:
            click.echo(f"\n{item.title} ({item.page})\n{output.safe(item.help)}")


def _show_own_lines(terminal: Terminal, name: str) -> None:
    from sealgate.services import own_lines

    text = own_lines.show(terminal.gateway, terminal.actor, name)
    lines = output.safe_lines(text.text).splitlines() or [f"There are no own lines of {text.name}."]
    terminal.answer({"name": text.name, "text": text.text, "version": text.version}, lines)


def _show_rows(terminal: Terminal, noun: str, keys: tuple[str, ...]) -> None:
    from sealgate.services import rows
    from sealgate.services.nouns import noun_of

    kind = noun_of(noun)
    if not keys:
        raise InvalidValue.of("Which row?", f"Name its key; see: sealgate list {kind.name}", "names")
    found = [rows.show(terminal.gateway, terminal.actor, noun, key) for key in keys]
    shapes = [stored_json(row) for row in found]
    columns = [column for column in kind.columns if column.kind is not Kind.LONG_TEXT]
    lines = []
    for shape in shapes:
        pairs = [(column.title, shape["fields"].get(column.name)) for column in columns]
        pairs += [("Comment", shape["comment"]), ("Enabled", shape["enabled"])]
        lines += [f"{kind.title}: {output.safe(shape['key'])}"]
        lines += [f"  {title}: {output.cell(value)}" for title, value in pairs if output.cell(value)]
        lines += _list_lines(terminal, shape["key"]) if kind.name == "provider" and not terminal.json else []
    terminal.answer(shapes, lines)


def _list_lines(terminal: Terminal, name: str) -> list[str]:
    from sealgate.cli.fetching import state_lines

    return state_lines(terminal, name)


def _mark(item: ShownSetting) -> str:
    if item.pending:
        return "not applied yet"
    return "" if item.is_set else "default"


def _show_file(terminal: Terminal, name: str, state: str) -> None:
    from sealgate.services.nouns import text_of
    from sealgate.services.rendering import rendered_file
    from sealgate.services.states import StateName

    file = text_of(name).replace("-", ".")
    named = StateName.parse(state)
    text = rendered_file(terminal.gateway, terminal.actor, named, file)
    terminal.answer({"file": file, "state": str(named), "text": text}, output.safe_lines(text).splitlines())


def _show_texts(terminal: Terminal, names: tuple[str, ...]) -> None:
    from sealgate.services import lookup_tables

    tables = [lookup_tables.show(terminal.gateway, terminal.actor, name) for name in names]
    shapes = [
        {"name": one.name, "type": one.type, "text": one.text, "version": one.version, "used": list(map(str, one.used))}
        for one in tables
    ]
    terminal.answer(shapes, [line for one in tables for line in output.safe_lines(one.text).splitlines()])
    for one in tables:
        places = "; ".join(map(str, one.used))
        terminal.remark(f"{one.name} is used in: {places}" if places else f"{one.name} is used nowhere.")


def _show_report(terminal: Terminal, names: tuple[str, ...]) -> None:
    from sealgate.cli.reports import report_lines, summary
    from sealgate.services import reports
    from sealgate.services.states import StateName

    if len(names) > 1:
        raise InvalidValue.of("Which report?", "Give the number of one revision, or nothing for the draft.", "names")
    if not names or StateName.parse(names[0]).name == "draft":
        report = reports.of_draft(terminal.gateway, terminal.actor)
        if report is None:
            raise NotFound("The draft as it is now was not rehearsed. Do it: sealgate rehearse")
        head = "The draft"
    else:
        number = StateName.parse(names[0]).number
        if not number:
            raise InvalidValue.of("Which report?", "Give the number of a revision; see: sealgate history", "names")
        report = reports.of_revision(terminal.gateway, terminal.actor, number)
        head = f"Revision {number}"
    lines = [f"{head}: {report.grade or 'no'} rehearsal of {report.seconds:.2f} s, {summary(report)}"]
    lines += report_lines(report, columns=terminal.columns, colour=terminal.colour, verdicts=True)
    told = {verdict.promise for verdict in report.failed}
    for finding in report.findings:
        if finding.code not in told:
            lines += output.finding_lines(finding, colour=terminal.colour)
    terminal.answer(reports.to_json(report), lines)


def _show_revisions(terminal: Terminal, names: tuple[str, ...]) -> None:
    from sealgate.services import changes
    from sealgate.services.states import StateName

    numbers = [StateName.parse(name).number for name in names]
    if not numbers or not all(numbers):
        raise InvalidValue.of("Which revision?", "Give its number; see: sealgate history", "names")
    in_force = changes.history(terminal.gateway, terminal.actor, 1).in_force
    found = [changes.about(terminal.gateway, terminal.actor, number) for number in numbers]
    lines: list[str] = []
    for about, report in found:
        state = f"{about.state}{', in force' if about.number == in_force else ''}"
        lines.append(f"Revision {about.number} ({state}) by {output.safe(about.actor)}: {output.safe(about.comment)}")
        lines.append(f"  At {about.at.astimezone():%Y-%m-%d %H:%M:%S}, digest {about.digest}")
        lines += [f"  {output.safe(about.detail)}"] if about.detail else []
        for finding in map(Finding.from_json, report.get("findings", [])):
            lines += [f"  {line}" for line in output.finding_lines(finding, colour=terminal.colour)]
    terminal.answer([revision_json(about, in_force) | {"report": report} for about, report in found], lines)
