"""What every command has: the gateway it works on, who calls, and how to answer.

A `Terminal` is made once for a call and travels as click's context object. `--json` and `--dir` are options of every
command, wherever they stand. Answers for people go to standard output, JSON likewise (exactly one document); questions,
warnings and progress go to standard error, so that output can be piped at any time.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sealgate.cli import output
from sealgate.cli.identity import Identity, login_name
from sealgate.cli.inputs import is_terminal
from sealgate.model.errors import InvalidValue, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sealgate.model.findings import Finding
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway


@dataclass(slots=True)
class Terminal:
    """One call of the program."""

    directory: str = field(default_factory=lambda: os.environ.get("SEALGATE_DIR", ""))
    json: bool = False
    identity: Identity = field(default_factory=Identity)
    _gateway: Gateway | None = None
    _actor: Actor | None = None

    @property
    def gateway(self) -> Gateway:
        """The gateway that the call is about, opened at first use."""
        if self._gateway is None:
            self._gateway = self._open()
        return self._gateway

    @property
    def actor(self) -> Actor:
        """The person at the terminal."""
        if self._actor is None:
            from sealgate.services.actor import Actor

            self._actor = Actor.local(login_name())
        return self._actor

    def _open(self) -> Gateway:
        if not self.directory:
            raise InvalidValue.of("Which gateway?", "Give its directory with --dir DIR, or set SEALGATE_DIR.", "--dir")
        from sealgate.services.gateway import Gateway
        from sealgate.settings import Settings

        settings = Settings.load(Path(self.directory))
        self.identity.become_owner_of(settings.control_directory)
        return Gateway.open(settings)

    def close(self) -> None:
        """Close what was opened and return to the caller's ids."""
        if self._gateway is not None:
            self._gateway.close()
            self._gateway = None
        self.identity.give_back()

    @property
    def colour(self) -> bool:
        """Whether answers may be coloured."""
        return is_terminal(sys.stdout) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    @property
    def columns(self) -> int | None:
        """The width to fit tables into, or None when the output is no terminal."""
        return output.terminal_columns() if is_terminal(sys.stdout) else None

    def answer(self, value: Any, lines: Iterable[str] = ()) -> None:
        """Give the answer of a command: `value` as JSON, or `lines` for people."""
        if self.json:
            click.echo(output.to_json(value), color=False)
            return
        for line in lines:
            click.echo(line, color=self.colour)

    def answer_table(self, value: Any, titles: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
        """Give a list as JSON or as a table; `empty` is said where there are no rows."""
        self.answer(value, [] if self.json else output.table(titles, rows, self.columns) or [empty])

    def remark(self, text: str) -> None:
        """Say something besides the answer, to people only."""
        if not self.json:
            click.echo(output.safe(text), err=True)

    def findings(self, findings: Sequence[Finding]) -> None:
        """Show findings to people on standard error, beside the answer."""
        if not self.json:
            for finding in findings:
                for line in output.finding_lines(finding, colour=self.colour and is_terminal(sys.stderr)):
                    click.echo(line, err=True, color=self.colour)

    def confirm(self, question: str, *, yes: bool) -> None:
        """Ask before something that cannot be undone; raise Refused without a yes."""
        if yes:
            return
        if not is_terminal(sys.stdin) or self.json:
            raise Refused(f"{question} Nothing was changed. Say --yes to do it.")
        if not click.confirm(output.safe(question), err=True):
            raise Refused("Nothing was changed.")


pass_terminal = click.make_pass_decorator(Terminal, ensure=True)
