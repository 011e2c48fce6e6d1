"""Size limits bite where they should: at the border when a size is announced, and on the way back from the MPA.

A message of exactly the limit is welcome, one of an octet more is not, on every listener of the pages and on the
re-injection listener. Small limits are tried with a real message in a full rehearsal. On any listener, whoever made
it: what it announces must not be more than cleanup takes from it, or whole messages are carried over and then
refused. Source: RFC 1870, postconf(5) message_size_limit (cleanup reads that of main.cf).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.findings import Place
from sealgate.rehearsal.next_hops import OWN_LINES
from sealgate.rehearsal.promises.promise import FOREIGN, SENDER, Case, accepted, shown
from sealgate.rehearsal.trials import TRIAL_HEADER, Client, Plan, Trial, Until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.verdicts import Verdict
    from sealgate.postfix.listeners import Listener
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Seen

_LARGEST = 1 << 20
"""Messages above this are not sent for real: only their announced size is tried."""
_ROOM = 4096
"""Octets that a message sent for real is away from the limit: what the headers of the way add is less."""
_TOO_LARGE = 552
_LINE = "x" * 76 + "\r\n"


@dataclass(frozen=True, slots=True)
class _Try:
    trial: Trial
    fits: bool
    what: str
    blame: Place


class Sizes:
    """See the module."""

    name = "size-limits"
    title = "Messages up to the size limits are taken, larger ones are refused."
    grade = Grade.PROBE

    def plan(self, subject: Subject) -> Plan:
        """Return the sessions."""
        return Plan(tuple(one.trial for one in _tries(subject)), mpa=False)

    def judge(self, subject: Subject, seen: Seen) -> Iterator[Verdict]:
        """Compare the replies with the limits."""
        for one in _tries(subject):
            case = Case(self.name, one.what, one.what, "it is accepted" if one.fits else "it is refused with 552")
            ended = seen.ended.get(one.trial.id)
            if ended is None or not ended.last.code:
                yield case.not_judged("it was not tried" if ended is None else ended.last.text)
                continue
            reply = ended.reply_to("(message)") or ended.reply_to("MAIL") or ended.last
            if not one.fits and not accepted(reply) and reply.code != _TOO_LARGE:
                yield case.not_judged(f"it was refused for something else: {shown(reply)}")
            elif accepted(reply) == one.fits:
                yield case.passed(shown(reply))
            else:
                yield subject.ruled(case.failed(shown(reply), one.blame, ended.log), unless=OWN_LINES)
        yield from self._agreeing(subject)

    def _agreeing(self, subject: Subject) -> Iterator[Verdict]:
        """Judge that no listener announces more than cleanup takes: main.cf's limit, for all of them."""
        taken = _number(subject.read.main.get("message_size_limit", "10240000"))
        for listener in subject.public:
            written = subject.value(listener.service, "message_size_limit")
            announced = int(written) if written.isascii() and written.isdigit() else taken
            case = Case(
                self.name,
                f"message_size_limit of {listener}",
                f"What {listener} announces ({announced or 'no limit'}) is compared with what cleanup takes ({taken})",
                "it announces no more than cleanup takes",
            )
            if listener.program != "smtpd" or not taken or 0 < announced <= taken:
                continue
            blame = subject.blame("message_size_limit", listener.service)
            yield case.failed(
                f"message_size_limit of {listener.service} is {announced or 'unlimited'}, and messages above {taken}"
                " are refused after they were carried over",
                blame,
            )


def _tries(subject: Subject) -> Iterator[_Try]:
    settings = subject.desired.settings
    before, after = settings.before_filter_size_limit, settings.effective_after_filter_size_limit
    border = Place("setting", "before-filter-size-limit")
    for listener in subject.pages:
        yield from _announced(listener, before, f"on {listener}", border, _own_address(listener.host))
        if subject.full and before <= _LARGEST:
            yield _real(listener, before + _ROOM, fits=False, blame=border)
            if before >= 2 * _ROOM:
                yield _real(listener, before - _ROOM, fits=True, blame=border)
    back = subject.facts.reinject
    inner = next((one for one in subject.listeners if (one.host, one.port) == (back.host, back.port)), None)
    if inner is not None:
        place = Place("setting", "after-filter-size-limit")
        yield from _announced(inner, after, "coming back from the MPA", place, back.host)


def _announced(listener: Listener, limit: int, where: str, blame: Place, client: str) -> Iterator[_Try]:
    for size, fits in ((limit, True), (limit + 1, False)):
        name = f"siz-{listener.port}-{'6' if ':' in listener.host else '4'}-{'fits' if fits else 'large'}"
        trial = Trial(name, listener.host, listener.port, Client(client), SENDER, (FOREIGN,), Until.MAIL, size=size)
        yield _Try(trial, fits, f"a message of {size} octets is announced {where}", blame)


def _real(listener: Listener, size: int, *, fits: bool, blame: Place) -> _Try:
    name = f"siz-{listener.port}-{'6' if ':' in listener.host else '4'}-real-{'fits' if fits else 'large'}"
    head = f"From: <{SENDER}>\r\nTo: <{FOREIGN}>\r\nSubject: size\r\n{TRIAL_HEADER}: {name}\r\n\r\n"
    message = head + _LINE * ((size - len(head)) // len(_LINE))
    client = Client(_own_address(listener.host))
    trial = Trial(name, listener.host, listener.port, client, SENDER, (FOREIGN,), Until.MESSAGE, message=message)
    return _Try(trial, fits, f"a message of about {size} octets is sent on {listener}", blame)


def _own_address(host: str) -> str:
    return "::1" if ":" in host else "127.0.0.1"


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
