from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from tests.store.conftest import ORDERED

from sealgate.store import ANY, Store


@pytest.fixture
def damage(url):
    """Run statements past the store and past the lock on the audit, as somebody with the database in hand could."""
    address = url.replace("postgresql://", "postgresql+psycopg://")

    def run(*statements):
        engine = create_engine(address)
        with engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.execute(text("DROP TRIGGER audit_no_update"))
                connection.execute(text("DROP TRIGGER audit_no_delete"))
            else:
                connection.execute(text("DROP TRIGGER audit_no_change ON audit"))
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    return run


@pytest.fixture
def five_lines(store):
    for number in range(5):
        with store.writing(f"local:user{number}") as w:
            w.save("black", str(number), {"n": number}, base=None)
    return store


def broken(store):
    with store.reading() as r:
        return r.verify_audit()


def test_a_save_tells_who_did_what_from_where(store):
    with store.writing("local:ann", origin="192.0.2.7") as w:
        version = w.save("black", "192.0.2.1", {"reason": "spam"}, base=None, comment="a lot")
    with store.reading() as r:
        (line,) = r.audit_trail()
    assert (line.number, line.actor, line.origin, line.verb, line.object, line.detail) == (
        1,
        "local:ann",
        "192.0.2.7",
        "save",
        "black 192.0.2.1",
        {"version": version, "fields": '{"reason":"spam"}', "comment": "a lot"},
    )


def test_every_kind_of_change_writes_a_line(store):
    with store.writing("a") as w:
        w.save("rbl", "a", {}, base=None)
        w.save("rbl", "b", {}, base=None)
        w.move("rbl", "b", before="a")
        w.save_many("black", [("1", {}, None, None, None)])
        w.promote(w.candidate().candidate, "first", {})
        w.set_revision_state(1, "confirmed")
        w.delete("rbl", "a", base=ANY)
        w.discard("rbl", "a")
        w.delete_many("rbl", ["a", "b"])
        w.discard_all()
        w.restore(0)
        w.restore_object("rbl", "a", 1)
        w.set_in_force(0)
        w.put_secret("s1", b"sealed")
        w.audit("export", "all")
    with store.reading() as r:
        verbs = [line.verb for line in r.audit_trail()]
    assert verbs == [
        *("save", "save", "move", "import", "revision", "revision-state", "delete", "discard"),
        *("delete-many", "discard", "restore", "restore", "in-force", "seal", "export"),
    ]


def test_a_sealed_secret_is_not_in_the_audit(store):
    with store.writing("a") as w:
        w.put_secret("s1", b"sealed-bytes")
    with store.reading() as r:
        assert "sealed-bytes" not in repr(list(r.audit_trail()))


def test_a_long_content_is_shortened(store):
    with store.writing("a") as w:
        w.save("black", "1", {"text": "x" * 100_000}, base=None)
    with store.reading() as r:
        (line,) = r.audit_trail()
    assert len(line.detail["fields"]) == 2000


def test_the_trail_goes_on_after_a_line(five_lines):
    with five_lines.reading() as r:
        assert [line.number for line in r.audit_trail(after=2, limit=2)] == [3, 4]


def test_the_newest_lines_come_first(five_lines):
    with five_lines.reading() as r:
        pages = [[line.number for line in r.audit_newest(limit=2)], [line.number for line in r.audit_newest(4, 2)]]
    assert pages == [[5, 4], [3, 2]]


def test_an_empty_audit_is_whole(store):
    assert broken(store) is None


def test_an_audit_as_written_is_whole(five_lines):
    assert broken(five_lines) is None


def test_an_audit_of_many_pages_is_whole(store):
    with store.writing("a") as w:
        for number in range(2100):
            w.audit("look", str(number))
    assert broken(store) is None


@pytest.mark.parametrize("column", ["at", "actor", "origin", "verb", "object", "detail", "hash"])
def test_a_changed_line_is_named(five_lines, damage, column):
    damage(f"UPDATE audit SET {column} = {column} || ' ' WHERE number = 3")
    assert broken(five_lines).number == 3


@pytest.mark.parametrize("number", [1, 3])
def test_a_missing_line_is_named(five_lines, damage, number):
    damage(f"DELETE FROM audit WHERE number = {number}")
    assert (broken(five_lines).number, "missing" in broken(five_lines).why) == (number, True)


def test_missing_lines_at_the_end_are_noticed(five_lines, damage):
    damage("DELETE FROM audit WHERE number > 3")
    assert broken(five_lines).number == 4


def test_a_line_added_by_another_hand_is_noticed(five_lines, damage):
    damage("INSERT INTO audit SELECT 6, at, actor, origin, verb, object, detail, hash FROM audit WHERE number = 5")
    assert broken(five_lines).number == 6


def test_a_last_line_exchanged_together_with_its_hash_is_noticed(five_lines, damage):
    damage("DELETE FROM audit WHERE number = 5", "UPDATE head SET audit = 4")
    assert broken(five_lines).number == 4


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_the_audit(five_lines, url, statement):
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_postgresql_refuses_to_empty_the_audit(server):
    name, address = server.fresh()
    Store.open(address, ordered=ORDERED).close()
    with server.connect(name) as connection, pytest.raises(Exception, match="append-only"):
        connection.execute("TRUNCATE audit")
    server.drop(name)
