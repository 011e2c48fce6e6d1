"""The mail servers of the artificial internet, talked to over real sockets: what they offer, answer and note."""

from __future__ import annotations

import base64
import hashlib
import smtplib
import socket
import ssl
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.waiting import wait_until

from sealgate.rehearsal.certificates import WRONG_NAME, issue, names_in
from sealgate.rehearsal.mail_servers import MailServers, listeners, trial_of
from sealgate.rehearsal.trials import Certificate, Client, Internet, Manner, Plan, Server, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MESSAGE = b"From: a@b.example\r\nX-Sealgate-Trial: t-1\r\n\r\ntext\r\n"
Serving = "Callable[[Server], smtplib.SMTP]"


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Callable[..., tuple[MailServers, int]]]:
    opened: list[socket.socket] = []

    def start(behaviour: Server = Server()) -> tuple[MailServers, int]:  # noqa: B008 - frozen
        contexts = {}
        for kind, chain in issue(["server.example"]).chains.items():
            (tmp_path / "chain.pem").write_text(chain)
            contexts[kind] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            contexts[kind].load_cert_chain(tmp_path / "chain.pem")
        made = MailServers(lambda _address: ("server.example", behaviour), contexts)
        (listener,) = listeners((0,), ("127.0.0.1",))
        opened.append(listener)
        made.listen(listener)
        return made, int(listener.getsockname()[1])

    yield start
    for one in opened:
        with socket.socket() as last:  # the accepting thread must not be left with a closed descriptor
            last.connect(one.getsockname())


def client(port: int) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", port, "client.example", timeout=20)


def deliver(port: int, *recipients: str) -> dict[str, tuple[int, bytes]]:
    with client(port) as one:
        return one.sendmail("a@b.example", recipients or ["c@d.example"], MESSAGE)


def test_a_message_is_noted_with_all_that_was_said(servers) -> None:
    made, port = servers()

    deliver(port, "c@d.example", "e@f.example")

    (arrival,) = made.arrivals()
    assert (arrival.trial, arrival.server, arrival.address, arrival.port) == (
        "t-1",
        "server.example",
        "127.0.0.1",
        port,
    )
    assert (arrival.client, arrival.helo, arrival.tls) == ("127.0.0.1", "client.example", "")
    assert (arrival.sender, arrival.recipients, arrival.accepted) == (
        "a@b.example",
        ("c@d.example", "e@f.example"),
        True,
    )
    assert arrival.message.encode() == MESSAGE
    assert (arrival.size, arrival.digest) == (len(MESSAGE), hashlib.sha256(MESSAGE).hexdigest())


def test_what_is_offered(servers) -> None:
    _, port = servers(Server(logins=True, max_size=1000))

    with client(port) as one:
        one.ehlo()

        assert one.esmtp_features["size"] == "1000"
        assert {"pipelining", "8bitmime", "dsn", "smtputf8", "starttls", "auth"} <= set(one.esmtp_features)


def test_without_certificate_tls_is_not_offered(servers) -> None:
    _, port = servers(Server(certificate=Certificate.NONE))

    with client(port) as one:
        one.ehlo()

        assert not one.has_extn("starttls")
        assert one.docmd("STARTTLS")[0] == 502


@pytest.mark.parametrize(
    ("certificate", "fault"),
    [
        (Certificate.GOOD, ""),
        (Certificate.EXPIRED, "certificate has expired"),
        (Certificate.WRONG_NAME, "not valid for 'server.example'"),
    ],
)
def test_certificates_are_what_they_are_called(certificate: Certificate, fault: str, tmp_path: Path) -> None:
    issued = issue(["server.example"])
    (tmp_path / "chain.pem").write_text(issued.chains[certificate])
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "chain.pem")
    made = MailServers(lambda _: ("", Server(certificate=certificate)), {certificate: serving})
    (listener,) = listeners((0,), ("127.0.0.1",))
    made.listen(listener)

    with client(listener.getsockname()[1]) as one:
        one._host = "server.example"  # type: ignore[attr-defined]
        said = ""
        try:
            one.starttls(context=ssl.create_default_context(cadata=issued.authority))
        except ssl.SSLCertVerificationError as failure:
            said = str(failure)

    assert (fault in said) if fault else not said


def test_the_protocol_of_tls_is_noted(servers) -> None:
    made, port = servers()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    with client(port) as one:
        one.starttls(context=context)
        one.sendmail("a@b.example", ["c@d.example"], MESSAGE)

    assert made.arrivals()[0].tls == "TLSv1.3"


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN", "PLAIN later"])
def test_a_login_is_taken_and_noted(method: str, servers) -> None:
    made, port = servers(Server(logins=True))

    with client(port) as one:
        one.ehlo()
        one.user, one.password = "someone", "secret"
        if method == "PLAIN later":
            one.docmd("AUTH", "PLAIN")
            assert one.docmd(base64.b64encode(b"\0someone\0secret").decode())[0] == 235
        else:
            one.auth(method, getattr(one, f"auth_{method.lower()}"))
        one.sendmail("a@b.example", ["c@d.example"], MESSAGE)

    assert (made.arrivals()[0].login, made.arrivals()[0].password) == ("someone", "secret")


