"""Commands become envelopes only when nothing in them could become a command of its own."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.mpa.envelope import (
    Envelope,
    Recipient,
    decode_xtext,
    parse_mail,
    parse_rcpt,
    parse_xforward,
)
from sealgate.mpa.reply import Reply

ADDRESSES = [
    b"",
    b"user@example.test",
    b'"a b>c"@example.test',
    b'"quote\\"d"@example.test',
    b"user+tag=x@example.test",
    "jürgen@exämple.test".encode(),
    b"postmaster",
    b"@relay.test:user@example.test",
    b"\xff\xfe@example.test",
    b"double-bounce@[192.0.2.1]",
]
CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_sender_is_kept_as_it_came(address):
    envelope = parse_mail(b"MAIL FROM:<" + address + b">")

    assert isinstance(envelope, Envelope)
    assert envelope.sender == address


@pytest.mark.parametrize("address", ADDRESSES[1:])
def test_the_recipient_is_kept_as_it_came(address):
    assert parse_rcpt(b"RCPT TO:<" + address + b">") == Recipient(address)


def test_an_empty_recipient_is_refused():
    assert isinstance(parse_rcpt(b"RCPT TO:<>"), Reply)


def test_mail_parameters_are_kept_except_the_size():
    envelope = parse_mail(b"MAIL FROM:<a@b> SIZE=1000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+2B")

    assert isinstance(envelope, Envelope)
    assert envelope.parameters == b"BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+2B"
    assert (envelope.size, envelope.utf8, envelope.dsn, envelope.eight_bit) == (1000, True, True, True)


def test_a_mail_command_without_parameters_needs_nothing():
    envelope = parse_mail(b"MAIL FROM:<a@b>")

    assert isinstance(envelope, Envelope)
    assert (envelope.parameters, envelope.size, envelope.utf8, envelope.dsn, envelope.eight_bit) == (
        b"",
        0,
        False,
        False,
        False,
    )


def test_recipient_parameters_are_kept_and_ask_for_dsn():
    recipient = parse_rcpt(b"RCPT TO:<a@b> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bx@b")
    envelope = Envelope(b"")
    assert isinstance(recipient, Recipient)
    envelope.add(recipient)

    assert recipient.parameters == b"NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bx@b"
    assert envelope.dsn


def test_an_original_recipient_may_be_utf8():
    recipient = parse_rcpt("RCPT TO:<ä@b> ORCPT=utf-8;ä@b".encode())

    assert isinstance(recipient, Recipient)
    assert recipient.parameters == "ORCPT=utf-8;ä@b".encode()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"MAIL", 501),
        (b"MAIL FROM:", 501),
        (b"MAIL FROM:a@b", 501),
        (b"MAIL FROM:<a b@c>", 501),
        (b"MAIL FROM:<a@b", 501),
        (b"MAIL FROM:<a@b>SIZE=1", 501),
        (b"MAIL FROM:<a\r\nDATA@b>", 501),
        (b'MAIL FROM:<"a\nb"@c>', 501),
        (b"MAIL FROM:<a@b> SIZE=x", 501),
        (b"MAIL FROM:<a@b> SIZE=1 SIZE=2", 501),
        (b"MAIL FROM:<a@b> BODY=BINARYMIME", 501),
        (b"MAIL FROM:<a@b> SMTPUTF8=yes", 501),
        (b"MAIL FROM:<a@b> ENVID=", 501),
        (b"MAIL FROM:<a@b> AUTH=<>", 555),
        (b"MAIL FROM:<a@b> XYZZY", 555),
    ],
)
def test_a_mail_command_that_is_not_understood_is_refused(line, code):
    refusal = parse_mail(line)

    assert isinstance(refusal, Reply)
    assert refusal.code == code


@given(st.binary(max_size=200), st.sampled_from([b"MAIL FROM:<", b"MAIL FROM:<a@b> ", b"MAIL FROM:<a@b> ENVID="]))
def test_no_mail_command_brings_a_control_character_further(text, start):
    envelope = parse_mail(start + text)
    if isinstance(envelope, Reply):
        return

    assert not CONTROL.search(envelope.sender + envelope.parameters)


@given(st.binary(max_size=200), st.sampled_from([b"RCPT TO:<", b"RCPT TO:<a@b> ", b"RCPT TO:<a@b> ORCPT=x;"]))
def test_no_rcpt_command_brings_a_control_character_further(text, start):
    recipient = parse_rcpt(start + text)
    if isinstance(recipient, Reply):
        return

    assert not CONTROL.search(recipient.address + recipient.parameters)


@given(st.binary(max_size=200))
def test_no_xforward_command_brings_a_blank_or_control_character_further(text):
    values = parse_xforward(b"XFORWARD NAME=" + text)
    if isinstance(values, Reply):
        return

    assert not any(re.search(rb"[\x00-\x20\x7f]", value) for value in values.values())


@pytest.mark.parametrize("depth", [10, 1000, 20000])
def test_a_long_line_of_quotes_is_judged_quickly(depth):
    assert isinstance(parse_mail(b"MAIL FROM:<" + b'"a' * depth + b"\\"), Reply)


def test_xforward_values_stay_encoded_and_are_shown_decoded():
    values = parse_xforward(b"XFORWARD NAME=a+2Bb ADDR=IPV6:2001:db8::1 helo=[UNAVAILABLE]")
    assert isinstance(values, dict)
    envelope = Envelope(b"", xforward=values)

    assert values[b"NAME"] == b"a+2Bb"
    assert (envelope.client(b"NAME"), envelope.client(b"HELO"), envelope.client(b"PORT")) == ("a+b", "", "")


@pytest.mark.parametrize(
    "line", [b"XFORWARD", b"XFORWARD ", b"XFORWARD NAME", b"XFORWARD LOGIN=x", b"XFORWARD NAME=a  ADDR=b"]
)
def test_an_xforward_command_that_is_not_understood_is_refused(line):
    assert isinstance(parse_xforward(line), Reply)


@given(st.binary(max_size=100))
def test_xtext_of_any_octets_is_shown(value):
    assert isinstance(decode_xtext(value), str)
