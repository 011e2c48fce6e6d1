"""What a stand-in for the agent answers to every question, so that each verb can be asked for over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgate.link import live_tests as t
from sealgate.link import messages as m
from sealgate.link import rehearsals as r
from sealgate.link import upkeep as u
from sealgate.link.codec import to_json
from sealgate.model.errors import NodeFailed

if TYPE_CHECKING:
    from sealgate.link.conversation import Conversation

RELEASE = "0123456789abcdef"
MESSAGE = u.QueueMessage(
    "4ABC1234", "deferred", 1_900_000_000, 1234, "a@example.org", (u.QueueRecipient("b@example.com", "timed out"),)
)
LINE = "2030-01-01T00:00:00 gw postfix/smtp[1]: 4ABC1234: to=<b@example.com>, status=deferred (timed out)"
SENT = b"*** ENVELOPE RECORDS ***\nSubject: hello\n"


def _queue(question: u.QueueFilter, talk: Conversation) -> u.Count:
    found = [MESSAGE] if not question.ids or MESSAGE.id in question.ids else []
    for message in found:
        talk.item(to_json(message))
    return u.Count(len(found))


def _log(question: u.Log, talk: Conversation) -> u.Count:
    if question.lines:
        talk.item([LINE])
    return u.Count(1)


def _log_part(question: u.LogPart, _talk: Conversation) -> u.LogLines | NodeFailed:
    """The log, which has more and then cannot be read: who follows it soon comes to an end."""
    if question.after == "7:100":
        return NodeFailed("The log cannot be read any more.")
    return u.LogLines((LINE,) if question.lines else (), "7:100", more=True)


def _file(question: Any, talk: Conversation) -> u.FileInfo:
    talk.content(SENT)
    return u.FileInfo(getattr(question, "id", ""), len(SENT), "0" * 64)


def _progressing(answer: Any) -> Any:
    def answered(_question: Any, talk: Conversation) -> Any:
        talk.progress("Laying out", 1, 2)
        talk.progress("Laying out", 2, 2)
        talk.progress("Trying")
        return answer

    return answered


EXPLAINED = r.Explained(
    r.Opinion.REFUSED,
    "554 5.7.1 Relay access denied",
    (r.Stage("recipient", r.Opinion.REFUSED, "Relaying is refused.", "554 5.7.1 Relay access denied"),),
    "recipient",
    ("The client has no name.",),
    0.1,
)

TESTED = t.LiveReport("A test", next(iter(t.Result)), "It was tried.")

ANSWERS: dict[str, Any] = {
    "queue_list": _queue,
    "queue_view": _file,
    "queue_act": lambda question, _talk: u.Count(1, question.verb.value),
    "log": _log,
    "log_part": _log_part,
    "verify_show": lambda question, _talk: u.VerifyAnswer(question.address, found=False),
    "verify_clear": u.Count(3),
    "backup_keys": u.SealedKeys(b"the key, sealed"),
    "query": lambda question, _talk: u.QueryAnswer(question.table, question.key, None),
    "resolve": lambda question, _talk: u.Route(question.address, "smtp", "example.com", question.address, ("default",)),
    "explain": _progressing(EXPLAINED),
    "replay": _progressing(r.Replayed(5, 9, 5)),
    "drill": _progressing(r.DrillReport((r.Drilled(r.Fault.DNS, "in", "250 ok", "queued"),))),
    "test_next_hop": _progressing(TESTED),
    "test_login": TESTED,
    "test_list": TESTED,
    "dns_picture": TESTED,
    "widening": r.Widened(("mail for example.com is accepted",)),
    "drift": u.Drift(RELEASE, 1, ()),
    "overwrite": u.Drift(RELEASE, 1, ()),
    "adopt": u.Drift(RELEASE, 1, ()),
    "confirm": m.Outcome(m.State.CONFIRMED, None, RELEASE, "Kept."),
    "rollback": m.Outcome(m.State.CONFIRMED, None, RELEASE, "Back."),
}
