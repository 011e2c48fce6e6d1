from __future__ import annotations

import tracemalloc

import pytest
from tests.store.states import content, keys, recomputed

from sealgate.store import ANY


def rows(names, **fields):
    return [(name, {"name": name, **fields}, None, None, None) for name in names]


def names(count):
    return [f"{number:05}" for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, 49, 51, 4001])
def test_an_import_adds_every_row(store, count):
    with store.writing("a") as w:
        assert w.save_many("black", rows(names(count))) == count
    with store.reading() as r:
        assert (keys(r.draft(), "black"), r.draft().count("black")) == (names(count), count)


def test_an_import_in_any_order_adds_every_row(store):
    shuffled = sorted(names(4001), key=lambda name: name[::-1])
    with store.writing("a") as w:
        w.save_many("black", rows(shuffled))
    with store.reading() as r:
        assert keys(r.draft(), "black") == names(4001)


def test_an_import_replaces_what_stands(store, applied):
    applied(("black", "00001", {"n": 1}), ("black", "zz", {"n": 1}))
    with store.writing("a") as w:
        assert w.save_many("black", rows(names(3), n=2)) == 3
        assert content(w.draft())["black", "00001"] == {"name": "00001", "n": 2}
        assert keys(w.draft(), "black") == [*names(3), "zz"]


def test_a_second_import_of_the_same_changes_nothing(store):
    with store.writing("a") as w:
        w.save_many("black", rows(names(60)))
    with store.writing("a") as w:
        assert w.save_many("black", rows(names(60))) == 0


def test_an_import_that_changes_nothing_is_not_in_the_audit(store):
    with store.writing("a") as w:
        w.save_many("black", [])
    with store.reading() as r:
        assert list(r.audit_trail()) == []


@pytest.mark.parametrize("apart", [0, 2500])
def test_of_equal_keys_the_last_counts(store, apart):
    with store.writing("a") as w:
        w.save_many("black", [*rows(["k"], n=1), *rows([f"k{n:05}" for n in range(apart)]), *rows(["k"], n=2)])
    with store.reading() as r:
        assert r.draft().row("black", "k").fields == {"name": "k", "n": 2}


def test_an_import_that_is_replaced_leaves_nothing_behind(store, applied):
    for n in range(3):
        with store.writing("a") as w:
            w.save_many("black", rows(names(100), n=n))
    applied()
    with store.reading() as r:
        assert sum(len(list(r.object_history("black", name))) for name in names(100)) == 100


def test_the_sums_after_an_import_are_those_of_the_rows(store, applied):
    applied(("black", "00001", {"n": 1}), ("rbl", "a", {}))
    with store.writing("a") as w:
        w.save_many("black", rows(names(3000)))
        w.save_many("rbl", rows(["b", "a"]))
        w.delete_many("black", names(1000))
        assert w.draft().sums() == recomputed(w.draft())


def test_a_failed_import_leaves_nothing(store):
    def source():
        yield from rows(names(5000))
        raise KeyError

    with pytest.raises(KeyError), store.writing("a") as w:
        w.save_many("black", source())
    with store.reading() as r:
        assert (r.draft().count("black"), keys(r.draft(), "black")) == (0, [])


def test_many_can_be_removed_at_once(store):
    with store.writing("a") as w:
        w.save_many("black", rows(names(3000)))
    with store.writing("a") as w:
        assert w.delete_many("black", [*names(2500), "unknown"]) == 2500
    with store.reading() as r:
        assert keys(r.draft(), "black") == names(3000)[2500:]


def test_removing_nothing_is_not_in_the_audit(store):
    with store.writing("a") as w:
        w.delete_many("black", ["unknown"])
    with store.reading() as r:
        assert list(r.audit_trail()) == []


def test_a_large_revision_can_be_restored(store, applied):
    with store.writing("a") as w:
        w.save_many("black", rows(names(2500)))
        w.save_many("white", rows(names(2500)))
    one = applied()
    with store.writing("a") as w:
        w.delete_many("black", names(2500))
        w.save_many("white", rows(names(2500), n=1))
        w.save_many("transport", rows(names(2500)))
        w.promote(w.candidate().candidate, "", {})
        assert w.restore(one) == 7500
        assert (w.draft().digest(), w.draft().sums().keys()) == (w.revision(one).digest(), w.draft().sums().keys())


def test_a_large_import_can_be_discarded(store, applied):
    with store.writing("a") as w:
        w.save_many("black", rows(names(3000)))
    applied()
    with store.writing("a") as w:
        w.save_many("black", rows(names(2000), n=1))
        w.delete_many("black", names(3000)[2500:])
        w.save_many("white", rows(names(3000)))
    with store.writing("a") as w:
        w.discard_all()
    with store.reading() as r:
        assert (r.draft().digest(), recomputed(r.draft())) == (r.live().digest(), recomputed(r.live()))


def test_an_edit_after_a_discarded_import_stands(store, applied):
    with store.writing("a") as w:
        w.save_many("black", rows(names(100)))
        w.discard_all()
        w.save("black", "00001", {"n": 1}, base=None)
        assert (content(w.draft()), recomputed(w.draft())) == (
            {("black", "00001"): {"n": 1}},
            {n: s for n, s in w.draft().sums().items() if s.count},
        )


def test_an_import_holds_a_few_thousand_rows_at_a_time(tmp_path):
    from sealgate.store import Store

    def source():
        for number in range(60_000):
            yield f"{number:06}", {"name": "x" * 100}, None, None, None

    with Store.open(f"sqlite:///{tmp_path}/big.db") as store, store.writing("a") as w:
        w.save("black", "first", {}, base=ANY)
        tracemalloc.start()
        try:
            w.save_many("black", source())
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 16 * 1024 * 1024


def test_postgresql_plans_by_what_was_imported(server):
    from sealgate.store import Store

    name, address = server.fresh()
    with Store.open(address) as store, store.writing("a") as w:
        w.save_many("black", rows(names(10_000)))
    with server.connect(name) as connection:
        known = connection.execute("SELECT reltuples FROM pg_class WHERE relname = 'object'").fetchone()
    server.drop(name)
    assert known == (10_000,)
