"""The pages of providers: how a list stands, a fetch, a trial of what is not saved, and lists too long for a page."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.published import ADDRESS
from tests.support.waiting import wait_until
from tests.web.test_clashes import settings_form

from sealgate.services import rows
from sealgate.services.actor import Actor
from sealgate.store import Ended, Fetch
from sealgate.web.formats import DASH, sides

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from tests.support.control_half import StandIn
    from tests.support.published import Published

    from sealgate.services.gateway import Gateway

A, B = "192.0.2.0/24", "198.51.100.0/24"
ANN = Actor.local("ann")


@pytest.fixture
def gateway(fetching: Published, directory: Path) -> Iterator[Gateway]:
    """A gateway that reaches the published list."""
    from sealgate.services.gateway import Gateway
    from sealgate.settings import Settings

    opened = Gateway.open(Settings.load(directory))
    yield opened
    opened.close()


def add(gateway: Gateway, **fields: Any) -> None:
    rows.add(gateway, ANN, "provider", {"name": "cloud", "source": "url", "address": ADDRESS} | fields)


def ended(ann: httpx.Client, answer: httpx.Response) -> str:
    """The page of the job that was started, when it has ended."""
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"]
    wait_until(lambda: 'data-job="ended"' in ann.get(place).text, "the job ends", 30)
    return ann.get(place).text


def test_an_empty_list_offers_the_usual_clouds(ann: httpx.Client, agent: StandIn) -> None:
    page = ann.get("/mta/provider").text
    form = ann.get("/mta/provider/add?source=microsoft365&name=microsoft365").text

    assert "/mta/provider/add?source=microsoft365&amp;name=microsoft365" in page
    assert "<option selected>microsoft365</option>" in form
    assert 'name="networks"' not in form


def test_the_list_says_how_each_stands(ann: httpx.Client, gateway: Gateway, agent: StandIn) -> None:
    add(gateway, networks=[A])
    with gateway.store.writing("system:providers") as writer:
        fetch = Fetch(Ended.FAILED, "The server is <away>.", f"url {ADDRESS}")
        writer.keep_fetch("cloud", fetch)
    page = ann.get("/mta/provider").text

    assert "failed" in page
    assert "The server is &lt;away&gt;." in page
    assert ADDRESS in page


def test_a_list_in_trouble_is_told_on_the_overview(ann: httpx.Client, gateway: Gateway, agent: StandIn) -> None:
    add(gateway, networks=[A])
    with gateway.store.writing("system:providers") as writer:
        at = dt.datetime.now(dt.UTC) - dt.timedelta(days=2)
        writer.keep_fetch("cloud", Fetch(Ended.FAILED, "No answer.", f"url {ADDRESS}", at=at))
    page = ann.get("/").text

    assert "not what their source says" in page
    assert "No answer." in page


def test_a_fetch_is_a_job_whose_page_shows_what_came(
    ann: httpx.Client, gateway: Gateway, agent: StandIn, published: Published
) -> None:
    add(gateway)
    published.says(A, B)
    page = ended(ann, ann.post("/mta/provider/fetch", data={"key": "cloud"}))
    row = ann.get("/mta/provider/row?key=cloud").text

    assert "The list is in the draft." in page
    assert f"+ {A}" in page
    assert "What came of each fetch" in row
    assert B in row


def test_the_page_of_a_source_that_is_not_live_says_one_thing_about_a_fetch(
    ann: httpx.Client, gateway: Gateway, agent: StandIn
) -> None:
    add(gateway)
    text = ann.get("/mta/provider/row?key=cloud").text

    assert text.count("a fetch fills the draft") == 1
    assert "goes live and is watched" not in text


def test_a_trial_takes_what_stands_in_the_form(
    ann: httpx.Client, gateway: Gateway, agent: StandIn, published: Published
) -> None:
    published.says(A, B)
    form = {"name": "", "source": "url", "address": ADDRESS, "senders": "own", "interval": "1 hour"}
    page = ended(ann, ann.post("/mta/provider/try", data=form))

    assert "Nothing was stored." in page
    assert f"+ {B}" in page
    assert rows.listing(gateway, ANN, "provider").total == 0


@pytest.mark.parametrize("works", [True, False])
def test_what_was_typed_beside_a_source_is_there_again_after_its_trial(
    ann: httpx.Client, agent: StandIn, published: Published, *, works: bool
) -> None:
    if not works:
        published.fails()
    form = {"name": "mine", "source": "url", "address": ADDRESS, "senders": "any", "interval": "2 hours"}
    page = ended(ann, ann.post("/mta/provider/try", data=form | {"comment": "for <b> & co"}))
    hidden = {n: html.unescape(v) for n, v in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)}
    again = ann.post("/mta/provider/form", data=hidden)

    assert again.status_code == 200
    assert 'action="/mta/provider/add"' in again.text
    sent = settings_form(again.text)
    assert sent | form | {"comment": "for <b> & co"} == sent
    assert "enabled" not in sent


def test_changes_typed_for_a_stored_provider_survive_a_trial_and_are_still_of_the_version_seen(
    ann: httpx.Client, gateway: Gateway, agent: StandIn, published: Published
) -> None:
    add(gateway, networks=[A])
    form = settings_form(ann.get("/mta/provider/row?key=cloud").text) | {"interval": "3 hours", "comment": "new"}
    page = ended(ann, ann.post("/mta/provider/try?key=cloud", data=form))
    hidden = {n: html.unescape(v) for n, v in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)}
    again = ann.post("/mta/provider/form", data=hidden).text

    assert 'action="/mta/provider/row?key=cloud"' in again
    assert settings_form(again) == form


def test_a_trial_that_fails_says_why(ann: httpx.Client, agent: StandIn, published: Published) -> None:
    published.fails()
    page = ended(ann, ann.post("/mta/provider/try", data={"source": "url", "address": ADDRESS}))

    assert "The source gave no list." in page
    assert "503" in page


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"source": "by-hand"}, "typed by hand cannot be tried"),
        ({"source": "url", "address": "http://lists.example/"}, "does not begin with https://"),
        ({"source": "url", "address": "https://127.0.0.1/"}, "this machine itself"),
    ],
)
def test_a_trial_of_what_is_no_source_is_said_at_the_field(
    ann: httpx.Client, agent: StandIn, form: dict[str, str], says: str
) -> None:
    answer = ann.post("/mta/provider/try", data=form)

    assert answer.status_code == 422
    assert says in answer.text


def test_saving_the_form_keeps_the_fetched_networks(
    ann: httpx.Client, gateway: Gateway, agent: StandIn, published: Published
) -> None:
    add(gateway, networks=[A, B])
    version = rows.show(gateway, ANN, "provider", "cloud").version
    form = {"name": "cloud", "source": "url", "address": ADDRESS, "senders": "own", "interval": "2 hours", "pin": "yes"}
    ann.post("/mta/provider/row?key=cloud", data=form | {"most_shrink": "50", "enabled": "yes", "base": version})
    fields = rows.show(gateway, ANN, "provider", "cloud").fields

    assert (fields["networks"], fields["interval"], fields["pin"]) == ([A, B], 7200, True)
    assert 'value="2 hours"' in ann.get("/mta/provider/row?key=cloud").text


@pytest.mark.parametrize("act", ["row", "remove"])
def test_a_clash_shows_only_what_differs(ann: httpx.Client, gateway: Gateway, agent: StandIn, act: str) -> None:
    add(gateway, networks=[A])
    form = settings_form(ann.get("/mta/provider/row?key=cloud").text)
    rows.change(gateway, Actor.local("bob"), "provider", "cloud", {}, comment="of bob")
    answer = ann.post(f"/mta/provider/{act}?key=cloud", data=form)

    assert answer.status_code == 409
    assert re.findall(r'<th scope="row">([^<]*)</th>', answer.text) == ["Comment"]


def test_of_long_lists_only_what_differs_is_side_by_side() -> None:
    old, new = [f"n{n}" for n in range(40)], [f"n{n}" for n in range(1, 41)]

    assert sides(old, new) == ("40 entries, now gone: n0", "40 entries, of them new: n40")
    assert sides(["a"], ["a", "b"]) == ("a", "a, b")
    assert sides(None, old[:2]) == (DASH, "n0, n1")
    assert sides(old, old[:20])[1] == "20 entries"


def test_a_long_list_does_not_make_a_page_heavy(ann: httpx.Client, gateway: Gateway, agent: StandIn) -> None:
    add(gateway, networks=[f"10.{n // 256}.{n % 256}.0/24" for n in range(20_000)])
    sizes = {path: len(ann.get(path).content) for path in ("/mta/provider", "/mta/provider/row?key=cloud", "/changes")}

    assert max(sizes.values()) < 200_000, sizes


def test_the_source_is_escaped(ann: httpx.Client, gateway: Gateway, agent: StandIn) -> None:
    add(gateway)
    with gateway.store.writing("system:providers") as writer:
        hostile = "<script>alert(1)</script>"
        writer.keep_fetch("cloud", Fetch(Ended.NEW, hostile, f"url {ADDRESS}", added=(hostile,), remarks=(hostile,)))

    assert "<script>alert" not in ann.get("/mta/provider/row?key=cloud").text
