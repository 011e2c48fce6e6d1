"""What a rehearsal's test says: one promise, one try, what was expected, what came, and which setting to blame.

A verdict is data, as a finding is: it is made where the release was run, stored with the revision, and shown on the
page and in the terminal. A test whose precondition was missing on the machine is `not judged` with the reason in
`came`; no verdict is ever assumed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sealgate.model.findings import Finding, Place, error

if TYPE_CHECKING:
    from collections.abc import Mapping

NEVER_OVERRIDDEN = frozenset({"starts-and-answers", "strangers-cannot-relay"})
"""Promises that no reason is good enough to break: mail would stop, or the gateway would be an open relay."""


class Ruling(StrEnum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One test and how it ended.

    `promise` names the kind of test (`strangers-cannot-relay`), `test` this very test in words that stay the same from
    run to run, so that an override and a comparison can name it. `tried`, `expected` and `came` are sentences for
    people; `log` holds lines of Postfix's log; `blame` is the setting, row or file that decided, as far as known.
    """

    promise: str
    test: str
    ruling: Ruling
    tried: str = ""
    expected: str = ""
    came: str = ""
    log: tuple[str, ...] = ()
    blame: Place = field(default_factory=Place)

    @property
    def may_be_overridden(self) -> bool:
        """Whether a person with the right may apply in spite of this failure."""
        return self.promise not in NEVER_OVERRIDDEN

    def as_finding(self) -> Finding:
        """Return the failure as a finding that stops an apply."""
        return error(
            self.promise,
            self.blame,
            f"{self.test}: {self.came}",
            f"Expected: {self.expected}." if self.expected else "",
        )

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """Make the verdict again from what `to_json` gave."""
        texts = {name: str(data[name]) for name in ("promise", "test", "tried", "expected", "came")}
        return cls(**texts, ruling=Ruling(data["ruling"]), log=tuple(data["log"]), blame=Place(**data["blame"]))
