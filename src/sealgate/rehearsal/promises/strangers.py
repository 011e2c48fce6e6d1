"""A stranger cannot relay: on no listener, by no form of address, as nobody whom it could claim to be.

Every smtpd that is open to the outside is tried, whoever made it, on each address family. A stranger asks for a domain
that is nobody's here in every way an address can be written; with our own domain, with nothing and with the
gateway's name as sender; from all over the address space and from within every network of own lines that is too wide
to be somebody's own; and with every name that an access table of own lines answers to. It claims to be one of our
own by XCLIENT, XFORWARD and the PROXY protocol. The promise always holds: own lines are no excuse, and nothing overrides it.
Sources: RFC 5321 §4.1.2 and appendix C, XCLIENT_README, XFORWARD_README, smtpd_upstream_proxy_protocol in postconf(5).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.rehearsal.access_keys import Claim, claims, zones
from sealgate.rehearsal.clients import Clients
from sealgate.rehearsal.promises.blaming import opening
from sealgate.rehearsal.promises.dns_names import listed_in
from sealgate.rehearsal.promises.promise import FOREIGN, FOREIGN_DOMAIN, HELO, SENDER, Case, accepted, shown
from sealgate.rehearsal.subject import SERVERS
from sealgate.rehearsal.trials import Client, Internet, Plan, Trial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.verdicts import Verdict
    from sealgate.postfix.listeners import Listener
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Ended, Reply, Seen

_A_SESSION = 8
"""Recipients of one session: after more refusals than these Postfix makes a client wait."""
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
            for restriction in ("permit_dnswl_client",)
            for zone in zones(subject, restriction)
            for one in tries
            for name, found in listed_in(zone, one.trial.client.address).items()
            if "listed in a DNS white list" in one.what
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
                    opening(subject, seen, listener, one.trial, taken, one.claim),
                    ended.log,
                )
        if not held:
            return case.not_judged("it was not tried")
        return case.passed(shown(held[0][1].last))

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


def _taken(trial: Trial, ended: Ended) -> Reply | None:
    """Return the reply that lets the stranger in, None when there is none."""
    for reply in ended.replies:
        if reply.said.startswith("RCPT TO:") and accepted(reply):
            return reply
        if reply.said.startswith(("XCLIENT ", "XFORWARD ")) and accepted(reply):
            return reply
    return None


def _tries(subject: Subject) -> Iterator[_Try]:
    number = 0
    clients = Clients(subject)
    for listener in subject.public:
        if listener.program not in SERVERS:
            continue
        addresses = clients.strangers(6 if ":" in listener.host else 4)
        if not addresses:
            continue
        beside = clients.neighbours(addresses[0], 60)
        for what, client, sender, recipients, claim in _ways(subject, listener):
            for part in range(0, len(recipients), _A_SESSION):
                address = next(beside, str(addresses[0]))
                trial = _trial(subject, listener, number, client(address), sender, recipients[part : part + _A_SESSION])
                yield _Try(trial, listener, what, claim)
                number += 1
        for address in addresses[1:]:
            trial = _trial(subject, listener, number, _named(str(address)), SENDER, (FOREIGN,))
            yield _Try(trial, listener, "from elsewhere")
            number += 1


def _trial(
    subject: Subject, listener: Listener, number: int, client: Client, sender: str, recipients: tuple[str, ...]
) -> Trial:
    demanded = subject.value(listener.service, "smtpd_tls_security_level") == "encrypt"
    demanded = demanded or subject.value(listener.service, "smtpd_enforce_tls") == "yes"
    made = Client(
        client.address, client.name, client.helo, tls=demanded and not client.opening, opening=client.opening,
        extra=client.extra,
    )  # fmt: skip
    return Trial(f"str-{number}", listener.host, listener.port, made, sender, recipients)


def _named(address: str) -> Client:
    return Client(address, HELO, HELO)


_Way = tuple[str, "type[Client] | object", str, tuple[str, ...], "Claim | None"]


def _ways(subject: Subject, listener: Listener) -> Iterator[tuple[str, object, str, tuple[str, ...], Claim | None]]:
    """Give the ways to try: words, a client by its address, sender, recipients, and the table row behind it."""
    domain, host = subject.relay_domain, subject.hostname
    forms = _forms(domain, host)
    yield "by any form of address", _named, SENDER, forms, None
    some = tuple(
        form for form in forms if form in {FOREIGN, f"someone%{FOREIGN_DOMAIN}@{domain}", f'"{FOREIGN}"@{domain}'}
    )
    yield "with the null sender", _named, "", some, None
    yield "with the gateway as sender", _named, f"root@{host}", some, None
    if domain:
        yield "with our own domain as sender", _named, f"someone@{domain}", some, None
    yield "without a name", lambda address: Client(address, "", HELO), SENDER, (FOREIGN,), None
    yield "with our name as HELO", lambda address: Client(address, "", host), SENDER, (FOREIGN,), None
    if zones(subject, "permit_dnswl_client"):
        yield "listed in a DNS white list", _named, SENDER, (FOREIGN,), None
    yield from _pretences(subject)
    for claim in islice(claims(subject), _MOST_CLAIMS[subject.grade]):
        yield from _claimed(claim)


def _pretences(subject: Subject) -> Iterator[tuple[str, object, str, tuple[str, ...], Claim | None]]:
    """Give the ways to claim another address."""
    for own in ("127.0.0.1", *_one_of_my_networks(subject)):
        shown_address = f"IPV6:{own}" if ":" in own else own
        xclient = (f"XCLIENT ADDR={shown_address} NAME=localhost", "EHLO localhost")
        yield f"as {own} by XCLIENT", _saying(*xclient), SENDER, (FOREIGN,), None
        family = "TCP6" if ":" in own else "TCP4"
        to = "2001:db8::1" if ":" in own else "192.0.2.1"
        yield (
            f"as {own} by the PROXY protocol",
            _opening(f"PROXY {family} {own} {to} 4321 25\r\n"),
            SENDER,
            (FOREIGN,),
            None,
        )
    xforward = ("XFORWARD ADDR=127.0.0.1 NAME=localhost",)
    yield "as 127.0.0.1 by XFORWARD", _saying(*xforward), SENDER, (FOREIGN,), None


def _one_of_my_networks(subject: Subject) -> tuple[str, ...]:
    rows = (row.value.network for row in subject.rows("network") if not row.value.network.negated)
    return tuple(islice((str(one.network.network_address) for one in rows), 1))


def _saying(*commands: str) -> object:
    return lambda address: Client(address, HELO, HELO, extra=commands)


def _opening(text: str) -> object:
    return lambda address: Client(address, HELO, HELO, opening=text)


def _claimed(claim: Claim) -> Iterator[tuple[str, object, str, tuple[str, ...], Claim | None]]:
    """Give the way in which a stranger claims the key of an access table."""
    words, key = f"by {claim.table.partition('{')[0].strip()}", claim.key
    if claim.kind == "helo":
        helo = key.strip() or HELO
        yield f"{words} as HELO {helo}", lambda address: Client(address, HELO, helo), SENDER, (FOREIGN,), claim
    elif claim.kind == "sender":
        sender = _mailbox(key)
        yield f"{words} as sender {sender or '<>'}", _named, sender, (FOREIGN,), claim
    elif claim.kind == "reverse_client_hostname":
        name = key.lstrip(".") or HELO
        yield f"{words} as {name}", lambda address: Client(address, name, HELO), SENDER, (FOREIGN,), claim
    elif claim.kind == "recipient" and key.endswith("@"):
        yield f"{words} to {key}", _named, SENDER, (f"{key}{FOREIGN_DOMAIN}",), claim


def _mailbox(key: str) -> str:
    """Return a sender that the key of an access table is found by."""
    if key in {"<>", "$null"}:
        return ""
    if key.endswith("@"):
        return f"{key}sender.example"
    if "@" in key:
        return key
    return f"probe@{'sub' if key.startswith('.') else ''}{key}" if key else SENDER
