"""Who acts, from where, and what that person may do.

Rights are few and named by what they protect; the right to edit can be limited to areas, which are the groups of
pages. A face (terminal, pages, API) gets the `Actor` from an identity that was proven (`sessions`, `tokens`, a login of
this machine) and hands it on; services ask `actor.may(right)`, and no face decides anything. The name stands in the
audit as it is: `local:alice` for a login of this machine, `alice` for a person, `alice/backup` for their token.
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
    """Change the draft, except own lines and secrets, in the areas given."""
    SECRETS = "secrets"
    """Store or replace passwords and private keys; nobody can read them back."""
    RAW = "raw"
    """Change own lines of main.cf and master.cf: as powerful as root."""
    APPLY = "apply"
    """Make a revision live, confirm it, roll back, settle drift."""
    OVERRIDE = "override"
    """Apply although a test of the administrators' own fails; never although mail would break or relay openly."""
    OPERATE = "operate"
    """List and handle the queue, read the log, the verify cache, replay recent mail."""
    CONTENT = "content"
    """Read messages that are in the queue or in quarantine."""
    AUDIT = "audit"
    """Read and export the audit trail."""
    BACKUP = "backup"
    """Take the whole gateway with its keys and people; putting it back needs the right “own” besides."""
    PEOPLE = "people"
    """Invite, change, lock and remove people, as far as their rights go no further than one's own."""
    OWN = "own"
    """Make and change owners, put a backup back."""


class Area(StrEnum):
    """One group of pages that a person may be allowed to edit."""

    MTA = "mta"
    """MTA configuration: relay domains, my networks, host names, relay hosts, limits."""
    SASL = "sasl"
    """SASL passwords (their secrets need the right besides)."""
    CLIENT_ACCESS = "client-access"
    """Client access list providers."""
    FORWARDING = "forwarding"
    """Email forwarding."""
    CHECKS = "checks"
    """Header, MIME header, nested header and body checks."""
    RBL = "rbl"
    """RBL."""
    BLACK_LIST = "black-list"
    """Static black list."""
    WHITE_LIST = "white-list"
    """Static white list."""
    TABLES = "tables"
    """Look-up tables."""
    TRANSPORTS = "transports"
    """SMTP transports."""
    TLS = "tls"
    """TLS, in and out."""
    POLICY_TESTS = "policy-tests"
    """The administrators' own tests."""
    OTHER = "other"
    """Everything else that the draft holds."""


ALL_RIGHTS = frozenset(Right)
ALL_AREAS = frozenset(Area)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or program: the audited `name`, where the call comes from (`source`), rights, and areas to edit.

    `person` is the id of the account, `session` that of the session; both are empty for a login of this machine, and
    the session for a token.
    """

    name: str
    source: str = "terminal"
    rights: frozenset[Right] = ALL_RIGHTS
    areas: frozenset[Area] = ALL_AREAS
    person: str = ""
    session: str = ""

    @classmethod
    def local(cls, login: str) -> Actor:
        """Make the actor for a login of this machine that may administer the gateway: all rights."""
        name = one_line(login, "The login name", 200)
        if not name:
            raise InvalidValue.of("The login name is empty.")
        return cls(f"local:{name}")

    def may(self, right: Right, *areas: Area) -> None:
        """Raise NotPermitted unless this actor has the right; for editing, in all of these areas."""
        missing = sorted(set(areas) - self.areas)
        if right in self.rights and missing:
            raise NotPermitted(
                f"{self.name} may not do this: it needs the right “{right.value}” for {', '.join(missing)}. "
                "Nothing was changed. Ask an administrator of this gateway."
            )
        if right not in self.rights:
            raise NotPermitted(
                f"{self.name} may not do this: it needs the right “{right.value}”. Nothing was changed. "
                "Ask an administrator of this gateway."
            )
