"""What the steps with one mail server say, and that no step ever sends a message."""

from __future__ import annotations

import ssl
from dataclasses import replace

import pytest
import trustme
from tests.support.scripted_server import ScriptedServer, lines
from tests.support.sink import Rule, Sink

from sealgate.link.live_tests import Result, Way
from sealgate.node.live_tests.server import Server, keywords, look, names_wanted
from sealgate.node.live_tests.smtp import Limits, Reply
from sealgate.node.live_tests.tls import certificate_of, fits, has_fingerprint

NAME = "mx.example.com"
RECIPIENT = "postmaster@example.com"
LIMITS = Limits(connect=5, answer=10, whole=20)


class Authority(trustme.CA):
    """An authority that is trusted by its file."""

    file = ""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = Authority()
    made.file = str(tmp_path_factory.mktemp("ca") / "ca.pem")
    made.cert_pem.write_to_path(made.file)
    return made


def serving(authority, *names, **more):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = authority.issue_cert(*names, **more)
    issued.configure_cert(context)
    return context


@pytest.fixture(scope="module")
def good_tls(authority):
    return serving(authority, NAME)


def met(sink, authority, recipient=RECIPIENT, **way):
    asked = Way(NAME, sink.port, helo="gw.example.com", ca_file=authority.file, **way)
    return look(Server(asked, NAME, "127.0.0.1", LIMITS), recipient)


def step(section, name):
    return next(one for one in section.steps if one.name == name)


def test_a_server_that_takes_mail_over_tls_is_good(authority, good_tls):
    with Sink(tls=good_tls) as sink:
        section = met(sink, authority)

    assert (section.result, section.text) == (Result.GOOD, f"The server takes mail for {RECIPIENT}, over TLS.")
    assert [one.name for one in section.steps] == [
        "Connect", "Banner", "EHLO", "STARTTLS", "Certificate", "EHLO in TLS", "AUTH", "MAIL FROM:<>", "RCPT TO",
        "QUIT",
    ]  # fmt: skip
    assert step(section, "STARTTLS").facts["version"] == "TLSv1.3"
    assert step(section, "Certificate").facts["names"] == NAME


def test_no_message_is_ever_sent(authority, good_tls):
    with Sink(tls=good_tls) as sink:
        met(sink, authority)
        verbs = {command.split()[0].partition(":")[0] for command in sink.commands}

        assert verbs == {"EHLO", "STARTTLS", "MAIL", "RCPT", "RSET", "QUIT"}
        assert sink.messages == []


def test_the_null_sender_and_the_helo_name_of_the_settings_are_used(authority):
    with Sink() as sink:
        met(sink, authority)

        assert "EHLO gw.example.com" in sink.commands
        assert "MAIL FROM:<>" in sink.commands


def test_without_tls_where_none_is_needed_the_answer_is_a_doubt(authority):
    with Sink() as sink:
        section = met(sink, authority)

    assert (section.result, step(section, "STARTTLS").result) == (Result.DOUBT, Result.DOUBT)
    assert section.text.endswith("in clear text.")


@pytest.mark.parametrize("level", ["encrypt", "verify", "secure", "dane-only"])
def test_without_tls_where_it_is_needed_mail_would_wait(authority, level):
    with Sink() as sink:
        section = met(sink, authority, level=level)

        assert section.result is Result.BAD
        assert "stays in the queue" in section.text
        assert not [command for command in sink.commands if command.startswith("MAIL")]


def test_a_server_that_offers_tls_and_refuses_it_is_told(authority, good_tls):
    with Sink(tls=good_tls, rules=[Rule("STARTTLS", "454 4.7.0 not now")]) as sink:
        section = met(sink, authority, level="encrypt")

    assert section.text.startswith("The server offers STARTTLS and then refuses it.")


def test_tls_that_the_settings_switch_off_is_not_begun(authority, good_tls):
    with Sink(tls=good_tls) as sink:
        section = met(sink, authority, level="none")

        assert "STARTTLS" not in sink.commands
    assert step(section, "STARTTLS").text.startswith("Offered; the settings do not use it")


@pytest.mark.parametrize(("level", "result"), [("may", Result.GOOD), ("secure", Result.BAD)])
def test_a_certificate_of_an_unknown_authority_stops_mail_only_where_the_settings_look_at_it(authority, level, result):
    stranger = trustme.CA()
    with Sink(tls=serving(stranger, NAME)) as sink:
        section = met(sink, authority, level=level)

    assert section.result is result
    assert "does not verify" in step(section, "Certificate").text


def test_a_certificate_for_another_name_is_told_with_the_name_wanted(authority):
    with Sink(tls=serving(authority, "other.example.net")) as sink:
        section = met(sink, authority, level="verify")

    assert section.result is Result.BAD
    assert f"it is not for {NAME}" in section.text


def test_an_expired_certificate_does_not_verify(authority):
    from datetime import UTC, datetime

    with Sink(tls=serving(authority, NAME, not_after=datetime(2020, 1, 1, tzinfo=UTC))) as sink:
        section = met(sink, authority)

    said = step(section, "Certificate").text
    assert "expired" in said
    assert "it ended on 2020-01-01" in said


