"""Who may do what over the API: every operation has a right, and asks for it before it reads anything."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.routing import APIRoute
from tests.api.conftest import PREFIX, token_of
from tests.support.accounts import audit_text, person, signed_in, verbs

from sealgate.api.access import Context
from sealgate.api.app import make_api
from sealgate.api.groups import GROUPS
from sealgate.services import people, throttling, tokens
from sealgate.services.actor import Actor, Area, Right
from sealgate.services.roles import RIGHTS_OF, Role
from sealgate.web.sign_in import SESSION

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from sealgate.api.operations import Operation
    from sealgate.services.gateway import Gateway

OPERATIONS = [operation for group in GROUPS for operation in group.operations]
MORE_RIGHTS_INSIDE = {
    "change_settings", "set_setting", "unset_setting",
    "add_row", "replace_row", "change_row", "remove_row", "act_on_rows", "put_rows_back", "move_row",
    "replace_lookup_table_text", "discard_all_changes", "discard_change", "restore_object", "restore_revision",
    "adopt_drift", "list_my_ways_in", "list_my_sessions", "end_my_session", "list_my_tokens", "make_my_token",
    "revoke_my_token", "invite_person",
}  # fmt: skip
EXAMPLES = {
    "noun": "relay-domain", "key": "example.com", "number": "1", "id": "0", "address": "a@example.com",
}  # fmt: skip
NAMES = {"settings": "my-hostname", "own-lines": "main-cf", "lookup-tables": "t", "files": "main.cf", "people": "zoe"}


def address(operation: Operation) -> str:
    """Return an address of an operation, with something in each place."""

    def fill(found: re.Match[str]) -> str:
        word = found[1].partition(":")[0]
        return EXAMPLES.get(word) or NAMES[operation.path.split("/")[1]]

    return PREFIX + re.sub(r"\{([^}]+)\}", fill, operation.path)


def ask(client: httpx.Client, operation: Operation, headers: dict[str, str]) -> httpx.Response:
    body: dict[str, Any] = {} if operation.method in {"GET", "DELETE"} else {"json": {"no such": "member"}}
    return client.request(operation.method, address(operation), headers=headers, **body)


def test_every_route_of_the_application_is_a_declared_operation_with_a_right() -> None:
    nothing: Any = None
    routes = make_api(Context(nothing, nothing, nothing)).routes

    undeclared = [
        route for route in routes if not isinstance(getattr(route, "operation", None), OPERATIONS[0].__class__)
    ]
    assert undeclared == []
    assert all(isinstance(route, APIRoute) and isinstance(route.operation.right, Right) for route in routes)  # type: ignore[attr-defined]
    assert len(routes) == len(OPERATIONS)


def test_no_two_operations_have_one_name_or_one_address() -> None:
    names = [operation.function.__name__ for operation in OPERATIONS]
    addresses = [(operation.method, operation.path) for operation in OPERATIONS]

    assert (len(set(names)), len(set(addresses))) == (len(OPERATIONS), len(OPERATIONS))


def test_nobody_gets_anything_and_is_told_how_to_sign_in(nobody: httpx.Client) -> None:
    answers = {op.function.__name__: ask(nobody, op, {"sec-fetch-site": "same-origin"}) for op in OPERATIONS}

    open_ones = [name for name, answer in answers.items() if answer.status_code != 401]
    assert open_ones == []
    assert {answer.headers["www-authenticate"] for answer in answers.values()} == {'Bearer realm="sealgate"'}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_reaches_exactly_the_operations_of_its_rights(
    nobody: httpx.Client, as_program: Callable[..., dict[str, str]], role: Role
) -> None:
    headers, wrong = as_program("somebody", role.value), []
    for operation in OPERATIONS:
        status = ask(nobody, operation, headers).status_code
        if operation.right not in RIGHTS_OF[role]:
            wrong += [] if status == 403 else [(operation.function.__name__, status, "is open")]
        elif status == 401 or (status == 403 and operation.function.__name__ not in MORE_RIGHTS_INSIDE):
            wrong.append((operation.function.__name__, status, "is closed"))

    assert wrong == []


def test_a_body_is_not_read_before_the_right_is_asked_for(
    nobody: httpx.Client, as_program: Callable[..., dict[str, str]]
) -> None:
    answer = nobody.post(f"{PREFIX}/rows/network", content=b"{", headers=as_program("vera"))

    assert (answer.status_code, answer.json()["type"]) == (403, "urn:sealgate:problem:not-permitted")


def test_a_token_has_only_the_rights_named_for_it(
    gateway: Gateway, nobody: httpx.Client, as_program: Callable[..., dict[str, str]]
) -> None:
    headers = as_program("olga", "owner", rights=frozenset({Right.VIEW}))

    seen = nobody.get(f"{PREFIX}/rows/network", headers=headers).status_code
    added = nobody.post(f"{PREFIX}/rows/network", json={"fields": {"network": "10.0.0.0/8"}}, headers=headers)

    assert (seen, added.status_code) == (200, 403)
    assert verbs(gateway) == []


def test_a_token_edits_its_own_areas_only(nobody: httpx.Client, as_program: Callable[..., dict[str, str]]) -> None:
    headers = as_program("olga", "owner", areas=frozenset({Area.BLACK_LIST}))

    black = nobody.post(f"{PREFIX}/rows/black", json={"fields": {"client": "192.0.2.1"}}, headers=headers)
    white = nobody.post(f"{PREFIX}/rows/white", json={"fields": {"client": "192.0.2.1"}}, headers=headers)

    assert (black.status_code, white.status_code) == (201, 403)


def test_a_token_that_has_ended_lets_nobody_in(nobody: httpx.Client, as_program: Callable[..., dict[str, str]]) -> None:
    headers = as_program("olga", "owner", ends=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1))

    answer = nobody.get(f"{PREFIX}/me", headers=headers)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (
        401, 'Bearer realm="sealgate", error="invalid_token"',
    )  # fmt: skip


def test_a_revoked_token_and_one_of_a_locked_person_let_nobody_in(gateway: Gateway, nobody: httpx.Client) -> None:
    chief = Actor.local("chief")
    person(gateway, "olga", "owner")
    person(gateway, "vera")
    first, second = token_of(gateway, "olga"), token_of(gateway, "vera")
    tokens.revoke(gateway, chief, tokens.listing(gateway, chief, "olga")[0].id, "olga")
    people.lock(gateway, chief, "vera")

    seen = [nobody.get(f"{PREFIX}/me", headers={"authorization": f"Bearer {text}"}) for text in (first, second)]

    assert [answer.status_code for answer in seen] == [401, 401]


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "Basic b2xnYTpv", "Bearer " + "x" * 5000, "é", "bearer sgt_"])
def test_what_is_no_token_lets_nobody_in(nobody: httpx.Client, header: str) -> None:
    answer = nobody.get(f"{PREFIX}/me", headers={b"authorization": header.encode()})

    assert answer.status_code == 401


def test_wrong_tokens_are_slowed_down_and_right_ones_are_not(gateway: Gateway, owner: httpx.Client) -> None:
    wrong = {"authorization": "Bearer sgt_" + "A" * 43}
    tried = [owner.get(f"{PREFIX}/me", headers=wrong) for _try in range(throttling.FREE_OF_AN_ADDRESS + 3)]

    right = owner.get(f"{PREFIX}/me")
    assert (tried[0].status_code, tried[-1].status_code, right.status_code) == (401, 429, 200)
    assert int(tried[-1].headers["retry-after"]) > 0
    assert verbs(gateway).count("token-refused") <= throttling.FREE_OF_AN_ADDRESS + 1


def test_a_wrong_token_is_in_no_audit(gateway: Gateway, nobody: httpx.Client) -> None:
    nobody.get(f"{PREFIX}/me", headers={"authorization": "Bearer sgt_" + "B" * 43})

    assert "BBBB" not in audit_text(gateway)


def test_a_page_of_this_gateway_uses_its_session(nobody: httpx.Client, as_page: Callable[..., dict[str, str]]) -> None:
    headers = as_page("olga")

    me = nobody.get(f"{PREFIX}/me", headers=headers).json()
    added = nobody.post(f"{PREFIX}/rows/black", json={"fields": {"client": "192.0.2.1"}}, headers=headers)

    assert (me["name"], me["session"], added.status_code) == ("olga", True, 201)


@pytest.mark.parametrize("elsewhere", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {}])
def test_a_page_elsewhere_cannot_act_with_a_session(
    gateway: Gateway, nobody: httpx.Client, elsewhere: dict[str, str]
) -> None:
    person(gateway, "olga", "owner")
    cookie = {"cookie": f"{SESSION}={signed_in(gateway, 'olga').session}"}

    answer = nobody.post(f"{PREFIX}/rows/black", json={"fields": {"client": "192.0.2.1"}}, headers=cookie | elsewhere)

    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert verbs(gateway) == ["sign-in"]


def test_a_header_with_a_wrong_token_does_not_open_the_session_to_a_page_elsewhere(
    gateway: Gateway, nobody: httpx.Client
) -> None:
    person(gateway, "olga", "owner")
    cookie = {"cookie": f"{SESSION}={signed_in(gateway, 'olga').session}"}
    headers = cookie | {"authorization": "Bearer x", "sec-fetch-site": "cross-site"}

    answer = nobody.post(f"{PREFIX}/rows/black", json={"fields": {"client": "192.0.2.1"}}, headers=headers)

    assert answer.status_code == 401


def test_a_token_is_no_way_around_the_guard_of_the_pages(gateway: Gateway, owner: httpx.Client) -> None:
    answer = owner.post("/changes/discard-all", data={"sure": "yes"})

    assert answer.status_code == 403


def test_what_a_token_does_is_audited_in_its_name_with_its_address(gateway: Gateway, owner: httpx.Client) -> None:
    owner.post(f"{PREFIX}/rows/black", json={"fields": {"client": "192.0.2.1"}})

    with gateway.store.reading() as reader:
        (entry,) = reader.audit_trail()
    assert (entry.actor, entry.origin) == ("olga/test", "api 127.0.0.1")


def test_no_answer_may_be_shown_in_a_frame_cached_or_taken_for_a_page(owner: httpx.Client) -> None:
    headers = owner.get(f"{PREFIX}/me").headers

    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert not any(name.startswith("access-control") for name in headers)
