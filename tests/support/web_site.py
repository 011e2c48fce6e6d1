"""The pages of a gateway, served for a test: the real program over real TLS on a port of its own.

Who asks is told by the test, by a header that only this support module understands. The agent is the stand-in of
`control_half.py`, or none.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import httpx
import uvicorn
from jinja2 import BytecodeCache
from tests.support.waiting import wait_until

from sealgate.api.access import Context
from sealgate.api.app import make_api
from sealgate.services.actor import Actor
from sealgate.web.certificate import own
from sealgate.web.patience import Door
from sealgate.web.serving import server_of, tls
from sealgate.web.site import Site
from sealgate.web.static_files import StaticFiles
from sealgate.web.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jinja2.bccache import Bucket
    from starlette.requests import Request

    from sealgate.services.gateway import Gateway
    from sealgate.web.patience import Patience, Places
    from sealgate.web.site import Identify

ANN = Actor("local:ann", "web 127.0.0.1")
BOB = Actor("local:bob", "web 127.0.0.1")
WHO = "x-test-person"


class Compiled(BytecodeCache):
    """Templates that this process has compiled: each site of a test would compile them anew."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill in what is known."""
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._known[bucket.key] = bucket.bytecode_to_string()


# Read once in a process, since every test has a site of its own and the package is the same.
_COMPILED = Compiled()
_texts = cache(Texts.load)
_files = cache(StaticFiles.load)


@dataclass
class People:
    """Those who may be named in the header, by name."""

    known: dict[str, Actor]

    def identify(self, _gateway: Gateway, request: Request) -> Actor | None:
        """Return the person that the header names."""
        return self.known.get(request.headers.get(WHO, ""))


class Prompt(uvicorn.Server):
    """The web server, but that it ends when it is told to: uvicorn looks ten times a second, then rests as long."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told: asyncio.Future[None] | None = None

    def end(self) -> None:
        """End soon; connections that are open are ended as uvicorn does."""
        self.should_exit = True
        if self._told is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._told.get_loop().call_soon_threadsafe(self._told.cancel)

    async def main_loop(self) -> None:
        """Tick until told."""
        self._told = asyncio.get_running_loop().create_future()
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            await asyncio.wait([self._told], timeout=0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down; when there is nobody to take leave of, at once."""
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
            return
        for one in (*self.servers, *(sockets or ())):
            one.close()
        await self.lifespan.shutdown()


@dataclass
class WebSite:
    """Pages that are served: their address, the certificate to trust, the site itself."""

    url: str
    certificate: Path
    site: Site
    people: People
    server: Prompt

    def client(self, person: str = "ann", **headers: str) -> httpx.Client:
        """Return a browser in small: keeps cookies, says that it comes from here, follows no redirection."""
        trust = ssl.create_default_context(cafile=str(self.certificate))
        given = {WHO: person, "sec-fetch-site": "same-origin"} | headers
        return httpx.Client(base_url=self.url, verify=trust, headers=given, timeout=60)


@contextmanager
def served(
    gateway: Gateway,
    place: Path,
    identify: Identify | None = None,
    *,
    static: StaticFiles | None = None,
    patience: Patience | None = None,
    places: Places | None = None,
    port: int = 0,
) -> Iterator[WebSite]:
    """Serve pages and API of a gateway while the block lasts; who asks is told by the header, or by `identify`."""
    people = People({"ann": ANN, "bob": BOB})
    site = Site(
        gateway,
        identify or people.identify,
        _texts(),
        static=static or _files(),
        api=lambda site: make_api(Context(site.gateway, site.jobs, site.identify)),
    )
    site.templates.bytecode_cache = _COMPILED
    place.mkdir(exist_ok=True)
    files = own(place, ("localhost", "127.0.0.1"), dt.datetime.now(dt.UTC))
    with Door.of(socket.create_server(("127.0.0.1", port)), places) as listening:
        server = Prompt(server_of(site, tls(files), patience).config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            wait_until(lambda: server.started, "the pages are served", 30)
            yield WebSite(f"https://localhost:{listening.getsockname()[1]}", files.certificate, site, people, server)
        finally:
            server.end()
            thread.join(30)
