"""What a rehearsal is about: the candidate as wished, as rendered, and as Postfix reads it back.

A `Subject` is all that a test may look at when it plans and when it judges; both ask it the same questions, so both
talk of the same tries. It reads a bounded part of every list: the rows that changed against what is live, and a spread
of the others that is the same each time. `unless` names the own lines that may change an expectation on purpose: what
was wished on a page is then not judged, and the verdict says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from sealgate.link.messages import Grade
from sealgate.model.findings import Place
from sealgate.model.verdicts import Ruling, Verdict
from sealgate.render.own_lines import own_services, parameters_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sealgate.model.desired import DesiredState
    from sealgate.model.objects import Row
    from sealgate.postfix.listeners import Listener
    from sealgate.postfix.parameters import ReadBack
    from sealgate.render import ConfigTree, NodeFacts

MOST_ROWS = {Grade.PROBE: 6, Grade.FULL: 40}
"""Rows of one list that are tried besides the changed ones."""
MOST_CHANGED = {Grade.PROBE: 20, Grade.FULL: 200}
_READ_WHOLE = 5000


@dataclass(frozen=True)
class Subject:
    """One candidate at one grade.

    `read` has its values expanded. `changed` gives the keys of rows that differ from what is live, by noun; a noun
    that is missing is not known to differ. `spread` gives a bounded number of rows of a noun, far from each other.
    `addresses` are the gateway's own in the rehearsal.
    """

    desired: DesiredState
    facts: NodeFacts
    read: ReadBack
    listeners: tuple[Listener, ...]
    grade: Grade = Grade.FULL
    tree: ConfigTree | None = None
    changed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    spread: Callable[[str, int], Iterable[Row[Any]]] | None = None
    addresses: tuple[str, ...] = ()

    @property
    def full(self) -> bool:
        """Whether mail is delivered in this rehearsal."""
        return self.grade is Grade.FULL

    # -- rows

    def rows(self, noun: str) -> tuple[Row[Any], ...]:
        """Return the enabled rows of a noun that are tried: the changed ones first, then a spread of the others."""
        found = {row.key: row for row in self._chosen(noun) if row.enabled}
        return tuple(found.values())

    def all_rows(self, noun: str) -> tuple[Row[Any], ...] | None:
        """Return all enabled rows of a noun in their order, or None when there are too many to look at."""
        if self.desired.rows.count(noun) > _READ_WHOLE:
            return None
        return tuple(row for row in self.desired.rows.rows(noun) if row.enabled)

    def _chosen(self, noun: str) -> Iterator[Row[Any]]:
        rows = self.desired.rows
        for key in sorted(self.changed.get(noun, ()))[: MOST_CHANGED[self.grade]]:
            row = rows.row(noun, key)
            if row is not None:
                yield row
        most = MOST_ROWS[self.grade]
        if self.spread is not None:
            yield from self.spread(noun, most)
        else:
            step = max(1, rows.count(noun) // most)
            yield from islice(rows.rows(noun), 0, step * most, step)

    @cached_property
    def relay_domains(self) -> tuple[str, ...]:
        """The relay domains that are tried."""
        return tuple(row.value.domain for row in self.rows("relay-domain"))

    @property
    def relay_domain(self) -> str:
        """One relay domain, or nothing when mail is accepted for none."""
        return self.relay_domains[0] if self.relay_domains else ""

    @cached_property
    def hostname(self) -> str:
        """The gateway's name as Postfix has it."""
        return self.read.main.get("myhostname") or str(self.facts.machine_fqdn)

    # -- listeners

    @cached_property
    def own_listeners(self) -> frozenset[str]:
        """The services that own lines of master.cf make or replace (`smtp/inet`)."""
        return frozenset(service.key for service in own_services(self.desired.master_cf.text))

    @cached_property
    def public(self) -> tuple[Listener, ...]:
        """The listeners that somebody outside can connect to, whoever made them.

        One on loopback counts when the pages ask for it: something in front passes strangers on to it.
        """
        return tuple(one for one in self.listeners if one.wildcard or not one.on_loopback or self._wished(one))

    @cached_property
    def pages(self) -> tuple[Listener, ...]:
        """The public listeners that the pages alone describe, where wishes of pages are tried."""
        own = _endpoints(self.own_listeners)
        return tuple(
            one
            for one in self.listeners
            if one in self.public
            and one.program == "smtpd"
            and one.port != self.facts.reinject.port
            and not self.proxied(one)
            and not _endpoints((one.service,)) & own
        )

    def proxied(self, listener: Listener) -> bool:
        """Tell whether a listener believes a PROXY header, without which it serves nobody."""
        names = ("smtpd_upstream_proxy_protocol", "postscreen_upstream_proxy_protocol")
        return any(self.value(listener.service, name) for name in names)

    def outside(self, listener: Listener) -> str:
        """Return the address at which somebody outside reaches a listener."""
        if not listener.wildcard:
            return listener.host
        six = ":" in listener.host
        return next((one for one in self.addresses if (":" in one) == six), listener.host)

    def _wished(self, listener: Listener) -> bool:
        pages = ((str(one.address or ""), one.port) for one in self.desired.settings.listen_on)
        facts = ((end.host, end.port) for end in self.facts.smtp_listeners)
        return (listener.host, listener.port) in {*pages, *facts}

    def page_listener(self, version: int) -> Listener | None:
        """Return a listener of the pages for clients of an address family (4 or 6)."""
        return next((one for one in self.pages if (":" in one.host) == (version == 6)), None)

    def value(self, service: str, parameter: str) -> str:
        """Return what is written for a service, or nothing."""
        return self.read.value(service, parameter) or ""

    # -- own lines

    @cached_property
    def own_parameters(self) -> Mapping[str, int]:
        """The parameters that own lines of main.cf set, with their lines."""
        return parameters_set(self.desired.main_cf.text)

    def touched(self, *patterns: str) -> str:
        """Return the first parameter of own lines that any of the patterns names, or nothing.

        Options of own services count too, but not those of own listeners, which speak of themselves alone.
        """
        shape = re.compile("|".join(patterns) or r"(?!)")
        inner = (own for own in own_services(self.desired.master_cf.text) if own.type not in {"inet", "pass"})
        names = (*self.own_parameters, *(option.name for own in inner for option in own.options))
        return next((name for name in names if shape.fullmatch(name)), "")

    def blame(self, parameter: str, service: str = "") -> Place:
        """Return the page, row or own line that a parameter comes from; of a service first, if it sets it itself."""
        if service and parameter in self.read.overrides.get(service, {}):
            return self._of_service(service, parameter)
        origin = self.tree.origin_of(parameter) if self.tree else None
        if origin is None:
            return Place(field=parameter, file="main.cf")
        return Place(origin.noun, origin.key, parameter, origin.line, "main.cf")

    def of_service(self, service: str) -> Place:
        """Return the place to look at for a service as a whole."""
        return self._of_service(service, "")

    def _of_service(self, service: str, parameter: str) -> Place:
        for own in own_services(self.desired.master_cf.text):
            if _endpoints((own.key,)) & _endpoints((service,)):
                line = next((o.line for o in own.options if o.name == parameter), own.line)
                return Place("own-lines", "master-cf", parameter, line, "master.cf")
        return Place(key=service, field=parameter, file="master.cf")

    def ruled(
        self,
        verdict: Verdict,
        *,
        unless: Iterable[str] = (),
    ) -> Verdict:
        """Return the verdict; a failure that an own line may have been written for is not judged, and says so."""
        own = self.touched(*unless) if verdict.ruling is Ruling.FAILED else ""
        if not own:
            return verdict
        why = f"Not judged: the own line {own} may mean this. {verdict.came}"
        return Verdict(
            verdict.promise, verdict.test, Ruling.NOT_JUDGED, verdict.tried, verdict.expected, why, verdict.log,
            self.blame(own),
        )  # fmt: skip


def _endpoints(services: Iterable[str]) -> set[tuple[str, str]]:
    """Return host and port of inet services, however they are spelled; `smtp/inet` is port 25."""
    from sealgate.model.master_lines import PORTS

    found = set()
    for service in services:
        name, _, kind = service.rpartition("/")
        if kind in {"inet", "pass"}:
            host, _, port = name.rpartition(":")
            found.add((host.strip("[]"), PORTS.get(port, port)))
    return found
