"""Small parts of the agent: the machine's name, the reserve, the health of addresses, the threads that wait."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from sealgate.model.errors import Refused
from sealgate.node.facts import machine_name
from sealgate.node.health import is_own_address
from sealgate.node.keeping import Deadlines
from sealgate.node.lookups import table_named
from sealgate.node.releases import FileRecord, Release, TableRecord
from sealgate.node.reserve import SIZE, Reserve
from sealgate.postfix.files import Files


class TestMachineName:
    """The name without asking any name server."""

    def test_a_name_with_a_domain_is_taken_as_it_is(self, tmp_path):
        own = socket.gethostname()
        hosts = tmp_path / "hosts"
        hosts.write_text(f"127.0.1.1 {own}.example.net {own}\n")
        expected = own if "." in own else f"{own}.example.net"

        assert str(machine_name(hosts)) == expected.lower()

    @pytest.mark.parametrize("text", ["", "127.0.0.1 localhost\n", "garbage\n\n#\n", "::1 other.example.com other\n"])
    def test_without_a_domain_anywhere_there_still_is_a_valid_name(self, tmp_path, text):
        hosts = tmp_path / "hosts"
        hosts.write_text(text)

        assert "." in str(machine_name(hosts))

    def test_a_missing_file_is_no_fault(self, tmp_path):
        assert "." in str(machine_name(tmp_path / "none"))


class TestReserve:
    """Space kept back for an undo."""

    def test_it_takes_real_space(self, tmp_path):
        Reserve(tmp_path / "reserve", Files()).fill()
        state = (tmp_path / "reserve").stat()

        assert state.st_size == SIZE
        assert state.st_blocks * 512 >= SIZE

    def test_releasing_it_gives_the_space_back(self, tmp_path):
        reserve = Reserve(tmp_path / "reserve", Files())
        reserve.fill()
        reserve.release()

        assert not (tmp_path / "reserve").exists()

    def test_an_apply_may_begin_where_there_is_room(self, tmp_path):
        Reserve(tmp_path / "reserve", Files()).require()

    def test_an_apply_does_not_begin_where_the_reserve_cannot_be_made(self, tmp_path):
        def refuse(_step, path):
            raise OSError(28, "No space left on device", str(path))

        with pytest.raises(Refused, match="Make room, then apply again"):
            Reserve(tmp_path / "reserve", Files(refuse)).require()


@pytest.mark.parametrize(
    ("host", "own"), [("127.0.0.1", True), ("127.9.9.9", True), ("198.51.100.7", False), ("2001:db8::7", False)]
)
def test_own_addresses_are_told_from_foreign_ones(host, own):
    assert is_own_address(host) is own


class TestDeadlines:
    """A thread that waits for the next deadline."""

    def test_what_is_due_is_done(self):
        due = [time.time() - 1]
        done = threading.Event()

        def expire():
            due.clear()
            done.set()

        deadlines = Deadlines(lambda: due[0] if due else None, expire)
        deadlines.start()

        assert done.wait(20)
        deadlines.stop()

    def test_a_deadline_set_later_is_noticed(self):
        due: list[float] = []
        done = threading.Event()

        def expire():
            due.clear()
            done.set()

        deadlines = Deadlines(lambda: due[0] if due else None, expire)
        deadlines.start()
        due.append(time.time() + 0.05)
        deadlines.look()

        assert done.wait(20)
        deadlines.stop()

    def test_nothing_is_done_before_its_time(self):
        asked, expired = threading.Event(), threading.Event()

        def in_an_hour():
            asked.set()
            return time.time() + 3600

        deadlines = Deadlines(in_an_hour, expired.set)
        deadlines.start()
        assert asked.wait(20)
        deadlines.stop()

        assert not expired.is_set()


def record_of(path, table="", *, text=True, mode=0o644):
    return FileRecord(path, mode, 1, "d", 0, 0, text, table)


class TestTableNames:
    """How people call tables."""

    release = Release(
        id="r",
        digest="d",
        version="1",
        tree="t",
        tables={},
        facts={},
        files=(
            record_of("main.cf"),
            record_of("maps/transport.lmdb", "lmdb", text=False),
            record_of("maps/header_checks.pcre", "pcre"),
            record_of("maps.d/hash-colours.map", "hash"),
            record_of("maps.d/hash-colours.map.db", "hash", text=False),
            record_of("maps.d/cidr-nets.map", "cidr"),
        ),
        built=(
            TableRecord("maps/transport", "lmdb", "i", "maps/transport.lmdb", "transport", "1", "r"),
            TableRecord("maps.d/hash-colours.map", "hash", "i", "maps.d/hash-colours.map.db"),
        ),
    )

    @pytest.mark.parametrize(
        ("name", "path"),
        [
            ("transport", "maps/transport.lmdb"),
            ("header_checks", "maps/header_checks.pcre"),
            ("header-checks", "maps/header_checks.pcre"),
            ("colours", "maps.d/hash-colours.map.db"),
            ("hash-colours", "maps.d/hash-colours.map.db"),
            ("nets", "maps.d/cidr-nets.map"),
            ("cidr-nets.map", "maps.d/cidr-nets.map"),
        ],
    )
    def test_a_table_is_found_by_each_of_its_names(self, name, path):
        assert table_named(self.release, name).path == path
