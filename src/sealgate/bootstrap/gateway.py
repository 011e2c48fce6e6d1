"""Making the directory of a gateway: what `sealgate init` does.

A gateway is one directory; what belongs to whom in it is what keeps the halves apart, so owners and modes are made
here and nowhere else. Nothing is started and no port is opened. `sealgate.toml` is written last and whole: where it
stands the gateway is complete, and where a former attempt broke off, the next one completes it. An existing gateway is
never changed.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sealgate.link import sealing
from sealgate.model.errors import InvalidValue, NotFound, NotPermitted, Refused
from sealgate.settings import FILE_NAME, Settings, keys

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_SOCKET_PATH = 107  # unix(7)
_SAFE_PATH = re.compile(r"[A-Za-z0-9/._+-]+")


@dataclass(frozen=True, slots=True)
class _Place:
    """One directory of a gateway: its name, its mode, and the settings that name its owner and group."""

    name: str
    mode: int
    owner: str = ""
    group: str = ""


_PLACES = (
    _Place("log", 0o755, group="admin_group"),
    _Place("run", 0o755, group="admin_group"),
    _Place("node", 0o700),
    _Place("postfix", 0o755),
    _Place("postfix/releases", 0o755),
    _Place("control", 0o2770, owner="control_user", group="admin_group"),
)


def make_gateway(directory: Path, values: Mapping[str, object]) -> Settings:
    """Make the gateway `directory` with these settings and return them as they are in force.

    Raises NotPermitted without root, Refused where a gateway or something else is already, InvalidValue for a place or
    a value that cannot be used, NotFound when a service user does not exist.
    """
    if os.geteuid() != 0:
        raise NotPermitted("Making a gateway needs root, because Postfix does. Nothing was made. Use sudo.")
    directory = Path(os.path.abspath(directory))  # noqa: PTH100 - links stay as they were given
    _refuse_what_is_there(directory)
    settings = Settings.of(directory, values)
    _refuse_unusable_place(directory, settings)
    _make_directories(directory, settings)
    _make_key(settings)
    _write(settings.log_file, b"", 0o640, 0, _group(settings.admin_group))
    _write(settings.file, _toml(values), 0o640, 0, _group(settings.admin_group))
    return Settings.load(directory)


def _refuse_what_is_there(directory: Path) -> None:
    if (directory / FILE_NAME).exists():
        raise Refused(f"{directory} is a gateway already; nothing was changed. Start it: sealgate up --dir {directory}")
    if directory.exists() and not directory.is_dir():
        raise Refused(f"{directory} is a file; nothing was changed. Name a directory that is new or empty.")
    ours = {place.name.partition("/")[0] for place in _PLACES}
    foreign = (
        sorted(entry.name for entry in directory.iterdir() if entry.name not in ours) if directory.exists() else []
    )
    if foreign:
        raise Refused(
            f"{directory} holds other things ({', '.join(foreign[:3])}); nothing was changed. "
            "Name a directory that is new or empty."
        )


def _refuse_unusable_place(directory: Path, settings: Settings) -> None:
    """Refuse a place that Postfix cannot be told of, that its users cannot enter, or that others can swap."""
    if not _SAFE_PATH.fullmatch(str(directory)):
        raise InvalidValue.of(
            f"{directory} cannot be written in a Postfix configuration.",
            "Use letters, digits and . _ + - in the path.",
            "DIR",
        )
    if len(os.fsencode(settings.agent_socket)) > _LONGEST_SOCKET_PATH:
        raise InvalidValue.of(f"{directory} is too long for a socket below it.", "Use a shorter path.", "DIR")
    for place in directory.parents:
        if place.exists() and not place.stat().st_mode & stat.S_IXOTH:
            raise InvalidValue.of(
                f"The user {settings.mpa_user} cannot enter {place}.", "Use a place such as /var/lib/sealgate.", "DIR"
            )
        if place.exists() and _others_may_change(place.stat()):
            raise InvalidValue.of(
                f"Others than root can change what lies in {place}, so they could put another gateway there.",
                "Use a place such as /var/lib/sealgate.",
                "DIR",
            )


def _others_may_change(place: os.stat_result) -> bool:
    open_to_others = place.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not place.st_mode & stat.S_ISVTX
    return place.st_uid != 0 or bool(open_to_others)


def _make_directories(directory: Path, settings: Settings) -> None:
    wanted = [(directory / p.name, p.mode, _user(settings, p.owner), _group_of(settings, p.group)) for p in _PLACES]
    _user(settings, "mpa_user")
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    os.chown(directory, 0, 0)
    directory.chmod(0o755)
    for path, mode, owner, group in wanted:
        path.mkdir(mode=0o700, exist_ok=True)
        os.chown(path, owner, group)
        path.chmod(mode)


def _make_key(settings: Settings) -> None:
    """Make the node group's key pair, unless a former attempt did; the private half never leaves `node`."""
    if settings.group_key_file.exists():
        return
    pair = sealing.generate()
    _write(settings.public_key_file, pair.public, 0o644, 0, _group(settings.admin_group))
    _write(settings.group_key_file, pair.private, 0o600, 0, 0)


def _user(settings: Settings, key: str) -> int:
    name = getattr(settings, key) if key else "root"
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise NotFound(
            f"The user {name} does not exist; nothing was made. Make it: useradd --system --no-create-home "
            f"--shell /usr/sbin/nologin --user-group {name}"
        ) from None


def _group_of(settings: Settings, key: str) -> int:
    return _group(getattr(settings, key)) if key else 0


def _group(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        message = f"The group {name} does not exist; nothing was made. Make it: groupadd --system {name}"
        raise NotFound(message) from None


def _write(file: Path, content: bytes, mode: int, owner: int, group: int) -> None:
    """Write a file that has its name only when it is complete, with its mode from the first moment."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb", closefd=False) as stream:
            stream.write(content)
        os.fchown(descriptor, owner, group)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.rename(file)


def _toml(values: Mapping[str, object]) -> bytes:
    """Return the text of the settings file: every key with its meaning, those not given as comments."""
    lines = ["# The settings of this gateway. Changes count from the next `sealgate up` on.", ""]
    for key, meaning in keys().items():
        default = Settings.model_fields[key].default
        lines += [f"# {meaning}", f"{key} = {values[key]}" if key in values else f"# {key} = {_literal(default)}", ""]
    return "\n".join(lines).encode()


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_literal, value))}]"
    return json.dumps(value)  # strings, numbers and truth values are written alike in TOML
