"""Dataclasses and JSON: the same value comes back, and nothing else gets in."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgate.link import bundle, messages
from sealgate.link.codec import from_json, to_json
from sealgate.link.verbs import VERBS
from sealgate.model.errors import InvalidValue


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True)
class Inner:
    name: str
    size: int = 3


@dataclass(frozen=True)
class Everything:
    text: str
    number: int
    ratio: float
    yes: bool
    data: bytes
    path: Path
    day: dt.date
    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    colour: Colour
    inner: Inner
    inners: tuple[Inner, ...]
    pair: tuple[str, int]
    words: frozenset[str]
    table: dict[str, Inner]
    maybe: int | None = None
    free: Any = None
    names: list[str] = field(default_factory=list)


WHOLE = Everything(
    text="ä",
    number=-1,
    ratio=0.5,
    yes=True,
    data=b"\x00\xff",
    path=Path("/a/b"),
    day=dt.date(2026, 2, 3),
    address=ipaddress.ip_address("2001:db8::1"),
    colour=Colour.GREEN,
    inner=Inner("x"),
    inners=(Inner("a", 1), Inner("b", 2)),
    pair=("p", 4),
    words=frozenset({"one", "two"}),
    table={"k": Inner("v")},
    maybe=5,
    free={"a": [1, None]},
    names=["n"],
)


def test_every_kind_of_value_comes_back_through_json_text():
    assert from_json(Everything, json.loads(json.dumps(to_json(WHOLE)))) == WHOLE


def test_left_out_fields_take_their_defaults():
    assert from_json(Inner, {"name": "a"}) == Inner("a", 3)


def test_an_unknown_field_is_refused():
    with pytest.raises(InvalidValue, match="no field 'colour'"):
        from_json(Inner, {"name": "a", "colour": "red"})


def test_a_missing_field_is_named():
    with pytest.raises(InvalidValue, match="'name' of Inner is missing"):
        from_json(Inner, {})


@pytest.mark.parametrize(
    ("cls", "data"),
    [
        (str, 1),
        (int, "1"),
        (int, True),
        (int, 1.0),
        (bool, 1),
        (float, True),
        (float, "1"),
        (bytes, "not base64!"),
        (dt.date, "31.12.2026"),
        (Colour, "blue"),
        (ipaddress.IPv4Address, "1.2.3"),
        (tuple[str, ...], "abc"),
        (tuple[str, int], ["a"]),
        (dict[str, int], [1]),
        (int | None, "x"),
        (Inner, []),
        (Inner, None),
        (type(None), 0),
    ],
)
def test_a_value_of_another_type_is_refused(cls, data):
    with pytest.raises(InvalidValue):
        from_json(cls, data)


def test_the_refusal_names_the_place():
    data = to_json(WHOLE) | {"inners": [{"name": "a"}, {"name": 7}]}

    with pytest.raises(InvalidValue, match=r"inners\[1\].name"):
        from_json(Everything, data)


def test_what_has_no_json_form_is_refused_when_writing():
    with pytest.raises(TypeError, match="has no JSON form"):
        to_json(object())


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(ANYTHING)
def test_any_json_is_a_value_or_refused(data):
    for cls in (Everything, Inner, messages.Opening, bundle.Header, bundle.Need, messages.Report):
        try:
            value: object = from_json(cls, data)
        except InvalidValue:
            continue
        assert isinstance(value, cls)


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_question_that_needs_no_values_reads_from_an_empty_object(verb):
    question, _ = VERBS[verb]
    try:
        value: object = from_json(question, {})
    except InvalidValue as refusal:
        assert "is missing" in str(refusal)  # noqa: PT017
    else:
        assert from_json(question, to_json(value)) == value
