"""Rows of the agent as model values: canonical or refused, and what they mention."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.node.crashes import DirectTalk
from tests.node.world import MemoryBundle, basic, bundle

from sealgate.link.bundle import SentRow
from sealgate.model.errors import Refused
from sealgate.model.mta import SETTINGS
from sealgate.model.nouns import NOUNS
from sealgate.node.desired import RowReader, chunks_named, known_nouns, secrets_named, to_row
from sealgate.node.objects import Objects, SealedSecrets
from sealgate.node.receiving import Receiver
from sealgate.node.rows import RowStore
from sealgate.node.table_changes import entry_changes
from sealgate.postfix.files import Files
from sealgate.render import PerRow, SecretText
from sealgate.render.routing import login_entries, transport_entries

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def received(tmp_path):
    files = Files(durable=False)
    (tmp_path / "objects").mkdir()
    receiver = Receiver(
        RowStore(tmp_path / "rows", files),
        Objects(tmp_path / "objects", files),
        SealedSecrets(tmp_path / "secrets", files),
    )
    return lambda made: receiver.receive(made.header, DirectTalk(made))


def test_every_noun_of_the_model_and_both_kinds_of_objects_are_known():
    assert known_nouns() == {"setting", "own-lines", *NOUNS}


@given(noun=st.sampled_from(sorted(known_nouns())), key=st.text(max_size=20), fields=JSON)
@settings(max_examples=300)
def test_any_row_is_taken_as_it_is_or_refused(noun, key, fields):
    row = SentRow(key, fields if isinstance(fields, dict) else {})
    try:
        taken = RowReader(noun).checked(row)
    except Refused:
        return

    assert taken is row


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_the_default_of_every_setting_is_canonical(name):
    setting = SETTINGS[name]
    row = SentRow(name, {"value": setting.to_json(setting.default)})

    assert RowReader("setting").checked(row) is row


def test_a_row_that_is_gone_is_not_looked_at():
    row = SentRow("anything at all", None)

    assert RowReader("transport").checked(row) is row


def test_the_refusal_names_the_row_and_asks_for_the_same_version():
    with pytest.raises(Refused, match=r"relay-domain 'x y'.*same version"):
        RowReader("relay-domain").checked(SentRow("x y", {"domain": "x y"}))


def test_a_tag_is_the_next_hop_of_an_enabled_transport():
    value = NOUNS["transport"].parse({"pattern": "example.com", "host": "mx.example.net"})
    row = SentRow("example.com", NOUNS["transport"].fields(value))
    reader = RowReader("transport")

    assert reader.tag(reader.checked(row)) == NOUNS["transport"].tag(value)
    assert reader.tag(row._replace(enabled=False)) is None
    assert reader.tag(SentRow("example.com", None)) is None


def test_disabled_settings_and_own_lines_count_as_not_set(received):
    made = MemoryBundle()
    made.put("setting", SentRow("my-hostname", {"value": "gw.example.com"}, enabled=False))
    made.put("own-lines", SentRow("main-cf", {"text": "a = b\n"}, enabled=False))
    desired = received(made).desired

    assert desired.settings.my_hostname is None
    assert desired.main_cf.text == ""


def test_both_texts_of_own_lines_arrive(received):
    made = MemoryBundle()
    made.own("main-cf", "a = b\n")
    made.own("master-cf", "x unix - - n - - error\n")
    desired = received(made).desired

    assert (desired.main_cf.text, desired.master_cf.text) == ("a = b\n", "x unix - - n - - error\n")


def test_rows_of_a_noun_without_any_are_none(received):
    rows = received(basic()).desired.rows

    assert list(rows.rows("black")) == []
    assert rows.row("black", "192.0.2.1") is None
    assert rows.count("black") == 0
    assert list(rows.tags("transport")) == []


def test_comment_switch_and_position_stay_with_the_row(received):
    made = MemoryBundle()
    key = made.add("black", "192.0.2.1", comment="why", enabled=False, position=7)
    row = received(made).desired.rows.row("black", key)

    assert (row.comment, row.enabled, row.position) == ("why", False, 7)


def test_secrets_of_rows_and_settings_are_named(received):
    made = basic()
    made.secrets = {"s1": b"x", "s2": b"y"}
    made.add("sasl", {"host": "smtp.example.net", "user": "u", "password": "s1"})
    made.put("setting", SentRow("tls-key", {"value": "s2"}))

    assert received(made).secrets == {"s1", "s2"}
    assert secrets_named(received(made).tables) == {"s1", "s2"}


def test_chunks_of_all_look_up_tables_are_named(received):
    made = basic()
    made.table("hash", "one", "a b\n")
    made.table("cidr", "two", "192.0.2.0/24 OK\n")

    assert chunks_named(received(made).tables) == set(made.content)


def transport(pattern, host, **more):
    value = NOUNS["transport"].parse({"pattern": pattern, "host": host})
    return SentRow(pattern, NOUNS["transport"].fields(value), **more)


class TestEntryChanges:
    """From rows that differ to entries that differ."""

    source = PerRow("transport", "1", transport_entries, None)  # type: ignore[arg-type]

    def changes(self, *pairs):
        return entry_changes(self.source, pairs, lambda sealed: f"open {sealed.id}")

    def test_a_new_row_sets_its_entry(self):
        assert self.changes((None, transport("a.example", "192.0.2.1"))) == {"a.example": "smtp:[192.0.2.1]"}

    def test_a_row_that_is_gone_takes_its_entry_away(self):
        assert self.changes((transport("a.example", "192.0.2.1"), None)) == {"a.example": None}

    def test_a_changed_row_sets_its_entry_anew(self):
        old, new = transport("a.example", "192.0.2.1"), transport("a.example", "192.0.2.2")

        assert self.changes((old, new)) == {"a.example": "smtp:[192.0.2.2]"}

    def test_a_row_that_was_switched_off_takes_its_entry_away(self):
        old, new = transport("a.example", "192.0.2.1"), transport("a.example", "192.0.2.1", enabled=False)

        assert self.changes((old, new)) == {"a.example": None}

    def test_a_key_that_one_row_gives_up_and_another_takes_stays(self):
        pairs = (
            (transport("a.example", "192.0.2.1"), None),
            (None, transport("a.example", "192.0.2.9")),
        )

        assert self.changes(*pairs[::-1]) == self.changes(*pairs) == {"a.example": "smtp:[192.0.2.9]"}

    def test_secrets_are_opened_only_for_what_is_set(self):
        noun = NOUNS["sasl"]
        value = noun.parse({"host": "smtp.example.net", "user": "u", "password": "s1"})
        row = SentRow(noun.key(value), noun.fields(value))
        source = PerRow("sasl", "1", login_entries, None)  # type: ignore[arg-type]
        set_, gone = (
            entry_changes(source, [(None, row)], lambda sealed: f"open {sealed.id}"),
            entry_changes(source, [(row, None)], lambda _sealed: pytest.fail("not to be opened")),
        )

        assert set(set_.values()) == {"u:open s1"}
        assert set(gone.values()) == {None}
        assert isinstance(login_entries(to_row("sasl", row))[0][1], SecretText)


def test_a_bundle_of_every_noun_arrives_whole(received):
    made = bundle(
        {"my-hostname": "gw.example.com"},
        {
            "relay-domain": ["example.com"],
            "network": ["10.1.0.0/16"],
            "forwarding": [{"account": "root", "addresses": "admin@example.com"}],
            "header-check": [{"name": "1", "pattern": "/^Subject: x/", "action": "REJECT"}],
            "rbl": ["zen.example.net"],
            "black": ["192.0.2.1"],
            "white": ["192.0.2.2"],
            "transport": [{"pattern": "a.example.com", "special": "hold:"}],
            "tls-policy": [{"destination": "example.com", "level": "encrypt"}],
        },
    )
    desired = received(made).desired

    assert {noun: desired.rows.count(noun) for noun in made.tables if noun != "setting"} == {
        noun: 1 for noun in made.tables if noun != "setting"
    }
