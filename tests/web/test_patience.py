"""Those who come slowly, or many at once: they are ended in time, and nobody else waits for them."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.support.waiting import wait_until
from tests.support.web_site import ANN, WHO, served

from sealgate.services import imports
from sealgate.web.patience import Loop, Patience, Places, neighbourhood

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

SHORT = Patience(head=0.5, body=0.5, rate=100, taking=0.5)
FEW = Places(all=7, each=5)
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
HEAD = f"Host: localhost\r\n{WHO}: ann\r\nSec-Fetch-Site: same-origin\r\n"


@pytest.fixture
def site(gateway: Gateway, tmp_path: Path) -> Iterator[WebSite]:
    with served(gateway, tmp_path / "tls", patience=SHORT, places=FEW) as running:
        yield running


@contextmanager
def connected(site: WebSite, source: str = "127.0.0.1", buffer: int = 0) -> Iterator[ssl.SSLSocket]:
    context = ssl.create_default_context(cafile=str(site.certificate))
    plain = socket.socket()
    if buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    plain.bind((source, 0))
    plain.settimeout(30)
    plain.connect(("127.0.0.1", int(site.url.rpartition(":")[2])))
    with plain, context.wrap_socket(plain, server_hostname="localhost") as connection:
        yield connection


def until_the_end(connection: ssl.SSLSocket) -> str:
    """Read until the other side closes; that it does is what a test waits for."""
    text = b""
    while piece := connection.recv(65536):
        text += piece
    return text.decode()


def test_who_says_nothing_is_not_waited_for(site: WebSite) -> None:
    with connected(site) as connection:
        assert until_the_end(connection).startswith("HTTP/1.1 408 ")


@pytest.mark.parametrize("sent", ["G", "GET / HTTP/1.1\r\n", f"GET / HTTP/1.1\r\n{HEAD}"])
def test_who_never_ends_a_head_is_ended(site: WebSite, sent: str) -> None:
    with connected(site) as connection:
        connection.sendall(sent.encode())

        assert until_the_end(connection).startswith("HTTP/1.1 408 ")


def test_a_byte_now_and_then_does_not_lengthen_the_time_of_a_head(site: WebSite) -> None:
    with connected(site) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")

        wait_until(lambda: is_refused(connection, b"x"), "the connection is ended")


def test_who_begins_a_second_request_and_stops_is_ended(site: WebSite) -> None:
    with connected(site) as connection:
        connection.sendall(f"GET /sign-in HTTP/1.1\r\n{HEAD}\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"G")

        assert "HTTP/1.1 408 " in until_the_end(connection)


@pytest.mark.parametrize("length", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_who_never_ends_a_body_is_ended(site: WebSite, length: str) -> None:
    with connected(site) as connection:
        connection.sendall(f"POST /sign-in HTTP/1.1\r\n{HEAD}{FORM}{length}\r\n\r\n1\r\nn\r\n".encode())

        assert until_the_end(connection).startswith("HTTP/1.1 408 ")


def test_a_body_that_keeps_coming_is_waited_for(site: WebSite) -> None:
    body = "name=" + "n" * 3000
    with connected(site) as connection:
        head = f"POST /sign-in HTTP/1.1\r\n{HEAD}{FORM}"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body[:2000]}".encode())
        time.sleep(3 * SHORT.body)  # longer than a body without bytes has
        connection.sendall(body[2000:].encode())

        assert connection.recv(100).startswith(b"HTTP/1.1 422 ")


def test_who_does_not_take_an_answer_is_cut_off(gateway: Gateway, site: WebSite) -> None:
    lines = [text for number in range(9000) for text in (f"# {'x' * 990}", f"10.1.{number // 250}.{number % 250}")]
    imports.import_rows(gateway, ANN, "black", lines)
    with connected(site, buffer=4096) as connection:
        connection.sendall(f"GET /mta/black/export?format=text HTTP/1.1\r\n{HEAD}\r\n".encode())
        assert connection.recv(10)

        wait_until(lambda: not site.server.server_state.connections, "the connection is ended", 30)


def test_an_answer_before_any_other_has_the_headers_that_keep_a_browser_from_harm(site: WebSite) -> None:
    with connected(site) as connection:
        connection.sendall(b"no such thing as HTTP\r\n\r\n")
        said = until_the_end(connection)

    assert said.startswith("HTTP/1.1 400 ")
    assert "frame-ancestors 'none'" in said


def test_one_address_gets_a_part_of_the_places_only(site: WebSite) -> None:
    with ExitStack() as stack:
        for _ in range(FEW.each):
            stack.enter_context(connected(site))
        with pytest.raises(OSError), connected(site):
            pass


def test_who_comes_from_elsewhere_is_served_meanwhile(site: WebSite) -> None:
    trust = ssl.create_default_context(cafile=str(site.certificate))
    with ExitStack() as stack:
        for _ in range(FEW.each):
            stack.enter_context(connected(site))
        transport = httpx.HTTPTransport(verify=trust, local_address="127.0.0.2")
        client = stack.enter_context(httpx.Client(transport=transport))

        assert client.get(f"{site.url}/sign-in").status_code == 200


def test_there_are_no_more_connections_than_places(site: WebSite) -> None:
    with ExitStack() as stack:
        for number in range(FEW.all):
            stack.enter_context(connected(site, f"127.0.1.{number % 2 + 1}"))
        with pytest.raises(OSError), connected(site, "127.0.0.9"):
            pass


def test_a_place_is_free_again_when_its_holder_was_ended(site: WebSite) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(connected(site)) for _ in range(FEW.each)]
        for connection in held:
            until_the_end(connection)
            connection.close()

        wait_until(lambda: is_served(site), "there is a place again")


def is_refused(connection: ssl.SSLSocket, byte: bytes) -> bool:
    try:
        connection.sendall(byte)
    except OSError:
        return True
    return False


def is_served(site: WebSite) -> bool:
    try:
        with site.client() as client:
            return client.get("/sign-in").status_code == 200
    except httpx.TransportError:
        return False


def test_who_never_begins_the_handshake_is_ended(site: WebSite) -> None:
    class Quick(Loop):
        handshake = 0.2

    async def ended() -> bytes:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(site.certificate, site.certificate.with_name("key.pem"))
        loop = asyncio.get_running_loop()
        async with await loop.create_server(asyncio.Protocol, "127.0.0.1", 0, ssl=context) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            said = await reader.read()
            writer.close()
            return said

    with asyncio.Runner(loop_factory=Quick) as runner:
        assert runner.run(ended()) == b""


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_neighbours_of_one_customer_count_as_one(address: str, kept: str) -> None:
    assert neighbourhood(address) == kept
