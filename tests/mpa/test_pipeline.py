"""The decision on a message, from envelope, message and policy alone."""

from __future__ import annotations

import dataclasses

import pytest

from sealgate.mpa.endpoint import Endpoint
from sealgate.mpa.message import Message
from sealgate.mpa.pipeline import LONE_LF, LOOP, NO_POLICY, TOO_MANY_HOPS, decide
from sealgate.mpa.policy import BareNewline, Policy, Unreadable

POLICY = Policy(
    hostname="gw.example.test",
    listen=Endpoint("127.0.0.1", 10025),
    reinject=Endpoint("127.0.0.1", 10026),
    reinject_connections=20,
    after_filter_size_limit=1000,
    bare_newline=BareNewline.NORMALIZE,
    hop_limit=5,
    own_hop_limit=3,
)
OTHER = b"Received: from other.example by x\r\n"
OWN = b"Received: from mpa.gw.example.test by x\r\n"


def decided(wire: bytes, policy: Policy | Unreadable = POLICY):
    message = Message(wire + b".\r\n")
    return decide(policy, message, message.peek(POLICY.name)), message


def test_an_ordinary_message_is_passed_as_it_is():
    decision, message = decided(b"Subject: t\r\n\r\nbody\r\n")

    assert decision.word == "pass"
    assert decision.message is message


def test_a_message_waits_while_there_is_no_policy():
    decision, _ = decided(b"Subject: t\r\n\r\n", Unreadable("gone"))

    assert (decision.word, decision.refusal, decision.reason) == ("defer", NO_POLICY, "gone")


@pytest.mark.parametrize(
    ("header", "refusal"),
    [
        (OTHER * 5, None),
        (OTHER * 6, TOO_MANY_HOPS),
        (OWN * 2 + OTHER * 2, None),
        (OWN * 3, LOOP),
        (OWN * 3 + OTHER * 9, LOOP),
    ],
)
def test_a_loop_is_refused_for_good(header, refusal):
    decision, _ = decided(header + b"\r\nbody\r\n")

    assert decision.refusal == refusal
    assert decision.word == ("refuse" if refusal else "pass")


def test_lone_line_feeds_are_normalized():
    decision, _ = decided(b"Subject: t\r\n\r\na\n.b\r\n")

    assert decision.message.wire == b"Subject: t\r\n\r\na\r\n..b\r\n.\r\n"


def test_lone_line_feeds_are_refused_when_the_policy_says_so():
    policy = dataclasses.replace(POLICY, bare_newline=BareNewline.REJECT)
    decision, _ = decided(b"Subject: t\r\n\r\na\nb\r\n", policy)

    assert decision.refusal == LONE_LF


def test_a_message_of_any_size_is_left_to_re_injection():
    decision, _ = decided(b"Subject: t\r\n\r\n" + b"x\r\n" * 5000)

    assert decision.word == "pass"
