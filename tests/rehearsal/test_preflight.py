"""Whether the real services live: asked outside the seal, as Postfix's account, without a word they would remember."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.gateway import free_port
from tests.support.outside import listening

from sealgate.model.findings import Severity
from sealgate.postfix.spool import Accounts
from sealgate.rehearsal import neutral_services
from sealgate.rehearsal.outside import Kind, Outsider, Where
from sealgate.rehearsal.preflight import LONGEST, NOT_REACHED, Preflight

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from tests.support.gateway import Gateway

    from sealgate.model.findings import Finding
    from sealgate.rehearsal.judging import Judge


@pytest.fixture
def place() -> Iterator[Path]:
    top = Path(tempfile.mkdtemp(prefix="sgp-", dir="/tmp"))
    top.chmod(0o755)
    yield top
    shutil.rmtree(top)


def asked(top: Path, *found: Outsider) -> tuple[Finding, ...]:
    with Preflight(found, Accounts.named().mail_owner, top, top) as preflight:
        return preflight.findings()


def milter(where: Where) -> Outsider:
    return Outsider(Kind.MILTER, str(where), where, "smtpd_milters")


def greeting(words: bytes) -> Callable[[socket.socket], None]:
    def dialogue(connection: socket.socket) -> None:
        connection.sendall(words)
        while connection.recv(100):
            pass

    return dialogue


def test_nothing_outside_needs_no_process(place: Path) -> None:
    assert asked(place) == ()


def test_a_milter_that_negotiates_is_no_news(place: Path) -> None:
    with listening(place / "m", neutral_services.milter):
        assert asked(place, milter(Where(path=str(place / "m")))) == ()


def test_a_relative_socket_is_one_below_the_live_queue_directory(place: Path) -> None:
    with listening(place / "m", neutral_services.milter):
        assert asked(place, milter(Where(path="m"))) == ()


def test_a_milter_on_a_port_is_asked_too() -> None:
    with listening(None, neutral_services.milter) as (host, port):
        assert asked(Path("/"), milter(Where(host=host, port=str(port)))) == ()


def test_a_milter_that_nobody_is_at_home_is_a_warning(place: Path) -> None:
    (found,) = asked(place, milter(Where(host="127.0.0.1", port=str(free_port()))))

    assert (found.severity, found.code) == (Severity.WARNING, NOT_REACHED)
    assert "Connection refused" in found.what


def test_what_speaks_another_protocol_is_no_milter(place: Path) -> None:
    with listening(place / "m", greeting(b"220 hello there\r\n")):
        (found,) = asked(place, milter(Where(path=str(place / "m"))))

    assert "it does not speak the milter protocol" in found.what


@pytest.mark.parametrize(
    ("kind", "words", "lives"),
    [
        (Kind.LOGIN, b"VERSION\t1\t2\n", True),
        (Kind.LOGIN, b"220 hello\r\n", False),
        (Kind.PROXY, b"220 hello\r\n", True),
        (Kind.FILTER, b"421 not now\r\n", False),
        (Kind.POLICY, b"", True),
        (Kind.SOCKETMAP, b"", True),
    ],
)
def test_what_greets_must_greet_as_its_protocol_says(kind: Kind, words: bytes, lives: bool, place: Path) -> None:
    with listening(place / "s", greeting(words)):
        found = asked(place, Outsider(kind, "s", Where(path=str(place / "s")), "p"))

    assert (found == ()) is lives


def test_the_account_of_postfix_asks(place: Path) -> None:
    """Root may connect to any socket; what only root may use is of no use to Postfix."""
    with listening(place / "m", neutral_services.milter):
        (place / "m").chmod(0o600)
        (found,) = asked(place, milter(Where(path=str(place / "m"))))

    assert "Permission denied" in found.what


def test_a_service_that_never_answers_is_not_waited_for(place: Path) -> None:
    with listening(place / "m", greeting(b"")):
        (found,) = asked(place, milter(Where(path=str(place / "m"))))

    assert f"{LONGEST:.0f} s" in found.what or "timed out" in found.what


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("memcache", "memcache = inet:127.0.0.1:{port}"),
        ("ldap", "server_host = ldap://127.0.0.1:{port}"),
        ("pgsql", "user = u\nhosts = 127.0.0.1:{port}\n  127.0.0.1:1"),
        ("mysql", "hosts = 127.0.0.1:1 127.0.0.1:{port}"),
        ("mysql", "hosts = unix:{place}/no 127.0.0.1:{port}"),
    ],
)
def test_of_the_servers_of_a_database_one_is_enough(kind: str, line: str, place: Path) -> None:
    with listening(None, greeting(b"")) as (_, port):
        (place / "t.cf").write_text(line.format(port=port, place=place) + "\n")
        one = Outsider(Kind.PROGRAM, f"{kind}:{place}/t.cf", Where(), "transport_maps")

        assert asked(place, one) == ()


def test_a_database_without_a_living_server_is_a_warning(place: Path) -> None:
    (place / "t.cf").write_text(f"hosts = 127.0.0.1:{free_port()}\n")

    (found,) = asked(place, Outsider(Kind.PROGRAM, f"pgsql:{place}/t.cf", Where(), "transport_maps"))

    assert "The database table pgsql:" in found.what


def test_a_warning_names_parameter_and_line(judge: Judge, gateway: Gateway) -> None:
    port = free_port()
    gateway.write(raw=f"# smtpd_milters = none\nsmtpd_milters =\n  inet:127.0.0.1:{port}\n")
    lines = (gateway.conf / "main.cf").read_text().splitlines()

    (found,) = judge.probe(gateway.conf).findings

    assert (found.place.file, found.place.field) == ("main.cf", "smtpd_milters")
    assert lines[found.place.line - 1] == f"  inet:127.0.0.1:{port}"


def test_a_warning_about_a_service_names_it(judge: Judge, gateway: Gateway) -> None:
    master = gateway.master.replace("smtpd\n", f"smtpd -o smtpd_milters=inet:127.0.0.1:{free_port()}\n", 1)
    gateway.write(master=master)

    (found,) = judge.probe(gateway.conf).findings

    assert (found.place.file, found.place.key, found.place.line) == ("master.cf", f"127.0.0.1:{gateway.port}/inet", 1)


def test_the_live_service_gets_no_mail_of_the_rehearsal(judge: Judge, gateway: Gateway) -> None:
    """It is negotiated with once; every event goes to the stand-in."""
    heard: list[bytes] = []

    def noting(connection: socket.socket) -> None:
        with connection.makefile("rb") as said:
            while head := said.read(4):
                packet = said.read(int.from_bytes(head, "big"))
                heard.append(packet[:1])
                if packet[:1] == b"O":
                    connection.sendall((13).to_bytes(4, "big") + packet[:5] + bytes(8))

    with listening(None, noting) as (_, port):
        gateway.write(smtpd_milters=f"inet:127.0.0.1:{port}")
        judgement = judge.full(gateway.conf)

    assert judgement.findings == ()
    assert heard == [b"O", b"Q"]
