"""Requests that no form of ours makes: from elsewhere, too large, with parts like headers, paths or places."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

import pytest
from tests.support.accounts import PASSWORD, person, signed_in
from tests.support.control_half import make_directory
from tests.support.web_site import served
from tests.web.test_security import said_to

from sealgate.model.errors import StoreFailed
from sealgate.services.gateway import Gateway
from sealgate.settings import Settings
from sealgate.web import sign_in
from sealgate.web.entrance import GUEST_ROUTES, local_path
from sealgate.web.guard import LARGEST_HEAD, LARGEST_UNFINISHED
from sealgate.web.pages import ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.services.actor import Actor
    from sealgate.web.routing import Page

FORM = "application/x-www-form-urlencoded"
PARTED = "multipart/form-data; boundary=x"


@pytest.mark.parametrize("path", [path for method, path, _function in GUEST_ROUTES if method == "POST"])
def test_no_step_of_signing_in_is_taken_from_another_site(site: WebSite, path: str) -> None:
    with site.client("", **{"sec-fetch-site": "cross-site"}) as client:
        assert client.post(path).status_code == 403


def faulty_answers(site: WebSite) -> dict[int, httpx.Headers]:
    """Return the headers of answers that are no pages, by their status."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    with site.client() as client, site.client("") as guest, site.client(**{"sec-fetch-site": "cross-site"}) as other:
        answers = [
            client.get("/no/such"), client.get("/static/no-such"), client.post("/static/sealgate.css"),
            guest.post("/changes/apply"),
            other.post("/changes/apply"), guest.post("/sign-in", content=b"x" * 70_000, headers=form),
            client.post("/mta/black/add", data={"client": "x"}), client.get("/"),
        ]  # fmt: skip
        site.site.identify = broken
        answers += [client.get("/changes")]
    return {answer.status_code: answer.headers for answer in answers}


def broken(_gateway: Gateway, _request: object) -> Actor | None:
    raise RuntimeError("a fault that nobody planned")


def test_answers_about_faults_have_the_headers_too(site: WebSite, agent: StandIn) -> None:
    found = faulty_answers(site)

    assert set(found) == {200, 401, 403, 404, 405, 413, 422, 500}
    assert {status for status, headers in found.items() if headers.get("x-frame-options") != "DENY"} == set()
    assert {
        status for status, headers in found.items() if "frame-ancestors" not in headers["content-security-policy"]
    } == set()


def test_a_fault_of_the_program_does_not_tell_its_inside(site: WebSite) -> None:
    site.site.identify = broken
    with site.client() as client:
        text = client.get("/").text

    assert ("Traceback" in text, "nobody planned" in text) == (False, False)


def test_a_store_that_cannot_be_reached_is_a_page_that_says_so(site: WebSite) -> None:
    def away(_gateway: Gateway, _request: object) -> Actor | None:
        raise StoreFailed("The database cannot be reached. Nothing was changed.")

    site.site.identify = away
    with site.client() as client:
        answer = client.get("/")

    assert (answer.status_code, "The database cannot be reached." in answer.text) == (503, True)


@pytest.mark.parametrize(
    "back", ["//evil.example", "/\\evil.example", "https:evil.example", "/%09/evil.example\t", "/\x1fevil"]
)
def test_nobody_is_led_away_by_a_form_that_signs_in(gateway: Gateway, site: WebSite, back: str) -> None:
    person(gateway, "olga", "owner")
    signed = signed_in(gateway, "olga")
    site.site.identify = sign_in.identify
    with site.client("", cookie=f"{sign_in.BROWSER}={signed.browser}") as client:
        answer = client.post("/sign-in", data={"name": "olga", "password": PASSWORD, "next": back})

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    "back", ["/%2f%2fevil.example", "/..//evil.example", "/%5cevil.example", "/x?next=//evil.example"]
)
def test_a_path_that_looks_like_another_place_stays_on_this_site(site: WebSite, back: str) -> None:
    assert urlsplit(urljoin(site.url, local_path(back))).netloc == urlsplit(site.url).netloc


INJECTED = "x\r\nx-evil: 1\r\nset-cookie: a=b"
PARTS = ("key", "q", "after", "file", "table", "name", "next", "back", "done", "n", "noun", "do", "move", "id",
         "against",
         "revision", "message", "address", "format", "theme", "comment", "client", "text")  # fmt: skip


