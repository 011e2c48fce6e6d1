"""A stranger cannot relay: on no listener, by no form of address, as nobody whom it could claim to be.

Every smtpd that is open to the outside is tried, whoever made it, on each address family. A stranger asks for a domain
that is nobody's here in every way an address can be written; with our own domain, with nothing and with the
gateway's name as sender; from all over the address space and from within every network of own lines that is too wide
to be somebody's own; and with every name that an access table of own lines answers to. It claims to be one of our
own by XCLIENT, XFORWARD and the PROXY protocol. Where My networks and the providers trust all of an address family
nobody is left to try, and that fails. The promise always holds: own lines are no excuse, and nothing
overrides it.
Sources: RFC 5321 §4.1.2 and appendix C, XCLIENT_README, XFORWARD_README, smtpd_upstream_proxy_protocol in postconf(5).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.rehearsal.access_keys import Claim, claims, zones
from sealgate.rehearsal.clients import Clients
from sealgate.rehearsal.promises.blaming import Entry, opening
from sealgate.rehearsal.promises.dns_names import listed_in
from sealgate.rehearsal.promises.promise import FOREIGN, FOREIGN_DOMAIN, HELO, SENDER, Case, accepted, shown
from sealgate.rehearsal.trials import Client, Internet, Plan, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealgate.model.verdicts import Verdict
    from sealgate.postfix.listeners import Listener
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Ended, Reply, Seen

_A_SESSION = 8
"""Recipients of one session: after more refusals than these Postfix makes a client wait."""
_LISTED = "listed in a DNS white list"
_ROWS = {"network": "My networks:", "provider": "the provider"}
_MOST_NAMED = 3
_MOST_CLAIMS = {Grade.PROBE: 12, Grade.FULL: 60}


def _forms(domain: str, host: str) -> tuple[str, ...]:
    """Return every way to name a foreign mailbox; `domain` is one of ours, or nothing."""
    local, foreign = "someone", FOREIGN_DOMAIN
    plain = (
        FOREIGN, f"{local}%{foreign}", f"{foreign}!{local}", f'"{FOREIGN}"', f'"{local}%{foreign}"', f"{FOREIGN}.",
        f"{local}@[198.51.100.99]", f"{local}@[IPv6:2001:db8:99::99]", f"postmaster@{foreign}",
        f"abuse@sub.{foreign}", f"{local}%{foreign}@{host}", f"{foreign}!{local}@{host}",
        f'"{FOREIGN}"@{host}', f"@{host}:{FOREIGN}", f"{FOREIGN}@localhost", f"{local}%{foreign}@[127.0.0.1]",
    )  # fmt: skip
    ours = (
        f"{local}%{foreign}@{domain}", f"{foreign}!{local}@{domain}", f"{domain}!{foreign}!{local}",
        f"@{domain}:{FOREIGN}", f'"{FOREIGN}"@{domain}', f"{FOREIGN}@{domain}", f"{local}@[198.51.100.99]@{domain}",
        f'"{local}%{foreign}"@{domain}',
    )  # fmt: skip
    return (*plain, *ours) if domain else plain


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to try: in words, the client by its address, the envelope, and the table row behind it, if any."""

    what: str
    client: Callable[[str], Client]
    sender: str = SENDER
    recipients: tuple[str, ...] = (FOREIGN,)
    claim: Claim | None = None


@dataclass(frozen=True, slots=True)
class _Try:
    """One session of a stranger. `what` names the way in words; `claim` is the table row behind it, if any."""

    trial: Trial
    listener: Listener
    what: str
    claim: Claim | None = None


