"""What a piece of work costs must not grow with the rows that it does not concern.

Measured in work, not in time: on SQLite the steps of its virtual machine, on PostgreSQL the rows it touched.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

import pytest
from sqlalchemy import event, text
from tests.store.conftest import ORDERED as OTHERS

from sealgate.store import ANY, Store
from sealgate.store.transaction import GAP

ORDERED = (*OTHERS, "transport")
FEW, MANY = 1_000, 12_000
STEPS_AT_ONCE = 20
TOUCHED = text(
    "SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0) FROM pg_stat_xact_user_tables WHERE relname = 'object'"
)


def fill(store, rows):
    """A revision of many rows, a second one with a few changes, and as many that are pending."""
    with store.writing("a") as w:
        w.save_many("transport", ((f"c{n:06}.example", {"n": n}, None, None, f"[mx{n % 7}]") for n in range(rows)))
        w.save_many("relay-domain", ((f"c{n:06}.example", {"n": n}, None, None, None) for n in range(rows)))
        w.promote(w.candidate().candidate, "", {})
    for n in (500, 501):
        with store.writing("a") as w:
            w.save("transport", f"c{n:06}.example", {"n": -1}, base=ANY)
            w.delete("relay-domain", f"c{n:06}.example", base=ANY)
            w.save("rbl", str(n), {}, base=None)
            if n == 500:
                w.promote(w.candidate().candidate, "", {})


class Meter:
    """Counts the work done through a store."""

    def __init__(self, store):
        self.steps = 0
        self.touched = 0
        event.listen(store._engine, "engine_connect", self._watch)
        event.listen(store._engine, "commit", self._sum)
        event.listen(store._engine, "rollback", self._sum)

    def total(self):
        return self.steps + self.touched

    def _watch(self, connection):
        if connection.dialect.name == "sqlite":
            connection.connection.driver_connection.set_progress_handler(self._step, STEPS_AT_ONCE)

    def _step(self):
        self.steps += 1
        return 0

    def _sum(self, connection):
        if connection.dialect.name == "postgresql":
            self.touched += int(connection.execute(TOUCHED).scalar_one())


def page(view, after):
    """Read a page behind the row of that number."""
    cursor = None if after is None else f"{GAP * (after + 1)}:c{after:06}.example"
    return list(islice(view.rows("transport", after=cursor, limit=50), 50))


def reading(function):
    def work(store):
        with store.reading() as r:
            function(r)

    return work


def writing(function):
    """The work is undone again, so that every test finds the same database."""

    def work(store):
        with suppress(KeyboardInterrupt), store.writing("a") as w:
            function(w)
            w._tx.finish()
            raise KeyboardInterrupt

    return work


WORK = {
    "the first page of the draft": reading(lambda r: page(r.draft(), None)),
    "a page in the middle of the draft": reading(lambda r: page(r.draft(), 500)),
    "a page of the live state": reading(lambda r: page(r.live(), 490)),
    "a page of a candidate": reading(lambda r: page(r.candidate(), 490)),
    "a page of an old revision": reading(lambda r: page(r.revision(1), 490)),
    "the last page": reading(lambda r: page(r.draft(), 10**6)),
    "a count": reading(lambda r: r.draft().count("transport")),
    "a count in a candidate": reading(lambda r: r.candidate().count("transport")),
    "a look-up": reading(lambda r: r.draft().row("transport", "c000700.example")),
    "a look-up in a revision": reading(lambda r: r.revision(1).row("transport", "c000700.example")),
    "the tags": reading(lambda r: list(r.draft().tags("transport"))),
    "the tags of the live state": reading(lambda r: list(r.live().tags("transport"))),
    "what is pending": reading(lambda r: list(r.pending())),
    "comparing two revisions": reading(lambda r: list(r.compare(1, 2))),
    "a part of what is pending": reading(lambda r: list(r.pending_part(50, ("", "")))),
    "a part of a comparison": reading(lambda r: r.compare_part(1, 2, 50, ("relay-domain", "c000500.example"))),
    "the history of an object": reading(lambda r: list(r.object_history("transport", "c000500.example"))),
    "a digest": reading(lambda r: r.candidate().digest()),
    "a save": writing(lambda w: w.save("transport", "c000700.example", {"n": -2}, base=ANY)),
    "a save of something new": writing(lambda w: w.save("transport", "new.example", {"n": 0}, base=None)),
    "a move to the middle": writing(lambda w: w.move("transport", "c000700.example", before="c000300.example")),
    "a move to the end": writing(lambda w: w.move("transport", "c000700.example")),
    "a removal": writing(lambda w: w.delete("transport", "c000701.example", base=ANY)),
    "a discard": writing(lambda w: w.discard("transport", "c000501.example")),
    "a discard of all": writing(lambda w: w.discard_all()),
    "a revision": writing(lambda w: w.promote(w.candidate().candidate, "", {})),
    "a restore of one object": writing(lambda w: w.restore_object("transport", "c000500.example", 1)),
    "a restore": writing(lambda w: w.restore(1)),
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("costs")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def addresses(request, directory):
    """Two databases with few and with many rows."""
    made = {}
    for rows in (FEW, MANY):
        if request.param == "sqlite":
            made[rows] = f"sqlite:///{directory}/{rows}.db"
        else:
            made[rows] = request.getfixturevalue("server").fresh()[1]
        with Store.open(made[rows], ordered=ORDERED) as store:
            fill(store, rows)
    return made


@pytest.mark.parametrize("what", WORK)
def test_the_cost_does_not_grow_with_the_rows(addresses, what):
    cost = {}
    for rows, address in addresses.items():
        with Store.open(address, ordered=ORDERED) as store:
            meter = Meter(store)
            WORK[what](store)
            cost[rows] = meter.total()
    assert cost[MANY] <= 1.2 * cost[FEW] + 20
