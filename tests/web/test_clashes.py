"""Two people at the same page: nothing that one of them has not seen is overwritten, and nothing typed is lost."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.test_lists import GOOD, add, fields_of, problem_at, row

from sealgate.services import lookup_tables, rows, settings
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


def opened(client: httpx.Client, noun: str, key: str) -> dict[str, Any]:
    return fields_of(client.get(f"/mta/{noun}/row", params={"key": key}).text)


def test_a_row_renamed_to_one_that_is_there_never_overwrites_that_one(gateway: Gateway, ann: httpx.Client) -> None:
    for domain, comment in (("a.example", "of a"), ("b.example", "of b")):
        rows.add(gateway, BOB, "relay-domain", {"domain": domain}, comment=comment)
    form = opened(ann, "relay-domain", "a.example") | {"domain": "b.example"}

    answer = ann.post("/mta/relay-domain/row", params={"key": "a.example"}, data=form)
    again = ann.post("/mta/relay-domain/row", params={"key": "a.example"}, data=fields_of(answer.text))

    assert "b.example is there already" in problem_at(answer.text, "domain")
    assert 'action="/mta/relay-domain/row?key=a.example"' in answer.text
    assert 'href="/mta/relay-domain/row?key=b.example"' in answer.text
    assert (answer.status_code, again.status_code) == (409, 409)
    assert [one.comment for one in rows.listing(gateway, BOB, "relay-domain").rows] == ["of a", "of b"]


@pytest.mark.parametrize("noun", [noun for noun in GOOD if "check" not in noun])
def test_a_row_added_twice_is_a_problem_with_the_way_to_the_one_that_is_there(
    gateway: Gateway, ann: httpx.Client, noun: str
) -> None:
    add(ann, noun)

    answer = add(ann, noun)

    assert (answer.status_code, "Saving again replaces" in answer.text) == (409, False)
    assert re.search(rf'(?s)id="f-[a-z]+-problem">[^<]* is there already.*?<a href="/mta/{noun}/row\?key=', answer.text)


def test_a_clash_on_a_look_up_table_shows_the_other_text(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "lookup-table")
    form = opened(ann, "lookup-table", "partners")
    lookup_tables.edit(gateway, BOB, "partners", "of.bob encrypt\n")

    answer = ann.post("/mta/lookup-table/row", params={"key": "partners"}, data=form | {"text": "of.ann encrypt\n"})

    assert (answer.status_code, "of.bob encrypt" in answer.text, "of.ann encrypt" in answer.text) == (409, True, True)


def test_a_clash_shows_comment_and_switch_of_both_sides(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "black")
    key = row(gateway, "black").key
    form = opened(ann, "black", key)
    rows.comment(gateway, BOB, "black", key, "words of bob")
    rows.switch(gateway, BOB, "black", [key], enabled=False)

    text = ann.post("/mta/black/row", params={"key": key}, data=form | {"comment": "words of ann"}).text

    assert '<td class="code">words of ann</td><td class="code">words of bob</td>' in text
    assert '<td class="code">yes</td><td class="code">no</td>' in text


@pytest.mark.parametrize("noun", [noun for noun in GOOD if noun != "sasl"])
def test_what_was_typed_into_a_row_that_was_removed_is_kept_and_adds_it_anew(
    gateway: Gateway, ann: httpx.Client, noun: str
) -> None:
    add(ann, noun)
    key = row(gateway, noun).key
    form = opened(ann, noun, key) | {"comment": "words of ann"}
    rows.remove(gateway, BOB, noun, [key])

    answer = ann.post(f"/mta/{noun}/row", params={"key": key}, data=form)
    again = ann.post(f"/mta/{noun}/add", data=fields_of(answer.text))

    assert (answer.status_code, "was removed by somebody else" in answer.text) == (409, True)
    assert (again.status_code, row(gateway, noun).comment) == (303, "words of ann")


@pytest.mark.parametrize("noun", ["black", "lookup-table", "policy-test"])
def test_a_row_changed_before_it_was_removed_is_shown_as_it_is_now_with_the_choice(
    gateway: Gateway, ann: httpx.Client, noun: str
) -> None:
    add(ann, noun, comment="as ann saw it")
    key = row(gateway, noun).key
    form = opened(ann, noun, key)
    rows.comment(gateway, BOB, noun, key, "words of bob")

    answer = ann.post(f"/mta/{noun}/remove", params={"key": key}, data=form)

    assert (answer.status_code, rows.listing(gateway, BOB, noun).total) == (409, 1)
    assert '<td class="code">as ann saw it</td><td class="code">words of bob</td>' in answer.text
    assert f'form="row-form" formaction="/mta/{noun}/remove?key=' in answer.text
    again = ann.post(f"/mta/{noun}/remove", params={"key": key}, data=fields_of(answer.text))
    assert (again.status_code, rows.listing(gateway, BOB, noun).total) == (303, 0)


def test_a_row_that_is_removed_already_is_told_on_its_list(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "black")
    key = row(gateway, "black").key
    form = opened(ann, "black", key)
    rows.remove(gateway, BOB, "black", [key])

    answer = ann.post("/mta/black/remove", params={"key": key}, data=form)

    assert answer.headers["location"] == "/mta/black?done=gone"
    assert "removed by somebody else already" in ann.get("/mta/black?done=gone").text
