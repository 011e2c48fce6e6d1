"""Where pages are: the groups of the navigation, in the order and with the words that postmasters know.

The group MTA has the sections of the administration of an MTA in their usual order; a page below another one is
reached from there and shown with it. Nothing here knows what a page does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.services.actor import Right

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Place:
    """One entry: the name of its text (`nav.rbl`), its address, who sees it, and the entries below it."""

    name: str
    path: str
    right: Right = Right.VIEW
    below: tuple[Place, ...] = ()

    def leads_to(self, path: str) -> bool:
        """Tell whether a page belongs to this entry itself (not to one below)."""
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))

    def holds(self, path: str) -> bool:
        """Tell whether a page belongs to this entry or one below."""
        return self.leads_to(path) or any(place.holds(path) for place in self.below)


@dataclass(frozen=True, slots=True)
class Group:
    """Some entries under one heading."""

    name: str
    places: tuple[Place, ...]


GROUPS = (
    Group("gateway", (Place("overview", "/"),)),
    Group(
        "mta",
        (
            Place(
                "config",
                "/mta/config",
                below=(
                    Place("config_file", "/mta/config-file"),
                    Place("relay_domains", "/mta/relay-domain"),
                    Place("networks", "/mta/network"),
                ),
            ),
            Place("sasl", "/mta/sasl"),
            Place("provider", "/mta/provider"),
            Place(
                "forwarding",
                "/mta/forwarding",
                below=(Place("default_forwarding", "/mta/default-forwarding"),),
            ),
            Place(
                "header_checks",
                "/mta/header-check",
                below=(
                    Place("mime_header_checks", "/mta/mime-header-check"),
                    Place("nested_header_checks", "/mta/nested-header-check"),
                    Place("body_checks", "/mta/body-check"),
                    Place("tester", "/mta/check-tester"),
                ),
            ),
            Place("rbl", "/mta/rbl"),
            Place("black", "/mta/black"),
            Place("white", "/mta/white"),
            Place("lookup_tables", "/mta/lookup-table"),
            Place("transports", "/mta/transport", below=(Place("transport_config", "/mta/transport-config"),)),
            Place("tls", "/mta/tls", below=(Place("tls_policies", "/mta/tls-policy"),)),
        ),
    ),
    Group(
        "trying",
        (
            Place("explain", "/explain"),
            Place("policy_tests", "/mta/policy-test"),
            Place("what_if", "/what-if"),
        ),
    ),
    Group(
        "changes",
        (
            Place("review", "/changes"),
            Place("history", "/history"),
            Place("drift", "/drift"),
        ),
    ),
    Group(
        "mail",
        (
            Place("queue", "/queue", Right.OPERATE),
            Place("log", "/log", Right.OPERATE),
        ),
    ),
    Group(
        "administration",
        (
            Place("people", "/people", Right.PEOPLE),
            Place("audit", "/audit", Right.AUDIT),
            Place("backup", "/backup", Right.BACKUP),
        ),
    ),
)


def every_place() -> Iterator[Place]:
    """Give all entries, those below others too."""
    for group in GROUPS:
        for place in group.places:
            yield place
            yield from place.below
