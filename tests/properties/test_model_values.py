"""Every value of every page has one canonical form, is read back from it, and hides nothing."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import VALUES, settings_values

from sealgate.model.errors import InvalidValue
from sealgate.model.mta import SETTINGS, settings_from
from sealgate.model.nouns import NOUNS

if TYPE_CHECKING:
    from collections.abc import Callable

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
JUNK_TEXT = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["\0", "a\nb", "\u202eevil", "$x", "x" * 100_000, "/etc/passwd", "!x", "{a}", "a,b", " ", "\r", "é" * 300]
    ),
)
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), JUNK_TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


REFUSED = object()


def accepted(parse: Callable[[Any], Any], given: Any) -> Any:
    """Return the value, or REFUSED; any other exception than InvalidValue with words in it fails the test."""
    try:
        return parse(given)
    except InvalidValue as refusal:
        if not all(problem.what for problem in refusal.problems):
            raise
        return REFUSED


def texts_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_in(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts_in(item)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("noun", NOUNS)
@given(data=st.data())
def test_a_value_is_read_back_from_its_fields(noun, data):
    value = data.draw(VALUES[noun])

    assert NOUNS[noun].parse(NOUNS[noun].fields(value)) == value


@pytest.mark.parametrize("noun", NOUNS)
@given(data=st.data())
def test_fields_are_plain_json_and_the_same_after_a_trip(noun, data):
    fields = NOUNS[noun].fields(data.draw(VALUES[noun]))

    assert json.loads(json.dumps(fields)) == fields
    assert NOUNS[noun].fields(NOUNS[noun].parse(fields)) == fields


@pytest.mark.parametrize("noun", NOUNS)
@given(data=st.data())
def test_fields_name_every_column_that_is_not_at_its_default(noun, data):
    named = NOUNS[noun].fields(data.draw(VALUES[noun]))
    left_out = {column.name for column in NOUNS[noun].columns} - set(named)

    assert set(named) <= {column.name for column in NOUNS[noun].columns}
    assert not left_out & {column.name for column in NOUNS[noun].columns if column.required}
    assert noun == "provider" or not left_out


@pytest.mark.parametrize("noun", NOUNS)
@given(data=st.data())
def test_the_key_is_one_visible_text_that_does_not_look_like_an_option(noun, data):
    key = NOUNS[noun].key(data.draw(VALUES[noun]))

    assert key
    assert key == key.strip()
    assert not any(unicodedata.category(char) in HIDDEN for char in key)


@pytest.mark.parametrize("noun", NOUNS)
@given(data=st.data())
def test_junk_in_any_field_is_refused_as_an_invalid_value_or_is_visible_text(noun, data):
    columns = [column.name for column in NOUNS[noun].columns]
    fields = NOUNS[noun].fields(data.draw(VALUES[noun])) if data.draw(st.booleans()) else {}
    fields.update(data.draw(st.dictionaries(st.sampled_from(columns), JUNK, max_size=len(columns))))

    value = accepted(NOUNS[noun].parse, fields)
    if value is REFUSED:
        return
    canonical = NOUNS[noun].fields(value)
    assert NOUNS[noun].parse(canonical) == value
    if noun == "policy-test":  # a message has lines
        canonical |= {name: canonical[name].translate({10: " ", 9: " "}) for name in ("headers", "message")}
    assert not any(unicodedata.category(char) in HIDDEN for text in texts_in(canonical) for char in text)


@pytest.mark.parametrize("noun", NOUNS)
@given(junk=JUNK)
def test_fields_that_are_no_fields_are_refused(noun, junk):
    with pytest.raises(InvalidValue):
        NOUNS[noun].parse(junk)


@given(values=settings_values)
def test_settings_are_read_back_from_their_canonical_form(values):
    stored = {name: s.to_json(getattr(values, s.attribute)) for name, s in SETTINGS.items()}

    assert settings_from(json.loads(json.dumps(stored))) == values


@given(values=settings_values)
def test_every_setting_can_be_shown(values):
    assert all(s.show(getattr(values, s.attribute)) for s in SETTINGS.values())


@pytest.mark.parametrize("name", SETTINGS)
@given(junk=JUNK)
def test_junk_in_a_setting_is_refused_as_an_invalid_value_or_has_a_canonical_form(name, junk):
    setting = SETTINGS[name]
    value = accepted(setting.parse, junk)
    if value is REFUSED:
        return

    assert setting.parse(setting.to_json(value)) == value
    assert not any(
        unicodedata.category(c) in HIDDEN - {"Cc"} for text in texts_in(setting.to_json(value)) for c in text
    )
