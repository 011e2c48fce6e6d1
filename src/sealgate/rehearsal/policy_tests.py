"""The administrator's own tests: each enabled row of policy tests becomes one trial, and its outcome one verdict.

`PolicyTests` is a promise like the built-in ones (`promises/promise.py`); its verdicts are named by the tests. It plans
and judges data only. A test that cannot be held here is not judged, with the reason: a login that the sealed copy
cannot check, a client address that nobody can have there, what the MPA does not do yet. How it is judged:

- accept: every recipient and the message are answered with 2xx;
- reject, defer: every recipient is refused, at RCPT or before, or with the message, by a 5xx (4xx) with this code and a
  reply that has this text in it, in any case of letters;
- next-hop: the message arrives for every recipient at this host and port, with the TLS that is asked for: `encrypt`
  means that it would not go in clear either, `verify` that it would go to a verified server only.

An announced size is announced only; the message stays small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgate.link.messages import Grade
from sealgate.model.findings import Place
from sealgate.model.policy_lines import sentence
from sealgate.model.policy_tests import Expectation, Protection
from sealgate.rehearsal.clients import usable
from sealgate.rehearsal.next_hops import NEVER_CLEAR, Expected, tls_level
from sealgate.rehearsal.promises.promise import Case, accepted, shown
from sealgate.rehearsal.trials import TRIAL_HEADER, Client, Internet, Plan, Trial, Until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgate.model.objects import Row
    from sealgate.model.policy_tests import PolicyTest
    from sealgate.model.verdicts import Verdict
    from sealgate.postfix.listeners import Listener
    from sealgate.rehearsal.subject import Subject
    from sealgate.rehearsal.trials import Arrival, Ended, Reply, Seen

MOST = 500
"""Tests of one rehearsal; those behind are not judged, and it is said of each."""
_PASSWORD = "policy-test"  # noqa: S105 - for a login that a stand-in answers
_HELO = "client.example.org"
_VERIFIED = frozenset({"verify", "secure", "fingerprint", "dane-only"})
_LATER = {
    Expectation.ENCRYPTED: "whether mail is encrypted is not rehearsed yet",
    Expectation.SIGNED: "whether mail is signed is not rehearsed yet",
}


@dataclass(frozen=True, slots=True)
class _Try:
    key: str
    value: PolicyTest
    trial: Trial | None
    why_not: str = ""


class PolicyTests:
    """See the module."""

    name = "policy-tests"
    title = "The administrator's own tests come out as they say."
    grade = Grade.FULL

    def plan(self, subject: Subject) -> Plan:
        """Return one session for each test that can be held."""
        tries = [one for one in _tries(subject) if one.trial is not None]
        hops = {one.value.next_hop.port for one in tries if one.value.next_hop is not None}
        return Plan(tuple(one.trial for one in tries if one.trial), Internet(ports=tuple(sorted(hops - {25}))))

    def judge(self, subject: Subject, seen: Seen) -> Iterator[Verdict]:
        """Compare what came with what the administrator expects."""
        for one in _tries(subject):
            tried, _, expected = sentence(one.value).rpartition(" expect ")
            case = Case(self.name, one.key, tried, expected)
            ended = seen.ended.get(one.trial.id) if one.trial else None
            yield _judged(case, subject, seen, one, ended)


def _tries(subject: Subject) -> Iterator[_Try]:
    rows = (row for row in subject.desired.rows.rows("policy-test") if row.enabled)
    for number, row in enumerate(rows):
        why = _LATER.get(row.value.expect, "") if number < MOST else f"only {MOST} tests are held in a rehearsal"
        listener = _listener(subject, row.value)
        if not why and not (usable(row.value.client) or row.value.client.is_loopback):
            why = f"no client in the sealed network can have the address {row.value.client}"
        if not why and listener is None:
            why = f"nothing listens on port {row.value.port}" if row.value.port else "no listener takes such a client"
        yield _Try(row.key, row.value, None if why or not listener else _trial(subject, number, row, listener), why)


def _listener(subject: Subject, value: PolicyTest) -> Listener | None:
    """Return the listener that a test's client connects to: the one on its port, or the first for mail."""
    version, inner = value.client.version, subject.facts.reinject.port
    if not value.port:
        return subject.page_listener(version) or next(
            (one for one in subject.public if _version(one) == version and one.port != inner), None
        )
    return next((one for one in subject.listeners if one.port == value.port and _version(one) == version), None)


def _version(listener: Listener) -> int:
    return 6 if ":" in listener.host else 4


def _trial(subject: Subject, number: int, row: Row[PolicyTest], listener: Listener) -> Trial:
    value = row.value
    name = f"pol-{number}"
    client = Client(
        str(value.client),
        str(value.client_name or ""),
        value.helo or str(value.client_name or _HELO),
        value.tls,
        value.login,
        _PASSWORD if value.login else "",
    )
    host = listener.host if value.client.is_loopback else subject.outside(listener)
    return Trial(
        name,
        host,
        listener.port,
        client,
        value.sender,
        value.recipients,
        Until.MESSAGE,
        value.size,
        _message(name, value),
    )


def _message(name: str, value: PolicyTest) -> str:
    """Return the message as bytes in latin-1; empty for one of the stage's own."""
    mark = f"{TRIAL_HEADER}: {name}"
    if value.message:
        text = f"{mark}\n{value.message}"
    elif value.headers:
        given = {line.partition(":")[0].strip().lower() for line in value.headers.split("\n")}
        fields = {
            "from": f"From: <{value.sender or 'MAILER-DAEMON@client.example.org'}>",
            "to": "To: undisclosed-recipients:;",
            "date": "Date: Thu, 01 Jan 2026 00:00:00 +0000",
            "message-id": f"Message-ID: <{name}@rehearsal.sealgate.invalid>",
        }
        missing = [line for field, line in fields.items() if field not in given]
        text = "\n".join([mark, *missing, value.headers, "", "A policy test.", ""])
    else:
        return ""
    return text.replace("\n", "\r\n").encode().decode("latin-1")


