"""`fetch`: a provider's list now, or how all lists stand; and what `show provider --fetches` says.

A list that changed goes live through a rehearsal, or into the draft where the provider is not live. Exit codes: 0, the
list is what its source says; 1, the old list was kept, with the reason; 3, nothing came.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from sealgate.cli import failures, output
from sealgate.cli.completion import keys
from sealgate.cli.progress import ProgressLine
from sealgate.cli.terminal import Terminal
from sealgate.cli.verbs import Verb
from sealgate.model.errors import InvalidValue

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from sealgate.services.list_trying import Tried
    from sealgate.store import Fetch

_MOST_LINES = 20


def _providers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return keys(ctx, param, incomplete, noun="provider")


@click.command("fetch", cls=Verb, short_help="Fetch a provider's list now.")
@click.argument("noun", type=click.Choice(["provider"]), metavar="provider")
@click.argument("name", required=False, shell_complete=_providers)
@click.option("--try", "trial", is_flag=True, help="Only ask the source and say what would change; nothing is stored.")
@click.pass_context
def fetch(ctx: click.Context, noun: str, name: str | None, *, trial: bool) -> None:
    """Fetch the list of a provider now; without a name, say how all lists stand.

    A list that changed is rehearsed and goes live by itself, as it does at its interval. Where the provider is not
    live, the list goes into the draft.
    """
    from sealgate.services import list_fetching, list_trying, rows
    from sealgate.services.job_outcomes import told
    from sealgate.store import GOOD, Ended

    terminal = ctx.ensure_object(Terminal)
    if not name:
        if trial:
            raise InvalidValue.of("Which provider?", "Name it; see: sealgate list provider", "name")
        _show_all(terminal)
        return
    with ProgressLine(terminal.json) as line:
        if trial:
            fields = rows.show(terminal.gateway, terminal.actor, noun, name).fields
            tried = list_trying.try_source(terminal.gateway, terminal.actor, fields, line.step)
            terminal.answer(told(tried), _trial_lines(tried))
            return
        done = list_fetching.fetch_now(terminal.gateway, terminal.actor, name, line.step)
    terminal.answer(told(done), [f"{output.safe(done.provider)}: {output.safe(done.text)}", *_changes(done.fetch)])
    if done.fetch.ended not in GOOD:
        ctx.exit(failures.FAILED if done.fetch.ended is Ended.FAILED else failures.REFUSED)


def _show_all(terminal: Terminal) -> None:
    from sealgate.services.list_words import WORDS, state_json
    from sealgate.services.provider_lists import states

    found = states(terminal.gateway, terminal.actor, dt.datetime.now(dt.UTC))
    shown = [
        (
            output.safe(state.name),
            str(state.origin),
            WORDS[state.word],
            f"{state.count:,}",
            _time(state.last.at if state.last else None),
            _time(state.next),
        )
        for state in found
    ]
    titles = ("Provider", "Source", "State", "Networks", "Last fetch", "Next fetch")
    terminal.answer_table([state_json(state) for state in found], titles, shown, "There is no provider.")


def state_lines(terminal: Terminal, name: str) -> list[str]:
    """Return how the list of a provider stands, for people; nothing where it is typed by hand."""
    from sealgate.services.list_words import WORDS
    from sealgate.services.provider_lists import states

    found = states(terminal.gateway, terminal.actor, dt.datetime.now(dt.UTC), [name])
    if not found or not found[0].origin.fetched:
        return []
    state = found[0]
    lines = [f"  State: {WORDS[state.word]}"]
    if state.last is not None:
        lines.append(f"  Last fetch: {_time(state.last.at)}: {output.safe(state.last.text)}")
    if state.next is not None:
        lines.append(f"  Next fetch: {_time(state.next)}")
    return lines


def show_fetches(terminal: Terminal, names: tuple[str, ...]) -> None:
    """Show what came of fetching a provider's list, newest first."""
    from sealgate.services.list_words import WORDS, fetch_json
    from sealgate.services.provider_lists import history

    if len(names) != 1:
        raise InvalidValue.of("Which provider?", "Name one; see: sealgate list provider", "names")
    found = history(terminal.gateway, terminal.actor, names[0])
    lines = []
    for one in found:
        lines.append(f"{_time(one.at)}  {WORDS[one.ended.value]}: {output.safe(one.text)}")
        lines += _changes(one)
    terminal.answer([fetch_json(one) for one in found], lines or ["It was never fetched."])


def _changes(line: Fetch) -> list[str]:
    return [
        *_named("+", line.added, line.more_added),
        *_named("-", line.removed, line.more_removed),
        *(f"    {output.safe(remark)}" for remark in line.remarks),
    ]


def _trial_lines(tried: Tried) -> list[str]:
    return [
        f"{tried.source}: {tried.text}",
        *_named("+", tried.added, tried.more_added),
        *_named("-", tried.removed, tried.more_removed),
        *(f"    {output.safe(remark)}" for remark in tried.remarks),
        "Nothing was stored.",
    ]


def _named(sign: str, networks: tuple[str, ...], more: int) -> list[str]:
    lines = [f"    {sign} {output.safe(network)}" for network in networks[:_MOST_LINES]]
    others = len(networks) - len(lines) + more
    return [*lines, f"    {sign} … and {others:,} more"] if others else lines


def _time(at: dt.datetime | None) -> str:
    return "" if at is None else f"{at.astimezone():%Y-%m-%d %H:%M}"
