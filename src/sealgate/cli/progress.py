"""Progress of long works: one line on standard error that is written over itself, and gone at the end.

Only on a terminal; a pipe or a log file gets nothing.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from sealgate.cli import output
from sealgate.cli.inputs import is_terminal

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from sealgate.link.messages import Progress as Step

_EVERY = 0.1
_BAR = 24


@dataclass(slots=True)
class ProgressLine:
    """One line that is written over itself; used as a context manager, which clears it at the end."""

    quiet: bool = False
    _shown: bool = False
    _last: float = field(default=float("-inf"))
    _text: str = ""

    def __enter__(self) -> Self:
        self.quiet = self.quiet or not is_terminal(sys.stderr)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False, color=True)

    def show(self, text: str, done: int = 0, total: int = 0) -> None:
        """Show a step: what is being done, and how many of how many (0: unknown)."""
        now = time.monotonic()
        if self.quiet or (text == self._text and now - self._last < _EVERY):
            return
        self._last, self._text, self._shown = now, text, True
        line = " ".join(part for part in (_bar(done, total), output.safe(text), _numbers(done, total)) if part)
        click.echo(f"\r\x1b[K{line[: output.terminal_columns() - 1]}", err=True, nl=False, color=True)

    def step(self, step: Step) -> None:
        """Show a step that the agent reports."""
        self.show(step.text, step.done, step.total)


def _bar(done: int, total: int) -> str:
    if not total:
        return ""
    full = min(done * _BAR // total, _BAR)
    return f"[{'#' * full}{'.' * (_BAR - full)}]"


def _numbers(done: int, total: int) -> str:
    if not done:
        return ""
    return f"{done:,} of {total:,}" if total else f"{done:,}"
