"""Clients that call a staged Postfix: a stranger and loopback, each trying to hand over a message to every smtpd.

They go as far as they are let: EHLO, STARTTLS where it is offered, MAIL, RCPT, and DATA when a recipient is accepted.
What is refused is no fault; a server that cannot tell, for its configuration is broken, is one. Two recipients are
tried, one of a relay domain and a foreign one, for restrictions end early for some. Nothing can be delivered, the
world is sealed. Sources: RFC 3463 (4.3.x is "mail system"), smtpd_check.c replies as listed in postfix.md §2.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from sealgate.rehearsal.dialogue import Reply, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgate.postfix.listeners import Listener
    from sealgate.rehearsal.dialogue import Connector

PATIENCE = 10.0
"""Seconds for a reply, on a machine that is busy with other things too."""

VERIFYING = 0.4
"""Seconds for the reply to a recipient of ours: address verification would take one or more, and is not waited for."""

STRANGERS = {4: "203.0.113.77", 6: "2001:db8:7e57::77"}
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
_SENDER = "probe@example.org"
_MESSAGE = (
    b"From: probe@example.org\r\nTo: someone@example.net\r\nSubject: probe\r\n"
    b"Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <probe@example.org>\r\n\r\nprobe\r\n"
)
_BROKEN = re.compile(r"^(?:421|4\d\d 4\.3\.|554 5\.3\.)|onfiguration|queue file write error", re.MULTILINE)


def call_all(
    listeners: tuple[Listener, ...], recipients: list[str], clients: Connector, give_up: Callable[[], bool]
) -> list[dict[str, Any]]:
    """Call every smtpd that needs no TLS to begin with, from a stranger's address and from loopback."""
    return [
        call(listener, source, recipients, clients, give_up)
        for listener in listeners
        if listener.program == "smtpd" and not listener.tls_wrapped
        for source in _sources(listener)
    ]


def call(
    listener: Listener, source: str, recipients: list[str], clients: Connector, give_up: Callable[[], bool]
) -> dict[str, Any]:
    """Hold one session; `fault` is empty when the server could tell what it wants, whatever that was."""
    connect = partial(clients.connect, source, listener.host, listener.port)
    with Session(connect, patience=PATIENCE, give_up=give_up) as session:
        fault = _session(session, recipients)
    return {
        "service": listener.service,
        "address": str(listener),
        "client": source,
        "fault": fault,
        "replies": [[said, str(reply)] for said, reply in session.replies],
    }


def _session(session: Session, recipients: list[str]) -> str:
    banner = session.banner()
    if banner.code != 220:
        return "" if banner.code == 554 else f"it greets with {banner}"
    ehlo = session.command("EHLO probe.example.org")
    if "STARTTLS" in ehlo.text:
        fault = _tls(session)
        if fault:
            return fault
        session.command("EHLO probe.example.org")
    mail = session.command(f"MAIL FROM:<{_SENDER}>")
    if mail.code != 250:
        return _fault("MAIL", mail)
    accepted = False
    for recipient in recipients:
        ours = recipient != recipients[-1]
        reply = session.command(f"RCPT TO:<{recipient}>", patience=VERIFYING if ours else PATIENCE)
        fault = _fault(f"RCPT TO:<{recipient}>", reply)
        if fault or reply.code == 0:
            return fault
        accepted = accepted or reply.code == 250
    return _message(session) if accepted else ""


def _tls(session: Session) -> str:
    reply = session.command("STARTTLS")
    if reply.code != 220:
        return f"STARTTLS is offered and then refused: {reply}"
    failure = session.start_tls()
    return f"STARTTLS is offered and fails: {failure}" if failure else ""


def _message(session: Session) -> str:
    data = session.command("DATA")
    if data.code != 354:
        return _fault("DATA", data)
    return _fault("a message", session.data(_MESSAGE))


def _fault(asked: str, reply: Reply) -> str:
    """Tell what is wrong with a reply; refusals are not, and a missing one is told by the log."""
    if reply.code == 0:
        return "" if reply.text == "no reply" else f"after {asked} {reply}"
    return f"it answers {asked} with {reply}" if _BROKEN.search(reply.text) else ""


def _sources(listener: Listener) -> tuple[str, ...]:
    family = 6 if ":" in listener.host else 4
    return (STRANGERS[family], LOOPBACK[family])
