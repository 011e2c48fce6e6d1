"""The database: the draft, the revisions, the audit, and what belongs to them.

SQL is written in this package only. Everything else opens a `Store`, reads through a `Reader` and its `View`s, and
changes through a `Writer`. One code for SQLite and PostgreSQL.
"""

from __future__ import annotations

from sealgate.store.fetches import GOOD, Ended, Fetch
from sealgate.store.jobs import Job
from sealgate.store.reader import Reader
from sealgate.store.records import (
    ANY,
    AuditEntry,
    Candidate,
    Change,
    PendingChange,
    Revision,
    Stored,
    Summary,
    Version,
)
from sealgate.store.session import Store
from sealgate.store.views import View
from sealgate.store.writer import Writer

__all__ = [
    "ANY",
    "GOOD",
    "AuditEntry",
    "Candidate",
    "Change",
    "Ended",
    "Fetch",
    "Job",
    "PendingChange",
    "Reader",
    "Revision",
    "Store",
    "Stored",
    "Summary",
    "Version",
    "View",
    "Writer",
]
