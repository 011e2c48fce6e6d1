"""Live tests from the pages: who sees the buttons, what they start, and what the page of the job shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.control_half import stand_in
from tests.support.web_site import served
from tests.web.test_changing import ended

from sealgate.link.live_tests import LiveReport, Result, Section, Step
from sealgate.model.findings import Place, warning
from sealgate.services import rows, settings
from sealgate.services.actor import Actor, Right

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

ANN = Actor("local:ann")
HOSTILE = "<script>alert(1)</script>"
STEPS = (
    Step("Banner", Result.GOOD, "The server greets.", (f"220 {HOSTILE}",), {}, 0.012),
    Step("EHLO", Result.BAD, "It says much.", tuple(f"250-line {n}" for n in range(9)), {"subject": HOSTILE}, 0.5),
)
FINDING = warning("hostname-ptr-differs", Place("setting", "my-hostname"), "It has another name.", "", "Have it set.")
REPORT = LiveReport(
    "t",
    Result.BAD,
    "The server does not speak.",
    "Do this.",
    (Section("mx [192.0.2.1]:25", Result.BAD, "No.", "", STEPS), Section("mx2", Result.GOOD, "Yes.")),
    (FINDING.to_json(),),
    ("HELO name: gw.example.com",),
    1.6,
)
LOGIN = "[smtp.example.net]:587"


@pytest.fixture
def node(directory: Path) -> Iterator[StandIn]:
    answers: dict[str, Any] = {"test_next_hop": REPORT, "test_login": REPORT, "test_list": REPORT}
    with stand_in(directory, dns_picture=REPORT, **answers) as running:
        yield running


@pytest.fixture
def furnished(gateway: Gateway) -> Gateway:
    settings.set_value(gateway, ANN, "internal-relay-host", "mail.example.com:2525")
    rows.add(gateway, ANN, "relay-domain", {"domain": "example.com"})
    rows.add(gateway, ANN, "transport", {"pattern": "partner.example", "host": "10.0.0.5"})
    rows.add(gateway, ANN, "transport", {"pattern": "old.example", "special": "error:gone"})
    rows.add(gateway, ANN, "rbl", {"zone": "zen.example.net"})
    login = {"host": "smtp.example.net", "port": 587, "user": "alice", "password": "correct horse"}
    rows.add(gateway, ANN, "sasl", login)
    return gateway


BUTTONS: list[tuple[str, str, dict[str, str], str]] = [
    ("/mta/config", "/mta/test/relay-host", {"which": "internal-relay-host"}, "test-next-hop"),
    ("/mta/transport", "/mta/test/transport", {"key": "partner.example"}, "test-next-hop"),
    ("/mta/sasl", "/mta/test/sasl", {"key": LOGIN}, "test-login"),
    ("/mta/rbl", "/mta/test/rbl", {"key": "zen.example.net"}, "test-list"),
    ("/mta/config", "/mta/test/dns", {"search": "example"}, "dns-picture"),
]


@pytest.mark.parametrize(("page", "path", "form", "verb"), BUTTONS, ids=[path for _, path, _, _ in BUTTONS])
def test_a_button_starts_a_job_that_asks_the_node_and_shows_its_steps(
    furnished: Gateway, node: StandIn, ann: httpx.Client, page: str, path: str, form: dict[str, str], verb: str
) -> None:
    assert f'action="{path}"' in ann.get(page).text

    text = ended(ann, ann.post(path, data=form))

    assert verb in [asked for asked, _ in node.asked]
    for words in ("The server does not speak.", "Do this.", "The server greets.", "12 ms", "250-line 8", "mx2", "Yes."):
        assert words in text
    assert "It has another name." in text


def test_what_a_server_says_is_text_on_the_page(furnished: Gateway, node: StandIn, ann: httpx.Client) -> None:
    text = ended(ann, ann.post("/mta/test/rbl", data={"key": "zen.example.net"}))

    assert HOSTILE not in text
    assert "&lt;script&gt;" in text


def test_the_recipient_of_the_form_is_asked_for(furnished: Gateway, node: StandIn, ann: httpx.Client) -> None:
    ended(ann, ann.post("/mta/test/relay-host", data={"which": "internal-relay-host", "recipient": "bob@example.com"}))

    assert next(question for verb, question in node.asked if verb == "test-next-hop").recipient == "bob@example.com"


def test_a_test_that_cannot_be_made_says_why(furnished: Gateway, node: StandIn, ann: httpx.Client) -> None:
    text = ended(ann, ann.post("/mta/test/relay-host", data={"which": "external-relay-host"}))

    assert "The relay host could not be tested." in text
    assert "External relay host is not set in the draft" in text


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/mta/test/relay-host", {"which": "my-hostname"}, 404),
        ("/mta/test/black", {"key": "x"}, 404),
        ("/mta/test/rbl", {}, 422),
    ],
)
def test_what_is_no_test_is_refused(ann: httpx.Client, path: str, form: dict[str, str], status: int) -> None:
    assert ann.post(path, data=form).status_code == status


def test_only_rows_with_a_server_have_a_button(furnished: Gateway, ann: httpx.Client) -> None:
    values = re.findall(r'form="live-test" name="key" value="([^"]*)"', ann.get("/mta/transport").text)

    assert values == ["partner.example"]
    assert 'form="live-test"' not in ann.get("/mta/black").text


@pytest.mark.parametrize("noun", ["sasl", "rbl", "transport"])
def test_the_page_of_a_row_has_the_button_too(furnished: Gateway, ann: httpx.Client, noun: str) -> None:
    key = {"sasl": LOGIN, "rbl": "zen.example.net", "transport": "partner.example"}[noun]

    assert 'form="live-test"' in ann.get(f"/mta/{noun}/row", params={"key": key}).text
    assert 'form="live-test"' not in ann.get(f"/mta/{noun}/add").text


def test_a_relay_host_that_is_not_set_has_no_button(furnished: Gateway, ann: httpx.Client) -> None:
    text = ann.get("/mta/config").text
    beside = re.findall(r'<button form="live-test" name="which" value="([^"]*)"', text)

    assert beside == ["internal-relay-host"]
    assert re.search(r'value="external-relay-host" disabled', text)


def test_who_may_only_look_sees_no_button_but_the_look_at_dns(furnished: Gateway, node: StandIn, site: WebSite) -> None:
    site.people.known["vera"] = Actor("vera", "web", frozenset({Right.VIEW}))
    with site.client("vera") as vera:
        pages = "".join(vera.get(page).text for page in ("/mta/config", "/mta/rbl", "/mta/sasl", "/mta/transport"))
        answers = [vera.post(path, data=form).status_code for _, path, form, _ in BUTTONS[:4]]
        looked = ended(vera, vera.post("/mta/test/dns"))

    assert 'form="live-test"' not in pages
    assert answers == [403] * 4
    assert "The server does not speak." in looked


def test_a_login_has_no_button_for_who_may_not_store_secrets(furnished: Gateway, site: WebSite) -> None:
    site.people.known["eddy"] = Actor("eddy", "web", frozenset({Right.VIEW, Right.EDIT}))
    with site.client("eddy") as eddy:
        assert 'form="live-test"' not in eddy.get("/mta/sasl").text
        assert 'form="live-test"' in eddy.get("/mta/rbl").text


def test_the_newest_look_at_dns_is_named_beside_the_button(
    furnished: Gateway, node: StandIn, ann: httpx.Client
) -> None:
    assert "Last look" not in ann.get("/mta/config").text

    answer = ann.post("/mta/test/dns")
    ended(ann, answer)

    text = ann.get("/mta/config").text
    assert "Last look" in text
    assert "The server does not speak." in text
    assert answer.headers["location"] in text


def test_a_report_is_there_after_a_restart_of_the_pages(
    furnished: Gateway, node: StandIn, ann: httpx.Client, tmp_path: Path
) -> None:
    answer = ann.post("/mta/test/rbl", data={"key": "zen.example.net"})
    ended(ann, answer)

    with served(furnished, tmp_path / "again") as other, other.client("ann") as client:
        text = client.get(answer.headers["location"]).text

    assert "The server greets." in text


def test_the_address_of_a_button_leads_to_its_page(ann: httpx.Client) -> None:
    assert ann.get("/mta/test/rbl").headers["location"] == "/mta/rbl"
    assert ann.get("/mta/test/nothing").headers["location"] == "/"