def _judged(case: Case, subject: Subject, seen: Seen, one: _Try, ended: Ended | None) -> Verdict:
    place = Place("policy-test", one.key)
    if ended is None:
        return case.not_judged(one.why_not or "it was not tried", place)
    if one.value.login and not _logged_in(ended):
        return case.not_judged(f"the login could not be checked in the sealed copy: {shown(ended.last)}", place)
    if one.value.expect.refuses:
        faults = [_not_refused(one.value, reply) for reply in _answers(one.value, ended)]
    elif one.value.expect is Expectation.ACCEPT:
        faults = ["" if accepted(reply) else shown(reply) for reply in _answers(one.value, ended)]
    else:
        return _Delivery(case, subject, seen, one, ended).verdict()
    fault = next(filter(None, faults), "")
    came = shown(_answers(one.value, ended)[0])
    return case.failed(fault, place, ended.log) if fault else case.passed(came)


def _logged_in(ended: Ended) -> bool:
    reply = ended.reply_to("AUTH")
    return reply is not None and reply.code == 235


def _answers(value: PolicyTest, ended: Ended) -> list[Reply | None]:
    """Return the reply that decided about each recipient; None where the session ended before, without a refusal."""
    late = next((reply for reply in reversed(ended.replies) if reply.said in {"(message)", "DATA"}), None)
    found = []
    for recipient in value.recipients:
        reply = ended.reply_to(f"RCPT TO:<{recipient}>")
        if reply is None:
            found.append(None if accepted(ended.last) else ended.last)
        else:
            found.append(late if accepted(reply) else reply)
    return found


def _not_refused(value: PolicyTest, reply: Reply | None) -> str:
    """Say what is not as it was expected of a refusal, or nothing."""
    first = 5 if value.expect is Expectation.REJECT else 4
    if reply is None or reply.code == 0:
        return f"the session ended without a refusal: {shown(reply)}"
    if accepted(reply):
        return f"it was accepted: {shown(reply)}"
    right = reply.code == int(value.code) if value.code else reply.code // 100 == first
    return "" if right and matches(value.reply, reply.text) else shown(reply)


def matches(pattern: str, text: str) -> bool:
    """Tell whether a text has the pieces of a pattern in their order; `*` stands between pieces, case is ignored."""
    place, folded = 0, " ".join(text.split()).casefold()
    for piece in pattern.casefold().split("*"):
        found = folded.find(" ".join(piece.split()), place)
        if found < 0:
            return False
        place = found + len(piece)
    return True


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A test of where mail goes, and what was seen of it."""

    case: Case
    subject: Subject
    seen: Seen
    one: _Try
    ended: Ended

    def verdict(self) -> Verdict:
        """Return whether the message arrived for every recipient where it should, and how."""
        arrivals = self.seen.arrived(self.ended.trial)
        for recipient in self.one.value.recipients:
            domain = recipient.rpartition("@")[2]
            wanted = Expected(recipient, domain, "smtp", self.one.value.next_hop, "", self._place)
            if wanted.inside:
                return self.case.not_judged("the next hop is on this machine, outside the rehearsal", self._place)
            there = [arrival for arrival in arrivals if recipient in arrival.recipients]
            right = next((arrival for arrival in there if _is_at(arrival, wanted)), None)
            if right is None:
                return self._astray(wanted, there)
            if fault := self._unprotected(wanted, right):
                return self.case.failed(fault, tls_level(self.subject, wanted)[1], self.ended.log)
        where = {f"{one.server or one.address}:{one.port} {one.tls or 'in clear'}" for one in arrivals}
        return self.case.passed(f"it arrived at {', '.join(sorted(where))}")

    @property
    def _place(self) -> Place:
        return Place("policy-test", self.one.key)

    def _astray(self, wanted: Expected, there: list[Arrival]) -> Verdict:
        if there:
            where = f"{there[0].server or there[0].address}:{there[0].port}"
            return self.case.failed(f"it arrived at {where}", self._place, self.ended.log)
        refusal = next((reply for reply in _answers(self.one.value, self.ended) if not accepted(reply)), None)
        queued = "; ".join(self.seen.queued.get(self.ended.trial, ()))
        level, by = tls_level(self.subject, wanted)
        if level in _VERIFIED and queued:
            return self.case.not_judged(f"TLS level {level} cannot be met in the rehearsal: {queued}", by)
        why = shown(refusal) if refusal is not None else queued or shown(self.ended.last)
        return self.case.failed(f"it did not arrive: {why}", self._place, self.ended.log)

    def _unprotected(self, wanted: Expected, arrival: Arrival) -> str:
        """Say in what the protection of a message on its way is not the one that is asked for, or nothing."""
        asked = self.one.value.level
        if asked is Protection.ANY:
            return ""
        if (asked is Protection.NONE) == bool(arrival.tls):
            return f"it came {arrival.tls or 'in clear'}"
        if asked is Protection.NONE or self.subject.touched(r"smtp_.*tls.*"):
            return ""
        level = tls_level(self.subject, wanted)[0]
        if level not in (_VERIFIED if asked is Protection.VERIFY else NEVER_CLEAR):
            return f"it came over {arrival.tls}, but the level towards {wanted.nexthop} is only {level}"
        return ""


def _is_at(arrival: Arrival, wanted: Expected) -> bool:
    return wanted.server in {arrival.server, arrival.address} and arrival.port == wanted.port
