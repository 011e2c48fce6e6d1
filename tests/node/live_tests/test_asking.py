"""Live tests over the link: the agent checks what is asked, and unprivileged processes do it."""

from __future__ import annotations

import base64
import socket
import ssl
import struct
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from tests.node.world import Gateway, basic
from tests.support.dns_server import DnsServer
from tests.support.scripted_server import ScriptedServer, lines
from tests.support.sink import Rule, Sink

from sealgate.link import sealing
from sealgate.link.client import Node
from sealgate.link.codec import to_json
from sealgate.link.live_tests import DnsPicture, ListTest, LoginTest, NextHopTest, Result, Way
from sealgate.link.messages import Asker
from sealgate.model.errors import InvalidValue, NotFound, NotPermitted, Refused, SealgateError

USER, PASSWORD = "alice", "correct horse, battery"
RIGHTS = frozenset({"view", "edit", "secrets"})
RECIPIENT = "postmaster@example.com"


@pytest.fixture(scope="module")
def names():
    with DnsServer() as server:
        yield server


@pytest.fixture(scope="module")
def gateway(names):
    with Gateway() as here, here.agent(resolvers=(names.address,)):
        yield here


def asking(gateway, *rights):
    return Node(gateway.paths.socket, Asker("local:ann", "test", frozenset(rights or RIGHTS)), patience=60)


def way(port, host="127.0.0.1", **more):
    return Way(host, port, helo="gw.example.com", **more)


def uid_of_connection(wire):
    """The user whose process holds the other end of a connection on this machine, by the kernel's table."""
    host, port = wire.getpeername()
    wanted = f"{struct.pack('=I', struct.unpack('!I', socket.inet_aton(host))[0]).hex().upper()}:{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return next(int(row[7]) for row in rows if row[1] == wanted)


def test_a_next_hop_is_met_by_a_process_without_rights(gateway):
    users = []

    def script(wire):
        users.append(uid_of_connection(wire))
        lines(wire, b"220 hi\r\n", b"250 mx\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n", b"221 bye\r\n")

    with ScriptedServer(script) as server:
        report = asking(gateway).test_next_hop(NextHopTest("t", way(server.port), RECIPIENT))

    assert users == [65534]
    assert report.text == f"The server takes mail for {RECIPIENT}, in clear text."


def test_a_name_is_resolved_by_the_name_servers_of_the_node_and_each_server_is_met(gateway, names):
    with Sink() as sink:
        names.records = {
            ("example.net", "MX"): ["10 a.example.net.", "20 b.example.net."],
            ("a.example.net", "A"): ["127.0.0.1"],
            ("b.example.net", "A"): ["127.0.0.77"],
        }
        steps = []
        question = NextHopTest("t", way(sink.port, "example.net", mx=True), RECIPIENT)
        report = asking(gateway).test_next_hop(question, lambda step: steps.append(step.text))

    assert [section.title for section in report.sections] == [
        "DNS of example.net",
        f"a.example.net [127.0.0.1]:{sink.port}",
        f"b.example.net [127.0.0.77]:{sink.port}",
    ]
    assert [section.result for section in report.sections] == [Result.GOOD, Result.DOUBT, Result.BAD]
    assert (report.result, "1 of 2 servers cannot be used" in report.text) == (Result.DOUBT, True)
    assert steps[0] == "asking DNS for example.net"
    assert "connecting to a.example.net [127.0.0.1]" in steps


def test_a_name_that_dns_does_not_know_is_told_with_the_remedy(gateway, names):
    names.records = {}

    report = asking(gateway).test_next_hop(NextHopTest("t", way(25, "nowhere.example")))

    assert (report.result, report.text) == (Result.BAD, "DNS knows no server for nowhere.example.")
    assert "/etc/hosts" in report.remedy


@pytest.mark.parametrize(
    ("question", "fault"),
    [
        (NextHopTest("t", way(25), "a@b.example>\r\nDATA"), InvalidValue),
        (NextHopTest("t", replace(way(25), helo="x\r\nMAIL"), RECIPIENT), InvalidValue),
        (NextHopTest("t", way(25, "no host at all"), RECIPIENT), InvalidValue),
        (NextHopTest("t", replace(way(25), port=0), RECIPIENT), InvalidValue),
        (NextHopTest("t", replace(way(25), sources=("nonsense",)), RECIPIENT), InvalidValue),
        (NextHopTest("t", replace(way(25), versions=()), RECIPIENT), InvalidValue),
    ],
)
def test_the_agent_refuses_what_is_no_next_hop_or_would_be_another_command(gateway, question, fault):
    with pytest.raises(fault):
        asking(gateway).test_next_hop(question)


