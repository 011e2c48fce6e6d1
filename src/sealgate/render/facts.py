"""What rendering must know about a machine: paths, ports, programs and the day; nothing else comes from outside.

`NodeFacts` is the only source of paths, so the private instance of a trial gateway and the system's Postfix differ in
facts alone. The facts are found by the node and are data here: rendering reads no file, no clock and no host name.

Paths are written into main.cf, where a blank, comma, `$` or brace would mean something (postconf(5)), so only plain
ones are taken. `digest` leaves out `release_dir`, because a release is named by it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgate.model.digest import canonical_json
from sealgate.model.errors import InvalidValue
from sealgate.model.names import Address, HostName

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_.+@%=~-]+(?:/[A-Za-z0-9_.+@%=~-]+)*", re.ASCII)
_PLAIN_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", re.ASCII)
_PATHS = ("config_dir", "release_dir", "spool_dir", "data_dir", "log_file", "daemon_dir", "command_dir")


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """An address and a TCP port; `host` is empty for all addresses of the machine."""

    host: str
    port: int

    def __post_init__(self) -> None:
        """Refuse what is no address: it would be looked up as a name, at a moment nobody chose."""
        if self.host:
            ipaddress.ip_address(self.host)

    def __str__(self) -> str:
        """Return the form of master.cf and of `inet:` next hops: `port`, `address:port` or `[address]:port`."""
        if not self.host:
            return str(self.port)
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """The machine that a configuration is rendered for.

    `config_dir` is the live path (`…/postfix/conf`), `release_dir` the absolute path where this release's files stay
    unchanged. `smtp_listeners` are where the gateway listens unless the administrator says otherwise; its first port
    is the gateway's own. `mpa` and `reinject` lie on loopback. `map_types` is what `postconf -m` lists. `today` (UTC)
    decides which entries of the static lists have expired. `ca_file` holds the trusted certificates of the machine.
    """

    machine_fqdn: HostName
    config_dir: str
    release_dir: str
    spool_dir: str
    data_dir: str
    log_file: str
    today: dt.date
    map_types: frozenset[str]
    smtp_listeners: tuple[Endpoint, ...] = (Endpoint("", 2525),)
    mpa: Endpoint = Endpoint("127.0.0.1", 10025)
    reinject: Endpoint = Endpoint("127.0.0.1", 10026)
    addresses: tuple[Address, ...] = ()
    postfix_version: str = "3.7.11"
    syslog_name: str = "sealgate"
    ca_file: str = "/etc/ssl/certs/ca-certificates.crt"
    daemon_dir: str = "/usr/lib/postfix/sbin"
    command_dir: str = "/usr/sbin"
    mpa_processes: int = 8
    reinject_processes: int = 20

    def __post_init__(self) -> None:
        """Refuse paths and words that main.cf cannot carry, and filter ports that are open to others."""
        for name in _PATHS:
            _check_path(name, getattr(self, name))
        if self.ca_file:
            _check_path("ca_file", self.ca_file)
        if not _PLAIN_WORD.fullmatch(self.syslog_name):
            raise InvalidValue.of(f"The syslog name {self.syslog_name!r} is not one plain word.", "", "syslog_name")
        for end in (self.mpa, self.reinject):
            if not end.host or not ipaddress.ip_address(end.host).is_loopback:
                raise InvalidValue.of(f"{end} is not on loopback.", "The MPA and re-injection must not be reachable.")

    @property
    def smtp_port(self) -> int:
        """The port of listeners that name none."""
        return self.smtp_listeners[0].port if self.smtp_listeners else 25

    @property
    def maps_dir(self) -> str:
        """Where the generated tables of this release are."""
        return f"{self.release_dir}/maps"

    @property
    def maps_d_dir(self) -> str:
        """Where the named look-up tables of this release are."""
        return f"{self.release_dir}/maps.d"

    def digest(self) -> str:
        """Return the digest of everything that can change the rendered bytes, besides `release_dir`."""
        facts = self.to_json()
        del facts["release_dir"]
        return hashlib.sha256(canonical_json(facts)).hexdigest()

    def for_release(self, release_dir: str) -> NodeFacts:
        """Return the facts with the directory of a release."""
        return dataclasses.replace(self, release_dir=release_dir)

    def to_json(self) -> dict[str, Any]:
        """Return the facts as plain JSON values."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values |= {
            "machine_fqdn": str(self.machine_fqdn),
            "today": self.today.isoformat(),
            "map_types": sorted(self.map_types),
            "smtp_listeners": [[end.host, end.port] for end in self.smtp_listeners],
            "mpa": [self.mpa.host, self.mpa.port],
            "reinject": [self.reinject.host, self.reinject.port],
            "addresses": [str(address) for address in self.addresses],
        }
        return values

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NodeFacts:
        """Make the facts again from what `to_json` gave."""
        values = dict(data)
        values |= {
            "machine_fqdn": HostName.parse(data["machine_fqdn"]),
            "today": dt.date.fromisoformat(data["today"]),
            "map_types": frozenset(data["map_types"]),
            "smtp_listeners": tuple(Endpoint(*end) for end in data["smtp_listeners"]),
            "mpa": Endpoint(*data["mpa"]),
            "reinject": Endpoint(*data["reinject"]),
            "addresses": tuple(ipaddress.ip_address(text) for text in data["addresses"]),
        }
        return cls(**values)


def _check_path(name: str, path: str) -> None:
    if not _PLAIN_PATH.fullmatch(path) or "/.." in path:
        raise InvalidValue.of(
            f"The path {path!r} cannot stand in main.cf.",
            "Use an absolute path of letters, digits and _ . + @ % = ~ - only.",
            name,
        )
