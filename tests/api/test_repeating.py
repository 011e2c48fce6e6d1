"""Idempotency-Key: the same request again is done once and answered alike; nothing secret is kept for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.api.conftest import PREFIX, wait_for_jobs

from sealgate.store.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx
    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway

BLACK = f"{PREFIX}/rows/black"
KEY = {"idempotency-key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
ONE = {"fields": {"client": "192.0.2.1"}}
TWO = {"fields": {"client": "192.0.2.2"}}


def test_the_same_request_again_gets_the_same_answer_and_does_nothing(owner: httpx.Client) -> None:
    first = owner.post(BLACK, json=ONE, headers=KEY)
    owner.patch(f"{BLACK}/192.0.2.1", json={"comment": "later"}, headers={"if-match": "*"})

    again = owner.post(BLACK, json=ONE, headers=KEY)

    assert (again.status_code, again.json()) == (201, first.json())
    assert (again.headers["etag"], again.headers["location"]) == (first.headers["etag"], first.headers["location"])
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")


def test_without_a_key_the_same_request_is_done_again(owner: httpx.Client) -> None:
    owner.post(BLACK, json=ONE)

    assert owner.post(BLACK, json=ONE).status_code == 409


def test_another_request_under_the_same_key_is_refused(owner: httpx.Client) -> None:
    owner.post(BLACK, json=ONE, headers=KEY)

    answers = [owner.post(BLACK, json=TWO, headers=KEY), owner.post(f"{PREFIX}/rows/white", json=ONE, headers=KEY)]

    assert [(answer.status_code, answer.json()["type"]) for answer in answers] == [
        (422, "urn:sealgate:problem:idempotency")
    ] * 2
    assert owner.get(BLACK).json()["total"] == 1


def test_a_key_is_its_persons_own(owner: httpx.Client, as_program: Callable[..., dict[str, str]]) -> None:
    owner.post(BLACK, json=ONE, headers=KEY)

    other = owner.post(BLACK, json=TWO, headers=KEY | as_program("adam", "administrator"))

    assert other.status_code == 201


def test_what_was_refused_may_be_sent_again_with_its_key(owner: httpx.Client) -> None:
    owner.post(BLACK, json={"fields": {"client": "no address"}}, headers=KEY)

    assert owner.post(BLACK, json=ONE, headers=KEY).status_code == 201


def test_a_job_is_started_once(owner: httpx.Client, agent: StandIn) -> None:
    first = owner.post(f"{PREFIX}/checks", headers=KEY).json()
    again = owner.post(f"{PREFIX}/checks", headers=KEY).json()
    jobs = wait_for_jobs(owner)

    assert (first["id"], len(jobs)) == (again["id"], 1)


def test_a_request_that_is_being_worked_at_is_not_done_twice(owner: httpx.Client, gateway: Gateway) -> None:
    owner.post(BLACK, json=ONE, headers=KEY)
    with gateway.store.writing("test") as writer:
        writer._tx.connection.exec_driver_sql("UPDATE answer SET status = NULL")

    answer = owner.post(BLACK, json=ONE, headers=KEY)

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:sealgate:problem:idempotency")


def test_a_key_is_free_again_after_its_day(owner: httpx.Client, gateway: Gateway) -> None:
    owner.post(BLACK, json=ONE, headers=KEY)
    with gateway.store.writing("test") as writer:
        writer._tx.connection.exec_driver_sql("UPDATE answer SET ends = 1")

    assert owner.post(BLACK, json=TWO, headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "a\tb"])
def test_a_key_that_is_none_is_refused(owner: httpx.Client, key: str) -> None:
    answer = owner.post(BLACK, json=ONE, headers={"idempotency-key": key})

    assert (answer.status_code, owner.get(BLACK).json()["total"]) == (422, 0)


def test_an_answer_with_a_secret_is_not_kept_and_the_act_not_repeated(owner: httpx.Client, directory: Path) -> None:
    body = {"name": "nina", "role": "viewer"}
    link = owner.post(f"{PREFIX}/people", json=body, headers=KEY).json()["address"].rpartition("/")[2]

    again = owner.post(f"{PREFIX}/people", json=body, headers=KEY)

    assert (again.status_code, again.json()["type"]) == (409, "urn:sealgate:problem:idempotency")
    kept = b"".join(file.read_bytes() for file in (directory / "control").glob("sealgate.db*"))
    assert link.encode() not in kept


def test_a_kept_answer_shows_no_body_in_its_repr() -> None:
    assert "hello" not in repr(Answer("r", 200, {}, b"hello"))
