"""What the agent knows of its machine: name, addresses, the installed Postfix; the facts that a release is made for.

The machine's name is found without asking any name server: what the machine calls itself, completed from /etc/hosts.
The installed Postfix is asked once, and again when its programs were replaced.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sealgate.link.messages import Facts
from sealgate.model.errors import InvalidValue
from sealgate.model.names import HostName
from sealgate.postfix.parameters import Installed, installed
from sealgate.rehearsal.network import own_addresses
from sealgate.render import Endpoint, NodeFacts

if TYPE_CHECKING:
    from sealgate.node.paths import NodePaths
    from sealgate.postfix.command import Programs

_HOSTS = Path("/etc/hosts")
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_TEMPLATE = "0" * 16
"""Stands for the release in facts that are for no release yet."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where Postfix listens, and where the MPA and re-injection are."""

    smtp: tuple[Endpoint, ...]
    mpa: Endpoint
    reinject: Endpoint


class Machine:
    """The facts of this machine."""

    def __init__(self, paths: NodePaths, ports: Ports, neutral: Programs, *, authorities: Path = _AUTHORITIES) -> None:
        self._paths = paths
        self.ports = ports
        self._neutral = neutral
        self._authorities = authorities
        self._asked: tuple[int, Installed] | None = None

    def postfix(self) -> Installed:
        """Return what the installed Postfix is."""
        stamp = (self._neutral.command_dir / "postconf").stat().st_mtime_ns
        if self._asked is None or self._asked[0] != stamp:
            self._asked = (stamp, installed(self._neutral))
        return self._asked[1]

    def facts(self) -> NodeFacts:
        """Return the facts as they are today, for no release yet."""
        postfix = self.postfix()
        return NodeFacts(
            machine_fqdn=machine_name(),
            config_dir=str(self._paths.conf),
            release_dir=str(self._paths.release(_TEMPLATE)),
            spool_dir=str(self._paths.spool),
            data_dir=str(self._paths.data),
            log_file=str(self._paths.mail_log),
            today=dt.datetime.now(dt.UTC).date(),
            map_types=postfix.map_types,
            smtp_listeners=self.ports.smtp,
            mpa=self.ports.mpa,
            reinject=self.ports.reinject,
            addresses=tuple(ipaddress.ip_address(text) for text in own_addresses()),
            postfix_version=postfix.version,
            ca_file=str(self._authorities) if self._authorities.is_file() else "",
        )

    def message(self) -> Facts:
        """Return the facts for the control half."""
        postfix = self.postfix()
        return Facts(
            self.facts().to_json(),
            postfix.version,
            tuple(sorted(postfix.map_types)),
            {name: parameter.default for name, parameter in sorted(postfix.parameters.items())},
        )


def machine_name(hosts: Path = _HOSTS) -> HostName:
    """Return the machine's fully qualified name; `localdomain` completes a name that has no domain anywhere."""
    own = socket.gethostname()
    for name in (own, *_aliases(own, hosts), f"{own}.localdomain", "localhost.localdomain"):
        try:
            return HostName.parse(name)
        except InvalidValue:
            continue
    raise AssertionError  # the last name is valid


def _aliases(own: str, hosts: Path) -> list[str]:
    """Return the names that stand on a line of /etc/hosts with the machine's short name."""
    try:
        lines = hosts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    rows = (line.partition("#")[0].split()[1:] for line in lines)
    return [name for names in rows if own in names for name in names if name.startswith(f"{own}.")]
