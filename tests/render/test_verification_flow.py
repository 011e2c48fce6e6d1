"""Verification of recipients: whom the next hop is asked for, and what senders are told."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
from tests.support.rendered_gateway import STRANGER, rendered_gateway
from tests.support.sink import Rule, Sink
from tests.support.states import state
from tests.support.waiting import wait_until

pytestmark = pytest.mark.flow

RELAY = {"relay-domain": ["relay.example"]}
MINE = "127.0.0.1"
UNKNOWN = Rule("RCPT", "550 5.1.1 secret inner reply")


@contextmanager
def verifying(*rules, code=550, rows=RELAY, role="internal-relay-host"):
    """A gateway that asks a next hop, which answers by rules."""
    with Sink(rules=rules) as sink:
        settings = {
            "reject-unverified-recipient": True,
            "unverified-recipient-reject-code": code,
            role: {"host": "127.0.0.1", "port": sink.port, "mx": False},
        }
        with rendered_gateway(state(settings, rows), start_mpa=False) as gateway:
            yield gateway, sink


@pytest.mark.parametrize(("code", "reply"), [(550, "550 5.1.1 "), (450, "450 4.1.1 ")])
def test_an_unknown_recipient_is_refused_with_the_code_that_was_chosen(code, reply):
    with verifying(UNKNOWN, code=code) as (gateway, _):
        assert str(gateway.rcpt(STRANGER, "nobody@relay.example")).startswith(reply)


def test_what_the_next_hop_says_is_not_told_to_strangers():
    with verifying(UNKNOWN) as (gateway, _):
        assert "secret" not in str(gateway.rcpt(STRANGER, "nobody@relay.example"))


def test_a_recipient_that_the_next_hop_knows_is_accepted():
    with verifying() as (gateway, _):
        assert gateway.rcpt(STRANGER, "user@relay.example").code == 250


def test_the_next_hop_sees_no_message_when_it_is_asked():
    with verifying() as (gateway, sink):
        gateway.rcpt(STRANGER, "user@relay.example")

        assert not any(command.startswith("DATA") for command in sink.commands)


@pytest.mark.parametrize("answer", ["450 4.2.0 later", "421 4.3.0 away"])
def test_while_the_next_hop_cannot_say_the_sender_is_told_to_try_again(answer):
    with verifying(Rule("RCPT", answer)) as (gateway, _):
        assert gateway.rcpt(STRANGER, "user@relay.example").code == 450


def test_while_the_next_hop_is_slow_the_sender_is_told_to_try_again():
    answer = threading.Event()
    with verifying(Rule("RCPT", "250 2.1.5 Ok", hold=answer)) as (gateway, _):
        first = gateway.rcpt(STRANGER, "user@relay.example").code
        answer.set()
        wait_until(lambda: gateway.rcpt(STRANGER, "user@relay.example").ok, "the answer is in the cache")

        assert first == 450


def test_while_the_next_hop_is_down_the_sender_is_told_to_try_again():
    with verifying() as (gateway, sink):
        sink.close()

        assert gateway.rcpt(STRANGER, "user@relay.example").code == 450


@pytest.mark.parametrize("recipient", ["postmaster@relay.example", "Postmaster@RELAY.example"])
def test_postmaster_is_accepted_although_the_next_hop_does_not_know_it(recipient):
    with verifying(UNKNOWN) as (gateway, _):
        assert str(gateway.rcpt(STRANGER, recipient)) == "250 2.1.5 Ok"


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        ("postmaster@foreign.example", 554),
        ("postmaster2@relay.example", 550),
        ("postmaster%x.example@relay.example", 554),
    ],
)
def test_the_exception_for_postmaster_is_for_nobody_else(recipient, code):
    with verifying(UNKNOWN) as (gateway, _):
        assert gateway.rcpt(STRANGER, recipient).code == code


@pytest.mark.parametrize(("account", "code"), [("root", 250), ("zzz", 550)])
def test_accounts_of_the_gateway_are_not_asked_for_at_a_next_hop(account, code):
    rows = {**RELAY, "forwarding": [{"account": "root", "addresses": ["admin@relay.example"]}]}
    with verifying(UNKNOWN, rows=rows) as (gateway, sink):
        assert gateway.rcpt(STRANGER, f"{account}@gw.example.test").code == code
        assert sink.commands == []


def test_recipients_of_own_networks_are_not_verified():
    with verifying(UNKNOWN, role="external-relay-host") as (gateway, sink):
        assert gateway.rcpt(MINE, "user@foreign.example").code == 250
        assert sink.commands == []


def test_the_cache_of_answers_outlives_a_restart():
    with verifying() as (gateway, sink):
        assert gateway.rcpt(STRANGER, "user@relay.example").code == 250
        gateway.postfix.stop()
        sink.close()
        gateway.postfix.start(gateway.dns.prefix())

        assert gateway.rcpt(STRANGER, "user@relay.example").code == 250
