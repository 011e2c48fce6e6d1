from __future__ import annotations

import pytest
from tests.store.states import content, keys

from sealgate.model.errors import Conflict, InvalidValue, NotFound
from sealgate.store import ANY, Store, Stored


def domain(name: str) -> dict[str, str]:
    return {"domain": name}


def add(store: Store, *names: str) -> dict[str, int]:
    with store.writing("local:ann") as w:
        return {name: w.save("relay-domain", name, domain(name), base=None) for name in names}


def standing(raised: pytest.ExceptionInfo[Conflict]) -> Stored:
    """Return what a conflict says stands now."""
    assert isinstance(raised.value.current, Stored)
    return raised.value.current


def test_what_was_saved_is_in_the_draft(store):
    with store.writing("local:ann") as w:
        version = w.save(
            "transport",
            "example.com",
            {"host": "mx", "port": 25},
            base=None,
            comment="ours",
            enabled=False,
            tag="[mx]:25",
        )
    with store.reading() as r:
        row = r.draft().row("transport", "example.com")
    assert row == ("transport", "example.com", {"host": "mx", "port": 25}, "ours", False, 0, "[mx]:25", version)


def test_nothing_that_was_saved_is_live(store):
    add(store, "example.com")
    with store.reading() as r:
        assert r.live().row("relay-domain", "example.com") is None


def test_an_object_that_is_not_there_is_none(store):
    with store.reading() as r:
        assert r.draft().row("relay-domain", "example.com") is None


def test_a_new_object_has_no_comment_and_is_enabled(store):
    add(store, "example.com")
    with store.reading() as r:
        row = r.draft().row("relay-domain", "example.com")
    assert (row.comment, row.enabled) == ("", True)


def test_a_save_without_comment_and_state_keeps_them(store):
    with store.writing("a") as w:
        version = w.save("black", "192.0.2.1", {"n": 1}, base=None, comment="spammer", enabled=False)
        w.save("black", "192.0.2.1", {"n": 2}, base=version)
    with store.reading() as r:
        row = r.draft().row("black", "192.0.2.1")
    assert (row.fields, row.comment, row.enabled) == ({"n": 2}, "spammer", False)


def test_a_new_object_that_exists_already_is_a_conflict_with_what_stands(store):
    versions = add(store, "example.com")
    with pytest.raises(Conflict) as raised, store.writing("local:bob") as w:
        w.save("relay-domain", "example.com", domain("other"), base=None)
    assert standing(raised).version == versions["example.com"]


def test_a_stale_edit_is_a_conflict_with_what_stands(store):
    old = add(store, "example.com")["example.com"]
    with store.writing("local:ann") as w:
        new = w.save("relay-domain", "example.com", domain("new"), base=old)
    with pytest.raises(Conflict) as raised, store.writing("local:bob") as w:
        w.save("relay-domain", "example.com", domain("stale"), base=old)
    assert (standing(raised).fields, standing(raised).version) == (domain("new"), new)


def test_a_stale_edit_leaves_the_draft_as_it_is(store):
    old = add(store, "example.com")["example.com"]
    with store.writing("local:ann") as w:
        w.save("relay-domain", "example.com", domain("new"), base=old)
    with pytest.raises(Conflict), store.writing("local:bob") as w:  # noqa: PT012 - the first save succeeds
        w.save("relay-domain", "example.org", domain("example.org"), base=None)
        w.save("relay-domain", "example.com", domain("stale"), base=old)
    with store.reading() as r:
        assert content(r.draft()) == {("relay-domain", "example.com"): domain("new")}


def test_an_edit_of_a_removed_object_is_a_conflict_with_nothing(store):
    old = add(store, "example.com")["example.com"]
    with store.writing("local:ann") as w:
        w.delete("relay-domain", "example.com", base=old)
    with pytest.raises(Conflict) as raised, store.writing("local:bob") as w:
        w.save("relay-domain", "example.com", domain("stale"), base=old)
    assert raised.value.current is None


def test_any_version_will_do_when_asked_for(store):
    add(store, "example.com")
    with store.writing("local:bob") as w:
        w.save("relay-domain", "example.com", domain("new"), base=ANY)
    with store.reading() as r:
        assert r.draft().row("relay-domain", "example.com").fields == domain("new")


