"""What the rendered settings do to bytes: nothing, but for the one alteration at the border."""

from __future__ import annotations

import pytest
from tests.support.rendered_gateway import STRANGER, rendered_gateway
from tests.support.sink import Sink
from tests.support.smtp_client import SmtpClient
from tests.support.states import state
from tests.support.waiting import wait_until

pytestmark = pytest.mark.flow

HEAD = b"From: someone@out.example\r\nTo: user@relay.example\r\nSubject: t\r\nMessage-ID: <1@out.example>\r\n"
RELAY = {"relay-domain": ["relay.example"]}
KEPT = {
    "a long line": HEAD + b"\r\n" + b"x" * 3000 + b"\r\n",
    "a long header line": HEAD + b"X-Long: " + b"y" * 3000 + b"\r\n\r\nbody\r\n",
    "an incomplete header": b"From: joe\r\nSubject: t\r\n\r\nbody\r\n",
    "eight-bit octets and NUL": HEAD + b"\r\n" + bytes(set(range(256)) - {10, 13}) + b"\r\n",
    "lines of dots": HEAD + b"\r\n.\r\n..\r\n.x\r\n",
}


def through(sink: Sink, **settings):
    hop = {"host": "127.0.0.1", "port": sink.port, "mx": False}
    return rendered_gateway(state({"internal-relay-host": hop, "external-relay-host": hop, **settings}, RELAY))


@pytest.mark.parametrize("content", KEPT.values(), ids=KEPT)
def test_mail_arrives_as_it_was_sent(content):
    with Sink() as sink, through(sink) as gateway:
        assert gateway.send(content, "user@relay.example", mail="BODY=8BITMIME").ok

        assert sink.wait_for(1)[0].body_without_trace == content


def test_mail_from_own_networks_arrives_as_it_was_sent():
    content = KEPT["a long line"]
    with Sink() as sink, through(sink) as gateway:
        assert gateway.send(content, "user@foreign.example", address="127.0.0.1", mail="BODY=8BITMIME").ok

        assert sink.wait_for(1)[0].body_without_trace == content


SMUGGLED = (
    HEAD + b"\r\none\n.\nMAIL FROM:<evil@out.example>\nRCPT TO:<user@relay.example>\nDATA\n" + HEAD + b"\r\ntwo\r\n"
)


@pytest.mark.parametrize("address", [STRANGER, "127.0.0.1"], ids=["stranger", "own network"])
def test_bare_newlines_are_normalized_and_smuggle_nothing(address):
    with Sink() as sink, through(sink) as gateway:
        with gateway.client(address) as client:
            client.demand("MAIL FROM:<a@out.example>")
            client.demand("RCPT TO:<user@relay.example>")
            assert client.data(SMUGGLED).ok
            assert client.command("NOOP").ok
        sink.wait_for(1)
        wait_until(lambda: not gateway.postfix.messages(), "the queue is empty")
        (message,) = sink.messages

        assert message.sender == "a@out.example"
        assert b"\r\nMAIL FROM:<evil@out.example>\r\n" in message.content


@pytest.mark.parametrize("address", [STRANGER, "127.0.0.1"], ids=["stranger", "own network"])
def test_bare_newlines_are_refused_where_that_was_chosen(address):
    with Sink() as sink, through(sink, **{"bare-newline": "reject"}) as gateway, gateway.client(address) as client:
        client.demand("MAIL FROM:<a@out.example>")
        client.demand("RCPT TO:<user@relay.example>")

        assert client.data(SMUGGLED).code == 550


@pytest.mark.parametrize("choice", ["normalize", "reject"])
def test_a_chunk_is_one_message_whatever_newlines_it_has(choice):
    with Sink() as sink, through(sink, **{"bare-newline": choice}) as gateway, gateway.client() as client:
        client.demand("MAIL FROM:<a@out.example>")
        client.demand("RCPT TO:<user@relay.example>")
        client.send(b"BDAT %d LAST\r\n" % len(SMUGGLED) + SMUGGLED)
        client.reply()
        client.command("RSET")
        client.demand("MAIL FROM:<end@out.example>")
        client.demand("RCPT TO:<user@relay.example>")
        assert client.data(HEAD + b"\r\nlast\r\n").ok
        senders = {message.sender for message in sink.wait_for(1 if choice == "reject" else 2)}

        assert senders <= {"a@out.example", "end@out.example"}


