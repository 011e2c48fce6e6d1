"""Everything in the database as lines, and back: on either database, and from one to the other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sealgate.model.errors import InvalidValue
from sealgate.store import ANY, Store
from sealgate.store.dumping import dump, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def full(store: Store, applied: Callable[..., int]) -> Store:
    """A store with two revisions, pending changes, a secret, text, a fact and an audit."""
    applied(("relay-domain", "a.example", {"domain": "a.example"}), ("rbl", "z.example", {"zone": "z.example"}))
    applied(("relay-domain", "b.example", {"domain": "b.example"}))
    with store.writing("local:bob", origin="terminal") as writer:
        writer.delete("relay-domain", "a.example", base=ANY)
        writer.save("transport", "ü\U0001f600\n\t", {"text": 'quote " and back \\ and \u2028'}, base=None, comment="ü")
        writer.put_secret("s1", bytes(range(256)))
        writer.put_fact("name", "value")
    return store


def said(store: Store) -> dict[str, Any]:
    """Everything that can be seen of a store."""
    with store.reading() as reader:
        return {
            "draft": reader.draft().digest(),
            "live": reader.live().digest(),
            "first": reader.revision(1).digest(),
            "pending": [change[:4] for change in reader.pending()],
            "history": list(reader.history()),
            "audit": list(reader.audit_trail()),
            "secret": reader.secret("s1"),
            "fact": reader.fact("name"),
        }


def lines_of(store: Store) -> list[bytes]:
    with store.reading() as reader:
        return list(dump(reader))


def test_what_was_dumped_is_loaded_into_an_empty_database(full: Store, tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/other.db", ordered=("rbl",)) as other:
        with other.writing("local:ann") as writer:
            load(writer, lines_of(full))

        assert said(other) == said(full)


def test_loading_replaces_what_is_there(full: Store) -> None:
    before, lines = said(full), lines_of(full)
    with full.writing("local:eve") as writer:
        writer.save("relay-domain", "later.example", {"domain": "later.example"}, base=None)

    with full.writing("local:ann") as writer:
        load(writer, lines)

    assert said(full) == before


def test_the_audit_goes_on_in_the_chain_that_was_loaded(full: Store) -> None:
    lines = lines_of(full)
    with full.writing("local:ann") as writer:
        load(writer, lines)
        writer.audit("restored", "gateway")

    with full.reading() as reader:
        assert (reader.verify_audit(), reader.audit_newest()[0].verb) == (None, "restored")


def test_edits_go_on_after_loading(full: Store) -> None:
    lines = lines_of(full)
    with full.writing("local:ann") as writer:
        load(writer, lines)
        first = writer.save("rbl", "y.example", {"zone": "y.example"}, base=None)
    with full.writing("local:ann") as writer:
        second = writer.save("rbl", "x.example", {"zone": "x.example"}, base=None)
        number = writer.promote(writer.candidate().candidate, "after", {})

    with full.reading() as reader:
        assert [row.key[0] for row in reader.draft().rows("rbl")] == ["z", "y", "x"]
        assert (second > first, number, reader.live().digest()) == (True, 3, reader.draft().digest())


def test_the_audit_is_guarded_again_after_loading(full: Store, url: str) -> None:
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import DBAPIError

    lines = lines_of(full)
    with full.writing("local:ann") as writer:
        load(writer, lines)

    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text("DELETE FROM audit"))
    engine.dispose()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[1:],
        lambda lines: [b"{}\n", *lines[1:]],
        lambda lines: [b'{"format": 2, "shape": "0001"}\n', *lines[1:]],
        lambda lines: [lines[0], b"no json\n"],
        lambda lines: [lines[0], b"[1]\n"],
        lambda lines: [lines[0], b'{"table": "secrets", "columns": []}\n'],
        lambda lines: [*lines[:2], b"[1]\n"],
        lambda lines: [*lines, b"17\n"],
    ],
    ids=["no-head", "empty-head", "newer", "no-json", "row-first", "unknown-table", "short-row", "number"],
)
def test_lines_that_are_none_change_nothing(full: Store, spoil: Any) -> None:
    before, lines = said(full), lines_of(full)

    with pytest.raises(InvalidValue), full.writing("local:ann") as writer:
        load(writer, spoil(lines))

    assert said(full) == before


def test_each_line_is_one_json_value(full: Store) -> None:
    assert all(json.loads(line) is not None and line.count(b"\n") == 1 for line in lines_of(full))
