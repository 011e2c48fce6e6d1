"""Whole lists over HTTP, both ways; a dry run changes nothing, a fault names its line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.api.conftest import PREFIX, wait_for_jobs

if TYPE_CHECKING:
    import httpx

DOMAINS = f"{PREFIX}/bulk/relay-domain"
THREE = "".join(
    json.dumps(row) + "\n"
    for row in (
        {"fields": {"domain": "one.example"}, "comment": "head office"},
        {"fields": {"domain": "two.example"}, "enabled": False},
        {"fields": {"domain": "bücher.example"}},
    )
)


def imported(client: httpx.Client, content: str, address: str = DOMAINS, **query: Any) -> dict[str, Any]:
    started = client.post(address, content=content.encode(), params=query)
    assert started.status_code == 202, started.text
    wait_for_jobs(client)
    job: dict[str, Any] = client.get(started.headers["location"]).json()
    return job


def keys(client: httpx.Client) -> list[str]:
    return [row["key"] for row in client.get(f"{PREFIX}/rows/relay-domain").json()["items"]]


def test_rows_are_imported_as_they_are_written(owner: httpx.Client) -> None:
    job = imported(owner, THREE)

    assert (job["kind"], job["result"]["added"]) == ("import", 3)
    assert owner.get(f"{PREFIX}/rows/relay-domain/one.example").json()["comment"] == "head office"
    assert owner.get(f"{PREFIX}/rows/relay-domain/two.example").json()["enabled"] is False


def test_what_is_exported_is_imported_as_the_same_list(owner: httpx.Client) -> None:
    imported(owner, THREE)
    answer = owner.get(DOMAINS)

    again = imported(owner, answer.text, replace=True)["result"]

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert (again["same"], again["added"], again["changed"], again["removed"]) == (3, 0, 0, 0)


def test_a_dry_run_says_what_would_be_done_and_does_nothing(owner: httpx.Client) -> None:
    job = imported(owner, THREE, dry_run=True)

    assert (job["result"]["added"], job["result"]["dry_run"], keys(owner)) == (3, True, [])


def test_a_replacement_removes_what_is_not_sent(owner: httpx.Client) -> None:
    imported(owner, THREE)

    job = imported(owner, '{"fields": {"domain": "two.example"}}\n', replace=True)

    assert (job["result"]["removed"], keys(owner)) == (2, ["two.example"])


def test_every_fault_names_its_line_and_nothing_is_stored(owner: httpx.Client) -> None:
    bad = '{"fields": {"domain": "a b"}}\n{"fields": {"domain": "ok.example"}}\n{"fields": {}}\nno json\n'

    problem = imported(owner, bad)["problem"]

    assert (problem["status"], [fault["line"] for fault in problem["errors"]]) == (422, [1, 3, 4])
    assert keys(owner) == []


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("[]", "fields"), ("{}", "fields"), ('{"fields": 1}', "fields"), ('{"fields": {}, "comment": 1}', "comment"),
        ('{"fields": {"domain": "a.example"}, "cmment": ""}', "cmment"), ("[" * 100_000, "JSON"),
        ('{"fields": {"domain": "a.example"}, "enabled": "yes"}', "enabled"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_row_is_said_to_be_none(owner: httpx.Client, line: str, word: str) -> None:
    problem = imported(owner, line)["problem"]

    assert word in json.dumps(problem["errors"])


def test_a_separator_inside_json_text_does_not_cut_the_line(owner: httpx.Client) -> None:
    rows = '{"fields": {"domain": "a\u2028b.example"}}\n{"fields": {"domain": "a b"}}\n'

    problem = imported(owner, rows)["problem"]

    assert [fault["line"] for fault in problem["errors"]] == [1, 2]


@pytest.mark.parametrize(
    ("form", "text"), [("text", "# note\none.example\n"), ("csv", "domain,comment\none.example,note\n"),
                       ("yaml", "- domain: one.example\n  comment: note\n")],
)  # fmt: skip
def test_the_other_forms_work_as_on_pages_and_terminal(owner: httpx.Client, form: str, text: str) -> None:
    imported(owner, text, form=form)

    answer = owner.get(DOMAINS, params={"form": form})

    assert "one.example" in answer.text
    assert owner.get(f"{PREFIX}/rows/relay-domain/one.example").json()["comment"] == "note"


def test_a_list_of_passwords_is_neither_imported_nor_exported(owner: httpx.Client) -> None:
    address = f"{PREFIX}/bulk/sasl"

    assert owner.get(address).status_code == 404
    assert owner.post(address, content='{"fields": {"host": "mx.example"}}').status_code == 404


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_what_is_no_list_is_refused_at_once(owner: httpx.Client, content: bytes) -> None:
    assert owner.post(DOMAINS, content=content).status_code == 422


def test_an_export_of_a_revision_that_there_is_not_is_no_broken_file(owner: httpx.Client) -> None:
    assert owner.get(DOMAINS, params={"state": "9"}).status_code == 404
