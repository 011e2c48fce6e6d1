"""What a stranger, a hostile page or hostile mail could try against the pages."""

from __future__ import annotations

import html
import re
import socket
import ssl
import warnings
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest
from starlette.datastructures import Headers
from tests.support.hostile import HOSTILE, RAW
from tests.support.waiting import wait_until
from tests.web.test_lists import GOOD, add

from sealgate.link.codec import to_json
from sealgate.link.upkeep import Drift, DriftItem, DriftKind, LogLines, QueueMessage, QueueRecipient
from sealgate.model.findings import Place, error
from sealgate.services import own_lines, rows
from sealgate.services.actor import Actor
from sealgate.web.entrance import local_path
from sealgate.web.guard import comes_from_here
from sealgate.web.pages import ROUTES

if TYPE_CHECKING:
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

ANN = Actor("local:ann")
ACTS = [page.path for page in ROUTES if page.method == "POST"]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://gw.example"},
        {},
    ],
    ids=str,
)
def test_a_form_of_another_site_changes_nothing(headers: dict[str, str]) -> None:
    assert not comes_from_here(Headers(headers | {"host": "gw.example"}))


def test_an_old_browser_that_only_sends_the_origin_may_send_our_forms() -> None:
    assert comes_from_here(Headers({"origin": "https://gw.example:8443", "host": "gw.example:8443"}))


def test_every_act_is_refused_when_it_comes_from_another_site(site: WebSite) -> None:
    with site.client("ann", **{"sec-fetch-site": "cross-site"}) as client:
        statuses = {path: client.post(path.replace("{noun}", "black")).status_code for path in ACTS}

    assert {path for path, status in statuses.items() if status != 403} == set()


def test_signing_in_from_another_site_is_refused(site: WebSite) -> None:
    with site.client("nobody", **{"sec-fetch-site": "cross-site"}) as client:
        assert client.post("/sign-in", data={"name": "ann", "password": "x"}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/sign-in", "/static/sealgate.css", "/no/such/page", "/mta/rbl"])
def test_every_answer_has_the_headers_that_keep_a_browser_from_harm(ann: httpx.Client, path: str) -> None:
    headers = ann.get(path).headers

    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")
    assert headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" in headers


def test_the_answers_do_not_name_the_program_that_serves_them(ann: httpx.Client) -> None:
    assert "server" not in ann.get("/").headers


@pytest.mark.parametrize("path", ["/", "/mta/sasl", "/sign-in"])
def test_a_page_is_kept_by_no_cache(ann: httpx.Client, path: str) -> None:
    assert ann.get(path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("page", ["/", "/mta/config", "/changes", "/sign-in", "/styleguide"])
def test_a_page_has_no_inline_script_or_style(ann: httpx.Client, agent: StandIn, page: str) -> None:
    text = ann.get(page).text

    assert re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=\"|javascript:", text) == []


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\tevil", "javascript:x", "",
        "/ok\r\nset-cookie: a=b", "x" * 3000, "mailto:a@b",
    ],
)  # fmt: skip
def test_nobody_is_led_away_after_signing_in(text: str) -> None:
    assert local_path(text) == "/"


def test_a_path_of_this_site_is_where_one_is_led_after_signing_in() -> None:
    assert local_path("/mta/row?key=a%2Fb#f") == "/mta/row?key=a%2Fb#f"


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example", "/no/such"])
def test_choosing_colours_leads_nowhere_else(ann: httpx.Client, back: str) -> None:
    assert ann.post("/theme", data={"theme": "dark", "back": back}).headers["location"] == "/"


def test_the_cookie_for_colours_is_bound_to_this_host_and_takes_known_words_only(ann: httpx.Client) -> None:
    cookie = ann.post("/theme", data={"theme": "dark", "back": "/"}).headers["set-cookie"]
    other = ann.post("/theme", data={"theme": HOSTILE, "back": "/"}).headers

    assert re.match(r"__Host-theme=dark;.*HttpOnly;.*Path=/;.*SameSite=strict; Secure", cookie)
    assert "set-cookie" not in other


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static/....//app.py",
        "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/..\\app.py", "/static/%00",
    ],
)  # fmt: skip
def test_files_outside_the_static_ones_are_not_served(ann: httpx.Client, path: str) -> None:
    answer = ann.get(path)

    assert (answer.status_code, "import" in answer.text) == (404, False)


