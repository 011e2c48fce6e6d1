from __future__ import annotations

import pytest
from tests.store.states import content, recomputed, whole

from sealgate.model.errors import Conflict, NotFound, Refused
from sealgate.store import ANY, Candidate


def edit(store, noun, key, fields):
    with store.writing("local:bob") as w:
        return w.save(noun, key, fields, base=ANY)


def remove(store, noun, key):
    with store.writing("local:bob") as w:
        w.delete(noun, key, base=ANY)


def test_a_revision_is_the_draft_as_it_was(store, applied):
    number = applied(("black", "1", {"n": 1}), ("white", "2", {"n": 2}))
    edit(store, "black", "1", {"n": 10})
    with store.reading() as r:
        assert content(r.revision(number)) == {("black", "1"): {"n": 1}, ("white", "2"): {"n": 2}}


def test_revisions_are_numbered_from_one(applied):
    assert [applied(("black", "1", {"n": n})) for n in range(3)] == [1, 2, 3]


def test_a_revision_can_be_made_without_a_change(applied):
    assert [applied(), applied()] == [1, 2]


def test_nothing_is_pending_after_a_revision(store, applied):
    applied(("black", "1", {"n": 1}))
    with store.reading() as r:
        assert list(r.pending()) == []


def test_a_revision_keeps_the_versions_of_objects(store, applied):
    version = edit(store, "black", "1", {"n": 1})
    applied()
    with store.reading() as r:
        assert (r.live().row("black", "1").version, r.draft().row("black", "1").version) == (version, version)


def test_edits_after_the_candidate_stay_pending(store):
    edit(store, "black", "1", {"n": 1})
    edit(store, "black", "2", {"n": 2})
    with store.reading() as r:
        candidate = r.candidate().candidate
    edit(store, "black", "1", {"n": 10})
    remove(store, "black", "2")
    edit(store, "black", "3", {"n": 3})
    with store.writing("local:ann") as w:
        w.promote(candidate, "", {})
    with store.reading() as r:
        pending = [(c.key, c.old and c.old.fields, c.new and c.new.fields) for c in r.pending()]
    assert pending == [("1", {"n": 1}, {"n": 10}), ("2", {"n": 2}, None), ("3", None, {"n": 3})]


def test_a_candidate_shows_the_draft_as_it_was_taken_while_editing_goes_on(store):
    edit(store, "black", "1", {"n": 1})
    with store.reading() as r:
        candidate = r.candidate().candidate
    edit(store, "black", "1", {"n": 10})
    edit(store, "black", "2", {"n": 2})
    with store.reading() as r:
        assert content(r.candidate(candidate)) == {("black", "1"): {"n": 1}}


def test_a_candidate_is_whole_although_its_changes_were_discarded_since(store, applied):
    applied(("black", "1", {"n": 1}))
    edit(store, "black", "1", {"n": 10})
    edit(store, "black", "2", {"n": 2})
    with store.reading() as r:
        candidate = r.candidate().candidate
    with store.writing("local:bob") as w:
        w.discard("black", "1")
    with store.writing("local:bob") as w:
        w.discard_all()
    with store.writing("local:ann") as w:
        w.promote(candidate, "", {})
    with store.reading() as r:
        live, draft = content(r.live()), content(r.draft())
    assert (live, draft) == ({("black", "1"): {"n": 10}, ("black", "2"): {"n": 2}}, {("black", "1"): {"n": 1}})


def test_a_candidate_is_whole_although_the_same_transaction_edits_on(store):
    with store.writing("local:ann") as w:
        w.save("black", "1", {"n": 1}, base=None)
        candidate = w.candidate().candidate
        w.save("black", "1", {"n": 2}, base=ANY)
        w.delete("black", "1", base=ANY)
        w.promote(candidate, "", {})
    with store.reading() as r:
        assert (content(r.live()), content(r.draft())) == ({("black", "1"): {"n": 1}}, {})


def test_the_digest_of_a_candidate_is_that_of_its_rows(store):
    edit(store, "black", "1", {"n": 1})
    edit(store, "rbl", "a", {"n": 1})
    with store.reading() as r:
        candidate = r.candidate().candidate
    edit(store, "black", "1", {"n": 10})
    remove(store, "rbl", "a")
    with store.reading() as r:
        view = r.candidate(candidate)
        assert (view.digest(), {n: s for n, s in view.sums().items() if s.count}) == (
            candidate.digest,
            recomputed(view),
        )


