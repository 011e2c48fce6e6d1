from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sealgate.model.errors import Conflict, InvalidValue, NotFound, NotPermitted
from sealgate.services import own_lines
from sealgate.services.actor import ALL_RIGHTS, Actor, Right
from sealgate.store import Stored

if TYPE_CHECKING:
    from sealgate.services.gateway import Gateway

TYPED = "# mine\n\nsmtpd_banner = $myhostname ESMTP\n   really\n"


@pytest.mark.parametrize("name", ["main-cf", "master-cf", "main.cf"])
def test_own_lines_are_kept_as_typed(gateway: Gateway, ann: Actor, name: str) -> None:
    own_lines.edit(gateway, ann, name, TYPED)

    assert own_lines.show(gateway, ann, name).text == TYPED


def test_there_are_none_at_first(gateway: Gateway, ann: Actor) -> None:
    shown = own_lines.show(gateway, ann, "main-cf")

    assert (shown.text, shown.version) == ("", None)


def test_an_empty_text_removes_them(gateway: Gateway, ann: Actor) -> None:
    own_lines.edit(gateway, ann, "main-cf", TYPED)

    own_lines.edit(gateway, ann, "main-cf", "")

    assert own_lines.show(gateway, ann, "main-cf").version is None


def test_removing_what_is_not_there_is_nothing(gateway: Gateway, ann: Actor) -> None:
    assert own_lines.edit(gateway, ann, "main-cf", "").version is None


def test_a_stale_edit_is_a_conflict_that_carries_what_stands(gateway: Gateway, ann: Actor, bob: Actor) -> None:
    seen = own_lines.edit(gateway, ann, "main-cf", TYPED).version
    own_lines.edit(gateway, bob, "main-cf", "a = b\n", base=seen)

    with pytest.raises(Conflict, match="somebody else") as clash:
        own_lines.edit(gateway, ann, "main-cf", "c = d\n", base=seen)

    assert isinstance(clash.value.current, Stored)
    assert clash.value.current.fields["text"] == "a = b\n"


def test_a_first_text_is_a_conflict_when_there_is_one_meanwhile(gateway: Gateway, ann: Actor, bob: Actor) -> None:
    own_lines.edit(gateway, bob, "main-cf", "a = b\n", base=None)

    with pytest.raises(Conflict):
        own_lines.edit(gateway, ann, "main-cf", "c = d\n", base=None)


def test_a_removal_meanwhile_is_a_conflict(gateway: Gateway, ann: Actor, bob: Actor) -> None:
    seen = own_lines.edit(gateway, ann, "main-cf", TYPED).version
    own_lines.edit(gateway, bob, "main-cf", "")

    with pytest.raises(Conflict):
        own_lines.edit(gateway, ann, "main-cf", "c = d\n", base=seen)


def test_control_characters_are_refused_by_line(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(InvalidValue, match="line 2"):
        own_lines.edit(gateway, ann, "main-cf", "a = b\nc = \x1b[31m\n")


def test_unknown_own_lines_are_not_found(gateway: Gateway, ann: Actor) -> None:
    with pytest.raises(NotFound, match="main-cf, master-cf"):
        own_lines.show(gateway, ann, "dovecot")


def test_editing_own_lines_needs_a_right_of_its_own(gateway: Gateway) -> None:
    operator = Actor("local:eve", rights=ALL_RIGHTS - {Right.RAW})

    with pytest.raises(NotPermitted, match="raw"):
        own_lines.edit(gateway, operator, "main-cf", TYPED)
