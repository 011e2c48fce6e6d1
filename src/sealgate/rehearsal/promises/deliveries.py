"""Mail arrives where the pages say, over TLS and with a login as they say, and once.

A trusted client sends one message to each relay domain, subdomain and transport that is tried, and to the rest of the
world. It goes through queue, MPA and re-injection and must arrive once at exactly the next hop and port of the pages:
the artificial internet has every name, and the MX of N is mx.N. TLS must be used where the level says so, and not where
it says none; a next hop that offers none must not get mail whose level demands it. A login must be shown to the next
hops that have one and to no other. Next hops on this machine itself are outside the rehearsal; the verdict says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.findings import Place
from sealgate.model.verdicts import Ruling
from sealgate.rehearsal.next_hops import NEVER_CLEAR, OWN_LINES, Expected, login, tls_level
from sealgate.rehearsal.promises.met_checks import unless_checked
from sealgate.rehearsal.promises.promise import SENDER, Case, accepted, shown
from sealgate.rehearsal.promises.relay_domains import routes
from sealgate.rehearsal.trials import Certificate, Client, Internet, Plan, Server, Trial, Until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.verdicts import Verdict
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Arrival, Ended, Seen

_MOST = 60


@dataclass(frozen=True, slots=True)
class _Try:
    trial: Trial
    route: Expected


class Deliveries:
    """See the module."""

    name = "mail-reaches-its-next-hop"
    title = "Mail arrives at the next hop that the pages say, with TLS and login as they say."
    grade = Grade.FULL

    def plan(self, subject: Subject) -> Plan:
        """Return the messages, and the servers that want a login."""
        tries = tuple(_tries(subject))
        servers = {
            one.route.server: Server(logins=True)
            for one in tries
            if login(subject, one.route) is not None and not one.route.inside
        }
        ports = tuple(sorted({one.route.port for one in tries} - {25}))
        return Plan(tuple(one.trial for one in tries), Internet(servers=servers, ports=ports))

    def judge(self, subject: Subject, seen: Seen) -> Iterator[Verdict]:
        """Compare arrivals with the pages; a next hop of many recipients has one verdict on TLS and one on logins."""
        found: dict[str, Verdict] = {}
        for one in _tries(subject):
            for judged in self._of(subject, seen, one, seen.ended.get(one.trial.id)):
                verdict = unless_checked(judged, subject, seen, one.route.recipient)
                before = found.get(verdict.test)
                if before is None or before.ruling is Ruling.PASSED:
                    found[verdict.test] = verdict
        for verdict in found.values():
            yield subject.ruled(verdict, unless=OWN_LINES)

    def _of(self, subject: Subject, seen: Seen, one: _Try, ended: Ended | None) -> Iterator[Verdict]:
        route, arrivals = one.route, seen.arrived(one.trial.id)
        wanted = _wanted(route)
        case = Case(
            self.name, f"mail to {route.recipient}", f"A trusted client sends a message to {route.recipient}", wanted
        )
        if ended is None:
            yield case.not_judged("it was not tried")
            return
        if route.special:
            yield _special(case, route, arrivals, ended)
            return
        if route.inside:
            yield case.not_judged("the next hop is on this machine, outside the rehearsal")
            return
        if not arrivals:
            level, place = tls_level(subject, route)
            why = "; ".join(seen.queued.get(one.trial.id, ())) or shown(ended.last)
            if level in NEVER_CLEAR - {"encrypt"} and seen.queued.get(one.trial.id):
                yield case.not_judged(f"TLS level {level} cannot be met in the rehearsal: {why}", place)
            else:
                yield case.failed(f"it did not arrive: {why}", route.blame, ended.log)
            return
        came = ", ".join(f"{one.server or one.address}:{one.port}" for one in arrivals)
        right = len(arrivals) == 1 and _is(arrivals[0], route)
        yield case.passed(came) if right else case.failed(f"it arrived at {came}", route.blame, ended.log)
        yield from self._tls_and_login(subject, route, arrivals[0])

    def _tls_and_login(self, subject: Subject, route: Expected, arrival: Arrival) -> Iterator[Verdict]:
        level, place = tls_level(subject, route)
        case = Case(
            self.name, f"TLS to {route.nexthop}", f"The next hop {route.nexthop} offers TLS; the level is {level}",
            "it comes in clear" if level == "none" else "it comes over TLS",
        )  # fmt: skip
        came = arrival.tls or "in clear"
        yield case.passed(came) if bool(arrival.tls) == (level != "none") else case.failed(f"it came {came}", place)
        row = login(subject, route)
        user = row.value.user if row else ""
        blame = Place("sasl", row.key) if row else Place("sasl")
        case = Case(
            self.name, f"login at {route.nexthop}", f"Mail goes to the next hop {route.nexthop}",
            f"the login of {user} is shown" if user else "no login is shown",
        )  # fmt: skip
        came = f"the login of {arrival.login}" if arrival.login else "no login"
        yield case.passed(came) if arrival.login == user else case.failed(f"{came} was shown", blame)


def _tries(subject: Subject) -> Iterator[_Try]:
    listener = next((one for v in (4, 6) if (one := subject.page_listener(v))), None)
    if listener is None:
        return
    client = Client("::1" if ":" in listener.host else "127.0.0.1")
    for number, route in enumerate(routes(subject)[:_MOST]):
        trial = Trial(f"del-{number}", listener.host, listener.port, client, SENDER, (route.recipient,), Until.MESSAGE)
        yield _Try(trial, route)


def _wanted(route: Expected) -> str:
    if route.special:
        return f"it is treated as the transport says ({route.special})"
    return f"it arrives once at {route.server}, port {route.port}"


def _is(arrival: Arrival, route: Expected) -> bool:
    return route.server in {arrival.server, arrival.address} and arrival.port == route.port


def _special(case: Case, route: Expected, arrivals: tuple[Arrival, ...], ended: Ended) -> Verdict:
    """Judge a transport that is no next hop by SMTP."""
    last = ended.reply_to("RCPT") or ended.last
    refused = {"error": 500, "retry": 400}.get(route.transport, 0)
    if refused:
        right = refused <= last.code < refused + 100
    elif route.transport in {"discard", "hold"}:
        right = accepted(last) and not arrivals
    else:
        return case.not_judged(f"the transport {route.transport} is no SMTP; only its route is tried")
    return case.passed(shown(last)) if right else case.failed(shown(last), route.blame, ended.log)


class NeverInClear:
    """Mail whose TLS policy demands TLS does not go out in clear to a next hop that offers none."""

    name = "tls-is-kept"
    title = "Mail that must go over TLS never goes in clear."
    grade = Grade.FULL

    def plan(self, subject: Subject) -> Plan:
        """Return a message to each destination whose policy demands TLS, at servers that offer none."""
        tries = tuple(_strict(subject))
        servers = {f"mx.{one.route.domain}": Server(certificate=Certificate.NONE) for one in tries}
        return Plan(tuple(one.trial for one in tries), Internet(servers=servers))

    def judge(self, subject: Subject, seen: Seen) -> Iterator[Verdict]:
        """Judge that nothing arrived."""
        for one in _strict(subject):
            case = Case(
                self.name,
                f"mail to {one.route.domain}, which offers no TLS",
                f"A message goes to {one.route.recipient}, whose server offers no TLS",
                "it waits in the queue",
            )
            ended = seen.ended.get(one.trial.id)
            if ended is None or not ended.queue_id:
                yield case.not_judged("it was not taken" if ended is None else shown(ended.last))
            elif seen.arrived(one.trial.id):
                verdict = case.failed("it arrived in clear", tls_level(subject, one.route)[1], ended.log)
                yield subject.ruled(verdict, unless=OWN_LINES)
            else:
                yield case.passed("; ".join(seen.queued.get(one.trial.id, ())))


def _strict(subject: Subject) -> Iterator[_Try]:
    """Give a subdomain of the test's own for the default level; the policies' own next hops are tried with TLS."""
    from sealgate.rehearsal.next_hops import expected

    route = expected(subject, "someone@without-tls.example")
    listener = next((one for v in (4, 6) if (one := subject.page_listener(v))), None)
    if route.special or route.hop is not None or listener is None or tls_level(subject, route)[0] not in NEVER_CLEAR:
        return
    client = Client("::1" if ":" in listener.host else "127.0.0.1")
    trial = Trial("clr-0", listener.host, listener.port, client, SENDER, (route.recipient,), Until.MESSAGE)
    yield _Try(trial, route)
