"""`log`, `verify-cache`, `query`, `resolve`: questions to the real Postfix.

What Postfix says is shown as it is, but with everything that a terminal would obey made visible.
"""

from __future__ import annotations

import datetime as dt

import click

from sealgate.cli import failures, output
from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb, Verbs
from sealgate.link.codec import to_json


@click.command("log", cls=Verb, short_help="Show Postfix's log.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until interrupted.")
@click.option("--message", metavar="ID", default="", help="Only what concerns this queue id, through all of its way.")
@click.option(
    "--lines", "-n", type=click.IntRange(0, 1_000_000), default=100, show_default=True, help="The last lines."
)
@pass_terminal
def log(terminal: Terminal, message: str, lines: int, *, follow: bool) -> None:
    """Show the last lines of Postfix's log, or those of one message."""
    from sealgate.services import mail_log

    found = mail_log.lines(terminal.gateway, terminal.actor, last=lines, message=message, follow=follow)
    if terminal.json and not follow:
        terminal.answer({"lines": list(found)})
        return
    try:
        for line in found:
            click.echo(output.to_json_line({"line": line}) if terminal.json else output.safe(line))
    except KeyboardInterrupt:
        return


verify_cache = Verbs(
    "verify-cache",
    help="The cache of recipients that were verified at their next hops.",
    short_help="The cache of verified recipients.",
)


@verify_cache.command("show", cls=Verb, short_help="Look an address up.")
@click.argument("address")
@click.pass_context
def show(ctx: click.Context, address: str) -> None:
    """Say what the cache knows about an address. Ends with 1 when it knows nothing."""
    from sealgate.services import verify_cache as service

    terminal = ctx.ensure_object(Terminal)
    answer = service.show(terminal.gateway, terminal.actor, address)
    if not answer.found:
        text = f"{output.safe(answer.address)} is not in the cache: it is asked for when mail comes."
    else:
        when = f", updated {_time(answer.updated)}" if answer.updated else ""
        text = f"{output.safe(answer.address)}: {output.safe(answer.status)}{when}. {output.safe(answer.text)}"
    terminal.answer(to_json(answer), [text])
    ctx.exit(failures.DONE if answer.found else failures.REFUSED)


@verify_cache.command("clear", cls=Verb, short_help="Forget all answers.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_terminal
def clear(terminal: Terminal, *, yes: bool) -> None:
    """Forget all answers, so that every recipient is asked for again."""
    from sealgate.services import verify_cache as service

    terminal.confirm("Forget all verified recipients?", yes=yes)
    done = service.clear(terminal.gateway, terminal.actor)
    terminal.answer(
        to_json(done), [output.safe(done.text) or f"{output.count_of(done.count, 'address', 'addresses')}."]
    )


@click.command("query", cls=Verb, short_help="Look a key up in a table.")
@click.argument("table")
@click.argument("key")
@click.option("--live", is_flag=True, help="In what is live, not in the draft.")
@click.pass_context
def query(ctx: click.Context, table: str, key: str, *, live: bool) -> None:
    """Look KEY up in TABLE by the real Postfix: a look-up table's name, or a generated one such as transport.

    Ends with 1 when nothing is found.
    """
    from sealgate.services import lookups

    terminal = ctx.ensure_object(Terminal)
    answer = lookups.query(terminal.gateway, terminal.actor, table, key, live=live)
    lines = [f"{output.safe(key)}: not found" if answer.value is None else output.safe(answer.value)]
    terminal.answer(to_json(answer), [*lines, *(f"    {output.safe(text)}" for text in answer.messages)])
    ctx.exit(failures.REFUSED if answer.value is None else failures.DONE)


@click.command("resolve", cls=Verb, short_help="Say where an address goes.")
@click.argument("address")
@click.option("--sender", metavar="ADDRESS", default="", help="With this envelope sender.")
@click.option("--live", is_flag=True, help="By what is live, not by the draft.")
@pass_terminal
def resolve(terminal: Terminal, address: str, sender: str, *, live: bool) -> None:
    """Say where an address goes, by the real trivial-rewrite: transport, next hop, recipient."""
    from sealgate.services import lookups

    route = lookups.resolve(terminal.gateway, terminal.actor, address, sender=sender, live=live)
    pairs = [("Transport", route.transport), ("Next hop", route.next_hop), ("Recipient", route.recipient)]
    lines = [f"{title}: {output.safe(value)}" for title, value in pairs if value]
    terminal.answer(to_json(route), [*lines, f"Class: {', '.join(map(output.safe, route.flags))}"])


def _time(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).astimezone().strftime("%Y-%m-%d %H:%M")
