"""Questions to the node's name servers, each with its answer, its time to live and the time that it took.

The name servers are those that Postfix asks (/etc/resolv.conf), or those given. Names are asked as they are, without
search domains. Whatever an answer holds is bounded and shown without control characters. Many questions are asked at
the same time, with one end for all of them. Every kind of record that is asked for is imported at the start: later, the
process may have no right to read the library any more.
"""

from __future__ import annotations

import ipaddress
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.DNAME
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.OPT
import dns.rdtypes.ANY.PTR
import dns.rdtypes.ANY.SOA
import dns.rdtypes.ANY.TXT
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA
import dns.resolver

from sealgate.node.live_tests.smtp import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

PATIENCE = 8.0
"""Seconds for one question, with all its repetitions."""
WHOLE = 45.0
"""Seconds for all questions of one test."""
_TRY = 3.0
_MOST_VALUES = 50
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What DNS says of one name. `missing`: there is no such record; `fault`: why there is no answer at all."""

    name: str
    kind: str
    values: tuple[str, ...] = ()
    ttl: int = 0
    seconds: float = 0.0
    missing: str = ""
    fault: str = ""

    @property
    def words(self) -> str:
        """The answer in words."""
        if self.fault or self.missing:
            return self.fault or self.missing
        return f"{', '.join(self.values)} (for {self.ttl} s)"


class Names:
    """Asks name servers; those of the machine unless others are given."""

    def __init__(self, servers: tuple[str, ...] = (), *, patience: float = PATIENCE, whole: float = WHOLE) -> None:
        self._patience = patience
        self._end = time.monotonic() + whole
        try:
            self._resolver = dns.resolver.Resolver(configure=not servers)
        except dns.exception.DNSException:
            self._resolver = dns.resolver.Resolver(configure=False)
        if servers:
            self._resolver.nameservers = list(servers)
        self._resolver.search = []
        self._resolver.timeout = min(_TRY, patience)
        self._resolver.cache = None

    @property
    def servers(self) -> tuple[str, ...]:
        """The addresses of the name servers."""
        return tuple(str(one) for one in self._resolver.nameservers)

    def ask(self, name: str, kind: str) -> Answer:
        """Ask for the records of one kind."""
        started = time.monotonic()
        left = self._end - started
        if left <= 0:
            return Answer(name, kind, fault="not asked any more: the time for this test was over")
        missing = fault = ""
        try:
            found = self._resolver.resolve(
                f"{name.rstrip('.')}.", kind, lifetime=min(self._patience, left), raise_on_no_answer=False, search=False
            )
        except dns.resolver.NXDOMAIN:
            missing = "there is no such name"
        except dns.exception.DNSException as failure:
            fault = _fault(failure)
        except (OSError, ValueError, UnicodeError):
            fault = "it cannot be asked"
        else:
            if found.rrset is not None:
                values = tuple(sorted(_text(record) for record in found.rrset))[:_MOST_VALUES]
                return Answer(name, kind, values, int(found.rrset.ttl), time.monotonic() - started)
            missing = f"the name has no {kind} record"
        return Answer(name, kind, seconds=time.monotonic() - started, missing=missing, fault=fault)

    def ask_all(self, questions: Iterable[tuple[str, str]]) -> list[Answer]:
        """Ask many questions at once; the answers come in the order of the questions."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(lambda question: self.ask(*question), questions))


def reverse_name(address: str) -> str:
    """Return the name below which DNS keeps the name of an address."""
    return ipaddress.ip_address(address).reverse_pointer


def _text(record: object) -> str:
    strings = getattr(record, "strings", None)
    if strings is not None:
        return visible(b"".join(strings))
    return visible(str(record).rstrip("."))


def _fault(failure: dns.exception.DNSException) -> str:
    if isinstance(failure, dns.resolver.LifetimeTimeout):
        return "no name server answered in time"
    if isinstance(failure, dns.resolver.NoNameservers):
        codes = sorted({word for word in ("SERVFAIL", "REFUSED", "NOTIMP", "FORMERR") if word in str(failure)})
        return f"the name server cannot tell ({', '.join(codes) or 'no usable answer'})"
    if isinstance(failure, dns.resolver.NoResolverConfiguration):
        return "this machine has no name server (/etc/resolv.conf)"
    return f"it cannot be asked ({type(failure).__name__})"