class Strangers:
    """See the module."""

    name = "strangers-cannot-relay"
    title = "A stranger cannot relay, on any listener, by any form of address."
    grade = Grade.PROBE

    def plan(self, subject: Subject) -> Plan:
        """Return the sessions, the DNS lists that have the stranger, and the addresses to be routed."""
        tries = tuple(_tries(subject))
        records = {
            name: found
            for zone in zones(subject, "permit_dnswl_client")
            for one in tries
            for name, found in listed_in(zone, one.trial.client.address).items()
            if one.what == _LISTED
        }
        routes = tuple(dict.fromkeys(recipient for one in tries for recipient in one.trial.recipients))
        return Plan(tuple(one.trial for one in tries), Internet(records=records), routes, mpa=False)

    def judge(self, subject: Subject, seen: Seen) -> Iterator[Verdict]:
        """Return one verdict for each listener and way, failed where a foreign recipient was taken."""
        by_way: dict[tuple[Listener, str], list[_Try]] = {}
        for one in _tries(subject):
            by_way.setdefault((one.listener, one.what), []).append(one)
        for (listener, what), tries in by_way.items():
            yield self._verdict(subject, seen, listener, what, tries)
        yield from self._nobody_left(subject)
        yield from self._others(subject)

    def _verdict(self, subject: Subject, seen: Seen, listener: Listener, what: str, tries: list[_Try]) -> Verdict:
        case = Case(
            self.name,
            f"{what} on {listener}",
            f"A stranger ({tries[0].trial.client.address}) sends to {tries[0].trial.recipients[0]}, {what}",
            "it is refused",
        )
        held = [(one, seen.ended[one.trial.id]) for one in tries if one.trial.id in seen.ended]
        for one, ended in held:
            taken = _taken(one.trial, ended)
            if taken is not None:
                return case.failed(
                    f"{one.trial.client.address} was let: {shown(taken)}",
                    opening(subject, seen, Entry(listener, one.trial, taken, one.claim)),
                    ended.log,
                )
        silent = [one for one in tries if not _answered(seen.ended.get(one.trial.id))]
        if not held:
            return case.not_judged("it was not tried")
        if silent:
            return case.not_judged(f"{len(silent)} of {len(tries)} sessions got no answer at all")
        return case.passed(shown(held[0][1].last))

    def _nobody_left(self, subject: Subject) -> Iterator[Verdict]:
        """Fail where all of an address family is trusted: then there is no stranger to try, and everybody may relay."""
        clients = Clients(subject)
        for listener in subject.public:
            version = 6 if ":" in listener.host else 4
            rows = clients.everybody(version) if listener.takes_mail else ()
            if rows:
                named = ", ".join(f"{_ROWS[row.noun]} {row.key}" for row in rows[:_MOST_NAMED])
                case = Case(self.name, f"IPv{version} on {listener}", "Who is a stranger here", "somebody is")
                came = f"everybody may relay: the trusted networks cover all of IPv{version} ({named})"
                yield case.failed(came, rows[0])

    def _others(self, subject: Subject) -> Iterator[Verdict]:
        for listener in subject.public:
            if listener.program == "qmqpd":
                case = Case(self.name, f"QMQP on {listener}", "Who may hand mail to qmqpd", "only trusted clients")
                allowed = subject.value(listener.service, "qmqpd_authorized_clients")
                blame = subject.blame("qmqpd_authorized_clients", listener.service)
                yield (
                    case.failed(f"qmqpd takes mail for any destination from {allowed}", blame)
                    if allowed
                    else (case.passed("nobody may"))
                )


def _answered(ended: Ended | None) -> bool:
    return ended is not None and any(reply.code for reply in ended.replies)


def _taken(trial: Trial, ended: Ended) -> Reply | None:
    """Return the reply that lets the stranger in, None when there is none.

    A server that knows no PROXY header answers it as a command, so all replies come one late: then only the words for
    an accepted recipient count (RFC 3463 X.1.5).
    """
    for reply in ended.replies:
        if trial.client.opening:
            if reply.text.startswith("250 2.1.5"):
                return reply
        elif reply.said.startswith(("RCPT TO:", "XCLIENT ", "XFORWARD ")) and accepted(reply):
            return reply
    return None


def _tries(subject: Subject) -> Iterator[_Try]:
    number = 0
    clients = Clients(subject)
    for listener in subject.public:
        addresses = clients.strangers(6 if ":" in listener.host else 4) if listener.takes_mail else ()
        if not addresses:
            continue
        beside = clients.neighbours(addresses[0], 60)
        proxied = subject.proxied(listener)
        ways = _claims_of_proxies(subject) if proxied else _ways(subject)
        sessions = [(way, next(beside, str(addresses[0]))) for way in _sessions(ways)]
        if not proxied:
            sessions += [(_Way("from elsewhere", _named), str(address)) for address in addresses[1:]]
        for way, address in sessions:
            client, host = way.client(address), subject.outside(listener)
            trial = Trial(f"str-{number}", host, listener.port, client, way.sender, way.recipients)
            yield _Try(trial, listener, way.what, way.claim)
            number += 1


