"""Questions that the sealed world answers about mail, and their answers: explain, replay, drill, who may newly do what.

Each is asked of what is live (empty `digest`) or of a candidate that the agent has judged. Nothing live is touched and
nothing leaves the machine: names, lists and next hops are those of the artificial internet, and each answer says what
was therefore assumed.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from enum import StrEnum

from sealgate.model.errors import InvalidValue

LARGEST_MAIL = 2 << 20
"""Bytes of a message that can be tried; it crosses in one frame."""
MOST_ENVELOPES = 1000
"""Envelopes that one replay tries at most."""
_LONGEST = 2000
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[ -~])*"')
_TOKEN = re.compile(r"[^\s\x00-\x20\x7f]+")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to try. `client` is an address; `name` what DNS says of it, empty: nothing.

    `listener` is a service of master.cf (`25/inet`) or a port; empty: the one that the internet reaches. `size` in
    bytes is announced; `message` are its bytes, empty: a short plain message. `listed` are block lists that list the
    client, with the answer if it is not 127.0.0.2: `zen.example=127.0.0.4`.
    """

    client: str
    sender: str
    recipient: str
    name: str = ""
    helo: str = "client.example.org"
    tls: bool = False
    listener: str = ""
    size: int | None = None
    message: bytes = b""
    listed: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise InvalidValue for what no mail can be, whichever gateway is asked."""
        try:
            ipaddress.ip_address(self.client)
        except ValueError:
            raise InvalidValue.of(
                f"{self.client[:60]!r} is no IP address.", "Give the client's address, such as 203.0.113.5.", "client"
            ) from None
        for name, text in (("sender", self.sender), ("recipient", self.recipient), ("helo", self.helo)):
            if len(text) > _LONGEST or (text and not _TOKEN.fullmatch(_QUOTED.sub("", text) or "-")):
                raise InvalidValue.of(f"The {name} has blanks or control characters, or is too long.", "", name)
        if not self.recipient:
            raise InvalidValue.of("The recipient is missing.", "Give an address.", "recipient")


@dataclass(frozen=True, slots=True)
class Explain:
    """Follow one mail through every stage."""

    mail: Mail
    digest: str = ""


class Opinion(StrEnum):
    """What a stage said of the mail."""

    PASSED = "passed"
    PERMITTED = "permitted"
    REFUSED = "refused"
    DEFERRED = "deferred"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a mail's way and what decided there.

    `parameter` and `restriction` are Postfix's; `table`, `key` and `entry` are the look-up that decided, `line` its
    line in a table that is a text. `noun` and `row` name the page and the row, as far as known; `text` says it in
    words.
    """

    name: str
    opinion: Opinion
    text: str
    reply: str = ""
    parameter: str = ""
    restriction: str = ""
    table: str = ""
    key: str = ""
    entry: str = ""
    line: int = 0
    noun: str = ""
    row: str = ""
    log: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """The way of one mail. `opinion` is the whole verdict, `reply` what the sender saw last, `decided` the stage."""

    opinion: Opinion
    reply: str
    stages: tuple[Stage, ...]
    decided: str = ""
    assumed: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Replay:
    """Try recent envelopes of the mail log on the candidate and on what is live; at most `count` different ones.

    `since` is the time of the oldest, in seconds since 1970; 0: as far back as a bounded part of the log goes.
    """

    digest: str
    count: int = 200
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Difference:
    """Envelopes whose verdict changes by one cause. `before` and `after` are replies; `examples` a few envelopes."""

    cause: str
    before: str
    after: str
    count: int
    examples: tuple[Mail, ...] = ()
    noun: str = ""
    row: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay showed. `tried` envelopes, each standing for `mails` of the log; `same` did not change.

    `not_as_recorded` counts those whose verdict on what is live differs from what the log says, since the sealed world
    cannot know everything; they are compared all the same.
    """

    tried: int
    mails: int
    same: int
    differences: tuple[Difference, ...] = ()
    not_as_recorded: int = 0
    assumed: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Widening:
    """Say who may newly do what when a candidate goes live."""

    digest: str


@dataclass(frozen=True, slots=True)
class Widened:
    """Who may newly do what, in sentences; none when nothing is widened."""

    sentences: tuple[str, ...]
    seconds: float = 0.0


class Fault(StrEnum):
    """What fails in a drill."""

    NEXT_HOP = "next hop"
    DNS = "dns"
    MPA = "mpa"
    TABLES = "tables"


@dataclass(frozen=True, slots=True)
class Drill:
    """Let parts fail in the sealed copy, one after the other."""

    digest: str = ""
    faults: tuple[Fault, ...] = tuple(Fault)


@dataclass(frozen=True, slots=True)
class Drilled:
    """What one failure did to one kind of mail: what its sender saw, and where the mail is afterwards.

    `what` says in words what failed. `lost`: it was accepted, and is neither delivered, queued, nor returned.
    """

    fault: Fault
    mail: str
    seen_by_sender: str
    afterwards: str
    lost: bool = False
    log: tuple[str, ...] = ()
    what: str = ""


@dataclass(frozen=True, slots=True)
class DrillReport:
    """The drills that were run.

    `not_drilled` says which could not be, and why; `assumed` what is otherwise than outside.
    """

    results: tuple[Drilled, ...]
    not_drilled: tuple[str, ...] = ()
    seconds: float = field(default=0.0)
    assumed: tuple[str, ...] = ()
