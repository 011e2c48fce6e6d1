"""The directories of a private Postfix instance, with the owners and permissions that master(8) and its daemons need.

Making them again changes nothing that is right and repairs what is not. What is queued in them is never touched.
Source: `postfix check` and conf/postfix-files of Postfix 3.7; postfix.md §1.
"""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.errors import NodeFailed
from sealgate.postfix.files import Files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SOCKET_NAME = 107
_LONGEST_SOCKET = "public/postlog"
"""The socket that every daemon reaches by its whole name; the others are reached from inside the queue directory."""

_MAIL_ONLY = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush"),
    *("hold", "incoming", "private", "saved", "trace"),
)


@dataclass(frozen=True, slots=True)
class Accounts:
    """The numbers of mail_owner and setgid_group."""

    mail_owner: int
    setgid_group: int

    @classmethod
    def named(cls, mail_owner: str = "postfix", setgid_group: str = "postdrop") -> Accounts:
        """Look the names up. Raises NodeFailed when Postfix's account or group does not exist."""
        try:
            return cls(pwd.getpwnam(mail_owner).pw_uid, grp.getgrnam(setgid_group).gr_gid)
        except KeyError as missing:
            raise NodeFailed(f"{missing.args[0]}. Install the package postfix, which makes it.") from missing


def prepare(queue_dir: Path, data_dir: Path, log_file: Path, accounts: Accounts, files: Files | None = None) -> None:
    """Make or repair the queue directory, the data directory and the directory of the log.

    Raises NodeFailed when the queue directory's name is too long for the sockets in it.
    """
    if len(os.fsencode(queue_dir / _LONGEST_SOCKET)) > _SOCKET_NAME:
        raise NodeFailed(
            f"The queue directory {queue_dir} has a name too long for Unix sockets, which end at {_SOCKET_NAME} bytes. "
            "Use a directory with a shorter name; nothing was made."
        )
    make = (files or Files(durable=False)).make_directory
    make(queue_dir, owner=(0, 0))
    for name in _MAIL_ONLY:
        make(queue_dir / name, mode=0o700, owner=(accounts.mail_owner, 0))
    make(queue_dir / "maildrop", mode=0o1730, owner=(accounts.mail_owner, accounts.setgid_group))
    make(queue_dir / "public", mode=0o2710, owner=(accounts.mail_owner, accounts.setgid_group))
    make(queue_dir / "pid", owner=(0, 0))
    make(data_dir, owner=(accounts.mail_owner, 0))
    _make_if_missing(log_file.parent, make)


def _make_if_missing(path: Path, make: Callable[[Path], None]) -> None:
    if not path.is_dir():
        make(path)