def test_a_save_that_changes_nothing_keeps_the_version(store):
    version = add(store, "example.com")["example.com"]
    with store.writing("local:bob") as w:
        again = w.save("relay-domain", "example.com", domain("example.com"), base=version)
    assert again == version


def test_a_save_that_changes_nothing_is_not_in_the_audit(store):
    version = add(store, "example.com")["example.com"]
    with store.writing("local:bob") as w:
        w.save("relay-domain", "example.com", domain("example.com"), base=version)
    with store.reading() as r:
        assert [line.actor for line in r.audit_trail()] == ["local:ann"]


def test_versions_only_grow(store):
    versions = add(store, "a.example", "b.example", "c.example")
    assert list(versions.values()) == sorted(set(versions.values()))


def test_a_removed_object_is_gone_from_the_draft(store):
    version = add(store, "example.com")["example.com"]
    with store.writing("local:ann") as w:
        w.delete("relay-domain", "example.com", base=version)
    with store.reading() as r:
        assert (r.draft().row("relay-domain", "example.com"), r.draft().count("relay-domain")) == (None, 0)


def test_a_stale_removal_is_a_conflict(store):
    old = add(store, "example.com")["example.com"]
    with store.writing("local:ann") as w:
        w.save("relay-domain", "example.com", domain("new"), base=old)
    with pytest.raises(Conflict), store.writing("local:bob") as w:
        w.delete("relay-domain", "example.com", base=old)


def test_a_removal_of_what_somebody_else_removed_is_a_conflict(store):
    old = add(store, "example.com")["example.com"]
    with store.writing("local:ann") as w:
        w.delete("relay-domain", "example.com", base=old)
    with pytest.raises(Conflict), store.writing("local:bob") as w:
        w.delete("relay-domain", "example.com", base=old)


def test_a_removal_of_what_never_was_finds_nothing(store):
    with pytest.raises(NotFound), store.writing("local:bob") as w:
        w.delete("relay-domain", "example.com", base=ANY)


def test_an_object_removed_and_added_again_is_a_new_one(store):
    old = add(store, "example.com")["example.com"]
    with store.writing("local:ann") as w:
        w.delete("relay-domain", "example.com", base=old)
    new = add(store, "example.com")["example.com"]
    assert new > old


def test_an_object_edited_twice_in_one_transaction_exists_once(store):
    with store.writing("local:ann") as w:
        first = w.save("relay-domain", "example.com", domain("first"), base=None)
        w.save("relay-domain", "example.com", domain("second"), base=first)
    with store.reading() as r:
        assert content(r.draft()) == {("relay-domain", "example.com"): domain("second")}


def test_an_object_added_and_removed_in_one_transaction_leaves_no_change(store):
    with store.writing("local:ann") as w:
        version = w.save("relay-domain", "example.com", domain("x"), base=None)
        w.delete("relay-domain", "example.com", base=version)
    with store.reading() as r:
        assert list(r.pending()) == []


def test_a_writer_sees_its_own_changes(store):
    with store.writing("local:ann") as w:
        w.save("relay-domain", "example.com", domain("x"), base=None)
        assert (keys(w.draft(), "relay-domain"), w.draft().count("relay-domain")) == (["example.com"], 1)


def test_a_block_that_ends_with_an_exception_stores_nothing(store):
    with pytest.raises(KeyError), store.writing("local:ann") as w:  # noqa: PT012 - something is written before
        w.save("relay-domain", "example.com", domain("x"), base=None)
        raise KeyError
    with store.reading() as r:
        assert (content(r.draft()), list(r.audit_trail()), r.draft().sums()) == ({}, [], {})


def test_pending_names_who_changed_what_last(store):
    version = add(store, "example.com")["example.com"]
    with store.writing("local:bob") as w:
        w.save("relay-domain", "example.com", domain("new"), base=version)
    with store.reading() as r:
        changes = [(change.key, change.old, change.new.fields, change.actor) for change in r.pending()]
    assert changes == [("example.com", None, domain("new"), "local:bob")]


def test_pending_names_who_removed_an_object(store, applied):
    applied(("relay-domain", "example.com", domain("x")))
    with store.writing("local:bob") as w:
        w.delete("relay-domain", "example.com", base=ANY)
    with store.reading() as r:
        changes = [(change.key, change.old.fields, change.new, change.actor) for change in r.pending()]
    assert changes == [("example.com", domain("x"), None, "local:bob")]


