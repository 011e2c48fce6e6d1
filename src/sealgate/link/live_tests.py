"""Live tests: questions that the node answers by asking the real world, and what each answer looks like.

The other questions about mail are answered in a sealed copy; these are not. The node connects to a next hop, logs in
there, asks a DNS list, or looks at what DNS says of the gateway's own names. No test ever sends a message (DATA), and
each is bounded in time, in connections, and in what it takes from a server.

One shape holds every answer: sections (a server, a name, a list) of steps, each with what was said, how long it took,
and whether it is good; then a conclusion in plain words with the remedy. A password goes to the node sealed, inside a
bundle, and nothing of it comes back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MOST_SERVERS = 5
"""Addresses that a test of a next hop connects to."""
MOST_DOMAINS = 20
"""Domains that one picture of DNS looks at."""


class Result(StrEnum):
    """How a step or a whole test came out."""

    GOOD = "good"
    DOUBT = "doubt"
    BAD = "bad"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what was done, what came of it in words, the answers as they came, facts by name, seconds taken."""

    name: str
    result: Result
    text: str
    lines: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Section:
    """The steps with one server, list or name, and what they mean together."""

    title: str
    result: Result
    text: str = ""
    remedy: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveReport:
    """What a live test found. `findings` are `Finding.to_json` values; `asked` says from where and whom it asked."""

    title: str
    result: Result
    text: str
    remedy: str = ""
    sections: tuple[Section, ...] = ()
    findings: tuple[dict[str, Any], ...] = ()
    asked: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Way:
    """How Postfix would go to a next hop, by the settings that are tested.

    `mx`: by the MX records of the host. `level` is the TLS level that holds there, `match` what the certificate must
    show for the levels that look at it. `sources` are the addresses that Postfix connects from (smtp_bind_address),
    `versions` the versions of IP that it uses. `ca_file` and `ca_path` are what it trusts; empty: nothing of its own.
    """

    host: str
    port: int = 25
    mx: bool = False
    helo: str = "localhost.localdomain"
    level: str = "may"
    match: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    versions: tuple[int, ...] = (4, 6)
    ca_file: str = ""
    ca_path: str = ""


@dataclass(frozen=True, slots=True)
class NextHopTest:
    """Connect to a next hop and see what it says, up to the answer to a recipient (empty: none is asked)."""

    title: str
    way: Way
    recipient: str = ""


@dataclass(frozen=True, slots=True)
class LoginTest:
    """Log in with the user and password of the row `key` of a candidate, whose bundle has this header."""

    title: str
    header: dict[str, Any]
    key: str
    way: Way


@dataclass(frozen=True, slots=True)
class ListTest:
    """Ask a DNS list for its test entries. `answers` are those that count, `domains`: it lists domains."""

    title: str
    zone: str
    answers: str = ""
    domains: bool = False


@dataclass(frozen=True, slots=True)
class DnsPicture:
    """Look at what DNS says of the gateway and of relay domains.

    `sending` are the addresses that mail leaves from as the internet sees them; empty: those of the host name.
    """

    hostname: str
    helo: str
    domains: tuple[str, ...] = ()
    sending: tuple[str, ...] = ()
    here: tuple[str, ...] = ()


def worst(results: tuple[Result, ...]) -> Result:
    """Return the worst of several results; a note where there is nothing better or worse."""
    order = (Result.BAD, Result.DOUBT, Result.GOOD)
    return next((one for one in order if one in results), Result.NOTE)
