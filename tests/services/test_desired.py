"""A view of the store is the desired state that the model, the renderer and the checks work with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.services.test_rows import SAMPLES

from sealgate.model.content import join
from sealgate.model.errors import InvalidValue, StoreFailed
from sealgate.model.mta import settings_from
from sealgate.model.nouns import NOUNS
from sealgate.services import own_lines, rows, settings
from sealgate.services.desired import desired_state, row_of
from sealgate.store import ANY

if TYPE_CHECKING:
    from sealgate.services.actor import Actor
    from sealgate.services.gateway import Gateway


def test_an_empty_store_is_the_default_state(gateway: Gateway) -> None:
    with gateway.store.reading() as reader:
        desired = desired_state(reader.draft())

        assert (desired.settings, desired.main_cf.text, desired.master_cf.text) == (settings_from({}), "", "")
        assert [noun for noun in NOUNS if desired.rows.count(noun)] == []


def test_settings_and_own_lines_are_values(gateway: Gateway, ann: Actor) -> None:
    settings.set_value(gateway, ann, "my-hostname", "gw.example.com")
    own_lines.edit(gateway, ann, "main-cf", "mail_name = X\n")

    with gateway.store.reading() as reader:
        desired = desired_state(reader.draft())
    assert (str(desired.settings.my_hostname), desired.main_cf.text) == ("gw.example.com", "mail_name = X\n")


@pytest.mark.parametrize("noun", SAMPLES)
def test_every_kind_of_row_comes_as_the_value_it_was_entered_as(gateway: Gateway, ann: Actor, noun: str) -> None:
    key = rows.add(gateway, ann, noun, SAMPLES[noun], comment="why", enabled=False).key

    with gateway.store.reading() as reader:
        source = desired_state(reader.draft()).rows
        (row,) = source.rows(noun)
        assert (row, source.count(noun)) == (source.row(noun, key), 1)
        assert (row.key, row.comment, row.enabled) == (key, "why", False)
        assert NOUNS[noun].key(row.value) == key


def test_a_row_that_is_not_there_is_none(gateway: Gateway) -> None:
    with gateway.store.reading() as reader:
        assert desired_state(reader.draft()).rows.row("transport", "missing.example") is None


def test_rows_of_an_ordered_list_come_in_their_order(gateway: Gateway, ann: Actor) -> None:
    for zone in ("c.example", "a.example", "b.example"):
        rows.add(gateway, ann, "rbl", {"zone": zone})

    with gateway.store.reading() as reader:
        found = list(desired_state(reader.draft()).rows.rows("rbl"))
    assert [row.key[0] for row in found] == ["c", "a", "b"]
    assert sorted(found, key=lambda row: row.position) == found


def test_tags_are_those_of_enabled_rows(gateway: Gateway, ann: Actor) -> None:
    for name, enabled in (("a", True), ("b", True), ("c", False)):
        fields = {"pattern": f"{name}.example", "host": f"mx-{name}.example.net"}
        rows.add(gateway, ann, "transport", fields, enabled=enabled)

    with gateway.store.reading() as reader:
        tags = list(desired_state(reader.draft()).rows.tags("transport"))
    assert tags == ["[mx-a.example.net]", "[mx-b.example.net]"]


def test_a_lookup_tables_text_is_put_together_again(gateway: Gateway, ann: Actor) -> None:
    text = "".join(f"key{number} value\n" for number in range(5000))
    rows.add(gateway, ann, "lookup-table", {"name": "t", "type": "hash", "content": text})

    with gateway.store.reading() as reader:
        source = desired_state(reader.draft()).rows
        (row,) = source.rows("lookup-table")
        assert join(source.chunks(row.value.content)) == text
        assert len(row.value.content) > 1


@pytest.mark.parametrize(
    ("noun", "key", "fields"),
    [
        ("setting", "my-hostname", {"value": "no name"}),
        ("setting", "from-the-future", {"value": 1}),
        ("transport", "a.example", {"pattern": "a.example", "surprise": 1}),
    ],
    ids=["value", "setting", "field"],
)
def test_what_this_version_cannot_read_is_said_by_name_and_never_skipped(
    gateway: Gateway, noun: str, key: str, fields: dict[str, object]
) -> None:
    with gateway.store.writing("local:ann") as writer:
        writer.save(noun, key, fields, base=ANY)

    with gateway.store.reading() as reader, pytest.raises(StoreFailed, match=key):
        list(desired_state(reader.draft()).rows.rows("transport"))


def test_a_kind_of_row_that_was_never_heard_of_is_a_mistake_of_ours(gateway: Gateway) -> None:
    with gateway.store.writing("local:ann") as writer:
        writer.save("unheard", "x", {}, base=ANY)
        stored = writer.draft().row("unheard", "x")

    assert stored is not None
    with pytest.raises((KeyError, InvalidValue)):
        row_of(stored)
