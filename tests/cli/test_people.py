"""`people` as it is typed: the way in, and back in, from the machine itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.support.accounts import HERE, OTHER_PASSWORD, PASSWORD, person

from sealgate.services import invitations, signing_in
from sealgate.services.gateway import Gateway
from sealgate.services.signing_in import SignedIn
from sealgate.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Run


@pytest.fixture
def gateway(directory: Path) -> Iterator[Gateway]:
    opened = Gateway.open(Settings.load(directory))
    yield opened
    opened.close()


def link_in(text: str) -> str:
    found = re.search(r"/welcome/(\S+)", text)
    assert found is not None
    return found[1]


def test_from_nothing_to_an_owner_who_is_signed_in(run: Run, gateway: Gateway) -> None:
    said = run("people", "set-up-link")
    done = invitations.redeem(gateway, link_in(said.out), PASSWORD, HERE, name="olga")

    assert (said.code, isinstance(done, SignedIn)) == (0, True)
    assert "works once" in said.out


def test_with_an_owner_the_set_up_link_is_refused_with_what_to_do(run: Run, gateway: Gateway) -> None:
    person(gateway, "olga", "owner")
    said = run("people", "set-up-link")

    assert said.code == 1
    assert "people reset" in said.err


def test_if_needed_says_nothing_when_there_is_an_owner(run: Run, gateway: Gateway) -> None:
    person(gateway, "olga", "owner")
    said = run("people", "set-up-link", "--if-needed")

    assert (said.code, said.out, said.err) == (0, "", "")


def test_if_needed_gives_the_link_when_there_is_none(run: Run, gateway: Gateway) -> None:
    said = run("people", "set-up-link", "--if-needed")

    assert invitations.look(gateway, link_in(said.out)) is not None


def test_nobody_yet_is_said_with_what_to_do(run: Run) -> None:
    assert "set-up-link" in run("people", "list").out


def test_an_invited_person_is_listed_with_what_they_may(run: Run) -> None:
    run("people", "invite", "bob", "--role", "administrator", "--right", "raw", "--area", "rbl", "--title", "Bob B.")
    said = run("people", "list").out

    assert [word for word in ("bob", "Bob B.", "administrator", "raw", "rbl", "invited") if word not in said] == []


def test_an_invitation_lets_the_person_in(run: Run, gateway: Gateway) -> None:
    said = run("people", "invite", "bob", "--role", "auditor")

    assert isinstance(invitations.redeem(gateway, link_in(said.out), PASSWORD, HERE), SignedIn)


def test_without_a_role_somebody_may_look_only(run: Run) -> None:
    run("people", "invite", "bob")

    assert run("people", "list", "--json").json[0]["rights"] == ["view"]


def test_a_change_names_only_what_changes(run: Run) -> None:
    run("people", "invite", "bob", "--role", "operator", "--right", "raw", "--area", "rbl", "--email", "b@example.com")
    run("people", "change", "bob", "--role", "viewer")
    found = run("people", "list", "--json").json[0]

    assert (found["role"], found["extra"], found["areas"], found["email"]) == (
        "viewer", ["raw"], ["rbl"], "b@example.com",
    )  # fmt: skip


def test_rights_and_limits_are_taken_back(run: Run) -> None:
    run("people", "invite", "bob", "--role", "operator", "--right", "raw", "--area", "rbl")
    found = run("people", "change", "bob", "--no-rights", "--all-areas", "--json").json

    assert (found["extra"], "mta" in found["areas"]) == ([], True)


def test_the_way_back_in(run: Run, gateway: Gateway) -> None:
    """The owner lost password and device; somebody at the machine helps."""
    person(gateway, "olga", "owner")
    said = run("people", "reset", "olga", "--second-step")
    invitations.redeem(gateway, link_in(said.out), OTHER_PASSWORD, HERE)

    assert isinstance(signing_in.with_password(gateway, "olga", OTHER_PASSWORD, HERE), SignedIn)


def test_locked_and_unlocked(run: Run, gateway: Gateway) -> None:
    person(gateway, "bob")
    run("people", "lock", "bob")
    locked = run("people", "list", "--json").json[0]["locked"]
    run("people", "unlock", "bob")

    assert (locked, run("people", "list", "--json").json[0]["locked"]) == (True, False)


def test_the_last_owner_is_not_locked_out_from_the_terminal_either(run: Run, gateway: Gateway) -> None:
    person(gateway, "olga", "owner")

    assert run("people", "lock", "olga").code == 1
    assert run("people", "remove", "olga", "--yes").code == 1
    assert run("people", "change", "olga", "--role", "viewer").code == 1


def test_removing_asks_first(run: Run, gateway: Gateway) -> None:
    person(gateway, "bob")
    asked, done = run("people", "remove", "bob"), run("people", "remove", "bob", "--yes")

    assert (asked.code, done.code, run("people", "list", "--json").json) == (1, 0, [])


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (["invite", "No Name!"], 2),
        (["invite", "bob", "--role", "root"], 2),
        (["invite", "bob", "--right", "own"], 2),
        (["invite", "bob", "--area", "everywhere"], 2),
        (["lock", "nobody"], 2),
        (["reset", "nobody"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_wrong_words_are_told(run: Run, call: list[str], code: int) -> None:
    assert run("people", *call).code == code


def test_links_of_people_are_in_no_audit(run: Run) -> None:
    link = link_in(run("people", "invite", "bob").out)

    assert link not in run("audit", "--json").out
    assert "person-invite" in run("audit").out
