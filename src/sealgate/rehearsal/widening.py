"""Who can newly relay or be reached: the live release and a candidate, asked the same by the same clients.

`question` says whom to ask: an address at each edge and beside each edge of every network that any list of either
state has (changed ones first, a bounded spread of the others), clients that DNS lists have, on every listener, as
senders of our own, of another domain and of none, for our own and for other domains. `newly` sets the answers side by
side; `widened_words` makes sentences of them. Nothing is concluded from the settings: whatever page, list or own line
widens something, it shows in what Postfix answers.

Both sides go up to RCPT, so nothing is delivered; where recipients are verified at their next hops, the mail counts as
permitted when only that is left to ask.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from sealgate.link.messages import Grade
from sealgate.model.rbl import RblKind
from sealgate.rehearsal.boundaries import Stretch, sample, stretches
from sealgate.rehearsal.clients import networks_in
from sealgate.rehearsal.promises.dns_names import domain_listed_in, listed_in
from sealgate.rehearsal.trials import Client, Internet, Plan, Trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sealgate.model.network import IPNetwork
    from sealgate.model.objects import Row
    from sealgate.model.rbl import Rbl
    from sealgate.postfix.listeners import Listener
    from sealgate.rehearsal.sides import Side
    from sealgate.rehearsal.trials import Seen

MOST_STRETCHES = 48
MOST_DOMAINS = 5
MOST_ROWS = 5000
"""Rows of one list that are read besides the changed ones."""
MOST_LINES = 2000
MOST_LISTS = 12
FOREIGN = "someone@not-ours.example"
OTHER_SENDER = "someone@sender.example"
_HELO = "client.sender.example"
_LISTED_DOMAIN = "listed-sender.example"
_NETWORK_NOUNS = ("network", "provider", "black", "white")
_NOUNS = (*_NETWORK_NOUNS, "rbl", "relay-domain", "lookup-table", "setting", "own-lines")
_VERIFYING = re.compile(r"unverified address|undeliverable address|[Aa]ddress verification")
_ADDRESSES = {4: "203.0.113.{}", 6: "2001:db8:7e57::{}"}


class As(StrEnum):
    """Whom a client says the mail is from."""

    OWN = "own"
    OTHER = "other"
    NULL = "null"


@dataclass(frozen=True, slots=True, order=True)
class Door:
    """A listener as people think of it: a port, on one address or (empty) on all. `version` is the clients' family."""

    port: int
    host: str
    version: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A client, sender or HELO name that DNS lists have; `words` say so."""

    words: str


Who = Stretch | Listed


@dataclass(frozen=True, slots=True)
class Case:
    """What one recipient of one trial asks: whether they (`who`) may send mail there, at this door, as that sender.

    `to` is a domain of ours, or empty for a foreign one. `edge` is the address that was tried. `despite`: block lists
    have it, for that is when the white list counts.
    """

    who: Who
    door: Door
    sender: As
    to: str
    edge: str
    despite: bool = False


@dataclass(frozen=True)
class Question:
    """A plan for both sides and what each of its recipients asks, by trial and recipient.

    `domains` are the domains of ours that only the candidate has; `tried_domains` those of them that are tried.
    `doors` and `old_doors` are where the sides listen. `left_out` counts stretches at changed networks not tried.
    """

    plan: Plan
    grade: Grade
    cases: Mapping[tuple[str, str], Case]
    ours: str
    domains: int = 0
    tried_domains: tuple[str, ...] = ()
    doors: frozenset[Door] = frozenset()
    old_doors: frozenset[Door] = frozenset()
    left_out: int = 0


@dataclass(frozen=True)
class Changed:
    """Keys of rows that differ between the sides, by noun. A noun that is missing is not known; it is compared."""

    keys: Mapping[str, frozenset[str]] = field(default_factory=dict)


def may_widen(live: Side, candidate: Side, differing: Iterable[str]) -> bool:
    """Tell whether anything that decides who may do what differs; `differing` are nouns whose rows do."""
    if set(differing) & (set(_NOUNS) - {"setting", "own-lines"}):
        return True
    return _meaning(live) != _meaning(candidate)


def _meaning(side: Side) -> tuple[Any, ...]:
    read = side.read
    main = {name: side.plain(value) for name, value in read.main.items()}
    own = {key: {name: side.plain(value) for name, value in each.items()} for key, each in read.overrides.items()}
    return main, own, read.services, side.listeners


# -- whom to ask


def question(live: Side | None, candidate: Side, changed: Changed | None = None) -> Question:
    """Return whom to ask, on both sides; without a live side, only what the candidate is about."""
    keys = (changed or Changed()).keys
    sides = (candidate,) if live is None else (live, candidate)
    listed, fresh = _networks(live, candidate, keys)
    every = stretches(listed, fresh)
    doors = _doors(candidate)
    here = [one for one in every if any(one.version == door.version for door in doors)]
    chosen = sample(here, MOST_STRETCHES)
    missed = sum(one.changed for one in here) - sum(one.changed for one in chosen)
    ours, new_domains = _domains(live, candidate, keys)
    asked = _Asking(sides, doors, ours, tuple(islice(new_domains, MOST_DOMAINS)))
    white = {network for name, networks in _white(live, candidate, keys) for network in networks}
    for one in chosen:
        asked.stretch(one, despite=one.within(white))
    asked.lists()
    return Question(
        asked.plan(), _grade(sides), asked.cases, ours, len(new_domains), asked.new_domains, frozenset(doors),
        frozenset(_doors(live)) if live else frozenset(), missed,
    )  # fmt: skip


def _grade(sides: Iterable[Side]) -> Grade:
    """Verification of recipients needs a queue manager: without one every recipient would be waited for."""
    texts = (
        value
        for side in sides
        for value in chain(side.read.main.values(), *(own.values() for own in side.read.overrides.values()))
    )
    return Grade.FULL if any("reject_unverified_" in text for text in texts) else Grade.PROBE


def _doors(side: Side) -> dict[Door, Listener]:
    found: dict[Door, Listener] = {}
    for one in side.public:
        version = 6 if ":" in one.host else 4
        found.setdefault(Door(one.port, "" if one.wildcard else one.host, version), one)
    return found


def _domains(live: Side | None, candidate: Side, keys: Mapping[str, frozenset[str]]) -> tuple[str, tuple[str, ...]]:
    """Return a relay domain that both sides have, if there is one, and those that only the candidate has."""
    rows = candidate.desired.rows
    if live is None:
        every = tuple(row.value.domain for row in islice(rows.rows("relay-domain"), MOST_DOMAINS) if row.enabled)
        return "", every
    if "relay-domain" in keys:
        touched = (rows.row("relay-domain", key) for key in sorted(keys["relay-domain"]))
        listed = [row for row in touched if row is not None]
        listed += islice((row for row in rows.rows("relay-domain") if row.key not in keys["relay-domain"]), 1)
    else:
        listed = list(islice(rows.rows("relay-domain"), MOST_ROWS))
    domains = [row.value.domain for row in listed if row.enabled]
    before = {domain: live.desired.rows.row("relay-domain", domain) for domain in domains}
    known = [domain for domain, row in before.items() if row is not None and row.enabled]
    wider = candidate.desired.settings.match_subdomains and not live.desired.settings.match_subdomains
    subdomains = [f"sub.{domain}" for domain in known[:1]] if wider else []
    return (known[0] if known else ""), (*subdomains, *(d for d in domains if d not in known))


def _networks(
    live: Side | None, candidate: Side, keys: Mapping[str, frozenset[str]]
) -> tuple[set[IPNetwork], set[IPNetwork]]:
    """Return the networks of all lists of both sides, and those that only one has, or has otherwise."""
    new = dict(_named(candidate, keys))
    old = dict(_named(live, keys)) if live else {}
    differing = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    every = {network for networks in (*old.values(), *new.values()) for network in networks}
    fresh = {
        network for name in differing for network in set(old.get(name, ())) ^ set(new.get(name, ()))
    } | {
        network
        for name in differing
        if set(old.get(name, ())) == set(new.get(name, ()))
        for network in new.get(name, ())
    }  # fmt: skip
    return every, fresh


def _white(
    live: Side | None, candidate: Side, keys: Mapping[str, frozenset[str]]
) -> Iterator[tuple[str, tuple[IPNetwork, ...]]]:
    """Give the entries that only the candidate's white list has."""
    old = {name for name, _ in _named(live, keys)} if live else set()
    return (item for item in _named(candidate, keys) if item[0].startswith("white ") and item[0] not in old)


