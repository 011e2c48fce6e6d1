"""The static black list and the static white list: clients that are refused, and clients that no RBL keeps out.

Both lists are access(5) tables; the verb is written by the renderer, so a reason can never become another action.
Loopback can never be listed: the gateway talks to itself through it.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.model.network import ClientPattern
from sealgate.model.objects import Column, Kind, Noun, at, known_fields
from sealgate.model.text import one_line, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.model.objects import Fields

LONGEST_REASON = 400
# Postfix would take such a first word as its own status code and eat it.
_STATUS = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}(?:\s|$)", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StaticClient:
    """A row of the static black or white list: `expires` is its last day in force (UTC), `reason` the reply text."""

    pattern: ClientPattern
    reason: str = ""
    expires: dt.date | None = None

    def in_force(self, today: dt.date) -> bool:
        """Tell whether the row counts on that day (UTC)."""
        return self.expires is None or today <= self.expires


_COLUMNS = (
    Column(
        "client",
        "Client",
        "An address, a network (192.0.2.0/24, 2001:db8::/32), or an IPv4 prefix: 192.168.88 is 192.168.88.0/24.",
        required=True,
        argument=True,
    ),
    Column("reason", "Reason", "On the black list: what a refused client is told."),
    Column(
        "expires", "Last day", "The last day (UTC) on which the row counts, as 2030-12-31.", Kind.DATE, default=None
    ),
)


def parse_static_client(fields: Mapping[str, Any]) -> StaticClient:
    """Read a row of a static list."""
    given = known_fields(fields, _COLUMNS)
    with at("client"):
        pattern = ClientPattern.parse(given["client"], "The client")
        if pattern.overlaps_loopback:
            raise InvalidValue.of(
                f"{pattern} covers loopback, which can never be listed.",
                "The gateway's own parts talk to each other there; enter the other networks one by one.",
            )
    with at("reason"):
        reason = parse_reason(given["reason"])
    with at("expires"):
        expires = parse_day(given["expires"])
    return StaticClient(pattern, reason, expires)


def parse_reason(text: object) -> str:
    """Read the text that a refused client is told: one line of ASCII that does not begin like a status code."""
    line = one_line(text, "The reason", LONGEST_REASON)
    if not line.isascii():
        raise InvalidValue.of("The reason has letters outside ASCII.", "SMTP replies are ASCII (RFC 5321 §4.2).")
    if _STATUS.match(line):
        raise InvalidValue.of(
            f"The reason begins with {shown(line.split()[0])!r}, which Postfix takes as a status code.",
            "Begin it with a word.",
        )
    return line


def parse_day(value: object) -> dt.date | None:
    """Read a day in ISO form (RFC 3339 full-date); nothing means never."""
    if value is None or value == "":
        return None
    text = one_line(value, "The last day", 40)
    try:
        return dt.date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        raise InvalidValue.of(f"The last day {shown(text)!r} is no date.", "Write it as 2030-12-31.") from None


def static_client_fields(value: StaticClient) -> Fields:
    """Return the canonical form of a row of a static list."""
    day = None if value.expires is None else value.expires.isoformat()
    return {"client": str(value.pattern), "reason": value.reason, "expires": day}


def _noun(name: str, title: str) -> Noun[StaticClient]:
    return Noun(
        name=name,
        plural=name,
        title=title,
        columns=_COLUMNS,
        parse=parse_static_client,
        fields=static_client_fields,
        key=lambda value: str(value.pattern),
    )


BLACK = _noun("black", "Static black list")
WHITE = _noun("white", "Static white list")
