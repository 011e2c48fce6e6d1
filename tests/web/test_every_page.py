"""All pages of a gateway that is full of hostile values and of secrets, walked once; then what must hold for each.

The walk follows links, so a page that is added is looked at as soon as a link leads to it. The form of each act is
also sent with faults in it, with secrets among the values, since what is refused is shown again.
"""

from __future__ import annotations

import logging
import re
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyotp
import pytest
from tests.support.accounts import PASSWORD
from tests.support.control_half import make_directory, stand_in
from tests.support.every_page import jobs_of, pages_of, route_of
from tests.support.full_gateway import furnish
from tests.support.hostile import RAW
from tests.support.published import Published
from tests.support.web_site import ANN, served

from sealgate import log
from sealgate.services import auditing, invitations, people, rows, second_factors, sessions, tokens
from sealgate.services.gateway import Gateway
from sealgate.services.origins import Origin
from sealgate.settings import Settings
from sealgate.web.pages import ROUTES
from sealgate.web.sign_in import SESSION, identify

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from tests.support.outside_sources import OutsideSources
    from tests.support.web_site import WebSite

SASL, OTHER_SASL, KEY, CLIENT_SECRET = (
    "hunter2-of-sasl",
    "swordfish-typed-wrong",
    "MIIEvkeyOfTLS",
    "clientSecretOfOpenID",
)
PEM = f"-----BEGIN PRIVATE KEY-----\n{KEY}\n-----END PRIVATE KEY-----\n"
LEADS_ON = {"/mta/test/{noun}"}
"""Answers by leading to another page; no link goes there."""
SETTINGS = f"""web_name = "localhost"
openid_issuer = "http://127.0.0.1:9"
openid_client = "gateway"
openid_secret = "{CLIENT_SECRET}"
openid_roles = ["desk=operator"]
"""


@dataclass
class Walk:
    """What was answered, and the secrets that the gateway knew."""

    pages: dict[str, httpx.Response] = field(default_factory=dict)
    acts: dict[str, httpx.Response] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    written: str = ""

    @property
    def shown(self) -> dict[str, str]:
        """The texts of all pages."""
        answers = [*self.pages.items(), *self.acts.items()]
        return {path: answer.text for path, answer in answers if "text/html" in answer.headers.get("content-type", "")}


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory, lists_outside: OutsideSources) -> Iterator[Walk]:
    directory = tmp_path_factory.mktemp("walk") / "gw"
    make_directory(directory)
    (directory / "sealgate.toml").write_text(Published(lists_outside).settings + SETTINGS)
    lists_outside.forget()
    log.open_log(directory / "log" / "sealgate.log", level=logging.DEBUG)
    with ExitStack() as stack:
        gateway = Gateway.open(Settings.load(directory))
        stack.callback(gateway.close)
        stack.callback(log.open_log)
        agent = stack.enter_context(stand_in(directory))
        site = stack.enter_context(served(gateway, directory.parent / "tls"))
        made = furnish(gateway, agent)
        site.site.identify = identify
        walk = Walk(secrets=[made.session, made.welcome.rpartition("/")[2], SASL, OTHER_SASL, KEY, CLIENT_SECRET])
        walk.secrets += with_secrets(gateway, made.session)
        client = stack.enter_context(site.client("", cookie=f"{SESSION}={made.session}"))
        walk.acts = dict(faulty_acts(client)) | dict(jobs_of(client))
        walk.pages = dict(pages_of(client))
        walk.pages |= guest_pages(site, made.welcome)
        audit = b"".join(auditing.export(gateway, ANN)).decode()
        walk.written = audit + (directory / "log" / "sealgate.log").read_text()
        yield walk


def with_secrets(gateway: Gateway, session: str) -> list[str]:
    """Let the gateway know secrets of every kind; returns those it made itself."""
    owner = sessions.actor_of(gateway, session, Origin("web", "192.0.2.10", "Lynx"))
    assert owner is not None
    rows.add(gateway, owner, "sasl", {"host": "smtp.example.net", "port": 587, "user": "gateway", "password": SASL})
    begun = second_factors.begin(gateway, owner)
    codes = second_factors.confirm(gateway, owner, begun.ticket, pyotp.TOTP(begun.secret).now())
    token = tokens.create(gateway, owner, "cron", ["view"], days=1)
    link = people.invite(gateway, owner, "vera", "viewer")
    return [PASSWORD, begun.secret, begun.ticket, *codes, token.text, link.text]


def faulty_acts(client: httpx.Client) -> Iterator[tuple[str, httpx.Response]]:
    """Send forms with faults in them and secrets among their values."""
    sasl = {"host": "-bad-", "port": "x", "user": "a:b", "password": OTHER_SASL}
    yield "sasl add", client.post("/mta/sasl/add", data=sasl)
    key = {"key": "smtp.example.net:587"}
    yield "sasl row", client.post("/mta/sasl/row", params=key, data=sasl | {"base": "1"})
    good = {"host": "smtp.example.net", "port": "587", "user": "other", "password": OTHER_SASL}
    yield "sasl clash", client.post("/mta/sasl/row", params=key, data=good | {"base": "1"})
    yield "sasl twice", client.post("/mta/sasl/add", data=good)
    for name in ("tls-key", "key", "password"):
        yield f"tls {name}", client.post("/mta/tls", data={name: PEM, "tls-certificate": PEM})
    wrong = {"old": OTHER_SASL, "new": "short", "again": "short", "password": OTHER_SASL}
    yield "password", client.post("/account/password", data=wrong)
    yield "backup", client.post("/backup/make", data={"passphrase": OTHER_SASL, "again": "x"})
    yield "prove", client.post("/account/prove", data=wrong)
    yield "passkey", client.post("/account/passkey-finish", json={"answer": {"id": OTHER_SASL}, "label": "x"})


