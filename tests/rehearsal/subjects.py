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
from sealgate.rehearsal.trials import Ended, Reply, Seen
from sealgate.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping

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
