"""Any sequence of edits, discards, revisions and restores, against a dictionary that does the same."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.store.conftest import ORDERED
from tests.store.states import digest, recomputed, whole

from sealgate.model.digest import state_digest
from sealgate.model.errors import Conflict, NotFound
from sealgate.store import ANY, Candidate, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealgate.store import View, Writer

Key = tuple[str, str]
State = dict[Key, dict[str, Any]]

OBJECTS = [(noun, key) for noun in ("black", "rbl", "white") for key in "abc"]
objects = st.sampled_from(OBJECTS)
values = st.integers(0, 2)


def fields(number: int) -> dict[str, int]:
    return {"n": number}


@dataclass
class Model:
    """What the store should hold."""

    draft: State = field(default_factory=dict)
    revisions: list[State] = field(default_factory=lambda: [{}])
    candidates: list[tuple[Candidate, State]] = field(default_factory=list)
    in_force: int = 0

    def copy(self) -> Model:
        return Model(dict(self.draft), list(self.revisions), list(self.candidates), self.in_force)

    def put(self, key: Key, value: dict[str, Any] | None) -> None:
        if value is None:
            self.draft.pop(key, None)
        else:
            self.draft[key] = value


Step = tuple[Any, ...]
steps = st.one_of(
    st.tuples(st.just("save"), objects, values),
    st.tuples(st.just("save"), objects, values),
    st.tuples(st.just("delete"), objects),
    st.tuples(st.just("discard"), objects),
    st.tuples(st.just("discard_all")),
    st.tuples(st.just("take")),
    st.tuples(st.just("promote"), st.integers(0, 3)),
    st.tuples(st.just("restore"), st.integers(0, 20)),
    st.tuples(st.just("restore_object"), objects, st.integers(0, 20)),
    st.tuples(st.just("save_many"), st.sampled_from(["black", "rbl"]), st.lists(st.sampled_from("abc")), values),
    st.tuples(st.just("delete_many"), st.sampled_from(["black", "rbl"]), st.lists(st.sampled_from("abc"))),
    st.tuples(st.just("move"), st.sampled_from("abc"), st.sampled_from("abc")),
    st.tuples(st.just("stale"), objects),
)


class Steps:
    """Each step, done to the store and to the model."""

    def __init__(self, writer: Writer, model: Model) -> None:
        self.w = writer
        self.model = model

    def do(self, step: Step) -> None:
        getattr(self, step[0])(*step[1:])

    def save(self, key: Key, number: int) -> None:
        self.w.save(*key, fields(number), base=ANY)
        self.model.put(key, fields(number))

    def delete(self, key: Key) -> None:
        if key not in self.model.draft:
            with pytest.raises(NotFound):
                self.w.delete(*key, base=ANY)
            return
        self.w.delete(*key, base=ANY)
        self.model.put(key, None)

    def discard(self, key: Key) -> None:
        self.w.discard(*key)
        self.model.put(key, self.model.revisions[-1].get(key))

    def discard_all(self) -> None:
        self.w.discard_all()
        self.model.draft = dict(self.model.revisions[-1])

    def take(self) -> None:
        self.model.candidates.append((self.w.candidate().candidate, dict(self.model.draft)))

    def promote(self, which: int) -> None:
        if which >= len(self.model.candidates):
            return
        candidate, state = self.model.candidates[which]
        assert self.w.promote(candidate, "", {}) == len(self.model.revisions)
        self.model.revisions.append(state)
        self.model.candidates = []
        self.model.in_force = len(self.model.revisions) - 1

    def restore(self, number: int) -> None:
        number %= len(self.model.revisions)
        then, newest = self.model.revisions[number], self.model.revisions[-1]
        self.w.restore(number)
        different = set(self.ordered(number)) | {
            key for key in then.keys() | newest.keys() if then.get(key) != newest.get(key)
        }
        for key in different:
            self.model.put(key, then.get(key))

    def ordered(self, number: int) -> Iterator[Key]:
        """Rows that only moved differ as well, though the model knows no order."""
        yield from ((c.noun, c.key) for c in self.w.compare(number, self.w.newest) if c.noun == "rbl")

    def restore_object(self, key: Key, number: int) -> None:
        number %= len(self.model.revisions)
        self.w.restore_object(*key, number)
        self.model.put(key, self.model.revisions[number].get(key))

    def save_many(self, noun: str, names: list[str], number: int) -> None:
        self.w.save_many(noun, [(name, fields(number), None, None, None) for name in names])
        for name in names:
            self.model.put((noun, name), fields(number))

    def delete_many(self, noun: str, names: list[str]) -> None:
        self.w.delete_many(noun, names)
        for name in names:
            self.model.put((noun, name), None)

    def move(self, name: str, other: str) -> None:
        if {("rbl", name), ("rbl", other)} <= self.model.draft.keys():
            self.w.move("rbl", name, before=other)

    def stale(self, key: Key) -> None:
        with pytest.raises(Conflict):
            self.w.save(*key, fields(9), base=10**9)


class Machine(RuleBasedStateMachine):
    """Transactions of one to four steps, some of which are given up."""

    fresh: Callable[[], Store]

    def __init__(self) -> None:
        super().__init__()
        self.store = self.fresh()
        self.model = Model()

    @rule(todo=st.lists(steps, min_size=1, max_size=4))
    def commit(self, todo: list[Step]) -> None:
        with self.store.writing("a") as w:
            acting = Steps(w, self.model)
            for step in todo:
                acting.do(step)

    @rule(todo=st.lists(steps, min_size=1, max_size=3))
    def give_up(self, todo: list[Step]) -> None:
        with pytest.raises(KeyboardInterrupt), self.store.writing("a") as w:  # noqa: PT012 - steps come before
            acting = Steps(w, self.model.copy())
            for step in todo:
                acting.do(step)
            raise KeyboardInterrupt

    @rule(number=st.integers(0, 20))
    def go_back(self, number: int) -> None:
        number %= len(self.model.revisions)
        with self.store.writing("a") as w:
            w.set_in_force(number)
        self.model.in_force = number

    @rule(key=objects, number=values)
    def change_what_is_in_force(self, key: Key, number: int) -> None:
        live = dict(self.model.revisions[self.model.in_force])
        with self.store.reading() as r:
            old, pending = r.live().row(*key), r.draft().row(*key)
            others = {(c.noun, c.key): (c.actor, c.at) for c in r.pending() if (c.noun, c.key) != key}
            if old is None:
                return
            follows = old.says_the_same(pending)
            changed = old._replace(fields=fields(number))
            digest = state_digest(r.live().sums_with(changed))
            was_newest = r.newest == r.in_force
        with self.store.writing("system") as w:
            self.model.in_force = w.promote_on_live(changed, digest, "", {})
        self.model.revisions.append(live | {key: fields(number)})
        self.model.candidates = []
        if follows:
            self.model.draft[key] = fields(number)
        with self.store.reading() as r:
            now = {(c.noun, c.key): (c.actor, c.at) for c in r.pending() if (c.noun, c.key) != key}
        assert not was_newest or now == others

    @invariant()
    def views_are_the_model(self) -> None:
        with self.store.reading() as r:
            self.same(r.draft(), self.model.draft)
            for number, state in enumerate(self.model.revisions):
                self.same(r.revision(number), state)
            for candidate, state in self.model.candidates:
                self.same(r.candidate(candidate), state)
                assert r.candidate(candidate).digest() == candidate.digest

    def same(self, view: View, state: State) -> None:
        assert {key: content[0] for key, content in whole(view).items()} == state
        assert recomputed(view) == {noun: total for noun, total in view.sums().items() if total.count}

    @invariant()
    def pending_is_what_differs(self) -> None:
        with self.store.reading() as r:
            draft, live = whole(r.draft()), whole(r.revision(r.newest))
            pending = {(c.noun, c.key): (c.old and c.old[2:7], c.new and c.new[2:7]) for c in r.pending()}
        different = {key for key in draft.keys() | live.keys() if draft.get(key) != live.get(key)}
        assert pending == {key: (live.get(key), draft.get(key)) for key in different}

    @invariant()
    def a_comparison_makes_one_state_of_the_other(self) -> None:
        newest = len(self.model.revisions) - 1
        with self.store.reading() as r:
            for a, b in ((0, newest), (newest, newest // 2), (newest // 2, newest)):
                state = whole(r.revision(a))
                for change in r.compare(a, b):
                    assert state.pop((change.noun, change.key), None) == (change.old and change.old[2:7])
                    if change.new is not None:
                        state[change.noun, change.key] = change.new[2:7]
                assert state == whole(r.revision(b))

    @invariant()
    def a_history_ends_with_what_stands(self) -> None:
        with self.store.reading() as r:
            for noun, key in OBJECTS[::4]:
                history = list(r.object_history(noun, key))
                last = history[-1].stored if history else None
                now = r.draft().row(noun, key)
                assert (last and digest(last)) == (now and digest(now))

    def teardown(self) -> None:
        with self.store.reading() as r:
            assert r.verify_audit() is None
        self.store.close()


SIZE = settings(max_examples=12, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck))


def run(fresh: Callable[[], Store], size: settings) -> None:
    kind = type("Machine", (Machine,), {"fresh": staticmethod(fresh)})
    run_state_machine_as_test(kind, settings=size)


def test_any_sequence_on_sqlite_does_what_a_dictionary_does(tmp_path):
    Store.open(f"sqlite:///{tmp_path}/template.db").close()
    numbers = count()

    def fresh():
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copyfile(tmp_path / "template.db", path)
        return Store.open(f"sqlite:///{path}", ordered=ORDERED)

    run(fresh, SIZE)


def test_any_sequence_on_postgresql_does_what_a_dictionary_does(server):
    names = []

    def fresh():
        name, address = server.fresh()
        names.append(name)
        return Store.open(address, ordered=ORDERED)

    run(fresh, settings(SIZE, max_examples=5))
    for name in names:
        server.drop(name)