def guest_pages(site: WebSite, welcome: str) -> dict[str, httpx.Response]:
    """Return what somebody sees who did not sign in."""
    with site.client("") as client:
        wrong = {"name": "olga", "password": OTHER_SASL, "again": "x", "code": OTHER_SASL}
        swapped = {"name": PASSWORD, "password": "olga"}
        found = {
            path: client.get(path) for path in ("/sign-in", welcome, f"{invitations.PATH}sgl_made-up", "/sign-in/x")
        }
        found |= {f"POST {path}": client.post(path, data=wrong) for path in ("/sign-in", "/sign-in/code")}
        client.post("/sign-in", data=swapped)
        found["POST /sign-in/passkey-begin"] = client.post("/sign-in/passkey-begin", json={})
        found["POST /sign-in first step"] = client.post("/sign-in", data={"name": "olga", "password": PASSWORD})
        found["POST /sign-in done"] = client.post("/sign-in", data={"name": "x" * 32, "password": PASSWORD})
        found["POST /theme"] = client.post("/theme", data={"theme": "dark", "back": "/"})
        found["POST /sign-out"] = client.post("/sign-out")
        return {path.replace(welcome, "/welcome"): answer for path, answer in found.items()}


def test_every_page_can_be_reached_and_is_shown(walk: Walk) -> None:
    routes = {page.path for page in ROUTES if page.method == "GET"} - LEADS_ON
    faulty = {
        path: answer.status_code
        for path, answer in walk.pages.items()
        if answer.status_code >= 500 and answer.status_code != 502
    }

    assert (routes - {route_of(path) for path in (walk.pages | walk.acts)}, faulty) == (set(), {})


def test_nothing_hostile_is_on_a_page_but_as_text(walk: Walk) -> None:
    raw = (*RAW, "</textarea>&#34;")

    assert {path for path, text in walk.shown.items() if any(one in text for one in raw)} == set()


def test_hostile_values_are_on_most_pages_so_that_the_walk_means_something(walk: Walk) -> None:
    named = [path for path, text in walk.shown.items() if "alert(1)" in text.partition("<main")[2]]

    assert len(named) > 40
    assert {"/audit", "/people", "/account", "/queue", "/log", "/drift", "/changes", "/history"} <= set(named)


def test_the_program_of_a_browser_is_shown_as_text(walk: Walk) -> None:
    assert "Mozilla/5.0 &#34;&#39;&gt;&lt;script&gt;" in walk.shown["/account"]


def test_no_page_has_an_inline_script_or_style(walk: Walk) -> None:
    inline = re.compile(
        r"<script(?![^>]* src=)|<style|<[^>]*\sstyle=|<[a-z]+(?:\s[a-z-]+(?:=\"[^\"]*\")?)*\son[a-z]+=|javascript:"
    )

    assert {path: found[0] for path, text in walk.shown.items() if (found := inline.search(text))} == {}


def test_what_is_no_page_is_a_file_to_be_kept_and_is_never_taken_for_a_page(walk: Walk) -> None:
    files = {path: a for path, a in walk.pages.items() if path.partition("?")[2].startswith("format=")}

    assert len(files) > 10
    for answer in files.values():
        assert answer.headers["content-disposition"].startswith("attachment; filename=")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"].split(";")[0] in {"text/plain", "text/csv", "application/x-ndjson"}


def test_every_answer_has_the_headers_that_keep_a_browser_from_harm(walk: Walk) -> None:
    wanted = {
        "content-security-policy",
        "x-frame-options",
        "x-content-type-options",
        "referrer-policy",
        "cache-control",
    }
    answers = [*walk.pages.items(), *walk.acts.items()]

    assert {path for path, answer in answers if not wanted <= set(answer.headers)} == set()


def test_no_secret_is_on_a_page_in_an_export_or_in_a_header(walk: Walk) -> None:
    said = {path: answer.text + str(answer.headers) for path, answer in (walk.pages | walk.acts).items()}
    found = {(path, secret) for path, text in said.items() for secret in walk.secrets if secret in text}
    found = {(path, secret) for path, secret in found if path != "/welcome"}  # whose form leads to the link itself

    assert len(walk.secrets) > 15
    assert found == set()


def test_no_secret_is_in_the_log_or_in_the_audit(walk: Walk) -> None:
    assert "queue-view" in walk.written
    assert [secret for secret in walk.secrets if secret in walk.written] == []


def test_every_cookie_is_bound_to_this_host_and_out_of_reach_for_scripts(walk: Walk) -> None:
    given = [one for answer in (walk.pages | walk.acts).values() for one in answer.headers.get_list("set-cookie")]
    flags = re.compile(r"__Host-[a-z]+=[^;]*;.*HttpOnly;.*Path=/; SameSite=(lax|strict); Secure")

    assert {one.partition("=")[0] for one in given} == {
        f"__Host-{name}" for name in ("session", "browser", "ticket", "theme")
    }
    assert [one for one in given if not flags.fullmatch(one)] == []
