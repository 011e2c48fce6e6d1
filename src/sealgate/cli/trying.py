"""`try`: live tests: really connect to a next hop, log in there, ask a DNS list, look at DNS.

The words are "try" here and "test" for policy tests, since those are sentences that are kept and run in a sealed copy,
and these are acts that reach the world. Each ends with 1 when what was tried does not work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealgate.cli import failures, output
from sealgate.cli.progress import ProgressLine
from sealgate.cli.terminal import Terminal
from sealgate.cli.verbs import Verb, Verbs
from sealgate.link.codec import to_json
from sealgate.link.live_tests import Result
from sealgate.model.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.shell_completion import CompletionItem

    from sealgate.link.live_tests import LiveReport, Step
    from sealgate.services.judging import OnProgress

_COLOURS = {Result.GOOD: "32", Result.DOUBT: "33", Result.BAD: "31", Result.NOTE: "0"}
_MARKS = {Result.GOOD: "+", Result.DOUBT: "?", Result.BAD: "✗", Result.NOTE: "·"}


def _keys_of(noun: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    def offer(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from sealgate.cli.completion import keys

        return keys(ctx, param, incomplete, noun=noun)

    return offer


_live = click.option("--live", is_flag=True, help="By what is live, not by the draft.")
_to = click.option("--to", "recipient", metavar="ADDRESS", default="", help="The recipient to ask for.")


@click.group("try", cls=Verbs, short_help="Connect to servers, log in, ask DNS: for real.")
def try_() -> None:
    """Try for real what the draft says: a relay host, a transport, a login, a DNS list, the names in DNS.

    The gateway connects and asks, and says step by step what comes. No message is ever sent, and nothing is changed.
    """


@try_.command("relay-host", cls=Verb, short_help="Connect to a relay host.")
@click.argument("which", type=click.Choice(["external", "internal"]))
@_to
@_live
@click.pass_context
def relay_host(ctx: click.Context, which: str, recipient: str, *, live: bool) -> None:
    """Connect to every server of a relay host: banner, EHLO, TLS, logins, and whether it takes a recipient.

    The recipient is postmaster of the first relay domain, unless one is given.
    """
    from sealgate.services import live_tests

    terminal = ctx.ensure_object(Terminal)
    _show(
        ctx,
        lambda step: live_tests.relay_host(
            terminal.gateway, terminal.actor, f"{which}-relay-host", recipient=recipient, live=live, progress=step
        ),
    )


@try_.command("transport", cls=Verb, short_help="Connect to the relay host of a transport.")
@click.argument("key", metavar="PATTERN", shell_complete=_keys_of("transport"))
@_to
@_live
@click.pass_context
def transport(ctx: click.Context, key: str, recipient: str, *, live: bool) -> None:
    """Connect to every server of a transport's relay host, as `try relay-host` does."""
    from sealgate.services import live_tests

    terminal = ctx.ensure_object(Terminal)
    _show(
        ctx,
        lambda step: live_tests.transport(
            terminal.gateway, terminal.actor, key, recipient=recipient, live=live, progress=step
        ),
    )


@try_.command("sasl", cls=Verb, short_help="Log in with a stored password.")
@click.argument("key", metavar="HOST", shell_complete=_keys_of("sasl"))
@_live
@click.pass_context
def sasl(ctx: click.Context, key: str, *, live: bool) -> None:
    """Log in at HOST (as `list sasl` names it) with its stored user and password.

    The password is sent over TLS only, unless the settings switch TLS off there. It is shown nowhere.
    """
    from sealgate.services import live_tests

    terminal = ctx.ensure_object(Terminal)
    _show(ctx, lambda step: live_tests.login(terminal.gateway, terminal.actor, key, live=live, progress=step))


@try_.command("rbl", cls=Verb, short_help="Ask a DNS list for its test entries.")
@click.argument("key", metavar="LIST", shell_complete=_keys_of("rbl"))
@_live
@click.pass_context
def rbl(ctx: click.Context, key: str, *, live: bool) -> None:
    """Ask the DNS list LIST (as `list rbl` names it) for what must be listed and for what must not."""
    from sealgate.services import live_tests

    terminal = ctx.ensure_object(Terminal)
    _show(ctx, lambda step: live_tests.dns_list(terminal.gateway, terminal.actor, key, live=live, progress=step))


@try_.command("dns", cls=Verb, short_help="Look at what DNS says of the gateway's names.")
@click.argument("search", metavar="[NAME]", default="")
@_live
@click.pass_context
def dns(ctx: click.Context, search: str, *, live: bool) -> None:
    """Look at A, AAAA, PTR, MX and SPF of My hostname, the HELO name and relay domains: the first 20 that have NAME."""
    from sealgate.services import live_tests

    terminal = ctx.ensure_object(Terminal)
    _show(ctx, lambda step: live_tests.dns_picture(terminal.gateway, terminal.actor, search, live=live, progress=step))


def _show(ctx: click.Context, ask: Callable[[OnProgress], LiveReport]) -> None:
    terminal = ctx.ensure_object(Terminal)
    with ProgressLine(terminal.json) as line:
        report = ask(line.step)
    findings = [Finding.from_json(data) for data in report.findings]
    lines = list(_lines(report, colour=terminal.colour))
    for finding in findings:
        lines += output.finding_lines(finding, colour=terminal.colour)
    terminal.answer(to_json(report), lines)
    ctx.exit(failures.REFUSED if report.result is Result.BAD else failures.DONE)


def _lines(report: LiveReport, *, colour: bool) -> Iterator[str]:
    for section in report.sections:
        yield f"{output.safe(section.title)}:"
        for step in section.steps:
            yield from _step_lines(step, colour=colour)
        if section.text and len(report.sections) > 1:
            yield f"    {output.safe(section.text)}"
    yield ""
    word = output.paint(report.result.value, _COLOURS[report.result], colour=colour)
    yield f"{word}: {output.safe(report.text)}"
    if report.remedy:
        yield output.safe(report.remedy)
    yield from (output.safe(words) for words in report.asked)


def _step_lines(step: Step, *, colour: bool) -> Iterator[str]:
    mark = output.paint(_MARKS[step.result], _COLOURS[step.result], colour=colour)
    yield f"  {mark} {output.safe(step.name)}: {output.safe(step.text)} ({step.seconds * 1000:,.0f} ms)"
    yield from (f"      | {output.safe(line)}" for line in step.lines)
    yield from (f"      {output.safe(name)}: {output.safe(value)}" for name, value in step.facts.items())
