"""`rehearse`: the draft, or what is live, run sealed off on the real Postfix, and judged by every promise.

Nothing is changed. Exit codes: 0, nothing stops an apply; 1, something does.
"""

from __future__ import annotations

import click

from sealgate.cli import failures, output
from sealgate.cli.progress import ProgressLine
from sealgate.cli.reports import report_lines, summary
from sealgate.cli.terminal import Terminal
from sealgate.cli.verbs import Verb


@click.command("rehearse", cls=Verb, short_help="Run the draft sealed off and judge it.")
@click.option(
    "--full/--probe",
    "full",
    default=True,
    help="Send mail through it (the default), or only start it and ask.",
)
@click.option("--live", is_flag=True, help="Rehearse what is live, anew, instead of the draft.")
@click.option("--verdicts", is_flag=True, help="Show every test, not the failures only.")
@click.pass_context
def rehearse(ctx: click.Context, *, full: bool, live: bool, verdicts: bool) -> None:
    """Run the draft on the real Postfix, sealed off with an internet of its own, and judge it. Nothing is changed.

    Ends with 1 when a test failed or an error was found, which would stop an apply.
    """
    from sealgate.link.messages import Grade
    from sealgate.services import judging, reports

    terminal = ctx.ensure_object(Terminal)
    grade = Grade.FULL if full else Grade.PROBE
    with ProgressLine(terminal.json) as line:
        judged = judging.rehearse(terminal.gateway, terminal.actor, grade, live=live, progress=line.step)
    report = reports.kept(judged.report, judged.findings)
    told = {one.promise for one in report.failed}
    lines = [*report_lines(report, columns=terminal.columns, colour=terminal.colour, verdicts=verdicts)]
    for finding in judged.findings:
        if finding.code not in told:  # a failed test is told above, with more words
            lines += output.finding_lines(finding, colour=terminal.colour)
    what = "Live" if live else "Draft"
    findings = output.findings_summary(judged.findings)
    lines.append(
        f"{what} {judged.candidate.digest[:12]}, {grade.value} rehearsal of {report.seconds:.2f} s: {summary(report)}"
        f"{'; ' + findings if findings else ''}."
    )
    terminal.answer(reports.to_json(report) | {"would_apply": judged.passed}, lines)
    ctx.exit(failures.DONE if judged.passed else failures.REFUSED)
