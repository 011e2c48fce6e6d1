"""No secret comes back over the API, whoever asks: not from rows, changes, files, jobs, audit, or refusals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.api.conftest import PREFIX, token_of, wait_for_jobs
from tests.api.test_access import OPERATIONS, address
from tests.support.accounts import audit_text, kept_password, person

from sealgate.link.passphrase import decrypt
from sealgate.services.sessions import RECENT

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from tests.support.control_half import StandIn

    from sealgate.services.gateway import Gateway

WORD = "Zq7-wombat-Passw0rt"
LOGIN = {"host": "mx.example.net", "port": 587, "user": "gw", "password": WORD}


def test_a_stored_password_is_only_said_to_be_stored(owner: httpx.Client) -> None:
    made = owner.post(f"{PREFIX}/rows/sasl", json={"fields": LOGIN})

    assert (made.status_code, made.json()["secrets"]) == (201, ["password"])
    assert "password" not in made.json()["fields"]


def test_changing_a_row_keeps_its_password_unless_a_new_one_is_sent(owner: httpx.Client, gateway: Gateway) -> None:
    key = owner.post(f"{PREFIX}/rows/sasl", json={"fields": LOGIN}).json()["address"]

    def kept() -> str:
        with gateway.store.reading() as reader:
            return str(next(iter(reader.draft().rows("sasl"))).fields["password"])

    first = kept()
    owner.put(key, json={"fields": {"host": "mx.example.net", "port": 587, "user": "other"}}, headers={"if-match": "*"})
    second = kept()
    owner.patch(key, json={"fields": {"password": "a new one"}}, headers={"if-match": "*"})

    assert first == second != kept()


def test_a_stored_password_is_sent_again_for_another_host(owner: httpx.Client) -> None:
    key = owner.post(f"{PREFIX}/rows/sasl", json={"fields": LOGIN}).json()["address"]
    moved = {"host": "evil.example.net", "port": 587, "user": "gw"}
    answers = [
        owner.patch(key, json={"fields": {"host": "evil.example.net"}}, headers={"if-match": "*"}),
        owner.put(key, json={"fields": moved}, headers={"if-match": "*"}),
    ]

    assert [(one.status_code, one.json()["errors"][0]["pointer"]) for one in answers] == [(422, "/fields/password")] * 2


def test_a_secret_is_in_no_answer_of_any_operation(owner: httpx.Client, agent: StandIn, gateway: Gateway) -> None:
    person(gateway, "alice")
    token = token_of(gateway, "alice")
    owner.post(f"{PREFIX}/rows/sasl", json={"fields": LOGIN})
    owner.post(f"{PREFIX}/applications", json={"comment": "with a login"})
    wait_for_jobs(owner)
    owner.patch(f"{PREFIX}/rows/sasl/none", json={"fields": LOGIN}, headers={"if-match": "*"})
    owner.post(f"{PREFIX}/rows/sasl", json={"fields": LOGIN | {"port": WORD}})

    told = [owner.get(address(op)).text for op in OPERATIONS if op.method == "GET" and "events" not in op.path]
    told += [
        owner.get(f"{PREFIX}/rows/sasl").text,
        owner.get(f"{PREFIX}/row-history/sasl/%5Bmx.example.net%5D:587").text,
    ]

    assert told[-1] != "[]"
    assert [text for text in told for word in (WORD, token, kept_password()) if word in text] == []


def test_a_refused_value_does_not_come_back_in_the_refusal(owner: httpx.Client) -> None:
    answer = owner.post(f"{PREFIX}/rows/sasl", json={"fields": LOGIN | {"password": f"{WORD}\n"}})

    assert (answer.status_code, WORD in answer.text) == (422, False)


def test_a_body_that_is_not_as_described_does_not_come_back(owner: httpx.Client) -> None:
    answer = owner.post(f"{PREFIX}/rows/sasl", json={"fields": [WORD], WORD: 1, "comment": {"x": WORD}})

    shown = json.dumps([fault["detail"] for fault in answer.json()["errors"]])
    assert (answer.status_code, WORD in shown) == (422, False)


def test_a_backup_is_sealed_to_a_passphrase_that_is_kept_nowhere(
    gateway: Gateway, owner: httpx.Client, agent: StandIn
) -> None:
    phrase = "several words nobody knows"
    answer = owner.post(f"{PREFIX}/backups", json={"passphrase": phrase})
    short = owner.post(f"{PREFIX}/backups", json={"passphrase": "tiny567"})

    assert b"".join(decrypt(phrase, [answer.content])).startswith(b'{"sealgate": 1')
    assert (short.status_code, "tiny567" in short.text, phrase in audit_text(gateway)) == (422, False, False)


def test_a_session_proves_anew_before_it_gets_a_backup(
    gateway: Gateway, nobody: httpx.Client, as_page: Callable[..., dict[str, str]]
) -> None:
    page = as_page("paula")
    with gateway.store.writing("local:test") as writer:
        paula = writer.people.named("paula")
        assert paula is not None
        (session,) = writer.people.sessions(paula.id)
        writer.people.change_session(session.id, proven=session.proven - RECENT)

    answer = nobody.post(f"{PREFIX}/backups", json={"passphrase": "several words nobody knows"}, headers=page)

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:sealgate:problem:proof-needed")
