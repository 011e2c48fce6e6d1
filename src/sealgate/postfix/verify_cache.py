"""The cache of recipient verification: what verify(8) knows of an address, and forgetting it while Postfix runs.

The cache is an lmdb table whose entries verify(8) writes as `status:probed:updated:text`. An lmdb table may be read
and changed by several processes at once, so asking and clearing need no stop and no reload: clearing takes the keys
out one by one, and verify(8) asks the next hop again the next time. Other types are locked by verify(8) for as long
as it runs; they are refused with a sentence. Sources: verify(8), ADDRESS_VERIFICATION_README, verify.c (entry
format), lmdb_table(5).
"""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from sealgate.model.errors import NodeFailed
from sealgate.postfix.parameters import values
from sealgate.postfix.tables import Tables, TableType, file_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sealgate.postfix.command import Programs

_ENTRY = re.compile(r"(\d+):(\d+):(\d+):(.*)", re.DOTALL)
_MANY = 200
_OWN_KEYS = "_LAST_CACHE_CLEANUP_COMPLETED_"


class Status(StrEnum):
    """What verify(8) found out."""

    DELIVERABLE = "deliverable"
    DEFERRED = "deferred"
    UNDELIVERABLE = "undeliverable"
    PENDING = "pending"


_STATUS = {"0": Status.DELIVERABLE, "1": Status.DEFERRED, "2": Status.UNDELIVERABLE, "3": Status.PENDING}


@dataclass(frozen=True, slots=True)
class Verified:
    """What is known of one address. `probed`: when a probe was last sent; `updated`: when the last answer came."""

    address: str
    status: Status
    probed: datetime | None
    updated: datetime | None
    text: str


class VerifyCache:
    """The verify cache of the instance whose configuration `programs` name."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._tables = Tables(programs)

    def lookup(self, address: str) -> Verified | None:
        """Return what is known of an address; None when nothing is, or no cache exists yet."""
        path = self._path()
        if path is None:
            return None
        found, said = self._tables.query(path, TableType.LMDB, address.lower())
        if said:
            raise NodeFailed(f"The verify cache cannot be read: {said[0].text}")
        return entry(address.lower(), found) if found is not None else None

    def entries(self) -> Iterator[Verified]:
        """Give everything known, in order of addresses."""
        path = self._path()
        if path is None:
            return
        for address, value in self._tables.contents(path, TableType.LMDB):
            known = entry(address, value)
            if known is not None and address != _OWN_KEYS:
                yield known

    def clear(self, addresses: Iterable[str] | None = None, *, reopen: Callable[[], object] | None = None) -> int:
        """Forget these addresses, or all; return how many were known. Works while Postfix runs.

        Taking out a key costs some 2 ms. With `reopen`, which makes Postfix open its tables anew (a reload), a large
        cache is replaced by an empty one instead.
        """
        path = self._path()
        if path is None:
            return 0
        known = [one.address for one in self.entries()]
        if addresses is None and reopen is not None and len(known) > _MANY:
            self._replace(path)
            reopen()
            return len(known)
        if addresses is not None:
            wanted = {address.lower() for address in addresses}
            known = [address for address in known if address in wanted]
        self._tables.take_out(path, TableType.LMDB, known)
        return len(known)

    def _replace(self, path: Path) -> None:
        """Put an empty table in the cache's place. What verify(8) still writes into the old one is lost with it."""
        old = file_of(path, TableType.LMDB).stat()
        mode = stat.S_IMODE(old.st_mode)
        built = self._tables.build(path, TableType.LMDB, (), mode=mode, owner=(old.st_uid, old.st_gid))
        if not built.whole:
            raise NodeFailed(f"The verify cache was not cleared: {built.complaints[0].text}")

    def _path(self) -> Path | None:
        """Return the path of the cache without suffix; None while there is none."""
        named = values(self._programs, "address_verify_map").get("address_verify_map", "")
        kind, _, path = named.removeprefix("proxy:").partition(":")
        if not named:
            return None
        if kind != TableType.LMDB:
            raise NodeFailed(
                f"The verify cache is {named}, which verify(8) locks while it runs. Use lmdb for address_verify_map."
            )
        return Path(path) if Path(f"{path}.lmdb").is_file() else None


def entry(address: str, value: str) -> Verified | None:
    """Read an entry as verify(8) writes it; None for what is none."""
    found = _ENTRY.fullmatch(value)
    if found is None or found[1] not in _STATUS:
        return None
    return Verified(address, _STATUS[found[1]], _moment(found[2]), _moment(found[3]), found[4])


def _moment(seconds: str) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if int(seconds) else None
