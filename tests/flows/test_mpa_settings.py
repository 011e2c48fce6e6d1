"""Every Postfix setting that passing mail on needs: what goes wrong without it, on a real Postfix.

Each test shows the flow with the setting of tests/support/mail_gateway.py, and the damage without it.
"""

from __future__ import annotations

import re

import pytest
from tests.support.mail_gateway import REINJECTION, mail_gateway
from tests.support.ports import lease_port
from tests.support.sink import Sink
from tests.support.waiting import wait_until

pytestmark = pytest.mark.flow

HEAD = b"From: a@out.example\r\nTo: b@example.test\r\nSubject: t\r\nMessage-ID: <1@out.example>\r\n"
PLAIN = HEAD + b"\r\nbody\r\n"
LONG_LINE = HEAD + b"\r\n" + b"x" * 3000 + b"\r\n"
BARE = b"From: joe\r\nSubject: t\r\n\r\nbody\r\n"

# table, setting, value with which it is (None: left out, Postfix's default), a message that it changes
CHANGES_BYTES = [
    ("transport", "lmtp_line_length_limit", None, LONG_LINE),
    ("main", "smtp_line_length_limit", None, LONG_LINE),
]


def delivered(content: bytes, **changes) -> bytes:
    with Sink() as sink, mail_gateway(sink, **changes) as gateway:
        gateway.send(content)
        (message,) = sink.wait_for(1)
        return message.body_without_trace


@pytest.mark.parametrize("content", [LONG_LINE, BARE], ids=["long line", "incomplete header"])
def test_with_all_settings_the_bytes_stay(content):
    assert delivered(content) == content


@pytest.mark.parametrize(("table", "name", "value", "content"), CHANGES_BYTES, ids=[row[1] for row in CHANGES_BYTES])
def test_without_the_setting_the_bytes_change(table, name, value, content):
    assert delivered(content, **{table: {name: value}}) != content


NO_XFORWARD = {"lmtp_send_xforward_command": None}


def test_headers_are_completed_when_neither_xforward_source_nor_the_setting_says_that_the_mail_came_from_elsewhere():
    changed = delivered(BARE, transport=NO_XFORWARD, reinjection={"local_header_rewrite_clients": None})

    assert b"From: joe@" in changed


def test_xforward_source_alone_keeps_headers_from_being_completed():
    assert delivered(BARE, reinjection={"local_header_rewrite_clients": None}) == BARE


def test_local_header_rewrite_clients_alone_keeps_headers_from_being_completed():
    assert delivered(BARE, transport=NO_XFORWARD) == BARE


def overrides_without(word: str) -> dict[str, str | None]:
    left = [item for item in REINJECTION["receive_override_options"].split(",") if item != word]
    return {"receive_override_options": ",".join(left)}


PREPEND = {"header_checks": "regexp:{{/^Subject:/ PREPEND X-Checked: yes}}"}


def test_header_checks_act_once():
    assert delivered(PLAIN, main=PREPEND).count(b"X-Checked") == 1


def test_header_checks_act_twice_without_no_header_body_checks():
    changes = overrides_without("no_header_body_checks")

    assert delivered(PLAIN, main=PREPEND, reinjection=changes).count(b"X-Checked") == 2


@pytest.mark.parametrize(("reinjection", "copies"), [({}, 1), (overrides_without("no_address_mappings"), 2)])
def test_address_mappings_act_once_only_with_no_address_mappings(reinjection, copies):
    with (
        Sink() as sink,
        mail_gateway(sink, main={"always_bcc": "archive@example.test"}, reinjection=reinjection) as gateway,
    ):
        gateway.send(PLAIN)
        gateway.postfix.wait_for_log(r"to=<rcpt@example.test>.*SINK")
        wait_until(lambda: not gateway.postfix.messages(), "the queue is empty")

        assert [to for message in sink.messages for to in message.recipients].count("archive@example.test") == copies


@pytest.mark.parametrize(("reinjection", "status"), [({}, "sent"), (overrides_without("no_milters"), "deferred")])
def test_milters_see_a_message_once_only_with_no_milters(reinjection, status):
    milter = {"smtpd_milters": f"inet:127.0.0.1:{lease_port()}", "milter_connect_timeout": "1s"}
    # The stranger's own session has no milter, so what defers the message is the one at re-injection.
    with (
        Sink() as sink,
        mail_gateway(sink, main=milter, reinjection=reinjection, probe={"smtpd_milters": ""}) as gateway,
    ):
        gateway.send(PLAIN)
        match = gateway.postfix.wait_for_log(r"postfix/lmtp.*status=(\w+)")

        assert match[1] == status


@pytest.mark.parametrize(
    ("reinjection", "status"), [({}, "sent"), (overrides_without("no_unknown_recipient_checks"), "bounced")]
)
def test_a_mapped_recipient_is_not_looked_up_again_only_with_no_unknown_recipient_checks(reinjection, status):
    main = {
        "relay_recipient_maps": "inline:{rcpt@example.test=ok}",
        "virtual_alias_maps": "inline:{rcpt@example.test=internal@example.test}",
    }
    with Sink() as sink, mail_gateway(sink, main=main, reinjection=reinjection) as gateway:
        gateway.send(PLAIN)
        match = gateway.postfix.wait_for_log(r"postfix/lmtp.*status=(\w+)")

        assert match[1] == status


