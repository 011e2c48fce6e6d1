"""Relay domains: the destination domains that mail is accepted for.

There may be a million rows, so reading one costs about a microsecond when it already has its stored form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.errors import InvalidValue
from sealgate.model.names import domain_ascii
from sealgate.model.objects import Column, Noun, known_fields

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class RelayDomain:
    """A destination domain that mail is accepted for; A-labels in lower case."""

    domain: str


_COLUMNS = (
    Column(
        "domain",
        "Relay domain",
        "A domain that mail is accepted for, such as example.com; international names are converted.",
        required=True,
        argument=True,
    ),
)


def parse_relay_domain(fields: Mapping[str, Any]) -> RelayDomain:
    """Read a relay domain."""
    try:
        if len(fields) == 1:
            return RelayDomain(domain_ascii(fields["domain"], "The relay domain"))
    except InvalidValue as refusal:
        raise refusal.at("domain") from None
    except (KeyError, TypeError):
        pass
    given = known_fields(fields, _COLUMNS)
    return parse_relay_domain({"domain": given["domain"]})


RELAY_DOMAIN: Noun[RelayDomain] = Noun(
    name="relay-domain",
    plural="relay-domains",
    title="Relay domains",
    columns=_COLUMNS,
    parse=parse_relay_domain,
    fields=lambda value: {"domain": value.domain},
    key=lambda value: value.domain,
    big=True,
)
