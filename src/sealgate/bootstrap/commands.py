"""The verbs that make and run a gateway: init, up, agent, mpa, scheduler, web.

They differ from the other verbs in that they need root and that the parts of both halves meet in them. `up` stays in
the foreground; the others but `init` are what it starts, and what a service manager starts where there is one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb
from sealgate.model.errors import InvalidValue, SealgateError
from sealgate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

_PORT = click.IntRange(1, 65535)


def settings_of(terminal: Terminal) -> Settings:
    """Return the settings of the gateway that the call names with --dir or SEALGATE_DIR."""
    if not terminal.directory:
        raise InvalidValue.of("Which gateway?", "Give its directory with --dir DIR, or set SEALGATE_DIR.", "--dir")
    return Settings.load(Path(terminal.directory))


@click.command("init", cls=Verb)
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--smtp-port", type=_PORT, help="Port that takes mail from the network.  [default: 2525]")
@click.option("--web-port", type=_PORT, help="Port of the pages (HTTPS).  [default: 8443]")
@click.option("--mpa-port", type=_PORT, help="Port on loopback of the mail processing agent.  [default: 10025]")
@click.option("--reinject-port", type=_PORT, help="Port on loopback where it gives mail back.  [default: 10026]")
@pass_terminal
def init(terminal: Terminal, /, directory: Path, **ports: int | None) -> None:
    """Make a gateway in the new directory DIR. Nothing is started."""
    from sealgate.bootstrap.gateway import make_gateway

    settings = make_gateway(directory, {key: port for key, port in ports.items() if port is not None})
    terminal.answer(
        {"directory": str(settings.directory), "settings": str(settings.file)},
        [f"Made the gateway {settings.directory}.", f"Start it: sealgate up --dir {settings.directory}"],
    )


@click.command("up", cls=Verb)
@pass_terminal
def up(terminal: Terminal, /) -> None:
    """Run the gateway in the foreground until Ctrl-C."""
    from sealgate.bootstrap.running_gateway import run_gateway
    from sealgate.log import open_log

    settings = settings_of(terminal)
    open_log(settings.log_file)
    run_gateway(settings, click.echo)


@click.command("agent", cls=Verb)
@pass_terminal
def agent(terminal: Terminal, /) -> None:
    """Run the agent alone: the part that writes Postfix's files and runs it. `up` does this for you."""
    from sealgate.bootstrap.parts import run_agent

    _serve(terminal, "agent", run_agent)


@click.command("mpa", cls=Verb)
@pass_terminal
def mpa(terminal: Terminal, /) -> None:
    """Run the mail processing agent alone. `up` does this for you."""
    from sealgate.bootstrap.parts import run_mpa

    _serve(terminal, "mpa", run_mpa)


@click.command("scheduler", cls=Verb)
@pass_terminal
def scheduler(terminal: Terminal, /) -> None:
    """Run the scheduler alone: probes of the draft, the nightly rehearsal, rows that expire. `up` does this for you."""
    from sealgate.bootstrap.parts import run_scheduler

    _serve(terminal, "scheduler", run_scheduler, database=True)


@click.command("web", cls=Verb)
@pass_terminal
def web(terminal: Terminal, /) -> None:
    """Serve the pages alone, over HTTPS. `up` does this for you."""
    from sealgate.bootstrap.parts import run_web

    _serve(terminal, "web", run_web, database=True)


def _serve(terminal: Terminal, part: str, run: Callable[[Settings], int], *, database: bool = False) -> None:
    """Run a part until it ends; its exit code becomes ours, and what nobody planned is in the log.

    Only a part of the control half is told how to reach the database.
    """
    from sealgate import log

    settings = settings_of(terminal)
    settings = settings if database else settings.without_database()
    log.open_log(settings.log_file)
    try:
        code = run(settings)
    except SealgateError as fault:
        log.logger(part).error("could not go on", reason=str(fault))
        raise
    except Exception:
        log.logger(part).exception("ended by a fault of the program")
        raise
    sys.exit(code)


COMMANDS = (init, up, agent, mpa, scheduler, web)
