"""Mail is accepted for every relay domain, for its subdomains when the setting says so, and routed as the pages say.

A stranger may write to postmaster of each relay domain that is tried; of a subdomain only with "match subdomains" or
where it is a relay domain itself. trivial-rewrite must name the next hop and port that the settings, transports and
relay hosts say, for relay domains, subdomains, transports and the rest of the world. Large lists: the changed rows and
a spread of the others. That mail really arrives there is for `deliveries`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.findings import Place
from sealgate.rehearsal.clients import Clients
from sealgate.rehearsal.next_hops import OWN_LINES, Expected, expected, is_relay_domain, mailbox, plain
from sealgate.rehearsal.promises.promise import FOREIGN, HELO, SENDER, Case, accepted, reply_to, shown
from sealgate.rehearsal.trials import Client, Plan, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.verdicts import Verdict
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Seen

_A_SESSION = 8
_TEXT_SERVICES = ("error", "retry")


class RelayDomains:
    """See the module."""

    name = "relay-domains-and-routes"
    title = "Mail for relay domains is accepted, and all mail is routed to the next hop that the pages say."
    grade = Grade.PROBE

    def plan(self, subject: Subject) -> Plan:
        """Return the stranger's sessions, and the recipients to route."""
        return Plan(tuple(_trials(subject)), routes=tuple(one.recipient for one in routes(subject)), mpa=False)

    def judge(self, subject: Subject, seen: Seen) -> Iterator[Verdict]:
        """Compare replies and routes with the pages."""
        for trial in _trials(subject):
            for recipient in trial.recipients:
                yield self._accepted(subject, seen, trial, recipient)
        for one in routes(subject):
            yield self._routed(subject, seen, one)

    def _accepted(self, subject: Subject, seen: Seen, trial: Trial, recipient: str) -> Verdict:
        domain = recipient.rpartition("@")[2]
        ours = is_relay_domain(subject, domain)
        case = Case(
            self.name,
            f"mail for {domain}",
            f"A stranger sends to {recipient}",
            "it is accepted" if ours else "it is refused: subdomains are not matched",
        )
        reply = reply_to(seen.ended.get(trial.id), recipient)
        if reply is None or reply.code == 0:
            return case.not_judged(shown(reply))
        if accepted(reply) == ours:
            return case.passed(shown(reply))
        row = subject.desired.rows.row("relay-domain", domain)
        blame = Place("relay-domain", row.key) if ours and row else Place("setting", "match-subdomains")
        return subject.ruled(case.failed(shown(reply), blame), unless=OWN_LINES)

    def _routed(self, subject: Subject, seen: Seen, one: Expected) -> Verdict:
        wanted = f"{one.transport}:{one.nexthop}" if not one.special else one.special
        case = Case(
            self.name, f"route of {one.recipient}", f"Postfix is asked for the route of {one.recipient}", wanted
        )
        came = seen.routes.get(one.recipient)
        if came is None:
            return case.not_judged("no route was asked for")
        text = f"{came.transport}:{came.nexthop}"
        if came.transport == one.transport and (one.special or came.nexthop == one.nexthop):
            return case.passed(text)
        return subject.ruled(case.failed(f"the route is {text}", one.blame), unless=OWN_LINES)


def _trials(subject: Subject) -> Iterator[Trial]:
    listener = next((one for v in (4, 6) if (one := subject.page_listener(v))), None)
    if listener is None:
        return
    strangers = Clients(subject).strangers(6 if ":" in listener.host else 4)
    recipients = tuple(_recipients(subject))
    if not strangers:
        return
    for number, start in enumerate(range(0, len(recipients), _A_SESSION)):
        client = Client(str(strangers[0] + 70 + number), HELO, HELO)
        part = recipients[start : start + _A_SESSION]
        yield Trial(f"dom-{number}", listener.host, listener.port, client, SENDER, part)


def _recipients(subject: Subject) -> Iterator[str]:
    """Give postmaster of each domain that is tried, and of one subdomain of it; not where no mail is taken."""
    for domain in subject.relay_domains:
        for name in (domain, f"sub-of-it.{domain}"):
            route = expected(subject, f"postmaster@{name}")
            if plain(name) and route.transport not in _TEXT_SERVICES:
                yield route.recipient


def routes(subject: Subject) -> tuple[Expected, ...]:
    """Return the routes that are tried: relay domains, subdomains, transports, and the rest of the world."""
    names = [FOREIGN]
    for domain in subject.relay_domains:
        names += [f"someone@{domain}", f"someone@sub-of-it.{domain}"]
    names += [mailbox(row.value.pattern) for row in subject.rows("transport")]
    return tuple(
        expected(subject, name) for name in dict.fromkeys(names) if name and plain(name) and not _local(subject, name)
    )


def _local(subject: Subject, name: str) -> bool:
    return name.rpartition("@")[2] in {subject.hostname, "localhost"}
