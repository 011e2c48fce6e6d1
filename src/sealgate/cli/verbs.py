"""The group of all verbs and what they have in common: `--json`, `--dir`, one way for errors to end.

Verbs that live in modules of their own are loaded when they are called or listed, so that `sealgate status` does not
pay for what it does not use. Exit codes are those of `sealgate.cli.failures`.
"""

from __future__ import annotations

import errno
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from sealgate import __version__
from sealgate.cli import failures, next_steps, output
from sealgate.cli.terminal import Terminal
from sealgate.model.errors import SealgateError

if TYPE_CHECKING:
    from collections.abc import Mapping


def _set_directory(ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.ensure_object(Terminal).directory = value


def _set_json(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value:
        ctx.ensure_object(Terminal).json = True


def common_options() -> list[click.Parameter]:
    """Return the options that every verb has."""
    return [
        click.Option(
            ["--dir"],
            metavar="DIR",
            type=click.Path(readable=False),
            expose_value=False,
            is_eager=True,
            callback=_set_directory,
            help="The gateway's directory; without it, SEALGATE_DIR.",
        ),
        click.Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_set_json,
            help="Answer with one JSON document.",
        ),
    ]


def _version_option() -> click.Parameter:
    def show(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
        if value and not ctx.resilient_parsing:
            click.echo(f"sealgate {__version__}")
            ctx.exit()

    return click.Option(
        ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=show, help="Show the version and end."
    )


class Verb(click.Command):
    """A command with the common options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Click keeps a paragraph's lines as they are after the character \b, which raw docstrings have as two.
        self.help = self.help and self.help.replace("\\b\n", "\b\n")
        taken = {name for param in self.params for name in param.opts}
        self.params += [option for option in common_options() if not taken & set(option.opts)]


class Verbs(click.Group):
    """A group of verbs; nested groups (`queue list`) are of this class too."""

    command_class = Verb
    group_class = type

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += common_options()


class Root(Verbs):
    """The outermost group: loads verbs, ends errors with one text and an exit code, closes what was opened.

    `sections` names each verb's module in this package and its command; verbs added later (`add_command`) are shown
    in a section of their own.
    """

    def __init__(self, *args: Any, sections: Mapping[str, Mapping[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, context_settings={"help_option_names": ["-h", "--help"]}, **kwargs)
        self.params.append(_version_option())
        self._sections = sections
        self._places = {verb: place for section in sections.values() for verb, place in section.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all verbs in the order of their sections, then those that were added."""
        return [*self._places, *(name for name in super().list_commands(ctx) if name not in self._places)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb, loading its module if that was not done yet."""
        if cmd_name in self._places and cmd_name not in self.commands:
            module, _, name = self._places[cmd_name].partition(":")
            self.add_command(getattr(import_module(f"{__package__}.{module}"), name), cmd_name)
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs under the titles of their sections."""
        others = [name for name in self.list_commands(ctx) if name not in self._places]
        for title, verbs in [*self._sections.items(), ("Running it", others)]:
            commands = [(name, self.get_command(ctx, name)) for name in verbs]
            rows = [(name, command.get_short_help_str(90)) for name, command in commands if command is not None]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; see `sealgate.cli.failures` for how errors end."""
        terminal = ctx.ensure_object(Terminal)
        ctx.call_on_close(terminal.close)
        try:
            return super().invoke(ctx)
        except SealgateError as error:
            self._end(ctx, terminal, error)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            self._end(ctx, terminal, failures.of_the_system(error))
        except click.UsageError as error:
            if not terminal.json:
                raise
            click.echo(output.to_json({"error": {"kind": "usage", "text": error.format_message()}}))
            ctx.exit(failures.USAGE)

    @staticmethod
    def _end(ctx: click.Context, terminal: Terminal, error: SealgateError) -> None:
        if terminal.json:
            click.echo(output.to_json(failures.as_json(error)))
        else:
            next_ = next_steps.sentence(error.steps)
            click.echo(output.safe_lines(f"sealgate: {error}{next_ and f' {next_}'}"), err=True)
            terminal.findings(getattr(error, "findings", ()))
        ctx.exit(failures.exit_code(error))
