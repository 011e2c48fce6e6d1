"""The addresses that an SPF record lets pass, with everything that it includes (RFC 7208).

SPF is made to judge one message; here it is read backwards, for every address that would pass. Mechanisms count in
their order: what an earlier one of `-`, `~` or `?` matches is taken out of later ones, and only `+` adds. `exists`,
`ptr` and macros depend on the message, so they cannot be read backwards: each is a remark. A record that lets everybody
pass, and one that receivers must call broken (two records, syntax, loops, an include of nothing), gives no list.

Receivers stop at 10 look-ups and 2 of them without an answer (section 4.6.4). A list is read beyond that, to a bound of
its own, and a remark says so. A passing fault of DNS gives no list, never a shorter one.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from sealgate.model.errors import InvalidValue, NotFetched
from sealgate.model.names import DomainName
from sealgate.model.providers import MOST_NETWORKS, WIDEST
from sealgate.model.text import shown
from sealgate.providers.names import absolute
from sealgate.providers.networks import Ranges, digest, fit_for_the_internet, listed
from sealgate.providers.source import Fetched
from sealgate.providers.spf_record import Record, is_record, parse_record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgate.model.network import IPNetwork
    from sealgate.providers.names import Names
    from sealgate.providers.spf_record import Mechanism

LOOKUPS = 10
VOIDS = 2
_MOST_LOOKUPS = 100
_MOST_EXCHANGERS = 10
_MOST_TAKEN_OUT = 1000
_MOST_REMARKS = 30


def fetch_spf(domain: str, names: Names) -> Fetched:
    """Return every network that the SPF record of a domain lets pass."""
    try:
        name = domain.lower().removesuffix(".") if domain.isascii() else DomainName.parse(domain).ascii
    except InvalidValue as fault:
        raise NotFetched(f"The SPF record of {shown(domain)}: {fault}") from None
    expansion = _Expansion(names)
    kept, left_out = fit_for_the_internet(expansion.passing(name, ()))
    remarks = (*expansion.remarks(), *left_out)
    if not kept:
        why = f" {remarks[0]}" if remarks else ""
        raise NotFetched(f"The SPF record of {name} lets no address pass that can be told beforehand.{why}")
    networks = listed(kept, f"The SPF record of {name}")
    return Fetched(networks, digest(networks), remarks)


class _Expansion:
    """One tree of records, being read."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._lookups = 0
        self._voids: list[str] = []
        self._said: dict[str, None] = {}

    def remarks(self) -> tuple[str, ...]:
        """Return what there is to say about the tree, as sentences."""
        said = list(self._said)
        if len(said) > _MOST_REMARKS:
            said[_MOST_REMARKS:] = [f"{len(said) - _MOST_REMARKS} more terms cannot be told beforehand."]
        if self._lookups > LOOKUPS:
            said.append(f"Receivers stop at {LOOKUPS} look-ups (RFC 7208), and the records need {self._lookups}.")
        if len(self._voids) > VOIDS:
            said.append(
                f"Receivers stop at {VOIDS} look-ups without an answer, and there are {len(self._voids)}:"
                f" {shown(', '.join(self._voids))}."
            )
        return tuple(said)

    def passing(self, domain: str, chain: tuple[str, ...]) -> list[IPNetwork]:
        """Return what passes the record of a domain; `chain` are the domains that led here."""
        if domain in chain:
            raise _broken(domain, f"the records lead in a circle ({shown(' > '.join((*chain, domain)))})")
        record = self._record(domain, chain)
        for term in record.unknown:
            self._said[f"{shown(term)} in the record of {domain} is unknown to SPF and passed over."] = None
        found: dict[IPNetwork, None] = {}
        taken_out: dict[IPNetwork, None] = {}
        gone = Ranges(())
        for mechanism in record.mechanisms:
            self._names.clock.left(f"The SPF record of {domain}")
            if mechanism.name == "all":
                if mechanism.passes:
                    raise _broken(domain, "it lets everybody pass (+all)")
                return list(found)
            matched = dict.fromkeys(self._matched(mechanism, domain, chain))
            if mechanism.passes:
                _add(found, gone.pieces(matched), MOST_NETWORKS, domain)
            elif matched:
                _add(taken_out, matched, _MOST_TAKEN_OUT, domain)
                gone = Ranges(taken_out)
        _add(found, gone.pieces(self._redirected(record, domain, chain)), MOST_NETWORKS, domain)
        return list(found)

    def _redirected(self, record: Record, domain: str, chain: tuple[str, ...]) -> list[IPNetwork]:
        if not record.redirect:
            return []
        self._look_up(domain)
        if record.redirect_is_macro:
            self._remark(domain, f"redirect={record.redirect}", "is a macro")
            return []
        return self.passing(record.redirect, (*chain, domain))

    def _record(self, domain: str, chain: tuple[str, ...]) -> Record:
        try:
            absolute(domain)
        except ValueError:
            raise _broken(chain[-1] if chain else domain, f"{shown(domain)} is no name in DNS") from None
        answer = self._names.ask(domain, "TXT")
        texts = [b"".join(one.strings).decode("latin-1") for one in answer.records if isinstance(one, TXT)]
        records = list(filter(is_record, texts))
        if len(records) > 1:
            raise _broken(domain, f"there are {len(records)} of them")
        if not records:
            why = "there is none" if answer.exists else "there is no such name in DNS"
            raise _broken(domain, f"{why}{f', and {chain[-1]} includes it' if chain else ''}")
        try:
            return parse_record(records[0])
        except InvalidValue as fault:
            raise _broken(domain, str(fault)) from None

    def _matched(self, one: Mechanism, domain: str, chain: tuple[str, ...]) -> list[IPNetwork]:
        """Return the networks that a mechanism matches; none, with a remark, when a message would have to tell."""
        if one.network is not None:
            return self._believed(one, domain, [one.network])
        self._look_up(domain)
        if one.name in {"exists", "ptr"} or one.macro:
            self._remark(domain, one.text, "is a macro" if one.macro else "depends on the message", one.qualifier)
            return []
        if one.name == "include":
            return self.passing(one.domain, (*chain, domain))
        target = one.domain or domain
        hosts = self._exchangers(target, domain) if one.name == "mx" else [target]
        return self._believed(one, domain, [n for host in hosts for n in self._hosts_networks(host, one)])

    def _exchangers(self, target: str, domain: str) -> list[str]:
        records = self._names.ask(target, "MX").records
        hosts = [str(one.exchange).rstrip(".") for one in records if isinstance(one, MX) and str(one.exchange) != "."]
        if not hosts:
            self._voids.append(f"MX of {target}")
        if len(hosts) > _MOST_EXCHANGERS:
            raise _broken(domain, f"{shown(target)} has {len(hosts)} mail exchangers, and {_MOST_EXCHANGERS} may be")
        return hosts

    def _hosts_networks(self, host: str, one: Mechanism) -> list[IPNetwork]:
        try:
            absolute(host)
        except ValueError:
            return []
        addresses = self._names.addresses(host)
        if not addresses:
            self._voids.append(f"address of {host}")
        lengths = {4: one.v4, 6: one.v6}
        found = [ipaddress.ip_address(address) for address in addresses]
        return [ipaddress.ip_network((address, lengths[address.version]), strict=False) for address in found]

    def _believed(self, one: Mechanism, domain: str, networks: list[IPNetwork]) -> list[IPNetwork]:
        for network in networks:
            if one.passes and network.prefixlen < WIDEST[network.version]:
                raise _broken(domain, f"{shown(one.text)} lets {network} pass, and that is nearly everybody")
        return networks

    def _look_up(self, domain: str) -> None:
        self._lookups += 1
        if self._lookups > _MOST_LOOKUPS:
            raise _broken(domain, f"there are more than {_MOST_LOOKUPS} look-ups below it")

    def _remark(self, domain: str, term: str, why: str, qualifier: str = "+") -> None:
        effect = "adds nothing" if qualifier == "+" else "takes nothing out"
        self._said[f"{shown(term)} in the record of {domain} {why}, so it cannot be expanded and {effect}."] = None


def _add(networks: dict[IPNetwork, None], more: Iterable[IPNetwork], most: int, domain: str) -> None:
    """Add networks until there are too many: taking some out of others can make very many."""
    for one in more:
        networks[one] = None
        if len(networks) > most:
            raise _broken(domain, f"it comes to more than {most:,} networks")


def _broken(domain: str, why: str) -> NotFetched:
    return NotFetched(
        f"The SPF record of {shown(domain)} gives no list: {why.removesuffix('.')}."
        " Check the domain; if it is right, its owner has to mend the record."
    )
