"""The event log: one JSON object a line for every message that was sent to the MPA.

    {"time": "2026-07-01T10:00:00.123456Z", "event": "message", "decision": "pass", "reason": "",
     "queue_id_in": "4XY…", "queue_id_out": "4XZ…",
     "client": {"address": …, "name": …, "port": …, "helo": …, "protocol": …},
     "sender": …, "recipients": [{"address": …, "outcome": "passed", "reply": "250 2.0.0 Ok…"}],
     "size": 10240, "message_id": "<…>", "milliseconds": 23.4, "worker": 4711}

Both queue ids join it to Postfix's log. Outcomes are `passed`, `deferred` and `refused`. The log never holds any
part of a body, nor a header field other than Message-ID. Files are only appended to, one write(2) a line, so
workers share one file. A rotation is followed by itself: when the name means another file, at most a second later the
next event goes there (`reopen()` does it at once). A line that could not be written does not stop mail: the next
that can is preceded by `{"event": "events-lost", "count": N}`, and the first loss is said on the program's own log.
"""

from __future__ import annotations

import json
import logging
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sealgate.mpa.envelope import Envelope
    from sealgate.mpa.reply import Reply

log = logging.getLogger("sealgate.mpa")
_LOOK_EVERY = 1.0


class EventLog:
    """An append-only file of events."""

    def __init__(self, path: Path) -> None:
        """Open the file, or raise OSError."""
        self.path = path
        self._descriptor = _open(path)
        self._torn = self._astray = False
        self._lost = 0
        self._next_look = 0.0

    def reopen(self) -> None:
        """Go on in the file that has the name now; keep the old one when that cannot be opened."""
        try:
            descriptor = _open(self.path)
        except OSError as error:
            if not self._astray:
                log.error("the event log cannot be opened again, events go on into the old file: %s", error)  # noqa: TRY400
            self._astray = True
            return
        os.close(self._descriptor)
        self._descriptor, self._torn, self._astray = descriptor, False, False

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def give_to(self, user: int, group: int) -> None:
        """Make the file the property of the user the program is going to be."""
        os.fchown(self._descriptor, user, group)

    def write(self, event: dict[str, object]) -> None:
        """Append one event; `time` and `worker` are added."""
        if self._lost and not self._append({"event": "events-lost", "count": self._lost}):
            self._lost += 1
        elif self._append(event):
            self._lost = 0
        else:
            self._lost = 1

    def _follow_rotation(self) -> None:
        """Look, at most once a second, whether the name still means the file that is open."""
        moment = time.monotonic()
        if moment < self._next_look:
            return
        self._next_look = moment + _LOOK_EVERY
        try:
            named = self.path.lstat()
        except OSError:
            named = None
        if named is None or not os.path.samestat(named, os.fstat(self._descriptor)):
            self.reopen()

    def _append(self, event: dict[str, object]) -> bool:
        self._follow_rotation()
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        text = json.dumps({"time": now, **event, "worker": os.getpid()}, ensure_ascii=False)
        line = ("\n" * self._torn + text + "\n").encode("utf-8", "replace")
        try:
            written = os.write(self._descriptor, line)
        except OSError as error:
            written, problem = 0, str(error)
        else:
            problem = "the line was cut"
        if written == len(line):
            self._torn = False
            return True
        self._torn = self._torn or written > 0
        if not self._lost:
            log.error("an event could not be written to %s (%s); mail goes on without events", self.path, problem)
        return False


def message_event(
    envelope: Envelope, replies: Sequence[Reply], *, decision: str, reason: str, size: int
) -> dict[str, object]:
    """Put together what is known of a message and its outcome."""
    return {
        "event": "message",
        "decision": decision,
        "reason": reason,
        "queue_id_in": envelope.queue_id,
        "queue_id_out": next((reply.queue_id for reply in replies if reply.accepted), ""),
        "client": {
            "address": envelope.client(b"ADDR").removeprefix("IPV6:"),
            "name": envelope.client(b"NAME"),
            "port": envelope.client(b"PORT"),
            "helo": envelope.client(b"HELO"),
            "protocol": envelope.client(b"PROTO"),
        },
        "sender": envelope.sender.decode("utf-8", "replace"),
        "recipients": [
            {"address": recipient.address.decode("utf-8", "replace"), "outcome": _outcome(reply), "reply": str(reply)}
            for recipient, reply in zip(envelope.recipients, replies, strict=True)
        ],
        "size": size,
    }


def _outcome(reply: Reply) -> str:
    if reply.accepted:
        return "passed"
    return "refused" if reply.permanent else "deferred"


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
