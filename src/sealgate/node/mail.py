"""Queue, log and verify cache of the running Postfix, for the link.

Looking costs what it shows: lists are streamed, a log is read from its end. Acting on messages follows a filter, and
with `count_only` nothing is done. What was found when counting may have been delivered when acting: the answer says how
many Postfix really touched.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from typing import TYPE_CHECKING

from sealgate.link.upkeep import (
    Count,
    FileInfo,
    Log,
    LogLines,
    QueueMessage,
    QueueRecipient,
    QueueVerb,
    VerifyAnswer,
)
from sealgate.model.errors import InvalidValue, NodeFailed, NotFound
from sealgate.model.next_steps import Act, Step
from sealgate.postfix.logfile import LogFile, Position
from sealgate.postfix.logs import MailLog, record
from sealgate.postfix.queue import Filter, Queue
from sealgate.postfix.verify_cache import VerifyCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from sealgate.link.conversation import Conversation
    from sealgate.link.messages import Nothing
    from sealgate.link.upkeep import LogPart, QueueAct, QueueFilter, QueueView, VerifyShow
    from sealgate.postfix.logs import Record
    from sealgate.postfix.master import Instance
    from sealgate.postfix.queue import Content, Done, Message

_LINES_AT_ONCE = 500
_MOST_LINES = 10_000
_FIRST = 1 << 21
_PART = 1 << 18
"""Bytes of the log that one answer holds: at first, and from a place on."""
FURTHEST = 1 << 24
"""Bytes of the log behind which no place may lie: who was away longer begins there."""
_PLACE = re.compile(r"([0-9]{1,20}):([0-9]{1,18})")


class Mail:
    """Answers about mail."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._queue = Queue(instance.programs)
        self._log = MailLog(instance.paths.log_file)
        self._verified = VerifyCache(instance.programs)

    def handlers(self) -> Mapping[str, Callable[[Any, Conversation], Any]]:
        """Return what answers each of these verbs."""
        return {
            "queue-list": self.show_queue,
            "queue-view": self.view,
            "queue-act": self.act,
            "log": self.log,
            "log-part": self.log_part,
            "verify-show": self.show,
            "verify-clear": self.clear,
        }

    def show_queue(self, question: QueueFilter, talk: Conversation) -> Count:
        """Send the messages that a filter finds."""
        self._require()
        count = 0
        for message in itertools.islice(self._found(question), question.limit):
            talk.item(_for_link(message))
            count += 1
        return Count(count)

    def view(self, question: QueueView, talk: Conversation) -> FileInfo:
        """Send one message as text: envelope, header, body."""
        self._require()
        content = _as_text(self._queue.view(question.id)).encode()
        talk.content(content)
        return FileInfo(question.id, len(content), hashlib.sha256(content).hexdigest())

    def act(self, question: QueueAct, _talk: Conversation) -> Count:
        """Do something with all messages that a filter finds, or only count them; its limit is for lists."""
        self._require()
        ids = [message.id for message in self._found(question.filter)]
        if question.count_only:
            return Count(len(ids), f"{len(ids)} messages are meant.")
        done = self._act(question.verb, ids)
        said = "; ".join(complaint.text for complaint in done.complaints)
        return Count(done.done, f"{done.done} of {len(ids)} messages: {question.verb}. {said}".rstrip())

    def log(self, question: Log, talk: Conversation) -> Count:
        """Send lines of the log, many at a time; with `follow` until the asker leaves."""
        file = LogFile(self._instance.paths.log_file)
        end = file.end()
        count = 0
        for batch in _batches(self._lines(question, file)):
            talk.item(batch)
            count += len(batch)
        if question.follow:
            wanted = question.message
            for record in self._log.follow(end, talk.gone):
                if not wanted or wanted in (record.queue_id, *record.links):
                    talk.item([_as_line(record)])
                    count += 1
        return Count(count)

    def log_part(self, question: LogPart, _talk: Conversation) -> LogLines:
        """Return what the log has behind a place, if that is not too far back; the place says nothing of the log."""
        file = LogFile(self._instance.paths.log_file)
        if not question.after and question.message:
            end = file.end()
            asked = Log(min(question.lines, _MOST_LINES), question.message)
            return LogLines(tuple(self._lines(asked, file)), _place(end), more=False)
        if not question.after:
            lines, end = file.last(min(question.lines, _MOST_LINES), _FIRST)
            return LogLines(tuple(lines), _place(end), more=False)
        asked_for = _position(question.after)
        position = within_reach(file, asked_for)
        passed_over = position != asked_for
        lines, end = file.part(position, _PART)
        more = bool(lines) and end != file.end()
        if passed_over and position.offset:
            lines = lines[1:]  # it may be half a line
        return LogLines(tuple(_about(lines, question.message, self._log)), _place(end), more, passed_over)

    def show(self, question: VerifyShow, _talk: Conversation) -> VerifyAnswer:
        """Look an address up in the verify cache."""
        self._require()
        found = self._verified.lookup(question.address)
        if found is None:
            return VerifyAnswer(question.address, found=False)
        return VerifyAnswer(
            found.address,
            found=True,
            status=str(found.status),
            text=found.text,
            probed=found.probed.timestamp() if found.probed else None,
            updated=found.updated.timestamp() if found.updated else None,
        )

    def clear(self, _question: Nothing, _talk: Conversation) -> Count:
        """Empty the verify cache."""
        self._require()
        count = self._verified.clear(reopen=self._instance.reload)
        return Count(count, f"{count} addresses were forgotten.")

    def _require(self) -> None:
        if not self._instance.is_running():
            raise NodeFailed("Postfix does not run on this node, so it gives no answer.").then(Step(Act.STATUS))

    def _found(self, wanted: QueueFilter) -> Iterator[Message]:
        """Give the messages that are meant; ids and queues narrow the filter further."""
        condition = Filter(
            sender=wanted.sender,
            recipient=wanted.recipient if "@" in wanted.recipient.strip("@") else "",
            domain=wanted.recipient.lstrip("@") if "@" not in wanted.recipient.strip("@") else "",
            reason=wanted.reason,
            older_than=wanted.older_than or None,
        )
        ids, queues = set(wanted.ids), set(wanted.queues)
        for message in self._queue.messages(condition):
            if (not ids or message.id in ids) and (not queues or message.queue in queues):
                yield message

    def _act(self, verb: QueueVerb, ids: list[str]) -> Done:
        do = {
            QueueVerb.FLUSH: self._queue.flush_messages,
            QueueVerb.HOLD: self._queue.hold,
            QueueVerb.RELEASE: self._queue.release,
            QueueVerb.REQUEUE: self._queue.requeue,
            QueueVerb.DELETE: self._queue.delete,
        }[verb]
        return do(ids)

    def _lines(self, question: Log, file: LogFile) -> Iterator[str]:
        """Give the last lines, or all of one message, oldest first."""
        if question.message:
            timeline = self._log.timeline(question.message)
            if not timeline.records and not question.follow:
                raise NotFound(f"The log has nothing about {question.message!r}.")
            yield from map(_as_line, timeline.records[-question.lines :] if question.lines else ())
            return
        yield from reversed([*itertools.islice(file.backwards(), max(0, question.lines))])


