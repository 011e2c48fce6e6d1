from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.states import keys, recomputed

from sealgate.model.errors import Conflict, InvalidValue, NotFound
from sealgate.store import ANY, Store


@pytest.fixture
def abc(store):
    with store.writing("a") as w:
        for key in "abc":
            w.save("rbl", key, {"zone": key}, base=None)
    return store


def moved(store, key, **where):
    with store.writing("b") as w:
        version = w.move("rbl", key, **where)
    with store.reading() as r:
        assert r.draft().row("rbl", key).version == version
        return keys(r.draft(), "rbl")


def test_new_rows_go_to_the_end(abc):
    with abc.reading() as r:
        assert keys(r.draft(), "rbl") == ["a", "b", "c"]


def test_rows_of_unordered_nouns_have_no_position(store):
    with store.writing("a") as w:
        w.save("black", "k", {}, base=None, position=7)
    with store.reading() as r:
        assert r.draft().row("black", "k").position == 0


@pytest.mark.parametrize(
    ("where", "order"),
    [
        ({"before": "a"}, ["c", "a", "b"]),
        ({"before": "b"}, ["a", "c", "b"]),
        ({"after": "a"}, ["a", "c", "b"]),
        ({"after": "b"}, ["a", "b", "c"]),
        ({}, ["a", "b", "c"]),
        ({"before": "c"}, ["a", "b", "c"]),
    ],
)
def test_a_row_moves_where_it_is_told(abc, where, order):
    assert moved(abc, "c", **where) == order


def test_the_first_row_moves_to_the_end(abc):
    assert moved(abc, "a") == ["b", "c", "a"]


def test_a_move_edits_one_row(abc, applied):
    applied()
    moved(abc, "c", before="a")
    with abc.reading() as r:
        assert [change.key for change in r.pending()] == ["c"]


def test_a_row_added_after_a_move_goes_to_the_end(abc):
    moved(abc, "a")
    with abc.writing("a") as w:
        w.save("rbl", "d", {}, base=None)
        w.move("rbl", "b")
        w.save("rbl", "e", {}, base=None)
        assert keys(w.draft(), "rbl") == ["c", "a", "d", "b", "e"]


def test_a_stale_move_is_a_conflict(abc):
    with abc.reading() as r:
        old = r.draft().row("rbl", "a").version
    moved(abc, "a")
    with pytest.raises(Conflict), abc.writing("b") as w:
        w.move("rbl", "a", base=old)


@pytest.mark.parametrize(("key", "where"), [("x", {}), ("a", {"before": "x"}), ("a", {"after": "x"})])
def test_a_move_of_or_to_what_is_not_there_finds_nothing(abc, key, where):
    with pytest.raises(NotFound), abc.writing("b") as w:
        w.move("rbl", key, **where)


def test_there_is_nothing_to_move_where_order_means_nothing(store, applied):
    applied(("black", "k", {}))
    with pytest.raises(InvalidValue), store.writing("b") as w:
        w.move("black", "k")


def test_an_edit_keeps_the_place(abc):
    with abc.writing("b") as w:
        w.save("rbl", "b", {"zone": "new"}, base=ANY)
        assert keys(w.draft(), "rbl") == ["a", "b", "c"]


def test_a_whole_order_can_be_given(abc):
    with abc.writing("b") as w:
        w.save_many("rbl", [("x", {"zone": "x"}, None, None, None)])
        w.arrange("rbl", ["c", "x", "b", "a"])
        assert keys(w.draft(), "rbl") == ["c", "x", "b", "a"]


def test_an_order_that_stands_already_edits_nothing(abc):
    with abc.writing("b") as w:
        before = [row.version for row in w.draft().rows("rbl")]

        assert w.arrange("rbl", ["a", "b", "c"]) == 0
        assert [row.version for row in w.draft().rows("rbl")] == before


def test_one_row_out_of_order_is_one_edit(abc):
    with abc.writing("b") as w:
        assert w.arrange("rbl", ["c", "a", "b"]) == 1
        assert keys(w.draft(), "rbl") == ["c", "a", "b"]


@given(wanted=st.permutations("abcdefgh"), moves=st.lists(st.sampled_from("abcdefgh"), max_size=8))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_is_reached(store, wanted, moves):
    with store.writing("a") as w:
        w.delete_many("rbl", "abcdefgh")
        w.save_many("rbl", [(key, {}, None, None, None) for key in "abcdefgh"])
        for key in moves:
            w.move("rbl", key, before=wanted[0] if key != wanted[0] else wanted[1])
        w.arrange("rbl", wanted)

        assert (keys(w.draft(), "rbl"), recomputed(w.draft())) == (wanted, w.draft().sums())


def test_a_whole_order_is_spread_anew_where_gaps_are_used_up(tmp_path):
    with Store.open(f"sqlite:///{tmp_path}/gaps.db", ordered=["rbl"]) as store, store.writing("a") as w:
        for place, key in enumerate("abc", 1):
            w.save("rbl", key, {}, base=None, position=place)
        w.arrange("rbl", ["c", "b", "a"])

        assert keys(w.draft(), "rbl") == ["c", "b", "a"]


def test_an_import_without_an_order_keeps_places(abc):
    with abc.writing("b") as w:
        w.save_many("rbl", [(key, {"zone": "new"}, None, None, None) for key in "cxb"])
        assert keys(w.draft(), "rbl") == ["a", "b", "c", "x"]


@pytest.mark.parametrize("store_url", ["sqlite"])
def test_room_is_made_where_a_gap_is_used_up(tmp_path, store_url):
    with Store.open(f"{store_url}:///{tmp_path}/gaps.db", ordered=["rbl"]) as store, store.writing("a") as w:
        for key in ("first", "last"):
            w.save("rbl", key, {}, base=None)
        names = [f"{number:03}" for number in range(100)]
        for name in names:
            w.save("rbl", name, {}, base=None)
            w.move("rbl", name, before="last")
        assert keys(w.draft(), "rbl") == ["first", *names, "last"]


def test_making_room_leaves_distant_rows_alone(store):
    with store.writing("a") as w:
        for number in range(50):
            w.save("rbl", f"{number:02}", {}, base=None)
        w.promote(w.candidate().candidate, "", {})
        for number in range(25):
            w.save("rbl", f"new{number:02}", {}, base=None)
            w.move("rbl", f"new{number:02}", before="01")
        touched = [change.key for change in w.pending() if change.old is not None]
    assert 0 < len(touched) < 10


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), max_size=60))
def test_any_moves_give_the_order_that_a_list_would_have(store, moves):
    names = list("abcdef")
    order = list(names)
    with store.writing("a") as w:
        w.delete_many("rbl", names)
        for name in names:
            w.save("rbl", name, {}, base=None)
        for key, other, before in moves:
            if key == other:
                continue
            order.remove(names[key])
            order.insert(order.index(names[other]) + (not before), names[key])
            w.move("rbl", names[key], **{"before" if before else "after": names[other]})
        assert (keys(w.draft(), "rbl"), recomputed(w.draft())) == (order, w.draft().sums())
