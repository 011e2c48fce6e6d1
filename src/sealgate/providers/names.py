"""What DNS says of names, for lists that come from it or from servers with names.

An answer is records, no records, or no such name. Everything else (time, SERVFAIL, a refusal) is a NotFetched: a
passing fault must never look like a name without records, because that would shorten a list. Names are asked as they
are, over UDP with EDNS and again over TCP where an answer was cut. Whether an answer is forged, only a resolver that
validates DNSSEC can tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.exception
import dns.name
import dns.resolver

from sealgate.model.errors import NotFetched
from sealgate.model.text import shown

if TYPE_CHECKING:
    from dns.rdata import Rdata

    from sealgate.providers.source import Clock, Reach

_TRY = 3.0
_PATIENCE = 12.0
_EDNS_SIZE = 1232


@dataclass(frozen=True, slots=True)
class Answer:
    """The records of one name and type; `exists` is false when there is no such name (NXDOMAIN)."""

    records: tuple[Rdata, ...] = ()
    exists: bool = True


class Names:
    """Asks name servers and remembers what they said, for one fetch, whose clock it has."""

    def __init__(self, reach: Reach, clock: Clock) -> None:
        self.clock = clock
        self._said: dict[tuple[dns.name.Name, str], Answer] = {}
        try:
            self._resolver = dns.resolver.Resolver(configure=not reach.nameservers)
            if reach.nameservers:
                self._resolver.nameservers = list(reach.nameservers)
        except (dns.exception.DNSException, ValueError):
            raise NotFetched(
                "No name server can be asked. Name one in /etc/resolv.conf or in the settings of this machine."
            ) from None
        self._resolver.search = []
        self._resolver.timeout = _TRY
        self._resolver.use_edns(0, 0, _EDNS_SIZE)

    def ask(self, name: str, kind: str) -> Answer:
        """Return the records of a name that `absolute` accepted; NotFetched when nobody can tell now."""
        key = (absolute(name), kind)
        if key not in self._said:
            self._said[key] = self._asked(*key)
        return self._said[key]

    def addresses(self, host: str) -> list[str]:
        """Return the IPv4 and then the IPv6 addresses of a host."""
        return [str(record) for kind in ("A", "AAAA") for record in self.ask(host, kind).records]

    def _asked(self, name: dns.name.Name, kind: str) -> Answer:
        what = f"The {kind} records of {shown(name.to_text(omit_final_dot=True))}"
        patience = min(_PATIENCE, self.clock.left(what))
        try:
            found = self._resolver.resolve(name, kind, lifetime=patience, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            return Answer(exists=False)
        except (dns.exception.DNSException, OSError) as failure:
            raise NotFetched(f"{what}: {_fault(failure)}. Fetch again later; if it stays, look at DNS.") from None
        return Answer(tuple(sorted(found.rrset)) if found.rrset is not None else ())


def absolute(name: str) -> dns.name.Name:
    """Return a name for DNS; ValueError when it cannot be one (empty or too long parts, other characters)."""
    if not name.isascii() or not name.strip("."):
        message = "no name of DNS"
        raise ValueError(message)
    try:
        return dns.name.from_text(f"{name.removesuffix('.')}.")
    except dns.exception.DNSException as fault:
        raise ValueError(str(fault)) from None


def _fault(failure: Exception) -> str:
    if isinstance(failure, dns.resolver.LifetimeTimeout):
        return "no name server answered in time"
    codes = sorted(code for code in ("SERVFAIL", "REFUSED", "NOTIMP", "FORMERR") if code in str(failure))
    return f"the name servers could not tell ({', '.join(codes) or type(failure).__name__})"
