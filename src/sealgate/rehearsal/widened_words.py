"""Who may newly do what, in sentences: the answers of `widening`, merged as people would say them.

Clients that get the same are one sentence, neighbouring networks one network, and clients that no list knows are
"everybody". A sentence never claims more than was tried: what a bounded sample left out is said at the end. For a first
apply, where nothing was before, the sentences say what will be possible at all.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sealgate.rehearsal.boundaries import Stretch, merged
from sealgate.rehearsal.widening import As, Listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgate.rehearsal.widening import Case, Door, Question, Who

SHOWN = 6
"""Networks, domains or listeners that one sentence names."""


def sentences(asked: Question, fresh: frozenset[Case], kept: frozenset[Case], *, first: bool) -> tuple[str, ...]:
    """Return what is newly permitted; `kept` was and is. `first`: nothing was live before."""
    words = _Words(asked, fresh, kept, first=first)
    return tuple(dict.fromkeys(words.all()))


class _Words:
    def __init__(self, asked: Question, fresh: frozenset[Case], kept: frozenset[Case], *, first: bool) -> None:
        self._asked = asked
        self._first = first
        self._kept = kept
        self._may = "may" if first else "may newly"
        self._new_doors = frozenset() if first else asked.doors - asked.old_doors
        self._fresh = frozenset(case for case in fresh if case.door not in self._new_doors)
        self._at_new_doors = fresh - self._fresh
        self._relayers = {(case.who, case.edge, case.door) for case in fresh | kept if not case.to}

    def all(self) -> Iterator[str]:
        yield from self._listeners()
        old = self._asked.doors - self._new_doors
        yield from self._relaying(self._fresh, old)
        yield from self._our_domains(self._fresh, old)
        yield from self._new_domains()
        if self._asked.left_out:
            yield (
                f"{self._asked.left_out:,} more changed places of networks were not tried; what is said holds for those"
                " that were."
            )

    # -- listeners

    def _listeners(self) -> Iterator[str]:
        if self._first:
            yield f"Clients can reach the gateway at {_listed([str(name) for name in _names(self._asked.doors)])}."
            return
        for name in _names(self._new_doors):
            doors = frozenset(door for door in self._new_doors if _name(door) == name)
            cases = frozenset(case for case in self._at_new_doors if case.door in doors)
            yield f"The {name} is newly reachable."
            where = f"On the new {name}, "
            for words in (*self._relaying(cases, doors), *self._our_domains(cases, doors)):
                yield where + _lowered(words).replace(" newly ", " ", 1)

    # -- relaying to anywhere

    def _relaying(self, cases: frozenset[Case], doors: frozenset[Door]) -> Iterator[str]:
        for who, despite, senders, where in _groups((c for c in cases if not c.to), self._asked.cases.values(), doors):
            if self._everybody_may(who, cases, ""):
                continue
            clause = _senders(senders, own=bool(self._asked.ours or self._asked.tried_domains))
            yield self._sentence(who, f"send mail to any domain{clause}{_on(where, doors, who)}", despite)

    # -- our own domains

    def _our_domains(self, cases: frozenset[Case], doors: frozenset[Door]) -> Iterator[str]:
        if not self._asked.ours:
            return
        wanted = [case for case in cases if case.to == self._asked.ours and not self._relays(case)]
        for who, despite, _, where in _groups(wanted, self._asked.cases.values(), doors):
            if self._everybody_may(who, cases, self._asked.ours):
                continue
            yield self._sentence(who, f"send mail for our own domains{_on(where, doors, who)}", despite)

    def _sentence(self, who: tuple[Who, ...], what: str, despite: bool) -> str:  # noqa: FBT001
        more = ", even when a block list has them" if despite else ""
        return f"{self._named(who)} {self._may} {what}{more}."

    # -- domains that are newly ours

    def _new_domains(self) -> Iterator[str]:
        by_who: dict[str, list[str]] = defaultdict(list)
        for domain in self._asked.tried_domains:
            cases = [case for case in self._fresh if case.to == domain and not self._relays(case)]
            parts: tuple[Who, ...] = tuple(dict.fromkeys(c.who for c in cases if isinstance(c.who, Stretch)))
            if parts:
                by_who[_lowered(self._named(parts))].append(domain)
        untried = self._asked.domains - len(self._asked.tried_domains)
        for who, domains in by_who.items():
            tail = f" (and for {untried:,} more domains, of which none was tried)" if untried > 0 else ""
            newly = "" if self._first else "newly "
            yield f"Mail for {_listed(domains)} is {newly}accepted from {who}{tail}."

    # -- who

    def _named(self, who: tuple[Who, ...]) -> str:
        names = [one.words for one in who if isinstance(one, Listed)]
        parts = [one for one in who if isinstance(one, Stretch)]
        names = [*names[:1], *map(_lowered, names[1:])]
        if not parts:
            return _listed(names)
        everybody = self._everybody(set(parts))
        if everybody:
            return everybody
        networks = [str(one.network_address) if one.num_addresses == 1 else str(one) for one in merged(parts)]
        noun = "The client" if len(networks) == 1 and "/" not in networks[0] else "Clients"
        return _listed([f"{noun} {_listed(networks)}", *map(_lowered, names)])

    def _everybody_may(self, who: tuple[Who, ...], cases: Iterable[Case], to: str) -> bool:
        """Tell whether it need not be said that clients on DNS lists may, since clients at large newly may."""
        parts = {case.who for case in cases if case.to == to and isinstance(case.who, Stretch)}
        return all(isinstance(one, Listed) for one in who) and bool(self._everybody(parts))

    def _relays(self, case: Case) -> bool:
        """Tell whether the client of a case may send anywhere, so that our own domains are not worth saying."""
        return (case.who, case.edge, case.door) in self._relayers

    def _everybody(self, parts: set[Stretch]) -> str:
        """Return the word for all clients, of one family or both; empty when it is not all."""
        tried = {case.who for case in self._asked.cases.values() if isinstance(case.who, Stretch)}
        versions = {one.version for one in tried}
        whole = {version for version in versions if self._whole(version, tried, parts)}
        if whole and {one.version for one in parts} <= whole:
            return "Everybody" if whole == versions else f"Everybody with an IPv{min(whole)} address"
        return ""

    def _whole(self, version: int, tried: set[Stretch], parts: set[Stretch]) -> bool:
        family = {one for one in tried if one.version == version}
        strangers = {one for one in family if not one.listed}
        if strangers:
            return strangers <= parts
        before = {case.who for case in self._kept}
        return bool(family & parts) and family <= parts | before


# -- grouping

_Group = tuple[tuple["Who", ...], bool, frozenset["As"], frozenset["Door"]]


def _groups(cases: Iterable[Case], tried: Iterable[Case], doors: frozenset[Door]) -> Iterator[_Group]:
    """Give who may the same: clients, despite block lists or not, as which senders, at which doors.

    A stretch whose two edges fare differently is two clients, not a stretch.
    """
    found: dict[tuple[Who, bool], set[tuple[As, Door]]] = defaultdict(set)
    edges = _edges(tried)
    by_place: dict[tuple[Who, As, Door], set[str]] = defaultdict(set)
    despite: dict[Who, bool] = {}
    for case in cases:
        by_place[case.who, case.sender, case.door].add(case.edge)
        despite[case.who] = case.despite
    for (who, sender, door), at in by_place.items():
        parts: tuple[Who, ...] = (who,)
        if isinstance(who, Stretch) and not at >= edges[who, sender, door]:
            parts = tuple(who.at(edge) for edge in sorted(at))
        for part in parts:
            found[part, despite[who]].add((sender, door))
    groups: dict[tuple[bool, bool, frozenset[As], frozenset[tuple[int, str]]], list[tuple[Who, frozenset[Door]]]]
    groups = defaultdict(list)
    for (who, so), permitted in found.items():
        senders = frozenset(sender for sender, _ in permitted)
        where = frozenset(door for _, door in permitted)
        versions = {door.version for door in where}
        whole = where >= {door for door in doors if door.version in versions}
        places = frozenset() if whole else frozenset((door.port, door.host) for door in where)
        groups[isinstance(who, Listed), so, senders, places].append((who, where))
    for (_, so, senders, _), members in groups.items():
        doors = frozenset(door for _, where in members for door in where)
        yield tuple(who for who, _ in members), so, senders, doors


def _edges(tried: Iterable[Case]) -> dict[tuple[Who, As, Door], set[str]]:
    found: dict[tuple[Who, As, Door], set[str]] = defaultdict(set)
    for case in tried:
        found[case.who, case.sender, case.door].add(case.edge)
    return found


# -- words


def _senders(senders: frozenset[As], *, own: bool) -> str:
    everyone = frozenset(As) if own else frozenset(As) - {As.OWN}
    if senders >= everyone or senders == {As.OTHER}:
        return ""
    words = {
        As.OWN: "with a sender of our own domains",
        As.OTHER: "with a sender of other domains",
        As.NULL: "with the null sender",
    }
    return " " + " or ".join(words[one] for one in As if one in senders)


def _on(where: frozenset[Door], doors: frozenset[Door], who: Iterable[Who]) -> str:
    """Return on which listeners, when there is more than one."""
    versions = {one.version for one in who if isinstance(one, Stretch)} or {door.version for door in where}
    reachable = {door for door in doors if door.version in versions}
    if where >= reachable:
        return ", on every listener" if len({door.port for door in reachable}) > 1 else ""
    return f", on the {_listed(list(_names(where)))}"


def _name(door: Door) -> str:
    host = f"[{door.host}]" if ":" in door.host else door.host
    return f"listener {host}:{door.port}" if host else f"listener {door.port}"


def _names(doors: Iterable[Door]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_name(door) for door in sorted(doors)))


def _listed(words: list[str]) -> str:
    if len(words) > SHOWN:
        words = [*words[:SHOWN], f"{len(words) - SHOWN:,} more"]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "nobody"


def _lowered(words: str) -> str:
    return words[0].lower() + words[1:]
