"""What an LMTP client sees of the MPA, command by command."""

from __future__ import annotations

import select
import threading

import pytest
from tests.mpa.conftest import lmtp_session
from tests.support.mpa_program import MpaProgram
from tests.support.sink import Rule, Sink
from tests.support.smtp_client import SmtpClient
from tests.support.waiting import wait_until

BODY = b"Subject: t\r\n\r\nbody\r\n"


def test_it_announces_what_keeps_postfix_from_changing_mail(mpa):
    with SmtpClient(mpa.address) as client:
        assert client.ehlo("postfix.test", verb="LHLO") == {
            "PIPELINING",
            "SIZE",
            "8BITMIME",
            "SMTPUTF8",
            "DSN",
            "ENHANCEDSTATUSCODES",
            "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE",
        }


def test_it_greets_with_a_name_of_its_own(mpa):
    with SmtpClient(mpa.address) as client:
        assert client.banner.lines == ("mpa.gw.example.test LMTP Sealgate",)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("EHLO x", 500),
        ("HELO x", 500),
        ("LHLO", 501),
        ("VRFY a@b", 500),
        ("STARTTLS", 500),
        ("", 500),
        ("NOOP", 250),
        ("noop anything", 250),
        ("RSET", 250),
        ("RCPT TO:<a@b>", 503),
        ("DATA", 503),
        ("MAIL FROM:<a@b> SIZE=1 BODY=8BITMIME", 250),
        ("mail from:<>", 250),
        ("MAIL FROM: <a@b>", 250),
        ("MAIL FROM:<a b>", 501),
        ("XFORWARD NAME=x IDENT=1", 250),
        ("XFORWARD LOGIN=x", 501),
        ("QUIT", 221),
    ],
)
def test_a_command_after_lhlo_is_answered(session, line, code):
    assert session.command(line).code == code


@pytest.mark.parametrize("line", ["MAIL FROM:<a@b>", "XFORWARD NAME=x"])
def test_mail_needs_lhlo_first(mpa, line):
    with SmtpClient(mpa.address) as client:
        assert client.command(line).code == 503


@pytest.mark.parametrize("line", ["MAIL FROM:<c@d>", "XFORWARD NAME=x"])
def test_a_transaction_is_not_begun_twice(session, line):
    session.demand("MAIL FROM:<a@b>")

    assert session.command(line).code == 503


@pytest.mark.parametrize("reset", ["RSET", "LHLO again"])
def test_a_transaction_can_be_given_up(session, sink, reset):
    session.demand("MAIL FROM:<old@b>")
    session.demand("RCPT TO:<old@b>")
    session.demand(reset)
    session.demand("MAIL FROM:<new@b>")
    session.demand("RCPT TO:<new@b>")
    session.lmtp_data(BODY, 1)

    assert (sink.messages[0].sender, sink.messages[0].recipients) == ("new@b", ["new@b"])


def test_every_recipient_gets_a_reply_of_its_own(session, sink):
    sink.script.rules += [Rule("RCPT", "550 5.1.1 no", match="<no@"), Rule("RCPT", "451 4.2.0 later", match="<later@")]
    session.demand("MAIL FROM:<a@b>")
    for name in ("yes", "no", "later", "also"):
        session.demand(f"RCPT TO:<{name}@b>")

    assert [str(reply)[:9] for reply in session.lmtp_data(BODY, 4)] == [
        "250 2.0.0",
        "550 5.1.1",
        "451 4.2.0",
        "250 2.0.0",
    ]
    assert sink.messages[0].recipients == ["yes@b", "also@b"]


def test_the_replies_to_a_pipelined_group_and_to_all_recipients_come_in_one_piece_each(session):
    session.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n")
    group = session._socket.recv(65536)
    session.send(BODY + b".\r\n")
    outcome = session._socket.recv(65536)

    assert group.count(b"\r\n") == 4
    assert outcome.count(b"\r\n250 2.0.0") == 1
    assert outcome.count(b"\r\n") == 2


def test_commands_may_follow_the_final_dot_at_once(session, sink):
    session.demand("MAIL FROM:<a@b>")
    session.demand("RCPT TO:<c@d>")
    session.demand("DATA")
    session.send(BODY + b".\r\nMAIL FROM:<e@f>\r\nRCPT TO:<g@h>\r\nDATA\r\n")
    codes = [session.reply().code for _ in range(4)]
    session.send(BODY + b".\r\nQUIT\r\n")
    codes += [session.reply().code for _ in range(2)]

    assert codes == [250, 250, 250, 354, 250, 221]
    assert [message.sender for message in sink.messages] == ["a@b", "e@f"]


def test_an_address_arrives_octet_for_octet(session, sink):
    session.demand(b'MAIL FROM:<"a \\" b"@c> SMTPUTF8')
    session.demand("RCPT TO:<jürgen@exämple.test> NOTIFY=NEVER")
    session.lmtp_data(BODY, 1)

    assert sink.messages[0].mail == f'MAIL FROM:<"a \\" b"@c> SIZE={len(BODY)} SMTPUTF8'
    assert sink.messages[0].rcpts == ["RCPT TO:<jürgen@exämple.test> NOTIFY=NEVER"]


def test_the_size_is_counted_anew(session, sink):
    session.demand("MAIL FROM:<a@b> SIZE=99999")
    session.demand("RCPT TO:<c@d>")
    session.lmtp_data(BODY + b"..dot\r\n", 1)

    assert f"SIZE={len(BODY) + len(b'.dot') + 2}" in sink.messages[0].mail


