"""Servers that are slow, broken, hostile, or somewhere else."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import structlog.testing
from tests.support.outside_sources import Page, answer
from tests.support.scripted_server import ScriptedServer

from sealgate.model.errors import InvalidValue
from sealgate.providers import Fetched, NotFetched, Reach, Source, fetch
from sealgate.providers.web import Place

if TYPE_CHECKING:
    import ssl

    from tests.support.outside_sources import OutsideSources

ALL = "https://lists.example/all"
LIST = Page(b"192.0.2.0/24\n")


def fetched(outside: OutsideSources, page: Page, reach: Reach | None = None) -> Fetched:
    outside.pages["lists.example", "/all"] = page
    return fetch(Source("url", target=ALL), reach or outside.reach())


def refused(outside: OutsideSources, page: Page = LIST, reach: Reach | None = None, target: str = ALL) -> str:
    outside.pages["lists.example", "/all"] = page
    with pytest.raises(NotFetched) as fault:
        fetch(Source("url", target=target), reach or outside.reach())
    return str(fault.value)


def moved(address: str, status: int = 302) -> Page:
    return Page(status=status, headers={"Location": address})


def raw(head: bytes, body: bytes = b"") -> Page:
    """A page sent as these bytes, and the end of the connection without TLS's goodbye."""

    def script(wire: ssl.SSLSocket) -> None:
        wire.sendall(head + b"\r\n\r\n" + body)
        raise OSError

    return Page(script=script)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirection_to_https_is_followed(outside: OutsideSources, status: int) -> None:
    outside.pages["other.example", "/new"] = LIST

    assert fetched(outside, moved("https://other.example/new", status)).networks


def test_a_redirection_within_the_server_is_followed(outside: OutsideSources) -> None:
    outside.pages["lists.example", "/new"] = LIST

    assert fetched(outside, moved("new?x=1")).networks
    assert outside.asked[-1].target == "/new?x=1"


def test_five_redirections_are_followed_and_no_more(outside: OutsideSources) -> None:
    for number in range(1, 5):
        outside.pages["lists.example", f"/{number}"] = moved(f"/{number + 1}")
    outside.pages["lists.example", "/5"] = LIST
    assert fetched(outside, moved("/1")).networks

    outside.pages["lists.example", "/5"] = moved("/6")
    assert "more than 5 redirections" in refused(outside, moved("/1"))


@pytest.mark.parametrize(
    "address",
    [
        "http://lists.example/",
        "ftp://x.example",
        "//user@other.example/",
        "file:///etc/passwd",
    ],
)
def test_a_redirection_to_anything_but_https_is_refused(outside: OutsideSources, address: str) -> None:
    assert "sends to another address" in refused(outside, moved(address))


@pytest.mark.parametrize("address", ["https://[", "//[::1", "https://x.example:1a/?key=hunter2", "http://a/hunter2"])
def test_a_redirection_to_no_address_is_refused_without_its_words(outside: OutsideSources, address: str) -> None:
    told = refused(outside, moved(address))

    assert told.startswith("https://lists.example/all sends to another address, and that is no https address")
    assert "hunter2" not in told


def test_what_nobody_planned_is_told_as_a_list_that_was_not_fetched(outside: OutsideSources) -> None:
    with structlog.testing.capture_logs() as lines:
        told = refused(outside, reach=replace(outside.reach(), ca_file="a\0b"), target=f"{ALL}?key=hunter2")

    assert told.startswith("The list of the source url (https://lists.example/all) was not read")
    assert [(line["event"], line["exc_info"]) for line in lines] == [("a fetch ended by a fault of the program", True)]


def test_a_redirection_without_address_is_refused(outside: OutsideSources) -> None:
    assert "answered 302" in refused(outside, Page(status=302))


