"""The directories of a private Postfix instance, with the owners and permissions that master(8) and its daemons need.

Making them again changes nothing that is right and repairs what is not. What is queued in them is never touched.
Source: `postfix check` and conf/postfix-files of Postfix 3.7; postfix.md §1.
"""

from __future__ import annotations

import grp
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.model.errors import NodeFailed
from sealgate.postfix.files import Files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
    """Make or repair the queue directory, the data directory and the directory of the log."""
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
