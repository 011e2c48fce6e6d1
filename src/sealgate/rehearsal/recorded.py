"""Envelopes that really came, read from Postfix's log and the MPA's event log: who sent what, what became of it.

Postfix logs the whole envelope of what it refuses. Of what it accepts it logs client, sender, size and recipients, but
never the HELO name; that is in the MPA's event, which has the queue id. What cannot be tried again is left out and
counted: mail after a login (the password is not known), refusals after the envelope (the message is not known, but for
the one line that a header or body check met), and what was too large (the size is not logged).

Only mail that came to a listener from somewhere else counts, not what the MPA handed back. Bounded: the caller gives
so many records, `choose` picks so many envelopes. Sources: smtpd.c, cleanup_message.c and postscreen of Postfix 3.7 to
3.10 for the texts, `mpa/events.py` for the events.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sealgate.postfix.logs import Record

_PEER = r"(?P<name>[^\s\[]*)\[(?P<address>[^\]]+)\](?::\d+)?"
_CONNECT = re.compile(rf"(?:connect|CONNECT) from {_PEER}")
_TLS = re.compile(r"\w+ TLS connection established from ")
_CLIENT = re.compile(rf"client={_PEER}(?P<more>,.*)?")
_QUEUED = re.compile(r"from=<(?P<sender>[^>]*)>, size=(?P<size>\d+), nrcpt=")
_DELIVERY = re.compile(
    r"to=<(?P<to>[^>]*)>,(?: orig_to=<(?P<orig>[^>]*)>,)? relay=.*? status=(?P<status>\w+) \((?P<text>.*)\)"
)
_REFUSED = re.compile(
    rf"(?:NOQUEUE: )?reject: (?P<stage>[A-Z-]+) from {_PEER}: (?P<reply>\d\d\d.*); from=<(?P<sender>[^>]*)>,?"
    r"(?: to=<(?P<to>[^>]*)>,?)? proto=(?P<proto>\w+),?(?: helo=<(?P<helo>[^>]*)>)?(?P<more>.*)"
)
_CHECKED = re.compile(
    rf"reject: (?P<kind>header|body) (?P<line>.*) from {_PEER}; from=<(?P<sender>[^>]*)> to=<(?P<to>[^>]*)> "
    r"proto=(?P<proto>\w+) helo=<(?P<helo>[^>]*)>: (?P<reply>.*)"
)
_LISTED = re.compile(r"(?:\[(?P<what>[^\]\s]+)\] )?blocked using (?P<zone>[A-Za-z0-9._-]*[A-Za-z0-9])")
_ASKED = re.compile(r"(?:unverified|undeliverable) address: .*?said: (?P<reply>[45]\d\d.*?)(?: \(in reply to|$)")
_TOO_LARGE = re.compile(r"5\.3\.4|size exceeds")


class Outcome(StrEnum):
    """What the sender of a mail was told."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"


def outcome_of(code: int) -> Outcome:
    """Return the outcome that a reply code means; no reply at all is for the sender a reason to try again."""
    if 200 <= code < 400:
        return Outcome.ACCEPTED
    return Outcome.REFUSED if code >= 500 else Outcome.DEFERRED


@dataclass(frozen=True, slots=True)
class Recorded:
    """One envelope and what became of it. An empty `recipient`: it was refused before it named one.

    `service` is what the daemon that took it calls itself (`sealgate`, `postfix/submission`). `lists` are DNS lists
    that had it, each with what they had: an address, or the sender or HELO name. `asked` is what the next hop said of
    the recipient, `line` the header or body line that was refused.
    """

    client: str
    sender: str
    recipient: str
    name: str = ""
    helo: str = ""
    tls: bool = False
    size: int | None = None
    service: str = ""
    outcome: Outcome = Outcome.ACCEPTED
    reply: str = ""
    lists: tuple[tuple[str, str], ...] = ()
    asked: str = ""
    line: str = ""
    line_kind: str = ""
    time: datetime | None = None

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two of them the same mail for a configuration."""
        return (self.client, self.sender, self.recipient, self.helo, self.tls, self.service, self.line)


@dataclass(frozen=True, slots=True)
class Recording:
    """All that a log told: envelopes, oldest first, and how many of what kind were left out."""

    envelopes: tuple[Recorded, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    without_helo: int = 0


@dataclass(frozen=True, slots=True)
class Chosen:
    """An envelope to try and how many mails of the log it stands for."""

    envelope: Recorded
    mails: int


def read(records: Iterable[Record], events: Iterable[Mapping[str, Any]] = ()) -> Recording:
    """Return the envelopes that records of the log tell, completed by the MPA's events."""
    reader = _Reader({str(one.get("queue_id_in", "")): one for one in events})
    for record in records:
        reader.take(record)
    found = tuple(reader.envelopes())
    return Recording(found, dict(reader.left_out), sum(not one.helo for one in found))


