"""The black list refuses, the white list lets connect, and the order between them is the one the page shows.

The first address of each row is tried: by the white list it may connect whatever else lists it, by the black list it is
refused, even from My networks. A DNS list is not asked here (`dns_lists`). Lists too long to know as a whole are tried
by sample, and a surprise is then not judged, since another row may explain it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.findings import Place
from sealgate.rehearsal.clients import Clients, usable
from sealgate.rehearsal.next_hops import OWN_LINES, expected
from sealgate.rehearsal.promises.promise import HELO, SENDER, Case, accepted, reply_to, shown
from sealgate.rehearsal.trials import Client, Plan, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.names import Address
    from sealgate.model.verdicts import Verdict
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Seen


class StaticLists:
    """See the module."""

    name = "static-lists"
    title = "Black-listed clients are refused, white-listed ones may connect, the white list first."
    grade = Grade.PROBE

    def plan(self, subject: Subject) -> Plan:
        """Return one session for each address."""
        return Plan(tuple(trial for trial, _, _ in _tries(subject)), mpa=False)

    def judge(self, subject: Subject, seen: Seen) -> Iterator[Verdict]:
        """Compare what each address got with the lists."""
        clients = Clients(subject)
        for trial, address, place in _tries(subject):
            black = clients.refused(address)
            case = Case(
                self.name,
                f"{place.noun} {place.key}: {address}",
                f"{address} sends to {trial.recipients[0]}",
                "it is refused" + (f" with “{black.value.reason}”" if black.value.reason else "")
                if black
                else "it may connect",
            )
            reply = reply_to(seen.ended.get(trial.id), trial.recipients[0])
            if reply is None or reply.code == 0:
                yield case.not_judged(shown(reply))
            elif (accepted(reply) and black is None) or (
                black is not None and reply.code >= 500 and black.value.reason in reply.text
            ):
                yield case.passed(shown(reply))
            elif not clients.lists_are_whole:
                yield case.not_judged(f"{shown(reply)}; another of the many rows may explain it")
            else:
                yield subject.ruled(case.failed(shown(reply), place), unless=OWN_LINES)


def _tries(subject: Subject) -> Iterator[tuple[Trial, Address, Place]]:
    domain = next((d for d in subject.relay_domains if not expected(subject, f"postmaster@{d}").special), "")
    if not domain:
        return
    number = 0
    for noun in ("black", "white"):
        for row in subject.rows(noun):
            address = row.value.pattern.network.network_address
            listener = subject.page_listener(address.version)
            if listener is None or not usable(address) or not row.value.in_force(subject.facts.today):
                continue
            client, recipient = Client(str(address), "", HELO), f"postmaster@{domain}"
            trial = Trial(f"sta-{number}", listener.host, listener.port, client, SENDER, (recipient,))
            yield trial, address, Place(noun, row.key)
            number += 1
