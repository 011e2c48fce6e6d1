"""Every message of the link: it crosses as it was, and a field that nobody knows is refused on both sides."""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgate.link import messages, rehearsals, upkeep
from sealgate.link.codec import from_json, to_json
from sealgate.link.framing import JSON_LIMIT, encode
from sealgate.link.rehearsals import LARGEST_MAIL, Drill, Explain, Fault, Mail
from sealgate.model.errors import InvalidValue

MESSAGES = sorted(
    {
        found
        for module in (messages, rehearsals, upkeep)
        for _, found in inspect.getmembers(module, inspect.isclass)
        if dataclasses.is_dataclass(found)
    },
    key=lambda cls: cls.__name__,
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
PLAIN: dict[Any, Any] = {
    str: WORDS,
    bytes: st.binary(max_size=6),
    bool: st.booleans(),
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
    Any: st.none() | st.booleans() | WORDS | st.lists(st.integers(), max_size=2),
}


def values(hint: Any) -> Any:  # noqa: PLR0911 - one line for each kind of type
    """Draw values of a type that messages have."""
    if hint in PLAIN:
        return PLAIN[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        return st.one_of(*map(values, arguments))
    if origin is dict:
        return st.dictionaries(WORDS, values(arguments[1]), max_size=2)
    if origin is frozenset:
        return st.frozensets(values(arguments[0]), max_size=2)
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: values(hints[field.name]) for field in dataclasses.fields(hint)})


def as_little_as_possible(cls):
    hints = get_type_hints(cls)
    least = {str: "", bytes: b"", bool: False, int: 0, float: 0.0}
    given = {}
    for field in dataclasses.fields(cls):
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            hint = hints[field.name]
            if hint in least:
                given[field.name] = least[hint]
            elif type(None) in get_args(hint):
                given[field.name] = None
            elif get_origin(hint):
                given[field.name] = get_origin(hint)()
            else:
                given[field.name] = next(iter(hint)) if issubclass(hint, Enum) else as_little_as_possible(hint)
    return cls(**given)


@pytest.mark.parametrize("cls", MESSAGES)
@settings(max_examples=25)
@given(data=st.data())
def test_a_message_crosses_as_it_was(cls, data):
    value = data.draw(values(cls))

    assert from_json(cls, json.loads(json.dumps(to_json(value), allow_nan=False))) == value


@pytest.mark.parametrize("cls", MESSAGES)
def test_a_message_with_an_unknown_field_is_refused(cls):
    sent = to_json(as_little_as_possible(cls)) | {"force": True}

    with pytest.raises(InvalidValue, match=f"no field 'force' in {cls.__name__}"):
        from_json(cls, sent)


@pytest.mark.parametrize("cls", MESSAGES)
def test_a_message_without_what_has_no_default_is_refused(cls):
    needed = {
        field.name
        for field in dataclasses.fields(cls)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    whole = to_json(as_little_as_possible(cls))
    for name in needed:
        with pytest.raises(InvalidValue, match=f"{name!r} of {cls.__name__} is missing"):
            from_json(cls, {field: value for field, value in whole.items() if field != name})


@pytest.mark.parametrize("cls", MESSAGES)
def test_what_has_a_default_may_be_left_out(cls):
    value = as_little_as_possible(cls)
    sent = to_json(value)
    defaults = {
        field.name
        for field in dataclasses.fields(cls)
        if field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
    }

    assert from_json(cls, {name: item for name, item in sent.items() if name not in defaults}) == value


@pytest.mark.parametrize("cls", MESSAGES)
@pytest.mark.parametrize("data", [None, [], "x", 1, [{}]])
def test_a_message_is_an_object(cls, data):
    with pytest.raises(InvalidValue, match="should be an object"):
        from_json(cls, data)


@pytest.mark.parametrize("cls", MESSAGES)
def test_a_message_is_never_changed_after_it_was_made(cls):
    assert cls.__dataclass_params__.frozen


@pytest.mark.parametrize(
    ("cls", "data", "place"),
    [
        (messages.Judge, {"header": {}, "grade": "thorough"}, "grade"),
        (messages.Judge, {"header": {}, "overrides": [{"test": "x"}]}, r"overrides\[0\]"),
        (messages.Judge, {"header": {}, "fresh": 1}, "fresh"),
        (messages.Apply, {"digest": "x", "revision": "1"}, "revision"),
        (messages.Apply, {"digest": "x", "revision": 1.0}, "revision"),
        (messages.Apply, {"digest": "x", "revision": True}, "revision"),
        (messages.Apply, {"digest": "x", "revision": 1, "keep_for": "60"}, "keep_for"),
        (messages.Confirm, {"revision": []}, "revision"),
        (messages.PublicKey, {"key": "not base64", "id": "x"}, "key"),
        (messages.Opening, {"format": "3", "version": "", "verb": "", "asker": {"name": "x"}}, "format"),
        (messages.Opening, {"format": 4, "version": "", "verb": "", "asker": {}}, "asker"),
        (messages.Opening, {"format": 4, "version": "", "verb": "", "asker": {"name": "x"}, "body": []}, "body"),
        (Explain, {"mail": {"client": "x", "sender": "", "recipient": "", "message": [1]}}, "mail.message"),
        (Explain, {"mail": {"client": "x", "sender": "", "recipient": "", "listed": "zen"}}, "mail.listed"),
        (Drill, {"faults": ["dns", "fire"]}, r"faults\[1\]"),
        (upkeep.QueueAct, {"verb": "delete", "filter": {"ids": [1]}}, r"filter.ids\[0\]"),
        (upkeep.QueueAct, {"verb": "destroy"}, "verb"),
        (upkeep.Adopt, {"files": {"main.cf": None}}, "files.main.cf"),
    ],
)
def test_a_wrong_value_is_refused_at_its_place(cls, data, place):
    with pytest.raises(InvalidValue, match=f"^{place}: "):
        from_json(cls, data)


def test_a_drill_without_words_tries_every_fault():
    assert from_json(Drill, {}).faults == tuple(Fault)


def test_deleting_from_the_queue_only_counts_unless_told_otherwise():
    assert from_json(upkeep.QueueAct, {"verb": "delete"}).count_only


@pytest.mark.parametrize("cls", [upkeep.BackupKeys, upkeep.RestoreKeys])
def test_a_passphrase_is_not_in_what_is_printed_of_a_message(cls):
    fields = {"passphrase": "geheim", "sealed": "c2VhbGVk"}
    names = {field.name for field in dataclasses.fields(cls)}

    assert "geheim" not in repr(from_json(cls, {name: fields[name] for name in names}))


def test_the_largest_mail_fits_a_frame():
    mail = Mail("192.0.2.1", "a@b.example", "c@d.example", message=b"\xff" * LARGEST_MAIL)

    assert len(encode({"body": to_json(Explain(mail))})) < JSON_LIMIT
