"""Two people at the same page: nothing that one of them has not seen is overwritten, and nothing typed is lost."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from sealgate.services import settings
from sealgate.services.actor import Actor

if TYPE_CHECKING:
    import httpx

    from sealgate.services.gateway import Gateway

BOB = Actor("local:bob")


def settings_form(text: str) -> dict[str, str]:
    """Return what a browser would send for a page of settings as it came."""
    start = text.index('<form class="card form"')
    form = text[start : text.index("</form>", start)]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or " checked" in tag):
            found[name[1]] = html.unescape(value[1]) if value else ""
    for name, body in re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name] = html.unescape(body).removeprefix("\n")
    for name, body in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r"<option selected>([^<]*)", body) or re.search(r"<option>([^<]*)", body)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    return found


def values(gateway: Gateway, *names: str) -> list[Any]:
    return [one.value for one in settings.show(gateway, BOB, names)]


def test_what_was_not_touched_on_a_page_of_settings_is_not_put_back(gateway: Gateway, ann: httpx.Client) -> None:
    form = settings_form(ann.get("/mta/config").text)
    before = {"my-hostname": "gw.example.com", "delay-warning": "7h", "match-subdomains": True}
    hop = {"external-relay-host": {"host": "smtp.example.net", "port": 587, "mx": True}}
    settings.set_many(gateway, BOB, before | hop, {})
    set_by_bob = values(gateway, *before, *hop)

    answer = ann.post("/mta/config", data=form | {"smtp-helo-name": "helo.example.com"})

    assert (answer.status_code, values(gateway, "smtp-helo-name")) == (303, ["helo.example.com"])
    assert values(gateway, *before, *hop) == set_by_bob


def test_saving_settings_again_replaces_only_what_was_said_to_clash(gateway: Gateway, ann: httpx.Client) -> None:
    form = settings_form(ann.get("/mta/config").text)
    settings.set_many(gateway, BOB, {"my-hostname": "bob.example.com", "smtp-helo-name": "bob.example.net"}, {})
    clashed = ann.post("/mta/config", data=form | {"my-hostname": "ann.example.com", "queue-lifetime": "3d"})
    settings.set_value(gateway, BOB, "queue-lifetime", "4d")

    again = ann.post("/mta/config", data=settings_form(clashed.text))

    assert (clashed.status_code, "bob.example.com" in clashed.text, "bob.example.net" in clashed.text) == (
        409, True, False,
    )  # fmt: skip
    assert (again.status_code, "Queue life time was changed" in again.text) == (409, True)
    assert ann.post("/mta/config", data=settings_form(again.text)).status_code == 303
    assert values(gateway, "my-hostname", "smtp-helo-name") == ["ann.example.com", "bob.example.net"]


def test_all_settings_that_clash_are_named_with_what_stands_now(gateway: Gateway, ann: httpx.Client) -> None:
    settings.set_value(gateway, BOB, "my-hostname", "old.example.com")
    form = settings_form(ann.get("/mta/config").text)
    settings.unset(gateway, BOB, "my-hostname")
    settings.set_value(gateway, BOB, "smtp-helo-name", "bob.example.net")

    text = ann.post("/mta/config", data=form | {"my-hostname": "a.example.com", "smtp-helo-name": "b.example.com"}).text

    assert ("My hostname is now: not set." in text, "is now: bob.example.net." in text) == (True, True)
