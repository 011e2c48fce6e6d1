"""The questions and answers between control half and agent, one frozen dataclass each.

Times are seconds since 1970 (UTC), sizes are bytes. `FORMAT` changes whenever a message changes its meaning; both sides
must have the same, or the agent refuses and says which side is older. A digest is 64 hexadecimal digits
(`model/digest.py`), a release id 16.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

FORMAT = 4


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

    `map_types` and `parameters` (with their defaults) are what the installed Postfix knows.
    """

    node: dict[str, Any]
    postfix_version: str
    map_types: tuple[str, ...]
    parameters: dict[str, str]


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
class Override:
    """Somebody's wish to apply in spite of one failed test, which it names, and the reason, which is kept."""

    test: str
    reason: str
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Judge:
    """Judge the candidate that a bundle describes. `header` is a `bundle.Header` in JSON.

    An override counts for this judging only, and never for a promise of `model.verdicts.NEVER_OVERRIDDEN`. With
    `fresh` it is judged again even if it was before: what lies around the candidate may have changed.
    """

    header: dict[str, Any]
    grade: Grade = Grade.PROBE
    overrides: tuple[Override, ...] = ()
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What judging a candidate found. `findings` are `Finding.to_json` values; `judged` and `not_judged` are sentences.

    `tree` is the digest over all rendered texts: control compares it with its own rendering and notices version skew.
    `verdicts` are `model.verdicts.Verdict` values, one for each test that was run; a failed one that is not
    overridden is among the findings too. `widened` says in words who may newly do what.
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
    verdicts: tuple[dict[str, Any], ...] = ()
    overridden: tuple[Override, ...] = ()
    widened: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Apply:
    """Put a judged candidate in force as a revision.

    `keep_for` seconds: undo it by itself unless confirmed. `watch_for` seconds: undo it by itself if mail suffers in
    that time, and confirm it afterwards; None or 0: no watch.
    """

    digest: str
    revision: int
    comment: str = ""
    keep_for: int | None = None
    watch_for: int | None = None


@dataclass(frozen=True, slots=True)
class Confirm:
    """Keep the revision that is on watch."""

    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Rollback:
    """Go back to a revision that was confirmed on this node; None: the one confirmed before the one in force.

    With `watched` only if that revision is on watch: what ends a watch must not go back further when it is over.
    """

    revision: int | None = None
    comment: str = ""
    watched: int | None = None


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
    """What runs on the node now.

    `watch_until`: undone then unless confirmed. `watched_until`: undone until then if mail suffers, by what `watched`
    says in sentences.
    """

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
    watched_until: float | None = None
    watched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a long work: what is being done, how many of how many (0: unknown)."""

    text: str
    done: int = 0
    total: int = 0
