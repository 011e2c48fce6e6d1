from __future__ import annotations

import json

import pytest
from sqlalchemy import text
from tests.store.conftest import ORDERED
from tests.store.states import content, recomputed, whole

from sealgate.model.content import chunk_digest
from sealgate.model.errors import InvalidValue
from sealgate.store import ANY, Store
from sealgate.store.dumping import dump, load


@pytest.fixture
def full(store):
    """A store with something in every table."""
    with store.writing("local:ann", origin="192.0.2.7") as w:
        w.save("black", "ключ", {"n": 1}, base=None, comment="ß", tag="t")
        w.save("rbl", "b", {}, base=None, enabled=False)
        w.save("rbl", "a", {"list": [1, None, True]}, base=None)
        w.promote(w.candidate().candidate, "first", {"grade": "full"})
        w.save("black", "ключ", {"n": 2}, base=ANY)
        w.put_secret("s", b"\0\xff")
        w.put_content(chunk_digest(b"x\n"), b"x\n")
        w.put_judgement("d", "probe", {})
        w.put_node("gw", {"revision": 1})
        w.put_fact("gateway", "id")
    return store


@pytest.fixture
def other(tmp_path):
    """Another store, with something in it that must go."""
    with Store.open(f"sqlite:///{tmp_path}/other.db", ordered=ORDERED) as opened:
        with opened.writing("local:bob") as w:
            w.save("white", "old", {}, base=None)
        yield opened


def lines(store):
    with store.reading() as r:
        return list(dump(r))


def loaded(store, source):
    with store.writing("local:carl") as w:
        load(w, source)


def test_what_was_written_out_is_read_back_the_same(full, other):
    loaded(other, lines(full))
    assert lines(other) == lines(full)


def test_what_sqlite_wrote_postgresql_reads_and_the_other_way_round(full, other):
    before = lines(full)
    loaded(other, before)
    loaded(full, lines(other))
    assert lines(full) == before


def test_states_sums_and_audit_are_whole_after_reading_back(full, other):
    loaded(other, lines(full))
    with other.reading() as r, full.reading() as was:
        assert (whole(r.draft()), whole(r.live()), r.verify_audit()) == (whole(was.draft()), whole(was.live()), None)
        assert recomputed(r.draft()) == r.draft().sums()


def test_work_goes_on_after_reading_back(full, other):
    with other.writing("local:carl") as w:
        load(w, lines(full))
        w.audit("restore-backup", "gateway")
        w.save("white", "new", {}, base=None)
    with other.writing("local:carl") as w:
        w.save("white", "newer", {}, base=None)
        w.promote(w.candidate().candidate, "second", {})
    with other.reading() as r:
        assert (r.verify_audit(), r.newest, recomputed(r.live())) == (None, 2, r.live().sums())


def test_edits_in_the_transaction_that_read_back_have_their_own_author(full, other):
    with other.writing("local:carl") as w:
        load(w, lines(full))
        w.save("white", "new", {}, base=None)
    with other.reading() as r:
        assert [change.actor for change in r.pending()] == ["local:ann", "local:carl"]


def test_the_audit_is_locked_again_after_reading_back(full):
    loaded(full, lines(full))
    with pytest.raises(Exception, match="append-only"), full.writing("a") as w:
        w._tx.connection.execute(text("DELETE FROM audit"))


BROKEN = {
    "nothing": lambda _lines: [],
    "no JSON": lambda lines: [b"{", *lines[1:]],
    "no head": lambda lines: lines[1:],
    "a newer format": lambda lines: [json.dumps({"format": 99, "shape": "0001"}).encode(), *lines[1:]],
    "a newer shape": lambda lines: [json.dumps({"format": 1, "shape": "9999"}).encode(), *lines[1:]],
    "rows before a table": lambda lines: [lines[0], b"[1]", *lines[1:]],
    "an unknown table": lambda lines: [*lines, b'{"table": "nowhere", "columns": []}'],
    "other columns": lambda lines: [*lines, b'{"table": "secret", "columns": ["id"]}'],
    "a row too short": lambda lines: [*lines, b"[1]"],
    "a row twice": lambda lines: [*lines, lines[-1]],
    "bytes that are none": lambda lines: [
        *lines, b'{"table": "content", "columns": ["digest", "data"]}', b'["d", "\xc3\xa4"]',
    ],
    "a value that is none": lambda lines: [
        *lines, b'{"table": "meta", "columns": ["name", "value"]}', b'["d", {"a": 1}]',
    ],
    "a value that is missing": lambda lines: [
        *lines, b'{"table": "meta", "columns": ["name", "value"]}', b'["d", null]',
    ],
    "a line that is no row": lambda lines: [*lines, b"7"],
}  # fmt: skip


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_no_backup_is_refused_and_changes_nothing(full, how):
    before = lines(full)
    source = BROKEN[how](before)
    with pytest.raises(InvalidValue):
        loaded(full, source)
    assert (lines(full), len(content_of(full))) == (before, 3)


def content_of(store):
    with store.reading() as r:
        return content(r.draft())


def test_many_rows_are_written_out_and_read_back(store, other):
    with store.writing("a") as w:
        w.save_many("black", ((f"{n:05}", {"n": n}, None, None, None) for n in range(2500)))
    loaded(other, lines(store))
    with other.reading() as r:
        assert (r.draft().count("black"), recomputed(r.draft())) == (2500, r.draft().sums())
