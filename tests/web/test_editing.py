"""What editors and palette ask for while somebody types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealgate.link.messages import Facts
from sealgate.services import own_lines, rows
from sealgate.services.actor import Actor
from sealgate.services.node_facts import guessed

if TYPE_CHECKING:
    import httpx
    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway

ANN = Actor("local:ann")
PARAMETERS = {
    "biff": "yes", "command_directory": "/usr/sbin", "mynetworks": "", "myhostname": "", "smtpd_banner": "$myhostname",
    "queue_run_delay": "300s", "smtpd_client_restrictions": "", "transport_maps": "", "message_size_limit": "10240000",
    "smtp_tls_policy_maps": "",
}  # fmt: skip


@pytest.fixture
def told(agent: StandIn) -> StandIn:
    """An agent with some more parameters."""
    node = guessed(agent.settings)
    agent.answers["facts"] = Facts(node.to_json(), node.postfix_version, tuple(node.map_types), PARAMETERS)
    return agent


def words(ann: httpx.Client, language: str = "main-cf") -> dict[str, Any]:
    answer: dict[str, Any] = ann.get(f"/mta/editor/words?language={language}").json()
    return answer


def findings(ann: httpx.Client, language: str, text: str, **more: str) -> list[tuple[int, str, str]]:
    answer = ann.post("/mta/editor/check", json={"language": language, "text": text, **more})
    assert answer.status_code == 200
    return [(one["line"], one["severity"], one["what"]) for one in answer.json()["findings"]]


def parameter(ann: httpx.Client, name: str) -> dict[str, Any]:
    return next(one for one in words(ann)["parameters"] if one["name"] == name)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("biff", "switch"),
        ("queue_run_delay", "time"),
        ("message_size_limit", "number"),
        ("smtpd_client_restrictions", "restrictions"),
        ("transport_maps", "tables"),
        ("myhostname", "text"),
    ],
)
def test_what_a_parameter_takes_is_told_by_name_and_default(
    ann: httpx.Client, told: StandIn, name: str, kind: str
) -> None:
    assert parameter(ann, name)["kind"] == kind


def test_a_parameter_of_sealgate_names_the_field_that_it_comes_from(ann: httpx.Client, told: StandIn) -> None:
    one = parameter(ann, "message_size_limit")

    assert (one["field"], one["page"]) == ("After filter message size limit", "/mta/config#f-after-filter-size-limit")
    assert one["value"].isdigit()
    assert ["127.0.0.1:10026/inet", one["value"]] not in one.get("services", [])


def test_an_own_line_is_told_with_what_it_replaces(gateway: Gateway, ann: httpx.Client, told: StandIn) -> None:
    own_lines.edit(gateway, ANN, "main-cf", "# ours\nmyhostname = gw.example.com\n")

    one = parameter(ann, "myhostname")

    assert (one["value"], one["line"]) == ("gw.example.com", 2)
    assert one["generated"]


def test_a_service_that_sets_a_parameter_for_itself_is_told(ann: httpx.Client, told: StandIn) -> None:
    by_service = dict(parameter(ann, "mynetworks").get("services", []))

    assert any(name.endswith("/inet") for name in by_service)


def test_what_own_lines_cannot_set_is_told(ann: httpx.Client, told: StandIn) -> None:
    assert parameter(ann, "command_directory")["forbidden"] is True


def test_a_look_up_table_is_offered_as_own_lines_name_it(gateway: Gateway, ann: httpx.Client, told: StandIn) -> None:
    rows.add(gateway, ANN, "lookup-table", {"name": "partners", "type": "hash", "content": "a b\n"})

    assert words(ann, "master-cf")["tables"] == ["hash:$maps_d_dir/hash-partners.map"]


def test_rules_are_offered_their_actions(ann: httpx.Client) -> None:
    assert "REJECT" in words(ann, "header-check")["actions"]


@pytest.mark.parametrize(
    ("language", "text", "line", "severity", "piece"),
    [
        ("main-cf", "# ours\nbif = no\n", 2, "error", "bif is no parameter"),
        ("main-cf", "biff = maybe\n", 1, "error", "neither yes nor no"),
        ("main-cf", "biff = no\n\ncommand_directory = /tmp\n", 3, "error", "cannot be set"),
        ("main-cf", "smtp_tls_policy_maps = hash:$maps_d_dir/hash-gone.map\n", 1, "error", "no look-up table gone"),
        ("main-cf", "smtpd_banner = /usr/lib/x\x07\n", 1, "error", "U+0007"),
        ("main-cf", "transport_maps = lmdb:/srv/else\n", 1, "warning", "/srv/else"),
        ("master-cf", "x inet n - y\n", 1, "error", "5 fields"),
        ("lookup-table", "a b\na c\n", 2, "warning", "comes twice"),
        ("transport", "example.com smtp:[mx.example.net]:25\nexample.com smtp:x\n", 2, "error", "example.com"),
        ("header-check", "/^Subject: x/ REJECT\nnothing\n", 2, "error", "pattern"),
    ],
)
def test_a_text_is_judged_by_line_before_it_is_saved(
    ann: httpx.Client, told: StandIn, language: str, text: str, line: int, severity: str, piece: str
) -> None:
    found = findings(ann, language, text, key="t", type="hash")

    assert [one for one in found if one[:2] == (line, severity) and piece in one[2]], found


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("main-cf", "biff = no\nsmtpd_banner = $myhostname ESMTP\n"),
        ("master-cf", ""),
        ("lookup-table", "a.example encrypt\n"),
        ("transport", "example.com smtp:[mx.example.net]:25\n"),
    ],
)
def test_a_good_text_has_no_findings(ann: httpx.Client, told: StandIn, language: str, text: str) -> None:
    assert findings(ann, language, text, key="t", type="hash") == []


def test_judging_a_text_saves_nothing(gateway: Gateway, ann: httpx.Client, told: StandIn) -> None:
    findings(ann, "main-cf", "biff = no\n")
    findings(ann, "transport", "example.com smtp:[mx.example.net]:25\n")

    with gateway.store.reading() as reader:
        assert reader.last_edit == 0


def test_the_actions_of_an_access_table_are_judged_by_where_it_is_used(
    gateway: Gateway, ann: httpx.Client, told: StandIn
) -> None:
    rows.add(gateway, ANN, "lookup-table", {"name": "clients", "type": "hash", "content": "192.0.2.1 OK\n"})
    line = "smtpd_client_restrictions = check_client_access hash:$maps_d_dir/hash-clients.map\n"
    own_lines.edit(gateway, ANN, "main-cf", line)

    found = findings(ann, "lookup-table", "192.0.2.1 OKAY\n", key="clients", type="hash")

    assert [one[:2] for one in found] == [(1, "error")]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"no json", 422), (b"[]", 422), (b'{"text": 1}', 422), (b'{"language": "sasl", "text": ""}', 404), (b"{}", 404)],
)
def test_a_request_that_is_none_is_refused(ann: httpx.Client, body: bytes, status: int) -> None:
    answer = ann.post("/mta/editor/check", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == status


def test_a_text_too_long_to_judge_while_typing_is_told_as_such(ann: httpx.Client) -> None:
    answer = ann.post("/mta/editor/check", json={"language": "main-cf", "text": "#" * 2_000_001})

    assert answer.json() == {"findings": [], "judged": False}


def test_the_palette_finds_the_nearest_name_first(gateway: Gateway, ann: httpx.Client) -> None:
    rows.add(gateway, ANN, "relay-domain", {"domain": "a.example"}, comment="as zed.example asked for")
    rows.add(gateway, ANN, "relay-domain", {"domain": "zed.example"})

    hits = ann.get("/search/hits?q=zed").json()["hits"]

    assert [hit["name"] for hit in hits] == ["zed.example", "a.example"]


def test_the_palette_shows_all_pages_before_anything_is_typed(ann: httpx.Client) -> None:
    hits = ann.get("/search/hits").json()["hits"]

    assert {"/", "/mta/config", "/history"} <= {hit["path"] for hit in hits}
    assert {hit["kind"] for hit in hits} == {"Page"}
