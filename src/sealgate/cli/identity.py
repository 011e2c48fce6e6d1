"""Who calls, and as whom the store is opened.

SQLite makes `-wal` and `-shm` files beside the database, and they belong to whoever opens it first: opened by root,
they would lock out the gateway's own user. So a call as root becomes the owner of the control directory first
(effective ids only), and returns to the caller's own ids for the moment in which a file that the caller named is
opened: never is such a file read with rights that the caller has not. Others need the gateway's group. Files of the
gateway are made for owner and group; files that the caller named follow the caller's umask.

The audited name is the login: for root the login uid that the kernel keeps over sudo and su (`/proc/self/loginuid`),
then SUDO_USER; for others the real user.
"""

from __future__ import annotations

import contextlib
import os
import pwd
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sealgate.model.errors import NotPermitted

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNSET = 2**32 - 1
_SHARED = 0o007
_LOGINUID = Path("/proc/self/loginuid")


def login_name() -> str:
    """Return the name of the person at the terminal, as the audit shows it."""
    user = os.getuid()
    if user == 0:
        user = _login_uid()
        if user == 0 and (name := os.environ.get("SUDO_USER", "")):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name).pw_name
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(user).pw_name
    return f"uid-{user}"


def _login_uid() -> int:
    try:
        user = int(_LOGINUID.read_text("ascii"))
    except (OSError, ValueError):
        return 0
    return 0 if user == _UNSET else user


@dataclass(slots=True)
class Identity:
    """The ids of the caller, and those under which the store is used."""

    _caller: tuple[int, int, list[int]] = field(default_factory=lambda: (os.geteuid(), os.getegid(), os.getgroups()))
    _switched: bool = False
    _mask: int | None = None

    def become_owner_of(self, directory: Path) -> None:
        """Take on the ids of the directory's owner when called as root; else make sure that the caller may use it.

        Raises NotPermitted for a caller without rights.
        """
        if os.geteuid() != 0:
            _require_access(directory)
            self._share()
            return
        self._share()
        owner = directory.stat()
        if owner.st_uid == 0:
            return
        try:
            groups = os.getgrouplist(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid)
        except KeyError:
            groups = [owner.st_gid]
        _switch(owner.st_uid, owner.st_gid, groups)
        self._switched = True

    @contextlib.contextmanager
    def as_caller(self) -> Iterator[None]:
        """Act with the caller's own ids inside the block."""
        now, mask = (os.geteuid(), os.getegid(), os.getgroups()), self._mask
        self.give_back()
        try:
            yield
        finally:
            if mask is not None:
                self._share()
            if now != self._caller:
                _switch(*now)
                self._switched = True

    def give_back(self) -> None:
        """Return to the caller's ids and umask."""
        if self._switched:
            _return(*self._caller)
            self._switched = False
        if self._mask is not None:
            os.umask(self._mask)
            self._mask = None

    def _share(self) -> None:
        """Let the gateway's group read and write what is made from now on."""
        self._mask = os.umask(_SHARED)


def _switch(user: int, group: int, groups: list[int]) -> None:
    os.setgroups(groups)
    os.setegid(group)
    os.seteuid(user)


def _return(user: int, group: int, groups: list[int]) -> None:
    os.seteuid(user)
    os.setegid(group)
    os.setgroups(groups)


def _require_access(directory: Path) -> None:
    try:
        owner = directory.stat()
    except PermissionError:
        owner = None
    if owner is None or not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        raise NotPermitted(
            f"{login_name()} may not administer the gateway in {directory.parent}. "
            "Become root, or a member of the group that owns it, and log in again."
        )
