"""Live tests as one story: settings in the database, the real agent, a real Postfix as next hop, a real login.

The control half and the agent share a gateway's directory, as they do on a machine; nothing is applied, and the
gateway's own Postfix never runs.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
import trustme
from click.testing import CliRunner
from tests.node.world import Gateway as World
from tests.support.dns_server import DnsServer
from tests.support.ports import lease_port, release_port
from tests.support.postfix_instance import STOCK_SERVICES, PostfixInstance
from tests.support.sink import Rule, Sink
from tests.support.waiting import wait_until

from sealgate.cli import cli
from sealgate.link.live_tests import Result
from sealgate.services import auditing, live_tests, own_lines, rows, settings
from sealgate.services.actor import Actor
from sealgate.services.gateway import Gateway
from sealgate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.flow
ANN = Actor.local("ann")
PASSWORD = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def names() -> Iterator[DnsServer]:
    with DnsServer() as server:
        yield server


@pytest.fixture(scope="module")
def world(names: DnsServer) -> Iterator[World]:
    with World() as here, here.agent(resolvers=(names.address,)):
        (here.directory / "sealgate.toml").write_text("")
        yield here


@pytest.fixture(scope="module")
def gateway(world: World) -> Iterator[Gateway]:
    opened = Gateway.open(Settings.load(world.directory))
    settings.set_value(opened, ANN, "my-hostname", "gw.example.com")
    rows.add(opened, ANN, "relay-domain", {"domain": "example.com"})
    yield opened
    opened.close()


@pytest.fixture
def port() -> Iterator[int]:
    leased = lease_port()
    yield leased
    release_port(leased)


def test_a_real_postfix_is_a_next_hop_that_takes_its_own_domains_only(gateway: Gateway, port: int) -> None:
    settings.set_value(gateway, ANN, "internal-relay-host", {"host": "127.0.0.1", "port": port, "mx": False})
    own = {"relay_domains": "example.com", "smtpd_relay_restrictions": "reject_unauth_destination", "mynetworks": ""}
    with PostfixInstance.temporary() as postfix:
        postfix.configure(own, [f"127.0.0.1:{port} inet n - n - - smtpd", *STOCK_SERVICES])
        postfix.start()
        taken = live_tests.relay_host(gateway, ANN, "internal-relay-host")
        denied = live_tests.relay_host(gateway, ANN, "internal-relay-host", recipient="x@elsewhere.example")
        wait_until(lambda: sum("disconnect from" in line for line in postfix.log) == 2, "both connections are over")

        assert not [line for line in postfix.log if "queued" in line or "cleanup" in line]
    assert taken.text == "The server takes mail for postmaster@example.com, in clear text."
    assert denied.result is Result.BAD
    assert "Relay access denied" in denied.text


def test_a_stored_password_logs_in_and_is_found_nowhere_afterwards(
    gateway: Gateway, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = trustme.CA()
    trusted = world.directory / "log" / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    trusted.chmod(0o644)
    own_lines.edit(gateway, ANN, "main-cf", f"smtp_tls_CAfile = {trusted}\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    rules = [Rule("AUTH", f"535 5.7.8 no: {PASSWORD}", times=1)]
    with Sink(tls=context, auth=True, rules=rules) as sink:
        login = {"host": "127.0.0.1", "port": sink.port, "user": "alice", "password": PASSWORD}
        key = rows.add(gateway, ANN, "sasl", login).key
        rows.add(gateway, ANN, "tls-policy", {"destination": key, "level": "secure"})
        refused, taken = (live_tests.login(gateway, ANN, key) for _ in range(2))

    assert (refused.result, taken.result) == (Result.BAD, Result.GOOD)
    assert "It is what secure asks for." in [step.text for step in taken.sections[0].steps]
    assert PASSWORD not in f"{refused}{taken}{auditing.newest(gateway, ANN)}{''.join(capsys.readouterr())}"
    files = [path for path in world.directory.rglob("*") if path.is_file()]
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []


def test_the_terminal_tells_the_same_and_ends_with_one_where_nothing_listens(
    gateway: Gateway, world: World, names: DnsServer, port: int
) -> None:
    names.records = {("mx.partner.example", "A"): ["127.0.0.1"]}
    rows.add(gateway, ANN, "transport", {"pattern": "partner.example", "host": "mx.partner.example", "port": port})

    said = CliRunner().invoke(cli, ["try", "transport", "partner.example", "--dir", str(world.directory)])

    assert said.exit_code == 1
    assert "A of mx.partner.example: 127.0.0.1" in said.stdout
    assert f"nothing listens on port {port} there" in said.stdout


def test_a_name_of_a_gateway_that_dns_does_not_know_is_found(gateway: Gateway, names: DnsServer) -> None:
    names.records = {("example.com", "MX"): ["10 gw.example.com."]}

    report = live_tests.dns_picture(gateway, ANN)

    assert [finding["code"] for finding in report.findings] == ["hostname-no-address"]
