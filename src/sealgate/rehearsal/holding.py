"""Holding the trials of a plan: each one SMTP session, many at a time, as far as server and plan let it go.

A trial never fails: whatever happened is among its replies, a missing one with code 0 and the reason. At most so many
sessions are held with one service as it has processes, at most a few by one client at once, for the candidate's own
limits must not decide a trial; one that was told of too many connections is held again, alone. Sources: RFC 5321 §4,
RFC 4954, "process limit" in master(5), smtpd_client_connection_count_limit in postconf(5).
"""

from __future__ import annotations

import base64
import contextlib
import re
import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sealgate.rehearsal.dialogue import Reply as Heard
from sealgate.rehearsal.dialogue import Session
from sealgate.rehearsal.trials import TRIAL_HEADER, Ended, Reply, Trial, Until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sealgate.rehearsal.dialogue import Connector

AT_ONCE = 16
"""Sessions held at once in a full rehearsal, most of whose time is waiting."""
AT_ONCE_QUICK = 4
"""Sessions held at once by a probe, which waits for nothing: more would only start more daemons."""
PATIENCE = 15.0
"""Seconds for a reply."""
_BY_ONE_CLIENT = 8
_LULL = 0.3
_QUEUED_AS = re.compile(r"queued as ([0-9A-Za-z]+)")
_CROWDED = re.compile(r"^421 .*(?:too many|concurren|rate limit)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Terms:
    """How trials are held. `rcpt_patience` is for the reply to RCPT, which verification may delay, in seconds.

    `processes` is how many sessions the service on a port can hold; `wrapped` are ports where TLS comes first.
    """

    clients: Connector
    give_up: Callable[[], bool] = lambda: False
    at_once: int = AT_ONCE
    furthest: Until = Until.MESSAGE
    rcpt_patience: float = PATIENCE
    processes: Mapping[int, int] | None = None
    wrapped: frozenset[int] = frozenset()


def hold_all(trials: Iterable[Trial], terms: Terms) -> dict[str, Ended]:
    """Hold all trials and return how each ended, in their order."""
    listed = list(trials)
    turns = _Turns(terms)
    waiting, ended = deque(listed), dict[str, Ended]()

    def serve() -> None:
        with contextlib.suppress(IndexError):
            while True:
                trial = waiting.popleft()
                ended[trial.id] = turns.take(trial, partial(hold, trial, terms))

    threads = [threading.Thread(target=serve, daemon=True) for _ in range(min(terms.at_once, len(listed)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for trial in listed:
        if trial.id not in ended or _was_crowded(ended[trial.id]):
            ended[trial.id] = hold(trial, terms)
    return {trial.id: ended[trial.id] for trial in listed}


def hold(trial: Trial, terms: Terms) -> Ended:
    """Hold one trial."""
    connect = partial(terms.clients.connect, trial.client.address, trial.host, trial.port)
    with Session(connect, patience=PATIENCE, give_up=terms.give_up) as session:
        if trial.client.opening:
            session.send(trial.client.opening.encode("latin-1", "replace"))
        _converse(session, trial, terms)
        if session.replies and session.replies[-1][1].code:
            session.command("QUIT")
    replies = tuple(Reply(said, heard.code, heard.text, heard.seconds) for said, heard in session.replies)
    found = next((m for r in replies if r.said == "(message)" and (m := _QUEUED_AS.search(r.text))), None)
    return Ended(trial.id, replies, found[1] if found else "")


def _converse(session: Session, trial: Trial, terms: Terms) -> None:
    """Go as far as the server lets us and the trial wants."""
    until = min(trial.until, terms.furthest, key=list(Until).index)
    if trial.port in terms.wrapped and not _tls(session):
        return
    if session.banner().code != 220 or until is Until.GREETING or not _greeted(session, trial, terms):
        return
    parameters = "" if trial.size is None else f" SIZE={trial.size}"
    parameters += f" {trial.mail_parameters}" if trial.mail_parameters else ""
    if session.command(f"MAIL FROM:<{trial.sender}>{parameters}").code != 250 or until is Until.MAIL:
        return
    said = [session.command(f"RCPT TO:<{one}>", patience=terms.rcpt_patience) for one in trial.recipients]
    taken = any(reply.code in {250, 251} for reply in said) and all(reply.code for reply in said)
    if taken and until is Until.MESSAGE and session.command("DATA").code == 354:
        _message(session, trial)


def _greeted(session: Session, trial: Trial, terms: Terms) -> bool:
    """Say who we are: EHLO, TLS, further commands, login; False when the server does not go along."""
    client = trial.client
    if client.helo and not (hello := session.command(f"EHLO {client.helo}")).code:
        return False
    if client.tls and trial.port not in terms.wrapped:
        if not client.helo or "STARTTLS" not in hello.text or session.command("STARTTLS").code != 220:
            return False
        if not _tls(session) or not session.command(f"EHLO {client.helo}").code:
            return False
    for line in client.extra:
        if not session.command(line).code:
            return False
    return not client.login or _login(session, client.login, client.password)


def _tls(session: Session) -> bool:
    failure = session.start_tls()
    if failure:
        session.replies.append(("(TLS)", Heard(0, failure)))
    return not failure


def _login(session: Session, login: str, password: str) -> bool:
    token = base64.b64encode(f"\0{login}\0{password}".encode()).decode()
    return session.command(f"AUTH PLAIN {token}").code == 235


def _message(session: Session, trial: Trial) -> None:
    if trial.raw:
        session.raw(trial.message.encode("latin-1", "replace"), lull=_LULL)
    else:
        session.data(_stuffed(trial.message.encode("latin-1", "replace") or plain_message(trial)))


def plain_message(trial: Trial) -> bytes:
    """Return the short message of a trial that brings none of its own."""
    sender = trial.sender or "MAILER-DAEMON@client.example.org"
    lines = (
        f"From: <{sender}>", f"To: {', '.join(f'<{one}>' for one in trial.recipients)}", "Subject: a trial",
        "Date: Thu, 01 Jan 2026 00:00:00 +0000", f"Message-ID: <{trial.id}@rehearsal.sealgate.invalid>",
        f"{TRIAL_HEADER}: {trial.id}", "", "One of the messages by which this configuration is tried.", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode("utf-8", "replace")


def _stuffed(message: bytes) -> bytes:
    """Return a message with its dots doubled and its last line ended."""
    stuffed = re.sub(rb"(\A|\r\n)\.", rb"\1..", message)
    return stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n"


def _was_crowded(ended: Ended) -> bool:
    return any(_CROWDED.search(reply.text) for reply in ended.replies)


class _Turns:
    """Sees to it that no service and no client has more sessions at once than it may."""

    def __init__(self, terms: Terms) -> None:
        processes = terms.processes or {}
        self._ports = defaultdict(
            lambda: threading.Semaphore(terms.at_once),
            {port: threading.Semaphore(max(1, count)) for port, count in processes.items()},
        )
        self._clients: defaultdict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(_BY_ONE_CLIENT))
        self._lock = threading.Lock()

    def take(self, trial: Trial, hold_it: Callable[[], Ended]) -> Ended:
        with self._lock:
            port, client = self._ports[trial.port], self._clients[trial.client.address]
        with client, port:
            return hold_it()
