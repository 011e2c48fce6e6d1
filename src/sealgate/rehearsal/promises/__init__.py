"""The built-in tests: what must hold of every release, one module a promise.

`EVERY` lists them; `rehearsing` plans, runs and judges them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.rehearsal.promises.checks import Checks
from sealgate.rehearsal.promises.deliveries import Deliveries, NeverInClear
from sealgate.rehearsal.promises.dns_lists import DnsLists
from sealgate.rehearsal.promises.passing import NoLoops, PassesUnchanged
from sealgate.rehearsal.promises.relay_domains import RelayDomains
from sealgate.rehearsal.promises.sizes import Sizes
from sealgate.rehearsal.promises.smuggling import Smuggling
from sealgate.rehearsal.promises.static_lists import StaticLists
from sealgate.rehearsal.promises.strangers import Strangers
from sealgate.rehearsal.promises.trusted import Trusted
from sealgate.rehearsal.promises.verification import Verification

if TYPE_CHECKING:
    from sealgate.rehearsal.promises.promise import Promise

EVERY: tuple[Promise, ...] = (
    Strangers(),
    Trusted(),
    RelayDomains(),
    StaticLists(),
    Sizes(),
    DnsLists(),
    Verification(),
    Checks(),
    Deliveries(),
    NeverInClear(),
    PassesUnchanged(),
    NoLoops(),
    Smuggling(),
)


def due(grade: Grade) -> tuple[Promise, ...]:
    """Return the promises that can be judged at a grade."""
    return tuple(one for one in EVERY if grade is Grade.FULL or one.grade is Grade.PROBE)
