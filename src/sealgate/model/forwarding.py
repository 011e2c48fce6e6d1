"""Email forwarding: where mail for local system accounts goes.

The rows become entries of virtual_alias_maps, so a command, a file or an `:include:` can never be named (aliases(5) has
those); an account is a plain user name of this machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.model.names import MailAddress
from sealgate.model.objects import Column, Kind, Noun, at, known_fields, list_of
from sealgate.model.text import shown, token

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_ADDRESSES = 100
_ACCOUNT = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,62}[a-z0-9_-])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Mail for a local account (`root`) goes to these addresses."""

    account: str
    addresses: tuple[MailAddress, ...]


_COLUMNS = (
    Column("account", "Account", "An account of this machine, such as root.", required=True, argument=True),
    Column(
        "addresses",
        "Forward to",
        "One or more addresses, separated by commas.",
        Kind.LIST,
        default=(),
        required=True,
        argument=True,
    ),
)


def parse_forwarding(fields: Mapping[str, Any]) -> Forwarding:
    """Read a forwarding; the account is folded to lower case, as Postfix does."""
    given = known_fields(fields, _COLUMNS)
    with at("account"):
        account = token(given["account"], "The account").lower()
        if not _ACCOUNT.fullmatch(account):
            raise InvalidValue.of(
                f"The account {shown(account)!r} is no user name.",
                "Enter it without a domain: letters, digits, dot, hyphen and underscore.",
            )
    with at("addresses"):
        items = list_of(given["addresses"], "The list of addresses", MOST_ADDRESSES)
        addresses = tuple(dict.fromkeys(MailAddress.parse(item) for item in items))
        if not addresses:
            raise InvalidValue.of("There is no address to forward to.", "Enter at least one.")
    return Forwarding(account, addresses)


FORWARDING: Noun[Forwarding] = Noun(
    name="forwarding",
    plural="forwardings",
    title="Email forwarding",
    columns=_COLUMNS,
    parse=parse_forwarding,
    fields=lambda value: {"account": value.account, "addresses": list(map(str, value.addresses))},
    key=lambda value: value.account,
)
