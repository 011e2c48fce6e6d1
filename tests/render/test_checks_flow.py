"""Header, MIME, nested and body checks as Postfix applies them."""

from __future__ import annotations

import pytest
from tests.support.rendered_gateway import rendered_gateway
from tests.support.states import state

pytestmark = pytest.mark.flow

HEAD = b"From: someone@out.example\r\nTo: user@relay.example\r\n"
RELAY = {"relay-domain": ["relay.example"]}


@pytest.mark.parametrize(
    "subject", [b"make money fast", b"MAKE MONEY FAST", b"make\r\n money fast"], ids=["plain", "capitals", "folded"]
)
def test_a_header_check_refuses_what_it_describes(subject):
    rows = {
        **RELAY,
        "header-check": [{"pattern": r"/^Subject:\s+make\s+money fast/", "action": "REJECT spam detected"}],
    }
    with rendered_gateway(state({}, rows), start_mpa=False) as gateway:
        reply = gateway.send(HEAD + b"Subject: " + subject + b"\r\n\r\nx\r\n", "user@relay.example")

        assert str(reply) == "550 5.7.1 spam detected"


def test_an_encoded_subject_is_not_decoded_for_a_check():
    rows = {
        **RELAY,
        "header-check": [{"pattern": r"/^Subject:\s+make\s+money fast/", "action": "REJECT spam detected"}],
    }
    with rendered_gateway(state({}, rows), start_mpa=False) as gateway:
        encoded = b"Subject: =?utf-8?q?make_money_fast?=\r\n\r\nx\r\n"

        assert gateway.send(HEAD + encoded, "user@relay.example").ok


def test_the_example_of_the_page_works_as_typed():
    rows = {**RELAY, "header-check": [{"pattern": "/^Subject: make money fast/", "action": "REJECT spam detected"}]}
    with rendered_gateway(state({}, rows), start_mpa=False) as gateway:
        reply = gateway.send(HEAD + b"Subject: make money fast\r\n\r\nx\r\n", "user@relay.example")

        assert str(reply) == "550 5.7.1 spam detected"


def test_the_rule_that_stands_first_decides_also_between_the_two_types():
    rows = {
        **RELAY,
        "header-check": [
            {"pattern": "/^X-Case: a/", "action": "REJECT", "text": "one"},
            {"pattern": "/^X-Case: [ab]/", "action": "REJECT", "text": "two", "type": "regexp"},
            {"pattern": "/^X-Case: d/", "action": "DUNNO", "type": "regexp"},
            {"pattern": "/^X-Case:/", "action": "REJECT", "text": "three"},
        ],
    }
    with rendered_gateway(state({}, rows), start_mpa=False) as gateway:
        replies = [
            str(gateway.send(HEAD + b"X-Case: " + case + b"\r\n\r\nx\r\n", "user@relay.example")).partition(" 2.0.0")[0]
            for case in (b"a", b"b", b"c", b"d")
        ]

        assert replies == ["550 5.7.1 one", "550 5.7.1 two", "550 5.7.1 three", "250"]


def test_mime_nested_and_body_checks_look_where_they_say():
    rows = {
        **RELAY,
        "mime-header-check": [{"pattern": r'/name="?x\.exe/', "action": "REJECT", "text": "mime"}],
        "nested-header-check": [{"pattern": "/^X-Inner:/", "action": "REJECT", "text": "nested"}],
        "body-check": [{"pattern": "/eicar/", "action": "REJECT", "text": "body"}],
    }
    part = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: "
    messages = {
        "mime": part + b'text/plain; name="x.exe"\r\n\r\nx\r\n--b--\r\n',
        "nested": part + b"message/rfc822\r\n\r\nX-Inner: 1\r\n\r\nx\r\n--b--\r\n",
        "body": b"Subject: x\r\n\r\nan eicar line\r\n",
    }
    with rendered_gateway(state({}, rows), start_mpa=False) as gateway:
        for text, content in messages.items():
            assert str(gateway.send(HEAD + content, "user@relay.example")) == f"550 5.7.1 {text}"
