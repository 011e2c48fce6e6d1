"""Whatever a client sends, the MPA goes on serving the others, and sends nothing on that was not a message."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.mpa.conftest import lmtp_session
from tests.support.mpa_program import MpaProgram
from tests.support.sink import Sink
from tests.support.smtp_client import SmtpClient
from tests.support.waiting import wait_until

LINES = st.sampled_from(
    [
        b"LHLO x\r\n",
        b"MAIL FROM:<a@b>\r\n",
        b"MAIL FROM:<a@b> SIZE=99999999999999999999\r\n",
        b"RCPT TO:<c@d>\r\n",
        b"DATA\r\n",
        b"RSET\r\n",
        b"XFORWARD NAME=x\r\n",
        b"text\r\n",
        b".\r\n",
        b"\r\n.\r\n",
        b"\n.\n",
        b"\r\n",
        b"\0\xff\r\n",
        b"x" * 20_000,
    ]
)


@pytest.fixture(scope="module")
def served():
    with Sink() as sink, MpaProgram.temporary(f"127.0.0.1:{sink.port}") as mpa:
        mpa.start()
        yield mpa, sink, mpa.worker_pids()


@settings(max_examples=60)
@given(st.lists(LINES | st.binary(max_size=200), max_size=25))
def test_no_input_ends_a_worker_or_reaches_re_injection_as_a_command(served, pieces):
    mpa, sink, workers = served
    with socket.create_connection(mpa.address, 30) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except OSError:
            pass  # the MPA hung up on us, as it may

    assert mpa.worker_pids() == workers
    assert "Traceback" not in mpa.stderr()
    assert all(re.match(r"(EHLO|XFORWARD|MAIL|RCPT|DATA|QUIT)", command) for command in sink.commands)


def test_a_line_without_end_closes_the_connection(mpa):
    with lmtp_session(mpa) as client:
        client.send(b"x" * 100_000)

        assert client.reply().code == 500


def test_a_long_line_with_an_end_is_refused(session):
    assert session.command(b"NOOP " + b"x" * 17_000).code == 500


def test_twenty_errors_close_the_connection(session):
    session.send(b"BOGUS\r\n" * 25)
    codes = [session.reply().code for _ in range(22)]

    assert codes == [500] * 20 + [421, 0]


def test_errors_of_one_client_do_not_hurt_another(mpa, session):
    with SmtpClient(mpa.address) as other:
        other.send(os.urandom(300_000))

    assert session.command("NOOP").ok


def test_a_client_that_leaves_in_the_middle_of_a_message_leaves_nothing_behind(mpa, sink):
    with lmtp_session(mpa) as client:
        client.demand("MAIL FROM:<a@b> SIZE=1000")
        client.demand("RCPT TO:<c@d>")
        client.demand("DATA")
        client.send(b"Subject: half\r\n")
    with lmtp_session(mpa) as client:
        client.demand("MAIL FROM:<whole@b>")
        client.demand("RCPT TO:<c@d>")
        client.lmtp_data(b"Subject: whole\r\n\r\n", 1)

    assert [message.sender for message in sink.messages] == ["whole@b"]


def test_a_client_that_reads_nothing_is_not_read_either(mpa):
    with SmtpClient(mpa.address) as client:
        client._socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.send(b"NOOP\r\n" * 50_000_000)

        assert memory(mpa) < 200
    mpa.wait_until_greeting()


def test_thousands_of_refused_messages_in_one_piece_are_answered_one_by_one(sink):
    with MpaProgram.temporary(f"127.0.0.1:{sink.port}", after_filter_size_limit=1) as mpa:
        mpa.start()
        with lmtp_session(mpa) as client:
            client.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nlonger than one\r\n.\r\n" * 3000)
            codes = [client.reply().code for _ in range(3000 * 4)]

        assert codes == [250, 250, 354, 552] * 3000


def test_a_crowd_is_turned_away_and_those_inside_are_served(mpa, session):
    crowd = [socket.create_connection(mpa.address) for _ in range(999)]
    with SmtpClient(mpa.address) as late:
        turned_away = late.banner.code
    for connection in crowd:
        connection.close()

    assert turned_away == 421
    assert session.command("NOOP").ok
    wait_until(lambda: _greeting(mpa) == 220, "there is room again")


def _greeting(mpa: MpaProgram) -> int:
    with SmtpClient(mpa.address) as client:
        return client.banner.code


def memory(mpa: MpaProgram) -> int:
    """Return the resident memory of the largest worker, MiB."""
    sizes = [re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()) for pid in mpa.worker_pids()]
    return max(int(size[1]) for size in sizes if size) // 1024


def test_a_size_that_is_declared_but_never_sent_is_given_back(sink):
    with MpaProgram.temporary(f"127.0.0.1:{sink.port}") as mpa:
        mpa.start("--bytes-in-flight", "1000000")
        for _ in range(5):
            with lmtp_session(mpa) as client:
                client.demand("MAIL FROM:<a@b> SIZE=900000")
                client.demand("RCPT TO:<c@d>")
                client.demand("DATA")
        with lmtp_session(mpa) as client:
            client.demand("MAIL FROM:<a@b> SIZE=900000")
            client.demand("RCPT TO:<c@d>")

            assert client.command("DATA").code == 354
