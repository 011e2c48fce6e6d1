"""`people list|invite|change|reset|lock|unlock|remove|set-up-link`: who may use the gateway, from the machine itself.

The terminal needs no password and is never throttled, so it is the way back in when somebody has lost theirs. Links are
shown once, on standard output; who has one can choose a password for that person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sealgate.cli import output
from sealgate.cli.terminal import Terminal, pass_terminal
from sealgate.cli.verbs import Verb, Verbs

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.services.invitations import Link
    from sealgate.services.people import Listed

people = Verbs("people", help="Who may use the pages and the API.", short_help="Who may use the gateway.")

_ROLE = click.option("--role", metavar="ROLE", help="owner, administrator, operator, auditor or viewer.")


def _about(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say who a person is and what they may do."""
    for option in (
        click.option(
            "--area", "areas", metavar="AREA", multiple=True, help="May edit this area only; repeat for more."
        ),
        click.option(
            "--right", "extra", metavar="RIGHT", multiple=True, help="A right besides the role's; repeatable."
        ),
        click.option("--email", metavar="ADDRESS", help="Mail address."),
        click.option("--title", metavar="NAME", help="Name as people read it."),
        _ROLE,
        click.argument("name"),
    ):
        function = option(function)
    return function


@people.command("list", cls=Verb, short_help="List people.")
@pass_terminal
def list_(terminal: Terminal, /) -> None:
    """List people with role, further rights, and what they sign in with. See docs/people.md."""
    from sealgate.services import people as service

    found = service.listing(terminal.gateway, terminal.actor)
    titles = ("Name", "Full name", "Role", "Besides", "Edits", "Signs in with", "", "Last seen")
    terminal.answer_table([_json(one) for one in found], titles, map(_row, found), _NOBODY)


@people.command("invite", cls=Verb, short_help="Add a person; gives a link.")
@_about
@pass_terminal
def invite(terminal: Terminal, /, name: str, role: str | None, areas: tuple[str, ...], **given: Any) -> None:
    """Add a person and show the link with which they choose a password. It works once, for three days."""
    from sealgate.services import people as service

    words = {key: value for key, value in given.items() if value}
    link = service.invite(terminal.gateway, terminal.actor, name, role or "viewer", areas=areas or None, **words)
    _show(terminal, link, f"{output.safe(name)} is invited. Give them this link:")


@people.command("change", cls=Verb, short_help="Change what a person may.")
@_about
@click.option("--all-areas", is_flag=True, help="May edit every area again.")
@click.option("--no-rights", is_flag=True, help="No rights besides the role's any more.")
@pass_terminal
def change(
    terminal: Terminal,
    /,
    name: str,
    areas: tuple[str, ...],
    extra: tuple[str, ...],
    *,
    all_areas: bool,
    no_rights: bool,
    **given: Any,
) -> None:
    """Change role, rights, areas, full name or mail address of a person; what is not named stays."""
    from sealgate.services import people as service

    values = {key: value for key, value in given.items() if value is not None}
    if areas or all_areas:
        values["areas"] = None if all_areas else areas
    if extra or no_rights:
        values["extra"] = extra
    person = service.change(terminal.gateway, terminal.actor, name, **values)
    terminal.answer(_json(person), [f"{person.name} is {person.role}. It counts from the next request on."])


@people.command("reset", cls=Verb, short_help="A new link for somebody who cannot sign in.")
@click.argument("name")
@click.option("--second-step", is_flag=True, help="Also forget codes, passkeys, single sign-on; revoke tokens.")
@pass_terminal
def reset(terminal: Terminal, /, name: str, *, second_step: bool) -> None:
    """Show a link with which a person chooses a new password. It works once, for a day. Their sessions end."""
    from sealgate.services import people as service

    link = service.reset(terminal.gateway, terminal.actor, name, second_step=second_step)
    _show(terminal, link, f"Give {output.safe(name)} this link:")