REJECT_LOCALHOST = "check_client_access inline:{127.0.0.1=REJECT}"
NEED_RELAY_RULE = {"smtpd_relay_restrictions", "smtpd_recipient_restrictions"}
RESTRICTIONS = [
    "smtpd_client_restrictions",
    "smtpd_helo_restrictions",
    "smtpd_sender_restrictions",
    "smtpd_relay_restrictions",
    "smtpd_recipient_restrictions",
    "smtpd_data_restrictions",
    "smtpd_end_of_data_restrictions",
]


def rejecting_localhost(name: str) -> dict[str, str]:
    return {name: REJECT_LOCALHOST + (", reject_unauth_destination" if name in NEED_RELAY_RULE else "")}


def test_no_rules_for_strangers_hit_re_injection():
    main = {name: value for rule in RESTRICTIONS for name, value in rejecting_localhost(rule).items()}

    assert delivered(PLAIN, main=main) == PLAIN


@pytest.mark.parametrize("name", RESTRICTIONS)
def test_rules_for_strangers_would_hit_re_injection_if_it_had_not_its_own(name):
    with Sink() as sink, mail_gateway(sink, main=rejecting_localhost(name), reinjection={name: None}) as gateway:
        gateway.send(PLAIN)

        assert gateway.postfix.wait_for_log(r"postfix/lmtp.*status=(\w+)")[1] == "bounced"


@pytest.mark.parametrize(("value", "messages"), [("normalize", 1), (None, 2)], ids=["normalize", "the default"])
def test_a_second_message_is_smuggled_in_unless_bare_newlines_are_normalized(value, messages):
    wire = HEAD + b"\r\none\n.\r\nMAIL FROM:<evil@out.example>\r\nRCPT TO:<rcpt@example.test>\r\nDATA\r\n" + PLAIN
    main = {"smtpd_forbid_bare_newline": value, "smtpd_data_restrictions": "", "smtpd_forbid_unauth_pipelining": None}
    with Sink() as sink, mail_gateway(sink, main=main) as gateway:
        with gateway.stranger() as client:
            client.demand("MAIL FROM:<a@out.example>")
            client.demand("RCPT TO:<rcpt@example.test>")
            client.data(wire)
            client.command("NOOP")
        sink.wait_for(messages)
        wait_until(lambda: not gateway.postfix.messages(), "the queue is empty")

        assert len(sink.messages) == messages


@pytest.mark.parametrize(("value", "known"), [("yes", True), (None, False)], ids=["yes", "the default"])
def test_the_client_is_known_to_the_mpa_only_with_lmtp_send_xforward_command(value, known):
    with Sink() as sink, mail_gateway(sink, transport={"lmtp_send_xforward_command": value}) as gateway:
        gateway.send(PLAIN)
        (event,) = gateway.mpa.wait_for_events(1)

        assert (event["client"]["address"] == "203.0.113.9") is known
        assert bool(event["queue_id_in"]) is known


@pytest.mark.parametrize(("value", "known"), [("127.0.0.0/8", True), (None, False)], ids=["loopback", "the default"])
def test_re_injection_logs_the_first_client_only_with_smtpd_authorized_xforward_hosts(value, known):
    with Sink() as sink, mail_gateway(sink, reinjection={"smtpd_authorized_xforward_hosts": value}) as gateway:
        gateway.send(PLAIN)
        sink.wait_for(1)
        logged = any("orig_client=unknown[203.0.113.9]" in line for line in gateway.postfix.lines())

        assert logged is known


@pytest.mark.parametrize(("value", "transactions"), [("1000", 1), (None, 2)], ids=["1000", "the default"])
def test_a_hundred_recipients_stay_in_one_transaction_only_with_the_recipient_limit(value, transactions):
    with Sink() as sink, mail_gateway(sink, main={"mpa_destination_recipient_limit": value}) as gateway:
        with gateway.stranger() as client:
            assert client.deliver("a@out.example", [f"r{n}@example.test" for n in range(100)], PLAIN).ok
        wait_until(lambda: sum(len(message.rcpts) for message in sink.messages) == 100, "all recipients")

        assert len(gateway.mpa.wait_for_events(transactions)) == transactions


def test_without_an_empty_content_filter_at_re_injection_the_loop_ends_in_a_bounce():
    with Sink() as sink, mail_gateway(sink, reinjection={"content_filter": None}, own_hop_limit=4) as gateway:
        gateway.send(PLAIN)
        (bounce,) = sink.wait_for(1)

        assert bounce.sender == ""
        assert bounce.recipients == ["sender@out.example"]
        assert re.search(rb"5\.4\.6 Mail loop", bounce.content)
        assert [event["decision"] for event in gateway.mpa.events()] == ["pass"] * 4 + ["refuse"]