def test_equal_states_have_equal_digests(store, applied):
    applied(("black", "1", {"n": 1}))
    edit(store, "black", "1", {"n": 2})
    edit(store, "black", "1", {"n": 1})
    with store.reading() as r:
        assert r.draft().digest() == r.live().digest()


def test_different_states_have_different_digests(store, applied):
    applied(("black", "1", {"n": 1}))
    edit(store, "black", "1", {"n": 2})
    with store.reading() as r:
        assert r.draft().digest() != r.live().digest()


def test_only_a_candidate_has_a_name(store):
    with store.reading() as r, pytest.raises(TypeError):
        _ = r.draft().candidate


def test_a_candidate_taken_before_another_revision_cannot_be_made_one(store, applied):
    edit(store, "black", "1", {"n": 1})
    with store.reading() as r:
        candidate = r.candidate().candidate
    applied()
    with pytest.raises(Conflict), store.writing("local:ann") as w:
        w.promote(candidate, "", {})


def test_a_candidate_taken_before_another_revision_cannot_be_looked_at(store, applied):
    edit(store, "black", "1", {"n": 1})
    with store.reading() as r:
        candidate = r.candidate().candidate
    applied()
    with store.reading() as r, pytest.raises(Conflict):
        r.candidate(candidate)


def test_a_candidate_with_another_digest_is_refused(store):
    edit(store, "black", "1", {"n": 1})
    with store.reading() as r:
        candidate = r.candidate().candidate
    with pytest.raises(Refused), store.writing("local:ann") as w:
        w.promote(Candidate(candidate.parent, candidate.limit, "0" * 64), "", {})


def test_a_refused_revision_leaves_no_trace(store):
    edit(store, "black", "1", {"n": 1})
    with pytest.raises(Refused), store.writing("local:ann") as w:
        w.promote(Candidate(0, 1, "0" * 64), "", {})
    with store.reading() as r:
        assert (list(r.history()), r.newest, [line.verb for line in r.audit_trail()]) == ([], 0, ["save"])


def test_a_revision_keeps_author_origin_comment_and_report(store):
    with store.writing("local:ann", origin="192.0.2.7") as w:
        w.promote(w.candidate().candidate, "for the new customer", {"grade": "full"}, state="on-watch")
    with store.reading() as r:
        about = r.about(1)
        assert (about.actor, about.origin, about.comment, about.state, about.parent, r.report(1)) == (
            "local:ann",
            "192.0.2.7",
            "for the new customer",
            "on-watch",
            0,
            {"grade": "full"},
        )


def test_the_state_of_a_revision_can_change(store, applied):
    applied()
    with store.writing("agent") as w:
        w.set_revision_state(1, "confirmed", "all probes passed")
    with store.reading() as r:
        assert (r.about(1).state, r.about(1).detail) == ("confirmed", "all probes passed")


def test_the_newest_revision_is_in_force(store, applied):
    applied()
    applied()
    with store.reading() as r:
        assert (r.newest, r.in_force) == (2, 2)


def test_after_a_rollback_the_older_revision_is_live_and_the_draft_stands_on_the_newest(store, applied):
    applied(("black", "1", {"n": 1}))
    applied(("black", "1", {"n": 2}))
    with store.writing("agent") as w:
        w.set_in_force(1)
    with store.reading() as r:
        assert (content(r.live()), r.newest, list(r.pending())) == ({("black", "1"): {"n": 1}}, 2, [])


@pytest.mark.parametrize(
    "ask",
    [
        lambda w: w.about(7),
        lambda w: w.report(7),
        lambda w: w.set_revision_state(7, "confirmed"),
        lambda w: w.set_in_force(7),
        lambda w: w.restore(7),
        lambda w: w.restore_object("black", "1", 7),
        lambda w: w.compare(0, 7),
    ],
)
def test_a_revision_that_was_never_made_is_not_found(store, ask):
    with pytest.raises(NotFound), store.writing("local:ann") as w:
        ask(w)


