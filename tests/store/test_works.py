"""Long work and kept answers: leases that run out, what is forgotten, what is never in a backup."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sealgate.store.dumping import dump, load
from sealgate.store.transaction import now
from sealgate.store.works import KEPT_DAYS, Work, WorkState

if TYPE_CHECKING:
    from datetime import datetime

    from sealgate.store import Store

STEPS = [(2, "reading", 5, 10), (3, "writing", 0, 0)]


def begin(store: Store, id_: str = "one", *, seconds: int = 60, owner: str = "ann", at: datetime | None = None) -> None:
    with store.writing("ann") as w:
        if at is not None:
            w._tx.at = at
        w.begin_work(id_, holder="here", seconds=seconds, kind="apply", owner=owner, actor="ann", detail="office")


def work(store: Store, id_: str = "one") -> Work | None:
    with store.reading() as r:
        return r.work(id_)


def end(store: Store, state: WorkState, outcome: dict[str, Any]) -> None:
    with store.writing("ann") as w:
        w.end_work("one", state, STEPS, outcome)


def test_work_that_began_is_running(store: Store) -> None:
    begin(store)

    found = work(store)

    assert found is not None
    assert (found.state, found.kind, found.owner, found.detail, found.ended) == (
        WorkState.RUNNING, "apply", "ann", "office", None,
    )  # fmt: skip


def test_work_whose_lease_ran_out_is_interrupted(store: Store) -> None:
    begin(store, at=now() - timedelta(seconds=100))

    found = work(store)

    assert found is not None
    assert found.state is WorkState.INTERRUPTED


def test_a_renewed_lease_keeps_it_running_with_its_steps(store: Store) -> None:
    begin(store, at=now() - timedelta(seconds=100))
    with store.writing("ann") as w:
        w.renew_work("one", STEPS, 60)

    found = work(store)

    assert found is not None
    assert (found.state, list(found.steps)) == (WorkState.RUNNING, STEPS)


@pytest.mark.parametrize("state", [WorkState.DONE, WorkState.FAILED])
def test_ended_work_says_how_it_ended_for_good(store: Store, state: WorkState) -> None:
    begin(store, at=now() - timedelta(seconds=100))
    end(store, state, {"result": {"seconds": 0.5}})

    found = work(store)

    assert found is not None
    assert (found.state, found.outcome, found.ended is not None) == (state, {"result": {"seconds": 0.5}}, True)


def test_a_late_renewal_does_not_bring_ended_work_back(store: Store) -> None:
    begin(store)
    end(store, WorkState.DONE, {})
    with store.writing("ann") as w:
        w.renew_work("one", [], 60)

    found = work(store)

    assert found is not None
    assert (found.state, len(found.steps)) == (WorkState.DONE, 2)


def test_the_newest_works_of_one_owner_or_of_all_come_first(store: Store) -> None:
    for number, owner in enumerate(("ann", "bob", "ann")):
        begin(store, str(number), owner=owner, at=now() + timedelta(seconds=number))

    with store.reading() as r:
        anns, everybodys = r.works("ann", 10), r.works(None, 2)

    assert ([one.id for one in anns], [one.id for one in everybodys]) == (["2", "0"], ["2", "1"])


def test_old_works_are_forgotten_when_a_new_one_begins(store: Store) -> None:
    begin(store, "ended", at=now() - timedelta(days=KEPT_DAYS + 1))
    begin(store, "gone", at=now() - timedelta(days=KEPT_DAYS + 1))
    with store.writing("ann") as w:
        w.end_work("ended", WorkState.DONE, [], {})

    begin(store, "new")

    assert (work(store, "ended"), work(store, "gone"), work(store, "new") is not None) == (None, None, True)


def test_work_that_never_was_is_nothing(store: Store) -> None:
    assert work(store, "no such") is None


def test_a_backup_has_neither_work_nor_answers_and_leaves_none(store: Store) -> None:
    begin(store)
    with store.writing("ann") as w:
        w.take_answer("key", "request", 60)
    with store.reading() as r:
        lines = list(dump(r))

    with store.writing("ann") as w:
        load(w, lines)

    assert not any(b'"office"' in line or b'"request"' in line for line in lines)
    assert work(store) is None


def test_a_key_is_taken_once(store: Store) -> None:
    with store.writing("ann") as w:
        first = w.take_answer("key", "request", 60)
    with store.writing("ann") as w:
        second = w.take_answer("key", "request", 60)

    assert first is None
    assert second is not None
    assert (second.request, second.status) == ("request", None)


def test_a_kept_answer_comes_back_as_it_was(store: Store) -> None:
    with store.writing("ann") as w:
        w.take_answer("key", "request", 60)
        w.fill_answer("key", 201, headers={"etag": '"1"'}, body=b"\x00hello", seconds=60)
    with store.writing("ann") as w:
        found = w.take_answer("key", "request", 60)

    assert found is not None
    assert (found.status, found.headers, found.body) == (201, {"etag": '"1"'}, b"\x00hello")


def test_a_key_that_was_given_back_is_free(store: Store) -> None:
    with store.writing("ann") as w:
        w.take_answer("key", "request", 60)
        w.free_answer("key")

    with store.writing("ann") as w:
        assert w.take_answer("key", "other", 60) is None


def test_a_key_whose_time_is_over_is_free(store: Store) -> None:
    with store.writing("ann") as w:
        w._tx.at = now() - timedelta(seconds=100)
        w.take_answer("key", "request", 60)

    with store.writing("ann") as w:
        assert w.take_answer("key", "other", 60) is None


def test_neither_work_nor_answers_are_lines_of_the_audit(store: Store) -> None:
    begin(store)
    with store.writing("ann") as w:
        w.take_answer("key", "request", 60)

    with store.reading() as r:
        assert (list(r.audit_trail()), r.verify_audit()) == ([], None)
