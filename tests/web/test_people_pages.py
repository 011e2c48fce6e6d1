"""People on the pages: what an invitation gives, sessions and tokens of others, and two people at one account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.support.accounts import ELSEWHERE, person, signed_in, verbs
from tests.web.test_typed import chosen, ticked

from sealgate.services import people, sessions, tokens
from sealgate.services.actor import Actor, Right
from sealgate.web import sign_in

if TYPE_CHECKING:
    import httpx
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

OWNER = Actor("local:ann", rights=frozenset(Right))
OF_VERA = {"name": "vera"}


def test_an_invitation_gives_rights_and_areas(gateway: Gateway, olga: httpx.Client) -> None:
    form = {
        "name": "wanda",
        "role": "administrator",
        "email": "w@example.com",
        "extra": ["raw"],
        "area": ["rbl", "tls"],
    }

    text = olga.post("/people/invite", data=form).text

    found = people.show(gateway, OWNER, "wanda")
    assert (found.role, sorted(found.extra), sorted(found.areas), found.email) == (
        "administrator", ["raw"], ["rbl", "tls"], "w@example.com",
    )  # fmt: skip
    assert "The link for wanda" in text


def test_an_invitation_with_every_area_is_for_later_areas_too(gateway: Gateway, olga: httpx.Client) -> None:
    areas = ticked(olga.get("/people").text, "area")

    olga.post("/people/invite", data={"name": "wanda", "role": "administrator", "area": areas})

    with gateway.store.reading() as reader:
        found = reader.people.named("wanda")
    assert found is not None
    assert found.areas is None


def test_rights_of_an_invitation_at_fault_stay_ticked(olga: httpx.Client) -> None:
    form = {"name": "two words", "role": "viewer", "extra": ["audit"], "area": ["mta"]}

    text = olga.post("/people/invite", data=form).text

    assert (ticked(text, "extra"), ticked(text, "area"), "<details open>" in text) == (["audit"], ["mta"], True)


def hidden_id(text: str, action: str) -> str:
    """Return the id that the first form to an address sends."""
    found = re.search(rf'action="{action}[^>]*><input type="hidden" name="id" value="([^"]+)"', text)
    assert found is not None
    return found[1]


@pytest.fixture
def token(gateway: Gateway, olga: httpx.Client) -> str:
    """An API token of vera."""
    del olga
    vera = signed_in(gateway, "vera", ELSEWHERE).actor
    return tokens.create(gateway, vera, "nightly <b>", ["view"], days=9).id


def test_sessions_of_another_person_are_shown_and_ended_one_by_one(gateway: Gateway, olga: httpx.Client) -> None:
    first, second = (signed_in(gateway, "vera", ELSEWHERE).actor.session for _ in range(2))
    text = olga.get("/people/person", params=OF_VERA).text

    answer = olga.post("/people/end-session", params=OF_VERA, data={"id": first})

    left = [one.id for one in sessions.listing(gateway, OWNER, "vera")]
    assert (text.count("198.51.100.20</td>"), text.count("Links</td>")) == (2, 2)
    assert (answer.headers["location"], left) == ("/people/person?name=vera&done=session_ended", [second])


def test_a_token_of_another_person_is_shown_and_revoked(gateway: Gateway, olga: httpx.Client, token: str) -> None:
    text = olga.get("/people/person", params=OF_VERA).text

    answer = olga.post("/people/revoke-token", params=OF_VERA, data={"id": hidden_id(text, "/people/revoke-token")})

    assert ("nightly &lt;b&gt;" in text, answer.status_code) == (True, 303)
    assert [(one.id, one.revoked is None) for one in tokens.listing(gateway, OWNER, "vera")] == [(token, False)]
    assert verbs(gateway)[-1] == "token-revoke"
    assert '/people/revoke-token?name=vera" method="post"><input' not in olga.get("/people/person", params=OF_VERA).text


def test_a_session_or_token_that_is_gone_already_is_said_to_be(olga: httpx.Client) -> None:
    found = [olga.post(f"/people/{act}", params=OF_VERA, data={"id": "x"}) for act in ("end-session", "revoke-token")]

    assert [(answer.status_code, "Nothing was changed" in answer.text) for answer in found] == [(404, True)] * 2


def test_who_manages_people_reaches_no_session_or_token_of_an_owner(
    gateway: Gateway, site: WebSite, olga: httpx.Client, token: str
) -> None:
    person(gateway, "paul", "viewer", extra=["people"])
    session = signed_in(gateway, "olga").actor.session
    with site.client("", cookie=f"{sign_in.SESSION}={signed_in(gateway, 'paul').session}") as paul:
        acts = {"end-session": session, "revoke-token": token}
        found = {act: paul.post(f"/people/{act}?name=olga", data={"id": id_}).status_code for act, id_ in acts.items()}

    assert (found, olga.get("/people").status_code) == ({"end-session": 403, "revoke-token": 403}, 200)


def test_a_person_changed_by_two_keeps_what_was_typed_beside_what_stands_now(
    gateway: Gateway, olga: httpx.Client
) -> None:
    typed = {"title": "Typed", "email": "", "role": "operator", "extra": ["audit"], "area": ["mta"]}
    base = people.show(gateway, OWNER, "vera").version
    people.change(gateway, OWNER, "vera", title="Meanwhile")

    answer = olga.post("/people/person", params=OF_VERA, data=typed | {"base": str(base)})
    newer = re.search(r'name="base" value="(\d+)"', answer.text)
    assert newer is not None
    again = olga.post("/people/person", params=OF_VERA, data=typed | {"base": newer[1]})

    assert answer.status_code == 409
    assert '<td class="code">Typed</td><td class="code">Meanwhile</td>' in answer.text
    assert (chosen(answer.text), ticked(answer.text, "extra"), ticked(answer.text, "area")) == (
        ["operator"], ["audit"], ["mta"],
    )  # fmt: skip
    assert (again.status_code, people.show(gateway, OWNER, "vera").title) == (303, "Typed")
