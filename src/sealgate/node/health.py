"""Whether Postfix proves itself after a switch, and what a switch needs.

A good start or reload (`postfix/master.py`) means that every inet service has answered with a banner and to EHLO, and
that the log shows no process that died. Beyond that the address resolver is asked once, since a broken route lets
trivial-rewrite die only when the first mail comes. A port of the new configuration that another program holds would
kill the live master (postfix.md fact 3), so it is refused before the switch.
"""

from __future__ import annotations

import errno
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.errors import NodeFailed, Refused
from sealgate.node.sameness import same_to_postfix
from sealgate.postfix.command import Programs
from sealgate.postfix.listeners import greet, listeners
from sealgate.postfix.master import Need, need_of
from sealgate.postfix.parameters import in_force, read_back
from sealgate.postfix.ports import taken
from sealgate.postfix.rewrite import Rewrite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.node.journal import Point
    from sealgate.node.paths import NodePaths
    from sealgate.postfix.listeners import Listener
    from sealgate.postfix.master import Instance
    from sealgate.render import Endpoint

_THROTTLED = re.compile(r"throttling|bad command startup")
_KEPT = 8
_MPA_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What Postfix reads in a release: the parameters of main.cf, and where it would listen."""

    main: Mapping[str, str]
    listeners: tuple[Listener, ...]


class Health:
    """The health of one instance."""

    def __init__(self, paths: NodePaths, instance: Instance, mpa: Endpoint) -> None:
        self._paths = paths
        self._instance = instance
        self._mpa = mpa
        self._readings: dict[str, Reading] = {}

    def reading(self, release: str) -> Reading:
        """Return what Postfix reads in a release; read once, since a release does not change."""
        if release not in self._readings:
            programs = Programs(self._paths.release(release))
            read = read_back(programs)
            main = in_force(programs, read, "inet_interfaces", "inet_protocols")
            while len(self._readings) >= _KEPT:
                del self._readings[next(iter(self._readings))]
            self._readings[release] = Reading(read.main, listeners(read, main))
        return self._readings[release]

    def mpa_answers(self) -> bool:
        """Tell whether the MPA greets."""
        try:
            with socket.create_connection((self._mpa.host, self._mpa.port), _MPA_PATIENCE) as connection:
                return connection.recv(3) == b"220"
        except OSError:
            return False

    def silent(self, release: str, patience: float) -> dict[str, str]:
        """Return the listeners of a release that do not answer now, each with the reason."""
        greetings = {str(one): greet(one, patience) for one in self.reading(release).listeners}
        return {name: greeting.fault for name, greeting in greetings.items() if not greeting.answers}

    def need(self, old: Point | None, new: Point) -> Need:
        """Tell what the step from one point to another needs."""
        if old is None or not self._instance.is_running():
            return Need.RESTART
        if same_to_postfix(self._paths.release(old.release), self._paths.release(new.release)):
            return Need.NOTHING
        return need_of(self.reading(old.release).main, self.reading(new.release).main)

    def bring(self, need: Need) -> tuple[str, ...]:
        """Reload, restart or start Postfix and return the faults that showed, as sentences; none means healthy."""
        position = self._instance.log.end()
        outcome = self._instance.bring(need)
        if not outcome.good and not self._instance.is_running():
            # What a master that died of a reload said is often lost with its postlogd; a start tells it, or works.
            outcome = self._instance.start()
        if not outcome.good:
            return tuple(str(outcome).split("; ")) or (f"{outcome.action} failed.",)
        resolver = self._resolver_fault()
        throttled = tuple(c.text for c in self._instance.complaints_since(position) if _THROTTLED.search(c.text))
        return tuple(filter(None, (resolver, *throttled)))

    def refuse_busy_ports(self, new: Point) -> None:
        """Refuse a configuration that wants a port which another program holds, or an address that is not ours."""
        wanted = self.reading(new.release).listeners
        foreign = sorted({one.host for one in wanted if not one.wildcard and not is_own_address(one.host)})
        if foreign:
            raise Refused(
                f"Revision {new.revision} lets Postfix listen on {', '.join(foreign)}, which is no address of this "
                "machine. Nothing was changed. Give the machine that address, or let Postfix listen elsewhere."
            )
        held = taken(wanted, by_other_than=self._instance.pid())
        if held:
            names = ", ".join(map(str, held))
            raise Refused(
                f"Another program listens on {names}, which revision {new.revision} wants for Postfix. Nothing was "
                "changed. Stop that program, or let Postfix listen elsewhere."
            )

    def _resolver_fault(self) -> str:
        try:
            with Rewrite(self._paths.spool) as rewrite:
                rewrite.resolve("postmaster@example.invalid")
        except (OSError, NodeFailed) as failure:
            return f"The address resolver (trivial-rewrite) does not answer: {failure}"
        return ""


def is_own_address(host: str) -> bool:
    """Tell whether an address can be listened on here."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError as failure:
            return failure.errno != errno.EADDRNOTAVAIL
    return True
