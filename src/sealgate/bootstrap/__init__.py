"""The one place that puts the parts together, and the console script `sealgate`.

Here the verbs that make and run a gateway join those of the terminal; nothing imports this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click


def program() -> click.Group:
    """Return the command line of the whole product."""
    from sealgate.bootstrap.commands import COMMANDS
    from sealgate.cli import cli

    for command in COMMANDS:
        cli.add_command(command)
    return cli


def main() -> None:
    """Run one call of `sealgate`; never returns."""
    program()(prog_name="sealgate")
