"""Pictures of every page, for people to look at: a gateway full of hostile values, in all sizes and colours.

    PYTHONPATH=src:. python tools/screenshots.py DIRECTORY [PART-OF-A-PATH ...]

For each width and colour a directory with one picture a page, and contact sheets of six pages each beside them.
Nothing here is part of the tests; it uses their gateway with a stand-in for the agent, and Debian's Chromium.
"""

from __future__ import annotations

import re
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.support.control_half import NO_OUTSIDE, make_directory, stand_in
from tests.support.every_page import jobs_of, pages_of
from tests.support.full_gateway import MANY, furnish, known_by_session_or_header
from tests.support.web_site import WHO, served

from sealgate.services.gateway import Gateway
from sealgate.settings import Settings
from sealgate.web import sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from tests.support.web_site import WebSite

WIDTHS = (1440, 1024, 390)
COLOURS = ("light", "dark")
HEIGHT = 1000
_TALLEST = 2000
_SHEET = {1440: (3, 2), 1024: (3, 2), 390: (6, 1)}


def main() -> None:
    """Take the pictures."""
    place, wanted = Path(sys.argv[1]), sys.argv[2:]
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        directory = Path(temporary) / "gw"
        make_directory(directory)
        (directory / "sealgate.toml").write_text(NO_OUTSIDE + 'web_name = "localhost"\n')
        gateway = Gateway.open(Settings.load(directory))
        stack.callback(gateway.close)
        agent = stack.enter_context(stand_in(directory))
        site = stack.enter_context(served(gateway, Path(temporary) / "tls"))
        furnished = furnish(gateway, agent, many=MANY)
        site.site.identify = known_by_session_or_header
        with site.client("") as client:
            client.cookies.set(sign_in.SESSION, furnished.session)
            paths = [path for path, answer in pages_of(client) if "<!doctype html>" in answer.text]
            paths += [path for path, _answer in jobs_of(client)]
        chosen = [
            path for path in [*paths, "/sign-in", furnished.welcome] if not wanted or any(one in path for one in wanted)
        ]
        browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for width in WIDTHS:
            for colours in COLOURS:
                _pictures(browser, site, furnished.session, chosen, place / f"{width}-{colours}", width, colours)
        browser.close()


def _pictures(  # noqa: PLR0917 - what a picture is made of
    browser: Browser, site: WebSite, session: str, paths: list[str], place: Path, width: int, colours: str
) -> None:
    place.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(
        base_url=site.url,
        ignore_https_errors=True,
        color_scheme="dark" if colours == "dark" else "light",
        viewport={"width": width, "height": HEIGHT},
        extra_http_headers={WHO: ""},
    )
    context.add_cookies([{"name": sign_in.SESSION, "value": session, "url": site.url, "secure": True}])
    page, files = context.new_page(), []
    for number, path in enumerate(paths):
        page.goto(path)
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            print(f"{width} {path}: {over} px wider than the window")
        name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[:60] or "overview"
        files.append(place / f"{number:03}-{name}.png")
        height = min(page.evaluate("document.documentElement.scrollHeight"), _TALLEST)
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=files[-1])
        page.set_viewport_size({"width": width, "height": HEIGHT})
    context.close()
    _sheets(browser, files, place, width)


def _sheets(browser: Browser, files: list[Path], place: Path, width: int) -> None:
    """Put several pictures on one, by the browser itself."""
    across, down = _SHEET[width]
    page = browser.new_page(viewport={"width": 1800, "height": 1000})
    for begin in range(0, len(files), across * down):
        some = files[begin : begin + across * down]
        figures = "".join(
            f'<figure><figcaption>{file.stem}</figcaption><img src="{file.as_uri()}"></figure>' for file in some
        )
        sheet = place / f"sheet-{begin // (across * down):02}.html"
        sheet.write_text(
            "<style>body{margin:0;background:#888;display:grid;gap:8px;align-items:start;font:14px sans-serif;"
            f"grid-template-columns:repeat({across},minmax(0,1fr))}}figure{{margin:0}}img{{width:100%}}</style>{figures}"
        )
        page.goto(sheet.as_uri())
        page.screenshot(path=sheet.with_suffix(".png"), full_page=True)
        sheet.unlink()
    page.close()


if __name__ == "__main__":
    main()