@pytest.mark.parametrize("page", ROUTES, ids=lambda page: f"{page.method} {page.path}")
def test_no_value_becomes_a_header(shared: httpx.Client, page: Page) -> None:
    path = page.path.format(noun=quote("black\r\nx-evil: 1"), number="1", id=quote(INJECTED))
    values = dict.fromkeys(PARTS, INJECTED)
    answer = shared.request(page.method, path, params=values, data=values if page.method == "POST" else None)

    assert ("x-evil" in answer.headers, "a" in answer.cookies) == (False, False)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """One site for questions that change nothing."""
    directory = tmp_path_factory.mktemp("shared") / "gw"
    make_directory(directory)
    gateway = Gateway.open(Settings.load(directory))
    with served(gateway, directory.parent / "tls") as site, site.client("ann") as client:
        yield client
    gateway.close()


@pytest.mark.parametrize(
    "path",
    [
        "/mta/config-file?file=../../../etc/passwd", "/mta/config-file?file=main-cf/../../sealgate.toml",
        "/mta/..%2f..%2fetc",
        "/jobs/..%2f..%2fetc%2fpasswd", "/welcome/..%2f..%2fetc%2fpasswd", "/mta/black%2f..%2f..%2f/export?format=text",
        "/history/..%2f1", "/history/1?against=../../x", "/mta/lookup-table/row?key=../../../etc/passwd",
    ],
)  # fmt: skip
def test_a_name_that_looks_like_a_path_leads_to_no_file(shared: httpx.Client, path: str) -> None:
    answer = shared.get(path)

    assert 400 <= answer.status_code < 500
    assert "root:" not in answer.text


@pytest.mark.parametrize("name", ["../evil", "a/b", "..", ".hidden", "a\0b", "a\nb", "%2e%2e%2fevil"])
def test_a_look_up_table_is_not_named_like_a_path(shared: httpx.Client, name: str) -> None:
    form = {"name": name, "type": "hash", "text": "", "enabled": "yes"}

    assert shared.post("/mta/lookup-table/add", data=form).status_code == 422


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"&".join(b"key=%d" % number for number in range(20_001)), FORM),
        (b'--x\r\ncontent-disposition: form-data; name="f"; filename="f"\r\n\r\n\r\n' * 3 + b"--x--\r\n", PARTED),
        (b'--x\r\ncontent-disposition: form-data; name="f"\r\n' + b"a: b\r\n" * 5000, PARTED),
    ],
    ids=["fields", "files", "headers"],
)  # fmt: skip
def test_more_parts_than_any_form_has_are_refused(shared: httpx.Client, content: bytes, kind: str) -> None:
    assert shared.post("/mta/black/bulk", content=content, headers={"content-type": kind}).status_code == 422


def test_somebody_unknown_may_not_send_much(site: WebSite) -> None:
    def pieces() -> Iterator[bytes]:
        yield from [b"name=x"] + [b"x" * 10_000] * 8

    with site.client("") as client:
        assert client.post("/sign-in", content=pieces(), headers={"content-type": FORM}).status_code == 413


@pytest.mark.parametrize(
    ("size", "status"),
    [(20_000, "303"), (LARGEST_HEAD, "431"), (LARGEST_UNFINISHED, "400")],
    ids=["not too long", "when it is whole", "before it is whole"],
)
def test_a_head_that_is_too_long_is_refused(site: WebSite, size: int, status: str) -> None:
    """What is too much stands in the last record of TLS: whoever is still sending may lose the answer."""
    end = "" if status == "400" else "\r\n\r\n"

    assert said_to(site, f"GET / HTTP/1.1\r\nHost: localhost\r\nX: {'x' * size}{end}").split()[1] == status


def test_strangers_who_guess_do_not_keep_the_owner_out(gateway: Gateway, site: WebSite) -> None:
    person(gateway, "olga", "owner")
    known = signed_in(gateway, "olga").browser
    with site.client("") as stranger:
        tries = [stranger.post("/sign-in", data={"name": "olga", "password": "wrong"}).status_code for _ in range(8)]
    with site.client("", cookie=f"{sign_in.BROWSER}={known}") as owner:
        answer = owner.post("/sign-in", data={"name": "olga", "password": PASSWORD})

    assert (tries[0], tries[-1], answer.status_code) == (422, 429, 303)
