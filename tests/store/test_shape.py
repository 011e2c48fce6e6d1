from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from tests.store.states import content, keys, recomputed

from sealgate.model.errors import StoreFailed
from sealgate.model.nouns import NOUNS
from sealgate.store import ANY, Store, migrations
from sealgate.store.engine import connect
from sealgate.store.schema import metadata

INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'object' ORDER BY indexname",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """The address of a database without anything in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server = request.getfixturevalue("server")
    yield server.empty("untouched")
    server.drop("untouched")


def engine(address):
    return create_engine(address.replace("postgresql://", "postgresql+psycopg://"))


def indexes(address):
    made = engine(address)
    with made.connect() as connection:
        found = connection.execute(text(INDEXES[connection.dialect.name])).all()
    made.dispose()
    return [(name, sql) for name, sql in found if not name.endswith("_pk") and name != "object_pkey"]


def test_the_steps_lead_to_the_tables_that_the_code_uses(empty):
    Store.open(empty).close()
    made = engine(empty)
    with made.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    made.dispose()


def test_the_steps_lead_to_the_indexes_that_the_code_uses(empty):
    made = engine(empty)
    metadata.create_all(made)
    direct = indexes(empty)
    metadata.drop_all(made)
    made.dispose()
    Store.open(empty).close()
    assert indexes(empty) == direct


def test_every_step_is_known():
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert [step.revision for step in scripts.walk_revisions()][::-1] == list(migrations.KNOWN)


def test_programs_that_start_at_once_make_the_tables_once(empty):
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(lambda _: Store.open(empty), range(4)))
    for store in stores:
        with store.writing("a") as w:
            w.save("black", "1", {}, base=ANY)
        store.close()


def test_a_database_opened_again_has_kept_everything(url):
    with Store.open(url) as store, store.writing("a") as w:
        w.save("black", "1", {"n": 1}, base=None)
    with Store.open(url) as store, store.reading() as r:
        assert content(r.draft()) == {("black", "1"): {"n": 1}}


def newer(address):
    made = engine(address)
    with made.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    made.dispose()


def test_a_database_of_a_newer_program_is_refused(url):
    Store.open(url).close()
    newer(url)
    with pytest.raises(StoreFailed, match="newer Sealgate"):
        Store.open(url)


def test_a_step_that_fails_leaves_the_database_as_it_was(empty):
    made = engine(empty)
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE meta (something TEXT)"))
    with pytest.raises(Exception, match="meta"):
        Store.open(empty)
    with made.connect() as connection:
        assert not connection.dialect.has_table(connection, "object")
    made.dispose()


def test_the_file_is_for_owner_and_group_only(tmp_path):
    import os

    before = os.umask(0o077)
    try:
        Store.open(f"sqlite:///{tmp_path}/store.db").close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "store.db").stat().st_mode) == 0o660


def test_the_log_beside_the_file_has_the_same_rights(tmp_path):
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store, store.reading():
        modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o660}


@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)])
def test_sqlite_is_set_to_keep_what_is_committed(tmp_path, pragma, value):
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store, store.reading() as r:
        assert r._tx.connection.execute(text(f"PRAGMA {pragma}")).scalar() == value


def test_the_order_decides_where_the_model_says_so(tmp_path):
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store, store.writing("a") as w:
        for name in NOUNS:
            w.save(name, "key", {}, base=None)
        placed = {name for name in NOUNS for row in w.draft().rows(name) if row.position}
    assert placed == {name for name, noun in NOUNS.items() if noun.ordered}


def at_the_first_shape(address):
    """Make a database as the first version did, with two transports, one of them in a revision."""
    made = engine(address)
    with made.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    made.dispose()
    with Store(connect(address), ordered=("rbl",)) as old:
        with old.writing("a") as w:
            w.save("transport", "b.example", {"host": "x"}, base=None)
            w.save("rbl", "zone", {}, base=None)
            w.promote(w.candidate().candidate, "", {})
        with old.writing("a") as w:
            w.save("transport", "a.example", {"host": "y"}, base=None)


def test_transports_of_the_first_shape_get_the_order_in_which_they_were_written(empty):
    at_the_first_shape(empty)

    with Store.open(empty) as store, store.reading() as r:
        assert keys(r.draft(), "transport") == ["b.example", "a.example"]


def test_sums_and_digests_are_right_after_the_transports_got_positions(empty):
    at_the_first_shape(empty)

    with Store.open(empty) as store, store.reading() as r:
        assert recomputed(r.draft()) == r.draft().sums()
        assert recomputed(r.revision(1)) == r.revision(1).sums()
        assert r.about(1).digest == r.revision(1).digest()
