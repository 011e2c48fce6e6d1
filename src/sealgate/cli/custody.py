"""`audit`, `backup`, `restore-backup`: what is kept, and the gateway as a whole.

Backups and exported audits are for the caller's eyes only (mode 0600). Passphrases are never arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealgate.cli import failures, output
from sealgate.cli.inputs import created, is_there, opened, secret
from sealgate.cli.progress import ProgressLine
from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb

if TYPE_CHECKING:
    from sealgate.store import AuditEntry

_PASSPHRASE = click.option(
    "--passphrase-file",
    metavar="FILE",
    help="Read the passphrase from FILE (- is standard input); else it is asked for.",
)


@click.command("audit", cls=Verb, short_help="Show, verify or export the audit trail.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="At most so many entries."
)
@click.option("--before", type=click.IntRange(1), metavar="N", help="Only entries before number N.")
@click.option("--verify", is_flag=True, help="Check that nothing was changed or removed; ends with 1 if it was.")
@click.option("--export", "file", metavar="FILE", help="Write all entries to FILE, one JSON object a line.")
@click.pass_context
def audit(ctx: click.Context, limit: int, before: int | None, file: str | None, *, verify: bool) -> None:
    """Show who did what, when, and from where, newest first."""
    from sealgate.services import auditing

    terminal = ctx.ensure_object(Terminal)
    if verify:
        ctx.exit(_verify(terminal))
    if file is not None:
        _export(terminal, file)
        return
    entries = auditing.newest(terminal.gateway, terminal.actor, limit, before)
    rows = [_row(entry) for entry in entries]
    shapes = [auditing.entry_json(entry) for entry in entries]
    terminal.answer_table(shapes, ("Number", "At", "Who", "From", "Did", "To", "Detail"), rows, "No entries.")


def _row(entry: AuditEntry) -> tuple[object, ...]:
    detail = ", ".join(f"{name}={value}" for name, value in entry.detail.items())
    when = entry.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return entry.number, when, entry.actor, entry.origin, entry.verb, entry.object, detail


def _verify(terminal: Terminal) -> int:
    from sealgate.services import auditing

    broken = auditing.verify(terminal.gateway, terminal.actor)
    if broken is None:
        terminal.answer(
            {"whole": True, "number": None, "why": ""}, ["The audit is whole: nothing was changed or removed."]
        )
        return failures.DONE
    terminal.answer({"whole": False, "number": broken.number, "why": broken.why}, [output.safe(broken.why)])
    return failures.REFUSED


def _export(terminal: Terminal, file: str) -> None:
    from sealgate.services import auditing

    count = 0
    with created(terminal.identity, file, mode=0o600) as stream:
        for line in auditing.export(terminal.gateway, terminal.actor):
            stream.write(line)
            count += 1
    if file != "-":
        terminal.answer({"file": file, "entries": count}, [f"{output.count_of(count, 'entry', 'entries')} in {file}."])


@click.command("backup", cls=Verb, short_help="Write the whole gateway to a file.")
@click.argument("file", type=click.Path(readable=False))
@_PASSPHRASE
@click.option("--yes", is_flag=True, help="Do not ask before a file of that name is replaced.")
@pass_terminal
def backup(terminal: Terminal, file: str, passphrase_file: str | None, *, yes: bool) -> None:
    """Write the whole gateway to FILE, keys included, encrypted to a passphrase: draft, revisions, secrets, audit."""
    from sealgate.services import backups

    if is_there(terminal.identity, file):
        terminal.confirm(f"Replace {file}, which is there already?", yes=yes)
    phrase = secret(terminal.identity, "Passphrase", passphrase_file)
    with created(terminal.identity, file, mode=0o600) as stream, ProgressLine(terminal.json) as line:
        written = backups.backup(terminal.gateway, terminal.actor, phrase, stream, line.show)
    text = f"The gateway is in {file} ({written.size:,} bytes). Without the passphrase nobody can use it, you neither."
    terminal.answer({"file": file, "size": written.size, "revision": written.revision or None}, [text])


@click.command("restore-backup", cls=Verb, short_help="Put a gateway back from a file.")
@click.argument("file", type=click.Path(readable=False))
@_PASSPHRASE
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_terminal
def restore_backup(terminal: Terminal, file: str, passphrase_file: str | None, *, yes: bool) -> None:
    """Put back everything from FILE: draft, revisions, secrets, audit, and the node's key.

    What the gateway has now is replaced, all of it or nothing. What is live stays live until the next apply.
    """
    from sealgate.services import backups

    phrase = secret(terminal.identity, "Passphrase", passphrase_file)
    terminal.confirm(f"Replace everything in {terminal.directory} by {file}?", yes=yes)
    with opened(terminal.identity, file) as stream, ProgressLine(terminal.json) as line:
        done = backups.restore(terminal.gateway, terminal.actor, phrase, stream, line.show)
    text = f"Restored the backup of {done.at}. Make its revision live: sealgate rollback {done.revision}"
    terminal.answer({"file": file, "at": done.at, "revision": done.revision or None}, [text])
