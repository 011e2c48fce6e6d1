"""What whole-state checks and the deny-list must know from outside: the installed Postfix, the machine, the day.

All of it is data; the model reads no file and no clock. Empty collections mean "not known", and the checks that need
them are left out, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from sealgate.model.names import Address, HostName

STOCK_MAP_TYPES = frozenset(
    {
        "btree", "cdb", "cidr", "dbm", "environ", "fail", "hash", "inline", "internal", "ldap", "lmdb", "memcache",
        "mysql", "nis", "pcre", "pgsql", "pipemap", "proxy", "randmap", "regexp", "sdbm", "socketmap", "sqlite",
        "static", "tcp", "texthash", "unionmap", "unix",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Permits:
    """What root has allowed for own lines, from a list that only root edits.

    `files` are files, or directories with a slash at the end; `programs` are absolute paths for pipe(8) and spawn(8);
    `peers` are networks, addresses, `unix:/socket`, `inet:host:port`, or names of inet services that may speak the
    proxy protocol to others than loopback.
    """

    files: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckContext:
    """The world around a desired state.

    `parameters` are all parameters of the installed Postfix with their defaults; `generated` the names that Sealgate's
    own part of main.cf defines; `services` the generated services as `name/type`; `inner_services` those between
    Postfix and the MPA. `smtp_port` is the gateway's own port for listeners that name none.
    """

    today: dt.date
    machine_fqdn: HostName | None = None
    addresses: frozenset[Address] = frozenset()
    smtp_port: int = 25
    map_types: frozenset[str] = frozenset()
    parameters: Mapping[str, str] = field(default_factory=dict)
    postfix_version: tuple[int, ...] = (3, 7)
    generated: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    inner_services: frozenset[str] = frozenset({"mpa/unix", "127.0.0.1:10026/inet"})
    config_dir: str = "/etc/postfix"
    permits: Permits = Permits()