def test_the_history_is_newest_first_in_pages(store, applied):
    for _ in range(5):
        applied()
    with store.reading() as r:
        numbers = [[line.number for line in r.history(limit=2)], [line.number for line in r.history(before=4, limit=2)]]
        assert (numbers, [line.number for line in r.history()]) == ([[5, 4], [3, 2]], [5, 4, 3, 2, 1])


def test_comparing_tells_what_was_added_changed_and_removed(store, applied):
    one = applied(("black", "same", {}), ("black", "changed", {"n": 1}), ("black", "gone", {}))
    remove(store, "black", "gone")
    two = applied(("black", "changed", {"n": 2}), ("black", "new", {}))
    with store.reading() as r:
        told = [(c.key, c.old and c.old.fields, c.new and c.new.fields) for c in r.compare(one, two)]
    assert told == [("changed", {"n": 1}, {"n": 2}), ("gone", {}, None), ("new", None, {})]


def test_comparing_the_other_way_round_tells_the_opposite(store, applied):
    one = applied(("black", "changed", {"n": 1}), ("black", "gone", {}))
    remove(store, "black", "gone")
    two = applied(("black", "changed", {"n": 2}), ("white", "new", {}))
    with store.reading() as r:
        there, back = list(r.compare(one, two)), list(r.compare(two, one))
    assert [(c.noun, c.key, c.new, c.old) for c in there] == [tuple(c) for c in back]


def test_a_state_does_not_differ_from_itself(store, applied):
    one = applied(("black", "1", {}))
    with store.reading() as r:
        assert list(r.compare(one, one)) == []


def test_comparing_over_several_revisions_tells_the_sum(store, applied):
    one = applied(("black", "1", {"n": 1}))
    applied(("black", "1", {"n": 2}), ("black", "brief", {}))
    remove(store, "black", "brief")
    three = applied(("black", "1", {"n": 3}))
    with store.reading() as r:
        assert [(c.key, c.old.fields, c.new.fields) for c in r.compare(one, three)] == [("1", {"n": 1}, {"n": 3})]


def test_views_and_candidates_can_be_compared(store, applied):
    applied(("black", "1", {"n": 1}))
    edit(store, "black", "1", {"n": 2})
    with store.reading() as r:
        candidate = r.candidate()
        ways = [r.compare(r.live(), r.draft()), r.compare(1, candidate), r.compare(r.live(), candidate.candidate)]
        assert [[c.key for c in way] for way in ways] == [["1"]] * 3


def test_a_change_of_order_is_a_change(store, applied):
    applied(("rbl", "a", {}), ("rbl", "b", {}))
    with store.writing("a") as w:
        w.move("rbl", "b", before="a")
    with store.reading() as r:
        assert [c.key for c in r.compare(1, r.draft())] == ["b"]


def test_a_restored_revision_fills_the_draft(store, applied):
    one = applied(("black", "1", {"n": 1}), ("rbl", "a", {}), ("rbl", "b", {}))
    remove(store, "rbl", "a")
    applied(("black", "1", {"n": 2}), ("white", "new", {}))
    with store.writing("local:ann") as w:
        assert w.restore(one) == 3
    with store.reading() as r:
        draft, then = r.draft(), r.revision(one)
        assert (whole(draft), draft.digest(), r.live().digest() != draft.digest()) == (whole(then), then.digest(), True)


def test_restoring_leaves_other_pending_changes(store, applied):
    one = applied(("black", "1", {"n": 1}), ("black", "2", {"n": 2}))
    applied(("black", "1", {"n": 10}))
    edit(store, "black", "2", {"n": 20})
    with store.writing("local:ann") as w:
        w.restore(one)
    with store.reading() as r:
        assert content(r.draft()) == {("black", "1"): {"n": 1}, ("black", "2"): {"n": 20}}


def test_restoring_replaces_pending_changes_of_the_same_objects(store, applied):
    one = applied(("black", "1", {"n": 1}))
    applied(("black", "1", {"n": 2}), ("black", "new", {}))
    edit(store, "black", "1", {"n": 3})
    edit(store, "black", "new", {"n": 3})
    with store.writing("local:ann") as w:
        w.restore(one)
    with store.reading() as r:
        assert content(r.draft()) == {("black", "1"): {"n": 1}}


def test_restoring_the_newest_revision_changes_nothing(store, applied):
    one = applied(("black", "1", {"n": 1}))
    with store.writing("local:ann") as w:
        assert w.restore(one) == 0