def _for_link(message: Message) -> QueueMessage:
    recipients = tuple(QueueRecipient(one.address, one.reason) for one in message.recipients)
    return QueueMessage(message.id, message.queue, message.arrived, message.size, message.sender, recipients)


def _as_text(content: Content) -> str:
    envelope = "".join(f"{name}: {value}\n" for name, value in content.envelope)
    cut = "\n[the rest of the body is not shown]\n" if content.cut else ""
    return f"{envelope}\n{content.header}\n{content.body}{cut}"


def _as_line(record: Record) -> str:
    """Write a record as it stood in the log."""
    if record.time is None:
        return record.text
    level = f"{record.level}: " if record.level else ""
    name = f"{record.name}[{record.process}]" if record.process else record.name
    queue_id = f"{record.queue_id}: " if record.queue_id else ""
    return f"{record.time:%b %e %H:%M:%S} {record.host} {name}: {level}{queue_id}{record.text}"


def _about(lines: list[str], message: str, log: MailLog) -> list[str]:
    """Return the lines that are about a message, or all without one."""
    if not message:
        return lines
    read = ((line, record(line, log.now())) for line in lines)
    return [line for line, one in read if message in (one.queue_id, *one.links)]


def _place(position: Position) -> str:
    return f"{position.inode}:{position.offset}"


def _position(text: str) -> Position:
    found = _PLACE.fullmatch(text)
    if found is None:
        raise InvalidValue.of("This is no place in the log.", "Begin with its last lines.", "after")
    return Position(int(found[1]), int(found[2]))


def within_reach(file: LogFile, position: Position, furthest: int = FURTHEST) -> Position:
    """Return a place of the log, or that of its last `furthest` bytes where the place lies before these."""
    end, rotated = file.end(), LogFile(file.path.with_name(f"{file.path.name}.1")).end()
    known = position.inode in {0, end.inode} and position.offset <= end.offset
    behind = end.offset - position.offset if known else end.offset
    if position.inode and position.inode == rotated.inode:
        behind = end.offset + max(0, rotated.offset - position.offset)
    if behind <= furthest:
        return position
    if end.offset < furthest:  # then it lies in the rotated file
        return Position(rotated.inode, rotated.offset - (furthest - end.offset))
    return Position(end.inode, end.offset - furthest)


def _batches(lines: Iterator[str]) -> Iterator[list[str]]:
    while batch := [*itertools.islice(lines, _LINES_AT_ONCE)]:
        yield batch
