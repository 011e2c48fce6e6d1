"""`test`: policy tests, sentences of what must become of a mail; added, listed, run, imported, exported.

A test is one line. It is kept in the draft like any row, goes live with the next apply, and from then on stops any
change that breaks it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealgate.cli import failures, output, rows, transfer
from sealgate.cli.progress import ProgressLine
from sealgate.cli.reports import verdict_lines
from sealgate.cli.shapes import page_json, saved_json
from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb, Verbs
from sealgate.model.verdicts import Ruling

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

NOUN = "policy-test"


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from sealgate.cli.completion import keys

    return keys(ctx, param, incomplete, noun=NOUN)


@click.group("test", cls=Verbs, short_help="Policy tests: what must become of a mail.")
def test() -> None:
    """Add, list and run policy tests: what must become of a mail from a client."""


@test.command("add", cls=Verb, short_help="Add a test.")
@click.argument("words", metavar="TEST...", nargs=-1, required=True)
@click.option("--name", metavar="NAME", default="", help="The test's name; without one it gets a number.")
@click.option("--comment", metavar="TEXT", default="", help="A comment for people.")
@click.option("--disabled", is_flag=True, help="Add it switched off.")
@pass_terminal
def add(terminal: Terminal, words: tuple[str, ...], name: str, comment: str, *, disabled: bool) -> None:
    r"""Add a policy test, in the draft.

    \b
    [NAME:] from ADDRESS [name NAME] [helo NAME] [tls] [login USER] [port NUMBER]
        mail SENDER to RECIPIENT[, …] [size SIZE] [header "Subject: text"] [message "text"]
        expect accept | reject [CODE] ["text"] | defer [CODE] ["text"]
             | next-hop HOP [tls none|encrypt|verify] | encrypted | signed

    \b
    sealgate test add 'from 203.0.113.5 mail a@b.example to c@d.example expect reject 554 "denied"'
    """
    from sealgate.services import policy_tests

    line = words[0] if len(words) == 1 else " ".join(map(_again_quoted, words))
    saved = policy_tests.add(terminal.gateway, terminal.actor, line, name=name, comment=comment, enabled=not disabled)
    terminal.answer(saved_json(saved), [f"Policy test {output.safe(saved.key)} added. {rows.LATER}"])


def _again_quoted(word: str) -> str:
    """Return a word of the shell as the grammar writes it: with the quotes that the shell took off."""
    if " " in word or "\n" in word or not word:
        return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return word


@test.command("list", cls=Verb, short_help="List the tests.")
@click.option("--search", metavar="TEXT", default="", help="Only tests that have TEXT in name, fields or comment.")
@click.option("--limit", type=int, default=100, show_default=True, help="At most so many.")
@click.option("--after", metavar="CURSOR", default="", help="Go on behind the test where the last page ended.")
@pass_terminal
def list_(terminal: Terminal, search: str, limit: int, after: str) -> None:
    """List the policy tests of the draft, one line each."""
    from sealgate.model.policy_lines import sentence
    from sealgate.model.policy_tests import POLICY_TEST
    from sealgate.services import rows as service

    page = service.listing(terminal.gateway, terminal.actor, NOUN, search=search, after=after, limit=limit)
    lines = []
    for row in page.rows:
        state = "" if row.enabled else " (disabled)"
        lines += [f"# {output.safe(row.comment)}"] if row.comment else []
        lines.append(f"{row.key}{state}: {output.safe(sentence(POLICY_TEST.parse(row.fields)))}")
    terminal.answer(page_json(page), lines or ["There are no policy tests. Add one: sealgate test add TEST"])
    if page.next:
        terminal.remark(f"{len(page.rows):,} tests of {page.total:,}. The next page: --after '{page.next}'")


@test.command("run", cls=Verb, short_help="Run the tests.")
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=_names)
@click.option("--live", is_flag=True, help="Run those of what is live, against it, instead of the draft's.")
@click.pass_context
def run(ctx: click.Context, names: tuple[str, ...], *, live: bool) -> None:
    """Run the policy tests, all or those named, in a full rehearsal of the draft. Nothing is changed.

    Ends with 1 when a test failed.
    """
    from sealgate.services import policy_tests

    terminal = ctx.ensure_object(Terminal)
    with ProgressLine(terminal.json) as line:
        ran = policy_tests.run(terminal.gateway, terminal.actor, names, live=live, progress=line.step)
    lines: list[str] = []
    for verdict in ran.verdicts:
        found = list(verdict_lines(verdict, colour=terminal.colour))
        lines += found[:1] if verdict.ruling is Ruling.PASSED else found
    if not ran.verdicts:
        lines.append("No test was held: something before them stops the rehearsal.")
        terminal.findings(ran.judged.findings)
    counts = {ruling: sum(one.ruling is ruling for one in ran.verdicts) for ruling in Ruling}
    lines.append(", ".join(f"{number:,} {ruling.value}" for ruling, number in counts.items() if number))
    shape = {"verdicts": [one.to_json() for one in ran.verdicts], "passed": ran.passed and bool(ran.verdicts)}
    terminal.answer(shape, [one for one in lines if one])
    ctx.exit(failures.DONE if shape["passed"] else failures.REFUSED)


def _completed(param: click.Parameter) -> click.Parameter:
    """Return a parameter with names of tests offered where keys are wanted."""
    if param.name not in {"rows", "key"}:
        return param
    metavar = "NAME..." if param.nargs == -1 else "NAME"
    return click.Argument([param.name], nargs=param.nargs, required=True, metavar=metavar, shell_complete=_names)


def _for_tests(command: click.Command, name: str, short_help: str) -> click.Command:
    """Return a command of all lists with its NOUN filled in."""
    params = [_completed(param) for param in command.params if param.name != "noun"]
    callback = command.callback

    def call(**given: object) -> None:
        if callback is not None:
            callback(noun=NOUN, **given)

    return Verb(name, params=params, callback=call, help=short_help, short_help=short_help)


for _command, _name, _help in (
    (rows.remove, "remove", "Remove tests, in the draft."),
    (rows.comment, "comment", "Replace a test's comment."),
    (rows.enable, "enable", "Switch tests on."),
    (rows.disable, "disable", "Switch tests off."),
    (transfer.import_, "import", "Import tests from a file (text, CSV, YAML), all or none."),
    (transfer.export, "export", "Export the tests to a file (text, CSV, YAML)."),
):
    test.add_command(_for_tests(_command, _name, _help))