def test_restoring_nothing_empties_the_draft(store, applied):
    applied(("black", "1", {"n": 1}), ("rbl", "a", {}))
    with store.writing("local:ann") as w:
        w.restore(0)
    with store.reading() as r:
        assert (content(r.draft()), recomputed(r.draft())) == ({}, {})


def test_one_object_can_be_restored(store, applied):
    one = applied(("rbl", "a", {"n": 1}), ("rbl", "b", {"n": 1}))
    applied(("rbl", "a", {"n": 2}), ("rbl", "b", {"n": 2}))
    with store.writing("local:ann") as w:
        version = w.restore_object("rbl", "a", one)
        assert (w.draft().row("rbl", "a").fields, w.draft().row("rbl", "a").version) == ({"n": 1}, version)


def test_restoring_one_object_leaves_the_others(store, applied):
    one = applied(("rbl", "a", {"n": 1}), ("rbl", "b", {"n": 1}))
    applied(("rbl", "a", {"n": 2}), ("rbl", "b", {"n": 2}))
    with store.writing("local:ann") as w:
        w.restore_object("rbl", "a", one)
        assert [change.key for change in w.pending()] == ["a"]


def test_an_object_restored_to_before_its_time_is_removed(store, applied):
    one = applied()
    applied(("rbl", "a", {"n": 2}))
    with store.writing("local:ann") as w:
        assert w.restore_object("rbl", "a", one) is None
        assert content(w.draft()) == {}


def test_a_stale_restore_of_an_object_is_a_conflict(store, applied):
    one = applied(("black", "1", {"n": 1}))
    edit(store, "black", "1", {"n": 2})
    with store.reading() as r:
        old = r.live().row("black", "1").version
    with pytest.raises(Conflict), store.writing("local:ann") as w:
        w.restore_object("black", "1", one, base=old)


def steps(store, noun, key):
    with store.reading() as r:
        return [(s.stored and s.stored.fields, s.actor, s.revision) for s in r.object_history(noun, key)]


def test_the_history_of_an_object_tells_each_step(store, applied):
    edit(store, "black", "1", {"n": 1})
    applied()
    edit(store, "black", "1", {"n": 2})
    applied(("white", "other", {}))
    remove(store, "black", "1")
    applied()
    edit(store, "black", "1", {"n": 3})
    assert steps(store, "black", "1") == [
        ({"n": 1}, "local:bob", 1),
        ({"n": 2}, "local:bob", 2),
        (None, "local:bob", 3),
        ({"n": 3}, "local:bob", None),
    ]


def test_the_history_leaves_out_what_nobody_applied(store, applied):
    applied(("black", "1", {"n": 1}))
    edit(store, "black", "1", {"n": 2})
    edit(store, "black", "1", {"n": 3})
    applied()
    assert [step[0] for step in steps(store, "black", "1")] == [{"n": 1}, {"n": 3}]


def test_the_history_leaves_out_what_was_discarded(store, applied):
    applied(("black", "1", {"n": 1}))
    edit(store, "black", "1", {"n": 2})
    with store.writing("a") as w:
        w.discard("black", "1")
    assert steps(store, "black", "1") == [({"n": 1}, "local:ann", 1)]


def test_the_history_leaves_out_a_removal_that_was_discarded(store, applied):
    applied(("black", "1", {"n": 1}))
    remove(store, "black", "1")
    with store.writing("a") as w:
        w.discard_all()
    applied()
    assert steps(store, "black", "1") == [({"n": 1}, "local:ann", 1)]


def test_the_history_knows_who_removed_what_was_edited_before(store, applied):
    applied(("black", "1", {"n": 1}))
    edit(store, "black", "1", {"n": 2})
    with store.writing("local:carl") as w:
        w.delete("black", "1", base=ANY)
    applied()
    assert steps(store, "black", "1") == [({"n": 1}, "local:ann", 1), (None, "local:carl", 2)]


def test_an_object_that_never_was_has_no_history(store):
    assert steps(store, "black", "1") == []


def test_many_edits_in_one_draft_are_one_step_of_the_revision(store, applied):
    applied(("black", "1", {"n": 0}))
    for n in range(1, 6):
        edit(store, "black", "1", {"n": n})
    applied()
    with store.reading() as r:
        assert len(list(r.object_history("black", "1"))) == 2
