"""Who acts, from where, and what that person may do.

Rights are few and named by what they protect. A face (terminal, pages, API) makes the `Actor` once, from an identity
that it has proven; services only ask `actor.may(right)`. The name stands in the audit as it is: `local:alice` for a
login of this machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sealgate.model.errors import InvalidValue, NotPermitted
from sealgate.model.text import one_line


class Right(StrEnum):
    """One kind of permission."""

    VIEW = "view"
    """Read settings, rows, revisions, findings."""
    EDIT = "edit"
    """Change the draft, except own lines."""
    RAW = "raw"
    """Change own lines of main.cf and master.cf: as powerful as root."""
    APPLY = "apply"
    """Make a revision live, confirm it, roll back, settle drift."""
    OVERRIDE = "override"
    """Apply in spite of a failed test, with a reason."""
    OPERATE = "operate"
    """Read and handle the queue, the log, the verify cache."""
    AUDIT = "audit"
    """Read and export the audit trail."""
    BACKUP = "backup"
    """Take the whole gateway with its keys, or put it back."""


ALL_RIGHTS = frozenset(Right)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or program: the audited `name`, where the call comes from (`source`), and the rights."""

    name: str
    source: str = "terminal"
    rights: frozenset[Right] = ALL_RIGHTS

    @classmethod
    def local(cls, login: str) -> Actor:
        """Make the actor for a login of this machine that may administer the gateway: all rights."""
        name = one_line(login, "The login name", 200)
        if not name:
            raise InvalidValue.of("The login name is empty.")
        return cls(f"local:{name}")

    def may(self, right: Right) -> None:
        """Raise NotPermitted unless this actor has the right."""
        if right not in self.rights:
            raise NotPermitted(
                f"{self.name} may not do this: it needs the right “{right.value}”. Nothing was changed. "
                "Ask an administrator of this gateway."
            )
