"""DNS lists refuse whom they list and nobody else, and nobody at all when they do not answer.

In the artificial internet each list of the page has one client, sender or HELO name of its own; it must be refused.
A client on no list is accepted; so is one whose list never answers, for Postfix lets mail in then; and so is one that
the white list or an earlier DNS white list has, whatever else lists it. postmaster is not asked for, since DNS lists
do not count for it. Sources: postconf(5) reject_rbl_client, reject_rhsbl_sender, permit_dnswl_client.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sealgate.link.messages import Grade
from sealgate.model.findings import Place
from sealgate.model.rbl import RblKind
from sealgate.rehearsal.clients import Clients, usable
from sealgate.rehearsal.next_hops import OWN_LINES, expected
from sealgate.rehearsal.promises.dns_names import domain_listed_in, listed_in, reversed_name
from sealgate.rehearsal.promises.promise import HELO, SENDER, Case, accepted, reply_to, shown
from sealgate.rehearsal.trials import Client, Internet, Plan, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgate.model.objects import Row
    from sealgate.model.verdicts import Verdict
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Seen


@dataclass(frozen=True, slots=True)
class _Try:
    trial: Trial
    refused: bool
    what: str
    blame: Place
    records: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    silent: tuple[str, ...] = ()


class DnsLists:
    """See the module."""

    name = "dns-lists"
    title = "DNS lists refuse whom they list, and nobody else."
    grade = Grade.FULL

    def plan(self, subject: Subject) -> Plan:
        """Return the sessions, and what the lists answer."""
        tries = tuple(_tries(subject))
        return Plan(
            tuple(one.trial for one in tries),
            Internet(
                records={name: found for one in tries for name, found in one.records.items()},
                silent=tuple(name for one in tries for name in one.silent),
                empty_zones=tuple(dict.fromkeys(str(row.value.zone) for row in _rows(subject))),
            ),
            mpa=False,
        )

    def judge(self, subject: Subject, seen: Seen) -> Iterator[Verdict]:
        """Compare what each client got with the lists."""
        for one in _tries(subject):
            recipient = one.trial.recipients[0]
            case = Case(
                self.name, one.what, f"{one.trial.client.address} sends to {recipient}: {one.what}",
                "it is refused" if one.refused else "it is accepted",
            )  # fmt: skip
            ended = seen.ended.get(one.trial.id)
            reply = reply_to(ended, recipient)
            if ended is None or reply is None or reply.code == 0:
                yield case.not_judged(shown(reply))
            elif (reply.code >= 500) if one.refused else accepted(reply):
                yield case.passed(shown(reply))
            else:
                yield subject.ruled(case.failed(shown(reply), one.blame, ended.log), unless=OWN_LINES)


def _rows(subject: Subject) -> tuple[Row[Any], ...]:
    return subject.all_rows("rbl") or ()


def _tries(subject: Subject) -> Iterator[_Try]:
    """Give the tries; without a relay domain, or where recipients are verified by a server, none can be told."""
    rows, domain = _rows(subject), subject.relay_domain
    listener = next((one for v in (4, 6) if (one := subject.page_listener(v))), None)
    if not rows or not domain or listener is None or expected(subject, f"someone@{domain}").special:
        return
    clients = Clients(subject)
    strangers = clients.strangers(6 if ":" in listener.host else 4)
    if not strangers:
        return

    def made(name: str, number: int, sender: str = SENDER, helo: str = HELO, address: str = "") -> Trial:
        client = Client(address or str(strangers[0] + 100 + number), HELO, helo)
        return Trial(f"rbl-{name}", listener.host, listener.port, client, sender, (f"someone@{domain}",))

    yield _Try(made("none", 0), refused=False, what="a client on no list", blame=Place("rbl"))
    for number, row in enumerate(rows, 1):
        yield from _of_row(row, number, made)
    yield from _in_spite(subject, rows, made)


def _of_row(row: Row[Any], number: int, made: Any) -> Iterator[_Try]:
    query, zone, place = row.value.query, str(row.value.zone), Place("rbl", row.key)
    if row.value.kind is RblKind.CLIENT:
        trial = made(f"{number}", number)
        records = listed_in(query, trial.client.address)
        yield _Try(trial, refused=True, what=f"a client that {query} lists", blame=place, records=records)
        if number == 1:
            silent = made("silent", 90)
            name = f"{reversed_name(silent.client.address)}.{zone}"
            yield _Try(silent, refused=False, what=f"a client while {zone} is silent", blame=place, silent=(name,))
    elif row.value.kind in {RblKind.SENDER, RblKind.HELO}:
        name = f"listed-{number}.example"
        sender = f"someone@{name}" if row.value.kind is RblKind.SENDER else SENDER
        trial = made(f"{number}", number, sender, name if row.value.kind is RblKind.HELO else HELO)
        records = domain_listed_in(query, name)
        what = f"a {row.value.kind.value} domain that {query} lists"
        yield _Try(trial, refused=True, what=what, blame=place, records=records)


def _in_spite(subject: Subject, rows: tuple[Row[Any], ...], made: Any) -> Iterator[_Try]:
    """Give the clients that may connect in spite of being listed: by the white list, My networks, DNS white lists."""
    lists = tuple(row.value.query for row in rows if row.value.kind is RblKind.CLIENT)
    if not lists:
        return
    for noun, pattern in (("white", "pattern"), ("network", "network")):
        for row in subject.rows(noun)[:1]:
            address = getattr(row.value, pattern).network.network_address
            if not usable(address) or address.version != 4 or Clients(subject).refused(address):
                continue
            if noun == "network" and not Clients(subject).trusted(address):
                continue
            trial = made(noun, 0, address=str(address))
            records = {name: found for query in lists for name, found in listed_in(query, str(address)).items()}
            what = f"a listed client that is in {'the white list' if noun == 'white' else 'My networks'}"
            yield _Try(trial, refused=False, what=what, blame=Place(noun, row.key), records=records)
    for number, row in enumerate(rows):
        later = [one.value.query for one in rows[number:] if one.value.kind is RblKind.CLIENT]
        earlier = any(one.value.kind is RblKind.CLIENT for one in rows[:number])
        if row.value.kind is RblKind.WHITE and later and not earlier:
            trial = made(f"dnswl-{number}", 95)
            both = (row.value.query, *later)
            records = {name: found for one in both for name, found in listed_in(one, trial.client.address).items()}
            what = f"a client that {row.value.query} has, a DNS white list before the others"
            yield _Try(trial, refused=False, what=what, blame=Place("rbl", row.key), records=records)
            return
