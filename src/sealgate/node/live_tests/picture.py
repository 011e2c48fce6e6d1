"""What DNS says of this gateway and its relay domains, and what other mail servers will make of it.

Host name and HELO name: addresses, the names that these addresses have, whether the two agree. A relay domain: its
mail servers and whether one of them is this gateway, its addresses, its SPF record. Nothing here stops an apply: what
DNS says changes without any revision. Rules: RFC 5321 §2.3.5 and §4.1.1.1, RFC 7208 §4.5, RFC 7505.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.live_tests import DnsPicture, Result, Section, Step, worst
from sealgate.model.findings import Finding, Place, note, warning
from sealgate.node.live_tests.names import reverse_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.node.live_tests.names import Answer, Names

_HOSTNAME = Place("setting", "my-hostname")
_HELO = Place("setting", "smtp-helo-name")
_MOST_HOSTS = 5
_MOST_ADDRESSES = 8


@dataclass(frozen=True, slots=True)
class _Host:
    """A host name with its addresses and the names that each of them has."""

    name: str
    answers: tuple[Answer, ...]
    addresses: tuple[str, ...]
    reverse: tuple[Answer, ...]

    def returned_by(self, answer: Answer) -> bool:
        return self.name.lower() in {value.lower().rstrip(".") for value in answer.values}


def look(names: Names, question: DnsPicture) -> tuple[tuple[Section, ...], tuple[Finding, ...]]:
    """Return the sections of the picture and its findings."""
    host = _host(names, question.hostname)
    sections, findings = [_host_section(names, host)], list(_host_findings(host))
    sending = question.sending or host.addresses
    if question.helo.lower() != question.hostname.lower():
        helo = _host(names, question.helo)
        sections.append(_host_section(names, helo))
    else:
        helo = host
    findings += _helo_findings(names, helo, sending, same=helo is host)
    here = frozenset({*host.addresses, *question.sending, *question.here})
    for section, found in _domains(names, question.domains, question.hostname, here):
        sections.append(section)
        findings += found
    return tuple(sections), tuple(findings)


# -- the gateway's own names


def _host(names: Names, name: str) -> _Host:
    answers = tuple(names.ask_all([(name, "A"), (name, "AAAA")]))
    addresses = tuple(value for answer in answers for value in answer.values)[:_MOST_ADDRESSES]
    reverse = tuple(names.ask_all((reverse_name(one), "PTR") for one in addresses))
    return _Host(name, answers, addresses, reverse)


def _host_section(names: Names, host: _Host) -> Section:
    steps = [_step(answer, Result.NOTE) for answer in host.answers]
    if not host.addresses:
        steps = [_step(answer, Result.BAD if answer.fault else Result.DOUBT) for answer in host.answers]
    for address, answer in zip(host.addresses, host.reverse, strict=True):
        result = Result.GOOD if host.returned_by(answer) else Result.DOUBT
        steps.append(_step(answer, result, f"PTR of {address}"))
    steps.append(_spf_step(names.ask(host.name, "TXT"))[0])
    good = bool(host.addresses) and all(step.result is not Result.DOUBT for step in steps)
    text = "Name and addresses agree." if good else ""
    return Section(host.name, worst(tuple(step.result for step in steps)), text, "", tuple(steps))


def _host_findings(host: _Host) -> Iterator[Finding]:
    if host.name.count(".") == 1:
        yield warning(
            "hostname-bare-domain",
            _HOSTNAME,
            f"My hostname {host.name} is a domain without a host part.",
            "Servers expect the name of one machine.",
            f"Use a name such as gw.{host.name}.",
        )
    if not host.addresses:
        faults = [answer.fault for answer in host.answers if answer.fault]
        if faults:
            yield _unknown(_HOSTNAME, host.name, faults[0])
            return
        yield warning(
            "hostname-no-address",
            _HOSTNAME,
            f"{host.name} has no address in DNS.",
            "Many servers refuse mail from a gateway whose name leads nowhere.",
            f"Have an A or AAAA record made for {host.name}, or set another My hostname.",
        )
    for address, answer in zip(host.addresses, host.reverse, strict=True):
        if answer.fault or host.returned_by(answer):
            continue
        yield warning(
            "hostname-ptr-differs",
            _HOSTNAME,
            f"The address {address} of {host.name} is called {', '.join(answer.values) or 'nothing'} in DNS.",
            "Many servers refuse or distrust mail from an address whose name is another one.",
            f"Have the provider of {address} set its PTR record to {host.name}.",
        )


def _helo_findings(names: Names, helo: _Host, sending: tuple[str, ...], *, same: bool) -> Iterator[Finding]:
    if not helo.addresses or not sending:
        return
    away = [address for address in sending if address not in helo.addresses]
    if away:
        yield warning(
            "helo-address-differs",
            _HELO,
            f"Mail leaves from {', '.join(away)}, which is no address of the HELO name {helo.name}.",
            f"DNS says that {helo.name} is {', '.join(helo.addresses)}.",
            "Set SMTP HELO name to the name of the sending address, or correct DNS.",
        )
    told = {one for one, answer in zip(helo.addresses, helo.reverse, strict=True) if not helo.returned_by(answer)}
    for address in sending[:_MOST_ADDRESSES]:
        if same and address in told:
            continue  # found already: its PTR record does not say My hostname
        called = names.ask(reverse_name(address), "PTR")
        if called.fault:
            continue
        back = {value for name in called.values[:_MOST_HOSTS] for value in _forward(names, name)}
        if address not in back:
            yield warning(
                "helo-reverse-differs",
                _HELO,
                f"Forward and reverse DNS of the sending address {address} do not agree.",
                f"It is called {', '.join(called.values) or 'nothing'}, and that name does not lead back to it.",
                f"Have its PTR record set to {helo.name}, and an address record of that name to {address}.",
            )


def _forward(names: Names, name: str) -> tuple[str, ...]:
    return tuple(value for answer in names.ask_all([(name, "A"), (name, "AAAA")]) for value in answer.values)


# -- relay domains


def _domains(
    names: Names, domains: tuple[str, ...], hostname: str, here: frozenset[str]
) -> Iterator[tuple[Section, list[Finding]]]:
    kinds = ("MX", "A", "AAAA", "TXT")
    answers = names.ask_all((domain, kind) for domain in domains for kind in kinds)
    hosts = {host for answer in answers if answer.kind == "MX" for host in _mail_hosts(answer)}
    wanted = sorted(hosts)[: _MOST_HOSTS * len(domains)]
    found = names.ask_all((host, kind) for host in wanted for kind in ("A", "AAAA"))
    leads_to: dict[str, tuple[str, ...]] = {}
    for answer in found:
        leads_to[answer.name] = (*leads_to.get(answer.name, ()), *answer.values)
    for number, domain in enumerate(domains):
        yield _domain(domain, answers[number * 4 : number * 4 + 4], leads_to, (hostname, here))


def _domain(
    domain: str, answers: list[Answer], leads_to: dict[str, tuple[str, ...]], gateway: tuple[str, frozenset[str]]
) -> tuple[Section, list[Finding]]:
    place = Place("relay-domain", domain)
    mx, a, aaaa, txt = answers
    spf_step, spf_finding = _spf_step(txt, place)
    servers = Step("MX", Result.NOTE, mx.words, tuple(_mx_lines(mx, leads_to)), {}, mx.seconds)
    findings = [*_mx_findings(place, mx, (a, aaaa), leads_to, gateway), *spf_finding]
    steps = [servers, *(_step(answer, Result.NOTE) for answer in (a, aaaa)), spf_step]
    points_here = mx.values and not any(finding.code.startswith("relay-domain-mx") for finding in findings)
    text = "Mail for it comes to this gateway." if points_here else ""
    result = Result.DOUBT if any(one.severity == "warning" for one in findings) else Result.NOTE
    return Section(domain, Result.GOOD if points_here and result is Result.NOTE else result, text, "", tuple(steps)), (
        findings
    )


def _mx_findings(
    place: Place,
    mx: Answer,
    direct: tuple[Answer, Answer],
    leads_to: dict[str, tuple[str, ...]],
    gateway: tuple[str, frozenset[str]],
) -> Iterator[Finding]:
    hostname, here = gateway
    if mx.fault:
        yield _unknown(place, mx.name, mx.fault)
        return
    hosts = _mail_hosts(mx)
    if mx.values and not hosts:
        yield warning(
            "relay-domain-mx-null",
            place,
            f"{mx.name} says in DNS that it takes no mail (a null MX record).",
            "Nobody sends mail to it.",
            "Have its MX record set to this gateway, or remove the relay domain.",
        )
        return
    targets = hosts or ((mx.name,) if any(answer.values for answer in direct) else ())
    if not targets:
        yield warning(
            "relay-domain-mx-missing",
            place,
            f"{mx.name} has neither mail servers nor an address in DNS.",
            "Mail from the internet cannot reach it.",
            f"Have an MX record made for it that names {hostname}.",
        )
        return
    addresses = {address for host in targets for address in leads_to.get(host, ())}
    addresses |= set() if hosts else {value for answer in direct for value in answer.values}
    if hostname.lower() in {host.lower() for host in targets} or addresses & here:
        return
    yield note(
        "relay-domain-mx-elsewhere",
        place,
        f"Mail for {mx.name} goes to {', '.join(targets[:_MOST_HOSTS])}, not to this gateway.",
        "That is right where another filter stands before it, or before a move.",
        f"To receive it here, have an MX record of {mx.name} name {hostname}.",
    )


def _mail_hosts(mx: Answer) -> tuple[str, ...]:
    """Return the servers of MX records in their order; none for a null MX."""
    pairs = sorted((int(rank), host) for rank, _, host in (value.partition(" ") for value in mx.values) if host)
    return tuple(host for _, host in pairs if host != ".")


def _mx_lines(mx: Answer, leads_to: dict[str, tuple[str, ...]]) -> Iterator[str]:
    for host in _mail_hosts(mx)[:_MOST_HOSTS]:
        yield f"{host}: {', '.join(leads_to.get(host, ())) or 'no address'}"


def _spf_step(txt: Answer, place: Place | None = None) -> tuple[Step, list[Finding]]:
    """Return the SPF record among the TXT records; two of them count as an error everywhere (RFC 7208 §4.5)."""
    records = [value for value in txt.values if value.lower() == "v=spf1" or value.lower().startswith("v=spf1 ")]
    if txt.fault:
        return _step(txt, Result.NOTE, "SPF"), []
    if not records:
        return Step("SPF", Result.NOTE, "none", (), {}, txt.seconds), []
    if len(records) == 1:
        return Step("SPF", Result.NOTE, records[0], (), {}, txt.seconds), []
    step = Step("SPF", Result.DOUBT, f"{len(records)} records, where one is allowed", tuple(records), {}, txt.seconds)
    found = warning(
        "spf-several-records",
        place or _HOSTNAME,
        f"{txt.name} has {len(records)} SPF records.",
        "Servers then treat SPF of its mail as broken (permerror).",
        "Have them made one.",
    )
    return step, [found] if place else []


# -- pieces


def _step(answer: Answer, result: Result, name: str = "") -> Step:
    return Step(name or answer.kind, Result.DOUBT if answer.fault else result, answer.words, (), {}, answer.seconds)


def _unknown(place: Place, name: str, fault: str) -> Finding:
    return warning(
        "dns-no-answer",
        place,
        f"What DNS says of {name} could not be found out: {fault}.",
        "",
        "Look at the name servers in /etc/resolv.conf of this machine.",
    )