@pytest.mark.parametrize(
    "target",
    [
        "http://lists.example/all", "lists.example/all", "", "https://", "https://user:secret@lists.example/all",
        "https://lists.example:0/", "https://lists.example:99999/", "https://lists.example/a b", "https://[::1/",
        "https://lists.example\\@other.example/", "https://lists.example/\r\nX: y", "https://a..b/", "https://-.example/",
    ],
)  # fmt: skip
def test_an_address_that_is_no_plain_https_address_is_refused(outside: OutsideSources, target: str) -> None:
    told = refused(outside, target=target)

    assert told.startswith("The address of the list:")
    assert "secret" not in told
    assert outside.asked == []


def test_keys_in_an_address_are_not_shown(outside: OutsideSources) -> None:
    assert "secret" not in refused(outside, Page(status=403), target=f"{ALL}?key=secret")


def test_addresses_of_hosts_are_read_with_and_without_port() -> None:
    assert str(Place.parse("https://[2001:DB8::1]:8443/x?y")) == "https://[2001:db8::1]:8443/x"
    assert Place.parse("https://Lists.Example").target == "/"


def test_a_long_address_is_refused() -> None:
    with pytest.raises(InvalidValue):
        Place.parse(f"https://lists.example/{'x' * 2000}")


def test_a_certificate_of_an_unknown_authority_is_refused(outside: OutsideSources) -> None:
    assert "certificate is not trusted" in refused(outside, reach=replace(outside.reach(), ca_file=""))


def test_a_certificate_of_another_name_is_refused(outside: OutsideSources) -> None:
    outside.dns.records["stranger.example", "A"] = [outside.address]

    assert "certificate is not trusted" in refused(outside, target="https://stranger.example/all")


def test_authorities_that_cannot_be_read_are_named(outside: OutsideSources) -> None:
    assert "/gone.pem cannot be read" in refused(outside, reach=replace(outside.reach(), ca_file="/gone.pem"))


def test_a_packed_list_is_unpacked(outside: OutsideSources) -> None:
    body = gzip.compress(b"192.0.2.0/24\n") + gzip.compress(b"198.51.100.0/24\n")

    assert len(fetched(outside, Page(body, headers={"Content-Encoding": "gzip"})).networks) == 2


def test_a_list_of_the_size_that_is_allowed_is_taken(outside: OutsideSources) -> None:
    assert fetched(outside, LIST, outside.reach(most_bytes=len(LIST.body))).networks


@pytest.mark.parametrize("packed", [False, True])
def test_a_list_that_is_too_big_is_refused(outside: OutsideSources, packed: bool) -> None:
    body = b"#" * 100_000
    page = Page(gzip.compress(body), headers={"Content-Encoding": "gzip"}) if packed else Page(body)

    assert "more than 20,000 bytes came" in refused(outside, page, outside.reach(most_bytes=20_000))


def test_a_bomb_is_refused_before_it_is_unpacked(outside: OutsideSources) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000, 1)

    told = refused(outside, Page(bomb, headers={"Content-Encoding": "gzip"}), outside.reach(most_bytes=1_000_000))

    assert "more than 1,000,000 bytes came" in told


def test_members_of_nothing_have_an_end_too(outside: OutsideSources) -> None:
    page = Page(gzip.compress(b"") * 2000, headers={"Content-Encoding": "gzip"})

    assert "more than 20,000 bytes came" in refused(outside, page, outside.reach(most_bytes=20_000))


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"192.0.2.1")[:-3]], ids=["not packed", "cut off"])
def test_a_damaged_package_is_refused(outside: OutsideSources, body: bytes) -> None:
    assert "the packed answer" in refused(outside, Page(body, headers={"Content-Encoding": "gzip"}))