def test_the_log_joins_both_passes_and_names_the_first_client():
    with Sink() as sink, through(sink) as gateway:
        assert gateway.send(KEPT["a long line"], "user@relay.example").ok
        sink.wait_for(1)
        first = gateway.postfix.wait_for_log(rf"sealgate/smtpd\[\d+\]: (\w+): client=unknown\[{STRANGER}\]")

        assert gateway.postfix.wait_for_log(
            rf"sealgate/reinject/smtpd\[\d+\]: .*orig_queue_id={first[1]}, orig_client=unknown\[{STRANGER}\]"
        )


def test_the_mpa_is_told_the_client_and_the_queue_id():
    with Sink() as sink, through(sink) as gateway:
        assert gateway.send(KEPT["a long line"], "user@relay.example").ok
        (event,) = gateway.mpa.wait_for_events(1)

        assert event["client"]["address"] == STRANGER
        assert event["queue_id_in"]


def test_while_the_mpa_is_away_mail_waits_and_then_goes_out_whole():
    hop = {"host": "127.0.0.1", "mx": False}
    with Sink() as sink:
        desired = state({"internal-relay-host": {**hop, "port": sink.port}}, RELAY)
        with rendered_gateway(desired, start_mpa=False) as gateway:
            assert gateway.send(KEPT["a long line"], "user@relay.example").ok
            gateway.postfix.wait_for_log(r"to=<user@relay\.example>.*status=deferred")
            gateway.mpa.start()
            assert gateway.send(KEPT["lines of dots"], "user@relay.example").ok
            gateway.postfix.run("postqueue", "-f")

            found = {message.body_without_trace for message in sink.wait_for(2)}
            assert found == {KEPT["a long line"], KEPT["lines of dots"]}


# own lines of main.cf that would break the inner listener if it had not its own settings
HOSTILE = """\
smtpd_discard_ehlo_keywords = dsn, 8bitmime, xforward, pipelining
smtpd_client_restrictions = reject
smtpd_sender_restrictions = reject
smtpd_helo_restrictions = reject
smtpd_end_of_data_restrictions = reject
smtpd_client_message_rate_limit = 1
smtpd_client_connection_rate_limit = 1
smtpd_tls_security_level = encrypt
smtpd_milters = inet:127.0.0.1:1
smtpd_reject_unlisted_sender = yes
smtpd_authorized_xclient_hosts = 127.0.0.0/8
local_header_rewrite_clients = static:all
lmtp_discard_lhlo_keywords = dsn, size, 8bitmime
lmtp_tls_security_level = encrypt
lmtp_bind_address = 192.0.2.1
"""


def test_own_lines_for_all_listeners_do_not_touch_the_way_through_the_mpa():
    hop = {"host": "127.0.0.1", "mx": False}
    with Sink() as sink:
        desired = state({"external-relay-host": {**hop, "port": sink.port}}, main_cf=HOSTILE)
        with rendered_gateway(desired) as gateway:
            for number in range(3):
                gateway.postfix.run(
                    "sendmail", "-i", "-f", "root@gw.example.test", f"u{number}@t.example", stdin=b"Subject: x\n\nx\n"
                )
            sink.wait_for(3)
            end = gateway.release.node.reinject
            with SmtpClient((end.host, end.port)) as client:
                words = client.ehlo()

            assert {"DSN", "8BITMIME", "PIPELINING"} <= words
            assert "STARTTLS" not in words
            assert not any(word.startswith("XCLIENT") for word in words)


def test_the_inner_listener_is_bound_to_loopback_only():
    with rendered_gateway(state(), start_mpa=False) as gateway:
        end = gateway.release.node.reinject
        master = gateway.release.tree.text("master.cf").shown

        assert f"\n127.0.0.1:{end.port} inet " in master
