"""What is edited as a whole, over the pages: settings, own lines, imports, and lists as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.web.test_lists import GOOD, add

from sealgate.services import changes, own_lines, rows, settings
from sealgate.services.actor import Actor

if TYPE_CHECKING:
    import httpx

    from sealgate.services.gateway import Gateway

ANN = Actor("local:ann")


def test_settings_are_saved_together_and_only_what_differs(gateway: Gateway, ann: httpx.Client) -> None:
    form = {"my-hostname": "gw.example.com", "smtp-helo-name": "", "before-filter-size-limit": "20 MiB"}

    ann.post("/mta/config", data=form)

    pending = {item.difference.key for item in changes.pending(gateway, ANN)}
    assert pending == {"my-hostname", "before-filter-size-limit"}


def test_settings_at_fault_are_all_named_and_none_is_saved(gateway: Gateway, ann: httpx.Client) -> None:
    form = {"my-hostname": "not a name", "before-filter-size-limit": "0", "smtp-helo-name": "helo.example.com"}

    answer = ann.post("/mta/config", data=form)

    faults = re.findall(r'id="f-([a-z-]+)-problem"', answer.text)
    assert (answer.status_code, faults) == (422, ["my-hostname", "before-filter-size-limit"])
    assert changes.pending(gateway, ANN) == []


def test_a_setting_changed_by_somebody_else_is_a_conflict(gateway: Gateway, ann: httpx.Client) -> None:
    settings.set_value(gateway, ANN, "my-hostname", "gw.example.com")

    answer = ann.post("/mta/config", data={"my-hostname": "mine.example.com", "base.my-hostname": ""})

    assert (answer.status_code, "gw.example.com" in answer.text, "mine.example.com" in answer.text) == (409, True, True)


def test_a_relay_host_is_entered_in_parts(gateway: Gateway, ann: httpx.Client) -> None:
    form = {
        "external-relay-host": "smtp.example.net",
        "external-relay-host.port": "587",
        "external-relay-host.mx": "yes",
    }

    ann.post("/mta/config", data=form)

    shown = settings.show(gateway, ANN, ["external-relay-host"])[0]
    assert shown.value == {"host": "smtp.example.net", "port": 587, "mx": True}


def test_a_setting_that_goes_back_to_its_default_is_no_change_any_more(gateway: Gateway, ann: httpx.Client) -> None:
    ann.post("/mta/config", data={"my-hostname": "gw.example.com"})
    version = settings.show(gateway, ANN, ["my-hostname"])[0].version

    ann.post("/mta/config", data={"my-hostname": "", "base.my-hostname": str(version)})

    assert changes.pending(gateway, ANN) == []


def test_own_lines_are_kept_as_typed(gateway: Gateway, ann: httpx.Client) -> None:
    typed = "\r\n# ours\r\n\r\nsmtpd_banner =\r\n\t$myhostname\r\n"

    ann.post("/mta/config-file", params={"file": "main-cf"}, data={"text": typed, "base": ""})

    assert own_lines.show(gateway, ANN, "main-cf").text == typed.replace("\r\n", "\n")


def test_own_lines_changed_by_somebody_else_are_a_conflict_that_shows_both(gateway: Gateway, ann: httpx.Client) -> None:
    own_lines.edit(gateway, ANN, "main-cf", "biff = yes\n")

    answer = ann.post("/mta/config-file", data={"text": "biff = no\n", "base": ""})

    assert (answer.status_code, "biff = yes" in answer.text, "biff = no" in answer.text) == (409, True, True)
    assert own_lines.show(gateway, ANN, "main-cf").text == "biff = yes\n"


def test_the_config_file_page_shows_the_whole_file_of_the_draft(gateway: Gateway, ann: httpx.Client) -> None:
    settings.set_value(gateway, ANN, "my-hostname", "gw.example.com")

    assert "<code>myhostname = gw.example.com</code>" in ann.get("/mta/config-file").text


def test_an_import_is_previewed_without_changing_anything(gateway: Gateway, ann: httpx.Client) -> None:
    answer = ann.post("/mta/relay-domain/import", data={"text": "a.example\nb.example\n", "do": "preview"})

    assert (answer.status_code, "<dd>2</dd>" in answer.text) == (200, True)
    assert rows.listing(gateway, ANN, "relay-domain").total == 0


def test_an_import_is_done(gateway: Gateway, ann: httpx.Client) -> None:
    files = {"file": ("domains.txt", b"a.example\r\nb.example\r\n", "text/plain")}

    ann.post("/mta/relay-domain/import", data={"do": "import"}, files=files)

    assert [row.key for row in rows.listing(gateway, ANN, "relay-domain").rows] == ["a.example", "b.example"]


def test_an_import_at_fault_names_each_line_and_changes_nothing(gateway: Gateway, ann: httpx.Client) -> None:
    answer = ann.post("/mta/relay-domain/import", data={"text": "a.example\nno good\nalso bad\n", "do": "import"})

    assert (answer.status_code, "line 2" in answer.text, "line 3" in answer.text) == (422, True, True)
    assert rows.listing(gateway, ANN, "relay-domain").total == 0


LISTED = [noun for noun in GOOD if noun not in {"sasl", "lookup-table"}]
WAYS = [
    *((noun, form) for noun in LISTED for form in ("text", "csv")),
    *((noun, form) for noun in ("transport", "policy-test") for form in ("ndjson", "yaml")),
]


@pytest.mark.parametrize(("noun", "form"), WAYS)
def test_what_is_exported_is_imported_as_the_same_list(
    gateway: Gateway, ann: httpx.Client, noun: str, form: str
) -> None:
    add(ann, noun, comment="kept")
    before = rows.listing(gateway, ANN, noun).rows[0]
    text = ann.get(f"/mta/{noun}/export", params={"format": form}).text
    ann.post(f"/mta/{noun}/bulk", data={"do": "remove", "key": before.key})

    ann.post(f"/mta/{noun}/import", data={"text": text, "format": form, "do": "import"})

    after = rows.listing(gateway, ANN, noun).rows[0]
    assert (after.key, after.fields, after.comment) == (before.key, before.fields, before.comment)


def test_a_list_is_exported_as_it_was_in_a_revision(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "relay-domain")
    with gateway.writing(ANN) as writer:
        writer.promote(writer.candidate().candidate, "first", {}, state="confirmed")
    rows.add(gateway, ANN, "relay-domain", {"domain": "late.example"})

    then, now, live = (
        ann.get("/mta/relay-domain/export", params={"format": "ndjson", "state": state})
        for state in ("1", "draft", "live")
    )

    assert (then.text.count("\n"), now.text.count("\n"), live.text) == (1, 2, then.text)
    assert then.headers["content-disposition"] == 'attachment; filename="relay-domain-1.ndjson"'


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("format=yaml&state=7", 404),
        ("format=yaml&state=later", 422),
        ("format=pdf", 422),
        ("state=7", 404),
        ("state=live", 200),
    ],
)
def test_an_export_that_is_not_possible_is_refused_before_it_begins(ann: httpx.Client, query: str, status: int) -> None:
    assert ann.get(f"/mta/relay-domain/export?{query}").status_code == status


def test_from_a_revision_the_export_is_of_that_revision(gateway: Gateway, ann: httpx.Client) -> None:
    with gateway.writing(ANN) as writer:
        writer.promote(writer.candidate().candidate, "first", {}, state="confirmed")
    offered = re.findall(r'<option value="([^"]*)">', ann.get("/history/1").text.partition('name="list"')[2])

    way = ann.get("/export", params={"list": "black", "state": "1"}).headers["location"]

    assert ("black" in offered, "sasl" in offered, way) == (True, False, "/mta/black/export?state=1")
    assert '<option value="1" selected>' in ann.get(way).text
    assert ann.get("/export", params={"list": "sasl", "state": "1"}).status_code == 404


def test_logins_are_never_exported(ann: httpx.Client) -> None:
    add(ann, "sasl")

    assert ann.get("/mta/sasl/export", params={"format": "csv"}).status_code == 404


def test_a_list_is_edited_as_text(gateway: Gateway, ann: httpx.Client) -> None:
    add(ann, "transport")
    page = ann.get("/mta/transport-config").text
    base = re.search(r'name="base" value="([0-9a-f]+)"', page)
    assert base

    ann.post(
        "/mta/transport-config",
        data={"text": "# new\nb.example smtp:[mx.b.example]:26\n", "base": base[1], "sure": "1"},
    )

    found = rows.listing(gateway, ANN, "transport").rows
    assert [(row.key, row.fields["port"], row.comment) for row in found] == [("b.example", 26, "new")]


@pytest.mark.parametrize("sure", ["", "7"])
def test_a_text_that_removes_rows_is_saved_only_when_their_number_was_agreed_to(
    gateway: Gateway, ann: httpx.Client, sure: str
) -> None:
    add(ann, "black")
    base = re.search(r'name="base" value="([0-9a-f]+)"', ann.get("/mta/black/text").text)
    assert base

    asked = ann.post("/mta/black/text", data={"text": "", "base": base[1], "sure": sure})
    before = rows.listing(gateway, ANN, "black").total
    ann.post("/mta/black/text", data={"text": "", "base": base[1], "sure": "1"})

    assert (asked.status_code, 'name="sure" value="1"' in asked.text, before) == (200, True, 1)
    assert rows.listing(gateway, ANN, "black").total == 0


def test_a_list_changed_by_somebody_else_is_a_conflict_as_text_too(gateway: Gateway, ann: httpx.Client) -> None:
    page = ann.get("/mta/black/text").text
    base = re.search(r'name="base" value="([0-9a-f]+)"', page)
    assert base
    add(ann, "black")

    answer = ann.post("/mta/black/text", data={"text": "192.0.2.1\n", "base": base[1]})

    assert (answer.status_code, "192.168.88" in answer.text, "192.0.2.1" in answer.text) == (409, True, True)


def test_a_transport_line_that_the_parser_does_not_know_stays_in_the_text(ann: httpx.Client) -> None:
    page = ann.get("/mta/transport-config").text
    base = re.search(r'name="base" value="([0-9a-f]+)"', page)
    assert base
    ann.post("/mta/transport-config", data={"text": "odd+key@ smtp:[mx]:bad:port\n", "base": base[1]})

    assert "odd+key@ smtp:[mx]:bad:port" in ann.get("/mta/transport-config").text