def test_a_packing_that_was_not_asked_for_is_refused(outside: OutsideSources) -> None:
    assert "not asked for" in refused(outside, Page(b"x", headers={"Content-Encoding": "br"}))


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100", b"192.0.2.0/24\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"d\r\n192.0.2.0/24\n\r\n"),
        (b"HTTP/1.0 200 OK", b"192.0.2.0/24\n"),
        (b"nonsense", b""),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, b""),
        (b"", b""),
    ],
)
def test_an_answer_that_was_cut_off_or_is_none_is_refused(outside: OutsideSources, head: bytes, body: bytes) -> None:
    assert "not received" in refused(outside, raw(head, body))


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\n\r\n192.0.2.1\n#"])
def test_a_server_that_drips_ends_with_the_time_of_the_fetch(outside: OutsideSources, begin: bytes) -> None:
    over = threading.Event()

    def script(wire: ssl.SSLSocket) -> None:
        wire.sendall(begin)
        while not over.wait(0.02):
            wire.sendall(b"x")

    told = refused(outside, Page(script=script), outside.reach(seconds=0.5))
    over.set()

    assert "no whole answer" in told


def test_a_name_without_address_is_refused(outside: OutsideSources) -> None:
    assert "it has no address in DNS" in refused(outside, target="https://gone.example/")


def test_a_server_that_does_not_listen_is_refused(outside: OutsideSources) -> None:
    assert "does not answer" in refused(outside, target=f"https://{outside.address}:1/")


def test_a_list_at_an_address_without_name_is_fetched(outside: OutsideSources) -> None:
    outside.pages[outside.address, "/all"] = LIST

    assert fetch(Source("url", target=f"https://{outside.address}/all"), outside.reach()).networks


def test_the_next_address_of_a_name_is_tried(outside: OutsideSources) -> None:
    outside.dns.records["lists.example", "A"] = ["127.0.0.0", outside.address]

    assert fetched(outside, LIST).networks


def proxying(outside: OutsideSources, asked: list[bytes]) -> ScriptedServer:
    """A proxy that lets through to the outside whatever it is asked for."""

    def script(wire: socket.socket) -> None:
        asked.append(wire.recv(4096))
        wire.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection((outside.address, 443)) as onward:
            back = threading.Thread(target=_pass, args=(onward, wire))
            back.start()
            _pass(wire, onward)
            back.join()

    return ScriptedServer(script)


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):  # either end may have gone by then
        while piece := source.recv(65536):
            target.sendall(piece)


def test_a_proxy_gets_the_name_and_its_login(outside: OutsideSources) -> None:
    asked: list[bytes] = []
    outside.dns.records.clear()
    with proxying(outside, asked) as server:
        reach = replace(outside.reach(allow_private=False), proxy=f"http://me:p%40ss@127.0.0.1:{server.port}")
        assert fetched(outside, LIST, reach).networks

    assert asked[0].startswith(b"CONNECT lists.example:443 ")
    assert b"Proxy-Authorization: Basic bWU6cEBzcw==" in asked[0]


@pytest.mark.parametrize("inside", ["10.0.0.1", "127.0.0.1", "[::1]", "169.254.169.254"])
def test_a_redirection_that_leads_inside_is_judged(outside: OutsideSources, inside: str) -> None:
    with proxying(outside, []) as server:
        reach = replace(outside.reach(allow_private=False), proxy=f"http://127.0.0.1:{server.port}")
        told = refused(outside, moved(f"https://{inside}/latest/meta-data"), reach)

    assert "such servers are not asked" in told


def test_a_proxy_that_refuses_is_told(outside: OutsideSources) -> None:
    def script(wire: socket.socket) -> None:
        wire.recv(4096)
        wire.sendall(answer(Page(status=403)))

    with ScriptedServer(script) as server:
        told = refused(outside, reach=replace(outside.reach(), proxy=f"http://127.0.0.1:{server.port}"))

    assert "not received: 403 Forbidden" in told


def test_the_password_of_a_proxy_is_in_no_text_of_a_reach() -> None:
    assert "secret" not in repr(Reach(proxy="http://me:secret@proxy.example:3128"))


@pytest.mark.parametrize(
    "proxy", ["proxy:3128", "https://p.example:1", "http://p.example", "http://p:x", "http://[::1"]
)
def test_a_proxy_that_is_none_is_refused(outside: OutsideSources, proxy: str) -> None:
    assert "The proxy is no http address" in refused(outside, reach=replace(outside.reach(), proxy=proxy))
