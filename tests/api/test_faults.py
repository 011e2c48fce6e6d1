"""What is wrong with a request is said at its place; HEAD, Allow and media types are as HTTP says (RFC 9110)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.api.conftest import PREFIX
from tests.api.test_objects import ANY, DOMAINS, add, kind_of, place_of

if TYPE_CHECKING:
    import httpx


def test_a_fault_is_named_by_a_pointer_into_the_body(owner: httpx.Client) -> None:
    answer = add(owner, "relay-domain", domain="exa mple.com")

    (fault,) = answer.json()["errors"]
    assert (answer.status_code, kind_of(answer), fault["pointer"]) == (422, "invalid-value", "/fields/domain")
    assert fault["remedy"]


def test_a_fault_among_several_settings_is_named_by_its_setting(owner: httpx.Client) -> None:
    answer = owner.patch(f"{PREFIX}/settings", json={"values": {"my-hostname": "no host"}})

    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/values/my-hostname"]


def test_what_to_do_next_is_an_operation_and_no_command(owner: httpx.Client) -> None:
    answer = owner.get(f"{DOMAINS}/no.example")

    assert answer.json()["next"] == [{"act": "list", "method": "GET", "address": f"{PREFIX}/rows/relay-domain"}]
    assert "sealgate " not in answer.json()["detail"]


def test_a_comment_at_fault_is_named_where_it_stands(owner: httpx.Client) -> None:
    answer = owner.post(DOMAINS, json={"fields": {"domain": "example.com"}, "comment": "a\x00b"})

    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/comment"]


def test_a_member_that_is_not_described_is_refused_by_its_place(owner: httpx.Client) -> None:
    answer = owner.post(DOMAINS, json={"fields": {"domain": "example.com"}, "commnet": "x"})

    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/commnet"]


def test_a_mistyped_parameter_is_refused(owner: httpx.Client) -> None:
    answer = owner.get(f"{DOMAINS}?serach=x")

    assert answer.status_code == 422
    assert place_of(answer) == {"parameter": "serach", "in": "query"}


def test_a_setting_at_fault_is_the_value_that_was_sent(owner: httpx.Client) -> None:
    answer = owner.put(f"{PREFIX}/settings/my-hostname", json={"value": "no host"}, headers=ANY)

    assert place_of(answer) == {"pointer": "/value"}


def test_a_text_at_fault_is_the_text_that_was_sent(owner: httpx.Client) -> None:
    add(owner, "lookup-table", name="t", type="hash")

    answer = owner.put(f"{PREFIX}/lookup-tables/t", json={"text": "a\0b"}, headers=ANY)

    assert place_of(answer) == {"pointer": "/text"}


def test_an_act_on_the_whole_queue_must_be_said_where_the_body_says_it(owner: httpx.Client) -> None:
    answer = owner.post(f"{PREFIX}/queue-actions", json={"action": "flush"})

    assert place_of(answer) == {"pointer": "/everything"}
    assert "--" not in answer.text


def test_a_tag_that_is_none_is_named_by_its_header(owner: httpx.Client) -> None:
    answer = owner.delete(f"{DOMAINS}/example.com", headers={"if-match": "1"})

    assert place_of(answer) == {"parameter": "If-Match", "in": "header"}


def test_a_version_of_a_setting_that_is_not_set_is_refused(owner: httpx.Client) -> None:
    body = {"values": {"match-subdomains": True}, "bases": {"match-subdomain": None}}
    answer = owner.patch(f"{PREFIX}/settings", json=body)

    assert (answer.status_code, place_of(answer)) == (422, {"pointer": "/bases/match-subdomain"})


def test_a_body_that_was_cut_off_is_unreadable(owner: httpx.Client) -> None:
    answer = owner.post(DOMAINS, content=b'{"fields": {"dom', headers={"content-type": "application/json"})

    assert (answer.status_code, kind_of(answer)) == (400, "unreadable")


def test_a_body_of_another_form_is_refused_as_such(owner: httpx.Client) -> None:
    answer = owner.post(DOMAINS, content=b"fields=x", headers={"content-type": "application/x-www-form-urlencoded"})

    assert (answer.status_code, kind_of(answer)) == (415, "unsupported-media-type")


@pytest.mark.parametrize("path", ["/rows/relay-domain", "/settings/my-hostname", "/bulk/relay-domain", "/no-such"])
def test_a_head_is_that_of_the_answer_by_get(owner: httpx.Client, path: str) -> None:
    by_get, head = owner.get(PREFIX + path), owner.head(PREFIX + path)

    assert (head.status_code, head.content) == (by_get.status_code, b"")
    assert (head.headers.get("etag"), head.headers["content-type"]) == (
        by_get.headers.get("etag"), by_get.headers["content-type"],
    )  # fmt: skip


def test_another_method_is_answered_with_all_methods_of_the_address(owner: httpx.Client) -> None:
    answer = owner.post(f"{DOMAINS}/example.com", json={})

    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, HEAD, PATCH, PUT")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"fields": ' + b"[" * 5000])
def test_a_body_that_is_no_object_is_refused(owner: httpx.Client, body: bytes) -> None:
    answer = owner.post(DOMAINS, content=body, headers={"content-type": "application/json"})

    assert answer.status_code in {400, 422}
    assert kind_of(answer) in {"invalid-value", "unreadable"}


def test_a_small_request_may_not_bring_a_large_body(owner: httpx.Client) -> None:
    answer = owner.post(DOMAINS, json={"fields": {"domain": "x" * 2_000_000}})

    assert (answer.status_code, kind_of(answer)) == (413, "too-large")
