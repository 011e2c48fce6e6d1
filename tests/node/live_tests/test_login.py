"""A real login: when the password is sent, how, and that nothing of it is in what comes back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl

import pytest
import trustme
from hypothesis import given as property_of
from hypothesis import strategies as st
from tests.support.scripted_server import ScriptedServer
from tests.support.sink import Rule, Sink

from sealgate.link.codec import to_json
from sealgate.link.live_tests import Result, Way
from sealgate.node.live_tests import login
from sealgate.node.live_tests.login import HIDDEN, Mask, log_in, permission
from sealgate.node.live_tests.server import Server
from sealgate.node.live_tests.smtp import Limits

NAME, USER, PASSWORD = "smtp.example.net", "alice", "correct horse, battery"
LIMITS = Limits(connect=5, answer=10, whole=20)


@pytest.fixture(scope="module")
def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(NAME).configure_cert(context)
    return context


def tried(port, address="127.0.0.1", **way):
    return log_in(Server(Way(NAME, port, **way), NAME, address, LIMITS), USER, PASSWORD)


def sent_passwords(sink):
    encoded = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
    return [command for command in sink.commands if encoded in command]


def test_a_login_that_is_right_is_taken_over_tls(tls):
    with Sink(tls=tls, auth=True) as sink:
        section = tried(sink.port)

        assert len(sent_passwords(sink)) == 1
    assert (section.result, section.text) == (Result.GOOD, f"The server takes the login of {USER} (PLAIN, over TLS)")


@pytest.mark.parametrize(
    ("reply", "result", "words"),
    [
        ("535 5.7.8 bad credentials", Result.BAD, "Enter them anew"),
        ("454 4.7.0 later", Result.DOUBT, "Try again"),
        ("534 5.7.9 too weak", Result.BAD, "made for programs"),
        ("538 5.7.11 encryption required", Result.BAD, "TLS policy"),
        ("500 5.5.1 what", Result.BAD, "operator"),
    ],
)
def test_each_refusal_has_its_remedy(tls, reply, result, words):
    with Sink(tls=tls, auth=True, rules=[Rule("AUTH", reply)]) as sink:
        section = tried(sink.port)

    assert section.result is result
    assert reply in section.text
    assert words in section.remedy


@pytest.mark.parametrize(
    ("level", "address", "encrypted", "proven", "given"),
    [
        ("may", "192.0.2.1", True, False, True),
        ("encrypt", "192.0.2.1", True, False, True),
        ("secure", "192.0.2.1", True, True, True),
        ("secure", "192.0.2.1", True, False, False),
        ("fingerprint", "127.0.0.1", True, False, False),
        ("may", "192.0.2.1", False, False, False),
        ("dane", "192.0.2.1", False, False, False),
        ("encrypt", "127.0.0.1", False, False, False),
        ("none", "192.0.2.1", False, False, True),
        ("may", "127.0.0.1", False, False, True),
        ("may", "::1", False, False, True),
    ],
)
def test_a_password_goes_out_only_as_the_settings_let_it(level, address, encrypted, proven, given):
    assert permission(level, address, encrypted=encrypted, proven=proven).given is given


def test_where_postfix_would_send_it_in_clear_text_that_is_said():
    refused = permission("may", "192.0.2.1", encrypted=False, proven=False)

    assert "Postfix would send it" in refused.remedy


def test_this_machine_itself_may_get_it_without_tls():
    with Sink(auth=True) as sink:
        section = tried(sink.port)

    assert section.result is Result.GOOD
    assert any("does not leave it" in step.text for step in section.steps)


@pytest.mark.parametrize("level", ["verify", "secure", "fingerprint"])
def test_an_unproven_server_does_not_get_it_where_the_settings_want_proof(tls, level):
    with Sink(tls=tls, auth=True) as sink:
        section = tried(sink.port, level=level, match=("AB:" * 31 + "AB",) if level == "fingerprint" else ())

        assert sent_passwords(sink) == []
    assert section.result is Result.BAD


def test_a_server_without_logins_is_told(tls):
    with Sink(tls=tls) as sink:
        section = tried(sink.port)

    assert section.text == "The server offers no login that a password is enough for."


def server_with(mechanisms, take):
    """A server on loopback that offers these logins; `take` speaks the login and returns the last reply."""

    def script(wire):
        stream = wire.makefile("rwb", buffering=0)
        stream.write(b"220 hi\r\n")
        while line := stream.readline():
            verb = line.split()[0].upper()
            if verb == b"EHLO":
                stream.write(b"250-mx\r\n250 AUTH %s\r\n" % mechanisms)
            elif verb == b"AUTH":
                stream.write(take(stream, line) + b"\r\n")
            else:
                stream.write(b"250 ok\r\n")

    return ScriptedServer(script)


def test_cram_md5_never_sends_the_password():
    seen = []

    def take(stream, _line):
        stream.write(b"334 " + base64.b64encode(b"<1.2@mx>") + b"\r\n")
        answer = stream.readline()
        seen.append(base64.b64decode(answer))
        wanted = hmac.new(PASSWORD.encode(), b"<1.2@mx>", hashlib.md5).hexdigest()
        return b"235 ok" if seen[-1] == f"{USER} {wanted}".encode() else b"535 no"

    with server_with(b"PLAIN CRAM-MD5", take) as server:
        section = tried(server.port)

    assert section.result is Result.GOOD
    assert PASSWORD.encode() not in seen[0]


def test_login_asks_for_user_and_password_one_after_the_other():
    seen = []

    def take(stream, _line):
        for question in (b"VXNlcm5hbWU6", b"UGFzc3dvcmQ6"):
            stream.write(b"334 " + question + b"\r\n")
            seen.append(base64.b64decode(stream.readline()).decode())
        return b"235 ok"

    with server_with(b"LOGIN", take) as server:
        section = tried(server.port)

    assert (section.result, seen) == (Result.GOOD, [USER, PASSWORD])


def test_a_challenge_that_cannot_be_read_ends_the_test():
    def take(stream, _line):
        stream.write(b"334 !!!\r\n")
        stream.readline()
        return b"535 no"

    with server_with(b"CRAM-MD5", take) as server:
        section = tried(server.port)

    assert "challenge cannot be read" in section.text


@pytest.mark.parametrize(
    "echo",
    [
        lambda p: p,
        lambda p: p.upper(),
        lambda p: p[::-1],
        lambda p: p.encode().hex(),
        lambda p: base64.b64encode(p.encode()).decode(),
        lambda p: base64.b64encode(f"\0{USER}\0{p}".encode()).decode(),
        lambda p: base64.b64encode(f"xx{p}yyy".encode()).decode(),
        lambda p: "correct%20horse%2C%20battery",
        lambda p: "x" * 490 + p,
    ],
    ids=["as it is", "upper case", "reversed", "hex", "base64", "plain", "inside base64", "percent", "cut off"],
)
def test_a_server_that_repeats_the_password_is_not_repeated(tls, echo):
    said = echo(PASSWORD)
    with Sink(tls=tls, auth=True, rules=[Rule("AUTH", f"535 5.7.8 you said {said}")]) as sink:
        section = tried(sink.port)

    shown = json.dumps(to_json(section)).lower()
    assert PASSWORD not in shown
    assert not any(part in shown for part in ("correct hor", PASSWORD[::-1], PASSWORD.encode().hex()))
    assert base64.b64encode(PASSWORD.encode()).decode()[2:-4].lower() not in shown


@property_of(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60), st.text(max_size=50))
def test_no_text_keeps_the_password(password, around):
    mask = Mask(USER, password)
    marked = f"«{password}»"

    assert password.lower() not in mask.hide(f"{around}{marked}{around}").lower().replace(HIDDEN, "\0")


def test_the_ways_to_log_in_are_those_that_the_documents_name():
    assert set(login.IN_TLS) == set(login.IN_CLEAR) == {"PLAIN", "LOGIN", "CRAM-MD5"}
