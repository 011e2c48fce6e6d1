"""Questions and answers of daily operation: drift of live files, queue, log, look-ups, and the node group's key.

The rules of `messages.py` hold here too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


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
    """Which messages of the queue; empty fields say nothing. `older_than` is seconds since arrival.

    `limit` is the most that a list shows; what is done to messages is done to all that are found.
    """

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
class LogPart:
    """Read Postfix's log from a place on, those lines of one message; without a place its last `lines`."""

    after: str = ""
    lines: int = 100
    message: str = ""


@dataclass(frozen=True, slots=True)
class LogLines:
    """Whole lines, the place where they end, and whether there are more behind it already.

    `passed_over`: the place lay so far back that lines between it and the first of these are left out.
    """

    lines: tuple[str, ...]
    place: str
    more: bool
    passed_over: bool = False


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
