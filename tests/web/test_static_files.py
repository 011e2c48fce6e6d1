"""Stylesheet, scripts and icon: what a first visit costs, how long a browser keeps them, and pages without scripts."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.web_site import served

from sealgate.web.static_files import SCRIPT, StaticFiles

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway

NEEDED = re.compile(r'<(?:link rel="[a-z]+"|script type="module")[^>]* (?:href|src)="(/static/[^"]+)"')


def needed_by(page: str) -> list[str]:
    """Return the files that a browser asks for with a page."""
    return [one.replace("&amp;", "&") for one in NEEDED.findall(page)]


@pytest.mark.parametrize("path", ["/", "/mta/config", "/mta/transport", "/changes", "/history", "/search?q=mail"])
def test_a_first_visit_is_at_most_60_kilobytes(ann: httpx.Client, agent: StandIn, path: str) -> None:
    page = ann.get(path)
    names = needed_by(page.text)
    answers = [ann.get(name) for name in names]

    assert [name for name in ("sealgate.css", "pages.js", "icon.svg") if name not in " ".join(names)] == []
    assert {answer.status_code for answer in answers} == {200}
    assert sum(answer.num_bytes_downloaded for answer in (page, *answers)) <= 60_000


def test_no_page_but_those_with_an_editor_brings_its_script(ann: httpx.Client, agent: StandIn) -> None:
    assert "editor.js" not in " ".join(needed_by(ann.get("/mta/config-file").text))


def test_a_file_named_by_its_digest_is_kept_for_ever_and_sent_packed(ann: httpx.Client) -> None:
    for name in needed_by(ann.get("/mta/rbl").text):
        answer = ann.get(name)

        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert ("content-encoding" in answer.headers) == (answer.num_bytes_downloaded < len(answer.content))


def test_a_file_under_another_digest_is_asked_for_again(ann: httpx.Client) -> None:
    answer = ann.get("/static/sealgate.css?v=0123456789abcdef")
    again = ann.get("/static/sealgate.css", headers={"if-none-match": answer.headers["etag"]})

    assert (answer.headers["cache-control"], again.status_code, again.content) == ("no-cache", 304, b"")


def test_a_browser_that_cannot_unpack_gets_the_file_as_it_is(ann: httpx.Client) -> None:
    answer = ann.get("/static/sealgate.css", headers={"accept-encoding": "identity"})

    assert "content-encoding" not in answer.headers
    assert answer.text.startswith("/* The look of the pages")


def test_the_licences_of_what_is_bundled_are_served(ann: httpx.Client) -> None:
    texts = ann.get("/static/built/LICENSES.txt").text

    assert [name for name in ("htmx.org 4", "@codemirror/view 6", "MIT License") if name not in texts] == []


def test_a_static_file_is_only_read(ann: httpx.Client) -> None:
    assert ann.post("/static/sealgate.css").status_code == 405


def test_pages_come_without_scripts_while_those_are_not_built(gateway: Gateway, tmp_path: Path) -> None:
    whole = StaticFiles.load()
    bare = replace(whole, known={name: file for name, file in whole.known.items() if not name.startswith("built/")})
    with served(gateway, tmp_path / "tls", static=bare) as site, site.client() as ann:
        page = ann.get("/mta/rbl").text

    assert (whole.has_scripts, bare.has_scripts, bare.address(SCRIPT)) == (True, False, "")
    assert "<script" not in page
    assert "Static black-list" in page