def _named(side: Side, keys: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, tuple[IPNetwork, ...]]]:
    """Give names of entries with their networks: a name tells all that an entry says, so that a change is another."""
    for noun in _NETWORK_NOUNS:
        for row in _rows(side, noun, keys):
            if noun == "provider":
                yield f"provider {row.key} {row.value.senders}", tuple(one.network for one in row.value.networks)
            elif noun == "network":
                yield f"network {row.value.network}", (row.value.network.network,)
            elif row.value.in_force(side.facts.today):
                yield f"{noun} {row.value.pattern}", (row.value.pattern.network,)
    for text in _own_texts(side):
        yield from ((f"own {network}", (network,)) for network in networks_in(text))


def _rows(side: Side, noun: str, keys: Mapping[str, frozenset[str]]) -> Iterator[Row[Any]]:
    rows = side.desired.rows
    touched = keys.get(noun, frozenset())
    found = (rows.row(noun, key) for key in sorted(touched))
    others = islice((row for row in rows.rows(noun) if row.key not in touched), MOST_ROWS)
    return (row for row in chain(found, others) if row is not None and row.enabled)


def _own_texts(side: Side) -> Iterator[str]:
    yield side.desired.main_cf.text
    yield side.desired.master_cf.text
    for row in islice(side.desired.rows.rows("lookup-table"), MOST_ROWS):
        if row.enabled:
            lines = b"".join(side.desired.rows.chunks(row.value.content)).decode("utf-8", "replace").split("\n")
            yield "\n".join(lines[:MOST_LINES])


