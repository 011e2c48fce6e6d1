"""Mail passes the MPA unchanged, does not loop, and what was refused makes no bounce.

A message with eight-bit text, a very long line, blanks at line ends and a dot line goes through the whole gateway and
must arrive with the same body and fields, byte for byte, below the Received fields that every host adds. In the whole
run no message may come back to the filter (too many hops), and no notice of non-delivery may go to the sender of a
message that was refused at the door: that would be mail to somebody who never wrote. The last two always hold.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.findings import Place
from sealgate.rehearsal.next_hops import OWN_LINES, expected
from sealgate.rehearsal.promises.met_checks import unless_checked
from sealgate.rehearsal.promises.promise import FOREIGN, SENDER, Case, shown
from sealgate.rehearsal.trials import TRIAL_HEADER, Client, Plan, Trial, Until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.verdicts import Verdict
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Ended, Seen

_LOOP = re.compile(r"too many hops|loops back to myself|Mail loop")
_CHECKED = re.compile(r"cleanup\[\d+\]: \w+: [a-z]+: (?:header|body) ")
"""What header and body checks log quotes the message, whose words are not Postfix's."""
_REPORT = "multipart/report"
_ID = "pas-unchanged"
_HEAD = (
    f"From: <{SENDER}>\r\nTo: <{FOREIGN}>\r\nSubject: =?utf-8?q?unver=C3=A4ndert?=  twice  spaced\r\n"
    f"Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <unchanged@sender.example>\r\n{TRIAL_HEADER}: {_ID}\r\n"
    "X-Folded: one\r\n\ttwo \r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: 8bit\r\n"
)
_BODY = "gr\u00c3\u00bc\u00c3\u009fe \r\n" + "long " * 300 + "\r\n\t\r\n..\r\nFrom the end\r\n"


class PassesUnchanged:
    """See the module."""

    name = "mail-passes-unchanged"
    title = "Mail passes the mail processing agent unchanged."
    grade = Grade.FULL

    def plan(self, subject: Subject) -> Plan:
        """Return the one message."""
        return Plan(tuple(_trial(subject)))

    def judge(self, subject: Subject, seen: Seen) -> Iterator[Verdict]:
        """Compare what arrived with what was sent."""
        for trial in _trial(subject):
            case = Case(
                self.name, "a message byte for byte", "A message with eight-bit text, long lines and odd blanks",
                "it arrives with the same fields and body",
            )  # fmt: skip
            ended, arrived = seen.ended.get(trial.id), seen.arrived(trial.id)
            if ended is None:
                yield case.not_judged("it was not tried")
                continue
            if not arrived:
                why = "; ".join(seen.queued.get(trial.id, ())) or shown(ended.last)
                verdict = case.failed(f"it did not arrive: {why}", Place("node"), ended.log)
            elif arrived[0].message.endswith(_HEAD + "\r\n" + _BODY):
                verdict = case.passed(f"{arrived[0].size} octets")
            else:
                verdict = case.failed(
                    f"it arrived changed: {_difference(arrived[0].message)}", Place("node"), ended.log
                )
            yield subject.ruled(unless_checked(verdict, subject, seen, FOREIGN), unless=OWN_LINES)


def _trial(subject: Subject) -> Iterator[Trial]:
    listener = next((one for v in (4, 6) if (one := subject.page_listener(v))), None)
    route = expected(subject, FOREIGN)
    if listener is None or route.special or route.inside:
        return
    client = Client("::1" if ":" in listener.host else "127.0.0.1")
    yield Trial(
        _ID, listener.host, listener.port, client, SENDER, (FOREIGN,), Until.MESSAGE, message=f"{_HEAD}\r\n{_BODY}",
        mail_parameters="BODY=8BITMIME",
    )  # fmt: skip


def _difference(message: str) -> str:
    missing = next((line for line in f"{_HEAD}{_BODY}".split("\r\n") if line and line not in message), "the order")
    return f"{missing[:80]!r} is not in it"


class NoLoops:
    """See the module."""

    name = "no-loops-no-backscatter"
    title = "No message loops, and refused mail makes no bounce."
    grade = Grade.FULL

    def plan(self, subject: Subject) -> Plan:  # noqa: ARG002 - part of the protocol
        """Return nothing: all that the others send is looked at."""
        return Plan()

    def judge(self, subject: Subject, seen: Seen) -> Iterator[Verdict]:
        """Look through the whole run."""
        case = Case(self.name, "no loop", "All messages of this rehearsal", "none comes back to the gateway")
        looped = tuple(line for line in seen.log if _LOOP.search(line) and not _CHECKED.search(line))
        if looped:
            came = f"content_filter sends a message through the gateway again and again: {looped[0].partition(': ')[2]}"
            yield case.failed(came, _filter(subject), looped)
        else:
            yield case.passed("none did")
        refused = {name for name, ended in seen.ended.items() if _refused(ended)}
        case = Case(
            self.name, "no backscatter", f"{len(refused)} messages were refused at the door", "nobody gets a bounce"
        )
        bounced = [one for one in seen.arrivals if not one.sender and _REPORT in one.message and one.trial in refused]
        if bounced:
            recipients = ", ".join(bounced[0].recipients)
            yield case.failed(f"a notice of non-delivery was sent to {recipients}", Place(file="main.cf"))
        else:
            yield case.passed("nobody did")


def _refused(ended: Ended) -> bool:
    return not ended.queue_id and any(reply.code >= 500 for reply in ended.replies)


def _filter(subject: Subject) -> Place:
    """Return where content_filter is set for the listener that takes mail back, or at all."""
    for listener in subject.listeners:
        if listener.port == subject.facts.reinject.port and subject.value(listener.service, "content_filter"):
            return subject.blame("content_filter", listener.service)
    return subject.blame("content_filter")