@people.command("lock", cls=Verb, short_help="Lock a person out.")
@click.argument("name")
@pass_terminal
def lock(terminal: Terminal, /, name: str) -> None:
    """Lock a person out: sessions end, API tokens are revoked, links are void."""
    from sealgate.services import people as service

    service.lock(terminal.gateway, terminal.actor, name)
    terminal.answer({"name": name, "locked": True}, [f"{output.safe(name)} is locked out."])


@people.command("unlock", cls=Verb, short_help="Let a person in again.")
@click.argument("name")
@pass_terminal
def unlock(terminal: Terminal, /, name: str) -> None:
    """Let a person in again and forget failed tries to sign in. Revoked API tokens stay revoked."""
    from sealgate.services import people as service

    service.unlock(terminal.gateway, terminal.actor, name)
    terminal.answer({"name": name, "locked": False}, [f"{output.safe(name)} can sign in again."])


@people.command("remove", cls=Verb, short_help="Remove a person.")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_terminal
def remove(terminal: Terminal, /, name: str, *, yes: bool) -> None:
    """Remove a person with their sessions and API tokens. What they did stays in the audit."""
    from sealgate.services import people as service

    terminal.confirm(f"Remove {name}?", yes=yes)
    service.remove(terminal.gateway, terminal.actor, name)
    terminal.answer({"name": name, "removed": True}, [f"{output.safe(name)} is removed."])


@people.command("set-up-link", cls=Verb, short_help="The link for the first owner.")
@click.option("--if-needed", is_flag=True, help="Say nothing when there is an owner.")
@pass_terminal
def set_up_link(terminal: Terminal, /, *, if_needed: bool) -> None:
    """Show the link with which the first owner chooses a name and a password. It works once, for a day.

    Earlier set-up links stop working. When there is an owner, invite further people instead.
    """
    from sealgate.services import invitations

    if if_needed and invitations.is_set_up(terminal.gateway):
        return
    _show(terminal, invitations.set_up_link(terminal.gateway, terminal.actor), "Open this link to become the owner:")


_NOBODY = "There is nobody yet. Make the first owner: sealgate people set-up-link"


def _show(terminal: Terminal, link: Link, text: str) -> None:
    until = link.ends.astimezone().strftime("%Y-%m-%d %H:%M")
    value = {"address": link.address, "ends": link.ends.isoformat(timespec="seconds")}
    terminal.answer(value, [text, f"  {link.address}", f"It works once, until {until}, and is not shown again."])


def _row(person: Listed) -> tuple[object, ...]:
    edits = "" if "edit" not in person.rights else ", ".join(sorted(person.areas)) if _limited(person) else "all"
    seen = person.seen.astimezone().strftime("%Y-%m-%d %H:%M") if person.seen else ""
    state = "locked" if person.locked else "invited" if person.invited else ""
    return person.name, person.title, person.role, sorted(person.extra), edits, ", ".join(_ways(person)), state, seen


def _ways(person: Listed) -> list[str]:
    ways = [
        ("password", person.password),
        ("code", person.codes),
        (f"{person.passkeys} passkey{'s' if person.passkeys != 1 else ''}", person.passkeys),
        ("single sign-on", person.single_sign_on),
    ]
    return [word for word, has in ways if has]


def _limited(person: Listed) -> bool:
    from sealgate.services.actor import ALL_AREAS

    return person.areas != ALL_AREAS


def _json(person: Listed) -> dict[str, Any]:
    return {
        "name": person.name,
        "title": person.title,
        "email": person.email,
        "role": person.role.value,
        "extra": sorted(person.extra),
        "rights": sorted(person.rights),
        "areas": sorted(person.areas),
        "locked": person.locked,
        "invited": person.invited,
        "managed": person.managed,
        "ways_in": _ways(person),
        "seen": person.seen.isoformat(timespec="seconds") if person.seen else None,
        "version": person.version,
    }
