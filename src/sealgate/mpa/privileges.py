"""Giving up root for good: real, effective and saved ids and every supplementary group."""

from __future__ import annotations

import os
import pwd


class UserUnusableError(Exception):
    """The user to become does not exist, or is root."""


def find_user(name: str) -> pwd.struct_passwd:
    """Return the user's entry; raise UserUnusableError with a sentence for people."""
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        raise UserUnusableError(f"the user {name} does not exist; create it, or name another one") from None
    if user.pw_uid == 0:
        raise UserUnusableError(f"the user {name} is root; mail is not handled as root, name another one")
    return user


def become(user: pwd.struct_passwd) -> None:
    """Become `user` with the groups that the system gives it, irrevocably; only root can."""
    os.initgroups(user.pw_name, user.pw_gid)
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
