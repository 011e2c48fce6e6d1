"""Which passwords are good enough, and how they are kept."""

from __future__ import annotations

import unicodedata

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.accounts import OTHER_PASSWORD, PASSWORD, kept_password

from sealgate.model.errors import InvalidValue
from sealgate.services import passwords


@pytest.mark.parametrize(
    "good",
    [
        PASSWORD,
        OTHER_PASSWORD,
        "zwölf boxkämpfer jagen",
        "            plover quartz",
        "bridge lantern ochre",
        "x" + "abcd efgh ijkl mnop" * 13,
    ],
)
def test_long_words_that_nobody_foresees_are_good(good: str) -> None:
    assert passwords.checked(good) == unicodedata.normalize("NFC", good)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("", "fewer"),
        ("plover quartz", "fewer"),
        ("p" * 257, "more"),
        ("plover\nquartz umbel", "invisible"),
        ("plover\u200bquartz umbel", "invisible"),
        ("plover\ud800quartz umbel", "invisible"),
        ("passwordpassword", "guess"),
        ("PasswordPassword", "guess"),
        ("correcthorsebatterystaple", "guess"),
        ("correct horse battery staple", "guess"),
        ("aaaaaaaaaaaaaaaaaaaa", "guess"),
        ("ababababababababab", "guess"),
        ("12345678901234567890", "guess"),
        ("qwertyuiopasdfghjkl", "guess"),
        ("sealgate-admin-2026", "guess"),
        ("winter2026winter2026", "guess"),
    ],
)
def test_what_is_short_or_can_be_foreseen_is_refused(bad: str, why: str) -> None:
    with pytest.raises(InvalidValue, match=why):
        passwords.checked(bad)


@pytest.mark.parametrize("bad", [None, 15, b"plover quartz umbel", ["plover quartz umbel"]])
def test_only_text_is_a_password(bad: object) -> None:
    with pytest.raises(InvalidValue):
        passwords.checked(bad)


def test_words_of_the_site_count_for_nothing() -> None:
    words = ["mail.plover-quartz.example", "umbel"]

    assert passwords.checked("plover quartz umbel 94") == "plover quartz umbel 94"
    with pytest.raises(InvalidValue, match="guess"):
        passwords.checked("plover quartz umbel 94", words)


def test_short_words_of_the_site_take_nothing_away() -> None:
    assert passwords.checked(PASSWORD, ["p", "lo", "ver"])


def test_no_kind_of_character_is_demanded() -> None:
    assert passwords.checked("ploverquartzumbels")


@given(st.text(min_size=1, max_size=300))
def test_a_refusal_never_repeats_the_password(text: str) -> None:
    try:
        passwords.checked(text)
    except InvalidValue as refusal:
        said = str(refusal)
        assert len(text) < 6 or text not in said


@given(st.text(max_size=40))
@settings(max_examples=200)
def test_a_password_in_another_normal_form_is_the_same(text: str) -> None:
    forms = set()
    for form in ("NFC", "NFD"):
        try:
            forms.add(passwords.checked(unicodedata.normalize(form, text)))
        except InvalidValue:
            forms.add("refused")
    # A decomposed text is longer, but both are judged and kept in one form.
    assert len(forms) == 1


def test_what_is_kept_is_argon2id_with_a_salt_of_its_own() -> None:
    first, second = passwords.kept(PASSWORD), kept_password()

    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != second


def test_only_the_password_itself_matches() -> None:
    kept = kept_password()

    assert passwords.matches(kept, PASSWORD)
    assert not passwords.matches(kept, OTHER_PASSWORD)
    assert not passwords.matches(kept, PASSWORD.upper())


@pytest.mark.parametrize("odd", [None, 5, "", "\ud800", "x" * 100_000, "\0"])
def test_odd_input_matches_nothing(odd: object) -> None:
    assert not passwords.matches(kept_password(), odd)


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$broken", "$2b$12$abcdefghijklmnopqrstuv"])
def test_a_stored_text_that_is_none_of_ours_matches_nothing(stored: str) -> None:
    assert not passwords.matches(stored, PASSWORD)


def test_without_a_stored_password_nothing_matches_not_even_the_one_of_nobody() -> None:
    assert not passwords.matches(None, "nobody has this password")


def test_a_decomposed_password_matches_the_composed_one() -> None:
    kept = passwords.kept(passwords.checked("zwölf boxkämpfer jagen"))

    assert passwords.matches(kept, unicodedata.normalize("NFD", "zwölf boxkämpfer jagen"))


def test_a_password_kept_with_other_parameters_is_outdated() -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)

    assert passwords.is_outdated(old)
    assert not passwords.is_outdated(kept_password())
