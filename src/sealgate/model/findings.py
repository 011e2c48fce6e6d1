"""Bad or doubtful news about a draft, as a value: severity, place, what, why, what to do.

A finding is data: it is stored with the judged candidate, shown on the page and in the terminal, and crosses the link.
An error stops apply; a warning is shown and does not; a note only informs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sealgate.model import next_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sealgate.model.next_steps import Step


class Severity(StrEnum):
    """How bad the news is; only an error stops apply."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding is: object (`noun`, `key`), field of it, line (counted from 1) of a text, or a Postfix file."""

    noun: str = ""
    key: str = ""
    field: str = ""
    line: int = 0
    file: str = ""

    def __str__(self) -> str:
        """Return the place in the words of the pages and the terminal."""
        head = " ".join(p for p in (self.noun, self.key) if p) or self.file
        parts = [p for p in (head, self.field, f"line {self.line}" if self.line else "") if p]
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of news. `code` is stable and names the rule (`hostname-is-relay-domain`); texts may change.

    `steps` are what to do next, which each face says in its own way.
    """

    severity: Severity
    code: str
    place: Place
    what: str
    why: str = ""
    remedy: str = ""
    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        """Return the finding as people read it, on one line."""
        place = str(self.place)
        head = f"{self.severity.value}: {place + ': ' if place else ''}{self.what}"
        return " ".join(p for p in (head, self.why, self.remedy) if p)

    def then(self, *steps: Step) -> Finding:
        """Return this finding with what to do next."""
        return replace(self, steps=steps)

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain JSON values."""
        shape = asdict(self)
        del shape["steps"]
        return shape | ({"steps": next_steps.to_json(self.steps)} if self.steps else {})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """Make the finding again from what `to_json` gave."""
        return cls(
            severity=Severity(data["severity"]),
            code=str(data["code"]),
            place=Place(**data["place"]),
            what=str(data["what"]),
            why=str(data["why"]),
            remedy=str(data["remedy"]),
            steps=next_steps.from_json(data.get("steps")),
        )


def error(code: str, place: Place, what: str, why: str = "", remedy: str = "") -> Finding:
    """Make a finding that stops apply."""
    return Finding(Severity.ERROR, code, place, what, why, remedy)


def warning(code: str, place: Place, what: str, why: str = "", remedy: str = "") -> Finding:
    """Make a finding that is shown and does not stop apply."""
    return Finding(Severity.WARNING, code, place, what, why, remedy)


def note(code: str, place: Place, what: str, why: str = "", remedy: str = "") -> Finding:
    """Make a finding that only informs."""
    return Finding(Severity.NOTE, code, place, what, why, remedy)


def errors_in(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that stop apply."""
    return tuple(f for f in findings if f.severity is Severity.ERROR)
