"""The life of a row on its page and on a page of its own, and bringing a version back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.web.test_lists import add

from sealgate.services import rows
from sealgate.services.actor import ALL_RIGHTS, Actor, Right
from sealgate.services.roles import RIGHTS_OF, Role

if TYPE_CHECKING:
    import httpx
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

ANN, BOB = Actor("local:ann"), Actor("local:bob")
KEY = "192.168.88.0/24"
OF_ROW = {"key": KEY}


@pytest.fixture
def lived(gateway: Gateway, ann: httpx.Client) -> None:
    """A row that a revision has, changed since."""
    add(ann, "black", reason="<i>first</i>")
    with gateway.store.writing("local:ann") as writer:
        writer.promote(writer.candidate().candidate, "one", {}, state="confirmed")
    rows.change(gateway, BOB, "black", KEY, {"reason": "second"})


def form_of(text: str) -> dict[str, str]:
    """Return what the button that brings a version back sends."""
    found = re.search(r'(?s)action="/mta/black/bring-back[^>]*>(.*?)</form>', text)
    assert found is not None
    return dict(re.findall(r'name="([a-z]+)" value="([^"]*)"', found[1]))


@pytest.mark.parametrize("page", ["row", "history"])
@pytest.mark.usefixtures("lived")
def test_the_life_of_a_row_is_told_field_by_field_and_a_version_comes_back(
    gateway: Gateway, ann: httpx.Client, page: str
) -> None:
    text = ann.get(f"/mta/black/{page}", params=OF_ROW).text

    answer = ann.post("/mta/black/bring-back", params=OF_ROW, data=form_of(text))

    assert "<del>&lt;i&gt;first&lt;/i&gt;</del>" in text
    assert ('href="/history/1"' in text, text.count("Bring this version back</button>")) == (True, 1)
    assert answer.headers["location"].endswith("done=brought_back")
    assert rows.show(gateway, ANN, "black", KEY).fields["reason"] == "<i>first</i>"


@pytest.mark.usefixtures("lived")
def test_a_row_changed_meanwhile_is_told_on_its_history(gateway: Gateway, ann: httpx.Client) -> None:
    form = form_of(ann.get("/mta/black/row", params=OF_ROW).text)
    rows.change(gateway, BOB, "black", KEY, {"reason": "third"})

    answer = ann.post("/mta/black/bring-back", params=OF_ROW, data=form)

    assert (answer.status_code, "third" in answer.text, "Nothing was brought back" in answer.text) == (409, True, True)
    assert ann.post("/mta/black/bring-back", params=OF_ROW, data=form_of(answer.text)).status_code == 303


@pytest.mark.usefixtures("lived")
def test_a_removed_row_comes_back_from_its_history(gateway: Gateway, ann: httpx.Client) -> None:
    rows.remove(gateway, BOB, "black", [KEY])
    text = ann.get("/mta/black/history", params=OF_ROW).text

    answer = ann.post("/mta/black/bring-back", params=OF_ROW, data=form_of(text))

    assert ("This row is not in the list now." in text, answer.status_code) == (True, 303)
    assert rows.show(gateway, ANN, "black", KEY).fields["reason"] == "<i>first</i>"


@pytest.mark.usefixtures("lived")
def test_who_may_only_look_sees_the_life_and_no_button(site: WebSite) -> None:
    site.people.known["vera"] = Actor("vera", "web", RIGHTS_OF[Role.VIEWER])
    with site.client("vera") as vera:
        text = vera.get("/mta/black/history", params=OF_ROW).text

    assert ("<ins>second</ins>" in text, "bring-back" in text) == (True, False)


@pytest.mark.parametrize(("form", "status"), [({}, 422), ({"revision": "9"}, 404), ({"revision": "x"}, 422)])
@pytest.mark.usefixtures("lived")
def test_a_version_that_there_is_not_is_not_brought_back(ann: httpx.Client, form: dict[str, str], status: int) -> None:
    assert ann.post("/mta/black/bring-back", params=OF_ROW, data=form).status_code == status


def test_a_row_that_never_was_has_no_history(ann: httpx.Client) -> None:
    assert ann.get("/mta/black/history", params=OF_ROW).status_code == 404


def test_who_may_store_no_secrets_sees_no_button_that_brings_one_back(gateway: Gateway, site: WebSite) -> None:
    rows.add(gateway, ANN, "sasl", {"host": "smtp.example.net", "user": "u", "password": "the first of all"})
    with gateway.store.writing("local:ann") as writer:
        writer.promote(writer.candidate().candidate, "one", {}, state="confirmed")
    rows.change(gateway, ANN, "sasl", "[smtp.example.net]", {"password": "the second of all"})
    site.people.known["eve"] = Actor("eve", "web", ALL_RIGHTS - {Right.SECRETS})
    site.people.known["olga"] = Actor("olga", "web", ALL_RIGHTS)

    pages = ("/mta/sasl/history?key=[smtp.example.net]", "/history/1?against=draft", "/changes")
    buttons = ("/bring-back", "/history/1/restore", "/changes/discard")
    shown = {}
    for name in ("eve", "olga"):
        with site.client(name) as client:
            shown[name] = [button in client.get(page).text for page, button in zip(pages, buttons, strict=True)]

    assert shown == {"eve": [False] * 3, "olga": [True] * 3}
