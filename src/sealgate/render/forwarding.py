"""Mail for accounts of the machine: forwarded by virtual_alias_maps, never delivered here.

local_transport is `error`, so neither mailboxes nor aliases with commands or files exist (postconf(5), aliases(5)).
A row's account is looked up for every name of the gateway. With a default, every account that the machine knows is
forwarded: the password file is asked at that moment, so accounts made later count, and names that are no accounts stay
unknown. postmaster is no account but always has to be there (RFC 5321 §4.5.1): without a row of its own it follows
root, then the default; mailer-daemon follows postmaster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.findings import Place
from sealgate.render.clients import enabled
from sealgate.render.part import Parameter, Part, lmdb, named
from sealgate.render.tree import EntrySource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealgate.model.desired import DesiredState
    from sealgate.model.forwarding import Forwarding
    from sealgate.model.names import MailAddress
    from sealgate.model.objects import Row
    from sealgate.render.facts import NodeFacts

_PLACE = Place("forwarding")


def forwarding(desired: DesiredState, node: NodeFacts) -> Part:
    """Return the forwarding of local accounts."""
    table = lmdb("forward", EntrySource(tuple(sorted(_entries(desired)))), _PLACE)
    maps: tuple[str, ...] = (named(table, node),)
    if default := desired.settings.default_forwarding:
        maps = (*maps, f"pipemap:{{unix:passwd.byname, static:{{{_joined(default)}}}}}")
    parameters = (
        Parameter("virtual_alias_domains", "", _PLACE),
        Parameter("virtual_alias_maps", maps, _PLACE, "The rows of email forwarding are not in force."),
        Parameter("local_recipient_maps", "$virtual_alias_maps", _PLACE),
        Parameter(
            "local_transport", "error:5.1.1 mailbox unavailable", _PLACE, "Mail may be delivered on this machine."
        ),
        Parameter("alias_maps", "", _PLACE),
        Parameter("alias_database", "", _PLACE),
        Parameter("allow_mail_to_commands", "", _PLACE),
        Parameter("allow_mail_to_files", "", _PLACE),
        Parameter("mailbox_size_limit", "0", _PLACE),
        Parameter("virtual_mailbox_limit", "0", _PLACE),
    )
    return Part("Mail for accounts of this machine", parameters, (table,))


def _entries(desired: DesiredState) -> Iterator[tuple[str, str]]:
    rows: Iterator[Row[Forwarding]] = enabled(desired, "forwarding")
    found = {row.value.account.lower(): _joined(row.value.addresses) for row in rows}
    default = _joined(desired.settings.default_forwarding)
    postmaster = found.get("postmaster") or found.get("root") or default
    if postmaster:
        found.setdefault("postmaster", postmaster)
        found.setdefault("mailer-daemon", postmaster)
    yield from found.items()


def _joined(addresses: Sequence[MailAddress]) -> str:
    return ", ".join(map(str, addresses))