def choose(envelopes: Iterable[Recorded], count: int) -> tuple[Chosen, ...]:
    """Return at most `count` different envelopes, the newest of each kind of outcome in turn."""
    mails: Counter[tuple[object, ...]] = Counter()
    newest: dict[tuple[object, ...], Recorded] = {}
    for one in envelopes:
        mails[one.identity] += 1
        last = newest.pop(one.identity, one)
        newest[one.identity] = replace(one, size=max(filter(None, (one.size, last.size)), default=None))
    kinds: dict[tuple[object, ...], list[Recorded]] = defaultdict(list)
    for one in reversed(newest.values()):
        kinds[one.outcome, one.lists, one.reply[:9], bool(one.line)].append(one)
    in_turn = (one for one in chain.from_iterable(zip_longest(*kinds.values())) if one is not None)
    return tuple(Chosen(one, mails[one.identity]) for one in islice(in_turn, count))


@dataclass
class _Session:
    tls: bool = False


@dataclass
class _Message:
    """A message that was queued. `recipients` gives for each what was said at its first delivery."""

    found: Recorded
    sender: str | None = None
    size: int | None = None
    recipients: dict[str, tuple[str, str]] = field(default_factory=dict)


class _Reader:
    """Goes through the log once."""

    def __init__(self, events: Mapping[str, Mapping[str, Any]]) -> None:
        self._events = events
        self._sessions: dict[int, _Session] = {}
        self._messages: dict[str, _Message] = {}
        self._refused: list[Recorded] = []
        self.left_out: Counter[str] = Counter()

    def take(self, record: Record) -> None:
        if record.program in {"smtpd", "postscreen"}:
            self._of_server(record)
        elif record.program == "cleanup" and (met := _CHECKED.match(record.text)):
            self._checked(record, met)
        elif record.queue_id in self._messages:
            self._of_message(self._messages[record.queue_id], record.text)

    def _of_server(self, record: Record) -> None:
        if _CONNECT.match(record.text):
            self._sessions[record.process] = _Session()
        elif _TLS.match(record.text):
            self._sessions.setdefault(record.process, _Session()).tls = True
        elif taken := _CLIENT.fullmatch(record.text):
            self._accepted(record, taken)
        elif refused := _REFUSED.fullmatch(record.text):
            self._refusal(record, refused)

    def _accepted(self, record: Record, taken: re.Match[str]) -> None:
        more = taken["more"] or ""
        if "orig_queue_id=" in more or not record.queue_id:
            return
        if "sasl_username=" in more:
            self.left_out["sent after a login, whose password is not known"] += 1
            return
        found = self._begun(record, taken)
        self._messages[record.queue_id] = _Message(found)

    def _begun(self, record: Record, peer: re.Match[str]) -> Recorded:
        session = self._sessions.get(record.process, _Session())
        name = "" if peer["name"] in {"unknown", ""} else peer["name"]
        service = record.name.rpartition("/")[0]
        return Recorded(peer["address"], "", "", name, tls=session.tls, service=service, time=record.time)

    def _refusal(self, record: Record, refused: re.Match[str]) -> None:
        reply, listed = refused["reply"], _LISTED.search(refused["reply"])
        if "sasl_username=" in refused["more"]:
            self.left_out["sent after a login, whose password is not known"] += 1
        elif refused["stage"] not in {"RCPT", "MAIL"}:
            self.left_out["refused for its content or for the manners of the client"] += 1
        elif _TOO_LARGE.search(reply):
            self.left_out["too large, and the size is not logged"] += 1
        else:
            asked = _ASKED.search(reply)
            self._refused.append(
                replace(
                    self._begun(record, refused),
                    sender=refused["sender"],
                    recipient=refused["to"] or "",
                    helo=refused["helo"] or "",
                    outcome=outcome_of(int(reply[:3])),
                    reply=reply,
                    lists=((listed["zone"], listed["what"] or refused["address"]),) if listed else (),
                    asked=asked["reply"] if asked else "",
                )
            )

    def _checked(self, record: Record, met: re.Match[str]) -> None:
        begun = self._messages.pop(record.queue_id, None)
        if begun is None:
            return
        self._refused.append(
            replace(
                begun.found,
                sender=met["sender"],
                recipient=met["to"],
                helo=met["helo"],
                outcome=Outcome.REFUSED,
                reply=f"550 {met['reply']}",
                line=met["line"],
                line_kind=met["kind"],
            )
        )

    @staticmethod
    def _of_message(message: _Message, text: str) -> None:
        if (queued := _QUEUED.match(text)) and message.sender is None:
            message.sender, message.size = queued["sender"], int(queued["size"])
        elif sent := _DELIVERY.match(text):
            message.recipients.setdefault(sent["orig"] or sent["to"], (sent["status"], sent["text"]))

    def envelopes(self) -> Iterator[Recorded]:
        """Give all envelopes in the order of their time; those without one come first."""
        accepted = (one for key, message in self._messages.items() for one in self._of_accepted(key, message))
        yield from sorted(chain(accepted, self._refused), key=lambda one: one.time.timestamp() if one.time else 0.0)

    def _of_accepted(self, queue_id: str, message: _Message) -> Iterator[Recorded]:
        event = self._events.get(queue_id, {})
        told = [str(one.get("address", "")) for one in event.get("recipients", ())]
        sender = message.sender if message.sender is not None else event.get("sender")
        if sender is None:
            return
        for recipient in dict.fromkeys([*told, *message.recipients]):
            if recipient:
                yield replace(
                    message.found,
                    sender=str(sender),
                    recipient=recipient,
                    helo=str(event.get("client", {}).get("helo", "")),
                    size=message.size,
                    reply="250",
                )
