"""A real browser at the pages of a gateway: Debian's Chromium, driven by Playwright.

One browser for the tests of a file, one context (cookies, colours, script or none) for each test. What a page writes to
the console is an error of the test. The gateway is real but for its agent, which is the stand-in of `control_half.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright
from tests.support.control_half import stand_in
from tests.support.web_site import WHO, served

from sealgate.link.upkeep import LogLines
from sealgate.web.static_files import StaticFiles

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CHROMIUM = "/usr/bin/chromium"

Open = Callable[..., "Page"]


@pytest.fixture(scope="session", autouse=True)
def scripts() -> None:
    """The scripts of the pages, without which half of what is tested here is not there."""
    assert StaticFiles.load().has_scripts, "The scripts of the pages are not bundled: make assets ENV=…, or use ./test."


@pytest.fixture(scope="module")
def play() -> Iterator[Playwright]:
    """Playwright itself. It keeps an event loop running in this thread, so it ends with the tests of a file."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(play: Playwright) -> Iterator[Browser]:
    running = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield running
    running.close()


@pytest.fixture
def agent(directory: Path) -> Iterator[StandIn]:
    def nothing(_question: object, _talk: object) -> None:
        return None

    with stand_in(directory, queue_list=nothing, log_part=LogLines((), "1:0", more=False)) as running:
        yield running


@pytest.fixture
def site(gateway: Gateway, agent: StandIn, tmp_path: Path) -> Iterator[WebSite]:
    with served(gateway, tmp_path / "tls") as running:
        yield running


@pytest.fixture
def opened(browser: Browser, site: WebSite) -> Iterator[Open]:
    """Open a tab at a path: `opened("/", script=False, colours="dark", width=390, person="bob")`."""
    with ExitStack() as stack:
        said: list[str] = []

        def listen(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"} and "status of 4" not in message.text:
                said.append(f"{message.type}: {message.text}")

        def tab(
            path: str,
            *,
            script: bool = True,
            colours: str = "light",
            width: int = 1440,
            person: str = "ann",
            lost: bool = False,
        ) -> Page:
            context = browser.new_context(
                base_url=site.url,
                ignore_https_errors=True,
                java_script_enabled=script,
                color_scheme=colours,  # type: ignore[arg-type]
                viewport={"width": width, "height": 900},
                extra_http_headers={WHO: person} if person else {},
            )
            stack.callback(context.close)
            context.set_default_timeout(dt.timedelta(seconds=20).total_seconds() * 1000)
            page = context.new_page()
            if not lost:  # a browser that loses the gateway says so on its console
                page.on("console", listen)
            page.on("pageerror", lambda fault: said.append(str(fault)))
            page.goto(path)
            return page

        yield tab
        assert said == []
