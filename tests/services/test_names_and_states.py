"""What a person may call things: kinds of rows, settings, own lines, states, formats; and who that person is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.model.errors import InvalidValue, NotFound, NotPermitted
from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS
from sealgate.services.actor import ALL_RIGHTS, Actor, Right
from sealgate.services.formats import Format
from sealgate.services.nouns import noun_of, setting_of, text_of
from sealgate.services.states import DRAFT, LIVE, StateName


@pytest.mark.parametrize("name", NOUNS)
def test_a_kind_of_row_goes_by_its_singular_and_its_plural(name: str) -> None:
    noun = NOUNS[name]

    assert noun_of(name) is noun_of(noun.plural) is noun_of(noun.plural.replace(" ", "-")) is noun


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_goes_by_its_name_and_its_attribute(name: str) -> None:
    assert setting_of(name) is setting_of(name.replace("-", "_")) is SETTINGS[name]


@pytest.mark.parametrize(
    ("typed", "name"), [("main-cf", "main-cf"), ("main.cf", "main-cf"), ("master.cf", "master-cf")]
)
def test_own_lines_go_by_the_name_of_their_file(typed: str, name: str) -> None:
    assert text_of(typed) == name


@pytest.mark.parametrize("finder", [noun_of, setting_of, text_of])
@pytest.mark.parametrize("name", ["", "nothing like it", "\x1b[31m", "x" * 10_000])
def test_what_there_is_not_is_not_found_with_what_there_is(finder: object, name: str) -> None:
    with pytest.raises(NotFound) as refusal:
        finder(name)  # type: ignore[operator]

    assert "\x1b" not in str(refusal.value)
    assert len(str(refusal.value)) < 1500


@pytest.mark.parametrize(
    ("typed", "near"), [("transprt", "transport"), ("relay-domian", "relay-domain"), ("blak", "black")]
)
def test_a_slip_is_met_with_the_nearest_name(typed: str, near: str) -> None:
    with pytest.raises(NotFound, match=near):
        noun_of(typed)


@pytest.mark.parametrize(("text", "state"), [("draft", DRAFT), ("LIVE", LIVE), (" 7 ", StateName("revision", 7))])
def test_a_state_is_named_draft_live_or_by_number(text: str, state: StateName) -> None:
    assert StateName.parse(text) == state


@given(st.text())
def test_any_other_text_is_no_state(text: str) -> None:
    word = text.strip().lower()
    if word in {"draft", "live"} or (word.isascii() and word.isdigit()):
        return

    with pytest.raises(InvalidValue):
        StateName.parse(text)


@given(st.integers(1, 2**31 - 1))
def test_a_state_reads_back_as_it_is_shown(number: int) -> None:
    assert StateName.parse(str(StateName("revision", number))) == StateName("revision", number)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.csv", Format.CSV),
        ("a.yml", Format.YAML),
        ("a.b.YAML", Format.YAML),
        ("A.CSV", Format.CSV),
        ("a.txt", Format.TEXT),
        ("-", Format.TEXT),
        ("csv", Format.TEXT),
    ],
)
def test_a_file_says_its_format_by_its_name(name: str, form: Format) -> None:
    assert Format.of_file(name) is form


def test_a_local_login_has_all_rights_and_says_that_it_is_local() -> None:
    actor = Actor.local("alice")

    assert (actor.name, actor.source, actor.rights) == ("local:alice", "terminal", frozenset(Right))


@pytest.mark.parametrize("login", ["", "  ", "a\nb", "\x1b", "x" * 500])
def test_what_is_no_login_is_refused(login: str) -> None:
    with pytest.raises(InvalidValue):
        Actor.local(login)


@pytest.mark.parametrize("right", Right)
def test_a_missing_right_is_said_by_name_and_nothing_changed(right: Right) -> None:
    Actor("local:eve").may(right)

    with pytest.raises(NotPermitted, match=f"“{right.value}”.*Nothing was changed"):
        Actor("local:eve", rights=ALL_RIGHTS - {right}).may(right)
