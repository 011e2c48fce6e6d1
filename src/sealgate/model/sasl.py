"""SASL passwords: credentials for next hops that want a login.

Postfix looks a login up by the next hop exactly as a relay host or transport names it, or by the plain name of the
server (smtp_sasl_password_maps in postconf(5)); `[host]` does not stand for `[host]:587`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.model.names import NextHop
from sealgate.model.objects import Column, Kind, Noun, at, known_fields
from sealgate.model.secrets import Sealed
from sealgate.model.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.model.objects import Fields


@dataclass(frozen=True, slots=True)
class SaslPassword:
    """The login for a next hop, looked up by `next_hop.destination` exactly as a relay host or transport names it."""

    next_hop: NextHop
    user: str
    password: Sealed


_COLUMNS = (
    Column(
        "host",
        "Host",
        "The server that wants a login, exactly as a relay host or transport names it.",
        required=True,
        argument=True,
    ),
    Column("port", "Port", "The port, as there.", Kind.NUMBER, default=25),
    Column("mx", "Use MX records", "As there.", Kind.FLAG, default=False),
    Column("user", "User", "The user name for the login.", required=True),
    Column("password", "Password", "Sealed when entered, and never shown again.", Kind.SECRET, required=True),
)


def parse_sasl(fields: Mapping[str, Any]) -> SaslPassword:
    """Read a login; the password is the name of a sealed secret (`check_password` and sealing come before)."""
    given = known_fields(fields, _COLUMNS)
    with at(NextHop.part_at_fault(given["port"])):
        hop = NextHop.parse(given["host"], given["port"], given["mx"], "The host")
    with at("user"):
        user = one_line(given["user"], "The user", 500)
        if not user or not user.isascii() or ":" in user:
            raise InvalidValue.of(
                "The user name is empty, or has a colon or a letter outside ASCII.",
                "Postfix takes the text before the first colon as the user.",
            )
    with at("password"):
        password = Sealed.parse(given["password"], "The password")
    return SaslPassword(hop, user, password)


def sasl_fields(value: SaslPassword) -> Fields:
    """Return the canonical form of a login, with the name of the secret only."""
    hop = value.next_hop
    return {
        "host": str(hop.host),
        "port": hop.port,
        "mx": hop.mx,
        "user": value.user,
        "password": value.password.id,
    }


SASL: Noun[SaslPassword] = Noun(
    name="sasl",
    plural="sasl",
    title="SASL passwords",
    columns=_COLUMNS,
    parse=parse_sasl,
    fields=sasl_fields,
    key=lambda value: value.next_hop.destination,
    tag=lambda value: value.next_hop.destination,
)
