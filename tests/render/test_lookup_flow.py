"""Look-up tables and own lines at work."""

from __future__ import annotations

import pytest
from tests.support.certificates import certificate_for, trusting
from tests.support.ports import lease_port
from tests.support.rendered_gateway import STRANGER, rendered_gateway
from tests.support.sink import Sink
from tests.support.smtp_client import SmtpClient
from tests.support.states import state

from sealgate.render import Endpoint

pytestmark = pytest.mark.flow

HEAD = b"From: someone@out.example\r\nTo: user@relay.example\r\n"
MESSAGE = HEAD + b"Subject: hello\r\n\r\nhello\r\n"
RELAY = {"relay-domain": ["relay.example"]}
MINE = "127.0.0.1"
LIMITS = {"before-filter-size-limit": 100_000, "after-filter-size-limit": 300_000}


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("hash", "blocked.example REJECT go"),
        ("btree", "blocked.example REJECT go"),
        ("lmdb", "blocked.example REJECT go"),
        ("cdb", "blocked.example REJECT go"),
        ("texthash", "blocked.example REJECT go"),
        ("pcre", r"/@blocked\.example$/ REJECT go"),
        ("regexp", r"/@blocked\.example$/ REJECT go"),
    ],
)
def test_a_look_up_table_works_from_an_own_line(kind, line):
    own = f"smtpd_sender_restrictions = check_sender_access {kind}:$maps_d_dir/{kind}-blocked.map\n"
    desired = state({}, RELAY, main_cf=own, tables={f"{kind}:blocked": f"{line}\n"})
    with rendered_gateway(desired, start_mpa=False) as gateway:
        reply = gateway.rcpt(STRANGER, "user@relay.example", "x@blocked.example")

        assert str(reply) == "554 5.7.1 <x@blocked.example>: Sender address rejected: go"


def test_a_cidr_look_up_table_works_from_an_own_line():
    own = "smtpd_sender_restrictions = check_client_access cidr:${maps_d_dir}/cidr-blocked.map\n"
    desired = state({}, RELAY, main_cf=own, tables={"cidr:blocked": "192.0.2.0/24 REJECT go\n"})
    with rendered_gateway(desired, start_mpa=False) as gateway:
        assert str(gateway.rcpt("192.0.2.9", "user@relay.example")).endswith("Client host rejected: go")


def test_where_postfix_lacks_hash_the_same_own_line_works():
    own = "smtpd_sender_restrictions = check_sender_access hash:$maps_d_dir/hash-blocked.map\n"
    desired = state({}, RELAY, main_cf=own, tables={"hash:blocked": "blocked.example REJECT go\n"})
    without = frozenset({"cidr", "inline", "lmdb", "pcre", "pipemap", "regexp", "static", "unix"})
    with rendered_gateway(desired, start_mpa=False, map_types=without) as gateway:
        assert gateway.rcpt(STRANGER, "user@relay.example", "x@blocked.example").code == 554
        assert not list((gateway.release.path / "maps.d").glob("*.db"))


def test_an_own_entry_of_master_cf_keeps_the_limit_that_sealgate_gives_the_listener():
    port = lease_port()
    own = f"127.0.0.1:{port} inet n - n - 3 smtpd\n  -o smtpd_banner=mine\n"
    listeners = (Endpoint("127.0.0.1", port),)
    with rendered_gateway(state(LIMITS, RELAY, master_cf=own), start_mpa=False, smtp_listeners=listeners) as gateway:
        with SmtpClient(("127.0.0.1", port)) as client:
            assert str(client.banner) == "220 mine"
            assert "SIZE 100000" in client.ehlo()
        assert gateway.postfix.problems() == []


WALK_THROUGH = {"main_cf": "smtp_tls_policy_maps = hash:$maps_d_dir/hash-tls-policy.map\n"}


@pytest.mark.parametrize("offers", [True, False])
def test_with_the_tls_policy_of_the_manual_mail_leaves_only_over_tls(offers):
    context = certificate_for("next.example")[0] if offers else None
    with Sink(tls=context) as sink:
        rows = {**RELAY, "transport": [{"pattern": "example.com", "host": "127.0.0.1", "port": sink.port}]}
        tables = {"hash:tls-policy": f"[127.0.0.1]:{sink.port} encrypt\n"}
        with rendered_gateway(state({}, rows, tables=tables, **WALK_THROUGH)) as gateway:
            assert gateway.send(MESSAGE, "user@example.com", address=MINE).ok
            gateway.postfix.wait_for_log(r"to=<user@example\.com>.*(?:status=deferred .TLS is required|queued as SINK)")

            assert gateway.postfix.problems() == []

            assert [message.tls for message in sink.messages] == ([True] if offers else [])


@pytest.mark.parametrize(("written", "offers"), [("", True), ("", False), (":25", True), (":25", False)])
def test_a_row_of_tls_policy_holds_for_both_spellings_of_a_next_hop(written, offers, port_25):
    port_25.script.tls = certificate_for("next.example")[0] if offers else None
    host = f"[{port_25.address[0]}]"
    rows = {
        "transport": [{"pattern": "t.example", "special": f"smtp:{host}{written}"}],
        "tls-policy": [{"destination": host, "level": "encrypt"}],
    }
    with rendered_gateway(state({}, rows)) as gateway:
        assert gateway.send(MESSAGE, "user@t.example", address=MINE).ok
        gateway.postfix.wait_for_log(r"to=<user@t\.example>.*(?:status=deferred .TLS is required|queued as SINK)")

        assert [message.tls for message in port_25.messages] == ([True] if offers else [])


def test_with_a_certificate_the_public_listener_offers_tls():
    _, certificate, key = certificate_for("gw.example.test")
    settings = {"tls-certificate": certificate, "tls-key": "key-1"}
    with rendered_gateway(state(settings), secrets={"key-1": key}, start_mpa=False) as gateway:
        listener = gateway.release.node.smtp_listeners[0]
        with SmtpClient((listener.host, listener.port)) as client:
            assert "STARTTLS" in client.ehlo()
            client.starttls(trusting(certificate), "gw.example.test")
        assert (gateway.release.path / "tls/smtpd-chain.pem").stat().st_mode & 0o777 == 0o600


def test_without_a_certificate_no_tls_is_offered_and_nothing_is_complained_about():
    with rendered_gateway(state(), start_mpa=False) as gateway:
        listener = gateway.release.node.smtp_listeners[0]
        with SmtpClient((listener.host, listener.port)) as client:
            assert "STARTTLS" not in client.ehlo()
        assert gateway.postfix.problems() == []


def test_when_encryption_is_demanded_mail_in_clear_is_refused():
    _, certificate, key = certificate_for("gw.example.test")
    settings = {"tls-certificate": certificate, "tls-key": "key-1", "tls-incoming": "encrypt"}
    with rendered_gateway(state(settings, RELAY), secrets={"key-1": key}, start_mpa=False) as gateway:
        assert gateway.rcpt(STRANGER, "user@relay.example").code == 530


def test_the_inner_listener_asks_for_no_tls_when_encryption_is_demanded():
    _, certificate, key = certificate_for("gw.example.test")
    settings = {"tls-certificate": certificate, "tls-key": "key-1", "tls-incoming": "encrypt"}
    with rendered_gateway(state(settings, RELAY), secrets={"key-1": key}, start_mpa=False) as gateway:
        end = gateway.release.node.reinject
        with SmtpClient((end.host, end.port)) as client:
            client.ehlo()

            assert client.mail("a@out.example").ok
