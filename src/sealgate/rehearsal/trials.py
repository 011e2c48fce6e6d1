"""What is tried on a staged release, and what was seen: the language between those who judge and the sealed world.

A test never talks to Postfix itself. It plans `Trial`s (pure data: who connects where and says what), the stage holds
all of them in one run of the release (`stage`, `internet`), and the test judges what was `Seen`. So every built-in
test, every policy test, explain, replay and the drills share one run and one way of looking, and a test of a test is
data in, verdict out.

Everything here crosses into the sealed world and back as JSON. Bytes travel as latin-1 text.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the codec reads these types when it runs
from dataclasses import dataclass, field
from enum import StrEnum

TRIAL_HEADER = "X-Sealgate-Trial"
"""The header field that tells which trial a message that arrived somewhere belongs to."""


class Until(StrEnum):
    """How far a trial goes before it says QUIT, if it is let."""

    GREETING = "greeting"
    MAIL = "mail"
    RCPT = "rcpt"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Client:
    """Who connects: from any address. `name` is the client name that DNS confirms both ways; empty: it has none.

    With `tls` the client says STARTTLS (a server that does not offer it ends the trial there). `opening` is sent
    before anything else (a PROXY header), `extra` are commands after EHLO, such as XCLIENT.
    """

    address: str
    name: str = ""
    helo: str = "client.example.org"
    tls: bool = False
    login: str = ""
    password: str = ""
    opening: str = ""
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trial:
    """One SMTP session with one message. `id` is unique in a run and a token of letters, digits and `-`.

    `sender` and `recipients` go into MAIL FROM:<> and RCPT TO:<> as they stand. `size` is announced by SIZE= when not
    None. `message` are the bytes after DATA without the final dot (empty: a plain short message, which has
    TRIAL_HEADER); in a given message the planner puts TRIAL_HEADER itself if arrivals matter. With `raw` the message is
    sent as it stands, final dot and all (smuggling).
    """

    id: str
    host: str
    port: int
    client: Client
    sender: str
    recipients: tuple[str, ...]
    until: Until = Until.RCPT
    size: int | None = None
    message: str = ""
    raw: bool = False
    mail_parameters: str = ""


class Manner(StrEnum):
    """How a server of the artificial internet behaves."""

    ACCEPT = "accept"
    DEFER = "defer"
    REFUSE = "refuse"
    DROP = "drop"
    SLOW = "slow"
    DOWN = "down"


class Certificate(StrEnum):
    """What a server of the artificial internet shows after STARTTLS; NONE: it does not offer STARTTLS."""

    GOOD = "good"
    EXPIRED = "expired"
    WRONG_NAME = "wrong name"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Server:
    """A server for mail. `replies` gives replies to RCPT by recipient address (or `@domain`), `450 4.2.0 text`.

    `logins`: AUTH is offered (after STARTTLS, and before it as well) and any password is taken and noted.
    `slowness`: seconds before the greeting when the manner is SLOW. `max_size`: SIZE it announces; 0: none.
    """

    manner: Manner = Manner.ACCEPT
    certificate: Certificate = Certificate.GOOD
    logins: bool = False
    replies: Mapping[str, str] = field(default_factory=dict)
    slowness: float = 0.0
    max_size: int = 0


@dataclass(frozen=True, slots=True)
class Internet:
    """The artificial internet, as data.

    What is not listed exists nonetheless, by rule:

    - any name N has one address, `address_of(N)` (IPv6 as well: `address_of(N, 6)`), and the MX `10 mx.N` unless it
      begins with `mx.`; so where mail arrived tells whether MX was used;
    - a client with a name has PTR and forward records; other addresses have no PTR;
    - names below `empty_zones` (RBL and the like) do not exist unless `records` has them;
    - every address accepts mail on port 25 and on `ports`, by `Server()`, unless `servers` says otherwise.

    `records` maps a name to types to values (`{"example.com": {"MX": ["10 a.example"], "TXT": [...]}}`); a name listed
    there has nothing else. `missing` names do not exist; queries for `silent` names are never answered; with
    `dead` no query is. `servers` is keyed by the host name that leads there, or by address.
    """

    records: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    empty_zones: tuple[str, ...] = ()
    dead: bool = False
    servers: Mapping[str, Server] = field(default_factory=dict)
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one run of a release tries. `routes` are recipients to ask trivial-rewrite for.

    `emptied` are files of the release, by their paths in it, that are empty in this run: tables that are broken. With
    `repaired` (full grade) what failed works again once all has settled: names are answered, servers take mail, the
    mail filter runs; only what is down stays down. Then the queue is flushed.
    """

    trials: tuple[Trial, ...] = ()
    internet: Internet = field(default_factory=Internet)
    routes: tuple[str, ...] = ()
    mpa: bool = True
    verbose: bool = False
    emptied: tuple[str, ...] = ()
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMTP reply and the command it answers; code 0: none came, and `text` says why. `seconds`: how long it took."""

    said: str
    code: int
    text: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that a server of the artificial internet was handed (`accepted` tells whether it was taken).

    `server` is the name that led to the address, where the internet knows one. `tls` is the protocol version, empty
    without TLS. `sender` and `recipients` are as in MAIL and RCPT, `login` and `password` what AUTH showed. `message`
    is the text as received (its first 64 KiB; latin-1), `size` its whole length, `digest` SHA-256 of it in hex.
    """

    trial: str
    server: str
    address: str
    port: int
    client: str
    helo: str
    tls: str
    login: str
    password: str
    sender: str
    recipients: tuple[str, ...]
    message: str
    size: int
    digest: str
    accepted: bool = True
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """What trivial-rewrite said of a recipient; an empty transport: it gave no answer."""

    recipient: str
    transport: str
    nexthop: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """One trial as it went: every reply, the queue id it was given, and what Postfix logged of it."""

    trial: str
    replies: tuple[Reply, ...]
    queue_id: str = ""
    log: tuple[str, ...] = ()

    def reply_to(self, command: str) -> Reply | None:
        """Return the last reply to a command that begins with these words (`RCPT`, `MAIL`, `(message)`)."""
        return next((one for one in reversed(self.replies) if one.said.startswith(command)), None)

    @property
    def last(self) -> Reply:
        """The last reply, which decided; QUIT does not count."""
        return next((one for one in reversed(self.replies) if one.said != "QUIT"), Reply("", 0, "nothing came"))


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run showed. `queued` maps a trial to the status lines of mail that is still queued or bounced.

    In a run that is `repaired`, `failing` has what `queued` had before the repair.
    """

    ended: Mapping[str, Ended]
    arrivals: tuple[Arrival, ...] = ()
    routes: Mapping[str, Route] = field(default_factory=dict)
    log: tuple[str, ...] = ()
    queued: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    failing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def arrived(self, trial: str) -> tuple[Arrival, ...]:
        """Return the arrivals of a trial's message that were taken."""
        return tuple(one for one in self.arrivals if one.trial == trial and one.accepted)
