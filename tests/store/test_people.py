"""What the store keeps of people, on both databases."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import IntegrityError

from sealgate.model.errors import StoreFailed
from sealgate.store import Store
from sealgate.store.dumping import dump, load
from sealgate.store.migrations import KNOWN
from sealgate.store.people_records import CredentialKind, TicketKind

if TYPE_CHECKING:
    from pathlib import Path

HOUR = dt.timedelta(hours=1)
WORDS = frozenset({"raw"})


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def add(store: Store, name: str, role: str = "viewer", **more: Any) -> str:
    with store.writing("local:ann") as writer:
        return writer.people.add(name, title=name.title(), email="", role=role, **more)


def given_password(store: Store, of: str) -> str:
    with store.writing("local:ann") as writer:
        return writer.people.add_credential(of, CredentialKind.PASSWORD, "hash")


def test_a_person_comes_back_as_added(store: Store) -> None:
    id_ = add(store, "ann", "operator", extra={"raw"}, areas={"rbl"}, managed=True)
    with store.reading() as reader:
        person = reader.people.get(id_)

    assert person is not None
    assert (person.name, person.role, person.extra, person.areas) == ("ann", "operator", WORDS, frozenset({"rbl"}))
    assert (person.locked, person.managed, person.version, person.by) == (False, True, 1, "local:ann")


def test_no_areas_given_means_all_and_an_empty_set_means_none(store: Store) -> None:
    everywhere, nowhere = add(store, "ann"), add(store, "bob", areas=())
    with store.reading() as reader:
        areas = [person.areas for person in (reader.people.get(everywhere), reader.people.get(nowhere)) if person]

    assert areas == [None, frozenset()]


def test_a_person_is_found_by_name(store: Store) -> None:
    id_ = add(store, "ann")
    with store.reading() as reader:
        found, missing = reader.people.named("ann"), reader.people.named("bob")

    assert (found and found.id, missing) == (id_, None)


def test_two_people_never_have_one_name(store: Store) -> None:
    add(store, "ann")
    with pytest.raises(IntegrityError):
        add(store, "ann")


def test_people_are_listed_by_name(store: Store) -> None:
    for name in ("bob", "eve", "ann"):
        add(store, name)
    with store.reading() as reader:
        assert [person.name for person in reader.people.every()] == ["ann", "bob", "eve"]


def test_every_change_counts_the_version(store: Store) -> None:
    id_ = add(store, "ann")
    with store.writing("local:ann") as writer:
        writer.people.change(id_, role="auditor", extra={"raw"}, areas=None)
        writer.people.change(id_, locked=True)
    with store.reading() as reader:
        person = reader.people.get(id_)

    assert person is not None
    assert (person.role, person.extra, person.locked, person.version) == ("auditor", WORDS, True, 3)


def test_only_those_who_can_sign_in_count_as_able(store: Store) -> None:
    able, invited, locked = (add(store, name, "owner") for name in ("able", "invited", "locked"))
    for id_ in (able, locked):
        given_password(store, id_)
    with store.writing("local:ann") as writer:
        writer.people.add_credential(invited, CredentialKind.TOTP, "secret")
        writer.people.change(locked, locked=True)
    with store.reading() as reader:
        assert [person.name for person in reader.people.with_role("owner")] == ["able"]


def test_who_is_removed_leaves_nothing(store: Store) -> None:
    id_ = add(store, "ann")
    given_password(store, id_)
    with store.writing("local:ann") as writer:
        people, end = writer.people, now() + HOUR
        people.add_session("s", id_, method="m", address="", agent="", ends=end, proven=now())
        people.add_token("t", id_, label="l", rights={"view"}, areas=None, ends=end)
        people.add_ticket("k", TicketKind.RESET, end, {}, of=id_)
    with store.writing("local:ann") as writer:
        writer.people.remove(id_)
    with store.reading() as reader:
        found = reader.people
        left = [found.every(), found.credentials(id_), found.sessions(), found.tokens()]

        assert (left, found.ticket(TicketKind.RESET, "k")) == ([[], [], [], []], None)


def test_a_passkey_is_found_by_its_key(store: Store) -> None:
    id_ = add(store, "ann")
    with store.writing("local:ann") as writer:
        writer.people.add_credential(id_, CredentialKind.PASSKEY, "public", key="abc", label="blue", counter=7)
    with store.reading() as reader:
        found = reader.people.credential(CredentialKind.PASSKEY, "abc")

    assert found is not None
    assert (found.person, found.label, found.data, found.counter) == (id_, "blue", "public", 7)


def test_one_passkey_belongs_to_one_person(store: Store) -> None:
    ann, bob = add(store, "ann"), add(store, "bob")
    with store.writing("local:ann") as writer:
        writer.people.add_credential(ann, CredentialKind.PASSKEY, "public", key="abc")
    with pytest.raises(IntegrityError), store.writing("local:ann") as writer:
        writer.people.add_credential(bob, CredentialKind.PASSKEY, "public", key="abc")


def test_credentials_without_a_key_do_not_collide(store: Store) -> None:
    id_ = add(store, "ann")
    with store.writing("local:ann") as writer:
        for number in range(3):
            writer.people.add_credential(id_, CredentialKind.RECOVERY, str(number))
    with store.reading() as reader:
        assert reader.people.kinds() == {id_: {"recovery": 3}}


@pytest.mark.parametrize(("step", "taken"), [(6, False), (7, False), (8, True)])
def test_a_counter_only_goes_up(store: Store, step: int, taken: bool) -> None:
    id_ = add(store, "ann")
    with store.writing("local:ann") as writer:
        credential = writer.people.add_credential(id_, CredentialKind.TOTP, "secret", counter=7)
        assert writer.people.step_counter(credential, step) is taken


def test_a_counter_that_never_counts_may_stay(store: Store) -> None:
    id_ = add(store, "ann")
    with store.writing("local:ann") as writer:
        credential = writer.people.add_credential(id_, CredentialKind.PASSKEY, "public", key="k")
        assert writer.people.step_counter(credential, 0, equal=True)


def test_a_session_is_found_by_its_digest_only(store: Store) -> None:
    id_ = add(store, "ann")
    with store.writing("local:ann") as writer:
        session = writer.people.add_session(
            "digest", id_, method="password", address="192.0.2.1", agent="Lynx", ends=now() + HOUR, proven=now()
        )
    with store.reading() as reader:
        found = reader.people.session("digest")

        assert found is not None
        assert (found.id, found.person, found.method, found.address, found.agent) == (
            session, id_, "password", "192.0.2.1", "Lynx",
        )  # fmt: skip
        assert reader.people.session(session) is None


def test_sessions_that_have_ended_are_swept_when_one_begins(store: Store) -> None:
    id_ = add(store, "ann")
    with store.writing("local:ann") as writer:
        common = {"method": "m", "address": "", "agent": "", "proven": now()}
        writer.people.add_session("old", id_, ends=now() - HOUR, **common)  # type: ignore[arg-type]
        writer.people.add_session("new", id_, ends=now() + HOUR, **common)  # type: ignore[arg-type]
    with store.reading() as reader:
        assert len(reader.people.sessions(id_)) == 1


@pytest.mark.parametrize(("which", "left"), [({}, 0), ({"only": 0}, 2), ({"but": 0}, 1)])
def test_sessions_end_one_all_or_all_but_one(store: Store, which: dict[str, int], left: int) -> None:
    id_ = add(store, "ann")
    with store.writing("local:ann") as writer:
        common = {"method": "m", "address": "", "agent": "", "proven": now(), "ends": now() + HOUR}
        ids = [writer.people.add_session(d, id_, **common) for d in "abc"]  # type: ignore[arg-type]
        ended = writer.people.end_sessions(id_, **{name: ids[number] for name, number in which.items()})
    with store.reading() as reader:
        assert (ended, len(reader.people.sessions())) == (3 - left, left)


def test_a_revoked_token_is_known_as_such(store: Store) -> None:
    id_ = add(store, "ann")
    with store.writing("local:ann") as writer:
        token = writer.people.add_token("d", id_, label="cron", rights={"view"}, areas={"rbl"}, ends=now() + HOUR)
        first, second = writer.people.revoke_tokens(id_, token), writer.people.revoke_tokens(id_, token)
    with store.reading() as reader:
        found = reader.people.token("d")

    assert (first, second) == (1, 0)
    assert found is not None
    assert found.revoked is not None
    assert (found.label, found.rights, found.areas) == ("cron", frozenset({"view"}), frozenset({"rbl"}))


def test_a_ticket_is_taken_once(store: Store) -> None:
    with store.writing("local:ann") as writer:
        writer.people.add_ticket("d", TicketKind.SET_UP, now() + HOUR, {"a": 1})
        first = writer.people.take_ticket(TicketKind.SET_UP, "d")
        second = writer.people.take_ticket(TicketKind.SET_UP, "d")

    assert first is not None
    assert (first.data, second) == ({"a": 1}, None)


def test_of_many_who_take_a_ticket_at_once_one_gets_it(store: Store) -> None:
    with store.writing("local:ann") as writer:
        writer.people.add_ticket("d", TicketKind.SET_UP, now() + HOUR, {})
    taken: list[bool] = []

    def take() -> None:
        with store.writing("local:ann") as writer:
            taken.append(writer.people.take_ticket(TicketKind.SET_UP, "d") is not None)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == [False, False, False, True]


def test_a_ticket_of_another_kind_is_none(store: Store) -> None:
    with store.writing("local:ann") as writer:
        writer.people.add_ticket("d", TicketKind.RESET, now() + HOUR, {})

        assert writer.people.take_ticket(TicketKind.SET_UP, "d") is None


def test_a_ticket_that_has_ended_is_none(store: Store) -> None:
    with store.writing("local:ann") as writer:
        writer.people.add_ticket("d", TicketKind.RESET, now() - HOUR, {})

        assert writer.people.take_ticket(TicketKind.RESET, "d") is None


def test_attempts_are_counted_under_each_key(store: Store) -> None:
    for _ in range(3):
        with store.writing("local:ann") as writer:
            writer.people.note_attempts(["a", "b"], now() - HOUR)
    with store.writing("local:ann") as writer:
        writer.people.forget_attempts(["b"])
        writer.people.note_attempts(["b"], now() - HOUR)
    with store.reading() as reader:
        found = reader.people.attempts(["a", "b", "c"])

    assert {key: attempts.count for key, attempts in found.items()} == {"a": 3, "b": 1}


def test_old_attempts_are_forgotten(store: Store) -> None:
    with store.writing("local:ann") as writer:
        writer.people.note_attempts(["a"], now() - HOUR)
    with store.writing("local:ann") as writer:
        writer.people.note_attempts(["b"], now() + HOUR)
    with store.reading() as reader:
        assert "a" not in reader.people.attempts(["a"])


def test_a_dump_has_people_but_nothing_that_passes(store: Store) -> None:
    id_ = add(store, "ann")
    given_password(store, id_)
    with store.writing("local:ann") as writer:
        people = writer.people
        people.add_session("session-digest", id_, method="m", address="", agent="", ends=now() + HOUR, proven=now())
        people.add_ticket("ticket-digest", TicketKind.RESET, now() + HOUR, {}, of=id_)
        people.note_attempts(["attempt-key"], now() - HOUR)
    with store.reading() as reader:
        text = b"".join(dump(reader))

    assert b'"ann"' in text
    assert not [word for word in (b"session-digest", b"ticket-digest", b"attempt-key") if word in text]


def test_people_come_back_with_a_load_and_sessions_do_not(store: Store, tmp_path: Path) -> None:
    id_ = add(store, "ann")
    given_password(store, id_)
    with store.reading() as reader:
        lines = list(dump(reader))
    with Store.open(f"sqlite:///{tmp_path}/other.db") as other:
        stranger = add(other, "eve")
        with other.writing("local:ann") as writer:
            writer.people.add_session("s", stranger, method="m", address="", agent="", ends=now() + HOUR, proven=now())
        with other.writing("local:ann") as writer:
            load(writer, lines)
        with other.reading() as reader:
            found = reader.people

            assert ([one.name for one in found.every()], found.sessions()) == (["ann"], [])
            assert [one.data for one in found.credentials(id_)] == ["hash"]


def test_lines_from_before_there_were_people_leave_them_as_they_are(store: Store) -> None:
    with store.reading() as reader:
        lines = [line.replace(f'"{KNOWN[-1]}"'.encode(), b'"0001"') for line in dump(reader)]
    tables = (b'"person"', b'"credential"', b'"token"')
    add(store, "ann")
    with store.writing("local:ann") as writer:
        load(writer, [line for line in lines if not any(name in line for name in tables)])
    with store.reading() as reader:
        assert [person.name for person in reader.people.every()] == ["ann"]


def test_a_revoked_token_that_a_load_brings_back_is_revoked_again(store: Store) -> None:
    id_ = add(store, "ann")
    with store.writing("local:ann") as writer:
        writer.people.add_token("d", id_, label="l", rights={"view"}, areas=None, ends=now() + HOUR)
    with store.reading() as reader:
        lines = list(dump(reader))
    with store.writing("local:ann") as writer:
        writer.people.revoke_tokens(id_)
    with store.writing("local:ann") as writer:
        revoked = writer.people.revoked_tokens()
        load(writer, lines)
        again = writer.people.keep_revoked(revoked)
    with store.reading() as reader:
        found = reader.people.token("d")

    assert again == 1
    assert found is not None
    assert found.revoked is not None


def test_who_will_not_wait_for_another_writer_is_told_at_once(store: Store) -> None:
    with store.writing("local:ann"), pytest.raises(StoreFailed), store.writing("local:bob", wait=0.01):
        pass


def test_waiting_is_as_before_after_somebody_would_not_wait(store: Store) -> None:
    with store.writing("local:ann", wait=0.01):
        pass
    started = threading.Event()
    done: list[str] = []

    def second() -> None:
        started.set()
        with store.writing("local:bob") as writer:
            writer.put_fact("name", "bob")
            done.append("bob")

    with store.writing("local:ann") as writer:
        thread = threading.Thread(target=second)
        thread.start()
        started.wait()
        thread.join(0.2)
        writer.put_fact("name", "ann")
    thread.join()

    assert done == ["bob"]


def test_an_attempt_is_taken_back_and_never_below_none(store: Store) -> None:
    with store.writing("local:ann") as writer:
        writer.people.note_attempts(["a", "b"], now() - HOUR)
        writer.people.note_attempts(["a"], now() - HOUR)
        for _ in range(2):
            writer.people.take_back_attempt(["a", "b"])
        counts = {key: found.count for key, found in writer.people.attempts(["a", "b"]).items()}

    assert counts == {"a": 0, "b": 0}


def test_a_credential_is_renewed_and_dropped_by_kind(store: Store) -> None:
    id_ = add(store, "ann")
    with store.writing("local:ann") as writer:
        password = writer.people.add_credential(id_, CredentialKind.PASSWORD, "old")
        writer.people.add_credential(id_, CredentialKind.TOTP, "secret")
        writer.people.renew_credential(password, "new")
        dropped = writer.people.drop_credentials(id_, [CredentialKind.TOTP, CredentialKind.RECOVERY])
        left = [one.data for one in writer.people.credentials(id_)]

    assert (dropped, left) == (1, ["new"])
