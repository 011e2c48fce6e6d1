"""The one tree of exceptions.

    SealgateError
    ├── InvalidValue      text from outside is no value of the model (HTTP 422, exit 2)
    ├── NotFound          the object named does not exist (HTTP 404, exit 2)
    ├── Conflict          somebody else changed the object meanwhile (HTTP 409, exit 1)
    ├── NotPermitted      this person may not do this (HTTP 403, exit 1)
    │   └── ProofNeeded   they may, once they have proven anew who they are
    ├── Refused           understood, allowed, and not done, with the findings that say why (HTTP 409, exit 1)
    ├── ProviderFailed    an outside provider of identities did not answer as it should (HTTP 502)
    ├── NotFetched        a list from outside was not fetched or not believed; what was there stays (HTTP 502, exit 3)
    ├── StoreFailed       the database cannot be read or written now (HTTP 503, exit 3)
    └── NodeFailed        the agent, Postfix or the MPA could not do it (HTTP 502, exit 3)
        └── NodeUnreachable   the agent does not answer; the draft is safe

Bad news that is expected inside (a doubtful setting, a failed test) is a `Finding`, never an exception. Every text says
what happened, what stands now, and what to do next; how that is done here (a command, a page, an operation) is said by
each face from `steps`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgate.model.findings import Finding
    from sealgate.model.next_steps import Step


class SealgateError(Exception):
    """Something Sealgate itself raises on purpose; its text is for people, `steps` are what to do next."""

    steps: tuple[Step, ...] = ()

    def then(self, *steps: Step) -> Self:
        """Return this error with what to do next."""
        self.steps = steps
        return self


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a piece of input: the field (or `line N`), what is wrong, and what would be right."""

    field: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return the fault as one sentence for people."""
        place = f"{self.field}: " if self.field else ""
        return f"{place}{self.what}{' ' + self.remedy if self.remedy else ''}"


class InvalidValue(SealgateError):  # noqa: N818 - reads as what it is
    """Input that is no value of the model; `problems` has one entry for each fault found."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems

    @classmethod
    def of(cls, what: str, remedy: str = "", field: str = "") -> InvalidValue:
        """Make the error for a single fault."""
        return cls(Problem(field, what, remedy))

    def at(self, field: str) -> InvalidValue:
        """Return the same faults, with `field` named wherever no field is named yet."""
        return InvalidValue(*(Problem(p.field or field, p.what, p.remedy) for p in self.problems)).then(*self.steps)


class NotFound(SealgateError):  # noqa: N818
    """The object, revision or message named does not exist."""


class Conflict(SealgateError):  # noqa: N818
    """The object was changed by somebody else since it was read; `current` is what stands now (None: deleted).

    Where several objects were to be changed at once, `names` has those that are not as they were. `taken`: it is
    another object, which has the key already.
    """

    def __init__(self, text: str, current: object = None, names: Sequence[str] = (), *, taken: bool = False) -> None:
        super().__init__(text)
        self.current = current
        self.names = tuple(names)
        self.taken = taken


class NotPermitted(SealgateError):  # noqa: N818
    """The person is known and may not do this."""


class ProofNeeded(NotPermitted):
    """The session proved too long ago who the person is. Nothing was changed; after a fresh proof it is done."""


class Refused(SealgateError):  # noqa: N818
    """Understood and allowed, but not done; `findings` say why. Nothing was changed."""

    def __init__(self, text: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(text)
        self.findings = tuple(findings)


class ProviderFailed(SealgateError):  # noqa: N818
    """An outside provider of identities did not answer as it should; nobody was signed in."""


class NotFetched(SealgateError):  # noqa: N818
    """A list from outside was not fetched, or what came cannot be believed. Nothing of it was taken."""


class StoreFailed(SealgateError):  # noqa: N818
    """The database cannot be read or written now; nothing is half-written."""


class NodeFailed(SealgateError):  # noqa: N818
    """The agent, Postfix or the MPA could not do what was asked."""


class NodeUnreachable(NodeFailed):
    """The agent does not answer. The draft is safe; applying has to wait."""
