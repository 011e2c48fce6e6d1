"""The whole gateway in one file, encrypted to a passphrase; and back.

Inside the encryption (`link/passphrase.py`) stand a line that says what the file is, a line with the node group's
private key, which the agent encrypts to the same passphrase itself, so that control never sees it, and then everything
in the database. Restoring happens in one transaction: a wrong passphrase, a damaged or newer file, a key that the node
refuses, a full disk leave everything as it was. People come back with their passwords and roles, sessions never do; a
token that this gateway knows as revoked stays revoked.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import errno
import json
import shutil
import tempfile
import threading
import weakref
from contextlib import closing
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from sealgate import __version__
from sealgate.link.passphrase import check_passphrase, decrypt, encrypt
from sealgate.model.errors import InvalidValue, ProofNeeded, Refused, StoreFailed
from sealgate.services import sessions
from sealgate.services.actor import Right
from sealgate.services.standing import in_force_by
from sealgate.store.dumping import dump, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway
    from sealgate.store import Reader

    OnStep = Callable[[str, int], None]

FORMAT = 1
_READ = 1 << 20
_TELL_EVERY = 1 << 22
MOST_SENDING = 15 * 60
"""Seconds in which a backup that was made to be sent is fetched; then its file is gone."""
KEPT_FREE = 64 << 20
"""Bytes that a backup to be sent leaves free on the disk of the database."""
_ONE = threading.Lock()
"""Held from when a backup is made to be sent until its file is gone: each takes room for a copy of everything."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a backup holds: its size in bytes and the revision in force then (0: none)."""

    size: int
    revision: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: when the backup was made (ISO 8601), and the revision in force then (0: none)."""

    at: str
    revision: int


class Spool:
    """A backup to be sent: a file without a name, which has the one place for such a file until it is closed.

    It closes itself after `seconds`, and when nobody has it any more, as when whoever asked went away.
    """

    def __init__(self, file: IO[bytes], seconds: float = MOST_SENDING) -> None:
        self._file = file
        self._end = weakref.finalize(self, _give_back, file)
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    @property
    def closed(self) -> bool:
        """Whether the file is gone."""
        return not self._end.alive

    def read(self) -> bytes:
        """Return the next piece, empty at the end; StoreFailed when the time was over before."""
        try:
            return self._file.read(_READ)
        except ValueError:  # closed meanwhile
            raise StoreFailed("The backup was not fetched in time, so its end is missing. Make another one.") from None

    def close(self) -> None:
        """Let the file go, and with it the place."""
        self._timer.cancel()
        self._end()


def _give_back(file: IO[bytes]) -> None:
    file.close()
    _ONE.release()


def backup(gateway: Gateway, actor: Actor, passphrase: str, target: IO[bytes], tell: OnStep) -> Written:
    """Write the whole gateway to a file; NodeUnreachable without the agent, which alone has the key."""
    actor.may(Right.BACKUP)
    keys = gateway.node(actor).backup_keys(passphrase)
    with gateway.writing(actor) as writer:
        writer.audit("backup", "gateway")
    with gateway.store.reading() as reader:
        size = told = 0
        for piece in encrypt(passphrase, _clear(reader, keys)):
            target.write(piece)
            size += len(piece)
            if size - told >= _TELL_EVERY:
                told = size
                tell("writing, bytes", size)
        return Written(size, reader.in_force)


def needs_proof(gateway: Gateway, actor: Actor) -> bool:
    """Tell whether a session has to prove again who it is; terminal and tokens have nothing to prove."""
    return bool(actor.session) and not sessions.is_recent(gateway, actor)


def require_proof(gateway: Gateway, actor: Actor) -> None:
    """Raise ProofNeeded where `needs_proof` says so, NotPermitted for who makes no backups."""
    actor.may(Right.BACKUP)
    if needs_proof(gateway, actor):
        raise ProofNeeded("A backup needs a fresh proof of who you are. Nothing was done. Sign in again, then repeat.")


def spooled(
    gateway: Gateway, actor: Actor, passphrase: str, *, kept_free: int = KEPT_FREE, seconds: float = MOST_SENDING
) -> tuple[Spool, Written]:
    """Make a backup in a file without a name, sealed from its first byte, to be sent; one at a time until it is sent.

    It is complete before anything of it is sent, so a backup that fails is bad news and never half a file, and a slow
    reader does not hold the database. Whoever gets the file closes it, and with that it is gone; after `seconds` it is
    in any case. StoreFailed, and nothing is left behind, where fewer than `kept_free` bytes would stay free.
    """
    require_proof(gateway, actor)
    check_passphrase(passphrase)
    if not _ONE.acquire(blocking=False):
        raise Refused("Another backup is being made or fetched just now. Nothing was done. Try again in a minute.")
    try:
        file, written = _written(gateway, actor, passphrase, kept_free)
    except BaseException:
        _ONE.release()
        raise
    return Spool(file, seconds), written


def _written(gateway: Gateway, actor: Actor, passphrase: str, kept_free: int) -> tuple[IO[bytes], Written]:
    where = gateway.settings.control_directory

    def look(_text: str = "", _count: int = 0) -> None:
        if shutil.disk_usage(where).free < kept_free:
            raise OSError(errno.ENOSPC, f"fewer than {kept_free >> 20} MiB would stay free")

    try:
        look()
        file = tempfile.TemporaryFile(dir=where)  # noqa: SIM115 - closed by who sends it
        try:
            written = backup(gateway, actor, passphrase, file, look)
            file.seek(0)
        except BaseException:
            file.close()
            raise
    except OSError as fault:
        raise StoreFailed(
            f"The backup could not be written on the gateway: {fault.strerror}. It needs room for a whole copy for a "
            "moment. Nothing was changed."
        ) from None
    return file, written


def in_pieces(spool: Spool) -> Iterator[bytes]:
    """Give a backup in pieces, and close it: with the last one its file is gone already."""
    with closing(spool):
        piece = spool.read()
        while piece:
            following = spool.read()
            if not following:
                spool.close()
            yield piece
            piece = following


def restore(gateway: Gateway, actor: Actor, passphrase: str, source: IO[bytes], tell: OnStep) -> Restored:
    """Replace the whole gateway by what a backup holds, people included, and give the node its key back."""
    actor.may(Right.BACKUP)
    actor.may(Right.OWN)
    lines = _lines(decrypt(passphrase, iter(lambda: source.read(_READ), b"")), tell)
    head = _head(next(lines, b""))
    keys = _keys(next(lines, b""))
    node = gateway.node(actor)
    status = node.status()
    with gateway.writing(actor) as writer:
        replaced, revoked = writer.audit_newest(limit=1), writer.people.revoked_tokens()
        load(writer, lines)
        writer.people.keep_revoked(revoked)
        detail: dict[str, Any] = {"made": head["at"]}
        if replaced:
            detail["replaced"] = {"number": replaced[0].number, "hash": replaced[0].hash}
        writer.audit("restore-backup", "gateway", detail)
        revision = writer.in_force
        writer.set_in_force(in_force_by(writer, status))
        node.restore_keys(passphrase, keys)
    return Restored(head["at"], revision)


def _clear(reader: Reader, keys: bytes) -> Iterator[bytes]:
    at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    yield _line({"sealgate": FORMAT, "version": __version__, "at": at, "revision": reader.in_force})
    yield _line({"keys": base64.b64encode(keys).decode("ascii")})
    yield from dump(reader)


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _lines(pieces: Iterable[bytes], tell: OnStep) -> Iterator[bytes]:
    """Give the lines of a text that comes in pieces."""
    waiting, read, told = b"", 0, 0
    for piece in pieces:
        *whole, waiting = (waiting + piece).split(b"\n")
        yield from whole
        read += len(piece)
        if read - told >= _TELL_EVERY:
            told = read
            tell("reading, bytes", read)
    if waiting:
        yield waiting


def _head(line: bytes) -> dict[str, Any]:
    head = _object(line)
    if not isinstance(head.get("sealgate"), int) or not isinstance(head.get("at"), str):
        raise _broken()
    if head["sealgate"] > FORMAT:
        raise InvalidValue.of(
            f"The backup was made by a newer Sealgate ({head.get('version')}). Nothing was changed.",
            "Install that version, then restore.",
        )
    return head


def _keys(line: bytes) -> bytes:
    try:
        return base64.b64decode(str(_object(line).get("keys")), validate=True)
    except binascii.Error:
        raise _broken() from None


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        raise _broken() from None
    if not isinstance(value, dict):
        raise _broken()
    return value


def _broken() -> InvalidValue:
    return InvalidValue.of("The file does not hold what a backup should. Nothing was changed.", "Use another copy.")
