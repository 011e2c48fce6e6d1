"""Envelope, client identity and outcomes cross the MPA: each shown at a next hop behind a real Postfix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.mail_gateway import mail_gateway
from tests.support.sink import KEYWORDS, Rule, Sink
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.support.postfix_instance import PostfixInstance

pytestmark = pytest.mark.flow

CONTENT = b"From: a@out.example\r\nTo: b@example.test\r\nSubject: t\r\nMessage-ID: <7@out.example>\r\n\r\nbody\r\n"


@pytest.fixture
def sink():
    with Sink() as sink:
        yield sink


@pytest.fixture
def gateway(sink):
    with mail_gateway(sink) as gateway:
        yield gateway


def test_delivery_status_parameters_arrive_at_the_next_hop(sink, gateway):
    with gateway.stranger() as client:
        reply = client.deliver(
            "a@out.example",
            ["b@example.test"],
            CONTENT,
            mail="RET=HDRS ENVID=id+2B1",
            rcpt="NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;first+2Bx@example.test",
        )
    assert reply.ok
    (message,) = sink.wait_for(1)

    assert "RET=HDRS" in message.mail
    assert "ENVID=id+2B1" in message.mail
    assert message.rcpts == ["RCPT TO:<b@example.test> ORCPT=rfc822;first+2Bx@example.test NOTIFY=SUCCESS,FAILURE"]


def test_no_success_report_is_sent_when_the_next_hop_takes_that_over(sink, gateway):
    with gateway.stranger() as client:
        client.deliver("a@out.example", ["b@example.test"], CONTENT, rcpt="NOTIFY=SUCCESS")
    sink.wait_for(1)
    wait_until(lambda: not gateway.postfix.messages(), "the queue is empty")

    assert [message.sender for message in sink.messages] == ["a@out.example"]


def test_notify_never_keeps_a_failure_quiet(gateway, sink):
    sink.script.rules.append(Rule("RCPT", "550 5.1.1 unknown", match="<nobody@"))
    with gateway.stranger() as client:
        client.deliver("a@out.example", ["nobody@example.test"], CONTENT, rcpt="NOTIFY=NEVER")
    gateway.postfix.wait_for_log(r"to=<nobody@example.test>.*status=bounced")
    wait_until(lambda: not gateway.postfix.messages(), "the queue is empty")

    assert sink.messages == []


def test_the_null_sender_stays_null(sink, gateway):
    gateway.send(CONTENT, sender="")
    (message,) = sink.wait_for(1)

    assert message.mail.startswith("MAIL FROM:<> ")


def test_smtputf8_addresses_arrive_as_they_were(sink, gateway):
    with gateway.stranger() as client:
        client.deliver("jürgen@out.example", ["ädmin@example.test"], CONTENT, mail="SMTPUTF8 BODY=8BITMIME")
    (message,) = sink.wait_for(1)

    assert (message.sender, message.recipients) == ("jürgen@out.example", ["ädmin@example.test"])
    assert "SMTPUTF8" in message.mail


def test_quoted_local_parts_arrive_as_they_were(sink, gateway):
    gateway.send(CONTENT, sender='"a b>c"@out.example', to='"x y"@example.test')
    (message,) = sink.wait_for(1)

    assert (message.sender, message.recipients) == ('"a b>c"@out.example', ['"x y"@example.test'])


def test_a_message_to_a_hundred_recipients_is_one_transaction_with_all_of_them(sink, gateway):
    wanted = {f"r{number}@example.test" for number in range(100)}
    with gateway.stranger() as client:
        assert client.deliver("a@out.example", sorted(wanted), CONTENT).ok
    (event,) = gateway.mpa.wait_for_events(1)
    wait_until(lambda: sum(len(message.rcpts) for message in sink.messages) >= 100, "all recipients at the next hop")

    assert {entry["address"] for entry in event["recipients"]} == wanted
    assert {to for message in sink.messages for to in message.recipients} == wanted


def test_re_injection_logs_the_first_client_and_the_first_queue_id(gateway):
    with gateway.stranger("2001:db8::7", "mail.out.example") as client:
        client.deliver("a@out.example", ["b@example.test"], CONTENT)
    (event,) = gateway.mpa.wait_for_events(1)

    match = gateway.postfix.wait_for_log(r"(\w+): client=localhost.*orig_queue_id=(\w+), orig_client=(\S+)")
    assert match.groups() == (event["queue_id_out"], event["queue_id_in"], "mail.out.example[2001:db8::7]")


def test_the_event_says_who_what_and_how_it_ended(gateway):
    with gateway.stranger("198.51.100.4", "mail.out.example") as client:
        client.deliver("a@out.example", ["b@example.test", "c@example.test"], CONTENT)
    (event,) = gateway.mpa.wait_for_events(1)

    assert event["client"] | {"port": ""} == {
        "address": "198.51.100.4",
        "name": "mail.out.example",
        "helo": "client.example",
        "protocol": "ESMTP",
        "port": "",
    }
    assert event["message_id"] == "<7@out.example>"
    assert event["sender"] == "a@out.example"
    assert [(entry["address"], entry["outcome"]) for entry in event["recipients"]] == [
        ("b@example.test", "passed"),
        ("c@example.test", "passed"),
    ]


def test_the_event_counts_the_size_as_postfix_does(gateway):
    gateway.send(CONTENT + b".a\r\n..\r\n")
    (event,) = gateway.mpa.wait_for_events(1)

    match = gateway.postfix.wait_for_log(rf"{event['queue_id_in']}: from=<sender@out.example>, size=(\d+)")
    assert event["size"] == int(match[1])


def test_recipients_refused_at_re_injection_bounce_and_the_others_arrive(sink):
    rules = (
        "check_recipient_access inline:{{no@example.test=550 5.7.1 not you} {later@example.test=450 4.7.1 not yet}},"
        "permit_mynetworks,reject"
    )
    main = {"gw_rules": rules}
    with mail_gateway(sink, main=main, reinjection={"smtpd_recipient_restrictions": "$gw_rules"}) as gateway:
        with gateway.stranger() as client:
            client.deliver("a@out.example", ["yes@example.test", "no@example.test", "later@example.test"], CONTENT)
        status = {
            name: gateway.postfix.wait_for_log(rf"postfix/lmtp.*to=<{name}@example.test>.*status=(\w+)")[1]
            for name in ("yes", "no", "later")
        }
        report = next(message for message in sink.wait_for(2) if message.sender == "")

        assert status == {"yes": "sent", "no": "bounced", "later": "deferred"}
        assert report.recipients == ["a@out.example"]
        assert b"not you" in report.content


def lower_the_limit(postfix: PostfixInstance) -> None:
    text = (postfix.conf / "main.cf").read_text()
    postfix.write("main.cf", text.replace("message_size_limit = 100000000", "message_size_limit = 20000"))
    postfix.reload()


def test_a_queued_message_above_a_lowered_after_filter_limit_bounces_once(sink):
    # A report that quotes more than the limit allows could not be sent: bounce_size_limit stays below it.
    with mail_gateway(sink, main={"bounce_size_limit": "5000"}, start_mpa=False) as gateway:
        gateway.send(CONTENT + b"x" * 998 + b"\r\n" + b"y\r\n" * 10_000)
        gateway.postfix.wait_for_log(r"postfix/lmtp.*status=deferred")
        lower_the_limit(gateway.postfix)
        gateway.mpa.write_policy(after_filter_size_limit=20000)
        gateway.mpa.start()
        gateway.flush_until(lambda: bool(sink.messages), "the report has arrived")
        (report,) = sink.messages
        wait_until(lambda: not gateway.postfix.messages(), "the queue is empty")

        assert (report.sender, report.recipients) == ("", ["sender@out.example"])
        assert b"Status: 5.3.4" in report.content
        assert len(sink.messages) == 1
        assert [event["decision"] for event in gateway.mpa.events()] == ["refuse"]


def test_the_re_injection_smtpd_enforces_the_limit_when_the_policy_has_none(sink):
    with mail_gateway(sink, reinjection={"message_size_limit": "2000"}) as gateway:
        gateway.send(CONTENT + b"y\r\n" * 10_000)
        (report,) = sink.wait_for(1)
        (event,) = gateway.mpa.wait_for_events(1)

        assert b"Status: 5.3.4" in report.content
        assert event["recipients"][0]["reply"].startswith("552 5.3.4")


def test_a_next_hop_without_smtputf8_makes_a_proper_bounce():
    with Sink(keywords=tuple(word for word in KEYWORDS if word != "SMTPUTF8")) as sink, mail_gateway(sink) as gateway:
        with gateway.stranger() as client:
            client.deliver("a@out.example", ["ädmin@example.test"], CONTENT, mail="SMTPUTF8")

        assert gateway.postfix.wait_for_log(r"postfix/smtp.*dsn=5\.6\.7, status=(\w+)")[1] == "bounced"
