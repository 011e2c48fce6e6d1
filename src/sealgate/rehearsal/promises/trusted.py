"""Trusted clients can relay, and only those: My networks and provider ranges, each with the addresses beside it.

The first and last address of a network must be let to a foreign domain, the address before and the one after must not,
unless another row trusts it. A provider's addresses may send for the senders of its row only. The black list comes
first, so an address on it is refused wherever it is. What own lines change about clients on purpose is not judged.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.findings import Place
from sealgate.model.providers import ProviderSenders
from sealgate.rehearsal.clients import Clients, usable
from sealgate.rehearsal.next_hops import OWN_LINES, expected
from sealgate.rehearsal.promises.promise import FOREIGN, HELO, SENDER, Case, accepted, reply_to, shown
from sealgate.rehearsal.trials import Client, Plan, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.names import Address
    from sealgate.model.network import IPNetwork
    from sealgate.model.verdicts import Verdict
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Seen

_MOST_RANGES = {Grade.PROBE: 2, Grade.FULL: 10}


@dataclass(frozen=True, slots=True)
class _Try:
    trial: Trial
    may: bool
    why: str
    blame: Place


class Trusted:
    """See the module."""

    name = "trusted-clients-can-relay"
    title = "My networks and providers can relay, and the addresses beside them cannot."
    grade = Grade.PROBE

    def plan(self, subject: Subject) -> Plan:
        """Return one session for each address."""
        return Plan(tuple(one.trial for one in _tries(subject)), mpa=False)

    def judge(self, subject: Subject, seen: Seen) -> Iterator[Verdict]:
        """Compare what each address got with what the pages say."""
        for one in _tries(subject):
            client, sender = one.trial.client.address, one.trial.sender
            case = Case(
                self.name,
                f"{client} as {sender or '<>'}",
                f"{client} sends from {sender or '<>'} to {FOREIGN}, a domain that is not ours; {one.why}",
                "it is accepted" if one.may else "it is refused",
            )
            reply = reply_to(seen.ended.get(one.trial.id), FOREIGN)
            if reply is None or reply.code == 0:
                yield case.not_judged(shown(reply))
            elif accepted(reply) == one.may:
                yield case.passed(shown(reply))
            else:
                yield subject.ruled(case.failed(shown(reply), one.blame), unless=OWN_LINES)


def _tries(subject: Subject) -> Iterator[_Try]:
    if expected(subject, FOREIGN).special:
        return
    clients = Clients(subject)
    number = 0
    for address, sender, place in dict.fromkeys(_people(subject, clients)):
        listener = subject.page_listener(address.version)
        if listener is None or not usable(address):
            continue
        may, why, decides = _may(subject, clients, address, sender)
        client = Client(str(address), "", HELO)
        trial = Trial(f"tru-{number}", listener.host, listener.port, client, sender, (FOREIGN,))
        yield _Try(trial, may, why, decides or place)
        number += 1


def _people(subject: Subject, clients: Clients) -> Iterator[tuple[Address, str, Place]]:
    seen: set[tuple[Address, str]] = set()
    for address, sender, place in (*_of_networks(subject), *_of_providers(subject, clients)):
        if (address, sender) not in seen:
            seen.add((address, sender))
            yield address, sender, place


def _of_networks(subject: Subject) -> Iterator[tuple[Address, str, Place]]:
    for row in subject.rows("network"):
        place = Place("network", row.key)
        for address in edges(row.value.network.network):
            yield address, SENDER, place


def _of_providers(subject: Subject, clients: Clients) -> Iterator[tuple[Address, str, Place]]:
    own = f"someone@{subject.relay_domain}" if subject.relay_domain else ""
    for row in islice(clients.providers, 20):
        place = Place("provider", row.key)
        networks = row.value.networks
        step = max(1, len(networks) // _MOST_RANGES[subject.grade])
        for one in networks[::step][: _MOST_RANGES[subject.grade]]:
            for address in edges(one.network):
                for sender in filter(None, (own, SENDER)):
                    yield address, sender, place
            yield one.network.network_address, "", place


def _may(subject: Subject, clients: Clients, address: Address, sender: str) -> tuple[bool, str, Place | None]:
    """Tell whether the pages let an address relay for a sender, why, and which row says so."""
    black = clients.refused(address)
    if black is not None:
        return False, f"the black list has it ({black.key})", Place("black", black.key)
    if clients.trusted(address):
        return True, "My networks has it", None
    row = clients.provider(address)
    if row is None:
        return False, "no page trusts it", None
    senders, place = row.value.senders, Place("provider", row.key)
    own = bool(sender) and sender.rpartition("@")[2] in subject.relay_domains
    may = senders is ProviderSenders.ANY or own or (senders is ProviderSenders.OWN_AND_NULL and not sender)
    return may, f"the provider {row.key} may send for {senders.value}", place


def edges(network: IPNetwork) -> Iterator[Address]:
    """Give the first and last address of a network, and the ones before and after it."""
    first, last = network.network_address, network.broadcast_address
    yield from dict.fromkeys((first, last))
    whole = ipaddress.ip_network("0.0.0.0/0" if network.version == 4 else "::/0")
    if first != whole.network_address:
        yield first - 1
    if last != whole.broadcast_address:
        yield last + 1
