"""Subjects of rehearsals as data: a desired state, what Postfix would read back, listeners; nothing is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.rehearsed import PORTS
from tests.support.release import facts
from tests.support.states import state

from sealgate.link.messages import Grade
from sealgate.postfix.listeners import Listener
from sealgate.postfix.parameters import ReadBack
from sealgate.rehearsal.subject import Subject
from sealgate.rehearsal.trials import Arrival, Ended, Reply, Seen
from sealgate.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgate.model.verdicts import Verdict
    from sealgate.rehearsal.promises.promise import Promise

PUBLIC = (
    Listener("smtp/inet", "smtpd", "127.0.0.1", 25, wildcard=True),
    Listener("smtp/inet", "smtpd", "::1", 25, wildcard=True),
)
REINJECT = Listener("127.0.0.1:10026/inet", "smtpd", "127.0.0.1", 10026)


def subject(
    settings: Mapping[str, Any] | None = None,
    rows: Mapping[str, Any] | None = None,
    *,
    grade: Grade = Grade.FULL,
    read: Mapping[str, str] | None = None,
    overrides: Mapping[str, Mapping[str, str]] | None = None,
    listeners: tuple[Listener, ...] = (*PUBLIC, REINJECT),
    **own: Any,
) -> Subject:
    """Return a subject; `read` is main.cf as read back, `own` are own lines and tables as `state` takes them."""
    desired = state(settings or {"my-hostname": "gw.example.com"}, rows, **own)
    node = facts(**PORTS)
    back = ReadBack(dict(read or {}), (), dict(overrides or {}))
    return Subject(desired, node, back, listeners, grade, render(desired, node), addresses=("192.0.2.1", "2001:db8::1"))


def replied(trial: str, *replies: tuple[str, int, str], log: tuple[str, ...] = ()) -> Ended:
    """Return how a trial ended, from commands, codes and texts."""
    return Ended(trial, tuple(Reply(*one) for one in replies), log=log)


def saw(*ended: Ended, **more: Any) -> Seen:
    """Return what a run showed."""
    return Seen({one.trial: one for one in ended}, **more)


def answered(promise: Promise, about: Subject, code: int, text: str = "x", **more: Any) -> Seen:
    """Return what a run shows in which every recipient of a promise's trials got the same reply."""
    trials = promise.plan(about).trials
    sessions = (replied(t.id, *((f"RCPT TO:<{r}>", code, f"{code} {text}") for r in t.recipients)) for t in trials)
    return saw(*sessions, **more)


def arrival(trial: str, server: str = "mx.example", port: int = 25, **more: Any) -> Arrival:
    """Return a message that a server of the artificial internet took."""
    plain: dict[str, Any] = {
        "address": "192.0.2.9", "client": "", "helo": "", "tls": "TLSv1.3", "login": "", "password": "",
        "sender": "a@example.org", "recipients": (), "message": "", "size": 0, "digest": "",
    }  # fmt: skip
    return Arrival(trial, server, port=port, **{**plain, **more})


def judged(promise: Promise, about: Subject, seen: Seen) -> dict[str, Verdict]:
    """Return the verdicts of a promise by the names of their tests, which must differ."""
    found = list(promise.judge(about, seen))
    assert len({one.test for one in found}) == len(found)
    return {one.test: one for one in found}
