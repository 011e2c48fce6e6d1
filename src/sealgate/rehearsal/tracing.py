"""What Postfix's log says of a trial's message: every line of it, through filter and re-injection, and where it stands.

A message is followed by its queue id to the ids that come of it: the one under which the filter handed it back
(`queued as`), and notices of non-delivery. A trial that got no queue id is followed by its smtpd session: lines of one
process between `connect` and `disconnect`. A message has settled when it is gone from the queue, was put on hold, or
was tried for every recipient that the queue manager counted and waits for another time. Pure: lines in, answers out.
Sources: the log lines of Postfix 3.7 to 3.10 (smtpd, cleanup, qmgr, smtp, bounce).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sealgate.rehearsal.trials import Ended, Trial

_ID = r"[0-9A-Za-z]{5,30}"
_OF_MESSAGE = re.compile(rf"\[\d+\]: (?P<id>{_ID}): (?P<text>.*)")
_LEADS_TO = re.compile(rf"(?:queued as|notification:) (?P<id>{_ID})")
_COUNTED = re.compile(r"nrcpt=(\d+) \(queue active\)")
_STATUS = re.compile(r"^to=<.*status=(?P<status>\w+)")
_KEPT = re.compile(r"^(?:milter-)?(?:hold|discard): ")
_PROCESS = re.compile(r"smtpd\[(?P<pid>\d+)\]: (?P<text>.*)")
_CONNECT = re.compile(r"^connect from \S*\[(?P<address>[^\]]*)\]")
_NOT_DELIVERED = ("deferred", "bounced", "expired", "undeliverable")


@dataclass(slots=True)
class Message:
    """What the log says of one queue id. `leads_to` are ids that came of it."""

    lines: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    leads_to: list[str] = field(default_factory=list)
    recipients: int = 0
    null_sender: bool = False
    ended: bool = False

    @property
    def settled(self) -> bool:
        """Whether nothing will happen to it before the next attempt, minutes from now.

        What has a status and stays must be deferred; a notice of what bounced meanwhile comes after the statuses.
        """
        if self.ended or not 0 < self.recipients <= len(self.statuses):
            return self.ended
        kinds = {status.partition(":")[0] for status in self.statuses}
        return "deferred" in kinds and ("bounced" not in kinds or self.null_sender or bool(self.leads_to))


class Trace:
    """All messages of a log, fed line by line."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self.messages: defaultdict[str, Message] = defaultdict(Message)
        self.feed(lines)

    def feed(self, lines: Iterable[str]) -> None:
        """Take further lines."""
        for line in lines:
            found = _OF_MESSAGE.search(line)
            if found:
                self._take(self.messages[found["id"]], line, found["text"])

    @staticmethod
    def _take(message: Message, line: str, text: str) -> None:
        message.lines.append(line)
        if status := _STATUS.match(text):
            message.statuses.append(f"{status['status']}: {text}")
        if counted := _COUNTED.search(text):
            message.recipients = int(counted[1])
            message.null_sender = text.startswith("from=<>")
            message.statuses.clear()
        if text == "removed" or _KEPT.match(text):
            message.ended = True
        message.leads_to += [one["id"] for one in _LEADS_TO.finditer(text)]

    def chain(self, queue_id: str) -> tuple[str, ...]:
        """Return a message's id and all that came of it, in the order in which they did."""
        found: dict[str, None] = {}
        waiting = [queue_id]
        while waiting:
            one = waiting.pop(0)
            if one not in found:
                found[one] = None
                waiting += self._of(one).leads_to
        return tuple(found)

    def _of(self, queue_id: str) -> Message:
        return self.messages.get(queue_id, Message())

    def settled(self, queue_ids: Iterable[str]) -> bool:
        """Tell whether these messages, and all that came of them, have settled."""
        return all(self._of(name).settled for one in queue_ids for name in self.chain(one))

    def gone(self, queue_id: str) -> bool:
        """Tell whether a message and all that came of it are out of the queue, or kept on purpose."""
        chain = self.chain(queue_id)
        return bool(chain) and all(self.messages[name].ended for name in chain)

    def standing(self, queue_id: str) -> tuple[str, ...]:
        """Return the status lines of what was not delivered: deferred, bounced, held, or still under way."""
        found = []
        for name in self.chain(queue_id):
            message = self._of(name)
            found += [one for one in message.statuses if one.startswith(_NOT_DELIVERED)]
            found += [line for line in message.lines if f"{name}: hold: " in line or f"{name}: milter-hold: " in line]
            if not message.settled:
                found.append(f"still under way: {name}")
        return tuple(found)


@dataclass(slots=True)
class _Session:
    address: str
    lines: list[str] = field(default_factory=list)
    taken: bool = False


def with_lines(trials: Iterable[Trial], ended: Mapping[str, Ended], log: Sequence[str]) -> dict[str, Ended]:
    """Return how the trials ended with what was logged of each, in the order of the log."""
    trace, sessions = Trace(log), _sessions(log)
    order = {line: number for number, line in enumerate(log)}
    found: dict[str, Ended] = {}
    for trial in trials:
        end = ended[trial.id]
        lines: set[str] = set()
        session = _session_of(trial, end, sessions)
        if session is not None:
            session.taken = True
            lines.update(session.lines)
        for name in trace.chain(end.queue_id) if end.queue_id else ():
            lines.update(trace.messages[name].lines)
        found[trial.id] = replace(end, log=tuple(sorted(lines, key=order.__getitem__)))
    return found


def _sessions(log: Sequence[str]) -> list[_Session]:
    """Return the sessions of smtpd: one process holds one at a time."""
    found: list[_Session] = []
    open_: dict[str, _Session] = {}
    for line in log:
        said = _PROCESS.search(line)
        if not said:
            continue
        if connect := _CONNECT.match(said["text"]):
            open_[said["pid"]] = _Session(connect["address"])
            found.append(open_[said["pid"]])
        if said["pid"] in open_:
            open_[said["pid"]].lines.append(line)
        if said["text"].startswith("disconnect from"):
            open_.pop(said["pid"], None)
    return found


def _session_of(trial: Trial, end: Ended, sessions: Sequence[_Session]) -> _Session | None:
    """Return the session that most likely was this trial's: by queue id, else by address and envelope."""
    if not end.replies or end.replies[0].code == 0:
        return None
    best, most = None, 0
    for session in sessions:
        score = 0 if session.taken else _likeness(trial, end, session)
        if score > most:
            best, most = session, score
    return best


def _likeness(trial: Trial, end: Ended, session: _Session) -> int:
    lines = session.lines
    if end.queue_id:
        return 8 if any(f"]: {end.queue_id}: " in line for line in lines) else 0
    if session.address != trial.client.address and not (trial.client.opening or trial.client.extra):
        return 0
    score = 1
    for wanted in (f"from=<{trial.sender}>", *(f"to=<{one}>" for one in trial.recipients)):
        score += 2 * any(wanted in line for line in lines)
    return score + any(f"helo=<{trial.client.helo}>" in line for line in lines)