def test_who_may_not_edit_may_not_have_the_node_connect(gateway):
    with pytest.raises(NotPermitted, match="Nothing was sent"):
        asking(gateway, "view").test_next_hop(NextHopTest("t", way(25)))
    with pytest.raises(NotPermitted, match="Nothing was sent"):
        asking(gateway, "view").test_list(ListTest("t", "zen.example.net"))


def test_a_list_and_the_picture_are_asked_of_the_node_s_name_servers(gateway, names):
    names.records = {("2.0.0.127.zen.example.net", "A"): ["127.0.0.2"], ("gw.example.com", "A"): ["192.0.2.1"]}

    listed = asking(gateway).test_list(ListTest("t", "zen.example.net"))
    seen = asking(gateway, "view").dns_picture(DnsPicture("gw.example.com", "gw.example.com"))

    assert (listed.result, listed.asked) == (Result.GOOD, (f"Name servers: {names.address}",))
    assert (seen.result, seen.text) == (Result.DOUBT, "1 thing to look at.")
    assert [finding["code"] for finding in seen.findings] == ["hostname-ptr-differs"]


# -- logins


def with_login(gateway, port, *, host="127.0.0.1"):
    """A candidate with one login, its password sealed to the key of the node."""
    made = basic()
    public = asking(gateway).public_key().key
    made.secrets["s1"] = sealing.seal(public, "s1", PASSWORD.encode())
    key = made.add("sasl", {"host": host, "port": port, "user": USER, "password": "s1"})
    return made, key


@pytest.fixture(scope="module")
def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("smtp.example.net").configure_cert(context)
    return context


def test_a_login_uses_the_password_of_the_candidate_and_gives_nothing_of_it_back(gateway, tls, capsys):
    rules = [Rule("AUTH", f"535 5.7.8 no such password {PASSWORD}")]
    with Sink(tls=tls, auth=True, rules=rules) as sink:
        made, key = with_login(gateway, sink.port)
        report = asking(gateway).test_login(LoginTest("t", to_json(made.header), key, way(sink.port)), made)
        encoded = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()

        assert f"AUTH PLAIN {encoded}" in sink.commands
    assert report.result is Result.BAD
    assert PASSWORD not in str(to_json(report))
    assert PASSWORD not in "".join(capsys.readouterr())


def test_the_password_goes_to_the_host_of_its_row_only(gateway):
    with ScriptedServer(lambda wire: wire.close()) as other:
        made, key = with_login(gateway, 2587)

        with pytest.raises(Refused, match="Nothing was sent"):
            asking(gateway).test_login(LoginTest("t", to_json(made.header), key, way(other.port)), made)
        assert other.connections == 0


def test_a_login_needs_the_right_to_store_secrets(gateway):
    made, key = with_login(gateway, 2587)

    with pytest.raises(NotPermitted, match="secrets"):
        asking(gateway, "view", "edit").test_login(LoginTest("t", to_json(made.header), key, way(2587)), made)


def test_a_login_that_is_not_in_the_candidate_is_told(gateway):
    made, _key = with_login(gateway, 2587)

    with pytest.raises(NotFound, match="There is no login for"):
        asking(gateway).test_login(LoginTest("t", to_json(made.header), "[other.example]", way(2587)), made)


def test_a_secret_that_was_sealed_for_another_gateway_is_told(gateway):
    made, key = with_login(gateway, 2588)
    made.secrets["s2"] = sealing.seal(sealing.generate().public, "s2", b"x")
    made.remove("sasl", key)
    key = made.add("sasl", {"host": "127.0.0.1", "port": 2588, "user": USER, "password": "s2"})

    with pytest.raises(SealgateError, match="cannot be opened"):
        asking(gateway).test_login(LoginTest("t", to_json(made.header), key, way(2588)), made)


def test_the_next_server_is_tried_where_the_first_cannot_be_connected_to(gateway, names, tls):
    with Sink(tls=tls, auth=True) as sink:
        names.records = {("smtp.example.net", "A"): ["127.0.0.1", "127.0.0.78"]}
        made, key = with_login(gateway, sink.port, host="smtp.example.net")
        question = LoginTest("t", to_json(made.header), key, way(sink.port, "smtp.example.net"))
        report = asking(gateway).test_login(question, made)

        assert sum("AUTH" in command for command in sink.commands) == 1
    assert report.result is Result.GOOD


def test_several_tests_at_once_all_end(gateway):
    reports = []
    with Sink() as sink:
        question = NextHopTest("t", way(sink.port), RECIPIENT)
        threads = [
            threading.Thread(target=lambda: reports.append(asking(gateway).test_next_hop(question))) for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    assert [report.result for report in reports] == [Result.DOUBT] * 6