class _Asking:
    """Collects trials and what they ask."""

    def __init__(
        self, sides: tuple[Side, ...], doors: Mapping[Door, Listener], ours: str, new_domains: tuple[str, ...]
    ) -> None:
        self.cases: dict[tuple[str, str], Case] = {}
        self.new_domains = new_domains
        self._sides = sides
        self._doors = doors
        self._ours = ours
        self._trials: list[Trial] = []
        self._records: dict[str, Mapping[str, tuple[str, ...]]] = {}

    def plan(self) -> Plan:
        zones = tuple(dict.fromkeys(zone for side in self._sides for zone in side.zones))
        return Plan(tuple(self._trials), Internet(records=self._records, empty_zones=zones), mpa=False)

    def stretch(self, one: Stretch, *, despite: bool) -> None:
        """Ask for the first and the last address of a stretch; `despite` being on every block list."""
        blocking = [row.value for row in self._rbl() if row.value.kind is RblKind.CLIENT]
        despite = despite and bool(blocking)
        for edge in one.edges if despite else ():
            for value in blocking:
                self._records |= listed_in(value.query, edge)
        for door in self._doors:
            if door.version == one.version:
                for number, edge in enumerate(one.edges):
                    for sender in As if number == 0 else (As.OTHER,):
                        self._ask(one, door, sender, Client(edge, "", _HELO), despite=despite)

    def lists(self) -> None:
        """Ask for clients, senders and names that DNS lists have."""
        for number, row in enumerate(islice(self._rbl(), MOST_LISTS), 10):
            for door in self._doors:
                edge = _ADDRESSES[door.version].format(number)
                if row.value.kind in {RblKind.CLIENT, RblKind.WHITE}:
                    self._listed_client(row.value, door, edge)
                else:
                    self._listed_name(row.value, door, edge, f"{row.value.kind.value}-{number}.{_LISTED_DOMAIN}")

    def _listed_client(self, value: Rbl, door: Door, edge: str) -> None:
        who, lists = Listed(f"Clients that {value.zone} lists"), [value]
        if value.kind is RblKind.WHITE:
            who = Listed(f"Clients that {value.zone} lists, although block lists have them too,")
            lists += [row.value for row in self._rbl() if row.value.kind is RblKind.CLIENT]
        for one in lists:
            self._records |= listed_in(one.query, edge)
        self._ask(who, door, As.OTHER, Client(edge, "", _HELO))

    def _listed_name(self, value: Rbl, door: Door, edge: str, domain: str) -> None:
        self._records |= domain_listed_in(value.query, domain)
        if value.kind is RblKind.SENDER:
            who = Listed(f"Clients with a sender domain that {value.zone} lists")
            self._ask(who, door, As.OTHER, Client(edge, "", _HELO), f"someone@{domain}")
        else:
            who = Listed(f"Clients with a HELO name that {value.zone} lists")
            self._ask(who, door, As.OTHER, Client(edge, "", domain))

    def _rbl(self) -> list[Row[Rbl]]:
        rows = {row.key: row for side in self._sides for row in side.desired.rows.rows("rbl") if row.enabled}
        return [rows[key] for key in sorted(rows)]

    def _ask(self, who: Who, door: Door, kind: As, client: Client, sender: str = "", *, despite: bool = False) -> None:
        own = self._ours or next(iter(self.new_domains), "")
        if kind is As.OWN and not own:
            return
        given = {As.OWN: f"someone@{own}", As.OTHER: sender or OTHER_SENDER, As.NULL: ""}[kind]
        recipients = {FOREIGN: ""}
        if kind is As.OTHER:
            recipients |= {f"someone@{domain}": domain for domain in (self._ours, *self.new_domains) if domain}
        name = f"wid-{len(self._trials)}"
        listener = self._doors[door]
        client = Client(client.address, client.name, client.helo, tls=self._needs_tls(listener))
        self._trials.append(Trial(name, listener.host, listener.port, client, given, tuple(recipients)))
        for recipient, to in recipients.items():
            self.cases[name, recipient] = Case(who, door, kind, to, client.address, despite)

    def _needs_tls(self, listener: Listener) -> bool:
        level = self._sides[-1].read.value(listener.service, "smtpd_tls_security_level")
        return level == "encrypt" and not listener.tls_wrapped


# -- what was answered


def newly(asked: Question, live: Seen | None, candidate: Seen) -> tuple[frozenset[Case], frozenset[Case]]:
    """Return the cases that the candidate permits and the live release does not, and those that both do."""
    now = permitted(asked, candidate)
    before = permitted(asked, live) if live else frozenset()
    return now - before, now & before


def permitted(asked: Question, seen: Seen) -> frozenset[Case]:
    """Return the cases whose recipient was taken."""
    return frozenset(case for key, case in asked.cases.items() if _taken(seen, *key))


def _taken(seen: Seen, trial: str, recipient: str) -> bool:
    ended = seen.ended.get(trial)
    reply = ended.reply_to(f"RCPT TO:<{recipient}>") if ended else None
    return reply is not None and (200 <= reply.code < 300 or bool(_VERIFYING.search(reply.text)))