@pytest.mark.parametrize("words", ["CRAM-MD5", "PLAIN !!!", "PLAIN YQ=="])
def test_a_login_that_is_not_understood_is_refused(words: str, servers) -> None:
    _, port = servers(Server(logins=True))

    with client(port) as one:
        one.ehlo()

        assert one.docmd("AUTH", words)[0] in {501, 504}


@pytest.mark.parametrize(("manner", "code"), [(Manner.DEFER, 451), (Manner.REFUSE, 550)])
def test_recipients_are_put_off_or_refused(manner: Manner, code: int, servers) -> None:
    made, port = servers(Server(manner))

    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        deliver(port)

    assert refusal.value.recipients["c@d.example"][0] == code
    wait_until(made.arrivals, "the transaction is noted")
    (arrival,) = made.arrivals()
    assert (arrival.accepted, arrival.refused, arrival.message) == (False, ("c@d.example",), "")


@pytest.mark.parametrize("key", ["no@d.example", "NO@D.EXAMPLE", "@d.example"])
def test_a_recipient_may_have_its_own_reply(key: str, servers) -> None:
    made, port = servers(Server(replies={key: "550 5.1.1 nobody"}))

    refused = deliver(port, "no@d.example", "yes@e.example")

    assert refused == {"no@d.example": (550, b"5.1.1 nobody")}
    assert made.arrivals()[0].refused == ("no@d.example",)


def test_an_address_is_nearer_than_its_domain(servers) -> None:
    _, port = servers(Server(replies={"@d.example": "550 5.1.1 no", "yes@d.example": "250 2.1.5 yes"}))

    assert deliver(port, "yes@d.example") == {}


def test_a_server_that_drops_notes_what_it_did_not_take(servers) -> None:
    made, port = servers(Server(Manner.DROP))

    with pytest.raises(smtplib.SMTPServerDisconnected):
        deliver(port)

    assert [one.accepted for one in made.arrivals()] == [False]


def test_a_message_larger_than_announced_is_refused(servers) -> None:
    made, port = servers(Server(max_size=10))

    with client(port) as one:
        one.ehlo()
        one.mail("a@b.example")
        one.rcpt("c@d.example")
        assert one.data(MESSAGE)[0] == 552
        assert one.mail("a@b.example", ["SIZE=11"])[0] == 552
    assert [arrival.accepted for arrival in made.arrivals()] == [False]


def test_dots_are_taken_away_again(servers) -> None:
    made, port = servers()

    with client(port) as one:
        one.sendmail("a@b.example", ["c@d.example"], b"X-Sealgate-Trial: t\r\n\r\n.\r\n..x\r\n")

    assert made.arrivals()[0].message == "X-Sealgate-Trial: t\r\n\r\n.\r\n..x\r\n"


def test_of_a_large_message_the_beginning_is_kept_and_all_is_counted(servers) -> None:
    made, port = servers()
    text = MESSAGE + b"x" * 70 + b"\r\n" * 100_000

    with client(port) as one:
        one.sendmail("a@b.example", ["c@d.example"], text)

    assert (len(made.arrivals()[0].message), made.arrivals()[0].size) == (1 << 16, len(text))


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        (["RCPT TO:<a@b.example>"], 503),
        (["MAIL FROM:<>", "DATA"], 554),
        (["NOOP"], 250),
        (["VRFY x"], 252),
        (["HELO x"], 250),
        (["NONSENSE"], 502),
        (["MAIL FROM:<>", "RSET", "RCPT TO:<a@b.example>"], 503),
        (["AUTH PLAIN AGEAYg=="], 504),
    ],
)
def test_commands_out_of_order_are_refused(commands: list[str], code: int, servers) -> None:
    _, port = servers()

    with client(port) as one:
        assert [one.docmd(command)[0] for command in commands][-1] == code


@given(st.binary(max_size=2000))
def test_a_trial_is_read_from_any_bytes(data: bytes) -> None:
    assert isinstance(trial_of(data.decode("latin-1")), str)


def test_a_trial_in_the_body_is_none() -> None:
    assert trial_of("From: x\r\n\r\nX-Sealgate-Trial: t\r\n") == ""
    assert trial_of("x-sealgate-trial: t-9\n\nbody") == "t-9"


# -- for whom certificates are


def test_the_names_of_a_plan_are_those_that_can_be_verified() -> None:
    trial = Trial("t", "127.0.0.1", 25, Client("192.0.2.1"), "", ("u@example.com",))
    world = Internet({"listed.example": {"MX": ("5 Out.Example",)}}, servers={"mx.host.example": Server()})

    found = set(names_in(Plan((trial,), world, routes=("v@route.example",))))

    assert {"example.com", "mx.example.com", "listed.example", "out.example"} <= found
    assert {"mx.host.example", "host.example", "route.example", "mx.route.example"} <= found


def test_names_that_no_certificate_can_carry_are_left_out() -> None:
    issued = issue(["x" * 64 + ".example", "", "bücher.example", "a b", "good.example"])

    assert set(issued.chains) == {Certificate.GOOD, Certificate.EXPIRED, Certificate.WRONG_NAME}
    assert WRONG_NAME.endswith(".invalid")
