"""The questions and answers between control half and agent, one frozen dataclass each.

Times are seconds since 1970 (UTC), sizes are bytes. `FORMAT` changes whenever a message changes its meaning; both sides
must have the same, or the agent refuses and says which side is older. A digest is 64 hexadecimal digits
(`model/digest.py`), a release id 16.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, for audit and for log lines: a name such as `local:alice` and where from (`terminal`, `web`)."""

    name: str
    source: str = "terminal"
    rights: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Opening:
    """The first frame of a conversation: who speaks which format, asks what, with which values."""

    format: int
    version: str
    verb: str
    asker: Asker
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Nothing:
    """A question or answer without values."""


@dataclass(frozen=True, slots=True)
class Hello:
    """Who the agent is."""

    version: str
    format: int
    postfix_version: str
    pid: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of the node as the agent's renderer sees them (`render/facts.py`, by `codec.to_json`), and of its Postfix.

    `map_types` and `parameters` are what the installed Postfix knows.
    """

    node: dict[str, Any]
    postfix_version: str
    map_types: tuple[str, ...]
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The node group's public key, and its short name."""

    key: bytes
    id: str


class Grade(StrEnum):
    """How much of a candidate is judged: the probe delivers nothing, the full rehearsal sends mail through."""

    PROBE = "probe"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Judge:
    """Judge the candidate that a bundle describes. `header` is a `bundle.Header` in JSON."""

    header: dict[str, Any]
    grade: Grade = Grade.PROBE


@dataclass(frozen=True, slots=True)
class Report:
    """What judging a candidate found. `findings` are `Finding.to_json` values; `judged` and `not_judged` are sentences.

    `tree` is the digest over all rendered texts: control compares it with its own rendering and notices version skew.
    """

    digest: str
    release: str
    grade: Grade
    passed: bool
    findings: tuple[dict[str, Any], ...]
    seconds: float
    judged: tuple[str, ...] = ()
    not_judged: tuple[str, ...] = ()
    omitted_findings: int = 0
    tree: str = ""
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Apply:
    """Put a judged candidate in force as a revision; `keep_for` seconds: undo it by itself unless confirmed."""

    digest: str
    revision: int
    comment: str = ""
    keep_for: int | None = None


@dataclass(frozen=True, slots=True)
class Confirm:
    """Keep the revision that is on watch."""

    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Rollback:
    """Go back to a revision that was confirmed on this node; None: the one confirmed before the one in force."""

    revision: int | None = None
    comment: str = ""


class State(StrEnum):
    """How a revision stands on the node."""

    NONE = "none"
    SWITCHING = "switching"
    ON_WATCH = "on-watch"
    CONFIRMED = "confirmed"
    UNDONE = "undone"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an apply, confirm or rollback ended.

    `revision` and `release` are what is in force now. `text` is a sentence for people, `evidence` what was seen.
    """

    state: State
    revision: int | None
    release: str
    text: str
    evidence: tuple[str, ...] = ()
    watch_until: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Listener:
    """A service of the running Postfix and whether it answers."""

    name: str
    answers: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """What runs on the node now."""

    version: str
    postfix_version: str
    state: State
    revision: int | None
    release: str
    digest: str
    comment: str
    since: float | None
    confirmed_revision: int | None
    watch_until: float | None
    postfix_pid: int | None
    listeners: tuple[Listener, ...]
    mpa_answers: bool
    drifted: tuple[str, ...]
    free_bytes: int
    problems: tuple[str, ...] = ()
    last: Outcome | None = None


class DriftKind(StrEnum):
    """What happened to a live file."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class DriftItem:
    """One live file that is not as the revision in force has it.

    `diff` is a unified diff from expected to live for texts. `live` and `expected` are SHA-256 digests, empty where
    there is no such file. `blocks`: apply waits until it is adopted or overwritten. `adopted`: it is in the draft.
    """

    file: str
    kind: DriftKind
    live: str
    expected: str
    diff: str = ""
    text: bool = True
    blocks: bool = True
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Drift:
    """All live files that are not as the revision in force has them."""

    release: str
    revision: int | None
    items: tuple[DriftItem, ...]

    @property
    def unresolved(self) -> tuple[DriftItem, ...]:
        """The items that apply waits for."""
        return tuple(item for item in self.items if item.blocks and not item.adopted)


