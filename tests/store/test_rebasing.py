"""A revision that does not come from the draft: what was in force with one row changed, and the draft on top of it."""

from __future__ import annotations

import pytest
from tests.store.states import content, recomputed

from sealgate.model.digest import state_digest
from sealgate.model.errors import Conflict, NotFound
from sealgate.store import ANY


def edit(store, key, n, noun="black", who="local:bob"):
    with store.writing(who) as w:
        return w.save(noun, key, {"n": n}, base=ANY)


def replace(store, key, n, digest=None):
    """Make a revision of what is in force with one row changed; returns its number."""
    with store.reading() as r:
        old = r.live().row("black", key)
        changed = old._replace(fields={"n": n})
        judged = state_digest(r.live().sums_with(changed)) if digest is None else digest
    with store.writing("system:providers") as w:
        return w.promote_on_live(changed, judged, "list", {})


def pending(store):
    with store.reading() as r:
        return [(c.key, c.old and c.old.fields["n"], c.new and c.new.fields["n"], c.actor) for c in r.pending()]


def test_the_draft_follows_where_nobody_touched_the_row(store, applied):
    applied(("black", "1", {"n": 1}))
    number = replace(store, "1", 2)

    assert pending(store) == []
    with store.reading() as r:
        assert content(r.revision(number)) == content(r.draft()) == {("black", "1"): {"n": 2}}


def test_what_is_pending_stays_so_with_its_author(store, applied):
    applied(("black", "1", {"n": 1}), ("black", "2", {"n": 1}))
    edit(store, "2", 5)
    edit(store, "3", 6, who="local:carl")
    number = replace(store, "1", 2)

    assert pending(store) == [("2", 1, 5, "local:bob"), ("3", None, 6, "local:carl")]
    with store.reading() as r:
        assert content(r.revision(number)) == {("black", "1"): {"n": 2}, ("black", "2"): {"n": 1}}
        assert recomputed(r.draft()) == r.draft().sums()


def test_a_person_s_edit_of_the_row_stays(store, applied):
    applied(("black", "1", {"n": 1}))
    edit(store, "1", 9)
    replace(store, "1", 2)

    assert pending(store) == [("1", 2, 9, "local:bob")]


def test_a_removal_that_is_pending_stays(store, applied):
    applied(("black", "1", {"n": 1}))
    with store.writing("local:bob") as w:
        w.delete("black", "1", base=ANY)
    replace(store, "1", 2)

    assert pending(store) == [("1", 2, None, "local:bob")]


def test_after_a_rollback_it_stands_on_what_is_in_force(store, applied):
    first = applied(("black", "1", {"n": 1}), ("white", "a", {"n": 1}))
    applied(("white", "a", {"n": 2}))
    with store.writing("local:ann") as w:
        w.set_in_force(first)
    number = replace(store, "1", 2)

    with store.reading() as r:
        assert content(r.revision(number)) == {("black", "1"): {"n": 2}, ("white", "a"): {"n": 1}}
        assert content(r.draft()) == {("black", "1"): {"n": 2}, ("white", "a"): {"n": 2}}
    assert pending(store) == [("a", 1, 2, "local:ann")]


def test_it_can_be_done_again_and_again(store, applied):
    applied(("black", "1", {"n": 1}))
    edit(store, "2", 5)
    for n in range(2, 12):
        replace(store, "1", n)

    with store.reading() as r:
        assert [content(r.revision(number))["black", "1"]["n"] for number in range(1, 12)] == list(range(1, 12))
        assert r.last_edit < 100
    assert pending(store) == [("2", None, 5, "local:bob")]


def test_the_author_is_who_did_it(store, applied):
    applied(("black", "1", {"n": 1}))
    edit(store, "2", 5)
    number = replace(store, "1", 2)

    with store.reading() as r:
        assert r.about(number).actor == "system:providers"
        assert [(v.actor, v.revision) for v in r.object_history("black", "1")] == [
            ("local:ann", 1),
            ("system:providers", 2),
        ]


def test_what_was_not_judged_is_not_taken(store, applied):
    applied(("black", "1", {"n": 1}))
    edit(store, "2", 5)
    with pytest.raises(Conflict):
        replace(store, "1", 2, digest="0" * 64)

    assert pending(store) == [("2", None, 5, "local:bob")]


def test_a_row_that_is_not_in_force_is_not_found(store, applied):
    applied(("black", "1", {"n": 1}))
    edit(store, "2", 5)
    with store.reading() as r:
        changed = r.draft().row("black", "2")
    with pytest.raises(NotFound), store.writing("system:providers") as w:
        w.promote_on_live(changed, "", "list", {})


def test_a_candidate_from_before_is_refused(store, applied):
    applied(("black", "1", {"n": 1}))
    edit(store, "2", 5)
    with store.reading() as r:
        candidate = r.candidate().candidate
    replace(store, "1", 2)
    with pytest.raises(Conflict), store.writing("local:bob") as w:
        w.promote(candidate, "", {})


def test_the_audit_goes_on_unbroken(store, applied):
    applied(("black", "1", {"n": 1}))
    edit(store, "2", 5)
    replace(store, "1", 2)

    with store.reading() as r:
        assert r.verify_audit() is None
