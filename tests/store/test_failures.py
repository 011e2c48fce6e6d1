from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from sqlalchemy.exc import IntegrityError, ProgrammingError
from tests.store.children import Child

from sealgate.model.errors import InvalidValue, StoreFailed
from sealgate.store import ANY, Store, failures

NOBODY = 65534


def told(function):
    """Return what a person is told when `function` fails."""
    with pytest.raises(StoreFailed) as raised:
        function()
    return str(raised.value)


def save_one(store, key="1"):
    with store.writing("a") as w:
        w.save("black", key, {"text": "x" * 100}, base=ANY)


def test_a_writer_that_waits_too_long_is_told_so(store, url):
    with Store.open(url, wait=0.2) as impatient, store.writing("a"):
        assert told(lambda: save_one(impatient)) == failures.LOCKED


def test_a_writer_that_was_told_to_wait_can_write_later(store, url):
    with Store.open(url, wait=0.2) as impatient:
        with store.writing("a"):
            told(lambda: save_one(impatient))
        save_one(impatient)
    with store.reading() as r:
        assert r.draft().count("black") == 1


FILL = """
import sys
from sealgate.model.errors import StoreFailed
from sealgate.store import Store
store = Store.open(f"sqlite:///{sys.argv[1]}/store.db")
with store.writing("a") as w:
    w.save("black", "before", {}, base=None)
try:
    with store.writing("a") as w:
        w.save_many("black", ((str(n), {"text": "x" * 1000}, None, None, None) for n in range(20_000)))
except StoreFailed as error:
    print(error)
with store.reading() as r:
    print([row.key for row in r.draft().rows("black")], r.draft().count("black"), r.verify_audit())
store.close()
"""


def test_a_full_disk_is_told_and_leaves_what_was_there(tmp_path):
    rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    script = 'mount -t tmpfs -o size=4m none "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "--mount", *rights, "sh", "-c", script, "sh", str(tmp_path), sys.executable, FILL],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.stdout.splitlines() == [failures.FULL, "['before'] 1 None"]


def as_nobody(function):
    """Run a function as a user without rights, unless this is one already."""

    def run():
        if os.geteuid() == 0:
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setgroups([])
            os.setresuid(NOBODY, NOBODY, NOBODY)
        try:
            function()
        except StoreFailed as error:
            return str(error)

    return Child(run).result()


@pytest.fixture
def open_path(tmp_path_factory):
    """A directory that any user can reach."""
    import tempfile
    from pathlib import Path

    directory = Path(tempfile.mkdtemp(prefix="sg-store-"))
    directory.chmod(0o755)
    yield directory
    directory.chmod(0o755)
    shutil.rmtree(directory)


def test_a_user_who_may_not_write_the_database_is_told_so(open_path):
    address = f"sqlite:///{open_path}/store.db"
    with Store.open(address) as store:
        save_one(store)
        (open_path / "store.db").chmod(0o444)
        (open_path / "store.db-wal").chmod(0o444)
        (open_path / "store.db-shm").chmod(0o444)

        def write():
            with Store.open(address) as other:
                save_one(other, "2")

        assert as_nobody(write) == failures.RIGHTS


def test_a_user_who_may_not_read_the_database_is_told_so(open_path):
    address = f"sqlite:///{open_path}/store.db"
    Store.open(address).close()
    (open_path / "store.db").chmod(0)
    assert as_nobody(lambda: Store.open(address)) == failures.MISSING


def test_a_user_who_may_not_make_the_database_is_told_so(open_path):
    open_path.chmod(0o555)
    assert as_nobody(lambda: Store.open(f"sqlite:///{open_path}/store.db")) == failures.RIGHTS


def test_a_directory_that_is_not_there_is_told(tmp_path):
    assert told(lambda: Store.open(f"sqlite:///{tmp_path}/nowhere/store.db")) == failures.MISSING


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "store.db").write_bytes(b"hello, this is a text and no database at all\n" * 100)
    assert told(lambda: Store.open(f"sqlite:///{tmp_path}/store.db")) == failures.BROKEN


def test_a_file_that_is_no_database_stays_as_it_is(tmp_path):
    (tmp_path / "store.db").write_bytes(b"hello" * 100)
    told(lambda: Store.open(f"sqlite:///{tmp_path}/store.db"))
    assert (tmp_path / "store.db").read_bytes() == b"hello" * 100


def test_a_server_that_is_not_there_is_told(tmp_path):
    assert "cannot be used" in told(lambda: Store.open(f"postgresql://u@/db?host={tmp_path}"))


def test_a_database_that_is_not_on_the_server_is_told_by_name(server):
    assert 'database "nowhere" does not exist' in told(lambda: Store.open(server.url("nowhere")))


def test_a_user_without_rights_on_the_server_is_told_so(server):
    name, address = server.fresh()
    with server.connect(name) as connection:
        connection.execute("CREATE ROLE visitor LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO visitor")
    with Store.open(address.replace("postgres@", "visitor@")) as store:
        assert told(lambda: save_one(store)) == failures.RIGHTS
    with server.connect(name) as connection:
        connection.execute("DROP OWNED BY visitor")
        connection.execute("DROP ROLE visitor")
    server.drop(name)


def test_a_server_that_goes_away_is_told(server):
    name, address = server.fresh()
    with Store.open(address) as store:
        save_one(store)

        def lose():
            with store.writing("a") as w:
                w.save("black", "2", {}, base=ANY)
                server.drop(name)
                w.save("black", "3", {}, base=ANY)

        assert "cannot be used" in told(lose)


def test_a_server_that_goes_away_during_an_import_is_told(server):
    name, address = server.fresh()

    def rows():
        for number in range(5000):
            if number == 3000:
                server.drop(name)
            yield str(number), {}, None, None, None

    def lose():
        with store.writing("a") as w:
            w.save_many("black", rows())

    with Store.open(address) as store:
        assert "cannot be used" in told(lose)


def test_a_server_that_came_back_is_used_again(server):
    name, address = server.fresh()
    with Store.open(address) as store:
        save_one(store)
        with server.connect() as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        save_one(store, "2")
        with store.reading() as r:
            assert r.draft().count("black") == 2
    server.drop(name)


@pytest.mark.parametrize("address", ["nonsense", "mysql://u@h/db", "sqlite://", "sqlite:///:memory:", "://"])
def test_an_address_of_no_possible_database_is_refused(address):
    with pytest.raises(InvalidValue):
        Store.open(address)


@pytest.mark.parametrize("kind", [IntegrityError, ProgrammingError])
def test_a_mistake_of_ours_is_not_hidden(kind):
    with pytest.raises(kind), failures.told_plainly():
        raise kind("SELECT", {}, Exception("ours"))


def test_no_content_is_in_the_error_of_the_database(store):
    with pytest.raises(Exception, match=r"UNIQUE|duplicate") as raised, store.writing("a") as w:
        w._tx.connection.execute(*_twice("hunter2"))
    assert "hunter2" not in str(raised.value)


def _twice(value):
    from sqlalchemy import insert

    from sealgate.store import schema

    return insert(schema.meta), [{"name": "n", "value": value}, {"name": "n", "value": value}]