def _sessions(ways: Iterator[_Way]) -> Iterator[_Way]:
    """Cut each way into sessions of not too many recipients."""
    for way in ways:
        for part in range(0, len(way.recipients), _A_SESSION):
            yield replace(way, recipients=way.recipients[part : part + _A_SESSION])


def _ways(subject: Subject) -> Iterator[_Way]:
    domain, host = subject.relay_domain, subject.hostname
    yield _Way("by any form of address", _named, recipients=_forms(domain, host))
    some = (FOREIGN, *((f"someone%{FOREIGN_DOMAIN}@{domain}", f'"{FOREIGN}"@{domain}') if domain else ()))
    yield _Way("with the null sender", _named, "", some)
    yield _Way("with the gateway as sender", _named, f"root@{host}", some)
    if domain:
        yield _Way("with our own domain as sender", _named, f"someone@{domain}", some)
    yield _Way("without a name", lambda address: Client(address, "", HELO))
    yield _Way("with our name as HELO", lambda address: Client(address, "", host))
    if zones(subject, "permit_dnswl_client"):
        yield _Way(_LISTED, _named)
    yield from _pretences(subject)
    for claim in islice(claims(subject), _MOST_CLAIMS[subject.grade]):
        yield from _claimed(claim)


def _pretences(subject: Subject) -> Iterator[_Way]:
    """Give the ways to claim another address."""
    for own in ("127.0.0.1", *_one_of_my_networks(subject)):
        commands = (f"XCLIENT ADDR={'IPV6:' if ':' in own else ''}{own} NAME=localhost", "EHLO localhost")
        yield _Way(f"as {own} by XCLIENT", _saying(*commands))
    yield from _claims_of_proxies(subject)
    yield _Way("as 127.0.0.1 by XFORWARD", _saying("XFORWARD ADDR=127.0.0.1 NAME=localhost"))


def _claims_of_proxies(subject: Subject) -> Iterator[_Way]:
    """Give the ways to claim another address by a PROXY header, before anything else is said."""
    for own in ("127.0.0.1", *_one_of_my_networks(subject)):
        six = ":" in own
        to = "TCP6 {} 2001:db8::1" if six else "TCP4 {} 192.0.2.1"
        yield _Way(f"as {own} by the PROXY protocol", _opening(f"PROXY {to.format(own)} 4321 25\r\n"))


def _one_of_my_networks(subject: Subject) -> tuple[str, ...]:
    rows = (row.value.network for row in subject.rows("network") if not row.value.network.negated)
    return tuple(islice((str(one.network.network_address) for one in rows), 1))


def _named(address: str) -> Client:
    return Client(address, HELO, HELO)


def _saying(*commands: str) -> Callable[[str], Client]:
    return lambda address: Client(address, HELO, HELO, extra=commands)


def _opening(text: str) -> Callable[[str], Client]:
    return lambda address: Client(address, HELO, HELO, opening=text)


def _claimed(claim: Claim) -> Iterator[_Way]:
    """Give the way in which a stranger claims the key of an access table."""
    words, key = f"by {claim.table.partition('{')[0].strip()}", claim.key
    if claim.kind == "helo":
        helo = key.strip() or HELO
        yield _Way(f"{words} as HELO {helo}", lambda address: Client(address, HELO, helo), claim=claim)
    elif claim.kind == "sender":
        sender = _mailbox(key)
        yield _Way(f"{words} as sender {sender or '<>'}", _named, sender, claim=claim)
    elif claim.kind == "reverse_client_hostname":
        name = key.lstrip(".") or HELO
        yield _Way(f"{words} as {name}", lambda address: Client(address, name, HELO), claim=claim)
    elif claim.kind == "recipient" and key.endswith("@"):
        yield _Way(f"{words} to {key}", _named, recipients=(f"{key}{FOREIGN_DOMAIN}",), claim=claim)


def _mailbox(key: str) -> str:
    """Return a sender that the key of an access table is found by."""
    if key in {"<>", "$null"}:
        return ""
    if key.endswith("@"):
        return f"{key}sender.example"
    if "@" in key:
        return key
    return f"probe@{'sub' if key.startswith('.') else ''}{key}" if key else SENDER
