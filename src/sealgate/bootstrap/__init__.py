"""The one place that puts the parts together, and the console script `sealgate`.

Here the verbs that make and run a gateway join those of the terminal; nothing imports this package.
"""

from __future__ import annotations


def main() -> None:
    """Run one call of `sealgate`; never returns."""
    from sealgate.bootstrap.commands import COMMANDS
    from sealgate.cli import cli

    for command in COMMANDS:
        cli.add_command(command)
    cli(prog_name="sealgate")
