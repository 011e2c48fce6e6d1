"""Which setting opened the relay: the place to look at for a stranger who was let in.

What the stranger did tells most of it (XCLIENT, a PROXY header, a row of an access table), and trivial-rewrite tells
the class of the recipient: a foreign domain that counts as local, virtual or relay domain is opened by the parameter
that makes it one. Otherwise a list of restrictions did it: that which own lines or the service itself set, in the order
in which Postfix asks them. It is the likely place, for people to look at; Postfix itself never says why it accepted.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.rehearsal.clients import networks_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.findings import Place
    from sealgate.postfix.listeners import Listener
    from sealgate.rehearsal.access_keys import Claim
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Reply, Seen, Trial

_BY_CLASS = (
    ("local", ("mydestination", "inet_interfaces", "proxy_interfaces")),
    ("alias", ("virtual_alias_domains", "virtual_alias_maps")),
    ("virtual", ("virtual_mailbox_domains", "virtual_mailbox_maps")),
    ("relay", ("relay_domains",)),
)
_LISTS = (
    "smtpd_relay_restrictions", "smtpd_recipient_restrictions", "mynetworks", "mynetworks_style",
    "permit_mx_backup_networks", "allow_untrusted_routing", "smtpd_delay_reject", "smtpd_sender_restrictions",
    "smtpd_client_restrictions", "smtpd_restriction_classes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """How a stranger came in: by which listener and session, with which reply, and by which row of an access table."""

    listener: Listener
    trial: Trial
    taken: Reply
    claim: Claim | None = None


def opening(subject: Subject, seen: Seen, entry: Entry) -> Place:
    """Return the setting, row or own line that let the stranger in, as far as can be told."""
    service, trial = entry.listener.service, entry.trial
    if entry.taken.said.startswith("XCLIENT"):
        return subject.blame("smtpd_authorized_xclient_hosts", service)
    if entry.taken.said.startswith("XFORWARD"):
        return subject.blame("smtpd_authorized_xforward_hosts", service)
    if trial.client.opening and subject.value(service, "smtpd_upstream_proxy_protocol"):
        return subject.blame("smtpd_upstream_proxy_protocol", service)
    if entry.claim is not None:
        return subject.blame(entry.claim.parameter, entry.claim.service or service)
    if trial.client.extra and _was_let(seen, trial):
        return subject.blame("smtpd_authorized_xclient_hosts", service)
    return subject.blame(next(_suspects(subject, seen, entry), "smtpd_relay_restrictions"), service)


def _suspects(subject: Subject, seen: Seen, entry: Entry) -> Iterator[str]:
    service = entry.listener.service
    recipient = entry.taken.said.removeprefix("RCPT TO:<").partition(">")[0]
    route = seen.routes.get(recipient)
    flags = route.flags if route else ()
    if "routed" in flags:
        yield "allow_untrusted_routing"
    for name, parameters in _BY_CLASS:
        if name in flags and "default" not in flags:
            yield from (one for one in parameters if _set(subject, service, one))
            yield parameters[0]
    networks = subject.value(service, "mynetworks")
    client = ipaddress.ip_address(entry.trial.client.address)
    if any(client in network for network in networks_in(networks)):
        yield "mynetworks"
    yield from (one for one in _LISTS if one in subject.read.overrides.get(service, {}))
    yield from (one for one in _LISTS if one in subject.own_parameters)


def _was_let(seen: Seen, trial: Trial) -> bool:
    """Tell whether the session's further command, a claim to be another, was taken."""
    ended = seen.ended.get(trial.id)
    reply = ended.reply_to(trial.client.extra[0]) if ended else None
    return reply is not None and 200 <= reply.code < 300


def _set(subject: Subject, service: str, parameter: str) -> bool:
    return parameter in subject.own_parameters or parameter in subject.read.overrides.get(service, {})