@dataclass(frozen=True, slots=True)
class Adopt:
    """Tell the agent that the live content of these files (name → its digest) is in the draft now."""

    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Overwrite:
    """Make these live files again as the revision in force has them; empty: all."""

    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveFile:
    """Read a file of the configuration in force: as it is now, or as the revision has it. Comes as raw pieces."""

    name: str
    expected: bool = False


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What was sent."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which messages of the queue; empty fields say nothing. `older_than` is seconds since arrival."""

    ids: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    sender: str = ""
    recipient: str = ""
    reason: str = ""
    older_than: int = 0
    limit: int = 10_000


class QueueVerb(StrEnum):
    """What to do with queued messages."""

    FLUSH = "flush"
    HOLD = "hold"
    RELEASE = "release"
    REQUEUE = "requeue"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class QueueRecipient:
    """A recipient that is still to be delivered to, and why it was not yet."""

    address: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """One message of the queue."""

    id: str
    queue: str
    arrival: int
    size: int
    sender: str
    recipients: tuple[QueueRecipient, ...]


@dataclass(frozen=True, slots=True)
class QueueView:
    """Read one queued message; comes as raw pieces of `postcat` output."""

    id: str


@dataclass(frozen=True, slots=True)
class QueueAct:
    """Do something with all messages that a filter finds; `count_only`: only say how many there are."""

    verb: QueueVerb
    filter: QueueFilter = field(default_factory=QueueFilter)
    count_only: bool = True


@dataclass(frozen=True, slots=True)
class Count:
    """How many."""

    count: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Log:
    """Read Postfix's log: the last `lines`, those of one message, and with `follow` what comes from now on."""

    lines: int = 100
    message: str = ""
    follow: bool = False


@dataclass(frozen=True, slots=True)
class VerifyShow:
    """Look an address up in the cache of verified recipients."""

    address: str


@dataclass(frozen=True, slots=True)
class VerifyAnswer:
    """What the cache says about an address: status word, text, and the times of the last probe and of the entry."""

    address: str
    found: bool
    status: str = ""
    text: str = ""
    probed: float | None = None
    updated: float | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """Look a key up in a table by the real Postfix: in force, or in the judged candidate `digest`."""

    table: str
    key: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """What the table answers (None: not found), and what Postfix said about the table."""

    table: str
    key: str
    value: str | None
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolve:
    """Ask trivial-rewrite where an address goes: in force, or in the judged candidate `digest`."""

    address: str
    sender: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Where an address goes. `flags` are trivial-rewrite's words, such as relay, local, default, alias, error."""

    address: str
    transport: str
    next_hop: str
    recipient: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BackupKeys:
    """Give the node group's private key, encrypted to a passphrase (`link/passphrase.py`)."""

    passphrase: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RestoreKeys:
    """Take the node group's private key from a backup."""

    passphrase: str = field(repr=False)
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealedKeys:
    """The private key, encrypted."""

    sealed: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a long work: what is being done, how many of how many (0: unknown)."""

    text: str
    done: int = 0
    total: int = 0


VERBS: dict[str, tuple[type, type]] = {
    "hello": (Nothing, Hello),
    "facts": (Nothing, Facts),
    "public-key": (Nothing, PublicKey),
    "judge": (Judge, Report),
    "apply": (Apply, Outcome),
    "confirm": (Confirm, Outcome),
    "rollback": (Rollback, Outcome),
    "status": (Nothing, Status),
    "drift": (Nothing, Drift),
    "adopt": (Adopt, Drift),
    "overwrite": (Overwrite, Drift),
    "live-file": (LiveFile, FileInfo),
    "queue-list": (QueueFilter, Count),
    "queue-view": (QueueView, FileInfo),
    "queue-act": (QueueAct, Count),
    "log": (Log, Count),
    "verify-show": (VerifyShow, VerifyAnswer),
    "verify-clear": (Nothing, Count),
    "query": (Query, QueryAnswer),
    "resolve": (Resolve, Route),
    "backup-keys": (BackupKeys, SealedKeys),
    "restore-keys": (RestoreKeys, PublicKey),
    "stop": (Nothing, Nothing),
}
"""Each verb with the dataclass of its question and of its answer."""
