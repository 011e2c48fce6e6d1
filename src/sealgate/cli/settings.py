"""`set` and `unset`: one setting of the draft.

`set` has one command for each setting, made from its description, so that `sealgate set my-hostname --help` explains
it and the shell completes names and choices.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from sealgate.cli import output
from sealgate.cli.completion import setting_names
from sealgate.cli.inputs import secret, text_of
from sealgate.cli.shapes import saved_json
from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb, Verbs
from sealgate.model.errors import InvalidValue
from sealgate.model.mta import SETTINGS
from sealgate.model.objects import Kind

if TYPE_CHECKING:
    from sealgate.model.mta import Setting


@click.command("unset", cls=Verb, short_help="Put settings back to their defaults.")
@click.argument("fields", metavar="FIELD...", nargs=-1, required=True, shell_complete=setting_names)
@pass_terminal
def unset(terminal: Terminal, fields: tuple[str, ...]) -> None:
    """Put settings back to their defaults, in the draft."""
    from sealgate.services import settings

    saved = [settings.unset(terminal.gateway, terminal.actor, name) for name in fields]
    lines = [f"{item.key} has its default now." for item in saved]
    terminal.answer([saved_json(item) for item in saved], lines)


def _setting_command(setting: Setting[Any]) -> click.Command:
    """Return the command `set NAME`, with the parameters that fit the kind of value."""
    params: list[click.Parameter]
    if setting.kind in {Kind.SECRET, Kind.LONG_TEXT}:
        params = [click.Option(["--file"], metavar="FILE", help="Read it from a file; - is standard input.")]
    elif setting.kind is Kind.LIST:
        params = [click.Argument(["value"], nargs=-1, required=True)]
    elif setting.kind is Kind.CHOICE:
        params = [click.Argument(["value"], type=click.Choice(setting.choices))]
    elif setting.kind is Kind.FLAG:
        params = [click.Argument(["value"], type=click.Choice(["yes", "no", "on", "off"]))]
    else:
        params = [click.Argument(["value"])]
    if takes_next_hop(setting):
        params += [
            click.Option(["--port"], metavar="PORT", help="TCP port; 25 if not said."),
            click.Option(["--mx/--no-mx"], default=None, help="Use the MX records of the name."),
        ]
    return Verb(
        setting.name,
        params=params,
        callback=click.pass_obj(partial(_set, setting)),
        help=f"{setting.title}. {setting.help}",
        short_help=setting.title,
    )


def takes_next_hop(setting: Setting[Any]) -> bool:
    """Tell whether a setting's value is a next hop (host, port, MX), by what its parser makes of one."""
    if setting.kind is not Kind.TEXT:
        return False
    try:
        return isinstance(setting.to_json(setting.parse("host.example.com")), dict)
    except InvalidValue:
        return False


def _set(setting: Setting[Any], terminal: Terminal, **given: Any) -> None:
    from sealgate.services import settings

    value: Any
    if setting.kind is Kind.SECRET:
        value = secret(terminal.identity, setting.title, given["file"])
    elif setting.kind is Kind.LONG_TEXT:
        value = text_of(terminal.identity, given["file"] or "-")
    elif setting.kind is Kind.LIST:
        value = [part for word in given["value"] for part in word.replace(",", " ").split()]
    else:
        value = _next_hop(given) if takes_next_hop(setting) else given["value"]
    saved = settings.set_value(terminal.gateway, terminal.actor, setting.name, value)
    (now,) = settings.show(terminal.gateway, terminal.actor, (setting.name,))
    terminal.answer(saved_json(saved), [f"{setting.title}: {output.safe(now.shown)}. Live after: sealgate apply"])


def _next_hop(given: dict[str, Any]) -> Any:
    """Return host, port and MX as one value; an option says more than the text."""
    from sealgate.model.setting import split_port

    if given["port"] is None and given["mx"] is None:
        return given["value"]
    host, port = split_port(given["value"].strip())
    return {"host": host, "port": given["port"] or port, "mx": bool(given["mx"])}


class Settings(Verbs):
    """The group `set`: a command for each setting."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all settings."""
        return list(SETTINGS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command for a setting; `my_hostname` is taken for `my-hostname`."""
        from sealgate.services.nouns import setting_of

        if ctx.resilient_parsing and cmd_name not in SETTINGS:
            return None
        return _setting_command(setting_of(cmd_name))


set_ = Settings(
    "set", help="Change one setting in the draft.", short_help="Change a setting.", subcommand_metavar="FIELD VALUE"
)