def test_too_large_a_request_is_refused_while_it_arrives(ann: httpx.Client) -> None:
    def without_end() -> object:
        for _piece in range(70):
            yield b"x" * 1024 * 1024

    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = ann.post("/mta/black/import", content=without_end(), headers=headers)  # type: ignore[arg-type]

    assert answer.status_code == 413


def test_too_large_a_request_is_refused_by_its_announced_length(site: WebSite) -> None:
    head = (
        "POST /mta/black/add HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
        f"Content-Length: {10**12}\r\n\r\n"
    )

    assert said_to(site, head).startswith("HTTP/1.1 413 ")


def said_to(site: WebSite, head: str) -> str:
    """Return the beginning of what the pages answer to bytes."""
    context = ssl.create_default_context(cafile=str(site.certificate))
    with (
        socket.create_connection(("127.0.0.1", int(site.url.rpartition(":")[2])), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(head.encode())
        return connection.recv(1000).decode()


def test_a_form_that_is_none_is_refused_with_words(ann: httpx.Client) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}

    assert ann.post("/mta/black/add", content=b"--y\r\nbroken", headers=headers).status_code == 422


def test_values_in_an_address_do_not_become_headers(ann: httpx.Client) -> None:
    add(ann, "black")
    form = {"do": "disable", "key": "192.168.88.0/24", "q": "x\r\nset-cookie: a=b", "after": "y\r\nx-evil: 1"}

    headers = ann.post("/mta/black/bulk", data=form).headers

    assert ("x-evil" in headers, "set-cookie" in headers, "\n" in headers["location"]) == (False, False, False)


@pytest.mark.parametrize("name", ["evil", "__proto__", HOSTILE, "removed&n=<b>"])
def test_what_the_page_before_did_is_said_in_our_own_words_only(ann: httpx.Client, name: str) -> None:
    text = ann.get("/mta/black", params={"done": name, "n": "<b>1</b>"}).text

    assert 'class="done"' not in text


@pytest.mark.parametrize("noun", GOOD)
def test_a_hostile_comment_is_shown_as_text(ann: httpx.Client, agent: StandIn, noun: str) -> None:
    add(ann, noun, comment=HOSTILE)
    pages = [f"/mta/{noun}", "/changes", "/search?q=script"]
    pages += [f"/mta/{noun}/text"] if noun not in {"sasl", "lookup-table"} else []

    for path in pages:
        text = ann.get(path).text
        assert "alert(1)" in text
        assert not any(raw in text for raw in RAW)


@pytest.mark.parametrize("path", ["/search?q=", "/mta/black?q=", "/mta/black/add?client=", "/log?message=",
                                  "/queue?sender=", "/mta/table-query?table=x&key="])  # fmt: skip
def test_a_hostile_search_is_shown_as_text(ann: httpx.Client, agent: StandIn, path: str) -> None:
    text = ann.get(path + quote(HOSTILE)).text

    assert not any(raw in text for raw in RAW)


def test_a_hostile_value_at_fault_is_shown_as_text(ann: httpx.Client) -> None:
    text = add(ann, "black", client=HOSTILE).text

    assert ("alert(1)" in text, any(raw in text for raw in RAW)) == (True, False)


def test_hostile_own_lines_are_shown_as_text(gateway: Gateway, ann: httpx.Client) -> None:
    own_lines.edit(gateway, ANN, "main-cf", f"# </textarea>{HOSTILE}\n")

    for path in ("/mta/config-file", "/changes"):
        text = ann.get(path).text
        assert "alert(1)" in text
        assert not any(raw in text for raw in (*RAW, "</textarea><", '</textarea>"'))


def test_hostile_findings_are_shown_as_text(ann: httpx.Client, agent: StandIn, site: WebSite) -> None:
    agent.findings = (error(HOSTILE, Place(HOSTILE, HOSTILE, HOSTILE), HOSTILE, HOSTILE, HOSTILE).to_json(),)
    add(ann, "black")
    ann.post("/changes/check")
    text = str(wait_until(lambda: "alert(1)" in (page := ann.get("/changes").text) and page, "the check ends"))

    assert not any(raw in text for raw in RAW)


def test_hostile_mail_in_queue_and_log_is_shown_as_text(ann: httpx.Client, agent: StandIn) -> None:
    message = QueueMessage("4ABC", "deferred", 0, 1, HOSTILE, (QueueRecipient(HOSTILE, HOSTILE),))
    agent.answers["queue-list"] = lambda _question, talk: talk.item(to_json(message))
    agent.answers["log-part"] = LogLines((HOSTILE,), "1:9", more=False)

    for path in ("/queue", "/log"):
        text = ann.get(path).text
        assert "alert(1)" in text
        assert not any(raw in text for raw in RAW)


def test_a_hostile_drift_is_shown_as_text(ann: httpx.Client, agent: StandIn) -> None:
    diff = f"--- a\n+++ b\n@@ -1 +1 @@\n-{HOSTILE}\n+{HOSTILE}\n"
    agent.answers["drift"] = Drift("r", 1, (DriftItem(HOSTILE, DriftKind.CHANGED, "a", "b", diff),))

    text = ann.get("/drift").text

    assert ("alert(1)" in text, any(raw in text for raw in RAW)) == (True, False)


def test_a_hostile_name_of_a_person_is_shown_as_text(site: WebSite, agent: StandIn) -> None:
    site.people.known["evil"] = Actor(f"local:{HOSTILE}", "web")
    with site.client("evil") as client:
        add(client, "black")
        texts = [client.get(path).text for path in ("/", "/changes", "/audit", "/history")]

    assert [text for text in texts if any(raw in text for raw in RAW)] == []


def test_a_key_that_looks_like_a_path_stays_a_value(gateway: Gateway, ann: httpx.Client) -> None:
    rows.add(gateway, ANN, "network", {"network": "10.0.0.0/8"})

    assert ann.get("/mta/network/row", params={"key": "10.0.0.0/8"}).status_code == 200


def test_the_pages_are_not_served_without_tls(site: WebSite) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.get(site.url.replace("https", "http"))


def test_tls_is_at_least_version_1_2(site: WebSite) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    port = int(site.url.rpartition(":")[2])

    with socket.create_connection(("127.0.0.1", port)) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain)


@pytest.mark.parametrize("path", ["/mta/transport?q=a%26b%20c", "/account", "/mta/black/add?client=192.0.2.1"])
def test_choosing_colours_leads_back_to_the_very_page(ann: httpx.Client, path: str) -> None:
    found = re.search(r'name="back" value="([^"]*)"', ann.get(path).text)
    assert found

    answer = ann.post("/theme", data={"theme": "dark", "back": html.unescape(found[1])})

    assert answer.headers["location"] == path


def test_choosing_colours_after_a_form_was_sent_leads_to_the_overview(ann: httpx.Client) -> None:
    text = ann.post("/mta/black/bulk", data={"do": "remove"}).text

    assert 'name="back" value="/"' in text


@pytest.mark.parametrize(
    "path",
    ["/mta/relay-domain/row?key=a%26b.example&x=1", "/mta/transport?q=%C3%A4%20b", "/explain?to=a%2Bb@c.example"],
)
def test_signing_in_leads_to_the_very_address_that_was_asked_for(site: WebSite, path: str) -> None:
    with site.client("") as client:
        location = client.get(path).headers["location"]

    assert dict(parse_qsl(urlsplit(location).query)) == {"next": path}
    assert local_path(path) == path