def test_a_fingerprint_that_fits_is_enough(authority):
    with Sink(tls=serving(trustme.CA(), "whatever.example")) as sink:
        fingerprint = step(met(sink, authority), "Certificate").facts["SHA-256"]
        good = met(sink, authority, level="fingerprint", match=(fingerprint,))
        bad = met(sink, authority, level="fingerprint", match=("AB:" * 31 + "AB",))

    assert (good.result, bad.result) == (Result.GOOD, Result.BAD)
    assert "another fingerprint" in bad.text


def test_a_server_that_turns_us_away_says_why(authority):
    with Sink(rules=[Rule("CONNECT", "554 5.7.1 you are on a list")]) as sink:
        section = met(sink, authority)

    assert section.result is Result.BAD
    assert "554 5.7.1 you are on a list" in section.text
    assert "block list" in section.remedy


@pytest.mark.parametrize(
    ("reply", "result", "remedy"),
    [
        ("550 5.1.1 no such user", Result.BAD, "Have the server take mail"),
        ("451 4.7.1 greylisted", Result.DOUBT, "greylisting"),
        ("530 5.7.0 Authentication required", Result.BAD, "SASL passwords"),
    ],
)
def test_a_recipient_that_is_not_taken_has_its_remedy(authority, reply, result, remedy):
    with Sink(rules=[Rule("RCPT", reply)]) as sink:
        section = met(sink, authority)

    assert section.result is result
    assert reply in section.text
    assert remedy in section.remedy


def test_a_null_sender_that_is_refused_is_told(authority):
    with Sink(rules=[Rule("MAIL", "553 5.1.8 no")]) as sink:
        section = met(sink, authority)

    assert "does not take the null sender" in section.text


def test_without_a_recipient_none_is_asked(authority):
    with Sink() as sink:
        section = met(sink, authority, recipient="")

        assert not [command for command in sink.commands if command.startswith("RCPT")]
    assert "no recipient was asked" in section.text


def test_a_server_that_knows_only_helo_is_used_without_tls(authority):
    with Sink(rules=[Rule("EHLO", "502 5.5.1 what?")]) as sink:
        section = met(sink, authority)

    assert step(section, "EHLO").result is Result.DOUBT
    assert section.result is Result.DOUBT


def test_a_server_that_breaks_off_is_told_with_what_came_before(authority):
    def script(wire):
        lines(wire, b"220 hi\r\n", b"250 mx\r\n", b"250 ok\r\n")
        wire.close()

    with ScriptedServer(script) as server:
        section = look(Server(Way(NAME, server.port), NAME, "127.0.0.1", LIMITS), RECIPIENT)

    assert section.result is Result.BAD
    assert [one.name for one in section.steps][-1] == "RCPT TO"
    assert step(section, "MAIL FROM:<>").result is Result.GOOD


def test_what_is_slipped_in_before_tls_is_thrown_away_and_told(authority, good_tls):
    def script(wire):
        lines_of = wire.makefile("rb")
        wire.sendall(b"220 hi\r\n")
        lines_of.readline()
        wire.sendall(b"250-mx\r\n250 STARTTLS\r\n")
        lines_of.readline()
        wire.sendall(b"220 go\r\n250 injected\r\n")
        with good_tls.wrap_socket(wire, server_side=True) as secure:
            lines(secure, b"", b"250 mx\r\n", b"250 ok\r\n")

    with ScriptedServer(script) as server:
        section = look(Server(Way(NAME, server.port), NAME, "127.0.0.1", LIMITS), RECIPIENT)

    assert "thrown away" in step(section, "STARTTLS").text
    assert section.result is Result.BAD
    assert "injected" not in "".join(line for one in section.steps for line in one.lines)


def test_extensions_are_read_with_their_parameters():
    lines_ = ("250-mx.example", "250-size 1000", "250-AUTH=LOGIN", "250-AUTH PLAIN LOGIN", "250 STARTTLS")

    assert keywords(Reply(250, lines_, 0)) == {"SIZE": "1000", "AUTH": "LOGIN PLAIN", "STARTTLS": ""}


@pytest.mark.parametrize(
    ("level", "match", "wanted"),
    [
        ("may", (), ("mx1.example.net",)),
        ("verify", (), ("mx1.example.net",)),
        ("secure", (), ("example.net", ".example.net")),
        ("secure", ("nexthop", "mail.example"), ("example.net", "mail.example")),
    ],
)
def test_the_names_that_a_certificate_must_have_are_those_of_postfix(level, match, wanted):
    way = replace(Way("example.net", 25, mx=True), level=level, match=match)

    assert names_wanted(way, "mx1.example.net") == wanted


@pytest.mark.parametrize(
    ("name", "wanted", "yes"),
    [
        ("mx.example.com", "MX.example.com", True),
        ("*.example.com", "mx.example.com", True),
        ("*.example.com", "a.mx.example.com", False),
        ("*.example.com", "example.com", False),
        ("mx.example.com", ".example.com", True),
        ("example.com", ".example.com", False),
        ("badexample.com", ".example.com", False),
        ("mx.example.org", "mx.example.com", False),
    ],
)
def test_names_are_compared_as_postfix_does(name, wanted, yes):
    assert fits((name,), wanted) is yes


@pytest.mark.parametrize("der", [None, b"", b"\x30\x82garbage", b"\0" * 5000])
def test_what_is_no_certificate_is_none(der):
    assert certificate_of(der) is None


def test_a_fingerprint_of_what_is_no_certificate_fits_nothing_else():
    assert not has_fingerprint(b"garbage", ("AB:" * 31 + "AB",))
