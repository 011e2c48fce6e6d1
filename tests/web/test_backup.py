"""A backup over the pages: made by who proves who they are, whole, and its passphrase nowhere but in the request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.support.accounts import PASSWORD, audit_text, person, signed_in, verbs

from sealgate.link.passphrase import decrypt
from sealgate.link.upkeep import SealedKeys
from sealgate.services.sessions import RECENT
from sealgate.web.sign_in import SESSION, identify

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx
    from tests.support.control_half import StandIn
    from tests.support.web_site import WebSite

    from sealgate.services.gateway import Gateway

WORDS = "correct horse battery staple"
TWICE = {"passphrase": WORDS, "again": WORDS}


@pytest.fixture
def keeper(agent: StandIn) -> StandIn:
    """An agent that gives the node's key, sealed."""
    agent.answers["backup-keys"] = SealedKeys(b"the key, sealed")
    return agent


@pytest.fixture
def olga(gateway: Gateway, site: WebSite, keeper: StandIn) -> Iterator[httpx.Client]:
    """The browser of an owner who signed in just now."""
    del keeper
    person(gateway, "olga", "owner")
    site.site.identify = identify
    with site.client("", cookie=f"{SESSION}={signed_in(gateway, 'olga').session}") as client:
        yield client


def grown_old(gateway: Gateway) -> None:
    """Let the proof of every session of olga be too old."""
    with gateway.store.writing("local:test") as writer:
        owner = writer.people.named("olga")
        assert owner is not None
        for session in writer.people.sessions(owner.id):
            writer.people.change_session(session.id, proven=session.proven - RECENT)


def test_a_backup_is_a_file_that_only_the_passphrase_opens(gateway: Gateway, olga: httpx.Client) -> None:
    answer = olga.post("/backup/make", data=TWICE)

    assert re.fullmatch(r'attachment; filename="sealgate-[\d-]{10}\.backup"', answer.headers["content-disposition"])
    assert len(answer.content) == int(answer.headers["content-length"])
    assert b"".join(decrypt(WORDS, [answer.content])).startswith(b'{"sealgate": 1')
    assert verbs(gateway)[-1] == "backup"


@pytest.mark.parametrize(
    ("first", "second", "said"), [(WORDS, WORDS + "x", "not the same"), ("tiny one"[:7],) * 2 + ("shorter than 8",)]
)
def test_a_passphrase_that_will_not_do_is_said_and_not_shown(
    gateway: Gateway, olga: httpx.Client, keeper: StandIn, first: str, second: str, said: str
) -> None:
    answer = olga.post("/backup/make", data={"passphrase": first, "again": second})

    assert (answer.status_code, said in answer.text, first in answer.text) == (422, True, False)
    assert ("backup" in verbs(gateway), [verb for verb, _ in keeper.asked if verb == "backup-keys"]) == (False, [])


def test_who_proved_long_ago_proves_again_before_the_form(gateway: Gateway, olga: httpx.Client) -> None:
    grown_old(gateway)

    before = olga.get("/backup").text
    asked = olga.post("/backup")
    proven = olga.post("/backup", data={"proof": PASSWORD})
    olga.cookies.clear()
    olga.headers["cookie"] = proven.headers["set-cookie"].partition(";")[0]

    assert ('name="passphrase"' in before, asked.status_code, 'name="proof"' in asked.text) == (False, 403, True)
    assert (proven.headers["location"], 'name="passphrase"' in olga.get("/backup").text) == ("/backup", True)


def test_a_passphrase_that_comes_too_late_is_never_put_into_a_page(gateway: Gateway, olga: httpx.Client) -> None:
    grown_old(gateway)

    answer = olga.post("/backup/make", data=TWICE)

    assert (answer.status_code, answer.headers["location"], WORDS in answer.text) == (303, "/backup", False)
    assert "backup" not in verbs(gateway)


def test_the_passphrase_is_not_in_the_audit(gateway: Gateway, olga: httpx.Client) -> None:
    olga.post("/backup/make", data=TWICE)

    assert WORDS not in audit_text(gateway)


def test_without_the_agent_there_is_no_backup_and_no_file(
    gateway: Gateway, olga: httpx.Client, keeper: StandIn
) -> None:
    del keeper.answers["backup-keys"]

    answer = olga.post("/backup/make", data=TWICE)

    assert (answer.status_code, "content-disposition" in answer.headers, "backup" in verbs(gateway)) == (
        502, False, False,
    )  # fmt: skip
