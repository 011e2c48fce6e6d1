"""The policy file: everything the MPA is told, one JSON object, part of the rendered release.

    {"format": 1,
     "hostname": "gw.example.com",            the gateway's name; the MPA calls itself mpa.gw.example.com
     "listen": "127.0.0.1:10025",             where Postfix's lmtp(8) finds us
     "reinject": "127.0.0.1:10026",           where the re-injection smtpd(8) listens
     "reinject_connections": 20,              that service's process limit in master.cf
     "after_filter_size_limit": 20480000,     octets; main.cf message_size_limit, 0 is none
     "bare_newline": "normalize",             or "reject": what to do with a lone LF
     "hop_limit": 50,                         Received fields; main.cf hopcount_limit
     "own_hop_limit": 10}                     how often a message may come through this gateway

Every key must be there and no other may be: a key that this version does not know could be a demand that it would
not meet. What cannot be read is a value too (`Unreadable`), and leads to 4xx for every message until it can.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sealgate.mpa.endpoint import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORMAT = 1
MAX_FILE = 64 << 20  # octets

_HOSTNAME = re.compile(
    r"(?=.{1,250}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
)


class BareNewline(StrEnum):
    """What to do with a message in which a line ends with LF alone."""

    NORMALIZE = "normalize"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy in force; see the module text for the keys."""

    hostname: str
    listen: Endpoint
    reinject: Endpoint
    reinject_connections: int
    after_filter_size_limit: int
    bare_newline: BareNewline
    hop_limit: int
    own_hop_limit: int

    @property
    def name(self) -> bytes:
        """What the MPA calls itself in LHLO and EHLO, and so its mark in the Received field after it."""
        return b"mpa." + self.hostname.encode("ascii")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """There is no policy, and why."""

    reason: str


def parse_policy(text: bytes | str) -> Policy | Unreadable:
    """Read a policy file's content."""
    try:
        values = json.loads(text)
        if not isinstance(values, dict):
            return Unreadable("the policy is not a JSON object")
        return _policy(values)
    except RecursionError:
        return Unreadable("the policy is nested too deeply")
    except (ValueError, KeyError, TypeError) as error:
        return Unreadable(f"the policy is not valid: {error}")


def load_policy(path: Path) -> Policy | Unreadable:
    """Read a policy file."""
    try:
        with path.open("rb") as file:
            return parse_policy(file.read(MAX_FILE))
    except OSError as error:
        return Unreadable(f"the policy cannot be read: {error}")


class PolicyFile:
    """The policy of a running program: what the file says now, noticed by looking at it before every message.

    A release is switched by renaming a symbolic link above the file, so the directory counts as well: a new release is
    noticed even when its policy is the same file as before, and with it that Postfix has another configuration.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places = (str(path.parent), str(path))
        self._changed: Callable[[Policy | Unreadable], None] = lambda _policy: None
        self._identity = self._look()
        self._policy = load_policy(path)

    def watch(self, changed: Callable[[Policy | Unreadable], None]) -> None:
        """Call `changed` with what is in force, and with what is read from now on."""
        self._changed = changed
        changed(self._policy)

    def reload(self) -> Policy | Unreadable:
        """Read the file again, changed or not."""
        self._identity = self._look()  # before reading: a change in between is seen the next time
        self._policy = load_policy(self.path)
        self._changed(self._policy)
        return self._policy

    @property
    def known(self) -> Policy | Unreadable:
        """What was in force when it was last looked for; costs nothing."""
        return self._policy

    @property
    def current(self) -> Policy | Unreadable:
        """What is in force; costs two stat(2) calls when nothing has changed."""
        return self._policy if self._look() == self._identity else self.reload()

    def _look(self) -> tuple[int, ...]:
        try:
            release, file = map(os.stat, self._places)
        except OSError:
            return ()
        return (release.st_dev, release.st_ino, file.st_ino, file.st_mtime_ns, file.st_ctime_ns, file.st_size)


def _policy(values: dict[str, object]) -> Policy:
    if values.get("format") != FORMAT:
        raise ValueError(f"format is {values.get('format')!r}, this version reads {FORMAT}")
    expected = {"format", *Policy.__dataclass_fields__}
    if values.keys() != expected:
        raise ValueError(f"keys missing or unknown: {', '.join(sorted(values.keys() ^ expected))}")
    hostname = _text(values, "hostname")
    if not _HOSTNAME.fullmatch(hostname):
        raise ValueError(f"hostname {hostname!r} is no host name")
    return Policy(
        hostname=hostname,
        listen=Endpoint.parse(_text(values, "listen")),
        reinject=Endpoint.parse(_text(values, "reinject")),
        reinject_connections=_number(values, "reinject_connections", 1),
        after_filter_size_limit=_number(values, "after_filter_size_limit", 0),
        bare_newline=BareNewline(_text(values, "bare_newline")),
        hop_limit=_number(values, "hop_limit", 1),
        own_hop_limit=_number(values, "own_hop_limit", 1),
    )


def _text(values: dict[str, object], key: str) -> str:
    value = values[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is not a text")
    return value


def _number(values: dict[str, object], key: str, least: int) -> int:
    value = values[key]
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{key} is not a number of at least {least}")
    return value
