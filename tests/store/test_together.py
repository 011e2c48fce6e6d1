"""Several programs at once, and programs that die."""

from __future__ import annotations

import os
import signal
import threading
from functools import partial

import pytest
from sqlalchemy import event
from tests.store.children import Child
from tests.store.conftest import ORDERED
from tests.store.states import content, keys, recomputed

from sealgate.model.errors import Conflict
from sealgate.store import ANY, Store, Stored

EACH = 15


def test_all_that_several_programs_add_at_once_is_kept(store, url):
    def add(name):
        with Store.open(url, ordered=ORDERED) as mine:
            for number in range(EACH):
                with mine.writing(name) as w:
                    w.save("rbl", f"{name}{number:02}", {}, base=None)

    children = [Child(partial(add, name)) for name in "abc"]
    for child in children:
        child.result()
    with store.reading() as r:
        assert sorted(keys(r.draft(), "rbl")) == [f"{name}{number:02}" for name in "abc" for number in range(EACH)]


def test_sums_counters_and_audit_are_right_after_several_programs_wrote_at_once(store, url):
    def edit(name):
        with Store.open(url, ordered=ORDERED) as mine:
            for number in range(EACH):
                with mine.writing(name) as w:
                    w.save("black", str(number), {"by": name}, base=ANY)

    children = [Child(partial(edit, name)) for name in "abc"]
    for child in children:
        child.result()
    with store.reading() as r:
        versions = [row.version for row in r.draft().rows("black")]
        assert (r.verify_audit(), recomputed(r.draft()), len(set(versions)), len(list(r.audit_trail()))) == (
            None,
            r.draft().sums(),
            EACH,
            3 * EACH,
        )


def test_of_two_edits_of_one_version_one_is_refused(store, url):
    with store.writing("a") as w:
        base = w.save("black", "1", {"by": "nobody"}, base=None)
    start, outcomes = threading.Barrier(2), []

    def edit(name):
        with Store.open(url) as mine:
            start.wait(30)
            try:
                with mine.writing(name) as w:
                    w.save("black", "1", {"by": name}, base=base)
            except Conflict as conflict:
                assert isinstance(conflict.current, Stored)  # noqa: PT017 - either thread may be the one refused
                outcomes.append(("refused", conflict.current.fields["by"]))
            else:
                outcomes.append(("saved", name))

    threads = [threading.Thread(target=edit, args=[name]) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    winner = dict(outcomes)["saved"]
    assert sorted(outcomes) == [("refused", winner), ("saved", winner)]


def test_a_reader_does_not_wait_for_a_long_import(store):
    with store.writing("a") as w:
        w.save("black", "before", {}, base=None)
    with store.writing("a") as w:
        w.save_many("black", ((str(number), {}, None, None, None) for number in range(5000)))
        with store.reading() as r:
            assert (keys(r.draft(), "black"), r.draft().count("black")) == (["before"], 1)


def test_a_writer_does_not_wait_for_a_reader(store):
    with store.reading() as r:
        assert r.draft().count("black") == 0
        with store.writing("a") as w:
            w.save("black", "1", {}, base=None)
        with store.reading() as later:
            assert (r.draft().count("black"), later.draft().count("black")) == (0, 1)


def dying(url, statement, act):
    """Run `act` in a process that is killed just before its n-th statement; return whether it was."""

    def run():
        with Store.open(url, ordered=ORDERED) as mine:
            seen = iter(range(1, statement + 1))

            def count(*_arguments):
                if next(seen, None) == statement:
                    os.kill(os.getpid(), signal.SIGKILL)

            event.listen(mine._engine, "before_cursor_execute", count)
            event.listen(mine._engine, "commit", count)
            act(mine)

    code, _ = Child(run).end()
    assert code in {0, -signal.SIGKILL}
    return code != 0


def prepare(store):
    with store.writing("a") as w:
        w.save("black", "1", {"n": 1}, base=None)
        w.save("black", "gone", {}, base=None)
        w.promote(w.candidate().candidate, "", {})
    with store.writing("a") as w:
        w.save("black", "1", {"n": 2}, base=ANY)
        w.save("rbl", "new", {}, base=None)
    with store.writing("a") as w:
        w.save("black", "1", {"n": 3}, base=ANY)
        w.delete("black", "gone", base=ANY)


def promote(mine):
    with mine.writing("b") as w:
        w.promote(w.candidate().candidate, "", {})


def edits(mine):
    with mine.writing("b") as w:
        w.save("black", "1", {"n": 4}, base=ANY)
        w.delete("rbl", "new", base=ANY)
        w.restore_object("black", "gone", 1)
        w.put_secret("s", b"x")


def restore(mine):
    with mine.writing("b") as w:
        w.discard_all()
        w.restore(0)


def picture(store):
    """Everything that a half-written change would leave inconsistent."""
    with store.reading() as r:
        assert r.verify_audit() is None
        assert recomputed(r.draft()) == {noun: total for noun, total in r.draft().sums().items() if total.count}
        assert recomputed(r.live()) == r.live().sums()
        assert [r.revision(line.number).digest() for line in r.history()] == [line.digest for line in r.history()]
        lines = [(line.verb, line.object) for line in r.audit_trail()]
        return (r.newest, content(r.live()), content(r.draft()), list(r.secret_ids()), lines)


@pytest.mark.parametrize("act", [promote, edits, restore])
def test_a_program_killed_at_any_statement_leaves_the_old_or_the_new_state(store, url, act):
    prepare(store)
    old = picture(store)
    statement = 1
    while dying(url, statement, act):
        assert picture(store) == old
        statement += 1
    assert picture(store) != old
    assert statement > 5


def test_an_import_killed_in_the_middle_leaves_nothing(store, url):
    prepare(store)
    old = picture(store)

    def rows():
        for number in range(10_000):
            if number == 7_000:
                os.kill(os.getpid(), signal.SIGKILL)
            yield str(number), {}, None, None, None

    def run():
        with Store.open(url) as mine, mine.writing("b") as w:
            w.save_many("black", rows())

    code, _ = Child(run).end()
    assert (code, picture(store)) == (-signal.SIGKILL, old)
