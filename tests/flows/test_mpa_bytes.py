"""The bytes that leave the gateway are those that a mere Postfix hop would have sent, whatever the message is like."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.support.mail_gateway import Gateway, mail_gateway, plain_hop
from tests.support.sink import Received, Sink
from tests.support.smtp_client import SmtpClient, dot_stuff
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.support.postfix_instance import PostfixInstance

pytestmark = pytest.mark.flow

HEAD = b"From: a@out.example\r\nTo: b@example.test\r\nSubject: t\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n"
MIME = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
SIGNED = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b; micalg=sha-256;\r\n"
    b" protocol=application/pkcs7-signature\r\n\r\n"
    b"--b\r\nContent-Type:  text/plain;   charset=utf-8\r\n\r\nsigned  text \r\n"
    b"--b\r\nContent-Type: application/pkcs7-signature\r\n\r\nMIAG\r\n--b--\r\n"
)
NOISE = random.Random(7).randbytes(200_000).replace(b"\r", b"").replace(b"\n", b"")

# What must leave exactly as it came.
UNTOUCHED = {
    "eight bits that are no UTF-8": HEAD + b"\r\n" + bytes(range(128, 256)) + b"\r\n",
    "eight bits in the header": HEAD + b"X-Raw: gr\xfc\xdfe \xff\r\n\r\nbody\r\n",
    "NUL and control characters": HEAD + b"\r\na\0b\x01\x7f\x1b\t \r\n\0\r\n",
    "leading dots": HEAD + b"\r\n.\r\n..\r\n...x\r\n.x.\r\n",
    "nothing but dots": HEAD + b"\r\n" + b".\r\n" * 2000,
    "a dot as the first header character": b".From: a@out.example\r\n" + HEAD + b"\r\nbody\r\n",
    "no body": HEAD + b"\r\n",
    "blank lines at the end": HEAD + b"\r\nbody\r\n\r\n\r\n\r\n",
    "blanks at line ends": HEAD + b"\r\nbody  \t\r\n \r\n",
    "one line of 100,000 characters": HEAD + b"\r\n" + b"x" * 100_000 + b"\r\n",
    "one line of 200,000 random octets": HEAD + b"\r\n" + NOISE + b"\r\n",
    "a header line of 90,000 characters": HEAD + b"X-Long: " + b"y" * 90_000 + b"\r\n\r\nbody\r\n",
    "a header folded into 900 lines": HEAD + b"X-Folded: a" + b"\r\n\tmore of it" * 900 + b"\r\n\r\nbody\r\n",
    "a thousand header fields": HEAD + b"".join(b"X-%d: v\r\n" % n for n in range(1000)) + b"\r\nbody\r\n",
    "a long encoded word": HEAD + b"X-Word: =?utf-8?B?" + b"QUFB" * 60 + b"?=\r\n\r\nbody\r\n",
    "lines around the network's chunk sizes": HEAD + b"\r\n" + b"".join(b"%d" % n * n + b"\r\n" for n in range(700)),
    "no space after a header's colon": HEAD + b"X-Tight:value\r\n\r\nbody\r\n",
    "white space after a boundary": HEAD + MIME + b"\r\n--b  \r\n\r\ntext\r\n--b--  \r\n",
    "a missing end boundary": HEAD + MIME + b"\r\n--b\r\n\r\ntext\r\n",
    "two blanks in a header inside multipart/signed": HEAD + SIGNED,
    "an attached message with such headers": HEAD
    + MIME
    + b"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject:  two\r\nX-Tight:v\r\n\r\ninner\r\n--b--\r\n",
    "a body declared 7bit that has eight bits": HEAD + b"Content-Transfer-Encoding: 7bit\r\n\r\n\xe4\xf6\r\n",
    "duplicate header fields": HEAD + b"Subject: again\r\nsubject: AGAIN\r\n\r\nbody\r\n",
    "no header fields that mail must have": b"X-Only: 1\r\n\r\nbody\r\n",
    "addresses without a domain": b"From: joe\r\nTo: ann, root\r\n\r\nbody\r\n",
}

# What any Postfix changes at the border; through the gateway it comes out the same as from a mere hop.
CHANGED_AT_THE_BORDER = {
    "a lone CR": HEAD + b"\r\na\rb\r\n",
    "a blank before a header's colon": HEAD + b"X-Spaced : value\r\n\r\nbody\r\n",
    "a garbage line in the header": HEAD + b"this is no header field\r\nX-After: 1\r\n\r\nbody\r\n",
    "an mbox From line": b"From a@out.example Thu Jan  1 00:00:00 2026\r\n" + HEAD + b"\r\nbody\r\n",
    "only a header": HEAD,
    "an empty message": b"",
    "a header line beyond header_size_limit": HEAD + b"X-Huge: " + b"z" * 150_000 + b"\r\n\r\nbody\r\n",
    "a header field that Postfix drops": HEAD + b"Bcc: secret@example.test\r\nReturn-Path: <x@y>\r\n\r\nbody\r\n",
    "a body that begins in the header": b"no header at all\r\nsecond line\r\n",
}

# The same for line ends, as they go over the wire (the final dot is added).
BARE_NEWLINES = {
    "a lone LF in the body": HEAD + b"\r\none\ntwo\r\n",
    "lone LFs only": (HEAD + b"\r\none\r\ntwo\r\n").replace(b"\r\n", b"\n") + b"\r\n",
    "a lone LF before a dot": HEAD + b"\r\none\n.two\r\n",
    "LF dot LF": HEAD + b"\r\none\n.\nMAIL FROM:<x@y.example>\nthree\r\n",
    "LF dot CRLF": HEAD + b"\r\none\n.\r\nMAIL FROM:<x@y.example>\r\nthree\r\n",
    "CR dot CR": HEAD + b"\r\none\r.\rtwo\r\n",
    "CRLF dot LF": HEAD + b"\r\none\r\n.\ntwo\r\n",
    "no final newline but a lone LF": HEAD + b"\r\none\r\ntwo\n\r\n",
}


@dataclass
class Hops:
    """The gateway and the mere hop beside it, each with its own next hop."""

    gateway: Gateway
    gateway_sink: Sink
    plain: PostfixInstance
    plain_sink: Sink


@pytest.fixture(scope="module")
def hops():
    with Sink() as one, Sink() as two, mail_gateway(one, workers=2) as gateway, plain_hop(two) as plain:
        yield Hops(gateway, one, plain, two)


def through(postfix: PostfixInstance, sink: Sink, wire: bytes, to: str) -> bytes:
    with SmtpClient(postfix.socket_path("probe"), timeout=120) as client:
        client.ehlo()
        client.xclient("203.0.113.9")
        client.demand("MAIL FROM:<a@out.example> BODY=8BITMIME")
        client.demand(f"RCPT TO:<{to}>")
        reply = client.data(wire)
        assert reply.code == 250, reply

    def arrived() -> Received | None:
        return next((message for message in list(sink.messages) if message.recipients == [to]), None)

    message = wait_until(arrived, f"the message to {to} at the next hop", 120)
    assert isinstance(message, Received)
    return message.body_without_trace


def both(hops: Hops, wire: bytes) -> tuple[bytes, bytes]:
    to = f"{uuid.uuid4().hex}@example.test"
    return (
        through(hops.gateway.postfix, hops.gateway_sink, wire, to),
        through(hops.plain, hops.plain_sink, wire, to),
    )


@pytest.mark.parametrize("content", UNTOUCHED.values(), ids=UNTOUCHED.keys())
def test_the_message_leaves_as_it_came(hops, content):
    gateway, plain = both(hops, dot_stuff(content))

    assert gateway == content
    assert gateway == plain


@pytest.mark.parametrize("content", CHANGED_AT_THE_BORDER.values(), ids=CHANGED_AT_THE_BORDER.keys())
def test_what_postfix_changes_is_changed_as_by_a_mere_hop(hops, content):
    gateway, plain = both(hops, dot_stuff(content))

    assert gateway == plain


@pytest.mark.parametrize("wire", BARE_NEWLINES.values(), ids=BARE_NEWLINES.keys())
def test_bare_newlines_come_out_as_from_a_mere_hop(hops, wire):
    gateway, plain = both(hops, wire)

    assert gateway == plain


@pytest.mark.parametrize("wire", BARE_NEWLINES.values(), ids=BARE_NEWLINES.keys())
def test_no_lone_line_end_leaves_the_gateway(hops, wire):
    gateway, _plain = both(hops, wire)

    assert b"\n" not in gateway.replace(b"\r\n", b"")
    assert b"\r" not in gateway.replace(b"\r\n", b"")


def test_fifty_megabytes_leave_as_they_came(hops):
    line = bytes(range(32, 127)) + b"\xe4" * 30
    content = HEAD + b"\r\n" + b"".join(b"%07d %b\r\n" % (n, line) for n in range(50 * 2**20 // 135))
    to = f"{uuid.uuid4().hex}@example.test"

    assert len(content) > 50_000_000
    assert through(hops.gateway.postfix, hops.gateway_sink, dot_stuff(content), to) == content


def test_a_message_that_is_one_line_of_ten_megabytes_leaves_as_it_came(hops):
    content = HEAD + b"\r\n" + b"q" * 10_000_000 + b"\r\n"
    to = f"{uuid.uuid4().hex}@example.test"

    assert through(hops.gateway.postfix, hops.gateway_sink, dot_stuff(content), to) == content
