"""A message goes through Postfix, the MPA and Postfix again, and nothing about it is lost on the way."""

from __future__ import annotations

import pytest
from tests.support.mail_gateway import mail_gateway
from tests.support.sink import Sink

pytestmark = pytest.mark.flow

CONTENT = b"Subject: t\r\nFrom: a@b.example\r\nMessage-ID: <1@b.example>\r\n\r\n.dot\r\n..two\r\n"


def test_a_message_passes_and_leaves_one_event():
    with Sink() as sink, mail_gateway(sink) as gateway:
        gateway.send(CONTENT)
        (message,) = sink.wait_for(1)
        (event,) = gateway.mpa.wait_for_events(1)

        assert message.body_without_trace == CONTENT
        assert event["decision"] == "pass"
