"""Lists and rows: adding, changing, refusing, conflicts, removing and taking it back; searching and going on."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from sealgate.services import lookup_tables, own_lines, rows
from sealgate.services.actor import Actor, Area, Right

if TYPE_CHECKING:
    import httpx
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway
    from sealgate.store import Stored

ANN = Actor("local:ann")
GOOD: dict[str, dict[str, str]] = {
    "relay-domain": {"domain": "example.com"},
    "network": {"network": "10.0.0.0/8"},
    "sasl": {"host": "smtp.example.net", "port": "587", "user": "gateway", "password": "open sesame"},
    "provider": {"name": "cloud", "networks": "192.0.2.0/24\n198.51.100.0/24", "senders": "own"},
    "forwarding": {"account": "root", "addresses": "admin@example.com, ops@example.com"},
    "header-check": {"pattern": "/^Subject: make money fast/", "action": "REJECT", "text": "spam", "type": "pcre"},
    "mime-header-check": {"pattern": "/name=x/", "action": "REJECT", "text": "", "type": "pcre"},
    "nested-header-check": {"pattern": "/^X-Y: z/", "action": "WARN", "text": "", "type": "regexp"},
    "body-check": {"pattern": "/^spam$/", "action": "DISCARD", "text": "", "type": "pcre"},
    "rbl": {"zone": "zen.example.net=127.0.0.2", "answers": "", "kind": "client", "reply": ""},
    "black": {"client": "192.168.88", "reason": "no", "expires": "2030-12-31"},
    "white": {"client": "203.0.113.7", "reason": "", "expires": ""},
    "lookup-table": {"name": "partners", "type": "hash", "text": "example.com encrypt\n"},
    "transport": {"pattern": "example.org", "host": "mx.example.org", "port": "25", "special": ""},
    "tls-policy": {"destination": "example.com", "level": "encrypt", "match": ""},
    "policy-test": {
        "name": "outside", "client": "203.0.113.5", "client_name": "", "helo": "", "login": "", "port": "",
        "sender": "a@b.example", "recipients": "c@d.example\ne@d.example", "size": "", "headers": "Subject: x\nX-Y: z",
        "message": "", "expect": "reject", "code": "554", "reply": "denied", "next_hop": "", "level": "",
    },
}  # fmt: skip
"""What a person types to add one row of each kind."""
BAD: dict[str, tuple[str, str, str]] = {
    "relay-domain": ("domain", "not a domain", "blank"),
    "network": ("network", "192.168.1.1/24", "192.168.1.0/24"),
    "sasl": ("user", "with:colon", "colon"),
    "provider": ("networks", "0.0.0.0/0", "wider"),
    "forwarding": ("addresses", "nobody", "address"),
    "header-check": ("pattern", "no slashes", "slashes"),
    "rbl": ("zone", "zen.example.net=127.0.0", "four parts"),
    "black": ("client", "127.0.0.1", "loopback"),
    "lookup-table": ("name", "two words", "blank"),
    "transport": ("host", "-bad-", "host"),
    "tls-policy": ("destination", "a b", "blank"),
    "policy-test": ("code", "250", "not possible"),
}


def row(gateway: Gateway, noun: str) -> Stored:
    return rows.listing(gateway, ANN, noun).rows[0]


def add(client: httpx.Client, noun: str, /, **special: str) -> httpx.Response:
    return client.post(f"/mta/{noun}/add", data=GOOD[noun] | {"enabled": "yes"} | special)


def problem_at(text: str, field: str) -> str:
    found = re.search(rf'id="f-{re.escape(field)}-problem">(.*?)</p>', text)
    return found[1] if found else ""


@pytest.mark.parametrize("noun", GOOD)
def test_a_row_is_added_to_the_draft(gateway: Gateway, ann: httpx.Client, noun: str) -> None:
    answer = add(ann, noun, comment="for a test")

    assert (answer.status_code, row(gateway, noun).comment) == (303, "for a test")


@pytest.mark.parametrize("noun", GOOD)
def test_a_row_added_stands_in_its_list(ann: httpx.Client, noun: str) -> None:
    add(ann, noun, comment="for a test")

    assert "for a test" in ann.get(f"/mta/{noun}").text


@pytest.mark.parametrize("noun", BAD)
def test_a_fault_is_said_at_its_field_and_what_was_typed_stays(gateway: Gateway, ann: httpx.Client, noun: str) -> None:
    field, typed, said = BAD[noun]

    answer = add(ann, noun, **{field: typed}, comment="kept words")

    assert answer.status_code == 422
    assert said in problem_at(answer.text, field)
    assert "kept words" in answer.text
    assert rows.listing(gateway, ANN, noun).total == 0


@pytest.mark.parametrize("noun", GOOD)
def test_saving_the_form_of_a_row_as_it_came_changes_nothing(gateway: Gateway, ann: httpx.Client, noun: str) -> None:
    add(ann, noun)
    before = row(gateway, noun)
    form = fields_of(ann.get(f"/mta/{noun}/row", params={"key": before.key}).text)

    ann.post(f"/mta/{noun}/row", params={"key": before.key}, data=form)

    assert row(gateway, noun) == before


def fields_of(text: str) -> dict[str, Any]:
    """Return what a browser would send for the form of a row."""
    form = text[text.index('id="row-form"') : text.index("</form>", text.index('id="row-form"'))]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and ("checkbox" not in tag or " checked" in tag):
            found[name[1]] = unescaped(value[1]) if value else ""
    for name, body in re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name] = unescaped(body).removeprefix("\n")
    for name, body in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r"<option selected>([^<]*)", body)
        found[name] = chosen[1] if chosen else ""
    return found


def unescaped(text: str) -> str:
    return html.unescape(text)


def test_a_row_is_changed(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "black")
    old = row(gateway, "black")
    form = {"client": "192.168.88", "reason": "go away", "base": str(old.version), "comment": "new", "enabled": "yes"}

    answer = ann.post("/mta/black/row", params={"key": old.key}, data=form)

    new = row(gateway, "black")
    assert (answer.status_code, new.fields["reason"], new.comment) == (303, "go away", "new")


def test_who_was_slower_sees_both_sides_and_nothing_is_written(
    gateway: Gateway, ann: httpx.Client, bob: httpx.Client
) -> None:
    add(ann, "black")
    old = row(gateway, "black")
    form = {"client": "192.168.88", "base": str(old.version), "enabled": "yes"}
    bob.post("/mta/black/row", params={"key": old.key}, data=form | {"reason": "of bob"})

    answer = ann.post("/mta/black/row", params={"key": old.key}, data=form | {"reason": "of ann"})

    assert answer.status_code == 409
    assert answer.text.count('<td class="code">of bob</td>') == 1
    assert answer.text.count("of ann") == 2
    assert row(gateway, "black").fields["reason"] == "of bob"


def test_saving_again_after_a_conflict_replaces_the_other_side(
    gateway: Gateway, ann: httpx.Client, bob: httpx.Client
) -> None:
    add(ann, "black")
    old = row(gateway, "black")
    form = {"client": "192.168.88", "base": str(old.version), "enabled": "yes"}
    bob.post("/mta/black/row", params={"key": old.key}, data=form | {"reason": "of bob"})
    shown = ann.post("/mta/black/row", params={"key": old.key}, data=form | {"reason": "of ann"})

    answer = ann.post("/mta/black/row", params={"key": old.key}, data=fields_of(shown.text))

    assert (answer.status_code, row(gateway, "black").fields["reason"]) == (303, "of ann")


def test_a_row_that_is_there_already_is_a_conflict(ann: httpx.Client) -> None:
    add(ann, "black")

    assert add(ann, "black").status_code == 409


def test_a_row_that_is_gone_is_404(ann: httpx.Client) -> None:
    assert ann.get("/mta/black/row", params={"key": "192.0.2.1"}).status_code == 404


@pytest.mark.parametrize("noun", GOOD)
def test_a_removal_is_taken_back_and_the_row_is_as_it_was(gateway: Gateway, ann: httpx.Client, noun: str) -> None:
    add(ann, noun, comment="kept")
    before = row(gateway, noun)
    removed = ann.post(f"/mta/{noun}/bulk", data={"do": "remove", "key": before.key})
    undo = dict(httpx_query(removed.headers["location"]))

    ann.post(f"/mta/{noun}/put-back", data={"first": undo["first"], "last": undo["last"]})

    assert row(gateway, noun).says_the_same(before)


def httpx_query(location: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(location).query)


def test_a_removal_offers_to_take_it_back(ann: httpx.Client) -> None:
    add(ann, "black")
    removed = ann.post("/mta/black/bulk", data={"do": "remove", "key": "192.168.88.0/24"})

    page = ann.get(removed.headers["location"])

    assert ("1 row removed" in page.text, "/mta/black/put-back" in page.text) == (True, True)


def test_several_rows_are_taken_back_at_once(gateway: Gateway, ann: httpx.Client) -> None:
    for name in ("a.example", "b.example", "c.example"):
        rows.add(gateway, ANN, "relay-domain", {"domain": name})
    removed = ann.post("/mta/relay-domain/bulk", data={"do": "remove", "key": ["a.example", "c.example"]})

    ann.post("/mta/relay-domain/put-back", data=dict(httpx_query(removed.headers["location"])))

    assert [one.key for one in rows.listing(gateway, ANN, "relay-domain").rows] == [
        "a.example",
        "b.example",
        "c.example",
    ]


def test_taking_back_what_is_there_again_is_a_conflict(ann: httpx.Client) -> None:
    add(ann, "black")
    removed = ann.post("/mta/black/bulk", data={"do": "remove", "key": "192.168.88.0/24"})
    add(ann, "black")

    assert ann.post("/mta/black/put-back", data=dict(httpx_query(removed.headers["location"]))).status_code == 409


@pytest.mark.parametrize(("verb", "enabled"), [("enable", True), ("disable", False)])
def test_ticked_rows_are_switched(gateway: Gateway, ann: httpx.Client, verb: str, enabled: bool) -> None:
    add(ann, "black")
    rows.switch(gateway, ANN, "black", ["192.168.88.0/24"], enabled=not enabled)

    ann.post("/mta/black/bulk", data={"do": verb, "key": "192.168.88.0/24"})

    assert row(gateway, "black").enabled is enabled


def test_a_button_without_ticked_rows_says_so(ann: httpx.Client) -> None:
    assert ann.post("/mta/black/bulk", data={"do": "remove"}).status_code == 422


@pytest.mark.parametrize(
    ("verb", "order"), [("up:2", ["2", "1", "3"]), ("down:2", ["1", "3", "2"]), ("first:3", ["3", "1", "2"]),
                        ("last:1", ["2", "3", "1"]), ("up:1", ["1", "2", "3"]), ("down:3", ["1", "2", "3"])],
)  # fmt: skip
def test_a_row_of_an_ordered_list_is_moved(gateway: Gateway, ann: httpx.Client, verb: str, order: list[str]) -> None:
    for _number in range(3):
        add(ann, "header-check")

    ann.post("/mta/header-check/move", data={"move": verb})

    assert [one.key for one in rows.listing(gateway, ANN, "header-check").rows] == order


def test_the_number_of_all_rows_is_not_said_as_if_it_were_that_of_a_search(ann: httpx.Client) -> None:
    add(ann, "black")

    totals = [
        re.findall(r'<p class="total">(.*?)</p>', ann.get("/mta/black", params={"q": search}).text)
        for search in ("", "192", "nothing like it")
    ]

    assert totals == [["1 row"], [""], [""]]


def test_a_search_shows_what_it_finds_and_nothing_else(ann: httpx.Client) -> None:
    add(ann, "relay-domain")
    add(ann, "relay-domain", domain="other.test")

    text = ann.get("/mta/relay-domain", params={"q": "other"}).text

    assert ("other.test" in text, "example.com" in text) == (True, False)


def test_a_long_list_goes_on_behind_its_last_row(gateway: Gateway, ann: httpx.Client) -> None:
    with gateway.writing(ANN) as writer:
        fields = (f"d{number:04}.example" for number in range(250))
        writer.save_many("relay-domain", ((name, {"domain": name}, "", True, None) for name in fields))
    seen, path = [], "/mta/relay-domain"
    while path:
        text = ann.get(path).text
        seen += re.findall(r'name="key" value="(d\d+)', text)
        onward = re.search(r'href="([^"]*)" rel="next"', text)
        path = unescaped(onward[1]) if onward else ""

    assert seen == [f"d{number:04}" for number in range(250)]


def test_rows_that_are_not_applied_are_marked(ann: httpx.Client) -> None:
    add(ann, "black")

    assert '<span class="badge pending">new</span>' in ann.get("/mta/black").text


def test_a_network_that_opens_the_relay_must_be_typed_again(gateway: Gateway, ann: httpx.Client) -> None:
    refused = ann.post("/mta/network/add", data={"network": "0.0.0.0/0", "enabled": "yes"})
    taken = ann.post("/mta/network/add", data={"network": "0.0.0.0/0", "confirm": "0.0.0.0/0", "enabled": "yes"})

    assert "type the same network again" in problem_at(refused.text, "confirm")
    assert (refused.status_code, taken.status_code) == (422, 303)


def test_a_password_is_on_no_page(ann: httpx.Client) -> None:
    add(ann, "sasl")
    pages = ["/mta/sasl", "/mta/sasl/row?key=%5Bsmtp.example.net%5D:587", "/changes", "/search?q=smtp"]

    assert [path for path in pages if "open sesame" in ann.get(path).text] == []


def test_an_empty_password_leaves_the_stored_one(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "sasl")
    before = row(gateway, "sasl")
    form = GOOD["sasl"] | {"password": "", "user": "other", "base": str(before.version), "enabled": "yes"}

    ann.post("/mta/sasl/row", params={"key": before.key}, data=form)

    after = row(gateway, "sasl").fields
    assert (after["user"], after["password"]) == ("other", before.fields["password"])


def test_a_stored_password_is_asked_for_again_for_another_host(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "sasl")
    before = row(gateway, "sasl")
    form = GOOD["sasl"] | {"password": "", "host": "evil.example.net", "base": str(before.version), "enabled": "yes"}

    answer = ann.post("/mta/sasl/row", params={"key": before.key}, data=form)

    assert "belongs to its host" in problem_at(answer.text, "password")
    assert (answer.status_code, row(gateway, "sasl").key) == (422, before.key)


def test_who_may_edit_one_area_may_not_edit_another(site: WebSite) -> None:
    site.people.known["carol"] = Actor(
        "carol", "web", frozenset({Right.VIEW, Right.EDIT}), frozenset({Area.BLACK_LIST})
    )
    with site.client("carol") as carol:
        statuses = [add(carol, noun).status_code for noun in ("black", "white")]

    assert statuses == [303, 403]


def test_the_text_of_a_look_up_table_is_edited(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "lookup-table")
    form = fields_of(ann.get("/mta/lookup-table/row", params={"key": "partners"}).text)

    ann.post("/mta/lookup-table/row", params={"key": "partners"}, data=form | {"text": "example.org may\r\n"})

    assert lookup_tables.show(gateway, ANN, "partners").text == "example.org may\n"


def test_a_look_up_table_says_where_it_is_used(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "lookup-table")
    own_lines.edit(gateway, ANN, "main-cf", "smtp_tls_policy_maps = hash:$maps_d_dir/hash-partners.map\n")

    text = ann.get("/mta/lookup-table/row", params={"key": "partners"}).text

    assert "It is used here" in text


def test_a_look_up_table_in_use_is_not_removed(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "lookup-table")
    own_lines.edit(gateway, ANN, "main-cf", "smtp_tls_policy_maps = hash:$maps_d_dir/hash-partners.map\n")

    answer = ann.post("/mta/lookup-table/bulk", data={"do": "remove", "key": "partners"})

    assert (answer.status_code, "main.cf, line 1" in answer.text) == (409, True)
