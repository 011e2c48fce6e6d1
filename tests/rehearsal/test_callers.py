"""Callers: what is a fault, and what is only a refusal. The server is data: replies in the order of commands."""

from __future__ import annotations

import pytest
from tests.support.sink import DROP, Rule, Sink

from sealgate.postfix.listeners import Listener
from sealgate.rehearsal.callers import call, call_all
from sealgate.rehearsal.internet import Clients
from sealgate.rehearsal.network import Place

CLIENTS = Clients(Place())
RECIPIENTS = ["someone@relay.test", "someone@example.net"]


def fault(*rules: Rule, keywords: tuple[str, ...] = ("PIPELINING",)) -> str:
    with Sink(rules=list(rules), keywords=keywords) as sink:
        listener = Listener("smtp/inet", "smtpd", *sink.address)
        return str(call(listener, "127.0.0.1", RECIPIENTS, CLIENTS, lambda: False)["fault"])


def test_a_server_that_takes_everything_is_well() -> None:
    assert fault() == ""


@pytest.mark.parametrize(
    "rule",
    [
        Rule("CONNECT", "554 5.7.1 go away"),
        Rule("MAIL", "550 5.1.8 sender unknown"),
        Rule("RCPT", "554 5.7.1 Relay access denied"),
        Rule("RCPT", "450 4.1.1 unverified address"),
        Rule("RCPT", "451 4.7.1 come back later"),
        Rule("BODY", "550 5.7.1 spam"),
    ],
)
def test_a_refusal_is_no_fault(rule: Rule) -> None:
    assert fault(rule) == ""


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule("CONNECT", "421 4.3.0 not now"), "greets with 421"),
        (Rule("MAIL", "452 4.3.1 Insufficient system storage"), "MAIL with 452"),
        (Rule("RCPT", "451 4.3.5 Server configuration error"), "configuration"),
        (Rule("RCPT", "451 4.3.0 Temporary lookup failure"), "lookup failure"),
        (Rule("RCPT", "451 4.3.5 Server configuration problem", match="example.net"), "example.net"),
        (Rule("BODY", "451 4.3.0 Error: queue file write error"), "a message with 451"),
        (Rule("RCPT", DROP), "closed"),
        (Rule("BODY", DROP), "closed"),
    ],
)
def test_a_server_that_cannot_tell_is_at_fault(rule: Rule, words: str) -> None:
    assert words in fault(rule)


def test_starttls_that_is_offered_and_refused_is_a_fault() -> None:
    with Sink(rules=[Rule("STARTTLS", "454 4.7.0 TLS not available")], keywords=("STARTTLS",)) as sink:
        listener = Listener("smtp/inet", "smtpd", *sink.address)

        assert "STARTTLS is offered" in call(listener, "127.0.0.1", RECIPIENTS, CLIENTS, lambda: False)["fault"]


def test_the_replies_are_kept_to_be_read() -> None:
    with Sink() as sink:
        listener = Listener("smtp/inet", "smtpd", *sink.address)
        replies = call(listener, "127.0.0.1", RECIPIENTS, CLIENTS, lambda: False)["replies"]

    assert replies[0][0] == "(connect)"
    assert replies[-1][0] == "(message)"


def test_only_smtpd_without_wrapped_tls_is_called() -> None:
    listeners = (
        Listener("postscreen/inet", "postscreen", "127.0.0.1", 1),
        Listener("smtps/inet", "smtpd", "127.0.0.1", 1, tls_wrapped=True),
    )

    assert call_all(listeners, RECIPIENTS, CLIENTS, lambda: False) == []