def test_pending_tells_when(store):
    add(store, "example.com")
    with store.reading() as r:
        assert [change.at for change in r.pending()] == [line.at for line in r.audit_trail()]


def test_what_was_changed_and_changed_back_is_not_pending(store, applied):
    applied(("relay-domain", "example.com", domain("x")))
    with store.writing("local:bob") as w:
        w.save("relay-domain", "example.com", domain("y"), base=ANY)
    with store.writing("local:bob") as w:
        w.save("relay-domain", "example.com", domain("x"), base=ANY)
    with store.reading() as r:
        assert list(r.pending()) == []


def test_a_discarded_addition_is_gone(store):
    add(store, "example.com")
    with store.writing("local:bob") as w:
        assert w.discard("relay-domain", "example.com")
    with store.reading() as r:
        assert (content(r.draft()), list(r.pending())) == ({}, [])


def test_a_discarded_edit_gives_the_live_content_back(store, applied):
    applied(("relay-domain", "example.com", domain("x")))
    with store.writing("local:bob") as w:
        w.save("relay-domain", "example.com", domain("y"), base=ANY)
        w.discard("relay-domain", "example.com")
    with store.reading() as r:
        assert (content(r.draft()), list(r.pending())) == (content(r.live()), [])


def test_a_discarded_removal_brings_the_object_back(store, applied):
    applied(("relay-domain", "example.com", domain("x")))
    with store.writing("local:bob") as w:
        w.delete("relay-domain", "example.com", base=ANY)
    with store.writing("local:bob") as w:
        w.discard("relay-domain", "example.com")
    with store.reading() as r:
        assert content(r.draft()) == content(r.live())


def test_discarding_where_nothing_is_pending_does_nothing(store, applied):
    applied(("relay-domain", "example.com", domain("x")))
    with store.writing("local:bob") as w:
        assert not w.discard("relay-domain", "example.com")


def test_discarding_one_object_leaves_the_others_pending(store):
    add(store, "a.example", "b.example")
    with store.writing("local:bob") as w:
        w.discard("relay-domain", "a.example")
    with store.reading() as r:
        assert [change.key for change in r.pending()] == ["b.example"]


def test_discarding_all_gives_the_live_state_back(store, applied):
    applied(("black", "1", {"n": 1}), ("black", "2", {"n": 2}), ("black", "3", {"n": 3}))
    with store.writing("local:bob") as w:
        w.save("black", "1", {"n": 10}, base=ANY)
        w.delete("black", "2", base=ANY)
        w.save("white", "4", {"n": 4}, base=None)
    with store.writing("local:bob") as w:
        w.save("black", "1", {"n": 11}, base=ANY)
        assert w.discard_all()
    with store.reading() as r:
        assert (content(r.draft()), r.draft().digest(), list(r.pending())) == (content(r.live()), r.live().digest(), [])


def test_discarding_all_where_nothing_is_pending_does_nothing(store):
    with store.writing("local:bob") as w:
        assert not w.discard_all()
    with store.reading() as r:
        assert list(r.audit_trail()) == []


@pytest.mark.parametrize("where", ["key", "comment", "tag"])
def test_a_nul_character_is_refused(store, where):
    words = {"key": "a", "comment": "b", "tag": "c"} | {where: "x\0y"}
    with pytest.raises(InvalidValue), store.writing("a") as w:
        w.save("black", words["key"], {}, base=None, comment=words["comment"], tag=words["tag"])


def test_a_nul_character_inside_a_value_is_kept(store):
    with store.writing("a") as w:
        w.save("black", "k", {"text": "a\0b"}, base=None)
    with store.reading() as r:
        assert r.draft().row("black", "k").fields == {"text": "a\0b"}


def test_a_key_too_long_for_an_index_is_refused(store):
    with pytest.raises(InvalidValue), store.writing("a") as w:
        w.save("black", "ä" * 513, {}, base=None)


def test_the_longest_key_is_possible(store):
    key = "".join(chr(0x100 + number) for number in range(512))
    with store.writing("a") as w:
        w.save("black", key, {}, base=None, tag=key)
    with store.reading() as r:
        assert keys(r.draft(), "black") == [key]
