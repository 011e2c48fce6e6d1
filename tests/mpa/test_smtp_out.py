"""Handing back to Postfix: what is written, what each answer means, and when trying again is safe."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from tests.mpa.conftest import lmtp_session
from tests.support.mpa_program import MpaProgram
from tests.support.sink import DROP, KEYWORDS, XFORWARD, Rule, Sink
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.support.smtp_client import Reply, SmtpClient

BODY = b"Subject: t\r\n\r\nbody\r\n"


def send(mpa: MpaProgram, *recipients: str, mail: str = "", rcpt: str = "") -> list[Reply]:
    """Send one message over LMTP; return the reply for each recipient."""
    with lmtp_session(mpa) as client:
        return transaction(client, *recipients, mail=mail, rcpt=rcpt)


def transaction(client: SmtpClient, *recipients: str, mail: str = "", rcpt: str = "") -> list[Reply]:
    wanted = recipients or ("c@d",)
    client.demand(f"MAIL FROM:<a@b> {mail}".rstrip())
    for recipient in wanted:
        client.demand(f"RCPT TO:<{recipient}> {rcpt}".rstrip())
    return client.lmtp_data(BODY, len(wanted))


def test_the_envelope_is_one_write_and_the_body_another(mpa, sink):
    with lmtp_session(mpa) as client:
        client.demand("XFORWARD NAME=x IDENT=Q1")
        transaction(client, "c@d", "e@f")
    wait_until(lambda: sink.messages, "the message has arrived")

    assert (
        b"XFORWARD NAME=x IDENT=Q1\r\nMAIL FROM:<a@b> SIZE=%d\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n" % len(BODY)
        in sink.writes
    )


def test_a_connection_is_used_again(mpa, sink):
    for _ in range(5):
        send(mpa)

    assert {message.session for message in sink.messages} == {1}


def test_the_queue_id_of_the_copy_is_in_the_reply_and_in_the_event(mpa):
    (reply,) = send(mpa)
    (event,) = mpa.wait_for_events(1)

    assert str(reply) == "250 2.0.0 Ok: queued as SINK1S1"
    assert event["queue_id_out"] == "SINK1S1"


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "BODY"])
@pytest.mark.parametrize("refusal", ["550 5.7.1 no", "451 4.3.0 not now"])
def test_a_refusal_at_any_step_is_the_recipients_answer(mpa, sink, verb, refusal):
    sink.script.rules.append(Rule(verb, refusal))

    assert [str(reply) for reply in send(mpa, "c@d", "e@f")] == [refusal, refusal]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "BODY"])
def test_after_a_refusal_the_next_message_gets_a_fresh_session(mpa, sink, verb):
    sink.script.rules.append(Rule(verb, "550 5.7.1 no", times=1))
    send(mpa)

    assert [reply.code for reply in send(mpa)] == [250]
    assert sink.messages[-1].session == 2


def test_a_refused_xforward_does_not_stop_mail(mpa, sink):
    sink.script.rules.append(Rule("XFORWARD", "550 5.7.0 no"))
    with lmtp_session(mpa) as client:
        client.demand("XFORWARD NAME=x")

        assert transaction(client)[0].code == 250


@pytest.mark.parametrize("times", [1, 3])
def test_a_pooled_connection_that_died_unseen_costs_nothing(mpa, sink, times):
    for _ in range(times):
        send(mpa)
        sink.drop_connections()
    (reply,) = send(mpa)

    assert reply.code == 250
    assert len(sink.messages) == times + 1


@pytest.mark.parametrize("reply", [DROP, "421 4.4.2 too old"])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_pooled_connection_that_dies_before_the_body_is_replaced_once(mpa, sink, verb, reply):
    send(mpa)
    sink.script.rules.append(Rule(verb, reply, times=1))
    replies = send(mpa)

    assert [answer.code for answer in replies] == [250]
    assert [message.session for message in sink.messages] == [1, 2]


@pytest.mark.parametrize("reply", [DROP, "421 4.3.2 going down"])
def test_a_server_that_hangs_up_on_a_fresh_connection_too_means_later(mpa, sink, reply):
    sink.script.rules.append(Rule("MAIL", reply))

    assert [str(answer)[:9] for answer in send(mpa)] == ["451 4.4.1"]


def test_a_connection_lost_after_the_body_is_not_tried_again(mpa, sink):
    sink.script.rules.append(Rule("BODY", DROP, times=1))
    (reply,) = send(mpa)
    (event,) = mpa.wait_for_events(1)

    assert str(reply)[:9] == "451 4.4.2"
    assert sink.commands.count("DATA") == 1
    assert event["recipients"][0]["outcome"] == "deferred"


@pytest.mark.parametrize("banner", ["421 4.3.2 busy", "554 5.7.1 go away", "hello", DROP])
def test_a_server_that_does_not_greet_means_later(banner):
    with Sink(rules=[Rule("CONNECT", banner)]) as sink, MpaProgram.temporary(f"127.0.0.1:{sink.port}") as mpa:
        mpa.start()

        assert [str(reply)[:9] for reply in send(mpa)] == ["451 4.4.1"]


def test_no_server_means_later(mpa, sink):
    sink.close()

    assert [str(reply)[:9] for reply in send(mpa)] == ["451 4.4.1"]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "BODY"])
@pytest.mark.parametrize("nonsense", ["377 what", "hello there"])
def test_nonsense_is_never_taken_for_an_acceptance(mpa, sink, verb, nonsense):
    sink.script.rules.append(Rule(verb, nonsense))

    assert [reply.code for reply in send(mpa)] == [451]


def test_a_421_after_the_body_becomes_a_reply_about_the_message(mpa, sink):
    sink.script.rules.append(Rule("BODY", "421 4.3.2 going down"))

    assert [str(reply) for reply in send(mpa)] == ["451 4.3.2 going down"]


def test_more_replies_than_commands_end_the_connection(mpa, sink):
    sink.script.rules.append(Rule("BODY", "250 2.0.0 Ok\r\n250 2.0.0 Ok: of whom?", times=1))
    send(mpa)
    send(mpa)

    assert [message.session for message in sink.messages] == [1, 2]


@pytest.mark.parametrize(
    ("keyword", "mail", "rcpt"),
    [
        ("SMTPUTF8", "SMTPUTF8", ""),
        ("8BITMIME", "BODY=8BITMIME", ""),
        ("DSN", "RET=FULL", ""),
        ("DSN", "", "NOTIFY=NEVER"),
        ("PIPELINING", "", ""),
    ],
)
def test_a_message_that_needs_what_re_injection_does_not_offer_waits(keyword, mail, rcpt):
    keywords = tuple(word for word in (*KEYWORDS, XFORWARD) if word != keyword)
    with Sink(keywords=keywords) as sink, MpaProgram.temporary(f"127.0.0.1:{sink.port}") as mpa:
        mpa.start()
        replies = send(mpa, mail=mail, rcpt=rcpt)
        (event,) = mpa.wait_for_events(1)

        assert [str(reply)[:9] for reply in replies] == ["451 4.4.1"]
        assert event["reason"] == f"re-injection does not offer {keyword}"
        assert sink.messages == []


def test_without_xforward_and_size_offered_mail_passes_without_them():
    keywords = tuple(word for word in KEYWORDS if word != "SIZE")
    with Sink(keywords=keywords) as sink, MpaProgram.temporary(f"127.0.0.1:{sink.port}") as mpa:
        mpa.start()
        with lmtp_session(mpa) as client:
            client.demand("XFORWARD NAME=x")
            transaction(client)

        assert sink.messages[0].mail == "MAIL FROM:<a@b>"
        assert sink.messages[0].xforward == {}


def test_a_long_xforward_is_split_into_commands_of_at_most_512_octets(mpa, sink):
    values = {"NAME": "n" * 250, "HELO": "h" * 250, "IDENT": "i" * 200}
    with lmtp_session(mpa) as client:
        for name, value in values.items():
            client.demand(f"XFORWARD {name}={value}")
        transaction(client)

    assert sink.messages[0].xforward == values
    assert max(len(line) for line in sink.commands if line.startswith("XFORWARD")) <= 510


def test_a_client_that_left_before_the_body_was_sent_causes_no_delivery(sink):
    gate = threading.Event()
    sink.script.rules.append(Rule("DATA", "354 go on", hold=gate, times=1))
    with MpaProgram.temporary(f"127.0.0.1:{sink.port}") as mpa:
        mpa.start()
        with lmtp_session(mpa) as client:
            client.demand("MAIL FROM:<a@b>")
            client.demand("RCPT TO:<c@d>")
            client.demand("DATA")
            client.send(BODY + b".\r\n")
            wait_until(lambda: "DATA" in sink.commands, "re-injection has the envelope")
        with lmtp_session(mpa) as other:
            other.demand("NOOP")
        gate.set()
        (event,) = mpa.wait_for_events(1)

        assert event["queue_id_out"] == ""
        assert sink.messages == []


def test_no_more_connections_are_opened_than_the_policy_allows():
    gate = threading.Event()
    with (
        Sink(rules=[Rule("BODY", "250 2.0.0 Ok", hold=gate)]) as sink,
        MpaProgram.temporary(f"127.0.0.1:{sink.port}", reinject_connections=3) as mpa,
    ):
        mpa.start()
        threads = [threading.Thread(target=send, args=(mpa,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(sink.messages) >= 3, "three messages are at re-injection")
        gate.set()
        for thread in threads:
            thread.join()

        assert sink.sessions <= 3
        assert len(sink.messages) == 8


def test_a_reload_ends_idle_connections_because_they_keep_the_old_configuration(mpa, sink):
    send(mpa)
    mpa.reload()
    wait_until(lambda: sink.open_connections == 0, "the idle connection is closed")
    send(mpa)

    assert [message.session for message in sink.messages] == [1, 2]
    assert "QUIT" in sink.commands


def test_a_reload_moves_to_another_re_injection_service(mpa, sink):
    with Sink() as other:
        mpa.write_policy(reinject=f"127.0.0.1:{other.port}")
        mpa.reload()
        send(mpa)

        assert (len(sink.messages), len(other.messages)) == (0, 1)


def test_re_injection_may_be_a_unix_socket(tmp_path):
    with Sink(str(tmp_path / "s")) as sink, MpaProgram.temporary(f"unix:{tmp_path / 's'}") as mpa:
        mpa.start()

        assert [reply.code for reply in send(mpa)] == [250]
        assert len(sink.messages) == 1
