"""The shared test support does what its pages say, shown by one mail through a real Postfix."""

from __future__ import annotations

import pytest
from tests.support.postfix_instance import STOCK_SERVICES, PostfixInstance
from tests.support.sink import Rule, Sink
from tests.support.smtp_client import SmtpClient, dot_stuff, queue_id, undot

CONTENT = b"Subject: t\r\nFrom: a@b.example\r\n\r\n.dot\r\n..two\r\n"


@pytest.mark.flow
def test_a_stranger_mail_goes_through_a_throw_away_postfix_to_a_sink():
    with Sink() as sink, PostfixInstance.temporary() as postfix:
        postfix.configure(
            {"relay_domains": "example.test", "relay_transport": f"relay:[127.0.0.1]:{sink.port}"},
            ["probe unix n - n - - smtpd -o smtpd_authorized_xclient_hosts=127.0.0.1", *STOCK_SERVICES],
        )
        postfix.start()
        with SmtpClient(postfix.socket_path("probe")) as client:
            client.ehlo()
            client.xclient("203.0.113.9")
            assert client.deliver("s@out.example", ["r@example.test"], CONTENT).ok
            client.demand("MAIL FROM:<s@out.example>")
            assert client.rcpt("r@elsewhere.example").code == 554
        (message,) = sink.wait_for(1)

        assert message.recipients == ["r@example.test"]
        assert message.body_without_trace == CONTENT
        assert postfix.problems() == []


def test_a_sink_answers_by_its_rules():
    with (
        Sink(rules=[Rule("RCPT", "550 5.1.1 unknown", match="<nobody@")]) as sink,
        SmtpClient(sink.address) as client,
    ):
        client.ehlo()
        client.demand("MAIL FROM:<a@b.example>")
        assert client.rcpt("nobody@b.example").code == 550
        client.demand("RCPT TO:<c@b.example>")
        reply = client.data(dot_stuff(CONTENT))

        assert queue_id(reply).startswith("SINK")
        assert sink.messages[0].content == CONTENT


def test_dot_stuffing_is_undone_exactly():
    assert undot(dot_stuff(CONTENT)) == CONTENT