def test_xforward_values_are_handed_on_as_they_came_and_hold_for_one_transaction(session, sink):
    session.demand("XFORWARD NAME=a+2Bb ADDR=203.0.113.9 PORT=99 PROTO=ESMTP")
    session.demand("XFORWARD HELO=c IDENT=Q1 SOURCE=REMOTE")
    for sender in ("first", "second"):
        session.demand(f"MAIL FROM:<{sender}@b>")
        session.demand("RCPT TO:<c@d>")
        session.lmtp_data(BODY, 1)
    first, second = sink.messages

    assert first.xforward == {
        "NAME": "a+2Bb",
        "ADDR": "203.0.113.9",
        "PORT": "99",
        "PROTO": "ESMTP",
        "HELO": "c",
        "IDENT": "Q1",
        "SOURCE": "REMOTE",
    }
    assert second.xforward == {}


def test_recipients_beyond_a_thousand_are_to_be_sent_later(session):
    session.demand("MAIL FROM:<a@b>")
    session.send(b"".join(b"RCPT TO:<r%d@b>\r\n" % number for number in range(1001)))
    codes = [session.reply().code for _ in range(1001)]

    assert codes == [250] * 1000 + [452]


def test_a_thousand_recipients_are_one_transaction(session, sink):
    session.demand("MAIL FROM:<a@b>")
    session.send(b"".join(b"RCPT TO:<r%d@b>\r\n" % number for number in range(1000)))
    for _ in range(1000):
        assert session.reply().ok
    replies = session.lmtp_data(BODY, 1000)

    assert all(reply.code == 250 for reply in replies)
    assert len(sink.messages[0].rcpts) == 1000


def test_an_empty_message_passes(session, sink):
    session.demand("MAIL FROM:<a@b>")
    session.demand("RCPT TO:<c@d>")
    session.lmtp_data(b"", 1)

    assert sink.messages[0].wire == b""


def test_a_message_above_the_after_filter_limit_is_read_to_its_end_and_refused_for_good(sink):
    with MpaProgram.temporary(f"127.0.0.1:{sink.port}", after_filter_size_limit=1000) as mpa:
        mpa.start()
        with lmtp_session(mpa) as client:
            client.demand("MAIL FROM:<a@b>")
            client.demand("RCPT TO:<c@d>")
            client.demand("RCPT TO:<e@f>")
            replies = client.lmtp_data(BODY + b"x" * 98 + b"\r\n" + b"y\r\n" * 500_000, 2)
            after = client.command("NOOP")

        assert [str(reply)[:9] for reply in replies] == ["552 5.3.4"] * 2
        assert after.ok
        assert sink.commands == []


def test_dots_at_line_starts_do_not_count_against_the_limit(sink):
    content = b".\r\n" * 333
    with MpaProgram.temporary(f"127.0.0.1:{sink.port}", after_filter_size_limit=len(content)) as mpa:
        mpa.start()
        with lmtp_session(mpa) as client:
            client.demand("MAIL FROM:<a@b>")
            client.demand("RCPT TO:<c@d>")

            assert client.lmtp_data(b"..\r\n" * 333, 1)[0].code == 250


@pytest.fixture
def tight():
    """Give an MPA with room for one large message, and the gate at which the first one is held at re-injection."""
    gate = threading.Event()
    rules = [Rule("BODY", "250 2.0.0 Ok", hold=gate, times=1)]
    with Sink(rules=rules) as sink, MpaProgram.temporary(f"127.0.0.1:{sink.port}") as mpa:
        mpa.start("--bytes-in-flight", "100000")
        yield mpa, sink, gate
        gate.set()


def begin(client: SmtpClient, parameters: str = "") -> None:
    client.demand(f"MAIL FROM:<a@b> {parameters}".rstrip())
    client.demand("RCPT TO:<c@d>")


def test_mail_waits_for_room_in_memory_and_then_goes_on(tight):
    mpa, sink, gate = tight
    with lmtp_session(mpa) as one, lmtp_session(mpa) as two, lmtp_session(mpa) as three:
        begin(one, "SIZE=80000")
        begin(two, "SIZE=80000")
        one.demand("DATA")
        one.send(b"x" * 70_000 + b"\r\n.\r\n")
        wait_until(lambda: sink.messages, "the first message is held at re-injection")
        two.send(b"DATA\r\n")
        three.demand("NOOP")
        waits = not select.select([two._socket], [], [], 0)[0]
        gate.set()
        go_ahead = two.reply()
        two.send(BODY + b".\r\n")

        assert waits
        assert go_ahead.code == 354
        assert [one.reply().code, two.reply().code] == [250, 250]


def test_a_message_longer_than_declared_is_put_off_when_there_is_no_room(tight):
    mpa, sink, gate = tight
    with lmtp_session(mpa) as one, lmtp_session(mpa) as two:
        for client in (one, two):
            begin(client)
            client.demand("DATA")
        one.send(b"x" * 70_000 + b"\r\n.\r\n")
        wait_until(lambda: sink.messages, "the first message is held at re-injection")
        two.send(b"x" * 70_000 + b"\r\n.\r\n")
        put_off = two.reply()
        gate.set()

        assert str(put_off)[:9] == "452 4.3.1"
        assert one.reply().code == 250
    (event, _) = mpa.wait_for_events(2)
    assert (event["decision"], event["reason"]) == ("defer", "no room in memory")
