"""Recorded envelopes on what is live and on a candidate: the same trials in two worlds, and only what differs is told.

`plan` makes trials of envelopes and the internet that both sides see: client names as recorded, DNS lists that list
whom the log says they listed, next hops that say of a recipient what they said. `compare` sets the two runs side by
side and groups the differences by the rule that decided, which is read from the run (`explain`, `origins`), never
guessed. That the live side answers as the log says is not taken for granted: how many did not is counted.

What both sides say in other words, with the same code, is no difference; where accepted mail goes is one.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.rehearsals import Difference, Mail, Opinion, Replayed
from sealgate.postfix.trace import sessions
from sealgate.rehearsal.explain import Finder, explain
from sealgate.rehearsal.promises.dns_names import domain_listed_in, listed_in
from sealgate.rehearsal.recorded import Outcome, outcome_of
from sealgate.rehearsal.trials import TRIAL_HEADER, Client, Internet, Plan, Server, Trial, Until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sealgate.link.rehearsals import Stage
    from sealgate.model.names import NextHop
    from sealgate.postfix.listeners import Listener
    from sealgate.rehearsal.recorded import Chosen, Recorded
    from sealgate.rehearsal.sides import Side
    from sealgate.rehearsal.trials import Ended, Seen

EXAMPLES = 5
_HELO = "client.unknown.example"
_ACTION = re.compile(r"\]: \w+: (?P<action>discard|hold|filter|redirect|milter-\w+): RCPT ")
_TEMPORARY = frozenset({Opinion.REFUSED, Opinion.DEFERRED})


# -- planning


def plan(chosen: Iterable[Chosen], live: Side, candidate: Side) -> tuple[Plan, dict[str, Chosen]]:
    """Return the plan of both runs, and the envelope of each trial."""
    by_trial = {f"rep-{number}": one for number, one in enumerate(chosen)}
    trials = tuple(_trial(name, one.envelope, live) for name, one in by_trial.items())
    envelopes = [one.envelope for one in by_trial.values()]
    internet = Internet(
        records=dict(_listings(envelopes, (live, candidate))),
        empty_zones=tuple(dict.fromkeys((*live.zones, *candidate.zones))),
        servers=_servers(envelopes, (live, candidate)),
        ports=tuple(sorted({*live.ports, *candidate.ports})),
    )
    routes = tuple(dict.fromkeys(one.recipient for one in envelopes if one.recipient))
    return Plan(trials, internet, routes, mpa=False, verbose=True), by_trial


def _trial(name: str, one: Recorded, live: Side) -> Trial:
    listener = listener_of(one, live)
    until = Until.RCPT if one.recipient else Until.MAIL
    message = ""
    if one.line:
        until, head = Until.MESSAGE, f"{TRIAL_HEADER}: {name}\r\nFrom: <{one.sender}>\r\n"
        message = f"{one.line}\r\n{head}\r\n" if one.line_kind == "header" else f"{head}\r\n{one.line}\r\n"
    client = Client(one.client, one.name, one.helo or one.name or _HELO, one.tls)
    recipients = (one.recipient,) if one.recipient else ()
    return Trial(name, listener.host, listener.port, client, one.sender, recipients, until, one.size, message)


def listener_of(one: Recorded, live: Side) -> Listener:
    """Return the listener that took an envelope: by what the service calls itself in the log, and the client's family.

    Raises LookupError when nothing listens for SMTP.
    """
    version = ipaddress.ip_address(one.client).version
    fitting = [each for each in live.servers if (":" in each.host) == (version == 6)]
    named = [each for each in fitting if live.read.value(each.service, "syslog_name") == one.service]
    for found in (named, [each for each in fitting if each in live.public], fitting, live.servers):
        if found:
            return found[0]
    raise LookupError("nothing listens for SMTP")


def _listings(
    envelopes: Iterable[Recorded], sides: Iterable[Side]
) -> Iterator[tuple[str, Mapping[str, tuple[str, ...]]]]:
    """Give the DNS records of those who were listed, with an answer that the lists in use let count."""
    answers = {
        str(row.value.zone).lower(): row.value.query
        for side in sides
        for row in side.desired.rows.rows("rbl")
        if row.enabled
    }
    for one in envelopes:
        for zone, what in one.lists:
            query = answers.get(zone.lower(), zone)
            try:
                yield from listed_in(query, str(ipaddress.ip_address(what))).items()
            except ValueError:
                yield from domain_listed_in(query, what.rpartition("@")[2]).items()


def _servers(envelopes: Iterable[Recorded], sides: tuple[Side, ...]) -> dict[str, Server]:
    """Return the next hops that say of recipients what they said; of others, as always, that they are welcome."""
    replies: dict[str, dict[str, str]] = defaultdict(dict)
    for one in envelopes:
        if one.asked:
            for host in {host for side in sides for host in next_hops(one.recipient, side)}:
                replies[host][one.recipient] = one.asked
    return {host: Server(replies=said) for host, said in replies.items()}


def next_hops(recipient: str, side: Side) -> Iterator[str]:
    """Give the hosts where a side may send mail for a recipient."""
    domain = recipient.rpartition("@")[2].lower()
    yield f"mx.{domain}"
    rows = (side.desired.rows.row("transport", key) for key in _keys(recipient))
    hops = [row.value.next_hop for row in rows if row is not None and row.enabled]
    hops += [side.desired.settings.internal_relay_host, side.desired.settings.external_relay_host]
    yield from (_host(hop) for hop in hops if hop is not None)


def _host(hop: NextHop) -> str:
    host = str(hop.host)
    return f"mx.{host}" if hop.mx and not host.startswith("mx.") else host


def _keys(recipient: str) -> Iterator[str]:
    """Give the keys under which transport(5) may have an address, the closest first."""
    yield recipient.lower()
    domain = recipient.rpartition("@")[2].lower()
    yield domain
    while "." in domain:
        domain = domain.partition(".")[2]
        yield f".{domain}"
    yield "*"


# -- comparing


@dataclass(frozen=True, slots=True)
class Answer:
    """What a side said to an envelope. `route` is where accepted mail goes, `action` what else is done with it."""

    outcome: Outcome
    reply: str
    route: str = ""
    action: str = ""

    @property
    def weight(self) -> tuple[object, ...]:
        """What makes two answers the same verdict."""
        return (self.outcome, self.reply[:3], self.route, self.action)

    def __str__(self) -> str:
        """Return the answer as people read it."""
        if self.outcome is not Outcome.ACCEPTED:
            return self.reply
        return (
            f"accepted, {self.action}"
            if self.action
            else f"accepted, goes to {self.route}"
            if self.route
            else "accepted"
        )


class Run:
    """One side after its run; `finder` finds the rows and rules that its look-ups came from."""

    def __init__(self, side: Side, seen: Seen, trials: Iterable[Trial], finder: Finder) -> None:
        self._side = side
        self._seen = seen
        self._trials = {trial.id: trial for trial in trials}
        self._told = tuple(sessions(seen.log))
        self._finder = Finder(functools.cache(finder.entry), functools.cache(finder.rule), finder.origin)

    def answer(self, name: str) -> Answer:
        """Return what it said."""
        ended = self._seen.ended[name]
        outcome = outcome_of(ended.last.code)
        reply = ended.last.text.rpartition("\n")[2]
        if outcome is not Outcome.ACCEPTED:
            return Answer(outcome, reply)
        recipients = self._trials[name].recipients
        route = self._seen.routes.get(recipients[0]) if recipients else None
        words = f"{route.transport}:{route.nexthop}" if route and route.transport else ""
        return Answer(outcome, reply, words, _action(ended))

    def refusal(self, name: str) -> Stage | None:
        """Return the stage that refused or deferred it."""
        found = explain(
            self._trials[name], self._seen, self._finder, self._side.read.main.get("content_filter", ""), self._told
        )
        return next((stage for stage in found.stages if stage.opinion in _TEMPORARY), None)

    def route_row(self, recipient: str) -> tuple[str, str]:
        """Return noun and key of what decides where mail for a recipient goes."""
        for key in _keys(recipient):
            row = self._side.desired.rows.row("transport", key)
            if row is not None and row.enabled:
                return "transport", key
        route = self._seen.routes.get(recipient)
        inner = route is not None and "relay" in route.flags
        return "setting", "internal-relay-host" if inner else "external-relay-host"


def compare(by_trial: Mapping[str, Chosen], live: Run, candidate: Run) -> Replayed:
    """Return what differs; `assumed` and `seconds` are for the caller to add."""
    groups: dict[tuple[str, ...], list[tuple[str, Answer, Answer]]] = defaultdict(list)
    same = unlike = 0
    for name, one in by_trial.items():
        before, after = live.answer(name), candidate.answer(name)
        unlike += before.outcome is not one.envelope.outcome
        if before.weight == after.weight:
            same += 1
            continue
        groups[_cause(name, one.envelope, (live, before), (candidate, after))].append((name, before, after))
    differences = [_difference(cause, members, by_trial) for cause, members in groups.items()]
    differences.sort(key=lambda one: (-one.count, one.cause))
    mails = sum(one.mails for one in by_trial.values())
    return Replayed(len(by_trial), mails, same, tuple(differences), unlike)


def _cause(name: str, envelope: Recorded, live: tuple[Run, Answer], candidate: tuple[Run, Answer]) -> tuple[str, ...]:
    """Return cause, noun, row, and how it was and is: what envelopes of one group have in common."""
    (old, before), (new, after) = live, candidate
    kinds = (
        f"{before.outcome} {before.reply[:3]} {before.action}",
        f"{after.outcome} {after.reply[:3]} {after.action}",
    )
    if after.outcome is not Outcome.ACCEPTED:
        verb = "Deferred" if after.outcome is Outcome.DEFERRED else "Refused"
        words, noun, row = _named(new.refusal(name), after)
        return (f"{verb} by {words}", noun, row, *kinds)
    if before.outcome is not Outcome.ACCEPTED:
        verb = "deferred" if before.outcome is Outcome.DEFERRED else "refused"
        words, noun, row = _named(old.refusal(name), before)
        return (f"No longer {verb} by {words}", noun, row, *kinds)
    if before.action != after.action:
        did = after.action or f"no longer {before.action}"
        return (f"Accepted, but {did}", "", "", *kinds)
    noun, row = new.route_row(envelope.recipient)
    return (f"Goes to {after.route} instead of {before.route}", noun, row, *kinds)


def _named(stage: Stage | None, answer: Answer) -> tuple[str, str, str]:
    """Return what refused, in words, with page and row as far as known."""
    if stage is None:
        return f"something that Postfix does not name ({answer.reply})", "", ""
    rule = " ".join(filter(None, (stage.parameter, stage.restriction))) or stage.name
    if stage.row:
        return f"{stage.noun} {stage.row} ({rule})", stage.noun, stage.row
    entry = f", {stage.entry.partition(' ')[0]} in {stage.table.rpartition('/')[2]}" if stage.table else ""
    return f"{rule}{entry}", stage.noun, ""


def _difference(
    cause: tuple[str, ...], members: list[tuple[str, Answer, Answer]], by_trial: Mapping[str, Chosen]
) -> Difference:
    _, before, after = members[0]
    examples = tuple(_mail(by_trial[name].envelope) for name, _, _ in members[:EXAMPLES])
    return Difference(cause[0], str(before), str(after), len(members), examples, cause[1], cause[2])


def _mail(one: Recorded) -> Mail:
    lists = tuple(zone for zone, _ in one.lists)
    message = f"{one.line}\r\n".encode("utf-8", "replace") if one.line else b""
    return Mail(one.client, one.sender, one.recipient, one.name, one.helo, one.tls, "", one.size, message, lists)


def _action(ended: Ended) -> str:
    done = {"discard": "discarded", "hold": "held", "filter": "filtered elsewhere", "redirect": "redirected"}
    found = next((met["action"] for line in ended.log if (met := _ACTION.search(line))), "")
    return done.get(found, found)


def assumed(left_out: Mapping[str, int], without_helo: int, tried: Iterable[Recorded]) -> tuple[str, ...]:
    """Return in words what the two worlds took for granted, and what the log has but was not tried."""
    listed = Counter(zone for one in tried for zone, _ in one.lists)
    asked = sum(bool(one.asked) for one in tried)
    lists = ", ".join(f"{zone} ({count})" for zone, count in sorted(listed.items()))
    words = ["Block lists list whom the log says they listed" + (f": {lists}." if lists else ", which is nobody.")]
    words.append("Clients have the names that the log has; every other name exists, and every next hop answers.")
    if asked:
        words.append(f"Next hops say of {asked} of the recipients what they said when they were asked.")
    if without_helo:
        words.append(f"The HELO name of {without_helo} accepted mails is in no log; the client's name was taken.")
    words += [f"Not tried: {count} mails, each {why}." for why, count in sorted(left_out.items())]
    return tuple(words)
