"""Who may connect and who may relay: the smtpd restriction lists, from all the pages that decide about clients.

The order in smtpd_client_restrictions is fixed: white list, black list, My networks, providers, then (for all
others) DNS lists. An OK there ends only that list; relaying is decided by smtpd_relay_restrictions alone, so a
white-listed client is not thereby allowed to relay. A provider's addresses may relay for the senders of its class.

postmaster@ every relay domain is accepted from everybody who may connect, even when a DNS list has the client or the
next hop does not know the address (RFC 5321 §4.5.1): its exception stands behind reject_unauth_destination, so it
opens nothing. The black list stays in force for it, since that is one administrator's word about one client.

Addresses of the gateway itself are never asked for at a next hop: the list of local accounts decides about them.
All decisions are made at RCPT (smtpd_delay_reject), where sender and recipient are known. Sources: postconf(5),
SMTPD_ACCESS_README.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.model.findings import Place
from sealgate.render import rbl
from sealgate.render.clients import (
    class_name,
    enabled,
    my_networks,
    my_networks_list,
    provider_class,
    provider_table,
    static_list,
)
from sealgate.render.identity import my_hostname
from sealgate.render.part import Parameter, Part, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.desired import DesiredState
    from sealgate.model.objects import Row
    from sealgate.model.providers import Provider
    from sealgate.render.facts import NodeFacts
    from sealgate.render.tree import TableFile

POSTMASTER = "check_recipient_access inline:{{postmaster@ = OK}}"
_NO_RELAY = "The own line alone decides who may relay; My networks and providers count only if it names them."
_LISTS = "The order white list, black list, My networks, providers, RBL is no longer kept by Sealgate."


def access(desired: DesiredState, node: NodeFacts) -> Part:
    """Return My networks, the static lists, the providers, the DNS lists, and the restrictions they stand in."""
    networks = my_networks(desired)
    providers = _providers(desired)
    tables = [table for _, table in networks]
    tables += [table for table, _ in providers]
    checks = tuple(f"check_client_access {named(table, node)}" for table, _ in providers)
    replies, findings = rbl.replies(desired)
    statics = [table for noun in ("white", "black") if (table := static_list(desired, node, noun))]
    tables += statics + ([replies] if replies else [])
    client = [f"check_client_access {named(table, node)}" for table in statics]
    dns = rbl.restrictions(desired)
    client += ["permit_mynetworks", *checks, *((POSTMASTER, *dns) if dns else ())]
    parameters = [
        Parameter("mynetworks", my_networks_list(networks, node), Place("network"), _mynetworks_loss(desired)),
        Parameter("smtpd_delay_reject", "yes", Place("rbl"), "Lists that look at the recipient may not work."),
        Parameter("smtpd_helo_required", "yes", Place("rbl")),
        *_classes(node, providers),
        Parameter(
            "smtpd_relay_restrictions",
            ("permit_mynetworks", *checks, "reject_unauth_destination"),
            Place("network"),
            _NO_RELAY,
        ),
        Parameter("smtpd_client_restrictions", tuple(client), Place("white"), _LISTS),
        Parameter("smtpd_recipient_restrictions", _recipient(desired, node, checks), _VERIFY, _VERIFY_LOSS),
        Parameter("smtpd_data_restrictions", ("reject_unauth_pipelining", "reject_multi_recipient_bounce"), _MORE),
        Parameter("smtpd_client_event_limit_exceptions", _unlimited(node, providers), Place("network")),
    ]
    if replies:
        parameters.append(
            Parameter("rbl_reply_maps", named(replies, node), Place("rbl"), "Reply texts of RBL rows are not used.")
        )
    return Part("Who may connect and relay", tuple(parameters), tuple(tables), findings=findings)


_VERIFY = Place("setting", "reject-unverified-recipient")
_VERIFY_LOSS = "“Reject unverified recipient” works only if the own line has it."
_MORE = Place("setting", "bare-newline")


def _mynetworks_loss(desired: DesiredState) -> str:
    return "The rows of My networks are not in force." if any(enabled(desired, "network")) else ""


def _providers(desired: DesiredState) -> list[tuple[TableFile, Row[Provider]]]:
    rows: Iterator[Row[Provider]] = enabled(desired, "provider")
    return [(provider_table(row.value, Place("provider", row.key)), row) for row in rows if row.value.networks]


def _classes(node: NodeFacts, providers: list[tuple[TableFile, Row[Provider]]]) -> Iterator[Parameter]:
    """Give the restriction classes of the providers, and the parameter that makes them known."""
    if not providers:
        return
    names = tuple(class_name(row.value) for _, row in providers)
    yield Parameter(
        "smtpd_restriction_classes", names, Place("provider"), "Provider addresses get 451 instead of relaying."
    )
    own = f"lmdb:{node.maps_dir}/relay_domains"
    for _, row in providers:
        yield provider_class(row.value, own, Place("provider", row.key))


def _recipient(desired: DesiredState, node: NodeFacts, provider_checks: tuple[str, ...]) -> tuple[str, ...]:
    first = ("reject_non_fqdn_recipient", "permit_mynetworks", *provider_checks, "reject_unauth_destination")
    if not desired.settings.reject_unverified_recipient:
        return first
    known = f"check_recipient_access inline:{{{{postmaster@ = OK}}, {{{my_hostname(desired, node)} = OK}}}}"
    return (*first, known, "reject_unverified_recipient")


def _unlimited(node: NodeFacts, providers: list[tuple[TableFile, Row[Provider]]]) -> tuple[str, ...]:
    """Return the clients without rate limits."""
    return ("$mynetworks", *(named(table, node) for table, _ in providers))
